"""What was found in the document that a case's assessment rests upon, for staff, judged as of now."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules import api_versions
from request_tracker.rules.assessment import Judged, judge
from request_tracker.rules.people import Viewer
from request_tracker.rules.strangers import plain
from request_tracker.rules.vendor_api import Analysis, SignIn, SignInKind
from request_tracker.store import api_documents, chosen_tables, requests
from request_tracker.store.api_documents import ApiDocument
from request_tracker.store.cases import Case

SIGN_INS = {
    SignInKind.API_KEY: "API key", SignInKind.BEARER: "Bearer token", SignInKind.BASIC: "User and password",
    SignInKind.SESSION: "Session token", SignInKind.OAUTH2: "OAuth 2.0", SignInKind.NONE: "None needed",
    SignInKind.UNDECLARED: "Not declared", SignInKind.CERTIFICATE: "Client certificate",
    SignInKind.OTHER: "Another way",
}  # fmt: skip
MOST_WARNINGS = 50


@dataclass(frozen=True)
class SignInRow:
    way: str
    about: str


@dataclass(frozen=True)
class Found:
    """What is in the document the assessment rests upon. `changes`: sentences, since the version before (`since`);
    `excerpts`: what stands at the places that are named as evidence."""

    judged: Judged
    tables: int
    chosen: int
    sign_in: tuple[SignInRow, ...]
    webhooks: str
    warnings: tuple[tuple[str, str], ...]
    more_warnings: int
    links: tuple[str, ...]
    post_reads: tuple[str, ...]
    since: int
    changes: tuple[str, ...]
    excerpts: Mapping[str, str]


def found(session: Session, case: Case, viewer: Viewer) -> Found | None:
    """What was read in the document the assessment rests upon, judged as of now; None while nothing was read."""
    row = api_documents.newest_read(session, case.id) if viewer.is_staff else None
    analysis = api_documents.analysis_of(row) if row is not None else None
    if row is None or analysis is None:
        return None
    wanted = chosen_tables.wanted(session, case.id, analysis.tables)
    since, changes = _changes(session, row, analysis)
    told = analysis.warnings[:MOST_WARNINGS]
    return Found(
        judged=judged_of(session, case, analysis),
        tables=len(analysis.tables),
        chosen=len(wanted or ()),
        sign_in=_sign_in(analysis),
        webhooks=_webhooks(analysis),
        warnings=tuple((plain(each.sentence, 500), plain(each.pointer, 300)) for each in told),
        more_warnings=max(0, len(analysis.warnings) - MOST_WARNINGS),
        links=tuple(plain(each, 300) for each in analysis.links[:20]),
        post_reads=tuple(plain(each, 200) for each in analysis.post_reads[:20]),
        since=since,
        changes=changes,
        excerpts=analysis.excerpts,
    )


def judged_of(session: Session, case: Case, analysis: Analysis) -> Judged:
    """The verdict on an analysis, by the tables chosen and the words of the requests that stand."""
    live = requests.of_tree(session, case.root_id or case.id, live_only=True)
    return judge(
        analysis,
        wanted=chosen_tables.wanted(session, case.id, analysis.tables),
        data_needed="\n".join(dict.fromkeys(each.data_needed for each in live)),
        use_case="\n".join(dict.fromkeys(each.use_case for each in live)),
    )


def _changes(session: Session, row: ApiDocument, analysis: Analysis) -> tuple[int, tuple[str, ...]]:
    former = session.get(ApiDocument, row.former_id) if row.former_id else None
    before = api_documents.analysis_of(former) if former is not None else None
    if former is None or before is None:
        return 0, ()
    earlier = select(ApiDocument.id).where(
        ApiDocument.case_id == row.case_id, ApiDocument.state == "read", ApiDocument.id <= former.id
    )
    return len(session.scalars(earlier).all()), _sentences(before, analysis)


def _sentences(before: Analysis, after: Analysis) -> tuple[str, ...]:
    return tuple(plain(each, 500) for each in api_versions.compare(before, after).sentences[:MOST_WARNINGS])


def _sign_in(analysis: Analysis) -> tuple[SignInRow, ...]:
    return tuple(SignInRow(SIGN_INS[each.kind], _about(each)) for each in analysis.sign_in[:10])


def _about(each: SignIn) -> str:
    """`in the header X-Api-Key`, `authorization_code, token from https://…`: what the document says of it."""
    where = f"in the {each.place} {plain(each.name, 80)}" if each.place and each.name else ""
    flows = ", ".join(plain(flow, 40) for flow in each.flows[:5])
    token = f"token from {plain(each.token_url, 200)}" if each.token_url else ""
    login = f"log in at {plain(each.login_path, 200)}" if each.login_path else ""
    return "; ".join(part for part in (where, flows, token, login) if part)


def _webhooks(analysis: Analysis) -> str:
    figures = analysis.figures
    counts = (
        (figures.webhooks_documented, "webhook documented", "webhooks documented"),
        (figures.callbacks, "callback", "callbacks"),
        (figures.webhook_paths, "operation to manage webhooks", "operations to manage webhooks"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)

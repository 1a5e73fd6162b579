"""A case's starter project: made from its newest document for the tables that are needed. Nothing of it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.apidocs.scaffold import Project, Unsuitable, scaffold
from request_tracker.apidocs.starter.scaffold_signing import WORDS, Signing, signing
from request_tracker.rules.people import Act
from request_tracker.rules.starter import schema_name
from request_tracker.rules.strangers import plain
from request_tracker.rules.table_tree import ancestors
from request_tracker.rules.vendor_api import SignInKind
from request_tracker.store import connections, policies, reading_proposal, requests
from request_tracker.store.cases import Case
from request_tracker.store.people import Account
from request_tracker.store.reading_proposal import Proposal

CONFIGURATION = "configuration.json"


@dataclass(frozen=True)
class Starter:
    """`schema`: what the connection is called, or will be (`is_made`: whether there is one). `project` is None where
    none can be made, and `reason` says why. `left_out`: proposed tables that it neither keeps nor reads. `sign_in`: how
    the project does it, and what else the document knows. `optional`: settings that some sources want left empty."""

    number: str
    schema: str
    is_made: bool
    proposal: Proposal
    project: Project | None
    reason: str
    kept: tuple[str, ...]
    walked: tuple[str, ...]
    left_out: tuple[str, ...]
    sign_in: str = ""
    optional: frozenset[str] = frozenset()

    @property
    def filename(self) -> str:
        """From our own case number, never from the document."""
        return f"starter-{self.number}.zip"

    @property
    def configuration(self) -> Mapping[str, str]:
        """What has to be filled in, with its placeholder."""
        text = self.project.files.get(CONFIGURATION, "{}") if self.project else "{}"
        return {str(name): str(value) for name, value in json.loads(text).items()}


def starter_of(session: Session, case: Case, act: Act) -> Starter | None:
    """The project as it is now; None while no document of the case was read. Pure computing, nothing is written."""
    proposal = reading_proposal.proposal(session, case)
    if proposal is None:
        return None
    row = connections.live(session, case.id)
    schema = row.schema_name if row else _name_to_be(session, case, act)
    kept = proposal.chosen or _by_default(proposal)
    project, reason = _made(case, proposal, schema, kept)
    walked = ancestors(proposal.tables, kept) - kept
    way = signing(proposal.analysis.sign_in)
    return Starter(
        number=case.number,
        schema=schema,
        is_made=row is not None,
        proposal=proposal,
        project=project,
        reason=reason,
        kept=tuple(sorted(kept)),
        walked=tuple(sorted(walked)),
        left_out=tuple(sorted(proposal.tables.keys() - kept - walked)),
        sign_in=_sign_in(way) if way else "",
        optional=way.optional if way else frozenset(),
    )


def _by_default(proposal: Proposal) -> frozenset[str]:
    """Where nobody chose: every table but those that will go, or that each customer defines."""
    tables = proposal.tables.values()
    return frozenset(each.name for each in tables if not each.is_deprecated and not each.is_custom) or frozenset(
        proposal.tables
    )


def _made(case: Case, proposal: Proposal, schema: str, kept: frozenset[str]) -> tuple[Project | None, str]:
    try:
        made = scaffold(
            proposal.analysis,
            schema=schema,
            wanted=kept or None,
            service=case.service_name,
            docs_url=case.api_docs_url or "",
        )
    except Unsuitable as fault:
        return None, str(fault)
    return made, ""


def _sign_in(way: Signing) -> str:
    """`an API key (header X-Api-Key). The document also knows: OAuth 2.0`."""
    is_key = way.kind is SignInKind.API_KEY
    place = f" ({way.way['place']} {plain(way.way['name'], 60)})" if is_key else ""
    others = ", ".join(WORDS[each].partition(":")[0] for each in way.others)
    return way.words + place + (f". The document also knows: {others}" if others else "")


def _name_to_be(session: Session, case: Case, act: Act) -> str:
    """What provisioning will call it, unless the name is taken by then."""
    layout = policies.group_policy(session, act.program).layout
    primary = requests.primary_of(session, case)
    account = session.get(Account, primary.account_id if primary else case.account_id)
    return schema_name(case.service_name, case.id, layout=layout, account_name=account.name if account else "")

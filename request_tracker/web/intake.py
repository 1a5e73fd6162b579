"""The request form, with suggestions while typing and a draft kept on the server."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.access import wiring
from request_tracker.actions import submit as sending
from request_tracker.actions.submit import Upload
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import fit_hints, submission
from request_tracker.rules.board import STAGES, accounts_words
from request_tracker.rules.matching import Entry
from request_tracker.rules.people import Viewer
from request_tracker.rules.submission import DOCUMENTS, FieldError, Incomplete, Submission
from request_tracker.rules.terms import Role
from request_tracker.store import candidates, cases, drafts, people, requests
from request_tracker.store.cases import NoSuchCase
from request_tracker.web import intake_form
from request_tracker.web.intake_begin import Beginning, beginning, joinable
from request_tracker.web.intake_form import IntakeForm, draft_of, has_words, kept_upload, read_upload
from request_tracker.web.intake_matches import MatchItem, Offered, items, unseen
from request_tracker.web.roles import role_choices
from request_tracker.web.texts import say

intake = Blueprint("intake", __name__)
ADDRESSES = ("service_name", "service_url", "api_docs_url")


@intake.get("/requests/new")
def new() -> ResponseReturnValue:
    """The form, with the draft of an earlier visit or what a link brought (service_name, service_url, api_docs_url,
    or join: a case of the board)."""
    with wiring.reading() as session:
        draft = drafts.of(session, wiring.viewer().id or 0)
        begun = beginning(session, wiring.viewer(), http.args, draft)
        found = [] if begun.card else items(_suggestions(session, _entry(dict(begun.fields))))
    if begun.card and begun.card.mine:
        flash(say("asked_already", number=begun.card.mine), "info")
        return redirect(url_for("requests.show", number=begun.card.mine), 303)
    form = IntakeForm(formdata=None, data=begun.fields)
    kept = None if begun.aside is not None else kept_upload(draft)
    return _page(form, found, kept=kept, begun=begun, resumed=begun.aside is None and has_words(draft))


@intake.post("/requests/new")
def send() -> ResponseReturnValue:
    """Store the request, once for each form key; or show the form again with what is wrong or what is similar."""
    form = IntakeForm()
    key = form.key
    upload, errors = _document(form)
    try:
        sent = _read(form, upload, errors)
        number = _twice(lambda: _store(form, sent, upload, key))
    except Incomplete as fault:
        return _again(form, fault.errors, upload)
    except Unfit as fault:
        return _again(form, (FieldError(fault.field, fault.message),), upload)
    except NoSuchCase:
        return _again(form, (FieldError("join", "That request cannot be joined any more: send your own"),), upload)
    except Offered as offer:
        return _again(form, (), upload, offered=offer.items)
    return redirect(url_for("requests.show", number=number, sent=1), 303)


@intake.get("/requests/suggestions")
def suggest() -> ResponseReturnValue:
    """The fragment under the addresses: who asked already, what exists already."""
    entry = Entry(*(http.args.get(name, "")[: submission.ADDRESS] for name in ADDRESSES))
    with wiring.reading() as session:
        found = items(_suggestions(session, entry))
    return render_template("intake/_matches.html", matches=found)


@intake.post("/requests/fit")
def fit() -> ResponseReturnValue:
    """The fragment under a field: what the rubric would say of it. Advice; nothing is stored."""
    typed = {name: http.form.get(name, "")[: submission.LONG] for name in fit_hints.HINTS}
    return render_template("intake/_fit.html", hints=fit_hints.hints(typed))


@intake.post("/requests/draft")
def keep_draft() -> ResponseReturnValue:
    """Keep what is typed so far. By script: 204. By the button: back to the list."""
    form = IntakeForm()
    upload, errors = _document(form)
    _keep(form, upload)
    if "later" not in http.form:
        return "", 204
    for error in errors:
        flash(say("file_not_kept", message=error.message), "problem")
    flash(say("draft_kept"), "ok")
    return redirect(url_for("requests.index" if not wiring.viewer().is_staff else "queue.index"), 303)


def _page(
    form: IntakeForm,
    found: list[MatchItem],
    *,
    kept: Upload | None = None,
    begun: Beginning | None = None,
    resumed: bool = False,
    offered: bool = False,
) -> str:
    with wiring.reading() as session:
        offered_roles = role_choices(session, form.fivetran_role.data or "")
        card = begun.card if begun else joinable(session, wiring.viewer(), form.short.data or "")
    return render_template(
        "intake/new.html",
        form=form,
        roles=offered_roles,
        matches=found,
        hints={hint.field: [hint] for hint in fit_hints.hints(form.typed)},
        kept=kept.filename if kept else "",
        resumed=resumed,
        card=card,
        card_words=accounts_words(card.accounts) if card else "",
        stages=STAGES,
        aside=begun.aside if begun else None,
        no_join=bool(http.args.get("join")) and card is None,
        most=wiring.settings().max_body,
        offered=offered,
        key=form.key,
        choices=intake_form.CHOICES,
        accepted=",".join(DOCUMENTS),
        for_others=wiring.viewer().role is Role.SPECIALIST,
    )


def _again(
    form: IntakeForm, errors: tuple[FieldError, ...], upload: Upload | None, *, offered: list[MatchItem] | None = None
) -> ResponseReturnValue:
    """The form with all that was typed; the draft is kept as well, so that leaving now loses nothing."""
    form.wrong(errors)
    _keep(form, upload)
    if offered is not None:
        return _page(form, offered, kept=upload, offered=True), 422
    with wiring.reading() as session:
        found = items(_suggestions(session, _entry(form.typed)))
    return _page(form, found, kept=upload), 422


def _read(form: IntakeForm, upload: Upload | None, errors: tuple[FieldError, ...]) -> Submission:
    """The submission, or every error at once: the form's own and those of the rules."""
    found = (*errors, *_on_behalf(form))
    try:
        sent = submission.read(form.typed, has_document=upload is not None)
    except Incomplete as fault:
        raise Incomplete((*found, *(each for each in fault.errors if not _doubled(each, errors)))) from fault
    if found:
        raise Incomplete(found)
    return sent


def _doubled(error: FieldError, errors: tuple[FieldError, ...]) -> bool:
    """A file that could not be taken is told once, not also as a missing address."""
    return error.field == "api_docs_url" and error.message.endswith("upload a document") and bool(errors)


def _on_behalf(form: IntakeForm) -> tuple[FieldError, ...]:
    if wiring.viewer().role is not Role.SPECIALIST:
        return ()
    missing = (
        (not (form.on_behalf_of.data or "").strip(), "on_behalf_of", "Enter the e-mail of the requester you ask for"),
        (not (form.consent.data or "").strip(), "consent", "Say how they agreed: only with their consent may you ask"),
    )
    return tuple(FieldError(field, message) for lacks, field, message in missing if lacks)


def _document(form: IntakeForm) -> tuple[Upload | None, tuple[FieldError, ...]]:
    """The file just chosen, or the one kept with the draft."""
    try:
        chosen = read_upload(http.files.get("document"))
    except Unfit as fault:
        return None, (FieldError(fault.field, fault.message),)
    if chosen or not http.form.get("kept"):
        return chosen, ()
    with wiring.reading() as session:
        return kept_upload(drafts.of(session, wiring.viewer().id or 0)), ()


def _store(form: IntakeForm, sent: Submission, upload: Upload | None, key: str) -> str:
    """The number of the request that stands for this form key. Raises Offered, Unfit, NoSuchCase, NotAllowed."""
    own_key = _own(key)
    join = http.form.get("join") or None
    with wiring.transaction() as session:
        if requests.by_form_key(session, own_key) is None and join is None:
            similar = unseen(_suggestions(session, _entry(form.typed)), form.seen_matches.data or "")
            # Asked again: the same form may have been stored meanwhile, and would then meet itself.
            if similar and "anyway" not in http.form and requests.by_form_key(session, own_key) is None:
                raise Offered(similar)
        if join is not None and requests.by_form_key(session, own_key) is None:
            _not_twice(session, join)
        request = sending.submit(
            session,
            sent,
            wiring.act(),
            on_behalf_of=_requester(session, form),
            form_key=own_key,
            join=join,
            upload=upload,
            knowledge=wiring.knowledge(session),
            consent=form.consent.data or "",
        )
        return request.number


def _not_twice(session: Session, join: str) -> None:
    """Joining what one asked for oneself adds nobody."""
    root = cases.root_of(session, cases.by_number(session, join))
    own = [each for each in requests.of_tree(session, root.id, live_only=True) if each.person_id == wiring.viewer().id]
    if own:
        raise Unfit("join", f"You ask for this already with {own[0].number}: write what is new in a comment there")


def _requester(session: Session, form: IntakeForm) -> Viewer | None:
    if wiring.viewer().role is not Role.SPECIALIST:
        return None
    person = people.by_email(session, form.on_behalf_of.data or "")
    if person is None:
        raise Unfit("on_behalf_of", "Nobody here has this address: ask an admin to add them")
    return people.viewer_of(person)


def _twice(store: Callable[[], str]) -> str:
    """Two posts at the same moment: the one that came second finds the request of the first."""
    try:
        return store()
    except (IntegrityError, StaleDataError):
        return store()


def _keep(form: IntakeForm, upload: Upload | None) -> None:
    """Keep the draft, unless its form was sent already (a late call of the script must not bring it back)."""
    viewer = wiring.viewer()
    with wiring.transaction() as session:
        if viewer.id is None or requests.by_form_key(session, _own(form.key)) is not None:
            return
        drafts.keep(session, viewer.id, viewer.account_id, draft_of(form, upload), wiring.now())


def _own(key: str) -> str:
    """Form keys of one person never meet those of another."""
    return f"{wiring.viewer().id}:{key}"


def _entry(typed: dict[str, Any]) -> Entry:
    return Entry(*((typed.get(name) or "")[: submission.ADDRESS] for name in ADDRESSES))


def _suggestions(session: Session, entry: Entry) -> list[candidates.Suggestion]:
    if not any((entry.name.strip(), entry.url.strip(), entry.docs_url.strip())):
        return []
    return candidates.suggest(session, entry, wiring.knowledge(session))

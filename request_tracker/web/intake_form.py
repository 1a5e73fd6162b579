"""The request form: its fields, what was typed into it, and the document that comes with it."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField, StringField, TextAreaField

from request_tracker.actions.submit import Upload
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.submission import DOCUMENTS, FieldError, file_name, is_document
from request_tracker.rules.terms import AuthKind
from request_tracker.store.drafts import DOCUMENT, JOIN
from request_tracker.web.forms import one_time_key

DRAFT_LENGTH = 50_000

CHOICES = {
    "auth_kind": [(each.value, each.words) for each in AuthKind],
    "sandbox": [("yes", "Yes"), ("no", "No"), ("unknown", "Not known")],
}


class Needed:
    """Marks a field as required. The checking is done once, for forms and programs alike, in rules/submission.py."""

    field_flags: Mapping[str, Any] = {"required": True}

    def __call__(self, form: Any, field: Any) -> None:
        """Nothing to check here."""


NEEDED = Needed()


class IntakeForm(FlaskForm):  # type: ignore[misc]
    on_behalf_of = StringField("E-mail of the requester you ask for", [NEEDED])
    consent = StringField("How did they agree that you send this for them?", [NEEDED])
    service_name = StringField("Service name", [NEEDED])
    service_url = StringField("Business URL", [NEEDED])
    api_docs_url = StringField("API documentation URL", [NEEDED])
    document = FileField("Upload a description of the API")
    use_case = TextAreaField("Use case", [NEEDED])
    data_needed = TextAreaField("Data needed", [NEEDED])
    auth_kind = RadioField("How does the API sign in?", default="unknown")
    sandbox = RadioField("Is there a sandbox or test environment?", default="unknown")
    endpoint_count = StringField("Rough number of endpoints")
    custom_fields = TextAreaField("Custom fields you use")
    group_id = StringField("Fivetran group (destination) to use")
    fivetran_role = SelectField("Your role in Fivetran")
    also_tell = StringField("Who else should be told?")
    would_preview = BooleanField("I would join the private preview")
    terms_accepted = BooleanField("I accept the terms of the By Request program", [NEEDED])
    form_key = HiddenField()
    seen_matches = HiddenField()
    short = HiddenField()
    """The case that the short form joins."""

    @property
    def typed(self) -> dict[str, Any]:
        """What was typed, by field, as rules.submission.read takes it."""
        return {name: self[name].data for name in TYPED}

    @property
    def key(self) -> str:
        return one_time_key(self.form_key.data or "")

    def wrong(self, errors: tuple[FieldError, ...]) -> None:
        """Put each error next to its field; those of no field here belong to the whole form."""
        for error in errors:
            if error.field in self:
                self[error.field].errors = [error.message]
            else:
                self.form_errors.append(error.message)


TYPED = (
    "service_name", "service_url", "api_docs_url", "use_case", "data_needed", "auth_kind", "sandbox",
    "endpoint_count", "custom_fields", "group_id", "fivetran_role", "also_tell", "would_preview", "terms_accepted",
)  # fmt: skip
KEPT = (*TYPED[:-1], "on_behalf_of")
"""What a draft keeps: all but the consents, which are given anew with each sending."""

OWN_WORDS = ("use_case", "data_needed")
"""What somebody types who joins; the rest is taken over."""


def draft_of(form: IntakeForm, document: Upload | None) -> dict[str, Any]:
    """What a draft keeps of the form, as JSON values; over-long text is cut."""
    kept = {name: _short(form[name].data) for name in KEPT}
    if form.short.data:
        kept[JOIN] = form.short.data[:20]
    return kept | ({DOCUMENT: _packed(document)} if document else {})


def has_words(draft: Mapping[str, Any]) -> bool:
    """Whether the draft holds anything a person typed."""
    if draft.get(JOIN):
        return any(draft.get(name) for name in OWN_WORDS)
    return any(draft.get(name) for name in KEPT if name not in ("auth_kind", "sandbox")) or DOCUMENT in draft


def read_upload(file: FileStorage | None) -> Upload | None:
    """The file of the form, checked; None where none was chosen. Raises Unfit."""
    if file is None or not file.filename:
        return None
    name = file_name(file.filename) or "document"
    if not is_document(name):
        raise Unfit("document", f"Choose a file of one of these kinds: {', '.join(DOCUMENTS)}")
    body = file.read()
    if not body:
        raise Unfit("document", "The file is empty: choose the API document again")
    return Upload(name, file.mimetype or "application/octet-stream", hashlib.sha256(body).hexdigest(), body)


def kept_upload(draft: Mapping[str, Any]) -> Upload | None:
    """The document that came with an earlier try, so that nobody has to choose it twice."""
    kept = draft.get(DOCUMENT)
    return Upload(kept["filename"], kept["media_type"], kept["sha256"], b64decode(kept["body"])) if kept else None


def _packed(document: Upload) -> dict[str, str]:
    return {
        "filename": document.filename,
        "media_type": document.media_type,
        "sha256": document.sha256,
        "body": b64encode(document.body).decode(),
    }


def _short(value: Any) -> Any:
    return value.replace("\x00", "")[:DRAFT_LENGTH] if isinstance(value, str) else value

"""Templates on the case page: those offered, and the one the address asks for, with its blanks filled."""

from collections import defaultdict

from sqlalchemy.orm import Session

from request_tracker.rules.reply_words import fill
from request_tracker.store import reply_templates
from request_tracker.store.case_rows import CaseView
from request_tracker.store.reply_templates import Words
from request_tracker.web.case_forms import Asked, Filled
from request_tracker.web.texts import say

FIELDS = {"question": "question", "decline": "explanation", "comment": "body"}
"""Into which field of its form the words of each kind go."""
KIND_OF = {"hold": "question", "comment": "comment", "move-decline": "decline", "move-decline_late": "decline"}
EMPTY = Filled()


def offered(session: Session) -> dict[str, tuple[Words, ...]]:
    """What can be used, by kind. One statement."""
    found: dict[str, list[Words]] = defaultdict(list)
    for row in reply_templates.offered(session):
        found[row.kind].append(row)
    return {kind: tuple(rows) for kind, rows in found.items()}


def filled(view: CaseView, templates: dict[str, tuple[Words, ...]], asked: Asked) -> Filled:
    """The fields of the form that is asked for, with the words of the template in them."""
    kind = KIND_OF.get(asked.form_id, "")
    if not asked.template or not kind:
        return EMPTY
    row = next((each for each in templates.get(kind, ()) if str(each.id) == asked.template), None)
    if row is None:
        return Filled(told=say("template_gone"))
    return Filled({asked.form_id: _texts(view, row)}, say("template_used", name=row.name))


def _texts(view: CaseView, row: Words) -> dict[str, str]:
    values = _values(view)
    texts = {FIELDS[row.kind]: fill(row.body, values)}
    if row.kind == "decline":
        texts |= {"criterion": row.criterion or "", "alternatives": fill(row.alternatives, values)}
    return texts


def _values(view: CaseView) -> dict[str, str]:
    """What the blanks stand for. A case that nobody leads has no requester: then those blanks stay, to be seen."""
    primary = next((row for row in view.requests if row.is_primary), None)
    people = {"requester": primary.person, "number": primary.number} if primary else {}
    return {"service": view.service_name, **people}

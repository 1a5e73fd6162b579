"""Views of the queue are saved, renamed, shared with the team, and deleted; what the team sees is written down."""

from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import Role
from request_tracker.store import saved_views
from request_tracker.store.saved_views import LONGEST, SavedView

MOST = 50
"""So many views a person may keep."""


def save(session: Session, act: Act, *, name: str, query: str, is_team: bool) -> SavedView:
    """Keep the filters of an address under a name. Raises NotAllowed, Unfit."""
    owner_id = _keeper(act)
    if saved_views.count_of(session, owner_id) >= MOST:
        raise Unfit("name", f"You keep {MOST} views already: delete one you do not need")
    named = _free_name(session, owner_id, name)
    view = SavedView(owner_id=owner_id, name=named, query=query, is_team=is_team)
    view.created_at = view.changed_at = act.now
    session.add(view)
    session.flush()
    if is_team:
        auditing.note(session, act, "view.shared", named, query=query)
    return view


def change(session: Session, act: Act, view_id: int, *, name: str, is_team: bool) -> SavedView:
    """Rename the view, share it with the team or take it from there. Raises NotAllowed, NoSuchView, Unfit."""
    view = _changeable(session, act, view_id)
    named = _free_name(session, view.owner_id, name, but=view.id)
    before = (view.name, view.is_team)
    view.name, view.is_team, view.changed_at = named, is_team, act.now
    session.flush()
    what = _what(before, (named, is_team))
    if what:
        auditing.note(session, act, what, named, before=before[0])
    return view


def delete(session: Session, act: Act, view_id: int) -> str:
    """Delete the view; answers its name. Raises NotAllowed, NoSuchView."""
    view = _changeable(session, act, view_id)
    if view.is_team:
        auditing.note(session, act, "view.unshared", view.name, query=view.query)
    session.delete(view)
    session.flush()
    return view.name


def _keeper(act: Act) -> int:
    if act.who.id is None or not act.who.is_staff or act.who.role is Role.AUDITOR:
        raise NotAllowed("Only staff who work here keep views of the queue")
    return act.who.id


def _changeable(session: Session, act: Act, view_id: int) -> SavedView:
    _keeper(act)
    view = saved_views.for_change(session, view_id, act.who)
    if view is None:
        raise NotAllowed("Only whoever saved it, or a lead, may change a view of the team")
    return view


def _free_name(session: Session, owner_id: int, name: str, *, but: int = 0) -> str:
    short_enough("name", name, most=LONGEST)
    named = plain(name, LONGEST)
    if not named:
        raise Unfit("name", "Give the view a name, such as “Overdue in validation”")
    if saved_views.is_named(session, owner_id, named, but=but):
        raise Unfit("name", f"There is a view called {named} already: choose another name")
    return named


def _what(before: tuple[str, bool], after: tuple[str, bool]) -> str:
    """Which act of rules.auditing a change is; nothing where the team does not see it."""
    if before == after or not (before[1] or after[1]):
        return ""
    if before[1] != after[1]:
        return "view.shared" if after[1] else "view.unshared"
    return "view.changed"

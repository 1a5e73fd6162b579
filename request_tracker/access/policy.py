"""Who may call which route: one table, deny by default."""

from request_tracker.rules.terms import STAFF, Role

ANYONE = frozenset({"anyone"})
SIGNED_IN: frozenset[str] = frozenset(Role)
ALL_STAFF: frozenset[str] = frozenset(STAFF)
REQUESTERS: frozenset[str] = frozenset({Role.REQUESTER})
SPECIALISTS: frozenset[str] = frozenset({Role.SPECIALIST, Role.LEAD})
WORKERS: frozenset[str] = frozenset({Role.SPECIALIST, Role.LEAD, Role.ENGINEER})
ACTING: frozenset[str] = frozenset(Role) - {Role.AUDITOR, Role.ADMIN}
ADMINS: frozenset[str] = frozenset({Role.ADMIN})
READERS_OF_REPORTS: frozenset[str] = frozenset({Role.LEAD, Role.ADMIN, Role.AUDITOR, Role.SPECIALIST, Role.ENGINEER})

ROUTES: dict[str, frozenset[str]] = {
    "static": ANYONE,
    "signin.form": ANYONE,
    "signin.enter": ANYONE,
    "signin.leave": SIGNED_IN,
    "home.index": SIGNED_IN,
    "home.style": SIGNED_IN,
    "catalogue.show": SIGNED_IN,
    "intake.new": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "intake.send": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "intake.suggest": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "intake.keep_draft": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "requests.index": REQUESTERS,
    "requests.show": SIGNED_IN,
    "requests.answer": REQUESTERS,
    "requests.confirm": REQUESTERS,
    "requests.comment": REQUESTERS,
    "requests.withdrawal": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "requests.withdraw": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "requests.take_back": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "requests.state": SIGNED_IN,
    "requests.document": SIGNED_IN,
    "queue.index": ALL_STAFF,
    "case.show": ALL_STAFF,
    "case.clocks": ALL_STAFF,
    "case.state": ALL_STAFF,
    "case.move": WORKERS,
    "case.undo": WORKERS,
    "case.put_evidence": WORKERS,
    "case.void_evidence": WORKERS,
    "case.assess": SPECIALISTS,
    "case.hold": SPECIALISTS,
    "case.lift": SPECIALISTS,
    "case.comment": WORKERS,
    "case.assign": SPECIALISTS,
    "case.offer_slots": SPECIALISTS,
    "case.sync": WORKERS,
    "case.provision": SPECIALISTS,
    "merging.preview": SPECIALISTS,
    "merging.merge": SPECIALISTS,
    "merging.unmerge": SPECIALISTS,
    "merging.dismiss": SPECIALISTS,
    "reports.index": READERS_OF_REPORTS,
    "reports.download": READERS_OF_REPORTS,
    "mailbox.index": ADMINS,
    "mailbox.as_json": ADMINS,
    "mailbox.letter": ADMINS,
    "admin.people": ADMINS,
    "admin.add_person": ADMINS,
    "admin.groups": ADMINS,
    "admin.bind_group": ADMINS,
    "admin.jobs": ADMINS,
    "admin.retry_job": ADMINS,
    "connect.go": REQUESTERS,
    "connect.back": REQUESTERS,
    "webhooks.fivetran": ANYONE,
    # api
    "api.openapi": ANYONE,
    "api.create_request": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "api.read_request": SIGNED_IN,
    "api.add_document": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "api.withdraw": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "api.take_back": frozenset({Role.REQUESTER, Role.SPECIALIST}),
    "api.suggestions": SIGNED_IN,
    "api.list_cases": SIGNED_IN,
    "api.read_case": SIGNED_IN,
    "api.make_move": ACTING,
    "api.undo": WORKERS,
    "api.start_sync": WORKERS,
    "api.put_evidence": ACTING,
    "api.void_evidence": WORKERS,
    "api.put_assessment": SPECIALISTS,
    "api.put_hold": SPECIALISTS,
    "api.answer_hold": REQUESTERS,
    "api.lift_hold": SPECIALISTS,
    "api.add_comment": ACTING,
    "api.create_merge": SPECIALISTS,
    "api.preview_merge": SPECIALISTS,
    "api.delete_merge": SPECIALISTS,
    "api.read_timeline": SIGNED_IN,
    "api.read_clocks": SIGNED_IN,
    "api.weekly_report": READERS_OF_REPORTS,
}


IN_THE_DEMO = frozenset({"mailbox.index", "mailbox.as_json", "mailbox.letter"})
"""Open to anyone while the demo runs: its letters are to people who do not exist."""


def may(endpoint: str | None, role: str | None, *, demo: bool = False) -> bool:
    """Whether somebody with this role (None: not signed in) may call the endpoint. Unknown endpoints: nobody."""
    if demo and endpoint in IN_THE_DEMO:
        return True
    allowed = ROUTES.get(endpoint or "", frozenset())
    return allowed is ANYONE or (role is not None and role in allowed)

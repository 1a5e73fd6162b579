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
DECIDERS: frozenset[str] = frozenset({Role.LEAD, Role.ADMIN})
READERS_OF_KNOWLEDGE: frozenset[str] = SPECIALISTS | ADMINS
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
    "requests.lead": REQUESTERS,
    "requests.would_preview": REQUESTERS,
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
    "case.correct": SPECIALISTS,
    "case.make_primary": SPECIALISTS,
    "case.ask_again": SPECIALISTS,
    "merging.preview": SPECIALISTS,
    "merging.merge": SPECIALISTS,
    "merging.unmerge": SPECIALISTS,
    "merging.swap_preview": SPECIALISTS,
    "merging.swap": SPECIALISTS,
    "merging.undo_lot": SPECIALISTS,
    "merging.many": SPECIALISTS,
    "merging.merge_many": SPECIALISTS,
    "merging.dismiss": SPECIALISTS,
    "duplicates.index": SPECIALISTS,
    "duplicates.show": SPECIALISTS,
    "duplicates.merge": SPECIALISTS,
    "duplicates.dismiss": SPECIALISTS,
    "duplicates.dismissed": SPECIALISTS,
    "duplicates.take_back": SPECIALISTS,
    "duplicates.undo": SPECIALISTS,
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
    "knowledge.index": READERS_OF_KNOWLEDGE,
    "knowledge.show": READERS_OF_KNOWLEDGE,
    "knowledge.changes": READERS_OF_KNOWLEDGE,
    "knowledge.new": ADMINS,
    "knowledge.add": ADMINS,
    "knowledge.correct": ADMINS,
    "knowledge.retire": ADMINS,
    "knowledge.restore": ADMINS,
    "knowledge.reindex": ADMINS,
    "alias_files.download": READERS_OF_KNOWLEDGE,
    "alias_files.choose": ADMINS,
    "alias_files.upload": ADMINS,
    "offers.remember": SPECIALISTS,
    "offers.decline": SPECIALISTS,
    "policies.merging": DECIDERS,
    "policies.decide": DECIDERS,
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
    "api.answer_primary": REQUESTERS,
    "api.answer_preview": REQUESTERS,
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
    "api.swap_merge": SPECIALISTS,
    "api.create_merges": SPECIALISTS,
    "api.undo_merges": SPECIALISTS,
    "api.correct_case": SPECIALISTS,
    "api.choose_primary": SPECIALISTS,
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

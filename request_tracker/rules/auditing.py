"""What is written down of what people do to the program itself: the closed list of acts, each with its sentence.

A sentence follows the name of who did it: `{subject}` is what it was done to, other names come from the entry's data.
"""

import re
from collections.abc import Mapping
from typing import Any

ACTS: dict[str, str] = {
    "person.added": "added {subject} as {role}",
    "person.renamed": "changed the name of {subject}",
    "person.role_changed": "made {subject}, who was {before}, {after}",
    "person.zone_changed": "changed how {subject} reads times: {after}, before {before}",
    "person.deactivated": "deactivated {subject}: {sessions_ended}",
    "person.reactivated": "let {subject} sign in again",
    "person.password_given": "gave {subject} a new password, shown once",
    "person.password_changed": "changed their own password",
    "person.signed_out": "signed {subject} out everywhere",
    "person.exported": "took out what is kept about {subject}",
    "person.erased": "erased what {subject} wrote: {texts} texts, and name and address",
    "token.made": "made an API token for {subject}, scope {scope}",
    "token.revoked": "revoked token {token} of {subject}",
    "account.added": "opened the account {subject}",
    "account.renamed": "renamed the account {before} to {subject}",
    "group.bound": "bound the Fivetran group {group} to {subject}",
    "group.unbound": "unbound the Fivetran group of {subject}",
    "group.settled": "said which group serves {subject}: {group}",
    "policy.groups": "decided where starter connectors go: {reason}",
    "policy.automatic_merge": "switched automatic merging {state}, from {score} of 100 on: {reason}",
    "policy.targets": "decided how long each promise takes: {reason}",
    "policy.roles": "decided which Fivetran roles may set up a connector: {reason}",
    "policy.board": "decided about the public board: {subject}",
    "board.unlisted": "took {subject} off the public board",
    "board.listed": "put {subject} back on the public board",
    "calendar.saved": "saved a new working calendar: {reason}",
    "days_off.proposed": "proposed {count} days off from {subject}",
    "days_off.confirmed": "confirmed {count} days off",
    "days_off.refused": "refused {count} days off",
    "days_off.taken_out": "made {count} days off working days again: {reason}",
    "clocks.changed": "changed running promises ({subject}): {reason}",
    "letter.sent_again": "sent {subject} again",
    "letters.sent_again": "sent {count} letters again",
    "letters.address_cleared": "wrote to {subject} again after letters came back",
    "job.retried": "tried {subject} again",
    "job.asked": "asked for {subject}",
    "hook.added": "added {subject}, told of {events}",
    "hook.changed": "changed {subject}, told of {events}",
    "hook.paused": "paused {subject}",
    "hook.resumed": "resumed {subject}",
    "hook.rotated": "changed the secret of {subject}",
    "hook.revealed": "looked at the secret of {subject}",
    "hook.deleted": "deleted {subject}",
    "hook.replayed": "sent {count} messages to {subject} again",
    "webhook.mended": "had {subject} put right",
    "webhook.replayed": "had {count} deliveries of Fivetran acted on again",
    "provisioning.started": "began {subject} over {count} cases",
    "provisioning.stopped": "stopped {subject}",
    "provisioning.resumed": "let {subject} go on",
    "provisioning.retried": "tried {count} cases of {subject} again",
    "report.subscribed": "subscribed {subject} to the weekly report",
    "report.unsubscribed": "ended {subject} to the weekly report",
    "report.link_sent": "sent {subject} to the report on {week}",
    "report.link_revoked": "revoked {subject} to the report on {week}",
    "template.saved": "saved the template {subject}",
    "template.retired": "retired the template {subject}",
    "template.restored": "brought back the template {subject}",
    "absence.entered": "entered {subject} as away from {first} to {last}",
    "absence.taken_back": "took back that {subject} is away from {first} to {last}",
    "view.shared": "shared the view {subject} with the team",
    "view.changed": "changed the team's view {subject}",
    "view.unshared": "took the view {subject} from the team",
    "retention.run": "had what is due forgotten now",
    "chains.verified": "had every chain verified",
    "audit.taken": "took out the log as a file",
}
FAMILIES: dict[str, str] = {
    "person": "People",
    "token": "API tokens",
    "account": "Accounts",
    "group": "Fivetran groups",
    "policy": "Policies",
    "board": "Public board",
    "calendar": "Calendar",
    "days_off": "Days off",
    "clocks": "Running promises",
    "letter": "One letter",
    "letters": "Letters",
    "job": "Jobs",
    "hook": "Webhooks out",
    "webhook": "Webhooks in",
    "provisioning": "Provisioning",
    "report": "Weekly report",
    "template": "Templates",
    "absence": "Days out of office",
    "view": "Views of the queue",
    "retention": "Retention",
    "chains": "Chains",
    "audit": "The log itself",
}
"""The first part of an act, as a heading to filter by."""
SECRET = re.compile(r"password|secret|token_value|digest|hash|api_key|credential", re.IGNORECASE)
"""Names that may never stand in an entry's data."""
LONGEST_SUBJECT, LONGEST_VALUE = 300, 1000


class _Known(dict[str, Any]):
    """An older entry may lack a name that its sentence says today: then nothing is said there."""

    def __missing__(self, key: str) -> str:
        return "…"


def sentence(act: str, subject: str, data: Mapping[str, Any]) -> str:
    """`added person 12 as lead`; the bare word for an act that is not on the list any more."""
    words = ACTS.get(act)
    if words is None:
        return f"{act.replace('_', ' ').replace('.', ': ')} {subject}".strip()
    return words.format_map(_Known({**data, "subject": subject}))


def family(act: str) -> str:
    return act.partition(".")[0]


def fault_of(act: str, data: Mapping[str, Any]) -> str:
    """Why an entry may not be written; empty where it may."""
    if act not in ACTS:
        return f"{act} is not on the list of acts"
    told = [key for key in data if SECRET.search(key)]
    return f"{', '.join(told)}: a secret is never written down" if told else ""

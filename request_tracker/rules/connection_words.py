"""A starter connector in words: its states, its conditions, and what of them a requester reads."""

from request_tracker.rules.terms import StarterState

KINDS = {
    "api": "Fivetran",
    "created": "Starter connector",
    "access": "Access",
    "sync": "Sync",
    "source": "Setup and source",
    "schedule": "Schedule",
    "identity": "Identity",
    "paused": "Paused",
    "origin": "Origin",
    "group": "Group",
    "destination": "Destination",
    "tables": "Tables",
}
"""Conditions as people call them; any other names itself."""
TO_REQUESTERS = frozenset({"api", "created", "access", "sync", "source", "paused"})
"""What concerns the access or the syncs of the requester. All others are ours to mend."""
_PLAIN = {
    ("api", "unreachable"): "Fivetran does not answer at the moment. You need to do nothing: we try again.",
    ("api", "key"): "We cannot reach Fivetran at the moment. You need to do nothing: we put it right.",
    ("api", "many_missing"): "Fivetran does not show it at the moment. You need to do nothing: we look into it.",
    ("api", "refused"): "Fivetran did not do what we asked. You need to do nothing: we look into it.",
    ("created", "refused"): "Fivetran did not make the starter connector. You need to do nothing: we look into it.",
    ("created", "missing"): "Fivetran no longer has the starter connector. Please tell us whether you still want it.",
    ("created", "wanted"): "You still want the starter connector: we set it up again.",
    ("sync", "refused"): "Fivetran did not start the first sync. You need to do nothing: we look into it.",
    ("access", "incomplete"): "Fivetran waits for you to grant access to the service.",
    ("access", "broken"): "Fivetran can no longer reach the service. Please grant access again.",
}
STATES = {
    StarterState.NONE: "There is none.",
    StarterState.INTENDED: "It is planned and will be made by itself.",
    StarterState.CREATING: "It is being made.",
    StarterState.UNKNOWN: "Fivetran's answer got lost: it is looked for before anything else is made.",
    StarterState.CREATED: "It waits for the requester to grant access.",
    StarterState.CONNECTED: "The requester granted access. The first sync has not begun.",
    StarterState.SYNCING: "The first sync runs.",
    StarterState.LIVE: "The first sync is done; it syncs by its schedule.",
    StarterState.MISSING: "Fivetran no longer has it.",
    StarterState.FAILED: "Fivetran refused to make it. Put right what it says, then provision again.",
    StarterState.DELETED: "It was removed.",
}
"""What a state means for the people who work on the case."""
SYNCS = {
    "scheduled": "Waits for its next sync",
    "syncing": "Syncs now",
    "paused": "Paused: nothing syncs until it is resumed",
    "rescheduled": "Rescheduled: the source asked for a pause; Fivetran tries again by itself",
}
"""Fivetran's words for what a connection does now."""


def kind_words(kind: str) -> str:
    return KINDS.get(kind) or kind.replace("_", " ").capitalize()


def plain(kind: str, reason: str, message: str) -> str:
    """The condition as a requester reads it."""
    return _PLAIN.get((kind, reason), message)

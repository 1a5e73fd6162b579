"""How long what is kept: one row a kind, with what is deleted after how long, and what stays for ever and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from request_tracker.rules.program import Program

MESSAGES_FOR = timedelta(days=30)
DEAD_MESSAGES_FOR = timedelta(days=90)
FAILURES_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """`kept_for` after the event that `since` names; `proof` says what stays to show that it was deleted."""

    key: str
    what: str
    since: str
    kept_for: Callable[[Program], timedelta]
    proof: str


@dataclass(frozen=True)
class ForEver:
    what: str
    why: str


RULES = (
    Rule("documents", "Contents of API documents and uploaded files", "the case ended",
         lambda program: program.keep_documents_for, "The row stays: name, size, checksum, when it was emptied"),
    Rule("drafts", "Files chosen in a form that was never sent", "the form was last touched",
         lambda program: program.keep_documents_for, "Nothing of the file; what was typed stays until it is sent"),
    Rule("samples", "What a trial sync read: sample, rows, state", "the trial ended",
         lambda program: program.keep_samples_for, "The run stays with its counts and the day it was emptied"),
    Rule("deliveries", "Webhook deliveries from Fivetran, raw", "they came",
         lambda program: program.keep_deliveries_for, "Nothing: the whole row goes"),
    Rule("cards", "Who opened a Connect Card when", "the card ended",
         lambda program: program.keep_deliveries_for, "Nothing: the whole row goes"),
    Rule("messages", "Messages to webhooks out that arrived", "they were sent",
         lambda program: MESSAGES_FOR, "Nothing: the whole row goes"),
    Rule("dead_messages", "Messages to webhooks out that were given up", "they were given up",
         lambda program: DEAD_MESSAGES_FOR, "Nothing: the whole row goes"),
    Rule("failures", "Failed sign-ins, by a digest of the address", "the attempt",
         lambda program: FAILURES_FOR, "Nothing: the whole row goes"),
)  # fmt: skip
FOR_EVER = (
    ForEver("Requests, cases, evidence, clocks", "Every figure of a report can be counted again from them"),
    ForEver("The timeline of each case", "It is a chain: taking one entry out would break it. Its words can be erased"),
    ForEver("This program's log", "It shows who changed what; it names people by number and holds no secret"),
    ForEver("Letters", "They prove what was promised to whom and when. Erasing a person empties theirs"),
    ForEver("Answers to API calls with an Idempotency-Key", "The same key has to get the same answer again"),
    ForEver("Jobs that are done", "They hold numbers only, and show what the worker did"),
)

"""One synthetic case on its way: collects the rows that the real actions would have written, ready to be inserted.

`rules.phases` says what a move does to phase, outcome and clocks, here as in the actions. Rows refer to each other by
ids handed out beforehand; timeline entries get theirs in `sealed`, when their order is known.
"""

import json
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from request_tracker.rules.calendar import Calendar, days
from request_tracker.rules.people import Viewer
from request_tracker.rules.phases import BY_NAME, Move
from request_tracker.rules.program import Program
from request_tracker.rules.sla import EventKind
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store.base import FAR
from request_tracker.store.bulk_names import Service

Row = dict[str, Any]
WAIT, GO, END, DROP = EventKind.PAUSE, EventKind.RESUME, EventKind.STOP, EventKind.CANCEL


class Ids:
    """The next free id of each table, counted here because rows refer to each other before they are written."""

    def __init__(self, taken: Mapping[str, int]) -> None:
        self._last = defaultdict(int, taken)

    def next(self, table: str) -> int:
        self._last[table] += 1
        return self._last[table]


@dataclass(frozen=True)
class World:
    """What all journeys share."""

    now: datetime
    program: Program
    calendar: Calendar
    calendar_id: int
    ids: Ids
    chance: random.Random
    specialists: tuple[Viewer, ...]
    engineers: tuple[Viewer, ...]
    lead: Viewer


@dataclass
class Timer:
    """A clock with its events as rows; `cause` of an event is the timeline entry that brought it."""

    id: int
    name: str
    cycle: int
    events: list[Row] = field(default_factory=list)
    open: bool = True


@dataclass(frozen=True)
class TreeWide:
    """What a root does to the clocks of every case merged into it by then."""

    at: datetime
    kind: EventKind
    names: tuple[str, ...]
    cause: Row


class Journey:
    """A case from its submission on. `at` is how far it has come."""

    def __init__(self, world: World, service: Service, asker: Viewer, at: datetime) -> None:
        self.world, self.service, self.asker, self.at = world, service, asker, at
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.entries: list[Row] = []
        self.timers: list[Timer] = []
        self.tree_wide: list[TreeWide] = []
        self.hold: Row | None = None
        self.connection: Row | None = None
        self.below: list[Journey] = []
        self.history: list[tuple[datetime, Phase, Outcome | None]] = [(at, Phase.SUBMISSION, None)]
        self.case = self._case()
        self.request = self.ask(service, asker, at, "opened")
        self.case["primary_request_id"] = self.request["id"]
        data = {"request": self.request["id"], "by": asker.id, "consent": False}
        self.start("review", self.tell("submit", asker.id, data))

    @property
    def id(self) -> int:
        return int(self.case["id"])

    def standing_at(self, at: datetime) -> tuple[Phase, Outcome | None]:
        return [(phase, outcome) for since, phase, outcome in self.history if since <= at][-1]

    def ask(self, service: Service, asker: Viewer, at: datetime, kind: str) -> Row:
        """A request of the case: the one that opened it, or one that joined."""
        chance = self.world.chance
        row = {
            "id": self.world.ids.next("request"), "account_id": asker.account_id, "person_id": asker.id,
            "submitted_by_id": asker.id, "case_id": self.case["id"], "kind": kind, "service_name": service.name,
            "service_url": service.url, "api_docs_url": service.docs_url,
            "use_case": f"Bring the records of {service.name} next to what we know from our other systems.",
            "data_needed": "The main objects with their history, refreshed every day.",
            "auth_kind": chance.choice(("api_key", "oauth2", "oauth2", "basic", "unknown")),
            "sandbox": chance.choice(("yes", "no", "unknown")), "endpoint_count": chance.randrange(8, 90),
            "custom_fields": "", "group_wanted": "", "fivetran_role": "", "also_tell": "", "would_preview": False,
            "form_key": None, "created_at": at, "withdrawn_at": None,
        }  # fmt: skip
        self.rows["request"].append(row)
        return row

    def tell(
        self,
        kind: str,
        actor_id: int | None,
        data: Row | None = None,
        *,
        words: Row | None = None,
        audience: str = "public",
        account_id: int | None = None,
        at: datetime | None = None,
    ) -> Row:
        """A timeline entry; what `at` is not given for happens where the journey stands."""
        row = {
            "case_id": self.id, "account_id": account_id or self.case["account_id"], "audience": audience,
            "actor_id": actor_id, "kind": kind, "data": data or {}, "at": at or self.at,
            "words": json.dumps(words, ensure_ascii=False, sort_keys=True) if words else "",
        }  # fmt: skip
        self.entries.append(row)
        return row

    def move(self, name: str, actor: Viewer, **words: Any) -> Row:
        """Make a move of the process table."""
        move = BY_NAME[name]
        before = self.snapshot()
        self._place(move)
        if name == "claim":
            self.case["assignee_id"] = actor.id
        asked = {name: words[name] for name in ("criterion",) if name in words}
        data = {"before": before, "after": self.snapshot(), **asked}
        entry = self.tell(f"move.{name}", actor.id, data, words=words)
        self._run_clocks(move, entry)
        return entry

    def snapshot(self) -> Row:
        """What actions.advance writes into an entry before and after a move."""
        ended = self.case["ended_at"]
        return {
            "phase": self.case["phase"], "outcome": self.case["outcome"], "assignee_id": self.case["assignee_id"],
            "phase_at": self.case["phase_at"].isoformat(), "ended_at": ended.isoformat() if ended else None,
        }  # fmt: skip

    def start(self, name: str, cause: Row, *, target: str = "") -> None:
        earlier = [timer for timer in self.timers if timer.name == name]
        if earlier and earlier[-1].open:
            return
        timer = Timer(self.world.ids.next("clock"), name, len(earlier) + 1)
        self.timers.append(timer)
        number = self.world.program.target_days[target or name]
        self._event(timer, EventKind.START, cause, target=days(self.world.calendar, number))

    def run(self, kind: EventKind, cause: Row, names: tuple[str, ...] = (), reason: str = "") -> None:
        """Something happens to the case's own open clocks, or to the named ones among them."""
        for timer in self.timers:
            if timer.open and (not names or timer.name in names):
                self._event(timer, kind, cause, reason=reason)

    def run_tree(self, kind: EventKind, cause: Row, names: tuple[str, ...] = ()) -> None:
        """The root's verdict answers the merged cases too: remembered for those that are merged by then."""
        self.run(kind, cause, names)
        self.tree_wide.append(TreeWide(self.at, kind, names, cause))

    def end_hold(self, kind: str, actor: Viewer, entry: Row) -> None:
        if self.hold is not None:
            answer = "It is as described in the documentation." if kind == "answered" else None
            self.hold.update(ended_at=self.at, ended_by_id=actor.id, end_kind=kind, answer=answer)
            self.run(GO, entry, reason=self.hold["reason"])
            self.hold = self.case["held"] = None

    def _case(self) -> Row:
        number = self.world.ids.next("case")
        return {
            "id": number, "service_name": self.service.name, "service_url": self.service.url,
            "api_docs_url": self.service.docs_url, "account_id": self.asker.account_id, "primary_request_id": None,
            "phase": str(Phase.SUBMISSION), "outcome": None, "version": 1, "merged_into_id": None, "root_id": number,
            "assignee_id": None, "opened_at": self.at, "phase_at": self.at, "ended_at": None, "touched_at": self.at,
            "queue_at": FAR, "at_risk_at": None, "held": None, "chain_head": "", "chain_count": 0,
        }  # fmt: skip

    def _place(self, move: Move) -> None:
        released = move.to is Outcome.RELEASED
        phase = Phase.GENERALLY_AVAILABLE if released else move.to if isinstance(move.to, Phase) else self.case["phase"]
        outcome = move.to if isinstance(move.to, Outcome) else None
        self.place(Phase(phase), outcome)

    def place(self, phase: Phase, outcome: Outcome | None) -> None:
        phase_at = self.at if str(phase) != self.case["phase"] else self.case["phase_at"]
        self.case.update(
            phase=str(phase), outcome=str(outcome) if outcome else None, phase_at=phase_at,
            ended_at=self.at if outcome else None, version=self.case["version"] + 1,
        )  # fmt: skip
        self.history.append((self.at, phase, outcome))

    def _run_clocks(self, move: Move, entry: Row) -> None:
        for name in move.stops:
            self.run_tree(END, entry, (name,))
        if move.cancels:
            self.run_tree(DROP, entry, move.cancels)
        for name in move.starts:
            self.start(name, entry, target=move.target)
        if self.case["outcome"] is not None:
            self.end_hold("move", self.world.lead, entry)
            self.run_tree(DROP, entry)

    def _event(
        self, timer: Timer, kind: EventKind, cause: Row, *, reason: str = "", target: timedelta | None = None
    ) -> None:
        timer.open = kind not in (END, DROP)
        timer.events.append(
            {
                "id": self.world.ids.next("clock_event"),
                "clock_id": timer.id,
                "kind": str(kind),
                "effective_at": cause["at"],
                "recorded_at": cause["at"],
                "reason": reason,
                "voids_id": None,
                "target_s": target.total_seconds() if target else None,
                "calendar_id": self.world.calendar_id if target else None,
                "cause": cause,
            }
        )

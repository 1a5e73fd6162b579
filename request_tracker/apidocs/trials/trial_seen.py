"""What one trial sync has seen so far, and how it is told: JSON lines, without anything secret.

Loaded by its path in the trial's child: the standard library alone.
"""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NoReturn

SECRET = re.compile(r"key|token|secret|pass|auth|credential|bearer|cookie|session", re.IGNORECASE)
WARNINGS = 50
SAMPLED = 2_000
"""So many rows at most are shown, all tables together."""


def _peak_mb() -> float:
    """The most memory this process held: what the kernel counts for a child includes its parent's."""
    with open("/proc/self/status", "rb") as status:
        found = re.search(rb"VmHWM:\s+(\d+) kB", status.read(8_000))
    return int(found[1]) / 1024 if found else 0.0


class Channel:
    """Where the JSON lines go; what the project prints goes to stderr instead."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        # The process ends without emptying what is held back, and may be killed at any time.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def say(self, **what: Any) -> None:
        self._out.write(json.dumps(what) + "\n")
        self._out.flush()


class Trial:
    """What one sync has seen so far."""

    def __init__(
        self, order: Mapping[str, Any], channel: Channel, *, rows: ModuleType, told: ModuleType, wire: ModuleType
    ) -> None:
        self._rows, self._told, self._wire = rows, told, wire
        self.order = order
        self.channel = channel
        self.limits: Mapping[str, int] = order["limits"]
        self.configuration: dict[str, str] = dict(order["configuration"] or {})
        self.counts: Counter[str] = Counter()
        self.warnings: list[str] = []
        self.state: Any = order["state"]
        self.is_cut = False
        self.destination: Any = None

    def clean(self, text: str, *, most: int = 500) -> str:
        values = [value for name, value in self.configuration.items() if name != "base_url"]
        shown = self._wire.Cleaner(values, shortest=4)(text)[:most]
        return "".join(each if each.isprintable() else " " for each in shown).strip()

    def cell_cleaner(self) -> Any:
        """For what is kept: an account's name may well be in its rows, its password may not."""
        secret = [value for name, value in self.configuration.items() if SECRET.search(name)]
        return self._wire.Cleaner(secret, shortest=6, beside=self.configuration.values())

    def warn(self, text: str) -> None:
        said = self.clean(text, most=300)
        if said not in self.warnings and len(self.warnings) < WARNINGS:
            self.warnings.append(said)

    def tell(self, text: str) -> None:
        self.channel.say(step=self.clean(text, most=200))

    def end(self, state: str, sentence: str) -> NoReturn:
        """The last word. Threads of the SDK may still wait for a reader: nobody waits for them."""
        found = self._found() if self.destination is not None else {"tables": [], "sample": {}}
        kept = {"state": state, "sentence": self.clean(sentence), "counts": dict(self.counts), **found}
        peak = _peak_mb()
        ending = {"warnings": self.warnings, "project_state": self._state(), "peak_mb": peak}
        self.channel.say(result={**kept, **ending})
        os._exit(0)

    def _state(self) -> Any:
        return json.loads(self.cell_cleaner()(json.dumps(self.state))) if self.state is not None else None

    def _found(self) -> dict[str, Any]:
        tables, sample = [], {}
        self.destination.finish()
        listed = list(self.destination.tables.values())[: self.limits["tables"]]
        most = max(1, min(self.limits["sample_rows"], SAMPLED // max(1, len(listed))))
        for table in listed:
            count = self.destination.rows(table)
            tables.append(
                {
                    "name": table.name,
                    "rows": count,
                    "columns": list(table.columns.items()),
                    "key": [each for each in table.keys if each != self._rows.HASHED],
                    **{each: table.counts[each] for each in ("upserts", "updates", "deletes", "truncates")},
                    "warnings": self._told.warnings(table, count),
                }
            )
            sample[table.name] = self.destination.sample(table, most=most, longest=self.limits["cell_length"])
        self.destination.close()
        return {"tables": tables, "sample": sample}

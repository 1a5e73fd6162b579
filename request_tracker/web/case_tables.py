"""A case's tables: what its connection brings, which columns are hashed, what new ones do, how often it syncs."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions import table_choices, timetable
from request_tracker.actions import tables as actions
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.process import Refused
from request_tracker.rules.sync_schedule import FREQUENCIES, TYPES
from request_tracker.rules.tables_wanted import HANDLINGS
from request_tracker.store import connections, reading_case, reading_tables, schema_choices
from request_tracker.store.cases import Case
from request_tracker.store.reading_tables import TableRow, TablesView
from request_tracker.web import table_forms
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field, capital, problem_of
from request_tracker.web.texts import say

tables = Blueprint("tables", __name__)
Work = Callable[[Session, Case], object]
HOURS = [("", "Fivetran chooses"), *((f"{hour:02}:00", f"{hour:02}:00 UTC") for hour in range(24))]
SCHEDULE = "schedule"
ANCHORS = {
    "tables": "tables",
    "handling": "tables-handling",
    **{name: f"{SCHEDULE}-{name}" for name in ("sync_frequency", "daily_sync_time", "schedule_type")},
}


@tables.get("/cases/<number>/tables")
def show(number: str) -> ResponseReturnValue:
    return _page(number)


@tables.post("/cases/<number>/tables")
def choose(number: str) -> ResponseReturnValue:
    try:
        chosen = table_forms.tables(http.form)
        changed = _write(number, lambda session, case: table_choices.choose(session, case, chosen, wiring.act()))
    except (Unfit, Overtaken, Refused) as fault:
        return _page(number, fault), _status(fault)
    flash(say("saved_and_told") if changed else say("tables_as_they_were"), "ok")
    return redirect(url_for("tables.show", number=number), 303)


@tables.post("/cases/<number>/tables/read")
def read(number: str) -> ResponseReturnValue:
    """Ask Fivetran again, all columns of one table with it where one is named."""
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
        row = connections.live(session, case.id)
        if row is not None:
            table = (http.form.get("schema", ""), http.form["table"]) if http.form.get("table") else None
            actions.read_again(session, row, wiring.act(), table=table)
    flash(say("fivetran_asked_look"), "ok")
    if not http.form.get("table"):
        return redirect(url_for("tables.show", number=number), 303)
    schema, name = http.form.get("schema", ""), http.form["table"]
    return redirect(url_for("tables.columns", number=number, schema=schema, table=name), 303)


@tables.get("/cases/<number>/tables/columns")
def columns(number: str) -> ResponseReturnValue:
    return _columns(number, http.args.get("schema", ""), http.args.get("table", ""))


@tables.post("/cases/<number>/tables/columns")
def mark(number: str) -> ResponseReturnValue:
    schema, table = http.form.get("schema", ""), http.form.get("table", "")
    try:
        changed = _write(number, lambda session, case: _mark(session, case, schema, table))
    except (Unfit, Overtaken, Refused) as fault:
        return _columns(number, schema, table, fault), _status(fault)
    flash(say("table_saved", table=table) if changed else say("tables_as_they_were"), "ok")
    return redirect(url_for("tables.show", number=number), 303)


@tables.post("/cases/<number>/schedule")
def schedule(number: str) -> ResponseReturnValue:
    typed = {name: http.form.get(name, "") for name in ("sync_frequency", "schedule_type", "daily_sync_time")}
    often, type_, hour = typed.values()
    try:
        changed = _write(
            number, lambda session, case: timetable.choose(session, case, often, type_, hour, wiring.act())
        )
    except (Unfit, Refused) as fault:
        return _page(number, fault, typed), _status(fault)
    flash(say("schedule_saved") if changed else say("schedule_as_it_was"), "ok")
    return redirect(url_for("tables.show", number=number), 303)


def _write(number: str, work: Work) -> object:
    with wiring.transaction() as session:
        return work(session, reading_case.case_for(session, number, wiring.viewer(), lock=True))


def _mark(session: Session, case: Case, schema: str, table: str) -> object:
    found = reading_tables.columns(session, case, schema, table)
    if found is None:
        raise Unfit("tables", "This table is not in the source any more: read the tables again")
    decided = [each.name for each in found[1] if each.decided or each.hashed or each.left_out]
    chosen = table_forms.columns(http.form, decided)
    strangers = {each.column for each in chosen.choices} - {each.name for each in found[1]}
    if strangers:
        raise Unfit("tables", f"{table} has no column {sorted(strangers)[0][:80]}: read the tables again")
    return table_choices.choose(session, case, chosen, wiring.act())


def _page(number: str, fault: Exception | None = None, typed: dict[str, str] | None = None) -> str:
    attempt = _attempt(fault, typed)
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        view = reading_tables.view(session, case)
        row = connections.live(session, case.id)
        now = typed or (_schedule_of(row) if row else {})
        ended = case.outcome is not None
    asked = http.args.get("q", "").strip()
    return render_template(
        "case/tables.html",
        number=case.number,
        service=case.service_name,
        view=view,
        rows=[each for each in view.rows if asked.casefold() in each.label.casefold()],
        asked=asked,
        ticked=_ticked(view),
        value_of=table_forms.value_of,
        typed=http.form.get("typed", "\n".join(dict.fromkeys(each.name for each in view.rows if each.wanted))),
        handling=a_field(
            NOTHING,
            "tables",
            "handling",
            "What is new in the source",
            kind="radio",
            choices=list(HANDLINGS.items()),
            data=http.form.get("handling", view.handling),
        ),
        fields=_fields(now, attempt) if row else (),
        form=problem_of(attempt, ANCHORS),
        may=policy.may("tables.choose", wiring.viewer().role) and not ended,
        search=a_field(NOTHING, "search", "q", "Find a table", data=asked, hint="A part of its name", required=False),
    )


def _columns(number: str, schema: str, table: str, fault: Exception | None = None) -> str:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = reading_tables.columns(session, case, schema, table)
        stamp = schema_choices.stamp(session, case.id)
    if found is None:
        abort(404, say("no_such_table"))
    return render_template(
        "case/columns.html",
        number=case.number,
        table=found[0],
        columns=found[1],
        stamp=stamp,
        hashed=set(http.form.getlist("hash")) if fault else {each.name for each in found[1] if each.hashed},
        left_out=set(http.form.getlist("leave")) if fault else {each.name for each in found[1] if each.left_out},
        form=problem_of(_attempt(fault), {"tables": "columns"}),
        may=policy.may("tables.mark", wiring.viewer().role) and case.outcome is None,
    )


def _ticked(view: TablesView) -> set[str]:
    """What is ticked: the choice, before one is made what is synced; after a refused try what the person had ticked."""
    posted = http.form.getlist("wanted")
    if http.method == "POST" and "shown" in http.form:
        return set(posted)
    return {_value(row) for row in view.rows if (row.wanted if view.decided else row.synced)}


def _value(row: TableRow) -> str:
    return table_forms.value_of(row.schema, row.name)


def _schedule_of(row: connections.Connection) -> dict[str, str]:
    return {
        "sync_frequency": str(row.sync_frequency),
        "schedule_type": row.schedule_type,
        "daily_sync_time": row.daily_sync_time or "",
    }


def _fields(now: dict[str, str], attempt: Attempt) -> tuple[FormField, ...]:
    often = [(str(minutes), capital(words)) for minutes, words in FREQUENCIES.items()]
    rows = (
        ("sync_frequency", "How often", often, ""),
        ("daily_sync_time", "Time of day", HOURS, "Only with once a day"),
        ("schedule_type", "Who starts it", list(TYPES.items()), ""),
    )
    return tuple(
        a_field(
            attempt, SCHEDULE, name, label, kind="select", choices=choices, data=now[name], hint=hint, required=not hint
        )
        for name, label, choices, hint in rows
    )


def _attempt(fault: Exception | None, typed: dict[str, str] | None = None) -> Attempt:
    """The try that was not taken, as the form fields and the summary read it."""
    if fault is None:
        return NOTHING
    field = fault.field if isinstance(fault, Unfit) else ""
    return Attempt(SCHEDULE, {name: [text] for name, text in (typed or {}).items()}, ((field, str(fault)),))


def _status(fault: Exception) -> int:
    return 422 if isinstance(fault, Unfit) else 409

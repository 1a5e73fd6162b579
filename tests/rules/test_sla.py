"""The promise's clock: known cases, and laws over random logs; test_oracle and test_vectors have the exact figures."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.logs import ALWAYS, DAY, HOUR, OFFICE, WHOLE_DAYS, because, june, log

from request_tracker.rules.calendar import Calendar, days, standard
from request_tracker.rules.clock_measure import words_for
from request_tracker.rules.clock_words import explain, summed
from request_tracker.rules.sla import ClockEvent, EventKind, RunState, fold

LAWS = settings(derandomize=True, database=None, deadline=None, max_examples=100)
# --- the plain life of a clock


def test_before_it_starts_a_clock_is_pending():
    for events in ([], log()):
        state = fold(events, as_of=june(1, 8, 59))
        assert (state.state, state.target, state.elapsed) == (RunState.PENDING, None, timedelta(0))
        assert (state.started_at, state.due_at, state.at_risk_at, state.verdict) == (None,) * 4


def test_a_running_clock_knows_what_comes():
    state = fold(log(), as_of=june(1, 12))
    assert (state.state, state.started_at, state.elapsed) == (RunState.RUNNING, june(1, 9), 3 * HOUR)
    assert (state.at_risk_at, state.urgent_at, state.due_at) == (june(2, 13), june(2, 15, 24), june(3, 9))
    assert (state.verdict, state.breached_at, state.paused_for) == (None, None, ())


def test_ten_working_days_started_on_a_monday_are_due_a_fortnight_later():
    events = log(calendar=WHOLE_DAYS, target=days(WHOLE_DAYS, 10), start=june(1, 10, 7))
    assert fold(events, as_of=june(2)).due_at == june(15, 10, 7)


def test_a_promise_to_the_end_of_friday_is_due_on_monday_and_met_over_the_weekend():
    events = log(calendar=WHOLE_DAYS, target=days(WHOLE_DAYS, 5), start=june(1))
    assert fold(events, as_of=june(6, 12)).due_at == june(8)
    assert fold([*events, *log(("stop", june(8)))[1:]], as_of=june(9)).verdict == "met"


def test_warnings_can_stand_elsewhere():
    state = fold(log(), as_of=june(1, 9), at_risk=(0.25, 0.5))
    assert (state.at_risk_at, state.urgent_at) == (june(1, 13), june(2, 9))


def test_a_mark_that_was_passed_stays_where_it_was():
    events = log(("pause", june(2, 14)), ("resume", june(4, 9)))
    state = fold(events, as_of=june(4, 10))
    assert (state.at_risk_at, state.urgent_at, state.due_at) == (june(2, 13), june(4, 10, 24), june(4, 12))


# --- met and breached


@pytest.mark.parametrize(
    "step",
    [
        ("pause", june(4, 9), because("requester_info")),
        ("stop", june(4, 9)),
        ("cancel", june(4, 9)),
        ("retarget", june(4, 9), {"target": 400 * HOUR}),
        ("recalendar", june(4, 9), {"calendar": WHOLE_DAYS}),
    ],
)
def test_a_breach_is_never_healed(step):
    state = fold(log(step), as_of=june(5))
    assert (state.verdict, state.breached_at) == ("breached", june(3, 9))


def test_a_cancelled_clock_that_was_in_time_has_no_verdict():
    state = fold(log(("cancel", june(2, 9))), as_of=june(30))
    assert (state.state, state.verdict, state.elapsed) == (RunState.CANCELLED, None, 8 * HOUR)
    assert (state.stopped_at, state.due_at) == (june(2, 9), None)


def test_nothing_happens_to_a_clock_after_its_end():
    late = [("pause", june(3, 10)), ("retarget", june(3, 11), {"target": HOUR}), ("cancel", june(3, 12))]
    assert fold(log(("stop", june(2, 9)), *late), as_of=june(30)) == fold(log(("stop", june(2, 9))), as_of=june(30))


# --- holds


def test_a_hold_of_some_working_time_moves_the_promise_by_as_much():
    events = log(("pause", june(1, 16)), ("resume", june(2, 10)))
    assert fold(events, as_of=june(2, 12)).due_at == june(3, 11)


def test_pausing_twice_for_one_reason_is_pausing_once():
    twice = log(
        ("pause", june(1, 10), because("a")),
        ("pause", june(1, 11), because("a")),
        ("resume", june(1, 12), because("a")),
    )
    assert fold(twice, as_of=june(1, 13)).state is RunState.RUNNING
    assert fold(twice, as_of=june(1, 13)).paused_for == (("a", 2 * HOUR),)


def test_a_resume_without_reason_ends_every_hold_and_a_foreign_one_ends_none():
    holds = [("pause", june(1, 10), because("a")), ("pause", june(1, 11), because("b"))]
    assert fold(log(*holds, ("resume", june(1, 12))), as_of=june(1, 13)).state is RunState.RUNNING
    assert fold(log(*holds, ("resume", june(1, 12), because("c"))), as_of=june(1, 13)).state is RunState.PAUSED


def test_a_stop_while_on_hold_counts_what_had_elapsed():
    state = fold(log(("pause", june(1, 12)), ("stop", june(30, 12))), as_of=june(30, 13))
    assert (state.verdict, state.elapsed) == ("met", 3 * HOUR)


# --- other targets, other hours


def test_a_new_target_keeps_what_has_elapsed():
    longer = fold(log(("retarget", june(2, 9), {"target": 24 * HOUR})), as_of=june(2, 10))
    assert (longer.elapsed, longer.target, longer.due_at, longer.verdict) == (9 * HOUR, 24 * HOUR, june(4, 9), None)


@pytest.mark.parametrize("held", [(), (("pause", june(2, 9)),)])
def test_a_target_that_is_already_behind_breaks_the_promise_when_it_is_set(held):
    state = fold(log(*held, ("retarget", june(2, 12), {"target": 4 * HOUR})), as_of=june(20))
    assert (state.verdict, state.breached_at) == ("breached", june(2, 12))


def test_a_target_that_is_just_reached_when_it_is_set_is_not_broken_yet():
    events = log(("retarget", june(1, 17), {"target": 8 * HOUR}))
    state = fold(events, as_of=june(2, 9))
    assert (state.due_at, state.breached_at) == (june(2, 9), None)
    assert fold(events, as_of=june(2, 10)).breached_at == june(2, 9)


def test_after_a_breach_a_longer_target_gives_a_new_due_date_and_keeps_the_verdict():
    state = fold(log(("retarget", june(3, 17), {"target": 40 * HOUR})), as_of=june(4, 9))
    assert (state.due_at, state.breached_at, state.verdict) == (june(8, 9), june(3, 9), "breached")


def test_a_shorter_target_leaves_a_broken_promise_due_when_it_was():
    shorter = ("retarget", june(4, 9), {"target": 4 * HOUR})
    state = fold(log(shorter), as_of=june(8))
    assert (state.due_at, state.breached_at, state.urgent_at) == (june(3, 9), june(3, 9), june(2, 15, 24))
    anew = fold(log(("retarget", june(3, 17), {"target": 40 * HOUR}), shorter), as_of=june(8))
    assert (anew.due_at, anew.breached_at) == (june(4, 9), june(3, 9)), "of the second promise, which ended with this"


def test_new_hours_count_from_their_own_instant_on():
    state = fold(log(("recalendar", june(2, 9), {"calendar": ALWAYS})), as_of=june(2, 10))
    assert (state.elapsed, state.due_at) == (9 * HOUR, june(2, 17))


# --- taking back


def test_a_stop_taken_back_never_was():
    events = log(("stop", june(1, 12)), ("void", june(2, 9), {"voids": 2}))
    assert fold(events, as_of=june(1, 13)).state is RunState.STOPPED
    assert fold(events, as_of=june(2, 10)) == fold(log(), as_of=june(2, 10))


def test_a_pause_taken_back_never_was():
    events = log(("pause", june(1, 10), because("a")), ("resume", june(3, 10)), ("void", june(3, 11), {"voids": 2}))
    assert fold(events, as_of=june(3, 12)) == fold(log(), as_of=june(3, 12))


def test_a_start_taken_back_leaves_no_clock():
    events = log(("pause", june(1, 10)), ("void", june(1, 11), {"voids": 1}))
    assert fold(events, as_of=june(30)) == fold([], as_of=june(30))


def test_taking_back_can_be_taken_back():
    events = log(("stop", june(1, 12)), ("void", june(1, 13), {"voids": 2}), ("void", june(1, 14), {"voids": 3}))
    assert fold(events, as_of=june(2)) == fold(log(("stop", june(1, 12))), as_of=june(2))


def test_unmerging_takes_the_stop_back_and_counts_the_merged_span_as_a_pause():
    events = log(
        ("stop", june(1, 12)),
        ("void", june(4, 9), {"voids": 2}),
        ("pause", june(1, 12), because("merged")),
        ("resume", june(4, 9), because("merged")),
    )
    state = fold(events, as_of=june(4, 10))
    assert (state.elapsed, state.due_at, state.verdict) == (4 * HOUR, june(5, 14), None)


def test_what_is_effective_later_does_not_exist_yet_and_the_order_given_does_not_matter():
    events = log(("pause", june(1, 12), because("a")), ("resume", june(1, 12), because("a")), ("stop", june(2, 9)))
    assert fold(events[::-1], as_of=june(1, 13)) == fold(events[:3], as_of=june(1, 13))
    assert fold(events[::-1], as_of=june(1, 13)).state is RunState.RUNNING


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        ("start", {"target": HOUR}, "calendar"),
        ("start", {"calendar": OFFICE}, "target"),
        ("retarget", {}, "target"),
        ("retarget", {"target": timedelta(0)}, "more than none"),
        ("recalendar", {}, "calendar"),
        ("void", {}, "voids"),
    ],
)
def test_an_event_without_its_own_field_is_refused(kind, fields, says):
    with pytest.raises(ValueError, match=says):
        ClockEvent(1, EventKind(kind), june(1), june(1), **fields)


def test_naive_instants_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        ClockEvent(1, EventKind.STOP, datetime(2026, 6, 1), june(1))
    with pytest.raises(ValueError, match="time zone"):
        fold([], as_of=datetime(2026, 6, 1))


# --- in words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (28 * HOUR, "3 working days 4 h"),
        (8 * HOUR, "1 working day"),
        (timedelta(minutes=61), "1 h 1 min"),
        (timedelta(seconds=59), "less than 1 min"),
        (timedelta(0), "0 min"),
        (-12 * HOUR, "minus 1 working day 4 h"),
    ],
)
def test_durations_are_told_in_working_days(duration, words):
    assert words_for(duration, OFFICE) == words


def test_a_clock_explains_every_event_and_its_arithmetic():
    events = log(
        ("pause", june(8, 11), because("requester_info")),
        ("pause", june(8, 12), because("requester_info")),
        ("resume", june(9, 11), because("requester_info")),
        ("stop", june(9, 12)),
        ("void", june(9, 13), {"voids": 5}),
        target=80 * HOUR,
    )
    lines = explain(events, as_of=june(9, 14))
    assert [(line.at, line.sentence, line.elapsed) for line in lines] == [
        (june(1, 9), "Started, with a target of 10 working days.", 0 * HOUR),
        (june(8, 11), "Paused. Reason: requester_info.", 42 * HOUR),
        (june(8, 12), "Paused. Reason: requester_info. It changed nothing.", 42 * HOUR),
        (june(9, 11), "Resumed. Reason: requester_info.", 42 * HOUR),
        (june(9, 12), "Stopped. Taken back by event 6: it counts for nothing.", 43 * HOUR),
        (june(9, 13), "Event 5 was taken back.", 44 * HOUR),
        (
            june(9, 14),
            "Elapsed 5 working days 5 h of 10 working days; paused 1 working day (requester_info). "
            "Due Tue 16 Jun 2026 09:00 (Europe/Berlin).",
            45 * HOUR,
        ),
    ]


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ([], "The promise was broken at Wed 3 Jun 2026 09:00 (Europe/Berlin)."),
        ([("stop", june(2, 9))], "It stopped in time: the promise was kept."),
        ([("cancel", june(2, 9))], "It was cancelled before it was due."),
        ([("pause", june(2, 9))], "There is no due date while it is paused."),
        ([("void", june(2, 9), {"voids": 1})], "The clock has not started."),
    ],
)
def test_the_last_line_says_how_the_clock_stands(steps, end):
    assert explain(log(*steps), as_of=june(29))[-1].sentence.endswith(end)


# --- over random logs

TICK = timedelta(minutes=10)
BEGIN = datetime(2026, 10, 20, tzinfo=UTC)  # Berlin, Cairo and New York change their clocks in the days that follow
CALENDARS = (
    standard("Africa/Cairo"),
    ALWAYS,
    Calendar("Europe/Berlin", (((540, 720), (780, 1020)),) * 5 + ((), ((60, 170),)), frozenset({date(2026, 10, 22)})),
    Calendar("America/New_York", (((0, 1440),),) * 5 + ((), ((30, 100),)), frozenset()),
)
ticks = st.integers(0, 14 * 144).map(lambda n: BEGIN + n * TICK)
targets = st.integers(1, 40).map(lambda n: n * 20 * TICK)  # three quarters and nine tenths are whole ticks
reasons = st.sampled_from(["", "requester_info", "source_vendor"])


@st.composite
def logs(draw):
    """A start early on, then anything at any time: in every order, repeated, taken back, out of place."""
    kinds = st.sampled_from([*EventKind, EventKind.PAUSE, EventKind.RESUME, EventKind.RESUME])
    start = BEGIN + draw(st.integers(0, 144)) * TICK
    events = [
        ClockEvent(1, EventKind.START, start, start, target=draw(targets), calendar=draw(st.sampled_from(CALENDARS)))
    ]
    for number, (kind, at) in enumerate(draw(st.lists(st.tuples(kinds, ticks), max_size=9)), start=2):
        events.append(
            ClockEvent(
                number,
                kind,
                at,
                at,
                reason=draw(reasons),
                voids=draw(st.integers(1, number - 1)) if kind is EventKind.VOID else None,
                target=draw(targets) if kind in (EventKind.START, EventKind.RETARGET) else None,
                calendar=draw(st.sampled_from(CALENDARS)) if kind in (EventKind.START, EventKind.RECALENDAR) else None,
            )
        )
    return draw(st.permutations(events))


@LAWS
@given(logs(), ticks)
def test_an_explanation_ends_with_what_the_fold_says(events, as_of):
    lines = explain(events, as_of=as_of)
    assert len(lines) == 1 + sum(e.effective_at <= as_of for e in events)
    assert lines[-1].elapsed == fold(events, as_of=as_of).elapsed
    assert all(a.at <= b.at and a.elapsed <= b.elapsed for a, b in pairwise(lines))


@LAWS
@given(logs(), ticks, st.timedeltas(timedelta(0), 300 * DAY))
def test_a_log_without_more_events_never_changes_its_breach(events, as_of, later):
    known = [e for e in events if e.effective_at <= as_of]
    seen = fold(known, as_of=as_of).breached_at
    assert seen is None or fold(known, as_of=as_of + later).breached_at == seen


def test_the_minutes_told_sum_up_to_the_minutes_elapsed() -> None:
    """Three times an hour and fifty seconds: each rounded down by itself would lose two minutes."""
    steps = []
    for n in range(1, 4):
        paused = june(1, 9) + n * (HOUR + timedelta(seconds=50)) + (n - 1) * timedelta(minutes=10)
        steps += [("pause", paused, because("x")), ("resume", paused + timedelta(minutes=10), because("x"))]
    told = summed(log(*steps), as_of=steps[-1][1])
    wait = " + stood still 10 min (x) + "
    assert told.startswith(
        f"Ran 1 h{wait}ran 1 h 1 min{wait}ran 1 h 1 min + stood still 10 min (x) = elapsed 3 h 2 min"
    )

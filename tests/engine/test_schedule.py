"""Every event acts exactly once, in order, and a schedule may be cut anywhere."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedo.engine import Schedule, simulate
from livedo.engine.randomness import uniform
from livedo.errors import InputError

ROWS = {"parameters": {"hd": 0, "q": 1}, "states": {"A": 0}, "observables": {"o": 0}}


def laid_out(schedule, begin, end, patients=3, **edges):
    return schedule.layout(np.arange(patients), begin, end, ROWS, **edges)


@given(
    st.lists(st.tuples(st.floats(-5, 40), st.one_of(st.none(), st.floats(0.5, 12))), min_size=1, max_size=5),
    st.lists(st.floats(0.0, 30.0), max_size=6),
)
def test_windows_share_the_events_of_a_run_without_loss_or_repeat(rules, cuts):
    schedule = Schedule()
    for at, every in rules:
        schedule = schedule.bolus("A", 1.0, at, every=every)
    whole = laid_out(schedule, 0.0, 30.0, at_begin=True, at_end=True)
    edges = [0.0, *sorted(set(cuts) - {0.0, 30.0}), 30.0]
    parts = []
    for i, (begin, end) in enumerate(itertools.pairwise(edges)):
        last = i == len(edges) - 2
        part = laid_out(schedule, begin, end, at_begin=True, at_end=last)
        parts.append(part.time[part.first[0] : part.first[1]])
    assert np.allclose(np.concatenate(parts), whole.time[whole.first[0] : whole.first[1]])


@given(times=st.lists(st.integers(0, 24), min_size=1, max_size=8), cut=st.integers(0, 24))
def test_every_bolus_acts_once_wherever_it_falls(pools, times, cut):
    _, kernel = pools
    schedule = Schedule()
    for t in times:
        schedule = schedule.bolus("B", 1.0, float(t))
    given_ = {"k": 0.0, "intake": 0.0}
    run = simulate(kernel, until=24.0, parameters=given_, schedule=schedule)
    assert run.final_state("B")[0] == pytest.approx(3.0 + len(times), abs=1e-12)
    first = simulate(kernel, until=float(cut), parameters=given_, schedule=schedule)
    second = simulate(kernel, until=24.0, start=first.final, schedule=schedule)
    assert second.final_state("B")[0] == pytest.approx(3.0 + len(times), abs=1e-12)


def test_a_sample_at_the_time_of_an_event_shows_the_left_value(pools):
    _, kernel = pools
    schedule = Schedule().bolus("B", 1.0, 0.0).bolus("B", 1.0, 6.0).bolus("B", 1.0, 12.0)
    run = simulate(kernel, until=12.0, times=[0.0, 6.0, 12.0], schedule=schedule, parameters={"k": 0.0, "intake": 0.0})
    assert np.allclose(run["B"][0], [3.0, 4.0, 5.0])
    assert run.final_state("B")[0] == pytest.approx(6.0)


def test_coincident_events_act_in_the_order_of_their_rules(pools):
    _, kernel = pools
    add, double = ("B", 1.0, 5.0), ("B", 2.0, 5.0)
    quiet = {"k": 0.0, "intake": 0.0}
    first = simulate(kernel, until=6.0, parameters=quiet, schedule=Schedule().bolus(*add).scale(*double))
    second = simulate(kernel, until=6.0, parameters=quiet, schedule=Schedule().scale(*double).bolus(*add))
    assert first.final_state("B")[0] == pytest.approx(8.0)
    assert second.final_state("B")[0] == pytest.approx(7.0)


def test_a_held_input_keeps_the_value_of_its_moment(pools):
    _, kernel = pools
    run = simulate(kernel, until=10.0, schedule=Schedule().hold("held", "A", at=4.0), times=[4.0])
    assert run.final.parameters[0, kernel.layout.parameters.index("held")] == pytest.approx(run["A"][0, 0], abs=1e-12)


def test_sessions_are_missed_and_shortened_by_their_own_draws():
    def happens(patients, occurrence):
        return uniform(1, "missed", patients, occurrence) > 0.3

    def shortened(patients, occurrence):
        return uniform(1, "short", patients, occurrence)

    schedule = Schedule().session(
        {"hd": 1.0}, {"hd": 0.0}, at=[8.0, 56.0, 104.0], hours=4.0, happens=happens, shortened=shortened
    )
    events = laid_out(schedule, 0.0, 168.0 * 50, patients=20, at_begin=True)
    starts, ends = events.time[:-1][events.value[:-1] == 1.0], events.time[:-1][events.value[:-1] == 0.0]
    assert len(starts) == len(ends) == pytest.approx(0.7 * 150 * 20, rel=0.05)
    lengths = ends - starts
    assert np.all((lengths > 3.0) & (lengths < 4.0))
    assert np.mean(lengths) == pytest.approx(3.5, abs=0.02)


def test_pauses_and_stops_leave_whole_sessions_out():
    schedule = Schedule().session(
        {"hd": 1.0}, {"hd": 0.0}, at=[8.0], hours=4.0, every=24.0, pauses=((48.0, 96.0),), stop=9 * 24.0 + 8.0
    )
    events = laid_out(schedule, 0.0, 1000.0, patients=1, at_begin=True)
    on = events.time[:-1][events.value[:-1] == 1.0]
    assert np.allclose((on - 8.0) / 24.0, [0, 1, 4, 5, 6, 7, 8])
    assert np.sum(events.value[:-1] == 0.0) == len(on)


def test_an_unknown_target_is_refused():
    with pytest.raises(InputError, match="does not have"):
        laid_out(Schedule().set("nothing", 1.0), 0.0, 1.0)


def test_rules_that_share_their_times_act_as_each_alone_would():
    def late(patients, occurrence):
        return uniform(1, "late", patients, occurrence)

    at = np.array([8.0, 9.0, 10.0])
    own = {"every": 24.0, "delay": late}
    both = Schedule().set("hd", at, at, **own).set("q", 2.0, at, **own)
    apart = Schedule().set("hd", at, at, **own).set("q", 2.0, at.copy(), **own)
    assert both.rules[0].timing == both.rules[1].timing
    assert apart.rules[0].timing != apart.rules[1].timing
    for schedules in ((both, apart), (both.chosen(np.array([2, 0, 1])), apart.chosen(np.array([2, 0, 1])))):
        one, other = (laid_out(s, 0.0, 100.0) for s in schedules)
        assert len(one.time) == 2 * 4 * 3 + 1
        assert all(np.array_equal(getattr(one, f), getattr(other, f)) for f in ("first", "time", "row", "value"))

"""Experiments on the body itself: fast ones whole, and the tools that others stand on."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.evidence import Context, NotSimulated
from livedo.evidence.experiments import (
    bone,
    clamp,
    elimination,
    find,
    kidney_states,
    parathyroid,
    phosphate_fit,
    sessions,
)
from livedo.evidence.experiments.clamp import ramp, step
from livedo.evidence.experiments.sessions_run import replaced


@pytest.fixture(scope="module")
def ctx() -> Context:
    return Context(quick=True)


def test_groups_start_at_a_week_that_repeats_itself(ctx: Context) -> None:
    group = ctx.reference
    run = group.run(168.0 + 56.0, [56.0, 168.0 + 56.0], tolerance=1e-7)
    for name in ("P", "Ca_total", "PTH"):
        assert run[name][0, 1] == pytest.approx(run[name][0, 0], rel=2e-3), name
        assert group.labs[name][0] == pytest.approx(run[name][0, 0], rel=1e-3), name


def test_group_is_the_same_from_disk(ctx: Context) -> None:
    again = Context(quick=True).healthy_reference
    assert np.array_equal(again.moment.states, ctx.healthy_reference.moment.states)
    assert again.labs.keys() == ctx.healthy_reference.labs.keys()


def test_people_are_chosen_with_all_that_is_theirs(ctx: Context) -> None:
    group = ctx.healthy.chosen(np.array([3, 3, 0]))
    assert len(group) == 3
    assert group.labs["PTH"][0] == group.labs["PTH"][1] == ctx.healthy.labs["PTH"][3]
    with pytest.raises(NotSimulated):
        ctx.healthy.chosen(np.zeros(len(ctx.healthy), dtype=bool))


def test_what_the_body_lacks_is_named(ctx: Context) -> None:
    with pytest.raises(NotSimulated, match="phlogiston"):
        ctx.need("PTH", "phlogiston")


def test_something_made_once_is_not_made_again(ctx: Context) -> None:
    calls: list[int] = []
    for _ in range(2):
        ctx.once("a thing", lambda: calls.append(1))
    assert calls == [1]


def test_clamp_keeps_calcium_on_its_course(ctx: Context) -> None:
    group = ctx.healthy.chosen(np.arange(8))
    held = clamp.clamp(group, step(-0.2, 30))
    change = held.calcium[:, 1:] - held.calcium[:, :1]
    assert np.abs(change + 0.2).max() < 0.01
    led = clamp.clamp(group, ramp(0.1, 20, back=20))
    assert np.abs(led.calcium[:, 20] - led.calcium[:, 0] - 0.1).max() < 0.01
    assert np.abs(led.calcium[:, -1] - led.calcium[:, 0]).max() < 0.015


def test_low_calcium_raises_pth_to_a_peak_above_its_plateau(ctx: Context) -> None:
    assert parathyroid.peak(ctx).value > parathyroid.plateau(ctx).value > 1.0


def test_half_way_finds_the_crossing() -> None:
    calcium = np.linspace(1.3, 1.0, 31)[None, :]
    pth = np.linspace(0.0, 60.0, 31)[None, :]
    assert clamp.half_way(calcium, pth, np.array([30.0]))[0] == pytest.approx(1.15)
    assert np.isnan(clamp.half_way(calcium, pth, np.array([99.0]))[0])


def test_half_way_looks_only_at_the_leg_it_is_given() -> None:
    calcium = np.array([[1.2, 1.1, 1.0, 1.1, 1.2]])
    pth = np.array([[0.0, 20.0, 40.0, 10.0, 0.0]])
    down, back = np.where(np.arange(5) <= 2, pth, np.nan), np.where(np.arange(5) >= 2, pth, np.nan)
    assert clamp.half_way(calcium, down, np.array([20.0]))[0] == pytest.approx(1.1)
    assert clamp.half_way(calcium, back, np.array([20.0]))[0] == pytest.approx(1.0 + 0.1 * 20 / 30)


def test_both_half_lives_of_a_course_are_found() -> None:
    minutes = elimination.SAMPLED
    values = 30.0 * np.exp2(-minutes / 3.4) + 2.0 * np.exp2(-minutes / 80.0)
    fast, slow = elimination.two_half_lives(minutes, values)
    assert fast == pytest.approx(3.4, rel=0.03)
    assert slow == pytest.approx(80.0, rel=0.03)


def test_a_session_is_the_first_of_the_week_or_follows_it(ctx: Context) -> None:
    first = sessions.session(ctx, ctx.reference, "reference", start=8.0)
    midweek = sessions.session(ctx, ctx.reference, "reference")
    assert first.at("P", 0)[0] > midweek.at("P", 0)[0]
    assert midweek.at("P", 0)[0] == pytest.approx(ctx.reference.labs["P"][0], rel=1e-3)


def test_pseudo_one_compartment_course_meets_its_level_without_dialysis() -> None:
    start = np.array([1.5, 2.0])
    one = np.ones(2)
    times = np.array([0.0, 2.0, 4.0, 40.0])
    course = phosphate_fit.course(start, times, 4.0, 6.0 * one, 9.0 * one, 0.0 * one, 12.0 * one)
    assert course[:, 2] == pytest.approx(start * (0.4 + 0.6 * np.exp(-15.0 / 12.0 * 4.0)))
    assert course[:, 3] == pytest.approx(start, rel=1e-4)


def test_pseudo_one_compartment_fit_finds_what_made_the_course() -> None:
    start, mobilised, volume = np.array([1.5, 2.0]), np.array([5.0, 7.0]), np.array([9.0, 12.0])
    dialyser, filtered = np.array([7.0, 8.0]), np.array([0.6, 0.4])
    times = np.array([0.0, 1.0, 3.5, 4.0])
    drawn = phosphate_fit.course(start, times, 3.5, mobilised, dialyser, filtered, volume, 40)
    found = phosphate_fit.fitted_course(drawn, times, 3.5, dialyser, filtered, 40)
    assert found[0] == pytest.approx(mobilised, rel=1e-4)
    assert found[1] == pytest.approx(volume, rel=1e-4)


def test_curve_is_read_at_its_midpoints() -> None:
    down = np.linspace(1.2, 0.9, 61)
    up = np.linspace(1.2, 1.5, 61)

    def pth(calcium: np.ndarray) -> np.ndarray:
        return 1.0 + 9.0 / (1.0 + (calcium / 1.1) ** 40)

    greatest, least, half, middle = clamp._read(down, pth(down), up, pth(up))
    assert greatest == pytest.approx(10.0, rel=1e-2)
    assert least == pytest.approx(1.0, rel=1e-2)
    assert middle == pytest.approx(1.1, abs=2e-3)
    assert half > middle


@pytest.mark.parametrize(
    ("name", "setting"),
    [("bone.conserved", {"element": "Ca"}), ("bone.conserved", {"element": "P"}), ("sessions.weekly_balance", {})],
)
def test_laws_hold(ctx: Context, name: str, setting: dict[str, str]) -> None:
    assert find(name)(ctx, **setting).value < (1.0 if name == "sessions.weekly_balance" else 1e-9)


def test_phosphorus_is_in_the_balance_check(ctx: Context) -> None:
    assert bone.conserved(ctx, element="P").value >= 0.0
    with pytest.raises(NotSimulated):
        bone.conserved(ctx, element="Xe")


def test_litres_replaced_in_a_session_are_a_flow_and_none_is_haemodialysis() -> None:
    assert replaced(20.0, 4.0) == {"Qsub": 5.0}
    assert replaced(0.0, 4.0) == {}


def test_peritoneal_prescriptions_move_inputs_of_the_body(ctx: Context) -> None:
    for prescription in kidney_states.PRESCRIPTIONS.values():
        assert set(prescription) <= set(ctx.body.inputs)


def test_phosphate_is_drawn_as_often_as_in_the_study_and_read_when_it_was() -> None:
    assert len(kidney_states.DRAWS) == 27
    assert 13.0 in kidney_states.DRAWS
    assert np.all(np.diff(kidney_states.DRAWS) > 0)


def test_same_draw_gives_the_same_number() -> None:
    one, other = Context(quick=True, threads=1), Context(quick=True, threads=2)
    assert parathyroid.basal(one, who="healthy") == parathyroid.basal(other, who="healthy")

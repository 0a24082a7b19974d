"""A protocol on a cohort: arms share their draws, nothing is lost between intervals, doses do what they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from livedo.body import load_body
from livedo.care import read_plan
from livedo.care.operations import needed, outcome
from livedo.care.protocols import read_protocol
from livedo.care.targets import targets
from livedo.care.titration import settled, titrate
from livedo.care.visits import Visits
from livedo.errors import InputError
from livedo.patients import cohort

ROOT = Path(__file__).resolve().parents[2]
THREE = ("phosphate", "calcium_total", "pth")

IDLE = """name: Idle
source: made for a test
target: usual
lines:
  binder:
    class: phosphate binder
    options:
      - {drug: sevelamer, taken: with 3 meals, ladder: [800 mg, 1600 mg, 2400 mg]}
rules:
  - {name: never, when: phosphate down more than 99 % over 1 visit, do: binder up}
"""
OPERATE = """name: Operate
source: made for a test
target: usual
lines:
  binder:
    class: phosphate binder
    options:
      - {drug: sevelamer, taken: with 3 meals, ladder: [800 mg, 1600 mg, 2400 mg]}
  surgery: {class: operation, operation: subtotal}
rules:
  - {name: high, when: pth above label_calcimimetic, do: surgery, urgent: yes}
"""
VITAMIN = """name: Vitamin
source: made for a test
target: usual
lines:
  cholecalciferol:
    class: vitamin D supplement
    options:
      - {drug: cholecalciferol, schedule: daily, route: oral, ladder: [50 ug]}
rules:
  - {name: low, when: calcidiol below deficient, do: cholecalciferol up}
"""


@pytest.fixture(scope="module")
def body():
    return load_body().part_for()


@pytest.fixture(scope="module")
def kernel(body):
    return body.kernel()


@pytest.fixture(scope="module")
def plan():
    return read_plan(ROOT / "examples" / "plans" / "usual_care.yaml")


@pytest.fixture(scope="module")
def few(body):
    return cohort(body, 21, 4)


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "protocol.yaml"
        path.write_text(text, encoding="utf-8")
        return read_protocol(path)

    return write


def test_arms_with_the_same_protocol_are_bit_equal(body, kernel, plan, few):
    first, second = (
        titrate(body, kernel, few, read_protocol("kdigo"), months=3, seed=2, plan=plan, threads=n) for n in (1, 2)
    )
    assert np.array_equal(first.final.states, second.final.states)
    assert np.array_equal(first.step, second.step)
    for analyte in first.measured:
        assert np.array_equal(first.measured[analyte], second.measured[analyte], equal_nan=True)


def test_a_patients_course_does_not_depend_on_the_company(body, kernel, plan, few):
    index = np.array([3, 17, 8])
    whole = titrate(body, kernel, few, read_protocol("kdigo"), months=3, seed=2, plan=plan)
    some = titrate(body, kernel, few.chosen(index), read_protocol("kdigo"), months=3, seed=2, plan=plan)
    assert np.array_equal(whole.final.states[index], some.final.states)
    assert np.array_equal(whole.change[index], some.change)


def test_the_noise_of_labs_is_the_same_in_every_arm(body, kernel, plan, few):
    start = settled(body, kernel, few, read_protocol("kdigo"), plan, seed=2)
    arms = [
        titrate(body, kernel, few, read_protocol(name), months=4, seed=2, plan=plan, start=start)
        for name in ("label_cinacalcet", "label_paricalcitol")
    ]
    for analyte in THREE:
        ratio = [arm.measured[analyte] / arm.true[analyte] for arm in arms]
        assert np.allclose(ratio[0], ratio[1], rtol=1e-12, equal_nan=True)


def test_cutting_a_run_into_visits_loses_nothing(body, kernel, plan, few, written):
    idle = written(IDLE)
    start = settled(body, kernel, few, idle, plan, seed=2)
    short = titrate(body, kernel, few, idle, months=4, seed=2, plan=plan, start=start, visits=Visits(weeks=2))
    long = titrate(body, kernel, few, idle, months=2, seed=2, plan=plan, start=start)
    assert not short.change.any()
    # the attended share, which doses at sessions follow, is counted per interval; swallowed drugs do not change
    for analyte in THREE:
        assert np.allclose(short.weekly[analyte], long.weekly[analyte], rtol=1e-3)


def test_missed_sessions_happen_once_and_are_counted(body, kernel, plan, few, written):
    run = titrate(body, kernel, few, written(IDLE), months=6, seed=2, plan=plan)
    expected = 1 - few.missed_per_year / (3 * 365.25 / 7)
    assert run.attended.mean() == pytest.approx(expected.mean(), abs=0.04)
    missing = 1 - run.attended.mean(axis=1)
    assert np.corrcoef(missing, few.missed_per_year)[0, 1] > 0.5


def test_a_protocol_begins_at_the_plans_dose(body, kernel, plan, few, written):
    run = titrate(body, kernel, few, written(IDLE), months=1, seed=2, plan=plan)
    assert (run.step[:, 0, 0] == 2).all()
    assert run.pills[0, 0] == 6.0


def test_vitamin_d_raises_25_hydroxyvitamin_d(body, kernel, plan, few, written):
    visits = Visits(missed=0.0, panel=(*THREE, "calcidiol"), seldom={})
    run = titrate(body, kernel, few, written(VITAMIN), months=6, seed=2, plan=plan, visits=visits)
    given = run.step[:, 2, 0] > 0
    rise = run.true["calcidiol"][:, -1] - run.true["calcidiol"][:, 0]
    assert given.any()
    assert (rise[given] > 10).all()
    assert np.abs(rise[run.step[:, -1, 0] == 0]).max(initial=0.0) < 1


def test_an_operation_lowers_pth_at_once_and_touches_nobody_else(body, kernel, plan, few, written):
    visits = Visits(missed=0.0, panel=THREE, seldom={})
    start = settled(body, kernel, few, written(IDLE), plan, seed=2)
    run = titrate(body, kernel, few, written(OPERATE), months=4, seed=2, plan=plan, start=start, visits=visits)
    spared = titrate(body, kernel, few, written(IDLE), months=4, seed=2, plan=plan, start=start, visits=visits)
    operated = np.isfinite(run.operated)
    assert 0 < operated.sum() < len(few)
    assert np.array_equal(run.final.states[~operated], spared.final.states[~operated])
    failed = outcome("subtotal", seed=2, patients=few.numbers).failed
    for patient in np.flatnonzero(operated & ~failed & (run.operated < 8 * 168)):
        week = int(run.operated[patient] // 168)
        assert run.weekly["pth"][patient, week + 1] < 0.25 * run.weekly["pth"][patient, week - 1]


def test_a_tenth_of_operations_fail():
    drawn = outcome("total", seed=1, patients=np.arange(20_000))
    assert drawn.failed.mean() == pytest.approx(0.10, abs=0.01)
    assert np.median(drawn.remnant[~drawn.failed]) == pytest.approx(0.03, rel=0.05)
    assert np.median(drawn.remnant[drawn.failed]) > 0.4
    with pytest.raises(InputError):
        outcome("partial", seed=1, patients=np.arange(3))


def test_calcium_after_an_operation_goes_by_need():
    share = np.full(5, 0.5)
    assert needed(share, np.array([1.9, 2.2, 2.45, 2.7, np.nan])).tolist() == [1.0, 0.5, 0.25, 0.0, 0.5]


@pytest.fixture(scope="module")
def arms(body, kernel, plan):
    """Two years of 200 patients under the rules in the manner of KDIGO and under the naive ones, and the same start."""
    many = cohort(body, 200, 1)
    start = settled(body, kernel, many, read_protocol("kdigo"), plan, seed=1)
    return {
        name: titrate(body, kernel, many, read_protocol(name), months=26, seed=1, plan=plan, start=start)
        for name in ("kdigo", "naive")
    }


def test_the_rules_bring_more_patients_into_range_but_not_all(arms):
    run = arms["kdigo"]
    assert not run.failures
    inside = [(run.true[a][:, 0] >= targets()[a].low) & (run.true[a][:, 0] <= targets()[a].high) for a in THREE]
    before, after = np.all(inside, axis=0).mean(), run.attainment(measured=False)
    assert after["all"] > before + 0.05
    assert all(0.25 < after[a] < 0.98 for a in THREE)
    assert after["all"] < min(after[a] for a in THREE)


def test_the_body_is_nearer_to_its_range_than_single_labs_say(arms):
    measured, true = arms["kdigo"].attainment(), arms["kdigo"].attainment(measured=False)
    assert true["calcium_total"] > measured["calcium_total"]


def test_without_dead_bands_doses_go_up_and_down_more(arms):
    assert arms["naive"].changes_per_year()["all"] > 1.2 * arms["kdigo"].changes_per_year()["all"]
    assert arms["naive"].reversals_per_year() > 2.0 * arms["kdigo"].reversals_per_year()


def test_without_dead_bands_pth_moves_more(arms):
    # operated patients are left out of both arms: only one of the two protocols operates, and one operation moves PTH
    # further than two years of doses
    kept = ~np.isfinite(arms["kdigo"].operated)
    moved = {name: np.var(np.log(run.weekly["pth"][kept, 52:]), axis=1).mean() for name, run in arms.items()}
    assert moved["naive"] > moved["kdigo"]


def test_a_plan_that_prescribes_a_dry_weight_is_refused(body, kernel, plan, few):
    rule = plan.dialysis[0].model_copy(update={"dry_weight": plan.dialysis[0].hours})
    with pytest.raises(InputError, match="dry weight"):
        titrate(
            body,
            kernel,
            few,
            read_protocol("kdigo"),
            months=1,
            seed=1,
            plan=plan.model_copy(update={"dialysis": (rule,)}),
        )

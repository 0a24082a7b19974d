"""Plans of other kidney states compared on one patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from livedo.care import read_plan
from livedo.care.plan import Plan
from livedo.errors import InputError
from livedo.records import read
from livedo.tracking import compare
from livedo.tracking.comparison import Comparison
from livedo.tracking.outcomes import Record, warnings_of

ROOT = Path(__file__).resolve().parents[2]
PLANS = ROOT / "examples" / "plans"
CAPD = {"mode": "CAPD", "exchanges": 5, "fill": "2.5 L", "dialysate_calcium": "1.25 mmol/L"}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    chart = read(ROOT / "examples" / "records" / "Ira_Gerhold.bundle.json.gz")
    on_peritoneal = Plan.model_validate({"name": "CAPD", "peritoneal_dialysis": [CAPD]})
    plans = [on_peritoneal, *(read_plan(PLANS / f"{name}.yaml") for name in ("haemodiafiltration", "transplant"))]
    return compare(chart, plans, years=0.5, members=6, seed=1, threads=1)


def test_a_patient_may_start_on_peritoneal_dialysis_and_change_from_it(comparison: Comparison) -> None:
    assert [outcome.failures for outcome in comparison.outcomes] == [{}, {}, {}]
    for outcome in comparison.outcomes:
        assert np.all(np.isfinite(outcome.values["P"]))


def test_a_quantity_of_sessions_is_empty_without_sessions(comparison: Comparison) -> None:
    peritoneal, filtration, _ = comparison.outcomes
    assert np.all(np.isnan(peritoneal.summary["ca_gained_session"]))
    assert np.all(np.isfinite(peritoneal.summary["ca_gained_pd_day"]))
    assert "ca_gained_pd_day" not in filtration.summary
    assert np.all(np.isfinite(filtration.summary["ca_gained_session"]))


def test_phosphorus_removed_counts_both_ways_of_dialysis(comparison: Comparison) -> None:
    for outcome in comparison.outcomes[:2]:
        assert np.all(outcome.summary["p_removed_week"] > 500)


def test_limits_of_pth_are_not_those_of_a_working_graft(comparison: Comparison) -> None:
    transplant = comparison.outcomes[2]
    weeks = np.arange(transplant.values["PTH"].shape[1])
    low = transplant.values["PTH"] < 11.0
    assert low[:, weeks >= 6].mean() > low[:, weeks < 4].mean()
    assert np.all(transplant.summary["low_turnover"] <= 100 * low[:, weeks <= 4].mean(axis=1) + 1e-9)


def test_what_is_assumed_of_the_peritoneum_is_said(comparison: Comparison) -> None:
    assert any("peritoneum is that of the population" in said for said in comparison.assumptions)
    assert not any("haemodialysis is assumed" in said for said in comparison.assumptions)


@pytest.mark.parametrize(
    "sections",
    [
        {"peritoneal_dialysis": [{**CAPD, "stop": "day 28"}]},
        {"kidney_function": [{"egfr": "3 mL/min"}]},
        {"peritoneal_dialysis": [{**CAPD, "stop": "day 28"}], "transplant": [{"egfr": "50 mL/min", "start": "day 30"}]},
    ],
)
def test_a_time_without_kidneys_and_dialysis_is_refused(sections: dict[str, object]) -> None:
    chart = read(ROOT / "examples" / "records" / "Ira_Gerhold.bundle.json.gz")
    plan = Plan.model_validate({"name": "A gap", **sections})
    with pytest.raises(InputError, match="no dialysis for a patient without kidney function"):
        compare(chart, [plan], years=0.1, members=4, seed=1)


def test_function_that_runs_out_is_warned_of() -> None:
    plan = Plan.model_validate({"name": "Late", "kidney_function": [{"egfr": "8 mL/min", "decline": "5 mL/min/year"}]})
    none = np.zeros((1, 1))
    record = Record({}, {}, {}, none, 2 * 8766.0, {})
    assert any("no dialysis" in said for said in warnings_of(plan, record))
    assert not warnings_of(plan, Record({}, {}, {}, none, 500.0, {}))

"""A small comparison made by hand: two plans, twenty versions of a patient, nothing simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from livedo.care.plan import DialysisPrescription, Plan
from livedo.records.chart import Chart, Dialysis, Finding
from livedo.tracking.comparison import Agreement, Comparison, PlanOutcome
from livedo.tracking.outcomes import quantities

MEMBERS = 20
DAYS = np.arange(2.0, 365.0, 7.0)
LEVELS = {"P": 1.8, "Ca_total": 2.3, "Ca_ionised": 1.15, "PTH": 30.0, "ALP": 90.0, "calcitriol": 36.0, "weight": 80.0}
LAST = datetime(2023, 12, 1, 9)

Observed = tuple[str, int, float, str, str | None, str | None, bool]
OBSERVED: tuple[Observed, ...] = (
    ("phosphate", 400, 1.70, "mmol/L", "pre", "outpatient", False),
    ("phosphate", 200, 2.10, "mmol/L", None, "inpatient", False),
    ("phosphate", 199, 0.90, "mmol/L", None, "inpatient", True),
    ("phosphate", 0, 0.95, "mmol/L", "post", "outpatient", False),
    ("calcium_total", 2500, 2.20, "mmol/L", None, None, False),
    ("calcium_total", 30, 2.25, "mmol/L", None, None, False),
    ("body_weight", 10, 80.0, "kg", None, None, False),
)


def observations(rows: tuple[Observed, ...]) -> pl.DataFrame:
    schema = {
        "time": pl.Datetime("us"),
        "analyte": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "prepost": pl.String,
        "setting": pl.String,
        "continuous_dialysis": pl.Boolean,
    }
    table = [(LAST - timedelta(days=day), analyte, *rest) for analyte, day, *rest in rows]
    return pl.DataFrame(table, schema=schema, orient="row").sort("time")


def chart_of(rows: tuple[Observed, ...] = OBSERVED) -> Chart:
    event = pl.DataFrame(schema={"time": pl.Datetime("us"), "end": pl.Datetime("us"), "name": pl.String})
    stays = [
        (LAST - timedelta(days=210), LAST - timedelta(days=195), "inpatient", False),
        (LAST - timedelta(days=200), LAST - timedelta(days=199), "continuous_dialysis", True),
    ]
    schema = {"time": pl.Datetime("us"), "end": pl.Datetime("us"), "kind": pl.String, "end_assumed": pl.Boolean}
    return Chart(
        patient_id="A017 <b>&",
        sex="female",
        birth_year=1960,
        aliases=("B99",),
        died=None,
        observations=observations(rows),
        conditions=event,
        drugs=event,
        procedures=event,
        sessions=event,
        spans=pl.DataFrame(stays, schema=schema, orient="row"),
        dialysis=Dialysis(True, "coded"),
        findings=(
            Finding("warning", "text_result", "results without a number are not usable", 3, "phosphate"),
            Finding("warning", "text_result", "results without a number are not usable", 4, "calcium_total"),
            Finding("warning", "prepost_unknown", "draws are not marked as before or after dialysis", 4),
            Finding("info", "duplicate", "exact duplicates were dropped", 2, "phosphate"),
        ),
    )


def plan_named(name: str, description: str = "as now") -> Plan:
    session = DialysisPrescription.model_validate(
        {
            "days": ["mon", "wed", "fri"],
            "hours": "4 h",
            "blood_flow": "300 mL/min",
            "dialysate_flow": "500 mL/min",
            "dialysate_calcium": "1.25 mmol/L",
        }
    )
    return Plan(name=name, description=description, dialysis=(session,))


def outcome_of(plan: Plan, factor: float, *, failed: tuple[int, ...] = ()) -> PlanOutcome:
    draws = np.random.default_rng(7)
    spread = np.exp(0.1 * draws.standard_normal(MEMBERS))
    values = {name: level * factor * spread[:, None] * np.ones(DAYS.size) for name, level in LEVELS.items()}
    summary = {quantity.key: 10.0 * factor * spread for quantity in quantities()}
    summary |= {"p_last": 1.8 * factor * spread, "pills": np.full(MEMBERS, 6.4)}
    for array in (*values.values(), *summary.values()):
        array[list(failed)] = np.nan
    return PlanOutcome(
        plan=plan,
        days=DAYS,
        values=values,
        summary=summary,
        warnings=("Low dialysate calcium can lengthen the QT interval.",) if factor != 1.0 else (),
        failures=dict.fromkeys(failed, "the step size fell below its limit"),
    )


def comparison_of(chart: Chart | None = None, *outcomes: PlanOutcome) -> Comparison:
    first = outcome_of(plan_named("Usual care"), 1.0)
    second = outcome_of(plan_named("More <i>binder</i>", "twice the tablets"), 0.8, failed=(3,))
    nan = float("nan")
    return Comparison(
        chart=chart or chart_of(),
        traits={"diet_P": np.linspace(0.9, 1.1, MEMBERS)},
        prior_traits={"diet_P": np.linspace(0.5, 1.5, MEMBERS)},
        agreement=(
            Agreement("phosphate", "mmol/L", 4, 1.70, 1.8, 1.5, 2.1, True),
            Agreement("calcium_total", "mmol/L", 2, 2.60, 2.3, 2.2, 2.4, False),
            Agreement("pth", "pmol/L", 0, nan, 30.0, 10.0, 90.0, False),
        ),
        outcomes=outcomes or (first, second),
        assumptions=("Every prescribed session takes place.",),
        provenance={
            "livedo": "0.1.0",
            "seed": np.int64(1),
            "years": 1.0,
            "model_hash": "f00dfeed",
            "command": "livedo run --chart unit.csv",
            "inputs": {"chart": {"path": "unit.csv", "sha256": "c0ffee"}},
        },
    )


@pytest.fixture
def comparison() -> Comparison:
    return comparison_of()


@pytest.fixture
def make_comparison() -> Callable[..., Comparison]:
    return comparison_of


@pytest.fixture
def make_chart() -> Callable[..., Chart]:
    return chart_of


@pytest.fixture
def renamed() -> Callable[[Comparison, str], Comparison]:
    """The comparison with every plan called the same."""

    def rename(comparison: Comparison, name: str) -> Comparison:
        outcomes = tuple(replace(outcome, plan=plan_named(name)) for outcome in comparison.outcomes)
        return replace(comparison, outcomes=outcomes)

    return rename

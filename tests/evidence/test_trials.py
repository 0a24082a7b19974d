"""What trials did when labs said something: their titration plans, and draws of the laboratory."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.care.deciding import begun, decide
from livedo.care.protocols import read_protocol
from livedo.evidence import Context
from livedo.evidence.experiments import drugs
from livedo.evidence.experiments.titrated import PLANS
from livedo.records.units import convert


def change(plan: str, *, pth: float, calcium: float) -> dict[str, int]:
    """Line -> steps that a plan changes from the second step of each, at a PTH (pg/mL) and a calcium (mg/dL)."""
    protocol = read_protocol(PLANS / f"{plan}.yaml")
    lines = len(protocol.lines)
    memory = begun(protocol, np.zeros((1, lines), dtype=int), np.full((1, lines), 2))
    seen = {"pth": convert(pth, "pg/mL", "pth"), "calcium_total": convert(calcium, "mg/dL", "calcium_total")}
    decided = decide(protocol, memory, {a: np.array([v]) for a, v in seen.items()})
    return {line.name: int(step) for line, step in zip(protocol.lines, decided.change[0], strict=True)}


@pytest.mark.parametrize("drug", ["cinacalcet", "etelcalcetide"])
def test_trial_answers_a_low_calcium_with_calcium_and_keeps_the_dose(drug: str) -> None:
    assert change(f"trial_{drug}", pth=500.0, calcium=8.0) == {"calcimimetic": 0, "calcium": 1}


@pytest.mark.parametrize("drug", ["cinacalcet", "etelcalcetide"])
def test_trial_withholds_the_drug_where_calcium_is_very_low(drug: str) -> None:
    assert change(f"trial_{drug}", pth=500.0, calcium=7.3) == {"calcimimetic": -2, "calcium": 1}


@pytest.mark.parametrize("plan", ["trial_cinacalcet", "trial_cinacalcet_alone", "trial_etelcalcetide"])
def test_trial_raises_the_dose_while_pth_is_high_and_calcium_allows(plan: str) -> None:
    assert change(plan, pth=500.0, calcium=9.0)["calcimimetic"] == 1


def test_simulated_titration_holds_the_dose_at_a_low_calcium() -> None:
    assert change("trial_cinacalcet_alone", pth=500.0, calcium=8.0) == {"calcimimetic": 0}


def test_draws_of_two_weeks_differ_and_repeat() -> None:
    group = Context(quick=True).healthy
    true = group.labs["PTH"]
    one, again, other = (drugs._drawn(group, true, "pth", week) for week in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.allclose(one, other)
    assert np.corrcoef(np.log(one / true), np.log(other / true))[0, 1] == pytest.approx(0.0, abs=0.5)

"""What set the lesion's parameters is on record: its figures, how many studies stand behind them, and no figure of validation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from livedo.body import load_body
from livedo.evidence.registry import load_figures

RECORD = Path(__file__).parents[2] / "calibration" / "lesion_record.json"


@pytest.fixture(scope="module")
def record():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def test_no_figure_kept_for_validation_set_a_parameter_of_the_lesion(record):
    known = {f.id: f for f in load_figures()}
    used = {name for f in record["figures"] for name in re.findall(r"\b[A-Z]{2,3}-?\d{2,3}\b", f["ids"])}
    assert len(used) >= 10
    for name in sorted(used):
        assert known[name].counts_as != "validation", name


def test_at_most_half_as_many_parameters_of_the_lesion_are_fitted_as_studies_tell_of_them(record):
    assert 2 * len(record["parameters"]) <= len(record["studies"])


def test_fitted_values_are_those_of_the_record(record):
    parameters = load_body().parameters
    for name, row in record["parameters"].items():
        assert parameters[name].value == pytest.approx(row["value"], rel=1e-3), name
        assert parameters[name].status == "calibrated", name
        assert record["run"] in parameters[name].source, name


def test_record_says_what_figures_say_of_each_parameter(record):
    spread = record["posterior_over_prior_spread"]
    assert set(spread) == set(record["parameters"]) == set(record["set_by"])
    assert all(0 < s <= 1 for s in spread.values())
    assert min(spread.values()) < 0.5

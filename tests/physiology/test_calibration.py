"""What set the parameters is on record, and no figure kept for validation is among it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from livedo.body import load_body
from livedo.evidence import chosen, load_figures

RECORD = Path(__file__).parents[2] / "calibration" / "minerals_record.json"


@pytest.fixture(scope="module")
def record():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def named(text: str) -> set[str]:
    """Row names in a text; 'MV124-MV127' means all of them."""
    found = set(re.findall(r"\b(?:MV|[A-Z])\d{3}\b", text))
    for first, last in re.findall(r"\bMV(\d{3})-MV(\d{3})\b", text):
        found |= {f"MV{i:03d}" for i in range(int(first), int(last) + 1)}
    return found


def test_no_figure_of_class_validation_set_a_parameter(record, shared):
    classes = {}
    for table in ("minerals_validation.csv", "dialysis_drugs_control.csv"):
        with (shared / "evidence" / table).open(encoding="utf-8", newline="") as file:
            classes |= {row["id"]: row["class"] for row in csv.DictReader(file)}
    used = set().union(*(named(figure["ids"]) for figure in record["figures"]))
    assert len(used) > 30
    for name in sorted(used):
        assert classes[name] != "validation", name
    weak = {name for name in used if classes[name] == "weak"}
    for figure in record["figures"]:
        assert not named(figure["ids"]) & weak or "weak" in figure["ids"], figure["reading"]


def test_calibrated_values_are_those_of_the_record(record):
    table = load_body().parameters
    for name, row in record["parameters"].items():
        assert table[name].value == pytest.approx(row["value"], rel=1e-6), name
        assert table[name].status == "calibrated", name
        assert record["run"] in table[name].source, name


def test_a_value_that_follows_another_stands_in_the_table(record):
    table = load_body().parameters
    for name, value in record["follows"].items():
        assert table[name].value == pytest.approx(value), name
        assert record["run"] in table[name].source, name


def test_the_record_says_what_is_not_identified(record):
    assert set(record["posterior_over_prior_spread"]) == set(record["parameters"])
    assert set(record["set_by"]) == set(record["parameters"])
    assert len(record["figures"]) >= 2 * len(record["parameters"])


#: Figures that the fit reads as the scorecard does: reading -> id. What misses its band there has its reason in reasons.csv.
SCORED = {
    "mobilisation in HEMO": "P003",
    "mobilisation in 2 h": "MV094",
    "central volume in HEMO": "P004",
    "central volume in 4 h": "MV095",
    "population Ca gained at 1.75": "MV072",
    "raised PTH at eGFR 45 to 60": "MV144",
}


@pytest.mark.parametrize("reading", SCORED)
def test_fit_lands_inside_the_band_of_a_figure_that_it_reads(record, reading):
    (figure,) = chosen(load_figures(), SCORED[reading])
    assert figure.accept_low <= record["all_readings"][reading] <= figure.accept_high

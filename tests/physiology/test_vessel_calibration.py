"""What set the vessel chain's parameters is on record, and no figure kept for validation is among it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from livedo.body import load_body

RECORD = Path(__file__).parents[2] / "calibration" / "vessels_record.json"
STRUCTURES = ("calcification", "thrombosis", "intimal")


@pytest.fixture(scope="module")
def record():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def test_no_figure_of_class_validation_set_a_vessel_parameter(record, shared):
    classes = {}
    for table in ("vessels_skin.csv", "epidemiology.csv"):
        with (shared / "evidence" / table).open(encoding="utf-8", newline="") as file:
            classes |= {row["id"]: row["class"] for row in csv.DictReader(file)}
    used = {name for f in record["figures"] for name in re.findall(r"\b(?:VS\d{3}|HIS\d{2})\b", f["ids"])}
    assert len(used) >= 6
    for name in sorted(used):
        assert classes[name] == "calibration" or (name == "HIS13" and classes[name] == "not scored"), name


def test_fitted_values_are_those_of_the_record(record):
    body = load_body()
    fits = {**record["plasma and large arteries"]["parameters"], **record["arterioles"]["calcification"]["parameters"]}
    for name, row in fits.items():
        assert body.parameters[name].value == pytest.approx(row["value"], rel=1e-3), name
        assert body.parameters[name].status == "calibrated", name
        assert record["run"] in body.parameters[name].source, name
    for structure in STRUCTURES:
        for name, row in record["arterioles"][structure]["parameters"].items():
            assert body.settings[f"structure_{structure}"][name] == pytest.approx(row["value"], rel=1e-3), name


def test_record_lists_priors_and_what_is_identified(record):
    for part in (record["plasma and large arteries"], *record["arterioles"].values()):
        assert set(part["posterior_over_prior_spread"]) == set(part["parameters"])
        assert all(row["prior"] > 0 and row["prior_sd_log"] > 0 for row in part["parameters"].values())
        assert len(part["figures"]) >= len(part["parameters"])


def test_every_structure_is_fitted_to_the_same_figures(record):
    figures = [[(f["reading"], f["value"]) for f in record["arterioles"][s]["figures"]] for s in STRUCTURES]
    assert figures[0] == figures[1] == figures[2]

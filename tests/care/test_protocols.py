"""Protocols as data: those that come with Livedo, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from livedo.care import operations
from livedo.care import targets as module
from livedo.care.protocols import FOLDER, read_protocol, shipped
from livedo.care.targets import targets
from livedo.care.treatments import BINDER, load_treatments
from livedo.errors import InputError

TEXT = """name: Small
source: made for a test
target: usual
lines:
  binder:
    class: phosphate binder
    options:
      - {drug: sevelamer, taken: with 3 meals, ladder: [800 mg, 1600 mg]}
rules:
  - {name: high, when: phosphate above target, do: binder up}
"""


def read(tmp_path: Path, old: str = "", new: str = ""):
    path = tmp_path / "small.yaml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new) if old else TEXT, encoding="utf-8")
    return read_protocol(path)


def test_the_protocols_that_come_with_livedo():
    labels = {"label_binder", "label_calcitriol", "label_cinacalcet", "label_etelcalcetide", "label_paricalcitol"}
    assert {"kdigo", "kdoqi", "jsdt", "naive"} | labels == set(shipped())


@pytest.mark.parametrize("name", shipped())
def test_a_protocol_reads_and_names_its_source(name):
    protocol = read_protocol(name)
    assert protocol.source
    assert protocol.rules
    assert all(line.options for line in protocol.lines)


@pytest.mark.parametrize("name", shipped())
def test_no_threshold_stands_in_a_rule(name):
    for line in (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines():
        if "when:" in line:
            assert "mg/dL" not in line
            assert "pg/mL" not in line


def test_the_naive_rule_has_the_drugs_of_kdigo_and_none_of_its_patience():
    kdigo, naive = read_protocol("kdigo"), read_protocol("naive")
    assert {line.name: line.options for line in naive.lines}.items() <= {
        line.name: line.options for line in kdigo.lines
    }.items()
    assert not naive.dead_bands
    assert all(line.wait == 1 for line in naive.lines)


def test_all_six_binders_can_be_chosen():
    protocol = read_protocol("label_binder")
    binders = [row.drug for row in load_treatments() if row.drug_class == BINDER]
    assert len(binders) == 6
    for drug in binders:
        (option,) = protocol.choosing(binder=drug).lines[0].options
        assert option.drug is not None
        assert option.drug.drug == drug
    with pytest.raises(InputError, match="no such drug"):
        protocol.choosing(binder="chalk")


def test_a_clause_takes_its_bounds_from_the_table(tmp_path):
    (clause,) = read(tmp_path).rules[0].when.every
    assert clause.high == targets()["phosphate"].high


def test_every_target_has_a_source_and_a_bound():
    with module.TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["source"]
            assert row["low"] or row["high"]
    with pytest.raises(InputError, match="no such set"):
        targets("wishes")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("above target", "above wishes", "names no row"),
        ("phosphate above target", "phosphate above very_low", "no such bound"),
        ("phosphate above target", "phosphate above 5.5 mg/dL", "not a clause"),
        ("phosphate above target", "binder at top", "asks for no lab"),
        ("do: binder up", "do: sevelamer up", "not an action"),
        ("do: binder up", "do: binder", "not an action"),
        ("800 mg, 1600 mg", "1600 mg, 800 mg", "does not ascend"),
        ("800 mg, 1600 mg", "800 mg, 16000 mg", "usual highest"),
        ("800 mg, 1600 mg", "800, 1600", "no unit"),
        (
            "sevelamer, taken: with 3 meals, ladder: [800 mg, 1600 mg]",
            "calcium acetate, taken: with 3 meals, ladder: [2000 mg salt]",
            "more calcium",
        ),
        ("drug: sevelamer", "drug: cinacalcet", "is a calcimimetic"),
        ("taken: with 3 meals, ", "", "when it is taken"),
        ("target: usual", "target: usual\nmood: good", "not a known key"),
        ("source: made for a test\n", "", "is missing"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(tmp_path, old, new, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, old, new)


def test_a_refusal_names_the_file_and_line(tmp_path):
    with pytest.raises(InputError, match=r"small\.yaml, line 10"):
        read(tmp_path, "above target", "above wishes")


def test_a_protocol_that_is_not_there_is_said_so():
    with pytest.raises(InputError, match="kdigo"):
        read_protocol("nonesuch")


def test_every_number_of_an_operation_has_a_source():
    with operations.TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert float(row["value"]) > 0
            assert row["source"]
            assert row["status"] in ("measured", "assumed")

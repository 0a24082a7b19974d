"""The registry of published figures is complete, says what it is, and keeps calibration and validation apart."""

from __future__ import annotations

import csv
import inspect
import json
import math
import re
from pathlib import Path

import pytest

from livedo.errors import InputError
from livedo.evidence import CLASSES, Figure, chosen, load_figures, load_reasons
from livedo.evidence.experiments import experiments, find
from livedo.evidence.registry import FIGURES, REASONS_NOT_SIMULATED

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "livedo"
FOUND = load_figures()
ROW = (
    "id,suite,quantity,class,value,low,high,accept_low,accept_high,unit,study,year,doi,band_rule,override,experiment,setting,"
    "reason_not_simulated,used_for,also\n"
)
GOOD = "X1,minerals,phosphate,validation,1.6,,,1.3,1.9,mmol/L,Somebody,2020,10.1/x,no interval,,sessions.recovery,,,,\n"


def sources() -> list[tuple[str, str]]:
    """(table and row, source) of everything that sets a parameter of the body, of people or of treatments."""
    found = []
    for table in (
        "physiology/parameters",
        "care/treatments",
        "care/operations",
        "patients/behaviour",
        "patients/variation",
        "patients/conditions",
    ):
        path = SOURCE / f"{table}.csv"
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                for line, row in enumerate(csv.DictReader(file), 2):
                    found.append((f"{table}, line {line}", row.get("source") or ""))
    return found


def names_of(figure: Figure) -> list[str]:
    """What a source would call the study by: DOI, PMID, PMC."""
    return [name.rstrip(".") for name in re.findall(r"10\.\d{4,}/[^\s;,()]+|PMID \d+|PMC\d+", figure.doi)]


def test_there_are_enough_figures_and_experiments() -> None:
    assert len(FOUND) >= 110
    assert sum(bool(f.experiment) for f in FOUND) >= 80


def test_every_figure_has_class_band_and_experiment_or_reason() -> None:
    for figure in FOUND:
        assert figure.kind in CLASSES
        assert bool(figure.experiment) != bool(figure.reason_not_simulated), figure.id
        if figure.reason_not_simulated:
            assert figure.reason_not_simulated.split(":")[0] in REASONS_NOT_SIMULATED, figure.id
        if figure.kind != "not scored":
            assert figure.accept_low <= figure.accept_high, figure.id
            assert figure.band_rule, figure.id
        assert figure.unit or figure.kind == "not scored", figure.id
        assert figure.study, figure.id


def test_every_experiment_exists_and_takes_its_setting() -> None:
    known = experiments()
    for figure in FOUND:
        if figure.experiment:
            assert figure.experiment in known, figure.id
            inspect.signature(known[figure.experiment]).bind(None, **figure.setting)


def test_every_experiment_is_asked_for_by_a_figure_or_a_statement() -> None:
    told = (ROOT / "src/livedo/evidence/statements.csv").read_text(encoding="utf-8")
    asked = {f.experiment for f in FOUND if f.experiment}
    assert asked <= set(experiments())
    assert {name for name in set(experiments()) - asked if name not in told} == set()


def test_every_experiment_says_what_it_is() -> None:
    assert [name for name, function in experiments().items() if not function.__doc__] == []


@pytest.mark.parametrize("figure", [f for f in FOUND if f.kind == "validation"], ids=lambda f: f.id)
def test_validation_figure_that_a_parameter_names_says_so(figure: Figure) -> None:
    """By DOI, PMID or id; a figure that was used counts as calibration and its row says for what."""
    names = [*names_of(figure), rf"\b{figure.id}\b"]
    patterns = [n if n.startswith("\\b") else re.escape(n) + r"(?!\d)" for n in names]
    users = [where for where, source in sources() if any(re.search(p, source) for p in patterns)]
    assert not users or figure.used_for, f"{figure.id} ({figure.source}) is named in {users}"


def ids_in(text: str) -> set[str]:
    """Figure ids named in a text, ranges (MV124-MV127) written out."""
    found = set(re.findall(r"\b(?:(?:MV|VS|[A-Z])\d{3}[a-z]?|(?:HIS|BG|INC|RF|SUR)\d{2})\b", text))
    for letters, first, last in re.findall(r"\b([A-Z]{1,2})(\d{3})-(?:[A-Z]{1,2})?(\d{3})\b", text):
        found |= {f"{letters}{n:03d}" for n in range(int(first), int(last) + 1)}
    return found


def test_figures_used_in_calibration_runs_count_as_calibration() -> None:
    by_id = {figure.id: figure for figure in FOUND}
    twins = {figure.also.split()[0]: figure for figure in FOUND if figure.also}
    for record in sorted((ROOT / "calibration").glob("*_record.json")):
        named = ids_in(json.dumps(json.loads(record.read_text())["figures"]))
        for name in named & (by_id.keys() | twins.keys()):
            figure = by_id.get(name) or twins[name]
            assert figure.counts_as != "validation", f"{name} was used in {record.name}"
            assert figure.used_for, f"{name} was used in {record.name}"


def test_figure_that_set_a_parameter_counts_as_calibration() -> None:
    used = [f for f in FOUND if f.kind == "validation" and f.used_for]
    assert used
    assert {f.counts_as for f in used} == {"calibration"}


def test_number_that_is_calibration_elsewhere_counts_as_calibration() -> None:
    twice = [f for f in FOUND if f.kind == "validation" and f.also.endswith(" calibration")]
    assert twice
    assert {f.counts_as for f in twice} == {"calibration"}


def test_classes_values_and_bands_are_those_of_the_published_tables(shared: Path) -> None:
    published: dict[str, dict[str, str]] = {}
    for table in ("minerals_validation", "dialysis_drugs_control", "vessels_skin", "epidemiology"):
        with (shared / "evidence" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            published |= {row["id"]: row for row in csv.DictReader(file)}
    for figure in FOUND:
        row = published.get(figure.id)
        if row is None:
            continue
        assert figure.kind == row["class"], figure.id
        if figure.kind == "not scored":
            continue
        assert figure.value == pytest.approx(float(row["value"])), figure.id
        if not figure.override:
            assert figure.accept_low == pytest.approx(float(row["accept_low"])), figure.id
            assert figure.accept_high == pytest.approx(float(row["accept_high"])), figure.id
        if figure.also:
            twin, kind = figure.also.split(" ", 1)
            assert published[twin]["class"] == kind, figure.id


#: How an override begins that widens its band; every other one narrows it.
WIDENS = (
    "low and high are one standard error",
    "the SD is that of",
    "low and high are the published 95% confidence interval",
    "low and high are the 95% interval of the mean of another simulation",
)


def test_replaced_bands_are_wider_only_where_an_error_or_a_number_of_people_was_misread(shared: Path) -> None:
    published: dict[str, dict[str, str]] = {}
    for table in ("minerals_validation", "dialysis_drugs_control"):
        with (shared / "evidence" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            published |= {row["id"]: row for row in csv.DictReader(file)}
    replaced = [f for f in FOUND if f.override and f.id in published]
    assert replaced
    for figure in replaced:
        row = published[figure.id]
        before = float(row["accept_high"]) - float(row["accept_low"])
        widened = figure.override.startswith(WIDENS)
        assert (figure.accept_high - figure.accept_low > before) is widened, figure.id


def test_a_standard_error_becomes_twice_itself_or_a_tenth() -> None:
    errors = [f for f in FOUND if f.override.startswith(WIDENS[0])]
    assert errors
    for figure in errors:
        half = figure.high - figure.low
        if "at least 10%" in figure.override:
            half = max(half, 0.1 * figure.value)
        assert figure.accept_high - figure.value == pytest.approx(half, rel=1e-3), figure.id
        assert figure.value - figure.accept_low == pytest.approx(half, rel=1e-3), figure.id


def test_reasons_are_of_figures_that_exist() -> None:
    assert set(load_reasons()) <= {figure.id for figure in FOUND}


def test_good_row_is_read(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text(ROW + GOOD.replace("sessions.recovery,,", 'sessions.recovery,"after=1; who=all",'))
    (figure,) = load_figures(path)
    assert dict(figure.setting) == {"after": 1.0, "who": "all"}
    assert math.isnan(figure.low)
    assert find(figure.experiment).__name__ == "recovery"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("validation", "certain"), "unknown class"),
        (GOOD.replace("minerals", "kidneys"), "unknown suite"),
        (GOOD.replace("sessions.recovery", ""), "an experiment or a reason"),
        (GOOD.replace("sessions.recovery,,", "sessions.recovery,,input"), "not both"),
        (GOOD.replace("sessions.recovery,,", ",,because"), "unknown reason"),
        (GOOD.replace("1.3,1.9", "1.9,1.3"), "needs a band"),
        (GOOD.replace("1.3,1.9", "low,1.9"), "not a number"),
        (GOOD.replace("sessions.recovery,", "sessions.recovery,hour"), "name=value"),
        (GOOD + GOOD, "stands twice"),
    ],
)
def test_wrong_row_is_refused_with_file_and_line(tmp_path: Path, wrong: str, said: str) -> None:
    path = tmp_path / "figures.csv"
    path.write_text(ROW + wrong)
    with pytest.raises(InputError, match=said) as refused:
        load_figures(path)
    assert "figures.csv, line" in str(refused.value)


def test_figures_are_chosen_by_id_experiment_or_quantity() -> None:
    assert {f.id for f in chosen(FOUND, "CHK32*")} == {"CHK32a", "CHK32b"}
    assert {f.experiment.split(".")[0] for f in chosen(FOUND, "calcium.*")} == {"calcium"}
    assert all("fgf23" in f.quantity.lower() for f in chosen(FOUND, "*FGF23*") if "fgf23" not in f.experiment)
    suites = {f.suite for f in FOUND}
    assert sum(len(chosen(FOUND, suite=suite)) for suite in suites) == len(FOUND)


@pytest.mark.parametrize(
    ("only", "suite", "said"),
    [("ZZ*", None, "no figure matches"), (None, "kidneys", "unknown suite"), (None, "skin", "in this suite yet")],
)
def test_choice_that_matches_nothing_is_refused(only: str | None, suite: str | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        chosen(FOUND, only, suite)


def test_unknown_experiment_is_refused() -> None:
    for name in ("sessions.nothing", "nowhere.fall", "sessions._usual", "clamp.curve"):
        with pytest.raises(InputError, match="no such experiment"):
            find(name)


def test_registry_is_a_table_of_its_own() -> None:
    assert FIGURES.read_text(encoding="utf-8").startswith("id,suite,quantity,class,")

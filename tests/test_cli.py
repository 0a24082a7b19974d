"""The command: what it refuses and how it says so, and what it hands on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import livedo.tracking
from livedo.cli import main
from livedo.errors import InputError
from livedo.tracking import compare
from livedo.tracking.comparison import Comparison, PlanOutcome
from livedo.tracking.outcomes import quantities

RECORD = """patient,datetime,analyte,value,unit
A,2023-01-02 08:00,phosphate,1.7,mmol/L
A,2023-01-02 08:00,calcium_total,2.3,mmol/L
A,2023-01-02 08:00,haemodialysis,,
"""
PLAN = """name: {name}
dialysis:
  - days: [mon, wed, fri]
    hours: 4 h
    blood_flow: 300 mL/min
    dialysate_flow: 500 mL/min
    dialysate_calcium: 1.5 mmol/L
"""


def made_up(chart: object, plans: Sequence[object], **options: object) -> Comparison:
    """A comparison without simulation, which remembers how it was asked for."""
    progress: Callable[[str, int, int], None] = options["progress"]  # type: ignore[assignment]
    for done in range(3):
        progress("running plans", done, 2)
    members, days = int(str(options["members"])), np.arange(2.0, 30.0, 7.0)
    values = {name: np.ones((members, days.size)) for name in ("P", "Ca_total", "Ca_ionised", "PTH")}
    outcomes = tuple(
        PlanOutcome(plan, days, values, {q.key: np.ones(members) for q in quantities()}, ("Take care.",), {})  # type: ignore[arg-type]
        for plan in plans
    )
    kept = {key: value for key, value in options.items() if key != "progress"}
    return Comparison(chart, {}, {}, (), outcomes, (), kept)  # type: ignore[arg-type]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a record and two plans; nothing is simulated."""
    (tmp_path / "unit.csv").write_text(RECORD)
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(PLAN.format(name=name))
    monkeypatch.setattr(livedo.tracking, "compare", made_up)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(str(left.value.code))


def run(*more: str, patient: str = "A", plans: Sequence[str] = ("one.yaml",)) -> int:
    named = [word for plan in plans for word in ("--plan", plan)]
    return ask("run", "--chart", "unit.csv", "--patient", patient, *named, "--out", "out", *more)


def test_run_writes_a_report_and_prints_the_table(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--members", "5", plans=("one.yaml", "two.yaml")) == 0
    said = capsys.readouterr()
    assert "Harms" in said.out
    assert "Warning, two: Take care." in said.out
    assert "not a medical device" in said.out
    assert said.out.splitlines()[-1] == f"Report: {Path('out') / 'report.html'}"
    assert (files / "out" / "report.html").is_file()


def test_stages_are_told_once_each_where_there_is_no_terminal(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert capsys.readouterr().err.splitlines() == ["livedo: running plans", "livedo: writing the report"]


def test_options_and_inputs_are_handed_on(files: Path) -> None:
    run("--years", "2.5", "--members", "3", "--seed", "9", "--threads", "2", plans=("one.yaml", "two.yaml"))
    assert json.loads((files / "out" / "provenance.json").read_text()) == {
        "years": 2.5,
        "members": 3,
        "seed": 9,
        "threads": 2,
        "lesion": None,
        "lesion_week": 0.0,
        "conditions": [],
        "inputs": {"chart": "unit.csv", "plan 1": "one.yaml", "plan 2": "two.yaml"},
    }


def test_site_of_a_lesion_is_handed_on(files: Path) -> None:
    assert run("--lesion", "calf") == 0
    assert json.loads((files / "out" / "provenance.json").read_text())["lesion"] == "calf"


def test_command_within_a_command_is_named_whole(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert ask("model", "export", "--organ", "liver", "--sbml", str(tmp_path / "liver.xml")) == 2
    assert capsys.readouterr().err.startswith("livedo model export: no such organ; field '--organ'; found 'liver'")


def test_lesion_at_no_site_of_the_skin_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livedo.tracking, "compare", compare)
    assert run("--lesion", "knee") == 2
    said = capsys.readouterr().err
    for words in ("livedo run", "'--lesion'", "knee", "proximal, calf, acral"):
        assert words in said
    assert not (files / "out").exists()


def test_argument_of_the_library_is_told_of_as_the_option_it_came_from(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livedo.tracking, "compare", compare)
    assert run("--lesion-week", "3") == 2
    assert "livedo run: " in (said := capsys.readouterr().err)
    assert "'--lesion-week'; found 3.0" in said


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--years", "0", "at most 20"),
        ("--years", "20.5", "at most 20"),
        ("--years", "nan", "at most 20"),
        ("--members", "0", "1 to 4096"),
        ("--members", "4097", "1 to 4096"),
        ("--members", "1.5", "not a whole number"),
        ("--seed", "-1", "0 or more"),
        ("--threads", "0", "1 or more"),
    ],
)
def test_option_out_of_range_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, expected: str
) -> None:
    assert run(option, value) == 2
    said = capsys.readouterr().err
    assert option in said
    assert value in said
    assert expected in said
    assert not (files / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "--chart"),
        (["run", "--chart", "unit.csv", "--plan", "one.yaml"], "--out"),
        (["run", "--chart", "unit.csv", "--out", "out"], "--plan"),
        (["run", "--chart", "x", "--plan", "y", "--out", "out", "--years", "soon"], "soon"),
        (["simulate"], "simulate"),
        (["model", "export"], "--sbml FILE or --antimony FILE"),
        (["model", "export", "--sbml", "a.xml", "--antimony", "a.ant"], "both"),
    ],
)
def test_command_that_cannot_be_understood_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert ask(*words) == 2
    assert said in capsys.readouterr().err
    assert not (files / "out").exists()


@pytest.mark.parametrize("missing", ["unit.csv", "one.yaml"])
def test_file_that_is_not_there_is_named(files: Path, capsys: pytest.CaptureFixture[str], missing: str) -> None:
    (files / missing).unlink()
    assert run() == 2
    assert missing in capsys.readouterr().err
    assert not (files / "out").exists()


def test_bad_value_is_named_with_file_field_and_value(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "unit.csv").write_text(RECORD.replace("2.3,mmol/L", "9.1,mmol/L"))
    assert run() == 2
    said = capsys.readouterr().err
    for words in ("unit.csv", "field 'value'", "9.1"):
        assert words in said
    assert not (files / "out").exists()


def test_two_plans_of_one_name_are_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(plans=("one.yaml", "one.yaml")) == 2
    assert "one.yaml has the same name" in capsys.readouterr().err


def test_folder_with_other_files_is_refused_before_anything_runs(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livedo.tracking, "compare", None)
    (files / "out").mkdir()
    (files / "out" / "thesis.txt").write_text("years of work")
    assert run() == 2
    assert "thesis.txt" in capsys.readouterr().err


def test_folder_below_a_file_is_refused_before_anything_runs(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livedo.tracking, "compare", None)
    (files / "out").write_text("a file")
    assert ask("run", "--chart", "unit.csv", "--plan", "one.yaml", "--out", "out/first_run") == 2
    assert "cannot be written" in (said := capsys.readouterr().err)
    assert "out/first_run" in said


def test_error_while_comparing_leaves_no_folder(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Comparison:
        raise InputError("the chart shows no patient on haemodialysis", where="patient A")

    monkeypatch.setattr(livedo.tracking, "compare", refuse)
    assert run() == 2
    assert "patient A: the chart shows no patient on haemodialysis" in capsys.readouterr().err
    assert not (files / "out").exists()


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("version") == 0
    assert capsys.readouterr().out.strip() == livedo.__version__


def test_organ_is_exported(tmp_path: Path) -> None:
    assert ask("model", "export", "--organ", "phosphate", "--sbml", str(tmp_path / "p.xml")) == 0
    assert ask("model", "export", "--organ", "phosphate", "--antimony", str(tmp_path / "p.ant")) == 0
    assert "<sbml" in (tmp_path / "p.xml").read_text()
    assert "P_central" in (tmp_path / "p.ant").read_text()


def test_unknown_organ_is_refused_with_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("model", "export", "--organ", "spleen", "--sbml", str(tmp_path / "p.xml")) == 2
    said = capsys.readouterr().err
    assert "spleen" in said
    assert "parathyroid" in said
    assert not (tmp_path / "p.xml").exists()


def test_help_is_light() -> None:
    heavy = "polars plotly jinja2 pydantic numpy scipy llvmlite antimony libsbml".split()
    code = (
        "import sys, livedo.cli\n"
        "try: livedo.cli.main(['--help'])\n"
        "except SystemExit as left: assert left.code == 0\n"
        f"print('LOADED', *[name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: livedo" in done.stdout
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]

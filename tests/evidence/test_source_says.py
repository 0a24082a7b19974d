"""Statements stand with both sides of the literature, and the model's numbers are computed."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from livedo.errors import InputError
from livedo.evidence.context import Context
from livedo.evidence.readings import readings
from livedo.evidence.result import NotSimulated, Result
from livedo.evidence.source_says import Said, Statement, _function, as_json, as_text, chosen, load_statements, said

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "what_the_source_says.md"
HEAD = "id,subject,statement,model,numbers,agrees,disagrees,sources\n"


@pytest.fixture(scope="module")
def context() -> Context:
    return Context(quick=True, threads=1)


@pytest.fixture(scope="module")
def transplant(context: Context) -> Said:
    (statement,) = chosen(load_statements(), "transplant")
    return said(statement, context)


SUBJECTS = (
    "soil",
    "kidney states",
    "minerals",
    "who",
    "arteries",
    "small vessels",
    "structures",
    "skin",
    "treatment",
    "calcium",
    "vitamin D",
    "iron",
    "control",
    "comparison",
)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_has_a_statement_with_both_sides_and_sources(subject: str) -> None:
    found = [s for s in load_statements() if s.subject == subject]
    assert found
    for statement in found:
        assert statement.agrees != statement.disagrees
        assert re.search(r"10\.\d{4}|PMC\d|PMID|\d{4}", statement.sources), statement.id


@pytest.mark.parametrize("statement", load_statements(), ids=lambda s: s.id)
def test_every_number_names_a_function_that_takes_its_setting(statement: Statement) -> None:
    assert statement.numbers
    for number in statement.numbers:
        inspect.signature(_function(number.function)).bind(None, **number.setting)


def test_no_result_is_typed_into_a_sentence_of_the_model() -> None:
    for statement in load_statements():
        typed = re.sub(r"\{[^}]*\}", "", statement.model)
        assert not re.search(r"\d\s*(%|points|-fold|times)", typed), statement.id


def test_rows_of_risks_and_rankings_are_told_with_an_interval_over_the_accepted_sets() -> None:
    for name in ("incidence", "death", "sequence", "requires-both", "control-avoids", "comparison", "thrombosis-first"):
        (statement,) = chosen(load_statements(), name)
        read = {number.setting.get("read") for number in statement.numbers if number.function.startswith("over_sets")}
        assert {"low", "high"} <= read, name


def test_every_reading_is_asked_for() -> None:
    asked = {number.function for statement in load_statements() for number in statement.numbers}
    assert set(readings()) <= asked


def test_an_error_stands_in_the_sentence_beside_its_number(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livedo.evidence.source_says._function", lambda name: lambda ctx, **_: Result(2.5, 0.125))
    (statement,) = chosen(load_statements(), "obese")
    assert "2.50 ± 0.12-fold" in said(statement, context).model


def test_numbers_are_computed_and_stand_in_the_sentence(transplant: Said) -> None:
    values = {name: result.value for name, result in transplant.numbers.items()}
    assert values["pth"] < values["pth_before"]
    assert values["f"] < values["f_before"]
    assert f"{values['p']:.2f} (was {values['p_before']:.2f})" in transplant.model
    assert "{" not in transplant.model


def test_a_row_shows_the_command_the_model_and_both_sides(transplant: Said) -> None:
    text = as_text(transplant)
    for part in (
        transplant.statement.command,
        transplant.model,
        transplant.statement.agrees,
        transplant.statement.disagrees,
    ):
        assert part in text
    (row,) = json.loads(as_json([transplant]))
    assert row["numbers"]["p"] == transplant.numbers["p"].value


def test_what_cannot_be_simulated_is_said(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(ctx: Context, **_: object) -> None:
        raise NotSimulated("nobody is like this")

    monkeypatch.setattr("livedo.evidence.source_says._function", lambda name: nothing)
    assert said(chosen(load_statements(), "transplant")[0], context).model == "Not simulated: nobody is like this."


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,b,c,{x} is,,d,e,2001\n", "other numbers"),
        ("a,b,c,{x} is,x=nonsense(),d,e,2001\n", "no such reading"),
        ("a,b,c,{x} is,x:level,d,e,2001\n", "not a number to compute"),
        ("a,b,c,fixed,,,e,2001\n", "is empty"),
        ("a,b,c,fixed,,d,e,2001\na,b,c,fixed,,d,e,2001\n", "stands twice"),
    ],
)
def test_bad_row_is_refused(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "statements.csv"
    path.write_text(HEAD + row, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_statements(path)


def test_only_a_known_statement_is_shown() -> None:
    assert {s.subject for s in chosen(load_statements(), "calcium")} == {"calcium"}
    with pytest.raises(InputError, match="no statement matches"):
        chosen(load_statements(), "phlogiston")


def test_page_names_every_statement_and_types_no_number_of_the_model() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for statement in load_statements():
        assert f"`{statement.command}`" in text or f"\n{statement.command}" in text, statement.id
    assert not re.search(r"\d+\.\d+ mmol/L", text)

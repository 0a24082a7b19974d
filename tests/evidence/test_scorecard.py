"""Verdicts, counts, the cache, and the scorecard as data, table and page."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest

from livedo.errors import InputError
from livedo.evidence import Figure, Result, Scorecard, load_figures, scorecard, verdict_of
from livedo.evidence.result import NotSimulated
from livedo.evidence.showing import number, page, summary, table

FIGURES = {figure.id: figure for figure in load_figures()}
MODEL = replace(FIGURES["CHK32a"], kind="validation", accept_low=1.0, accept_high=2.0, value=1.5)


def figure(name: str, **changes: object) -> Figure:
    return replace(MODEL, id=name, **changes)  # type: ignore[arg-type]


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Experiments that give what ``told`` says, by figure name in their setting; ``runs`` counts them."""
    state: dict[str, object] = {"told": {}, "runs": []}

    def find(name: str) -> object:
        def experiment(context: object, *, who: str) -> Result:
            state["runs"].append(who)  # type: ignore[attr-defined]
            told = state["told"][who]  # type: ignore[index]
            if isinstance(told, Exception):
                raise told
            return told

        return experiment

    class Simple:
        key = "context"

        def __init__(self, **_: object) -> None:
            self.body = type("Body", (), {"model": type("Model", (), {"fingerprint": "0123456789abcdef"})})
            self.minerals = self

    monkeypatch.setenv("LIVEDO_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(scorecard, "find", find)
    monkeypatch.setattr(scorecard, "source_key", lambda name: name)
    monkeypatch.setattr(scorecard, "Context", Simple)
    return state


def run(faked: dict[str, object], told: dict[str, object], **kinds: dict[str, object]) -> Scorecard:
    faked["told"] = told
    figures = [figure(name, setting={"who": name}, **kinds.get(name, {})) for name in told]
    return scorecard.score(figures, reasons={"low": "looked at"})


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (1.0, "inside"),
        (2.0, "inside"),
        (1.5, "inside"),
        (0.999, "outside"),
        (2.001, "outside"),
        (math.nan, "not simulated"),
    ],
)
def test_verdict_is_inside_the_band_ends_included(value: float, verdict: str) -> None:
    assert verdict_of(MODEL, Result(value)) == verdict


def test_figure_without_band_has_no_verdict() -> None:
    assert verdict_of(replace(MODEL, accept_low=math.nan, accept_high=math.nan), Result(1.0)) == "not simulated"


def test_experiment_without_a_value_counts_as_outside_and_says_why(faked: dict[str, object]) -> None:
    card = run(faked, {"in": Result(1.5), "low": Result(0.5), "gap": NotSimulated("no FGF23")})
    assert [line.verdict for line in card.lines] == ["inside", "outside", "not simulated"]
    assert [line.reason for line in card.lines] == ["", "looked at", "no FGF23"]
    count = card.counts()["validation"]
    assert (count.listed, count.registered, count.inside) == (3, 3, 1)
    assert count.share == pytest.approx(1 / 3)
    assert [line.figure.id for line in card.misses()] == ["low", "gap"]


def test_used_figure_is_counted_as_calibration(faked: dict[str, object]) -> None:
    card = run(faked, {"a": Result(1.5), "b": Result(1.5)}, b={"used_for": "KoA_P"})
    assert card.counts()["validation"].registered == 1
    assert card.counts()["calibration"].registered == 1


def test_weak_miss_is_shown_and_not_among_the_misses(faked: dict[str, object]) -> None:
    card = run(faked, {"a": Result(9.0)}, a={"kind": "weak"})
    assert card.misses() == ()
    assert card.counts()["weak"].inside == 0


def test_listed_figure_is_not_simulated(faked: dict[str, object]) -> None:
    listed = replace(MODEL, id="x", experiment="", reason_not_simulated="input: a dose")
    card = scorecard.score([listed])
    assert card.lines[0].verdict == "not simulated"
    assert card.counts()["validation"].registered == 0
    assert math.isnan(card.counts()["validation"].share)


def test_second_run_takes_results_from_the_cache(faked: dict[str, object]) -> None:
    told = {"a": Result(1.5, 0.1, "n"), "gap": NotSimulated("no Mg")}
    first, second = run(faked, told), run(faked, told)
    assert sorted(faked["runs"]) == ["a", "gap"]  # type: ignore[call-overload]
    assert [line.result for line in first.lines][:1] == [line.result for line in second.lines][:1]
    assert second.lines[1].reason == "no Mg"


def test_other_setting_or_model_is_simulated_anew(faked: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    run(faked, {"a": Result(1.5)})
    monkeypatch.setattr(scorecard.Context, "key", "another")
    run(faked, {"a": Result(1.5)})
    assert faked["runs"] == ["a", "a"]


def test_unknown_experiment_is_refused_before_anything_runs() -> None:
    with pytest.raises(InputError, match="no such experiment"):
        scorecard.score([replace(MODEL, experiment="sessions.nothing")])


def test_json_holds_every_figure_with_what_was_published_and_simulated(faked: dict[str, object]) -> None:
    card = run(faked, {"a": Result(1.5, 0.1), "gap": NotSimulated("no Mg")})
    first, second = json.loads(card.to_json())
    for name in ("id", "quantity", "class", "published", "simulated", "verdict", "reason"):
        assert name in first
    assert set(first["published"]) == {"value", "low", "high", "accept_low", "accept_high", "unit", "source"}
    assert first["simulated"] == {"value": 1.5, "error": 0.1}
    assert first["class"] == "validation"
    assert first["published"]["low"] is None
    assert second["simulated"] == {"value": None, "error": None}
    assert second["verdict"] == "not simulated"


def test_page_stands_alone_and_shows_misses_with_reasons(faked: dict[str, object]) -> None:
    card = run(
        faked,
        {"low": Result(0.5, 0.02), "hurt": Result(1.2)},
        hurt={"quantity": "<script>alert(1)</script>", "override": "a range read as an interval"},
    )
    shown = page(card)
    assert "looked at" in shown
    assert "0.500 ± 0.020" in shown
    assert "a range read as an interval" in shown
    assert "<script>" not in shown
    assert "http://" not in shown
    assert "not a medical device" in shown


def test_every_cell_of_the_page_names_its_column_for_narrow_screens(faked: dict[str, object]) -> None:
    shown = page(run(faked, {"low": Result(0.5, 0.02)}))
    cells = re.findall(r"<td [^>]*>", shown)
    assert cells
    assert all("data-of=" in cell for cell in cells)
    assert ".stack td::before" in shown


def test_table_has_a_row_for_each_simulated_figure(faked: dict[str, object]) -> None:
    card = run(faked, {"a": Result(1.5), "b": Result(5.0)})
    assert table(card).row_count == 2
    assert any("1 of 2 simulated figures inside (50%)" in sentence for sentence in summary(card))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (512.3, "512"),
        (-0.05, "−0.0500"),
        (3e-12, "3 × 10⁻¹²"),
        (-1.25e6, "−1.2 × 10⁶"),
        (math.nan, ""),
    ],
)
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown

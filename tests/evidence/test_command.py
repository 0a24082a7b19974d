"""``livedo evidence``: what it refuses, and that a miss is a result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from livedo.cli import main
from livedo.evidence import Result, scorecard


def ask(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["evidence", *words])
    return int(str(left.value.code))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--suite", "kidneys"),
            "field '--suite'; found 'kidneys'; expected minerals, disease, skin, population, trials",
        ),
        (("--only", "ZZ*"), "no figure matches"),
        (("--threads", "0"), "1 or more"),
        (("--fast",), "--fast"),
    ],
)
def test_what_cannot_be_used_is_refused(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    assert ask(*words) == 2
    assert said in capsys.readouterr().err


def test_quick_check_is_run_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, shown = tmp_path / "card.json", tmp_path / "card.html"
    assert ask("--only", "CHK32*", "--quick", "--json", str(data), "--html", str(shown)) == 0
    said = capsys.readouterr()
    assert "check: 2 of 2 simulated figures inside" in said.out
    assert "not a medical device" in said.out
    assert "running experiments" in said.err
    assert [figure["id"] for figure in json.loads(data.read_text())] == ["CHK32a", "CHK32b"]
    assert "CHK32a" in shown.read_text()


def test_miss_is_a_result(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(scorecard, "simulated", lambda context, figure: Result(1e9))
    assert ask("--only", "CHK01", "--quick") == 0
    assert "check: 0 of 1" in capsys.readouterr().out


def test_folder_that_does_not_exist_is_named_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scorecard, "score", None)
    assert ask("--only", "CHK32a", "--quick", "--json", str(tmp_path / "no" / "card.json")) == 2
    assert "cannot be written" in capsys.readouterr().err

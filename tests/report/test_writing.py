"""The files of a run: their numbers, and that they are written whole or not at all."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from livedo.errors import InputError
from livedo.report import writing
from livedo.report.writing import FILES, check_out, write
from livedo.tracking.comparison import Comparison


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_all_files_are_written_and_nothing_else(comparison: Comparison, tmp_path: Path) -> None:
    write(comparison, tmp_path / "deep" / "run")
    assert {path.name for path in (tmp_path / "deep" / "run").iterdir()} == set(FILES)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["run"]


def test_summary_holds_the_percentiles_of_members_that_did_not_fail(comparison: Comparison, tmp_path: Path) -> None:
    write(comparison, tmp_path / "run")
    rows = rows_of(tmp_path / "run" / "summary.csv")
    assert list(rows[0]) == ["plan", "quantity", "unit", "kind", "median", "p05", "p95"]
    by_plan = {outcome.plan.name: outcome for outcome in comparison.outcomes}
    assert len(rows) == sum(len(outcome.summary) for outcome in comparison.outcomes)
    for row in rows:
        values = by_plan[row["plan"]].summary[row["quantity"]]
        expected = np.percentile(values[np.isfinite(values)], [50, 5, 95])
        assert [float(row[k]) for k in ("median", "p05", "p95")] == expected.tolist()


def test_number_computed_for_a_failed_member_is_left_out(comparison: Comparison, tmp_path: Path) -> None:
    second = comparison.outcomes[1]
    zeroed = {key: np.where(np.isfinite(v), v, 0.0) for key, v in second.summary.items()}
    write(comparison, tmp_path / "a")
    write(replace(comparison, outcomes=(comparison.outcomes[0], replace(second, summary=zeroed))), tmp_path / "b")
    assert rows_of(tmp_path / "a" / "summary.csv") == rows_of(tmp_path / "b" / "summary.csv")


def test_quantity_without_any_member_left_is_blank(comparison: Comparison, tmp_path: Path) -> None:
    first = comparison.outcomes[0]
    gone = {key: np.full_like(v, np.nan) for key, v in first.summary.items()}
    write(replace(comparison, outcomes=(replace(first, summary=gone),)), tmp_path / "run")
    assert {row["median"] for row in rows_of(tmp_path / "run" / "summary.csv")} == {""}


def test_trajectory_is_long_and_holds_every_value(comparison: Comparison, tmp_path: Path) -> None:
    write(comparison, tmp_path / "run")
    table = pl.read_parquet(tmp_path / "run" / "trajectory.parquet")
    assert table.columns == ["plan", "member", "day", "observable", "value"]
    first = comparison.outcomes[0]
    members, samples = first.values["P"].shape
    assert table.height == 2 * len(first.values) * members * samples
    one = table.filter(
        (pl.col("plan") == "Usual care") & (pl.col("observable") == "PTH") & (pl.col("member") == 5)
    ).sort("day")
    assert one["day"].to_list() == first.days.tolist()
    assert one["value"].to_list() == first.values["PTH"][5].tolist()


def test_provenance_is_kept(comparison: Comparison, tmp_path: Path) -> None:
    write(comparison, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert kept == {**comparison.provenance, "seed": 1}


def test_report_is_the_same_each_time(comparison: Comparison, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(comparison, tmp_path / name)
    first, second = ((tmp_path / name / "report.html").read_bytes() for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize("step", ["_write_summary", "_write_trajectory", "_replace"])
def test_failure_leaves_no_folder(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(writing, step, fail)
    with pytest.raises(OSError, match="disk is full"):
        write(comparison, tmp_path / "deep" / "run")
    assert list(tmp_path.iterdir()) == []


def test_failure_leaves_an_earlier_run_as_it_was(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    write(comparison, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    rename = Path.rename

    def fail_once(self: Path, target: Path) -> Path:
        if target == out and (self / "report.html").exists() and self.parent == tmp_path:
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(OSError, match="no"):
        write(replace(comparison, assumptions=("another",)), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_earlier_run_is_replaced(comparison: Comparison, tmp_path: Path) -> None:
    write(comparison, tmp_path / "run")
    write(replace(comparison, assumptions=("Something new.",)), tmp_path / "run")
    assert "Something new." in (tmp_path / "run" / "report.html").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_empty_folder_is_used(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write(comparison, tmp_path / "run")
    assert (tmp_path / "run" / "report.html").is_file()


def test_folder_with_other_files_is_refused_and_kept(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="other files") as caught:
        write(comparison, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_files_added_to_an_earlier_run_are_not_lost(comparison: Comparison, tmp_path: Path) -> None:
    write(comparison, tmp_path / "run")
    (tmp_path / "run" / "my_notes.md").write_text("seen")
    with pytest.raises(InputError, match=r"my_notes\.md"):
        write(comparison, tmp_path / "run")
    assert (tmp_path / "run" / "my_notes.md").read_text() == "seen"


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(InputError, match="is not a folder"):
        check_out(tmp_path / "run")


def test_parent_that_is_a_file_is_refused(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write(comparison, tmp_path / "file" / "run")

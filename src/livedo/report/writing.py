"""The files of a run, written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from livedo.errors import InputError

if TYPE_CHECKING:
    from livedo.tracking.comparison import Comparison

REPORT, SUMMARY, TRAJECTORY, PROVENANCE = "report.html", "summary.csv", "trajectory.parquet", "provenance.json"
FILES = (REPORT, SUMMARY, TRAJECTORY, PROVENANCE)


def write(comparison: Comparison, out: Path) -> None:
    """Write ``report.html``, ``summary.csv``, ``trajectory.parquet`` and ``provenance.json`` into the folder ``out``.

    The files are made in a new folder beside ``out``, which takes its name only when all are there: a failure leaves
    nothing behind, and an earlier run as it was.

    - ``summary.csv``: plan, quantity, unit, kind, median, p05, p95 over the members that did not fail.
    - ``trajectory.parquet``: plan, member, day, observable, value (canonical units).

    Raises
    ------
    InputError
        ``out`` cannot be written to, or holds something else than an earlier run (see ``check_out``).
    """
    from livedo.report.page import render

    check_out(out)
    with _whole_folder(out) as folder:
        (folder / REPORT).write_text(render(comparison), encoding="utf-8")
        _write_summary(comparison, folder / SUMMARY)
        _write_trajectory(comparison, folder / TRAJECTORY)
        text = json.dumps(plain(comparison.provenance), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / PROVENANCE).write_text(text + "\n", encoding="utf-8")


def check_out(out: Path) -> None:
    """See that ``out`` may be written: it is absent, empty, or an earlier run with nothing added to it.

    Raises
    ------
    InputError
        It is a file, or holds files that Livedo did not write there; these would be lost. Or it cannot be made where it is to be.
    """
    above = next(folder for folder in out.resolve().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise InputError(
            "cannot be written", where=str(out), field="--out", expected="a place where a folder can be made"
        )
    if not out.exists():
        return
    expected = "a new or empty folder, or one with an earlier run of Livedo"
    if not out.is_dir():
        raise InputError("is not a folder", where=str(out), field="--out", expected=expected)
    held = sorted(path.name for path in out.iterdir())
    if not held:
        return
    if PROVENANCE not in held:
        raise InputError(
            "the folder holds other files", where=str(out), field="--out", value=held[0], expected=expected
        )
    if added := [name for name in held if name not in FILES]:
        message = "files were added to an earlier run and would be lost"
        raise InputError(message, where=str(out), field="--out", value=", ".join(added[:3]), expected=expected)


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """A new folder that takes the place of ``out`` if the block ends well, and else vanishes."""
    target = out.resolve()
    made = [folder for folder in target.parents if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=str(out), field="--out") from error
    try:
        folder.chmod(0o777 & ~_umask())
        yield folder
        _replace(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _replace(folder: Path, target: Path) -> None:
    """Give ``folder`` the name ``target``; what was there is kept until that is done, and put back if it fails."""
    if not target.exists():
        folder.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    earlier = target.rename(aside / target.name)
    try:
        folder.rename(target)
    except OSError:
        earlier.rename(target)
        aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _write_summary(comparison: Comparison, path: Path) -> None:
    from livedo.report.intervals import interval, of_members
    from livedo.tracking.outcomes import quantities

    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["plan", "quantity", "unit", "kind", "median", "p05", "p95"])
        for outcome in comparison.outcomes:
            for quantity in quantities():
                if quantity.key not in outcome.summary:
                    continue
                found = interval(of_members(outcome, quantity.key))
                numbers = [repr(v) if found.count else "" for v in (found.median, found.low, found.high)]
                rows.writerow([outcome.plan.name, quantity.key, quantity.unit, quantity.kind, *numbers])


def _write_trajectory(comparison: Comparison, path: Path) -> None:
    import polars as pl

    plans = pl.Enum([outcome.plan.name for outcome in comparison.outcomes])
    observables = pl.Enum(list(dict.fromkeys(name for o in comparison.outcomes for name in o.values)))
    frames: list[pl.DataFrame] = []
    for outcome in comparison.outcomes:
        for name, values in outcome.values.items():
            members, samples = values.shape
            columns = {
                "member": np.repeat(np.arange(members, dtype=np.int32), samples),
                "day": np.tile(np.asarray(outcome.days, float), members),
                "value": np.asarray(values, float).ravel(),
            }
            labels = (
                pl.lit(outcome.plan.name, dtype=plans).alias("plan"),
                pl.lit(name, dtype=observables).alias("observable"),
            )
            frames.append(pl.DataFrame(columns).with_columns(*labels))
    order = ("plan", "member", "day", "observable", "value")
    pl.concat(frames).select(order).write_parquet(path)


def plain(value: Any) -> Any:
    """``value`` in the types of JSON; what has no such type as its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)

"""Accepted sets of disease parameters: many ways to be near the published figures, carried instead of one best.

``accepted_sets.csv`` holds one set a row: the structure of the disease, and the parameters in which it differs from the body.
``calibration/lesion_sets.py`` makes it. What is told of risks, differences and rankings is told over all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livedo.errors import InputError
from livedo.evidence.result import Result
from livedo.tables import read_table

TABLE = Path(__file__).with_name("accepted_sets.csv")
STRUCTURES = ("calcification", "thrombosis", "intimal")


@dataclass(frozen=True)
class LesionSet:
    """One set: its name, the structure of the disease, and parameter -> value in the body's own unit."""

    name: str
    structure: str
    values: Mapping[str, float]


@functools.cache
def load_sets(path: Path = TABLE) -> tuple[LesionSet, ...]:
    """The accepted sets, in the table's order.

    Raises
    ------
    InputError
        If a name stands twice, a structure is unknown, or a value is not a number above zero.
    """
    found: list[LesionSet] = []
    for row in read_table(path, "set"):
        columns = [column for column in row if column not in ("set", "structure")]
        values = {column: row.number(column, "a number above zero", _positive) for column in columns}
        found.append(LesionSet(row["set"], row.choice("structure", STRUCTURES), values))
    return tuple(found)


def _positive(value: float) -> bool:
    return 0 < value < np.inf


def of_structure(sets: Sequence[LesionSet], structure: str) -> np.ndarray:
    """Which sets have a structure (``any`` for all), shape (sets,)."""
    if structure not in ("any", *STRUCTURES):
        raise InputError(
            "no such structure", field="structure", value=structure, expected=", ".join(("any", *STRUCTURES))
        )
    return np.array([structure in ("any", one.structure) for one in sets])


def over_sets(values: np.ndarray, read: str = "median") -> Result:
    """One number from the values of the sets, shape (sets,): ``median``, ``low`` or ``high`` (their 5th and 95th centile).

    The error is half the width from the 16th to the 84th centile: what another accepted set would change.
    """
    shares = {"median": 0.5, "low": 0.05, "high": 0.95}
    if read not in shares:
        raise InputError("cannot be read", field="read", value=read, expected=", ".join(shares))
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, [0.16, 0.84])
    return Result(float(np.quantile(known, shares[read])), float(high - low) / 2, f"{len(known)} accepted sets")

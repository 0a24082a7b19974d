"""How much a laboratory value of one stable patient varies from draw to draw."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from livedo.tables import read_table

TABLE = Path(__file__).with_name("variation.csv")


@dataclass(frozen=True)
class Variation:
    """One row of ``variation.csv``.

    ``within`` and ``analytical`` are coefficients of variation; ``scale`` is ``log`` where values are log-normal.
    ``laboratory`` is the SD of the logarithm of a laboratory's constant bias (assumption).
    ``unexplained`` is the relative disagreement between body and patient that no number of draws removes (assumption).
    """

    analyte: str
    scale: str
    within: float
    analytical: float
    laboratory: float
    unexplained: float
    source: str
    status: str

    @property
    def single(self) -> float:
        """Coefficient of variation of one value around the patient's own level."""
        return (self.within**2 + self.analytical**2) ** 0.5


@functools.cache
def variations() -> Mapping[str, Variation]:
    """Analyte -> row."""
    return {
        row["analyte"]: Variation(
            row["analyte"],
            row["scale"],
            row.number("within"),
            row.number("analytical"),
            row.number("laboratory"),
            row.number("unexplained"),
            row["source"],
            row["status"],
        )
        for row in read_table(TABLE, "analyte")
    }

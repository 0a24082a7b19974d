"""What can be and what is usual: bounds of a prescription and of a diet, read from ``limits.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from livedo.care import quantity
from livedo.care.issues import Issue, Place
from livedo.records.analytes import analytes
from livedo.tables import read_table


@dataclass(frozen=True, slots=True)
class Limit:
    """Bounds of one quantity in canonical units, and the words to say them in the table's unit."""

    name: str
    unit: str
    refuse_below: float | None
    warn_below: float | None
    warn_above: float | None
    refuse_above: float | None
    source: str
    status: str
    confidence: str
    factor: float

    def say(self, value: float) -> str:
        """``value`` in the table's unit, with the unit."""
        return f"{value / self.factor:.5g}" + ("" if self.unit == "dimensionless" else f" {self.unit}")


_KINDS: Final = {
    "hours": quantity.DURATION,
    "blood_flow": quantity.FLOW,
    "dialysate_flow": quantity.FLOW,
    "dialysate_calcium": quantity.CALCIUM,
    "dry_weight": quantity.WEIGHT,
    "phosphate": quantity.PHOSPHATE_INTAKE,
    "calcium": quantity.CALCIUM_INTAKE,
    "fluid": quantity.FLUID_INTAKE,
    "binder_calcium": quantity.CALCIUM_INTAKE,
    "substitution": quantity.VOLUME,
    "fill": quantity.VOLUME,
    "day_dwell": quantity.VOLUME,
    "night": quantity.DURATION,
    "buffer": quantity.BICARBONATE,
    "peritoneal_ultrafiltration": quantity.FLUID_INTAKE,
    "egfr": quantity.FILTRATION,
    "decline": quantity.DECLINE,
    "prednisolone": quantity.DAILY_DRUG,
    "start": quantity.MOMENT,
    "dialysate_magnesium": quantity.MAGNESIUM,
    "dialysate_bicarbonate": quantity.BICARBONATE,
    "dialysate_citrate": quantity.CITRATE,
    "dialysate_phosphate": quantity.PHOSPHATE,
    "plasma_treated": quantity.VOLUME,
    "large_solute_clearance": quantity.FLOW,
}


@lru_cache(maxsize=1)
def load_limits() -> dict[str, Limit]:
    """The bounds of ``limits.csv`` by quantity.

    Dialysate calcium is refused outside the range of its row in the table of analytes.
    """
    limits: dict[str, Limit] = {}
    for row in read_table(Path(__file__).with_name("limits.csv"), "quantity"):
        name = row["quantity"]
        kind = _KINDS.get(name)
        factor = kind.factors[row.choice("unit", kind.factors)] if kind else 1.0
        lowest, low, high, highest = (
            None if (value := row.number_or(bound, None)) is None else value * factor
            for bound in ("refuse_below", "warn_below", "warn_above", "refuse_above")
        )
        if name == quantity.DIALYSATE_CALCIUM:
            lowest, highest = analytes()[name].low, analytes()[name].high
        bounds = (lowest, low, high, highest)
        limits[name] = Limit(name, row["unit"], *bounds, row["source"], row["status"], row["confidence"], factor)
    return limits


def judge(name: str, value: float, place: Place, text: object = None) -> Iterator[Issue]:
    """Issues of ``value`` (canonical unit) against the bounds of the quantity ``name``."""
    limit = load_limits()[name]
    slack = 1e-9 * abs(value)
    for severity, low, high in (
        ("error", limit.refuse_below, limit.refuse_above),
        ("warning", limit.warn_below, limit.warn_above),
    ):
        below = low is not None and value < low - slack
        above = high is not None and value > high + slack
        if below or above:
            message = "cannot be" if severity == "error" else "is unusual"
            between = " and ".join(
                f"{word} {limit.say(bound)}"
                for word, bound in (("at least", low), ("at most", high))
                if bound is not None
            )
            shown = text or limit.say(value)
            yield Issue(
                "error" if severity == "error" else "warning",
                f"{name}_out_of_range",
                message,
                place,
                shown,
                between,
            )
            return

"""What a chart says of a patient's level of each analyte, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import ANALYTES
from livedo.patients import variations

if TYPE_CHECKING:
    from livedo.records.chart import Chart

#: Labs of the last year of each analyte's record describe the patient, if there are at least this many.
YEAR = timedelta(days=365)
ENOUGH = 3
#: More draws than this make the median no surer: what is left is that body and patient are not the same.
MOST = 12


@dataclass(frozen=True)
class Level:
    """A patient's level of one analyte.

    ``value`` is the median of ``count`` draws, NaN for none; ``sd`` its relative standard error; ``log`` whether the
    analyte varies on a log scale; ``drawn`` says in words which draws were used.
    """

    analyte: str
    symbol: str
    value: float
    count: int
    sd: float
    log: bool
    drawn: str


def levels(chart: Chart) -> tuple[Level, ...]:
    """The level of every analyte that the body can show, those without a value too.

    Draws during continuous dialysis and those marked as after dialysis are left out; draws in hospital are used only if
    there are too few others. Draws not marked are taken as before dialysis.
    """
    import polars as pl

    found = []
    for analyte, variation in variations().items():
        if analyte not in ANALYTES:
            continue
        rows = chart.values(analyte)
        rows = rows.filter(
            ~pl.col("continuous_dialysis").fill_null(False) & pl.col("prepost").ne_missing(pl.lit("post"))
        )
        outside = rows.filter(pl.col("setting").ne_missing(pl.lit("inpatient")))
        drawn = "out of hospital or of unknown setting"
        if outside.height < ENOUGH <= rows.height:
            outside, drawn = rows, "in hospital, as too few others exist"
        if outside.height:
            recent = outside.filter(pl.col("time") >= outside["time"].max() - YEAR)  # type: ignore[operator]
            if recent.height >= ENOUGH:
                outside, drawn = recent, drawn + ", of the last year of the record"
        count = outside.height
        value = float(outside["value"].median()) if count else float("nan")  # type: ignore[arg-type]
        sd = float(np.hypot(variation.single / np.sqrt(max(1, min(count, MOST))), variation.unexplained))
        found.append(
            Level(analyte, ANALYTES[analyte], value, count, sd, variation.scale == "log", drawn if count else "")
        )
    return tuple(found)

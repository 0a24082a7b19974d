"""What a chart says of a patient's level of each analyte, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import ANALYTES
from livedo.patients import variations
from livedo.wording import counted

if TYPE_CHECKING:
    from livedo.records.chart import Chart

#: Labs of the last year of each analyte's record describe the patient, if there are at least this many.
YEAR = timedelta(days=365)
ENOUGH = 3
#: Older labs, counted from the end of the record, are of another time of the patient's life (assumption).
WINDOW = timedelta(days=3 * 365)
OUTSIDE, INSIDE = "out of hospital or of unknown setting", "in hospital, as too few others exist"
#: More draws than this make the median no surer: what is left is that body and patient are not the same.
MOST = 12


@dataclass(frozen=True)
class Level:
    """A patient's level of one analyte.

    ``value`` is the median of ``count`` draws, NaN for none; ``sd`` its relative standard error; ``log`` whether the
    analyte varies on a log scale; ``drawn`` says in words which draws were used, ``left_out`` which were not and why.
    """

    analyte: str
    symbol: str
    value: float
    count: int
    sd: float
    log: bool
    drawn: str
    left_out: str = ""


@dataclass(frozen=True)
class Usual:
    """What is usual for a patient: the median of ``count`` draws (NaN for none), which they were, which were left out and why."""

    value: float
    count: int
    drawn: str
    left_out: str


def usual(chart: Chart, analyte: str) -> Usual:
    """What a chart shows to be usual.

    Draws during continuous dialysis, marked as after dialysis, older than three years at the end of the record, or from
    before the first recorded dialysis session are left out; draws in hospital are used only if there are too few others.
    Draws not marked are taken as before dialysis.

    Raises
    ------
    InputError
        Livedo knows no such analyte.
    """
    import polars as pl

    oldest = _oldest(chart)
    rows = chart.values(analyte)
    usable = rows
    left: list[str] = []
    for reason, keep in (
        ("too old to describe the patient now", pl.col("time") >= oldest),
        ("drawn during continuous dialysis", ~pl.col("continuous_dialysis").fill_null(False)),
        ("marked as after dialysis", pl.col("prepost").ne_missing(pl.lit("post"))),
    ):
        kept = usable.filter(keep)
        if kept.height < usable.height:
            left.append(f"{usable.height - kept.height} {reason}")
        usable = kept
    chosen = usable.filter(pl.col("setting").ne_missing(pl.lit("inpatient")))
    drawn = OUTSIDE
    if chosen.height < min(ENOUGH, usable.height):
        chosen, drawn = usable, INSIDE
    if chosen.height:
        recent = chosen.filter(pl.col("time") >= chosen["time"].max() - YEAR)  # type: ignore[operator]
        if recent.height >= ENOUGH:
            chosen, drawn = recent, drawn + ", of the last year of its record"
    count = chosen.height
    return Usual(
        value=float(chosen["value"].median()) if count else float("nan"),  # type: ignore[arg-type]
        count=count,
        drawn=drawn if count else "",
        left_out=f"left out of {counted(rows.height, 'draw')}: {', '.join(left)}" if left else "",
    )


def levels(chart: Chart) -> tuple[Level, ...]:
    """The level of every analyte that the body can show, those without a value too; draws as :func:`usual` takes them."""
    found = []
    for analyte, variation in variations().items():
        if analyte not in ANALYTES:
            continue
        here = usual(chart, analyte)
        sd = float(np.hypot(variation.single / np.sqrt(max(1, min(here.count, MOST))), variation.unexplained))
        found.append(
            Level(
                analyte=analyte,
                symbol=ANALYTES[analyte],
                value=here.value,
                count=here.count,
                sd=sd,
                log=variation.scale == "log",
                drawn=here.drawn,
                left_out=here.left_out,
            )
        )
    return tuple(found)


def _oldest(chart: Chart) -> datetime:
    """Labs before this time do not describe the patient on dialysis now."""
    if not chart.observations.height:
        return datetime.min
    oldest = chart.observations["time"].max() - WINDOW  # type: ignore[operator]
    first = chart.sessions["time"].min() if chart.sessions.height else None
    return oldest if first is None else max(oldest, first)  # type: ignore[type-var]

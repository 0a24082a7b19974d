"""The size of a wound as a record tells it, and the weeks since onset that go with it.

A record may hold wound areas, or lengths and widths. The last of them, near its end, says how large eschar and open wound are
when the plans start. Each version's lesion is then taken at a week of its course drawn by how well its size fits and how often
such lesions are diagnosed by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from livedo.engine.randomness import uniform
from livedo.skin.lesions import DIAGNOSIS_SPREAD, DIAGNOSIS_WEEKS

if TYPE_CHECKING:
    from livedo.records.chart import Chart

#: Measurements older than this at the end of the record do not tell the wound now (assumption).
RECENT = timedelta(days=60)
#: Area of an ellipse over length times width.
ELLIPSE = np.pi / 4
#: Standard deviation of the logarithm of an area, of a net-like wound measured at the bedside (assumption).
MEASURED = 0.3
#: Longest course that is searched, weeks.
WEEKS_SEARCHED = 40


@dataclass(frozen=True)
class Wound:
    """Area of eschar and open wound, cm2, when it was measured, and how, in words."""

    area: float
    time: datetime
    words: str


def charted_wound(chart: Chart) -> Wound | None:
    """The last recorded size, None where none is recorded within two months of the end of the record."""
    import polars as pl

    found: list[Wound] = []
    areas = chart.values("wound_area").sort("time")
    if areas.height:
        found.append(Wound(float(areas["value"][-1]), areas["time"][-1], "measured area"))
    lengths, widths = (chart.values(name).sort("time") for name in ("wound_length", "wound_width"))
    both = lengths.join(widths, on="time", suffix="_width").sort("time") if lengths.height and widths.height else None
    if both is not None and both.height:
        area = ELLIPSE * float(both["value"][-1]) * float(both["value_width"][-1])
        found.append(Wound(area, both["time"][-1], "ellipse of measured length and width"))
    if not found:
        return None
    last = max(found, key=lambda wound: wound.time)
    end = chart.observations.select(pl.col("time").max()).item()
    return last if last.area > 0 and end - last.time <= RECENT else None


def weeks_of_size(areas: np.ndarray, charted: float, seed: int) -> np.ndarray:
    """Weeks since onset at which each member's lesion has the charted size, drawn, shape (members,).

    Parameters
    ----------
    areas:
        Eschar and open wound after 1, 2, ... weeks, cm2, shape (members, weeks).
    charted:
        Recorded area, cm2.
    """
    weeks = 1 + np.arange(areas.shape[1])
    early = -0.5 * (np.log(weeks / DIAGNOSIS_WEEKS) / DIAGNOSIS_SPREAD) ** 2 - np.log(weeks)
    fits = -0.5 * (np.log(np.maximum(areas, 1e-3) / charted) / MEASURED) ** 2
    weight = fits + early
    share = np.cumsum(np.exp(weight - weight.max(axis=1, keepdims=True)), axis=1)
    luck = uniform(seed, "history/size", np.arange(len(areas))) * share[:, -1]
    return 1 + np.minimum((luck[:, None] > share).sum(axis=1), len(weeks) - 1)

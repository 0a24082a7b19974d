"""Small panels as inline SVG: the charted past, and one band for each plan.

Drawn here and not by a plotting library: a panel is a few curves, so the page stays near a hundred kilobytes, needs no
script, prints as it looks, and takes its type and colours from the page's own style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from livedo.report.shown import Measure, Shown
from livedo.wording import number

WIDTH, HEIGHT = 214, 176
LEFT, RIGHT, TOP, BOTTOM = 30, 182, 20, 150
_POINTS = 160
_YEARS_FROM = 800.0
"""Days beyond which an axis is labelled in years."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear map from ``low``..``high`` to pixels ``start``..``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Mark:
    """One charted value: day (negative), value and how it is drawn (a key of ``MARKS``)."""

    day: float
    value: float
    kind: str


MARKS = {
    "plain": "charted value",
    "inpatient": "drawn in hospital",
    "continuous": "drawn during continuous dialysis",
    "post": "drawn after dialysis",
}


def steps(low: float, high: float, about: int) -> list[float]:
    """Round numbers between ``low`` and ``high``, about so many."""
    raw = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def value_range(values: Iterable[float]) -> tuple[float, float]:
    """The range of a value axis that holds all finite ``values``, with a little air; from 0 where that is near."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    air = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - air, high + air
    return (0.0, high) if 0 < low < 0.4 * high or low < 0 <= min(finite) else (low, high)


def _decimals(ticks: Sequence[float]) -> int:
    return next((n for n in range(4) if all(abs(t - round(t, n)) < 1e-9 for t in ticks)), 4)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _frame(
    shown: Shown | Measure, values: tuple[float, float], days: tuple[float, float]
) -> tuple[list[str], Axis, Axis]:
    """Grid and scales: SI on the left, the conventional unit on the right, days or years below."""
    x, y = Axis(*days, LEFT, RIGHT), Axis(*values, BOTTOM, TOP)
    parts = [
        _text(LEFT - 4, TOP - 8, shown.unit, "unit", "end") if len(shown.unit) < 5 else "",
        _text(0, TOP - 8, shown.unit, "unit", "start") if len(shown.unit) >= 5 else "",
        _text(WIDTH, TOP - 8, shown.conventional, "unit", "end"),
    ]
    ticks = steps(*values, 5)
    for tick in ticks:
        parts.append(_line(LEFT, y(tick), RIGHT, y(tick), "grid"))
        parts.append(_text(LEFT - 5, y(tick) + 3.3, number(tick, _decimals(ticks)), "tick", "end"))
    factor = shown.to_conventional(1.0)
    others = steps(values[0] * factor, values[1] * factor, 5) if shown.conventional else []
    for tick in others:
        level = y(tick / factor)
        parts.append(_line(RIGHT, level, RIGHT + 3, level, "axis"))
        parts.append(_text(RIGHT + 6, level + 3.3, number(tick, _decimals(others)), "tick", "start"))
    in_years = max(abs(days[0]), abs(days[1])) > _YEARS_FROM
    scale, unit = (365.25, "years") if in_years else (1.0, "days")
    below = steps(days[0] / scale, days[1] / scale, 4)
    for tick in below:
        place = x(tick * scale)
        parts.append(_line(place, BOTTOM, place, BOTTOM + 3, "axis"))
        parts.append(_text(min(place, RIGHT - 2), BOTTOM + 13, number(tick, _decimals(below)), "tick"))
    parts.append(_line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis"))
    parts.append(_text((LEFT + RIGHT) / 2, HEIGHT - 1, unit, "unit"))
    return parts, x, y


def _target(shown: Shown | Measure, y: Axis) -> list[str]:
    levels = () if shown.target is None else (shown.target.low, shown.target.high)
    return [_line(LEFT, y(level), RIGHT, y(level), "target") for level in levels]


def _svg(parts: Iterable[str], words: str) -> str:
    body = "".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words, quote=True)}">'
        f"<title>{escape(words)}</title>{body}</svg>"
    )


def _mark(x: float, y: float, kind: str) -> str:
    if kind == "inpatient":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.1" class="mark open"/>'
    if kind == "continuous":
        a, b, c, d = x - 2, y - 2, x + 2, y + 2
        return f'<path d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}M{a:.1f} {d:.1f}L{c:.1f} {b:.1f}" class="mark open"/>'
    if kind == "post":
        return f'<path d="M{x - 2.3:.1f} {y - 1.8:.1f}h4.6l-2.3 4z" class="mark open"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.7" class="mark"/>'


def past_panel(
    shown: Shown,
    marks: Sequence[Mark],
    stays: Sequence[tuple[float, float]],
    values: tuple[float, float],
    days: tuple[float, float],
    words: str,
) -> str:
    """The charted values as marks, and hospital stays as bars on the time axis.

    ``days`` runs from a negative day to 0; ``stays`` are pairs of days; ``words`` is the panel in one sentence.
    """
    parts, x, y = _frame(shown, values, days)
    for start, end in stays:
        first, last = x(max(start, days[0])), x(min(end, days[1]))
        parts.append(
            f'<rect x="{first:.1f}" y="{BOTTOM - 4}" width="{max(1.0, last - first):.1f}" height="4" class="stay"/>'
        )
    parts.extend(_target(shown, y))
    parts.extend(_mark(x(mark.day), y(mark.value), mark.kind) for mark in marks)
    if not marks:
        parts.append(_text((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2, "never charted", "absent"))
    return _svg(parts, words)


def _runs(kept: np.ndarray) -> Iterable[np.ndarray]:
    places = np.flatnonzero(kept)
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if places.size else ()


def _area(x: Axis, y: Axis, days: np.ndarray, low: np.ndarray, high: np.ndarray, kind: str) -> str:
    there = [f"{x(d):.1f} {y(v):.1f}" for d, v in zip(days, high, strict=True)]
    back = [f"{x(d):.1f} {y(v):.1f}" for d, v in zip(days[::-1], low[::-1], strict=True)]
    return f'<path d="M{"L".join(there + back)}Z" class="{kind}"/>'


def _curve(x: Axis, y: Axis, days: np.ndarray, values: np.ndarray, kind: str) -> str:
    return (
        f'<path d="M{"L".join(f"{x(d):.1f} {y(v):.1f}" for d, v in zip(days, values, strict=True))}" class="{kind}"/>'
    )


def plan_panel(
    shown: Shown | Measure,
    days: np.ndarray,
    percentiles: np.ndarray,
    reference: tuple[np.ndarray, np.ndarray] | None,
    values: tuple[float, float],
    span: tuple[float, float],
    words: str,
) -> str:
    """One plan: bands of 90% and 50%, the median, and as a dotted line the median of ``reference`` (days, values).

    ``percentiles`` has the shape (5, samples), as given by ``intervals.bands``.
    """
    parts, x, y = _frame(shown, values, span)
    for run in _runs(np.all(np.isfinite(percentiles), axis=0)):
        kept = _thinned(run)
        d, p = days[kept], percentiles[:, kept]
        parts.append(_area(x, y, d, p[0], p[4], "band90"))
        parts.append(_area(x, y, d, p[1], p[3], "band50"))
        parts.append(_curve(x, y, d, p[2], "median"))
    parts.extend(_target(shown, y))
    if reference is not None:
        for run in _runs(np.isfinite(reference[1])):
            kept = _thinned(run)
            parts.append(_curve(x, y, reference[0][kept], reference[1][kept], "reference"))
    return _svg(parts, words)


def _thinned(places: np.ndarray) -> np.ndarray:
    """At most ``_POINTS`` of ``places``, first and last among them: about one for each pixel of a panel."""
    if places.size <= _POINTS:
        return places
    return places[np.unique(np.linspace(0, places.size - 1, _POINTS).round().astype(int))]

"""Ionised calcium led along a course, as infusions of calcium, citrate or EDTA do, and what PTH does meanwhile.

Extracellular calcium is set every minute to the amount at which ionised calcium is where the course says. What citrate does by
binding, and a low-calcium dialysate by removal, is alike for the gland.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from livedo.body import haemodialysis
from livedo.engine import Schedule
from livedo.evidence.context import WEEK, Context, Group

#: Hours after Monday 00:00: before the midweek session of those who have one.
AT = 53.0
MINUTE = 1.0 / 60.0
#: People whose curve is measured one by one.
CURVES = 128
#: Greatest change of ionised calcium (mmol/L) and minutes taken to it in tests of the whole curve.
DOWN, UP, RAMP = -0.30, 0.35, 120


@dataclass(frozen=True)
class Clamp:
    """Minutes from its start, and ionised calcium (mmol/L) and PTH (pmol/L), shape (people, minutes)."""

    minutes: np.ndarray
    calcium: np.ndarray
    pth: np.ndarray


@dataclass(frozen=True)
class Curve:
    """The PTH-calcium curve of each person, shape (people,); PTH in pmol/L, ionised calcium in mmol/L.

    ``half`` is the calcium at half of the greatest PTH (Brown), ``middle`` that halfway between greatest and least.
    ``ratio`` is total over ionised calcium at rest.
    """

    basal: np.ndarray
    greatest: np.ndarray
    least: np.ndarray
    ambient: np.ndarray
    half: np.ndarray
    middle: np.ndarray
    ratio: np.ndarray


def clamp(group: Group, course: np.ndarray) -> Clamp:
    """Lead ionised calcium along a course.

    Parameters
    ----------
    group:
        The people.
    course:
        Change from each person's own ionised calcium at each minute, shape (minutes,) or (people, minutes), mmol/L.
    """
    ctx = group.context
    ctx.need("Ca", "Ca_ionised", "PTH")
    before = haemodialysis(at=(8.0,)) if group.schedule.rules else Schedule()
    arrival = group.run(AT, [AT], before, tolerance=1e-6)
    course = np.broadcast_to(course, (len(group), np.shape(course)[-1]))
    start = arrival.final
    amounts = _amounts(group, start, arrival["Ca_ionised"], course)
    schedule = Schedule()
    for minute in range(course.shape[1]):
        # A run that goes on takes events at its first moment for done: a moment later.
        schedule = schedule.reset("Ca", amounts[:, minute], AT + minute * MINUTE + 1e-6)
    minutes = np.arange(course.shape[1])
    # A sample at the time of an event shows what is before it: look half a minute later.
    times = AT + (minutes + 0.5) * MINUTE
    run = group.run(AT + len(minutes) * MINUTE, times, schedule, start=start, tolerance=1e-6)
    calcium, pth = (np.concatenate([arrival[name], run[name]], axis=1) for name in ("Ca_ionised", "PTH"))
    return Clamp(np.concatenate([[0.0], minutes + 0.5]), calcium, pth)


def _amounts(group: Group, start: object, rest: np.ndarray, course: np.ndarray) -> np.ndarray:
    """Extracellular calcium (mmol) with which ionised calcium is on course, shape (people, minutes)."""
    place = group.context.kernel.layout.states.index("Ca")
    factors = np.linspace(0.5, 1.6, 45)
    many = start.chosen(np.repeat(np.arange(len(group)), len(factors)))  # type: ignore[attr-defined]
    many.states[:, place] *= np.tile(factors, len(group))
    seen = group.run(AT, [AT], Schedule(), start=many)["Ca_ionised"].reshape(len(group), len(factors))
    own = start.states[:, place]  # type: ignore[attr-defined]
    return np.stack([own[i] * np.interp(rest[i] + course[i], seen[i], factors) for i in range(len(group))])


def whom(ctx: Context, who: str) -> Group:
    """Those measured one by one: healthy adults, haemodialysis, or that with high PTH.

    ``renal`` is kidney disease before dialysis with a creatinine three to four times normal, as in PMID 9814455: filtration 25
    to 35 mL/min.
    """
    groups = {
        "healthy": lambda: ctx.healthy,
        "renal": lambda: ctx.stage(25, 35),
        "dialysis": lambda: ctx.dialysis,
        "severe": lambda: ctx.severe,
    }
    group = groups[who]()
    return group.chosen(np.arange(min(len(group), CURVES)))


def curve_of(ctx: Context, who: str) -> Curve:
    """The curves of :func:`whom`."""
    return curve(ctx, whom(ctx, who), who)


def step(change: float, minutes: int = 120) -> np.ndarray:
    """A course that goes to its level at once and stays."""
    return np.full(minutes, change)


def ramp(change: float, minutes: int = RAMP, back: int = 0) -> np.ndarray:
    """A course that goes to its level evenly, and comes back evenly if asked."""
    there = change * (np.arange(minutes) + 1) / minutes
    return there if not back else np.concatenate([there, change * (1 - (np.arange(back) + 1) / back)])


def curve(ctx: Context, group: Group, name: str) -> Curve:
    """Each person's PTH-calcium curve: calcium led down to the greatest PTH, and on another day up to the least."""

    def make() -> Curve:
        down, up = clamp(group, ramp(DOWN)), clamp(group, ramp(UP))
        found = [_read(down.calcium[i], down.pth[i], up.calcium[i], up.pth[i]) for i in range(len(group))]
        greatest, least, half, middle = np.array(found).T
        ratio = group.labs["Ca_total"] / group.labs["Ca_ionised"]
        return Curve(down.pth[:, 0], greatest, least, down.calcium[:, 0], half, middle, ratio)

    return ctx.once(("curve", name), make)


def _read(
    down_calcium: np.ndarray, down_pth: np.ndarray, up_calcium: np.ndarray, up_pth: np.ndarray
) -> tuple[float, float, float, float]:
    """Greatest and least PTH, and calcium at the two midpoints, of one person."""
    peak = int(np.argmax(down_pth))
    calcium = np.concatenate([down_calcium[peak::-1], up_calcium[1:]])
    pth = np.concatenate([down_pth[peak::-1], up_pth[1:]])
    greatest, least = float(pth[0]), float(up_pth.min())
    falling = np.minimum.accumulate(pth)

    def where(level: float) -> float:
        return float(np.interp(-level, -falling, calcium))

    return greatest, least, where(greatest / 2), where((greatest + least) / 2)


def half_way(calcium: np.ndarray, pth: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Calcium at which PTH passes a level along part of a clamp, shape (people,); NaN if it never does. NaN is no part of it."""
    found = np.full(len(pth), np.nan)
    for i, series in enumerate(pth):
        above, known = series >= level[i], np.isfinite(series)
        crossing = np.flatnonzero((above[1:] != above[:-1]) & known[1:] & known[:-1])
        if crossing.size:
            j = int(crossing[0])
            share = (level[i] - series[j]) / (series[j + 1] - series[j])
            found[i] = calcium[i, j] + share * (calcium[i, j + 1] - calcium[i, j])
    return found


__all__ = ["AT", "CURVES", "WEEK", "Clamp", "Curve", "clamp", "curve", "curve_of", "half_way", "ramp", "step", "whom"]

"""Every solver at its best: the tolerance at which its achieved error just passes, and how fast it is there.

Nominal tolerances mean different things in different solvers, so they are not compared; achieved errors are. A sweep over
tolerances gives the work-precision curve; bisection then finds the loosest tolerance that passes.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from benchmarks.work import Work, worst_error

#: Seconds of processor time below which a run is repeated.
LONG_ENOUGH = 0.25
#: And those above which a single run says enough.
LONG = 6.0

#: (work, relative tolerance, variant) -> samples.
Run = Callable[[Work, float, str], np.ndarray]


@dataclass(frozen=True)
class Point:
    """One timed run. ``rate`` counts seconds of processor time, ``wall_rate`` those of the clock; both patient-years."""

    tolerance: float
    variant: str
    error: float
    rate: float
    wall_rate: float
    patients: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def timed(run: Run, work: Work, tolerance: float, variant: str, truth: np.ndarray) -> Point:
    """Run, again and again until it took long enough to be timed.

    Compilation inside the run (where a solver compiles for a size) is told by ``run.seconds`` and left out.
    """
    rounds, cpu, wall = 0, 0.0, 0.0
    while not rounds or (cpu < LONG_ENOUGH and rounds < 50):
        before = getattr(run, "seconds", 0.0)
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        samples = run(work, tolerance, variant)
        compiling = getattr(run, "seconds", 0.0) - before
        cpu += max(time.process_time() - cpu_before - compiling, 1e-9)
        wall += max(time.perf_counter() - wall_before - compiling, 1e-9)
        rounds += 1
    years = rounds * work.patients
    return Point(tolerance, variant, worst_error(samples, truth), years / cpu, years / wall, work.patients)


def tune(
    run: Run,
    work: Work,
    truth: np.ndarray,
    limit: float,
    *,
    variants: Sequence[str] = ("",),
    tolerances: tuple[float, float] = (1e-2, 1e-8),
    quick: bool = False,
    repeats: int = 3,
) -> tuple[Point | None, list[Point]]:
    """Find the fastest setting whose error is at most ``limit``.

    Parameters
    ----------
    tolerances:
        Loosest and tightest tried; looser ones too where the loosest passes.
    quick:
        Search a few tolerances only, from the order of magnitude of the limit.
    repeats:
        Runs of each of the three fastest settings that pass; the median counts. A run of more than :data:`LONG` is not repeated.

    Returns
    -------
    The chosen point, None if none passed, and all points tried.
    """
    points: list[Point] = []
    for variant in variants:

        def measure(tolerance: float, variant: str = variant) -> Point:
            points.append(timed(run, work, tolerance, variant, truth))
            return points[-1]

        if quick:
            _approach(measure, limit)
        else:
            _sweep(measure, limit, tolerances)
    passing = [p for p in points if p.error <= limit]
    if not passing:
        return None, points
    if quick:
        return max(passing, key=lambda p: p.rate), points
    # The fastest few are run again, as a single timing may have been disturbed.
    tried: list[Point] = []
    for point in sorted(passing, key=lambda p: -p.rate)[:3]:
        more = repeats - 1 if point.patients < LONG * point.rate else 0
        again = [timed(run, work, point.tolerance, point.variant, truth) for _ in range(more)]
        rates, walls = ([getattr(p, k) for p in (point, *again)] for k in ("rate", "wall_rate"))
        tried.append(replace(point, rate=statistics.median(rates), wall_rate=statistics.median(walls)))
    return max(tried, key=lambda p: p.rate), points


def _approach(measure: Callable[[float], Point], limit: float) -> None:
    """At most four runs, each at the tolerance that the ones before point to: in proportion, then by interpolation."""
    tolerance, found = limit / 4, list[Point]()
    for _ in range(4):
        found.append(measure(tolerance))
        if 0.4 * limit <= found[-1].error <= limit:
            return
        loose = min((p for p in found if p.error > limit), key=lambda p: p.tolerance, default=None)
        tight = max((p for p in found if p.error <= limit), key=lambda p: p.tolerance, default=None)
        if loose is None or tight is None or not loose.error < math.inf:
            tolerance *= min(max(0.65 * limit / found[-1].error, 1e-2), 30.0)
        else:
            share = math.log(0.65 * limit / tight.error) / math.log(loose.error / tight.error)
            share = min(max(share, 0.1), 0.9)
            tolerance = tight.tolerance * (loose.tolerance / tight.tolerance) ** share


def _sweep(measure: Callable[[float], Point], limit: float, tolerances: tuple[float, float]) -> None:
    """Half decades from loose to tight until the error is a hundredth of the limit, then bisection at the limit.

    Where the loosest passes, looser ones are tried before it, up to one.
    """
    half = math.sqrt(10.0)
    found = [measure(tolerances[0])]
    while found[0].error <= limit and found[0].tolerance * half < 1.01:
        found.insert(0, measure(found[0].tolerance * half))
    while found[-1].tolerance > 1.01 * tolerances[1]:
        found.append(measure(found[-1].tolerance / half))
        if found[-1].error < limit / 100:
            break
    first = next((i for i, p in enumerate(found) if p.error <= limit), None)
    if not first:
        return
    loose, tight = found[first - 1].tolerance, found[first].tolerance
    for _ in range(4):
        middle = math.sqrt(loose * tight)
        if measure(middle).error <= limit:
            tight = middle
        else:
            loose = middle

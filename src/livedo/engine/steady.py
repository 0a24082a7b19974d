"""The weekly fixed point: a patient's state that repeats itself under a weekly schedule.

Newton's method on the map "one week later": its derivative comes from a week run once for each state that is moved a
little, all of them side by side in the lanes. States that only count, and stores too deep to have a steady state, are
held where they are. Conserved totals make the equations singular; they are kept by equations of their own. The residual
is always returned: a result is as good as its residual says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from livedo.engine.ensemble import simulate
from livedo.engine.kernel import Kernel
from livedo.engine.layout import Numbers
from livedo.engine.model import Model
from livedo.engine.schedule import Schedule
from livedo.engine.trajectory import Moment

WEEK = 168.0
#: Relative size of the moves for the derivative, and tolerance of the weeks that are run for it.
NUDGE, TOLERANCE = 1e-4, 1e-9
#: A positive state changes by at most this factor in one iteration.
MOST = 3.0
#: Singular values below this share of the largest belong to conserved totals.
CONSERVED = 1e-7


@dataclass(frozen=True)
class Steady:
    """Where patients settle.

    Attributes
    ----------
    moment:
        The start of a week that repeats itself; events at its time have yet to act.
    residual:
        Largest change of any state over one week, relative to its size, shape (patients,); NaN after a failure.
    iterations:
        Newton steps taken.
    """

    moment: Moment
    residual: np.ndarray
    iterations: int


def steady_state(
    model: Model,
    kernel: Kernel,
    start: Moment,
    schedule: Schedule,
    *,
    parameters: Mapping[str, Numbers] | None = None,
    period: float = WEEK,
    accept: float = 1e-6,
    most_iterations: int = 20,
    threads: int | None = None,
) -> Steady:
    """Find the fixed point of a periodic schedule.

    Parameters
    ----------
    model, kernel:
        The model and its code.
    start:
        Patients near their steady state; parameters come from here.
    schedule:
        Rules that repeat with the period, on a clock that starts at zero.
    parameters:
        Values other than those of ``start``.
    accept:
        Residual at which the search stops.
    """
    names = kernel.layout
    traits = [model.traits_of(s) for s in names.states]
    free = np.array([i for i, t in enumerate(traits) if t.equilibrates and not t.accumulator])
    positive = np.array([traits[i].nonnegative for i in free])
    scale = np.array([traits[i].scale for i in free])
    patients = len(start.states)
    held = start.states.copy()
    given = {name: start.parameters[:, i] for i, name in enumerate(names.parameters)}
    given |= {name: np.broadcast_to(np.asarray(v, dtype=float), (patients,)) for name, v in (parameters or {}).items()}

    def week_later(states: np.ndarray, who: np.ndarray) -> np.ndarray:
        run = simulate(
            kernel,
            until=period,
            patients=len(who),
            parameters={name: values[who] for name, values in given.items()},
            start={name: states[:, i] for i, name in enumerate(names.states)},
            schedule=schedule.chosen(who),
            tolerance=TOLERANCE,
            threads=threads,
            chunk=256,
        )
        return run.final.states

    def size(values: np.ndarray) -> np.ndarray:
        return np.maximum(np.abs(values), 0.1 * scale)

    everyone = np.arange(patients)
    current = held[:, free]
    done = 0
    residual = np.full(patients, np.inf)
    while True:
        later = week_later(_joined(held, free, current), everyone)[:, free]
        residual = np.max(np.abs(later - current) / size(current), axis=1)
        todo = np.flatnonzero(residual > accept)
        if todo.size == 0 or done == most_iterations:
            break
        nudges = NUDGE * size(current[todo])
        moved = np.repeat(current[todo], len(free), axis=0)
        rows = np.arange(len(moved))
        moved[rows, rows % len(free)] += nudges.ravel()
        who = np.repeat(todo, len(free))
        after = week_later(_joined(held[who], free, moved), who)[:, free]
        change = (after - np.repeat(later[todo], len(free), axis=0)) / nudges.ravel()[:, None]
        slopes = change.reshape(len(todo), len(free), len(free)).transpose(0, 2, 1)
        for place, patient in enumerate(todo):
            current[patient] = _step(current[patient], later[patient], slopes[place], size(current)[patient], positive)
        done += 1
    states = _joined(held, free, current)
    settled = replace(start, states=states, parameters=np.stack([given[n] for n in names.parameters], axis=1))
    return Steady(settled.restarted(), residual, done)


def _joined(held: np.ndarray, free: np.ndarray, values: np.ndarray) -> np.ndarray:
    whole = held.copy()
    whole[:, free] = values
    return whole


def _step(
    current: np.ndarray, later: np.ndarray, slope: np.ndarray, size: np.ndarray, positive: np.ndarray
) -> np.ndarray:
    """One Newton step in scaled states, kept within a factor where states are positive."""
    if not (np.isfinite(slope).all() and np.isfinite(later).all()):
        return np.full_like(current, np.nan)
    matrix = np.eye(len(current)) - slope * (size[None, :] / size[:, None])
    left, values, _ = np.linalg.svd(matrix)
    # A total that the week conserves is a left null vector; it must not be moved either.
    totals = left[:, values < CONSERVED * values[0]].T
    right = np.concatenate([(later - current) / size, np.zeros(len(totals))])
    change = np.linalg.lstsq(np.concatenate([matrix, totals]), right, rcond=None)[0] * size
    moved = current + change
    return np.where(positive, np.clip(moved, current / MOST, current * MOST), moved)

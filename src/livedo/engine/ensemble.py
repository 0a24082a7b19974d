"""Many patients through time: chunks over threads, one process.

A chunk of patients runs window by window: the schedule of the next window is laid out, the kernel runs it without the
interpreter lock, the samples go to the trajectory or to reducers. What a patient gets does not depend on the chunk, the
number of threads, the order or the company.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from livedo.engine import advance as a
from livedo.engine.chunk import prepare, run_chunk
from livedo.engine.kernel import Kernel
from livedo.engine.layout import Numbers
from livedo.engine.schedule import Schedule
from livedo.engine.trajectory import Moment, Reducer, Trajectory
from livedo.errors import InputError

#: Hours in one window: four weeks, so that windows begin on the same weekday.
WINDOW = 672.0


def simulate(
    kernel: Kernel,
    *,
    until: float,
    begin: float = 0.0,
    patients: int = 1,
    parameters: Mapping[str, Numbers] | None = None,
    start: Mapping[str, Numbers] | Moment | None = None,
    schedule: Schedule | None = None,
    times: Sequence[float] | np.ndarray = (),
    keep: bool = True,
    reducers: Sequence[Reducer] = (),
    tolerance: float = 1e-5,
    longest_step: float = 168.0,
    threads: int | None = None,
    chunk: int = 512,
    progress: Callable[[int], None] | None = None,
) -> Trajectory:
    """Carry patients from ``begin`` to ``until``.

    Parameters
    ----------
    kernel:
        Compiled model.
    until, begin:
        Time span, in the model's time unit.
    patients:
        How many (n).
    parameters:
        Values other than the model's, each one number or shape (n,).
    start:
        Start of states other than the model's, likewise; or the :class:`Moment` at which another run stopped: ``begin``,
        ``patients`` and all parameters but those given here then come from there.
    schedule:
        What changes when.
    times:
        When to sample the observables, ascending: shape (samples,), or (patients, samples) if each patient has own times.
    keep:
        Whether to return the samples; reducers see them in any case.
    tolerance:
        Relative; the absolute tolerance is this times each state's scale.
    longest_step:
        Upper bound of a step.
    threads:
        Number of threads; all processors if not given.
    chunk:
        Patients at a time in one thread.
    progress:
        Called with the number of patients just finished.

    Raises
    ------
    InputError
        If something names what the model does not have, or times are not ascending or outside the span.
    """
    moment = start if isinstance(start, Moment) else None
    if moment is not None:
        begin, patients = moment.time, len(moment.states)
    if until < begin:
        raise InputError("a run ends before it begins", field="until", value=until, expected=f"at least {begin}")
    times = np.asarray(times, dtype=float)
    if times.size and (np.any(np.diff(times) < 0) or times.min() < begin or times.max() > until):
        raise InputError(
            "sample times must ascend within the run", field="times", expected=f"within [{begin}, {until}]"
        )
    if times.ndim == 2 and (len(times) != patients or reducers):
        expected = f"{patients} rows, and no reducers"
        raise InputError("sample times of each patient do not fit", field="times", value=times.shape, expected=expected)
    names = kernel.layout
    index = {
        "parameters": {k: i for i, k in enumerate(names.parameters)},
        "states": {k: i for i, k in enumerate(names.states)},
        "observables": {k: i for i, k in enumerate(names.observables)},
    }
    _check_known(parameters, index["parameters"], "parameter")
    _check_known(start if isinstance(start, Mapping) else None, index["states"], "state")
    n_states, n_parameters = len(names.states), len(names.parameters)
    kept = np.full((patients, times.shape[-1] if keep else 0, len(names.observables)), np.nan)
    empty = [np.empty((patients, k)) for k in (n_states, n_parameters, names.control_rows)]
    final = Moment(until, empty[0], empty[1], empty[2])
    failures: dict[int, str] = {}
    steps = np.zeros(patients), np.zeros(patients), np.zeros(patients)
    lock = threading.Lock()
    plan = schedule or Schedule()
    edges = _edges(begin, until)
    fresh = moment is None or not moment.acted

    def run(first: int) -> int:
        who = np.arange(first, min(first + chunk, patients))
        block = prepare(kernel, who, parameters or {}, start or {}, index, begin, moment)
        run_chunk(kernel, block, plan, index, edges, times, tolerance, longest_step, fresh, sink, failures)
        lanes, who = len(who), block.patients
        for target, source in ((final.states, block.y), (final.parameters, block.p), (final.control, block.w)):
            target[who] = block.lanes(source)[:lanes, : target.shape[1]]
        for count, row in zip(steps, (a.ACCEPTED, a.TRIED, a.ROUNDS), strict=True):
            count[who] = block.lanes(block.w)[:lanes, row]
        return lanes

    def sink(who: np.ndarray, which: slice, due: np.ndarray, samples: np.ndarray) -> None:
        if keep:
            kept[who, which] = np.where(due[:, :, None], samples, kept[who, which])
        if reducers:
            values = {k: samples[:, :, i] for i, k in enumerate(names.observables)}
            with lock:
                for reducer in reducers:
                    reducer.take(who, times[which], values)

    starts = range(0, patients, chunk)
    workers = min(threads or os.cpu_count() or 1, len(starts))
    if workers == 1:
        for first in starts:
            done = run(first)
            if progress is not None:
                progress(done)
    else:
        with ThreadPoolExecutor(workers) as pool:
            for done in pool.map(run, starts):
                if progress is not None:
                    progress(done)
    values = {k: kept[:, :, i] for i, k in enumerate(names.observables)} if keep else {}
    return Trajectory(times, values, final, dict(sorted(failures.items())), steps, names.states)


def _edges(begin: float, until: float) -> list[float]:
    """Window edges: the ends, and the multiples of the window between them."""
    first = np.floor(begin / WINDOW) + 1
    inner = [k * WINDOW for k in np.arange(first, np.ceil(until / WINDOW)) if begin < k * WINDOW < until]
    return [begin, *inner, until]


def _check_known(given: Mapping[str, Numbers] | None, known: Mapping[str, int], what: str) -> None:
    for name in given or {}:
        if name not in known:
            raise InputError(
                f"the model has no {what} of this name", value=name, expected=f"one of its {len(known)} {what}s"
            )

"""Many patients through time: chunks over threads, one process.

A chunk of patients runs window by window: the schedule of the next window is laid out, the kernel runs it without the
interpreter lock, the samples go to the trajectory or to reducers. What a patient gets does not depend on the chunk, the
number of threads, the order or the company. A patient who fails is tried again alone with a tighter setting, and if that
fails too becomes NaN with the reason; the others never notice.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from livedo.engine import advance as a
from livedo.engine.kernel import Kernel, rows
from livedo.engine.lanes import WIDTH
from livedo.engine.layout import Events, Numbers
from livedo.engine.schedule import Schedule
from livedo.errors import InputError

if TYPE_CHECKING:
    import polars as pl

#: Hours in one window: four weeks, so that windows begin on the same weekday.
WINDOW = 672.0
FIRST_STEP = 0.01


class Reducer(Protocol):
    """Takes samples as they come, so that trajectories need not be kept."""

    def take(self, patients: np.ndarray, times: np.ndarray, values: Mapping[str, np.ndarray]) -> None:
        """Samples of some patients: ``values[name]`` has shape (patients, times). Called under a lock."""
        ...


@dataclass(frozen=True)
class Moment:
    """Where a run stopped, complete: give it to :func:`simulate` to go on.

    ``states``, ``parameters`` and ``control`` have shape (patients, rows). ``acted`` says whether events at ``time`` have
    acted already.
    """

    time: float
    states: np.ndarray
    parameters: np.ndarray
    control: np.ndarray
    acted: bool = True

    def restarted(self, time: float = 0.0) -> Moment:
        """The same patients on a new clock, at which events at ``time`` have yet to act."""
        control = self.control.copy()
        control[:, a.TIME] = time
        return replace(self, time=time, control=control, acted=False)

    def chosen(self, patients: np.ndarray) -> Moment:
        """Some of the patients, by number."""
        return replace(
            self, states=self.states[patients], parameters=self.parameters[patients], control=self.control[patients]
        )


@dataclass
class Trajectory:
    """What happened.

    Attributes
    ----------
    times:
        Sample times, shape (samples,), or (patients, samples).
    values:
        Observable -> shape (patients, samples); empty if nothing was to be kept. NaN after a failure.
    final:
        The last moment.
    failures:
        Patient -> reason.
    steps:
        Accepted steps, attempts, and rounds of the patient's group of lanes, each of shape (patients,). A lane that waits
        for its group, or whose step is refused, makes a round without an accepted step.
    """

    times: np.ndarray
    values: dict[str, np.ndarray]
    final: Moment
    failures: dict[int, str]
    steps: tuple[np.ndarray, np.ndarray, np.ndarray]
    layout_states: tuple[str, ...] = field(repr=False, default=())

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    @property
    def useful_lane_steps(self) -> float:
        """Share of all lane steps made that carried their patient onward."""
        accepted, _, rounds = self.steps
        return float(accepted.sum() / rounds.sum())

    def frame(self) -> pl.DataFrame:
        """The samples as a long table: ``patient``, ``time`` and a column for each observable."""
        import polars as pl

        first = next(iter(self.values.values()))
        columns = {
            "patient": np.repeat(np.arange(first.shape[0]), first.shape[1]),
            "time": np.broadcast_to(self.times, first.shape).ravel(),
        }
        return pl.DataFrame(columns | {name: values.ravel() for name, values in self.values.items()})

    def to_parquet(self, path: Path) -> None:
        """Write :meth:`frame` as Parquet (Arrow's file format)."""
        self.frame().write_parquet(path)

    def final_state(self, name: str) -> np.ndarray:
        """Last value of a state, shape (patients,)."""
        return self.final.states[:, self.layout_states.index(name)]


@dataclass
class _Chunk:
    """Arrays of a run of patients; padding lanes repeat the last patient."""

    patients: np.ndarray
    y: np.ndarray
    p: np.ndarray
    c: np.ndarray
    w: np.ndarray

    def lanes(self, block: np.ndarray) -> np.ndarray:
        """A block as (lanes, rows)."""
        return block.transpose(0, 2, 1).reshape(-1, block.shape[1])

    def sort_by_work(self, tried_before: np.ndarray) -> None:
        """Put patients who needed like numbers of steps in the last window into one group, so that fewer lanes wait.

        A patient's result does not depend on the group, so this changes the speed alone.
        """
        count = len(self.patients)
        order = np.argsort(self.lanes(self.w)[:count, a.TRIED] - tried_before[self.patients], kind="stable")
        source = np.append(order, np.full(len(self.y) * WIDTH - count, order[-1]))
        self.patients = self.patients[order]
        for block in (self.y, self.p, self.w):
            block[:] = self.lanes(block)[source].reshape(len(block), WIDTH, -1).transpose(0, 2, 1)


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
        block = _prepare(kernel, who, parameters or {}, start or {}, index, begin, moment)
        _run_chunk(kernel, block, plan, index, edges, times, tolerance, longest_step, fresh, sink, failures)
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


def _prepare(
    kernel: Kernel,
    who: np.ndarray,
    parameters: Mapping[str, Numbers],
    start: Mapping[str, Numbers] | Moment,
    index: Mapping[str, Mapping[str, int]],
    begin: float,
    moment: Moment | None,
) -> _Chunk:
    names = kernel.layout
    groups = -(-len(who) // WIDTH)
    lanes = who[np.minimum(np.arange(groups * WIDTH), len(who) - 1)]
    blocks = [rows(groups, k) for k in (len(names.states), len(names.parameters), names.hoisted, names.control_rows)]
    y, p, c, w = blocks
    if moment is not None:
        for block, source in ((y, moment.states), (p, moment.parameters), (w, moment.control)):
            block[:, : source.shape[1]] = source[lanes].reshape(groups, WIDTH, -1).transpose(0, 2, 1)
        for name, value in parameters.items():
            p[:, index["parameters"][name]] = _by_lane(value, lanes).reshape(groups, WIDTH)
        return _Chunk(who, y, p, c, w)
    for name, row in index["parameters"].items():
        if name in parameters:
            p[:, row] = _by_lane(parameters[name], lanes).reshape(groups, WIDTH)
        else:
            p[:, row] = kernel.values[name]
    kernel.begin(0, groups, p, y)
    if isinstance(start, Mapping):
        for name, value in start.items():
            y[:, index["states"][name]] = _by_lane(value, lanes).reshape(groups, WIDTH)
    w[:, a.TIME] = begin
    w[:, a.LAST_ERROR] = 1.0
    w[:, a.STEP] = FIRST_STEP
    w[:, a.LEARN + 1 :] = FIRST_STEP
    return _Chunk(who, y, p, c, w)


def _by_lane(value: Numbers, lanes: np.ndarray) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    return np.full(len(lanes), float(array)) if array.ndim == 0 else array[lanes]


def _run_chunk(
    kernel: Kernel,
    block: _Chunk,
    schedule: Schedule,
    index: Mapping[str, Mapping[str, int]],
    edges: list[float],
    times: np.ndarray,
    tolerance: float,
    longest: float,
    fresh: bool,
    sink: Callable[[np.ndarray, slice, np.ndarray, np.ndarray], None],
    failures: dict[int, str],
) -> None:
    width = len(kernel.layout.observables)
    tried = np.zeros(int(block.patients.max()) + 1)
    spans = list(itertools.pairwise(edges)) or [(edges[0], edges[0])]
    for number, (begin, end) in enumerate(spans):
        first_of_run, last_of_run = number == 0, number == len(spans) - 1
        if number:
            block.sort_by_work(tried)
            tried[block.patients] = block.lanes(block.w)[: len(block.patients), a.TRIED]
        which, due, asked = _due(times, block.patients, begin, end, first_of_run)
        at_begin = fresh if first_of_run else True
        events = schedule.layout(block.patients, begin, end, index, at_begin=at_begin, at_end=last_of_run)
        before = [array.copy() for array in (block.y, block.p, block.w)]
        samples = _call(kernel, block, events, asked, end, tolerance, longest)
        lost = np.flatnonzero(block.lanes(block.w)[: len(block.patients), a.STATUS])
        for lane in map(int, lost):
            if int(block.patients[lane]) not in failures:
                _rescue(kernel, block, before, lane, events, asked[lane : lane + 1], end, tolerance, samples, failures)
            if int(block.patients[lane]) in failures:
                samples[lane] = np.nan
        sink(block.patients, which, due, samples[:, :, :width])


def _due(
    times: np.ndarray, who: np.ndarray, begin: float, end: float, first_of_run: bool
) -> tuple[slice, np.ndarray, np.ndarray]:
    """Samples of a window: their columns, which are due for whom, and their times (infinity where not due)."""
    rows_ = times[who] if times.ndim == 2 else np.broadcast_to(times, (len(who), times.size))
    if not rows_.size:
        return slice(0, 0), np.zeros((len(who), 0), dtype=bool), np.zeros((len(who), 0))
    after = rows_ >= begin if first_of_run else rows_ > begin
    due = after & (rows_ <= end)
    columns = np.flatnonzero(due.any(axis=0))
    which = slice(int(columns[0]), int(columns[-1]) + 1) if columns.size else slice(0, 0)
    return which, due[:, which], np.where(due, rows_, np.inf)[:, which]


def _call(
    kernel: Kernel,
    block: _Chunk,
    events: Events,
    times: np.ndarray,
    end: float,
    tolerance: float,
    longest: float,
) -> np.ndarray:
    """Run one window; ``times`` (patients, samples) ascend after leading infinities. Returns (patients, samples, observables)."""
    groups, patients = len(block.y), len(block.patients)
    lanes = groups * WIDTH
    observables = max(1, len(kernel.layout.observables))
    source = np.minimum(np.arange(lanes), patients - 1)
    if lanes == patients:
        first, order = events.first, slice(None)
    else:
        counts = np.diff(events.first)[source]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        picks = [np.arange(int(events.first[s]), int(events.first[s + 1])) for s in source]
        order = np.append(np.concatenate(picks), len(events.time) - 1).astype(np.int64)
    count = times.shape[1]
    skipped = np.isinf(times) & (np.cumsum(~np.isinf(times), axis=1) == 0)
    offset = np.where(skipped.all(axis=1), 0, skipped.sum(axis=1))[source]
    sample_from = np.append(np.arange(lanes, dtype=np.int64) * count + offset, lanes * count).astype(np.int64)
    sample_time = np.append(times[source].ravel(), np.inf)
    samples = np.full(lanes * count * observables + 1, np.nan)
    arrays = [
        np.ascontiguousarray(x[order]) for x in (events.time, events.kind, events.row, events.phase, events.value)
    ]
    kernel.run(
        0, groups, end, tolerance, longest, block.y, block.p, block.c, block.w, np.ascontiguousarray(first), *arrays,
        sample_from, sample_time, samples,
    )  # fmt: skip
    return samples[:-1].reshape(lanes, count, observables)[:patients]


def _rescue(
    kernel: Kernel,
    block: _Chunk,
    before: list[np.ndarray],
    lane: int,
    events: Events,
    times: np.ndarray,
    end: float,
    tolerance: float,
    samples: np.ndarray,
    failures: dict[int, str],
) -> None:
    """Run one patient's window again, alone, with a hundredth of the tolerance and steps of at most an hour."""
    patient = int(block.patients[lane])
    group, place = divmod(int(lane), WIDTH)
    alone = [rows(1, b.shape[1]) for b in (*before[:2], block.c, before[2])]
    for target, source in zip((alone[0], alone[1], alone[3]), before, strict=True):
        target[0] = source[group, :, place][:, None]
    alone[3][0, a.STEP] = 1e-4
    alone[3][0, a.STATUS] = 0.0
    single = _Chunk(np.array([patient]), *alone)
    low, high = events.first[lane], events.first[lane + 1]
    picked = [np.append(x[low:high], x[-1]) for x in (events.time, events.kind, events.row, events.phase, events.value)]
    own = Events(np.array([0, high - low], dtype=np.int64), *picked)
    result = _call(kernel, single, own, times, end, tolerance * 0.01, 1.0)
    status = int(alone[3][0, a.STATUS, 0])
    if status == a.RUNNING:
        samples[lane] = result[0]
        for target, source in zip((block.y, block.p, block.w), (alone[0], alone[1], alone[3]), strict=True):
            target[group, :, place] = source[0, :, 0]
        return
    at = float(alone[3][0, a.TIME, 0])
    failures[patient] = f"{a.REASONS[status]} at {at:.4g}, also with a tighter setting"
    block.y[group, :, place] = np.nan

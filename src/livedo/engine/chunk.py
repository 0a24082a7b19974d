"""Some patients of a run, window by window: their blocks of lanes, what is due for whom, and the rescue of one who fails.

A patient who fails is tried again alone with a tighter setting, and if that fails too becomes NaN with the reason; the
others never notice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from livedo.engine import advance as a
from livedo.engine.kernel import Kernel, rows
from livedo.engine.lanes import WIDTH
from livedo.engine.layout import Events, Numbers
from livedo.engine.schedule import Schedule
from livedo.engine.trajectory import Moment

FIRST_STEP = 0.01


@dataclass
class Chunk:
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


def prepare(
    kernel: Kernel,
    who: np.ndarray,
    parameters: Mapping[str, Numbers],
    start: Mapping[str, Numbers] | Moment,
    index: Mapping[str, Mapping[str, int]],
    begin: float,
    moment: Moment | None,
) -> Chunk:
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
        return Chunk(who, y, p, c, w)
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
    w[:, a.MEMORY :: a.REMEMBERED] = FIRST_STEP
    return Chunk(who, y, p, c, w)


def _by_lane(value: Numbers, lanes: np.ndarray) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    return np.full(len(lanes), float(array)) if array.ndim == 0 else array[lanes]


def run_chunk(
    kernel: Kernel,
    block: Chunk,
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
        samples = run_window(kernel, block, events, asked, end, tolerance, longest)
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


def run_window(
    kernel: Kernel,
    block: Chunk,
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
    block: Chunk,
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
    alone[3][0, a.PLACE] = 0.0
    alone[3][0, a.STATUS] = 0.0
    single = Chunk(np.array([patient]), *alone)
    low, high = events.first[lane], events.first[lane + 1]
    picked = [np.append(x[low:high], x[-1]) for x in (events.time, events.kind, events.row, events.phase, events.value)]
    own = Events(np.array([0, high - low], dtype=np.int64), *picked)
    result = run_window(kernel, single, own, times, end, tolerance * 0.01, 1.0)
    status = int(alone[3][0, a.STATUS, 0])
    if status == a.RUNNING:
        samples[lane] = result[0]
        for target, source in zip((block.y, block.p, block.w), (alone[0], alone[1], alone[3]), strict=True):
            target[group, :, place] = source[0, :, 0]
        return
    at = float(alone[3][0, a.TIME, 0])
    failures[patient] = f"{a.REASONS[status]} at {at:.4g}, also with a tighter setting"
    block.y[group, :, place] = np.nan

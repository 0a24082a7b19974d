"""The loop over patients and switches in Python, for solvers whose interface is a Python call per interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.compiled import Compiled
from benchmarks.work import Work

#: (times, first of them the start; states there) -> states at the other times, shape (times - 1, states), or None.
Integrate = Callable[[np.ndarray, np.ndarray], np.ndarray | None]


def drive(work: Work, made: Compiled, p: np.ndarray, c: np.ndarray, integrate: Integrate) -> np.ndarray:
    """Do the work; ``p`` and ``c`` are the arrays that the right-hand side behind ``integrate`` reads."""
    out = np.full((work.patients, len(work.samples), len(work.judged)), np.nan)
    observed = np.empty(len(work.system.observables))
    parameters, starts, switches, readings = work.parameter_array(), work.start_array(), work.switches, work.samples
    judged = len(work.judged)
    for i in range(work.patients):
        p[:] = parameters[i]
        y = starts[i].copy()
        for k in range(switches.shape[1] - 1):
            begin, end = switches[i, k], switches[i, k + 1]
            if k % 2:
                made.opened(y, p, c, observed)
            else:
                made.closed(p, c)
            reading = k // 2 - 1
            read = k % 2 == 0 and k > 0
            times = np.array([begin, readings[reading], end] if read else [begin, end])
            found = integrate(times, y)
            if found is None:
                break
            if read:
                made.observe(found[0], p, c, observed)
                out[i, reading] = observed[:judged]
            y = np.ascontiguousarray(found[-1])
    return out

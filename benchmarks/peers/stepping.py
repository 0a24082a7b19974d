"""The loop over patients and switches in Python, for solvers whose interface is a Python call per interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.compiled import Compiled
from benchmarks.work import Work

#: (begin, end, states at begin) -> states at end, or None.
Integrate = Callable[[float, float, np.ndarray], np.ndarray | None]


def drive(work: Work, made: Compiled, p: np.ndarray, c: np.ndarray, integrate: Integrate) -> np.ndarray:
    """Do the work; ``p`` and ``c`` are the arrays that the right-hand side behind ``integrate`` reads."""
    out = np.full((work.patients, work.samples.shape[1], len(work.judged)), np.nan)
    observed = np.empty(len(work.system.observables))
    parameters, starts, switches = work.parameter_array(), work.start_array(), work.switches
    judged = len(work.judged)
    for i in range(work.patients):
        p[:] = parameters[i]
        y = starts[i].copy()
        for k in range(switches.shape[1] - 1):
            if k % 2:
                made.opened(y, p, c, observed)
            else:
                made.closed(y, p, c)
            found = integrate(switches[i, k], switches[i, k + 1], y)
            if found is None:
                break
            y = np.ascontiguousarray(found)
            if k % 2:
                made.observe(y, p, c, observed)
                out[i, k // 2] = observed[:judged]
    return out

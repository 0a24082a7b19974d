"""The printed equations compiled by Numba, once, for every peer that can call machine code."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from benchmarks.printers import for_numba
from benchmarks.work import Work

#: What Livedo's own code allows the compiler, no less and no more; division by zero gives infinity, not an exception.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}


@dataclass(frozen=True)
class Compiled:
    """Compiled scalar functions of a task; see :func:`benchmarks.printers.for_numba` for their arguments.

    ``opened(y, p, c, o)`` and ``closed(y, p, c)`` do what the start and end of a session do. ``rows`` and ``columns`` place the
    Jacobian's ``entries``; ``hoisted``, ``observed`` and ``factors`` are numbers of values. ``weights`` are state sizes for
    absolute tolerances, huge for a state that only counts; ``units`` are the same, but one for such a state. ``factor``
    and ``solve`` are compiled when first called.
    """

    hoist: Any
    rhs: Any
    entries: Any
    observe: Any
    factor: Any
    solve: Any
    opened: Any
    closed: Any
    rows: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    units: np.ndarray
    hoisted: int
    observed: int
    factors: int
    seconds: float

    @property
    def states(self) -> int:
        return len(self.weights)

    def memory(self) -> tuple[np.ndarray, np.ndarray]:
        """Room for one patient's hoisted values and observables."""
        return np.empty(self.hoisted), np.empty(self.observed)


_DONE: dict[str, Compiled] = {}


def compiled(work: Work) -> Compiled:
    """Print and compile a task's equations; the second call for a task returns the first one's."""
    if work.name not in _DONE:
        _DONE[work.name] = _compile(work)
    return _DONE[work.name]


def _compile(work: Work) -> Compiled:
    began = time.process_time()
    system, scales = work.system, work.scales()
    names: dict[str, Any] = {}
    exec(compile(for_numba(system, scales), f"<{work.name}>", "exec"), names)
    jit = functools.partial(numba.njit, **OPTIONS)
    functions = {k: jit(names[k]) for k in ("hoist", "rhs", "entries", "observe", "factor", "solve")}
    hoist, observe = functions["hoist"], functions["observe"]
    row = {name: i for i, name in enumerate(system.parameters)}
    place = {name: i for i, name in enumerate(system.observables)}
    opening = tuple((row[k], float(v)) for k, v in work.opening)
    closing = tuple((row[k], float(v)) for k, v in work.closing)
    held = tuple((row[k], place[v]) for k, v in work.held)
    set_open, set_closed, hold = _setter(opening), _setter(closing), _holder(held)

    @jit
    def opened(y: Any, p: Any, c: Any, o: Any) -> None:
        set_open(p)
        hold(y, p, c, o, hoist, observe)
        hoist(y, p, c)

    @jit
    def closed(y: Any, p: Any, c: Any) -> None:
        set_closed(p)
        hoist(y, p, c)

    p, y = work.parameter_array()[0], np.ones(len(system.states))
    c, o = np.empty(names["N_HOISTED"]), np.empty(max(1, names["N_OBSERVED"]))
    pattern = np.array(names["PATTERN"])
    opened(y, p, c, o)
    closed(y, p, c)
    functions["rhs"](y, p, c, y.copy())
    functions["entries"](y, p, c, np.empty(len(pattern)))
    observe(y, p, c, o)
    return Compiled(
        **functions,
        opened=opened,
        closed=closed,
        rows=pattern[:, 0].copy(),
        columns=pattern[:, 1].copy(),
        weights=np.where(scales > 0.0, scales, 1e12),
        units=np.where(scales > 0.0, scales, 1.0),
        factors=names["N_FACTORS"],
        seconds=time.process_time() - began,
        hoisted=len(c),
        observed=len(o),
    )


def _setter(pairs: tuple[tuple[int, float], ...]) -> Any:
    rows, values = np.array([r for r, _ in pairs], dtype=np.int64), np.array([v for _, v in pairs])

    @numba.njit
    def put(p: Any) -> None:
        for i in range(len(rows)):
            p[rows[i]] = values[i]

    return put


def _holder(pairs: tuple[tuple[int, int], ...]) -> Any:
    rows, places = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))

    @numba.njit
    def hold(y: Any, p: Any, c: Any, o: Any, hoist: Any, observe: Any) -> None:
        if len(rows):
            hoist(y, p, c)
            observe(y, p, c, o)
            for i in range(len(rows)):
                p[rows[i]] = o[places[i]]

    return hold

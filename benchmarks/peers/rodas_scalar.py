"""A strong opponent of our own making: RODAS4P in Numba, one patient at a time.

It has what Livedo's kernel has but for the vector lanes: the printed equations with an analytic Jacobian, the unrolled sparse
factorisation, and a first step remembered from the last switch of the same kind. What Livedo gains over it,
it gains by running a group of patients side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.compiled import OPTIONS, compiled
from benchmarks.peers import Peer
from benchmarks.work import Work
from livedo.engine.tableaus import METHODS


def _matrix(rows: tuple[tuple[float, ...], ...], stages: int) -> np.ndarray:
    out = np.zeros((len(rows), stages))
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


def prepare(work: Work) -> Callable[[Work, float, str], np.ndarray]:
    made, tableau = compiled(work), METHODS["RODAS4P"]
    rhs, factor, solve, observe, opened, closed = (
        made.rhs, made.factor, made.solve, made.observe, made.opened, made.closed,
    )  # fmt: skip
    n, n_c, n_o, slots, stages = made.states, made.hoisted, len(work.system.observables), made.factors, tableau.stages
    a, cs = (_matrix(rows, stages) for rows in (tableau.a, tableau.c))
    gamma, power = tableau.gamma, 1.0 / tableau.order
    scales = work.scales()
    counted = max(1, int((scales > 0).sum()))

    @numba.njit(**OPTIONS)
    def attempt(y: Any, p: Any, c: Any, h: float, tol: float, u: Any, lu: Any, point: Any, f: Any) -> float:
        factor(y, p, c, 1.0 / (gamma * h), u[0], lu)
        solve(lu, u[0])
        for s in range(1, stages):
            for i in range(n):
                x = y[i]
                for j in range(s):
                    x += a[s - 1, j] * u[j, i]
                point[i] = x
            rhs(point, p, c, f)
            for i in range(n):
                x = 0.0
                for j in range(s):
                    x += cs[s - 1, j] * u[j, i]
                u[s, i] = f[i] + x / h
            solve(lu, u[s])
        total = 0.0
        for i in range(n):
            error = u[stages - 1, i]
            point[i] += error
            if scales[i] > 0.0:
                part = error / (tol * (scales[i] + max(abs(y[i]), abs(point[i]))))
                total += part * part
        return np.sqrt(total / counted)

    @numba.njit(**OPTIONS)
    def drive(p0: Any, y0: Any, switches: Any, tol: float, judged: int) -> Any:
        out = np.full((len(p0), switches.shape[1] // 2 - 1, judged), np.nan)
        c, o, lu = np.empty(n_c), np.empty(n_o), np.empty(slots)
        u, point, f = np.empty((stages, n)), np.empty(n), np.empty(n)
        for i in range(len(p0)):
            p, y = p0[i].copy(), y0[i].copy()
            first = np.full(2, 0.01)
            tries = 0
            for k in range(switches.shape[1] - 1):
                t, end = switches[i, k], switches[i, k + 1]
                if k % 2:
                    opened(y, p, c, o)
                else:
                    closed(y, p, c)
                wanted, learnt = first[k % 2], False
                while t < end and tries < 200000:
                    room = end - t
                    h = room if wanted > 0.999 * room else (0.5 * room if wanted > 0.5 * room else wanted)
                    error = attempt(y, p, c, h, tol, u, lu, point, f)
                    tries += 1
                    if not error < 1e300:
                        error = 1e300
                    best = h * min(6.0, max(0.2, 0.9 * max(error, 1e-10) ** -power))
                    if error > 1.0:
                        wanted = min(best, 0.9 * h)
                        continue
                    if not learnt:
                        first[k % 2], learnt = best, True
                    wanted = max(best, wanted) if h < 0.99 * wanted else best
                    t = end if h >= room else t + h
                    y[:] = point
                if k % 2:
                    observe(y, p, c, o)
                    out[i, k // 2] = o[:judged]
        return out

    def run(work: Work, tolerance: float, variant: str) -> np.ndarray:
        arrays = work.parameter_array(), work.start_array(), work.switches
        return drive(*arrays, tolerance, len(work.judged))

    run(work.first(1), 1e-3, "")
    return run


PEERS = [
    Peer(
        "RODAS4P, scalar",
        "numba",
        "made for this benchmark: Livedo's equations, Jacobian and sparse factors, one patient at a time; not a peer",
        prepare,
        patients=100,
        ours=True,
    )
]

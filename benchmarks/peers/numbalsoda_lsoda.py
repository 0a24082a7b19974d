"""numbalsoda: LSODA in C++, right-hand side and the loop over patients and switches compiled by Numba.

numbalsoda takes one absolute tolerance, so states are divided by their size; it takes no Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numbalsoda import lsoda, lsoda_sig

from benchmarks.compiled import OPTIONS, compiled
from benchmarks.peers import Peer
from benchmarks.work import Work


def prepare(work: Work) -> Callable[[Work, float, str], np.ndarray]:
    made = compiled(work)
    rhs, observe, opened, closed = made.rhs, made.observe, made.opened, made.closed
    n, n_p, n_c, units = made.states, work.parameter_array().shape[1], made.hoisted, made.units.copy()
    n_o = len(work.system.observables)

    @numba.cfunc(lsoda_sig, **OPTIONS)
    def slopes(t: Any, u: Any, du: Any, data: Any) -> None:
        z, f, values = numba.carray(u, (n,)), numba.carray(du, (n,)), numba.carray(data, (n_p + n_c,))
        y = np.empty(n)
        for i in range(n):
            y[i] = z[i] * units[i]
        rhs(y, values[:n_p], values[n_p:], f)
        for i in range(n):
            f[i] /= units[i]

    address = slopes.address

    @numba.njit(**OPTIONS)
    def drive(address: Any, p0: Any, y0: Any, switches: Any, rtol: float, atol: float, judged: int) -> Any:
        out = np.full((len(p0), switches.shape[1] // 2 - 1, judged), np.nan)
        data, o = np.empty(n_p + n_c), np.empty(n_o)
        p, c = data[:n_p], data[n_p:]
        for i in range(len(p0)):
            p[:] = p0[i]
            y = y0[i].copy()
            for k in range(switches.shape[1] - 1):
                if k % 2:
                    opened(y, p, c, o)
                else:
                    closed(y, p, c)
                found, fine = lsoda(address, y / units, switches[i, k : k + 2], data, rtol, atol, 100000)
                if not fine:
                    break
                y = found[-1] * units
                if k % 2:
                    observe(y, p, c, o)
                    out[i, k // 2] = o[:judged]
        return out

    def run(work: Work, tolerance: float, variant: str) -> np.ndarray:
        arrays = work.parameter_array(), work.start_array(), work.switches
        return drive(address, *arrays, tolerance, tolerance * (0.01 if variant else 1.0), len(work.judged))

    run(work.first(1), 1e-3, "")
    return run


PEERS = [
    Peer(
        "numbalsoda LSODA",
        "numbalsoda",
        "right-hand side and loops compiled by Numba; its own Jacobian by differences",
        prepare,
        variants=("", "absolute tolerance / 100"),
        patients=20,
    )
]

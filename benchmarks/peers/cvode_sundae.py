"""scikit-sundae: CVODE by its own Python interface, callbacks compiled by Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from sksundae.cvode import CVODE

from benchmarks.compiled import OPTIONS, compiled
from benchmarks.peers import Peer
from benchmarks.peers.stepping import drive
from benchmarks.work import Work


def prepare(work: Work) -> Callable[[Work, float, str], np.ndarray]:
    made = compiled(work)
    rhs, entries, rows, columns = made.rhs, made.entries, made.rows, made.columns

    @numba.njit(**OPTIONS)
    def slopes(t: float, y: Any, f: Any, data: Any) -> None:
        rhs(y, data[0], data[1], f)

    @numba.njit(**OPTIONS)
    def jacobian(t: float, y: Any, f: Any, j: Any, data: Any) -> None:
        e = np.empty(len(rows))
        entries(y, data[0], data[1], e)
        for k in range(len(rows)):
            j[rows[k], columns[k]] = e[k]

    def run(work: Work, tolerance: float, variant: str) -> np.ndarray:
        data = np.empty(work.parameter_array().shape[1]), made.memory()[0]
        # The interface looks into the signature, which a compiled function hides.
        solver = CVODE(
            lambda t, y, f, data: slopes(t, y, f, data),
            rtol=tolerance,
            atol=made.weights * tolerance,
            userdata=data,
            jacfn=lambda t, y, f, j, data: jacobian(t, y, f, j, data),
            max_num_steps=100000,
        )

        def integrate(begin: float, end: float, y: np.ndarray) -> np.ndarray | None:
            solver.init_step(begin, y)
            found = solver.step(end, method="normal", tstop=end)
            return found.y if found.success else None

        return drive(work, made, *data, integrate)

    run(work.first(1), 1e-3, "")
    return run


PEERS = [
    Peer(
        "CVODE in scikit-sundae",
        "scikit-sundae",
        "Python interface; right-hand side and Jacobian compiled by Numba",
        prepare,
        patients=4,
    )
]

"""Truth: two independent solvers at a tight tolerance, which must agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.peers import cvode_c, numbalsoda_lsoda
from benchmarks.work import Work

TIGHT, AGREEMENT = 1e-11, 1e-7


@dataclass(frozen=True)
class Truth:
    """Samples of shape (patients, readings, judged), and the largest relative difference between the two solvers."""

    samples: np.ndarray
    difference: float

    def describe(self) -> dict[str, object]:
        return {
            "solvers": ["CVODE (BDF, analytic Jacobian)", "LSODA (numbalsoda)"],
            "tolerance": TIGHT,
            "patients": len(self.samples),
            "largest_difference": self.difference,
        }


def truth(work: Work) -> Truth:
    """Solve the work twice; the mean is the truth.

    Raises
    ------
    RuntimeError
        If the two solvers differ by more than ``AGREEMENT`` anywhere.
    """
    solvers = cvode_c.PEERS[0], numbalsoda_lsoda.PEERS[0]
    one, other = (solver.ready(work)[0](work, TIGHT, "") for solver in solvers)
    difference = float(np.max(np.abs(one / other - 1.0)))
    if not difference <= AGREEMENT:
        raise RuntimeError(f"{work.name}: the two reference solvers differ by {difference:.2g}")
    return Truth((one + other) / 2, difference)

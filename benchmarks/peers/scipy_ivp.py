"""SciPy: LSODA by ``odeint`` (its loop is in C), Radau by ``solve_ivp`` (its loop is in Python); callbacks compiled by Numba."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from scipy.integrate import odeint, solve_ivp

from benchmarks.compiled import OPTIONS, Compiled, compiled
from benchmarks.peers import Peer
from benchmarks.peers.stepping import Integrate, drive
from benchmarks.work import Work


def _callbacks(made: Compiled) -> tuple[Any, Any]:
    """(slopes, dense Jacobian) over (t, y, p, c)."""
    rhs, entries, rows, columns = made.rhs, made.entries, made.rows, made.columns

    @numba.njit(**OPTIONS)
    def slopes(t: float, y: Any, p: Any, c: Any) -> Any:
        f = np.empty(len(y))
        rhs(y, p, c, f)
        return f

    @numba.njit(**OPTIONS)
    def jacobian(t: float, y: Any, p: Any, c: Any) -> Any:
        e, j = np.empty(len(rows)), np.zeros((len(y), len(y)))
        entries(y, p, c, e)
        for k in range(len(rows)):
            j[rows[k], columns[k]] = e[k]
        return j

    return slopes, jacobian


def _prepared(work: Work, integrator: Callable[..., Integrate]) -> Callable[[Work, float, str], np.ndarray]:
    made = compiled(work)
    slopes, jacobian = _callbacks(made)

    def run(work: Work, tolerance: float, variant: str) -> np.ndarray:
        p, (c, _) = np.empty(work.parameter_array().shape[1]), made.memory()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return drive(work, made, p, c, integrator(slopes, jacobian, made.weights, p, c, tolerance, variant))

    y, (c, _) = work.start_array()[0], made.memory()
    p = work.parameter_array()[0]
    made.closed(y, p, c)
    slopes(0.0, y, p, c), jacobian(0.0, y, p, c)
    return run


def _lsoda(slopes: Any, jacobian: Any, weights: np.ndarray, p: Any, c: Any, tolerance: float, variant: str) -> Any:
    atol, analytic = weights * tolerance, jacobian if variant == "analytic Jacobian" else None

    def integrate(begin: float, end: float, y: np.ndarray) -> np.ndarray | None:
        times = np.array([begin, end])
        found, told = odeint(
            slopes, y, times, args=(p, c), Dfun=analytic, full_output=True, tfirst=True, rtol=tolerance, atol=atol,
            tcrit=times[1:], mxstep=100000,
        )  # fmt: skip
        return found[1] if told["message"] == "Integration successful." else None

    return integrate


def _radau(slopes: Any, jacobian: Any, weights: np.ndarray, p: Any, c: Any, tolerance: float, variant: str) -> Any:
    atol = weights * tolerance

    def integrate(begin: float, end: float, y: np.ndarray) -> np.ndarray | None:
        found = solve_ivp(
            slopes, (begin, end), y, method="Radau", t_eval=(end,), args=(p, c), jac=jacobian, rtol=tolerance, atol=atol,
        )  # fmt: skip
        return found.y[:, -1] if found.success else None

    return integrate


PEERS = [
    Peer(
        "SciPy LSODA",
        "scipy",
        "odeint, loop in C; right-hand side and Jacobian compiled by Numba",
        lambda work: _prepared(work, _lsoda),
        variants=("", "analytic Jacobian"),
        patients=6,
    ),
    Peer(
        "SciPy Radau",
        "scipy",
        "solve_ivp, loop in Python; right-hand side and Jacobian compiled by Numba",
        lambda work: _prepared(work, _radau),
        patients=2,
        tolerances=(1e-2, 1e-6),
    ),
]

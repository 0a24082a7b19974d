"""The pseudo one-compartment model of phosphate, and its fit to the draws of a session, as Agar 2011 and Leypoldt 2013 do."""

from __future__ import annotations

import itertools

import numpy as np


def course(
    start: np.ndarray,
    times: np.ndarray,
    length: float,
    mobilised: np.ndarray,
    dialyser: np.ndarray,
    filtered: np.ndarray,
    volume: np.ndarray,
    parts: int = 10,
) -> np.ndarray:
    """Phosphate by the pseudo one-compartment model, shape (people, times), mmol/L.

    d(V C)/dt = K_M (C_pre - C) - K_D C in the session and without the last term after it; dV/dt = -Q_uf; V is given at the end.
    """
    c, curve = start, [start]
    for left, right in itertools.pairwise(times):
        step = (right - left) / parts
        for part in range(parts):
            time = left + (part + 0.5) * step
            on = float(time < length)
            now = np.maximum(volume + filtered * (length - min(time, length)), 1.0)
            # dC/dt = (rate - K_M C - K_D C + Q_uf C)/V, integrated exactly over the small step
            loss = (mobilised + on * (dialyser - filtered)) / now
            level = mobilised * start / now / loss
            c = level + (c - level) * np.exp(-loss * step)
        curve.append(c)
    return np.stack(curve, axis=1)


def fitted_course(
    drawn: np.ndarray,
    times: np.ndarray,
    length: float,
    dialyser: np.ndarray,
    filtered: np.ndarray,
    parts: int = 10,
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of the model on each person's draws (Levenberg-Marquardt in logarithms).

    Parameters
    ----------
    drawn:
        Phosphate, shape (people, times), mmol/L; the first is that before the session.
    times:
        Hours from the start of the session, which lasts ``length``.
    dialyser, filtered:
        Clearance and ultrafiltration of each person, L/h.
    parts:
        Steps between two draws.

    Returns
    -------
    K_M (L/h) and V at the end of the session (L), shape (people,).
    """

    def model(mobilised: np.ndarray, volume: np.ndarray) -> np.ndarray:
        return course(drawn[:, 0], times, length, mobilised, dialyser, filtered, volume, parts)

    logs = np.log(np.stack([np.full(len(drawn), 5.5), np.full(len(drawn), 10.0)]))
    damping = np.full(len(drawn), 1e-3)
    error = np.sum((model(*np.exp(logs)) - drawn) ** 2, axis=1)
    for _ in range(30):
        base = model(*np.exp(logs))
        slopes = [(model(*np.exp(logs + 1e-5 * d[:, None])) - base) / 1e-5 for d in np.eye(2)]
        jacobian = np.stack(slopes, axis=2)
        square = np.einsum("nta,ntb->nab", jacobian, jacobian)
        square += np.einsum("n,nab->nab", damping, square * np.eye(2))
        right = np.einsum("nta,nt->na", jacobian, drawn - base)
        move = np.clip(np.linalg.solve(square + 1e-12 * np.eye(2), right[:, :, None])[:, :, 0].T, -0.5, 0.5)
        trial = np.sum((model(*np.exp(logs + move)) - drawn) ** 2, axis=1)
        better = trial < error
        logs, error = np.where(better, logs + move, logs), np.where(better, trial, error)
        damping = np.where(better, damping / 5, damping * 5)
    mobilised, volume = np.exp(logs)
    return mobilised, volume


def clearance_of(removed: np.ndarray, phosphate: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Phosphorus removed (mmol) over the area under its concentration, shape (people, hours), L/h."""
    return removed / np.trapezoid(phosphate, hours, axis=1)

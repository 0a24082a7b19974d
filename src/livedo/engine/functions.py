"""Powers of two and logarithms to base two as polynomials on lanes.

Written once over the lane operations; errors below 2e-12, far below any tolerance of the stepper, which the tests measure
against NumPy. Base two needs no product with ln 2 on either side of a power: 2^x splits into 2^n 2^r with |r| <= 1/2 and a
near-minimax polynomial of degree 8; log2 splits off the exponent, puts the mantissa around 1 and uses an odd series in
s = (m - 1)/(m + 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np


def _near_minimax(function: Any, low: float, high: float, degree: int) -> tuple[float, ...]:
    """Coefficients (constant first) of the Chebyshev interpolant, which is within a small factor of the best one."""
    fitted = np.polynomial.Chebyshev.interpolate(function, degree, domain=[low, high])
    return tuple(float(a) for a in fitted.convert(kind=np.polynomial.Polynomial).coef)


def _log_series(z: np.ndarray) -> np.ndarray:
    """log2((1+s)/(1-s)) / s with z = s^2, by its series."""
    total = np.zeros_like(z)
    for k in range(24, -1, -1):
        total = total * z + 2.0 / (2 * k + 1)
    return total / np.log(2.0)


EXP2 = _near_minimax(np.exp2, -0.5, 0.5, 8)
LOG2 = _near_minimax(_log_series, 0.0, 0.0405, 5)


def _horner(x: Any, coefficients: tuple[float, ...]) -> Any:
    result = coefficients[-1]
    for a in reversed(coefficients[:-1]):
        result = result * x + a
    return result


def exp2(m: Any, x: Any) -> Any:
    """2^x on machine ``m``; far outside [-1000, 1000] it saturates, or becomes 0 and infinity on wide vectors."""
    if not m.wide:
        x = m.minimum(m.maximum(x, -1000.0), 1000.0)
    n = m.nearest(x)
    return m.scale_by_power_of_two(_horner(x - n, EXP2), n)


def log2(m: Any, x: Any) -> Any:
    """Logarithm to base two on machine ``m`` for x > 0; NaN for x < 0, and NaN or minus infinity for 0."""
    mantissa, exponent = m.split(x)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    value = s * _horner(s * s, LOG2) + exponent
    return value if m.wide else m.select(x > 0.0, value, float("nan"))

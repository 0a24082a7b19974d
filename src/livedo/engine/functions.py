"""exp and log as polynomials on lanes.

Written once over the lane operations; relative error below 5e-14, which the tests measure against NumPy. The exponential
reduces by powers of two (r = x - n ln 2, |r| <= ln2/2) and uses a near-minimax polynomial of degree 9; the logarithm
splits off the exponent, puts the mantissa in [sqrt(1/2), sqrt(2)) and uses s = (m - 1)/(m + 1) with an odd series.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93145751953125e-1
LN2_LOW = 1.42860682030941723212e-6


def _near_minimax(function: Any, low: float, high: float, degree: int) -> tuple[float, ...]:
    """Coefficients (constant first) of the Chebyshev interpolant, which is within a small factor of the best one."""
    fitted = np.polynomial.Chebyshev.interpolate(function, degree, domain=[low, high])
    return tuple(float(a) for a in fitted.convert(kind=np.polynomial.Polynomial).coef)


def _log_series(z: np.ndarray) -> np.ndarray:
    """(log((1+s)/(1-s)) / s - 2) / z with z = s^2, by its series."""
    total = np.zeros_like(z)
    for k in range(24, 0, -1):
        total = total * z + 2.0 / (2 * k + 1)
    return total


def _exp_series(r: np.ndarray) -> np.ndarray:
    """(exp(r) - 1 - r) / r^2, by its series."""
    total = np.zeros_like(r)
    for k in range(22, 1, -1):
        total = total * r + 1.0 / float(np.prod(np.arange(1.0, k + 1)))
    return total


EXP = _near_minimax(_exp_series, -0.35, 0.35, 8)
LOG = _near_minimax(_log_series, 0.0, 0.0295, 5)


def _horner(x: Any, coefficients: tuple[float, ...]) -> Any:
    result = coefficients[-1]
    for a in reversed(coefficients[:-1]):
        result = result * x + a
    return result


def exp(m: Any, x: Any) -> Any:
    """e^x on machine ``m``; saturates outside [-700, 700]."""
    x = m.minimum(m.maximum(x, -700.0), 700.0)
    n = m.nearest(x * LOG2_E)
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    return m.scale_by_power_of_two((_horner(r, EXP) * r) * r + r + 1.0, n)


def log(m: Any, x: Any) -> Any:
    """Natural logarithm on machine ``m`` for x > 0; NaN for x <= 0."""
    mantissa, exponent = m.split(x)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    value = exponent * LN2_HIGH + (s * (_horner(z, LOG) * z + 2.0) + exponent * LN2_LOW)
    return m.select(x > 0.0, value, float("nan"))

"""One step of a Rosenbrock method on all lanes of a group, each with its own step size, without a branch.

The text runs on any lane machine. Accumulators stay out of the error norm; a state that must not be negative and falls
below minus its tolerance spoils the step's error, so the step is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from livedo.engine.system import System
from livedo.engine.tableaus import Tableau

#: An error norm that no step survives, and a room that keeps 0/0 out of it.
REFUSED, TINY = 1e6, 1e-300


@dataclass(frozen=True)
class Norm:
    """Weights of the error norm, one entry a state: scale (0 for accumulators) and whether it must stay above zero."""

    scales: tuple[float, ...]
    nonnegative: tuple[bool, ...]


def combine(terms: list[tuple[float, Any]]) -> Any:
    """Sum of coefficient * value, coefficients of zero left out."""
    total: Any = None
    for coefficient, value in terms:
        if coefficient == 0.0:
            continue
        term = value if coefficient == 1.0 else value * coefficient
        total = term if total is None else total + term
    return total


def attempt(
    m: Any,
    system: System,
    tableau: Tableau,
    norm: Norm,
    y: Any,
    p: Any,
    c: Any,
    h: Any,
    tolerance: Any,
    u: Any,
    new: Any,
) -> Any:
    """Try one step.

    Parameters
    ----------
    m:
        The lane machine.
    y, p, c:
        States, parameters, hoisted values.
    h:
        Step sizes (a lane value).
    tolerance:
        Relative tolerance; the absolute one is tolerance * scale of each state.
    u:
        Memory for stages * moving states rows: the stage vectors, which the dense output reads.
    new:
        Memory for the result; rows of resting states are left alone.

    Returns
    -------
    Lane value: the error norm; at most one where the step is good.
    """
    n, stages = system.moving, tableau.stages
    lu, diagonal = m.array(len(system.elimination.slots)), m.array(1)
    inverse_h = 1.0 / h
    diagonal[0] = inverse_h * (1.0 / tableau.gamma)
    u_rows = [m.block(u, s, n) for s in range(stages)]
    m.call("first_stage", system.first_stage, y, p, c, diagonal, lu, u_rows[0])
    for s in range(1, stages):
        a, cs = tableau.a[s - 1], tableau.c[s - 1]
        # Where a stage starts from the one before plus its vector, as the last stages do, there is little to add up.
        onward = s > 1 and a[:-1] == tableau.a[s - 2]

        def prepare(
            i: Any, s: int = s, a: tuple[float, ...] = a, cs: tuple[float, ...] = cs, onward: bool = onward
        ) -> None:
            vectors = [u_rows[j][i] for j in range(s)]
            if onward:
                new[i] = new[i] + combine([(a[-1], vectors[-1])])
            else:
                new[i] = y[i] + combine(list(zip(a, vectors, strict=True)))
            u_rows[s][i] = inverse_h * combine(list(zip(cs, vectors, strict=True)))

        m.loop(n, prepare)
        m.call("stage", system.stage, new, p, c, lu, u_rows[s])
    total = m.array(2)
    total[0] = m.const(0.0)
    total[1] = m.const(0.0)
    scales, floors = (
        m.table("scales", norm.scales[:n]),
        m.table("floors", [0.0 if k else -1e300 for k in norm.nonnegative[:n]]),
    )

    def measure(i: Any) -> None:
        error = u_rows[stages - 1][i]
        value = new[i] + error
        new[i] = value
        absolute = scales[i] * tolerance
        room = m.maximum(m.abs(y[i]), m.abs(value)) * tolerance + (absolute + TINY)
        part = m.select(absolute > 0.0, error * m.reciprocal_estimate(room), 0.0)
        total[0] = total[0] + part * part
        total[1] = m.select(value + absolute < floors[i], REFUSED, total[1])

    m.loop(n, measure)
    counted = max(1, sum(s > 0 for s in norm.scales))
    return m.maximum(m.sqrt(total[0] * (1.0 / counted)), total[1])


def dense(m: Any, system: System, tableau: Tableau, y: Any, new: Any, u: Any, theta: Any, out: Any) -> None:
    """States inside a step.

    Parameters
    ----------
    theta:
        Position in the step, 0 at ``y`` and 1 at ``new`` (a lane value).
    out:
        Memory for the states; rows of resting ones are left alone.
    """
    n = system.moving
    rows = [m.block(u, s, n) for s in range(tableau.stages)]

    def interpolate(i: Any) -> None:
        inner = None
        for row in reversed(tableau.dense):
            term = combine([(row[s], rows[s][i]) for s in range(tableau.stages)])
            inner = term if inner is None else term + theta * inner
        out[i] = (1.0 - theta) * y[i] + theta * (new[i] + (1.0 - theta) * inner)

    m.loop(n, interpolate)

"""diffrax: Kvaerno5 and 4 in double precision, one compiled call for a batch of patients (vmap), restarted at every switch.

The loop over switches is a scan inside the compiled call. The Jacobian the implicit stages need is given in closed form
through a custom derivative rule, so that it is not traced once for each state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import Peer
from benchmarks.printers import for_jax
from benchmarks.work import Work

SOLVERS = {"Kvaerno5": diffrax.Kvaerno5, "Kvaerno4": diffrax.Kvaerno4}


def prepare(work: Work) -> Callable[[Work, float, str], np.ndarray]:
    jax.config.update("jax_enable_x64", True)
    return _Run(work)


class _Run:
    #: Seconds spent compiling, kept apart from those of running.
    seconds = 0.0

    def __init__(self, work: Work) -> None:
        system = work.system
        names: dict[str, Any] = {}
        exec(compile(for_jax(system), f"<{work.name}>", "exec"), names)
        self.hoist, self.observe = names["hoist"], names["observe"]
        rhs, jacobian = names["rhs"], names["jacobian"]

        @jax.custom_jvp
        def slopes(y: Any, p: Any, c: Any) -> Any:
            return rhs(y, p, c)

        @slopes.defjvp
        def slopes_jvp(primals: Any, tangents: Any) -> Any:
            # Only the state carries a tangent: the implicit stages differentiate with respect to nothing else.
            return rhs(*primals), jacobian(*primals) @ tangents[0]

        self.slopes = slopes
        row = {name: i for i, name in enumerate(system.parameters)}
        place = {name: i for i, name in enumerate(system.observables)}
        self.opening = [(row[k], v) for k, v in work.opening]
        self.closing = [(row[k], v) for k, v in work.closing]
        self.held = [(row[k], place[o]) for k, o in work.held]
        self.weights = np.where(work.scales() > 0, work.scales(), 1e12)
        self.judged = len(work.judged)
        self.made: dict[Any, Any] = {}

    def patient(self, solver: str) -> Callable[..., Any]:
        """The whole year of one patient, to be vmapped and compiled."""
        method = SOLVERS[solver]()
        term = diffrax.ODETerm(lambda t, y, args: self.slopes(y, *args))

        def solve(p0: Any, y0: Any, begins: Any, ends: Any, on: Any, tolerance: Any) -> Any:
            controller = diffrax.PIDController(rtol=tolerance, atol=tolerance * jnp.asarray(self.weights))

            def interval(carry: Any, given: Any) -> Any:
                y, p = carry
                begin, end, running = given
                for (i, opened), (j, closed) in zip(self.opening, self.opening_closed(), strict=True):
                    assert i == j
                    p = p.at[i].set(jnp.where(running, opened, p[i] if closed is None else closed))
                if self.held:
                    seen = self.observe(y, p, self.hoist(y, p))
                    for i, o in self.held:
                        p = p.at[i].set(jnp.where(running, seen[o], p[i]))
                c = self.hoist(y, p)
                found = diffrax.diffeqsolve(
                    term, method, begin, end, None, y, (p, c), stepsize_controller=controller,
                    saveat=diffrax.SaveAt(t1=True), max_steps=None, throw=False,
                )  # fmt: skip
                y = found.ys[-1]
                return (y, p), self.observe(y, p, c)[: self.judged]

            _, seen = jax.lax.scan(interval, (y0, p0), (begins, ends, on))
            return seen

        return solve

    def opening_closed(self) -> list[tuple[int, float | None]]:
        """What the end of a session sets for each input that its start sets; None leaves it."""
        closing = dict(self.closing)
        return [(i, closing.get(i)) for i, _ in self.opening]

    def __call__(self, work: Work, tolerance: float, variant: str) -> np.ndarray:
        solver, batch = variant.split(", batches of ")
        size = min(int(batch), work.patients)
        key = solver, size
        switches, on = work.switches, np.arange(work.switches.shape[1] - 1) % 2 == 1
        rows = work.parameter_array(), work.start_array(), switches[:, :-1], switches[:, 1:]
        if key not in self.made:
            began = time.process_time()
            whole = jax.jit(jax.vmap(self.patient(solver), in_axes=(0, 0, 0, 0, None, None)))
            few = tuple(jnp.asarray(r[:size]) for r in rows)
            self.made[key] = whole.lower(*few, jnp.asarray(on), jnp.asarray(tolerance)).compile()
            self.seconds += time.process_time() - began
        out = []
        for first in range(0, work.patients, size):
            # The last batch is filled with patients already done, as its size is compiled in.
            who = np.minimum(np.arange(first, first + size), work.patients - 1)
            found = self.made[key](*(jnp.asarray(r[who]) for r in rows), jnp.asarray(on), jnp.asarray(tolerance))
            out.append(np.asarray(found)[: work.patients - first])
        return np.concatenate(out)[:, 1::2]


PEERS = [
    Peer(
        "diffrax",
        "diffrax",
        "float64, vmapped and compiled as a whole, analytic Jacobian, restart at every switch; compile time apart",
        prepare,
        variants=("Kvaerno5, batches of 16", "Kvaerno4, batches of 16"),
        patients=16,
        shares=False,
        tolerances=(1e-2, 1e-4),
    )
]

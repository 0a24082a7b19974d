"""The work: who is simulated, what happens to them, what is compared.

A :class:`Work` says it once. Livedo gets it as parameters, starts and a :class:`~livedo.engine.Schedule`; peers get the very
same as arrays: the switch times of every patient, what a switch sets, and when outputs are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from livedo.body import Body, load_body
from livedo.engine import Kernel, Model, Schedule, compile_model, load
from livedo.engine.randomness import normal, uniform
from livedo.engine.system import System, assemble
from livedo.patients import prior_of

ROOT = Path(__file__).resolve().parent.parent
WEEK, YEAR = 168.0, 8736.0
#: Three sessions a week on Monday, Wednesday and Friday at 8:00, of four hours; each patient's clock is up to half an hour off.
STARTS, HOURS = (8.0, 56.0, 104.0), 4.0


@dataclass(frozen=True)
class Work:
    """One task.

    Attributes
    ----------
    judged:
        Observables whose error counts, the first of ``observables``.
    opening, held, closing:
        What the start of a session sets (input, value), what it copies and then holds (input, observable), and what its end
        sets.
    parameters, starts:
        Values that differ between patients, name -> shape (patients,).
    clock:
        Hours by which each patient's week runs late, shape (patients,).
    limit:
        Largest achieved error at which rates are compared.
    delay:
        Hours after the end of a session at which outputs are read; the comparison is at 0, before the switch. Of the peers
        only CVODE in C can read later.
    varying:
        Parameters that the code must be able to change; all others are constants, for Livedo and for every compiled peer.
    """

    name: str
    model: Model
    judged: tuple[str, ...]
    opening: tuple[tuple[str, float], ...]
    held: tuple[tuple[str, str], ...]
    closing: tuple[tuple[str, float], ...]
    parameters: Mapping[str, np.ndarray]
    starts: Mapping[str, np.ndarray]
    clock: np.ndarray
    limit: float
    seed: int
    delay: float = 0.0

    @property
    def patients(self) -> int:
        return len(self.clock)

    @property
    def observables(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.judged, *(observable for _, observable in self.held))))

    @property
    def varying(self) -> tuple[str, ...]:
        switched = [name for name, _ in (*self.opening, *self.held, *self.closing)]
        return tuple(dict.fromkeys((*self.parameters, *switched)))

    @cached_property
    def system(self) -> System:
        """The system every compiled peer is printed from."""
        return assemble(self.model, self.observables, varying=self.varying)

    @cached_property
    def switches(self) -> np.ndarray:
        """0, start and end of every session in turn, and the end of the year: shape (patients, 314).

        Intervals of even number run without, those of odd number with a session.
        """
        # Summed in the schedule's order, so that both sides have the same times to the last bit.
        first = np.array(STARTS) + self.clock[:, None, None]
        week = np.arange(int(YEAR / WEEK))[:, None] * WEEK
        edges = np.stack([first + week, first + HOURS + week], axis=3).reshape(self.patients, -1)
        ends = np.zeros((self.patients, 1)), np.full((self.patients, 1), YEAR)
        return np.concatenate([ends[0], edges, ends[1]], axis=1)

    @property
    def samples(self) -> np.ndarray:
        """When outputs are read: at the end of each patient's own sessions, before the switch, shape (patients, 156)."""
        return self.switches[:, 2:-1:2] + self.delay

    def schedule(self) -> Schedule:
        """The same for Livedo."""
        plan = Schedule()
        at = [begin + self.clock for begin in STARTS]
        return plan.session(dict(self.opening), dict(self.closing), at=at, hours=HOURS, held=dict(self.held))

    def kernel(self, method: str | None = None) -> Kernel:
        """Livedo's code for it."""
        more = {} if method is None else {"method": method}
        return compile_model(self.model, self.observables, varying=self.varying, **more)

    def parameter_array(self) -> np.ndarray:
        """Parameters in the system's order, a copy of shape (patients, parameters)."""
        return self._parameters.copy()

    def start_array(self) -> np.ndarray:
        """States at the start in the system's order, a copy of shape (patients, states)."""
        return self._starts.copy()

    @cached_property
    def _parameters(self) -> np.ndarray:
        names = self.system.parameters
        values = np.empty((self.patients, max(1, len(names))))
        for i, name in enumerate(names):
            values[:, i] = self.parameters.get(name, self.model.parameters[name])
        return values

    @cached_property
    def _starts(self) -> np.ndarray:
        from livedo.engine.lanes import WIDTH, NumpyMachine

        m, p = NumpyMachine(), self.parameter_array()
        y = np.empty((self.patients, len(self.system.states)))
        for first in range(0, self.patients, WIDTH):
            group = slice(first, min(first + WIDTH, self.patients))
            lanes, begun = m.array(p.shape[1]), m.array(y.shape[1])
            lanes[:, : p[group].shape[0]] = p[group].T
            self.system.start(m, lanes, begun)
            y[group] = begun[:, : p[group].shape[0]].T
        for name, values in self.starts.items():
            y[:, self.system.states.index(name)] = values
        return y

    def scales(self) -> np.ndarray:
        """Size of each state, 0 for one that only counts: as Livedo weighs them, shape (states,)."""
        from livedo.engine.kernel import stepper_of

        return np.asarray(stepper_of(self.model, self.observables, "RODAS4P", varying=self.varying).norm.scales)

    def first(self, count: int) -> Work:
        """The same work for the first patients."""
        from dataclasses import replace

        few = {k: v[:count] for k, v in self.parameters.items()}
        return replace(
            self, parameters=few, starts={k: v[:count] for k, v in self.starts.items()}, clock=self.clock[:count]
        )


def _clock(seed: int, who: np.ndarray) -> np.ndarray:
    return uniform(seed, "benchmark/clock", who) - 0.5


def peterson_riggs(patients: int, seed: int = 1) -> Work:
    """Calcium and bone after Peterson and Riggs 2010 with haemodialysis.

    GFR 15 mL/min, one patient in twenty 9.5; intakes of calcium and phosphate log-normal with a spread of 20%.
    """
    who = np.arange(patients)
    sources = [ROOT / "examples/models/peterson_riggs_2010.ant", ROOT / "benchmarks/models/dialysis.ant"]
    model = load(sources, name="peterson_riggs_dialysis")
    intake = {
        name: model.parameters[name] * np.exp(0.2 * normal(seed, f"benchmark/{name}", who)) for name in ("I_Ca", "I_P")
    }
    return Work(
        name="T2-peterson-riggs",
        model=model,
        judged=("f", "CaC", "PTHc"),
        opening=(("hd", 1.0),),
        held=(),
        closing=(("hd", 0.0),),
        parameters=intake,
        starts={"GFR": np.where(who % 20 == 10, 9.5, 15.0) / 16.667},
        clock=_clock(seed, who),
        limit=1e-4,
        seed=seed,
    )


def body(patients: int, seed: int = 1) -> Work:
    """The part of Livedo's own body that minerals depend on, traits sampled from its table."""
    judged = ("P", "Ca_total", "PTH")
    return _own("T2-body", judged, load_body().part_for(judged), patients, seed)


def disease(patients: int, seed: int = 1) -> Work:
    """Livedo's whole body, vessels, skin and wound with it; perfusion is read and held at the start of every session."""
    return _own("T2-disease", ("P", "Ca_total", "PTH", "arteriolar_mineral", "lumen"), load_body(), patients, seed)


def _own(name: str, judged: tuple[str, ...], own: Body, patients: int, seed: int) -> Work:
    who = np.arange(patients)
    prior = prior_of(own)
    values = prior.values(prior.scores(who, seed))
    return Work(
        name=name,
        model=own.model,
        judged=judged,
        opening=(("session_hours", HOURS), ("hd", 1.0)),
        held=(("Quf", "Quf_required"), *own.skin_held.items()),
        closing=(("hd", 0.0),),
        parameters={k: v for k, v in values.items() if k in own.model.parameters},
        starts={},
        clock=_clock(seed, who),
        limit=1e-3,
        seed=seed,
    )


TASKS: Mapping[str, Callable[[int, int], Work]] = {
    "T2-peterson-riggs": peterson_riggs,
    "T2-body": body,
    "T2-disease": disease,
}


def worst_error(samples: np.ndarray, truth: np.ndarray) -> float:
    """Achieved error: of each judged output the 95th percentile over patients and readings of the relative error; the largest.

    Parameters
    ----------
    samples, truth:
        Shape (patients, readings, outputs); of ``samples`` the patients that ``truth`` has are used. A reading that is not
        finite counts as an infinite error.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(samples[: len(truth), :, : truth.shape[2]] / truth[: len(samples)] - 1.0)
    error = np.where(np.isfinite(error), error, np.inf)
    return float(np.percentile(error.reshape(-1, truth.shape[2]), 95, axis=0, method="higher").max())

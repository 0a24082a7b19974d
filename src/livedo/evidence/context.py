"""What experiments share: the body and groups of settled virtual people, each made once and kept on disk.

Groups come from the spreads of ``physiology/parameters.csv`` and ``patients/behaviour.csv`` alone. A group starts at the week
that repeats itself, so that an experiment measures the change it makes and no drift.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from livedo.body import OBSERVABLES, PHYSIOLOGY, Body, haemodialysis, load_body
from livedo.engine import Moment, Schedule, Trajectory, cache, simulate, steady_state
from livedo.evidence.result import NotSimulated
from livedo.patients import binder_taken, prior_of

if TYPE_CHECKING:
    from livedo.engine import Kernel

WEEK = 168.0
#: Start of the midweek session, hours after Monday 00:00.
MIDWEEK = 56.0
#: The draw of virtual people.
SEED = 20
#: People on dialysis, those to choose severe hyperparathyroidism from, healthy people, people of each stage of kidney
#: disease, and how many are enough for differences within people: full and quick.
SIZES = {"dialysis": (1024, 160), "severe": (512, 128), "healthy": (128, 40), "stage": (512, 96), "few": (256, 72)}
#: Severe hyperparathyroidism is rare: people to choose its patients from are drawn this many SD up in gland tendency.
SEVERE = 1.5
#: Weeks of the run-in from the table's starting values, and the gland's time constant in it (h).
RUN_IN, RUN_IN_GLAND = 60, 1500.0
#: Largest weekly change, relative to a state's size, of someone who counts as settled.
SETTLED = 1e-3
#: What experiments read besides the usual observables: of minerals, and of drugs, vessels and clotting.
MINERALS = (
    *("Ca_complexed", "Ca_bound", "K_P_hd", "K_Ca_hd", "FGF23", "Mg", "osteoblasts", "osteoclasts", "CTX", "V", "V_P"),
    *("Ca_formed", "Ca_resorbed", "P_mobilised", "Quf", "HCO3"),
    *("PTH_release", "PTH_store", "PTH_amount", "Ca_faeces", "P_faeces", "Ca_outside", "P_outside", "Ca_gut"),
    *("P_absorbed", "calcitriol_amount", "Ca_gained_pd"),
)
BEYOND = (
    *("protein_C", "factor_II", "factor_X", "MGP_inactive", "MGP_carboxylated", "PPi", "PPi_from_dialysis"),
    *("thiosulfate_level", "fytate_level", "crystal_inhibition_plasma", "teriparatide_level"),
    *("T50", "brushite_saturation", "apatite_saturation", "calcification_propensity", "lumen"),
    *("inflammation", "clotting_tendency", "MGP_carboxylated_ref", "thrombosis_hazard"),
    *("arteriolar_mineral", "calcium_seen", "breast_artery_calcium", "coronary_calcium", "pulse_wave_velocity"),
)

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """Virtual people, settled.

    Attributes
    ----------
    context:
        Where they come from.
    moment:
        Monday 00:00 of a week that repeats itself.
    traits:
        Trait -> shape (people,).
    schedule:
        What happens to them every week.
    labs:
        Observable -> value just before the midweek session (Wednesday 08:00 off dialysis), shape (people,).
    """

    context: Context
    moment: Moment
    traits: Mapping[str, np.ndarray]
    schedule: Schedule
    labs: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.moment.states)

    def chosen(self, people: np.ndarray) -> Group:
        """Some of them: a mask or numbers; numbers may repeat."""
        who = np.flatnonzero(people) if people.dtype == bool else people
        if len(who) == 0:
            raise NotSimulated("too few people of this kind among the virtual patients")
        return replace(
            self,
            moment=self.moment.chosen(who),
            traits={k: v[who] for k, v in self.traits.items()},
            labs={k: v[who] for k, v in self.labs.items()},
        )

    def parameter(self, name: str) -> np.ndarray:
        """Their values of a parameter of the body, shape (people,)."""
        return self.moment.parameters[:, self.context.kernel.layout.parameters.index(name)]

    def state(self, name: str) -> np.ndarray:
        """Their values of a state on Monday 00:00, shape (people,)."""
        return self.moment.states[:, self.context.kernel.layout.states.index(name)]

    def with_states(self, **values: np.ndarray | float) -> Moment:
        """Their settled moment with some states set otherwise: numbers, or one a person."""
        states = self.moment.states.copy()
        for name, value in values.items():
            states[:, self.context.kernel.layout.states.index(name)] = value
        return replace(self.moment, states=states)

    def run(
        self,
        until: float,
        times: Sequence[float] | np.ndarray = (),
        schedule: Schedule | None = None,
        *,
        start: Moment | None = None,
        tolerance: float = 1e-5,
        **inputs: Any,
    ) -> Trajectory:
        """Carry them on, from their settled week or from ``start``, under their own schedule or another."""
        run = simulate(
            self.context.kernel,
            until=until,
            start=start or self.moment,
            parameters=inputs,
            schedule=self.schedule if schedule is None else schedule,
            times=times,
            tolerance=tolerance,
            threads=self.context.threads,
            chunk=64,
        )
        if len(run.failures) > 0.02 * len(self):
            raise NotSimulated(f"{len(run.failures)} of {len(self)} runs failed: {next(iter(run.failures.values()))}")
        return run


class Context:
    """The body and its groups of people, shared by experiments.

    Parameters
    ----------
    quick:
        Smaller groups: the same experiments with a larger Monte-Carlo error.
    threads:
        Threads; all processors if not given.
    body:
        The body; Livedo's own if not given.
    """

    def __init__(self, *, quick: bool = False, threads: int | None = None, body: Body | None = None) -> None:
        self.quick = quick
        self.threads = threads
        self.body = body or load_body()
        self._made: dict[Any, Any] = {}

    @cached_property
    def kernel(self) -> Kernel:
        """Machine code with everything that an experiment reads."""
        known = self.body.model.unit_of
        wanted = (*OBSERVABLES, *MINERALS, *BEYOND, *self.body.accumulators, *self.body.model.amounts, *self.glands)
        return self.body.kernel(tuple(s for s in dict.fromkeys(wanted) if s in known))

    @cached_property
    def minerals(self) -> Context:
        """The same people on the part of the body that minerals depend on: without vessels, skin and wound, in less time."""
        body = self.body
        known = body.model.unit_of
        own = [s for s in (*OBSERVABLES, *MINERALS, *body.model.amounts, *self.glands) if s in known]
        return Context(quick=self.quick, threads=self.threads, body=body.part_for(own))

    @cached_property
    def glands(self) -> tuple[str, ...]:
        """States that are parathyroid tissue or hormone stored in it."""
        return tuple(s for s in self.body.model.states if s.startswith("gland") or s == "PTH_store")

    @cached_property
    def people_key(self) -> str:
        """A hash of all that decides a group besides its name: model, machine code, tables of people, this module."""
        from livedo import patients

        tables = [PHYSIOLOGY / "parameters.csv", PHYSIOLOGY / "settings.csv", Path(__file__)]
        parts = [p.read_bytes() for p in (*tables, *_sources(Path(patients.__file__).parent))]
        return cache.key_of(self.body.model.fingerprint, self.kernel.key, str(self.quick), *parts)

    @cached_property
    def key(self) -> str:
        """A hash of all that decides a result besides the experiment's own source: groups, care, plans, statistics."""
        from livedo import care

        here = Path(__file__).parent
        sources = [*_sources(Path(care.__file__).parent), *_sources(here / "plans"), here / "result.py"]
        return cache.key_of(self.people_key, *(p.read_bytes() for p in sources))

    def size(self, kind: str) -> int:
        """How many people of a kind."""
        return SIZES[kind][self.quick]

    def few(self, group: Group) -> Group:
        """The first of a group: enough for differences within people, which vary less than people do."""
        return group.chosen(np.arange(min(len(group), self.size("few"))))

    def need(self, *symbols: str) -> None:
        """Say so if the body lacks something.

        Raises
        ------
        NotSimulated
            Naming what is missing.
        """
        missing = [s for s in symbols if s not in self.body.model.unit_of]
        if missing:
            raise NotSimulated(f"the body has no {', '.join(missing)}")

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Make something once in this run."""
        if key not in self._made:
            try:
                self._made[key] = make()
            except NotSimulated as gap:
                self._made[key] = gap
        if isinstance(self._made[key], NotSimulated):
            raise self._made[key]
        return self._made[key]

    @property
    def dialysis(self) -> Group:
        """People on haemodialysis, three sessions of four hours a week."""
        return self.once("dialysis", lambda: self._group("dialysis", self.size("dialysis"), {}, haemodialysis()))

    @property
    def severe(self) -> Group:
        """People on haemodialysis among whom high PTH is common: gland tendency is drawn higher, all else alike."""
        people = self.size("severe")
        return self.once("severe", lambda: self._group("severe", people, {}, haemodialysis(), shift=SEVERE))

    @property
    def reference(self) -> Group:
        """One patient on haemodialysis with the table's own values."""
        return self.once("reference", lambda: self._group("reference", 0, {}, haemodialysis()))

    @property
    def healthy(self) -> Group:
        """Healthy adults."""
        return self.once("healthy", lambda: self._group("healthy", self.size("healthy"), self._health(1.0), Schedule()))

    @property
    def healthy_reference(self) -> Group:
        """One healthy adult with the table's own values."""
        return self.once("healthy one", lambda: self._group("healthy one", 0, self._health(1.0), Schedule()))

    def stage(self, low: float, high: float, **inputs: float) -> Group:
        """People with kidney disease off dialysis, filtration spread evenly between two values (mL/min)."""
        name = f"stage {low:g} {high:g} {sorted(inputs.items())}"
        people = self.size("stage")
        filtration = low + (high - low) * (np.arange(people) + 0.5) / people
        return self.once(
            name,
            lambda: self._group(name, people, {**self._health(filtration / 100.0), **inputs}, Schedule()),
        )

    def settled_with(self, group: Group, name: str, schedule: Schedule | None = None, **inputs: Any) -> Group:
        """The same people settled under another way of life (inputs, schedule), by Newton from where they are."""

        def make() -> Group:
            other = group.schedule if schedule is None else schedule
            own = {k: group.moment.parameters[:, i] for i, k in enumerate(self.kernel.layout.parameters)}
            width = len(group)
            given = {k: np.broadcast_to(np.asarray(v, dtype=float), (width,)) for k, v in inputs.items()}
            run = simulate(
                self.kernel,
                until=26 * WEEK,
                start=group.moment,
                parameters=self._quickened(own | given),
                schedule=other,
                threads=self.threads,
                chunk=64,
            )
            return self._settle(run.final, own | given, dict(group.traits), other)

        return self._kept(name, make)

    def _health(self, share: float | np.ndarray) -> dict[str, Any]:
        """The settings of health with a share of normal filtration."""
        return {**self.body.settings["healthy"], "GFR": self.body.parameters["GFR_ref"].value * share}

    def _group(
        self, name: str, people: int, setting: Mapping[str, Any], schedule: Schedule, *, shift: float = 0.0
    ) -> Group:
        return self._kept(f"{name} {people}", lambda: self._made_group(people, setting, schedule, shift))

    def _kept(self, name: str, make: Callable[[], Group]) -> Group:
        """From disk, or made and kept there."""
        key = "people-" + cache.key_of(self.people_key, name)
        stored = cache.read(key)
        if stored is None:
            group = make()
            kept = (group.moment, group.traits, group.schedule, group.labs)
            cache.write(key, pickle.dumps(kept))
            return group
        return Group(self, *pickle.loads(stored))

    def _made_group(self, people: int, setting: Mapping[str, Any], schedule: Schedule, shift: float) -> Group:
        """People drawn from the table (none: the one person of its own values), moved to a setting, and settled.

        ``shift`` moves gland tendency up by so many SD of its logarithm.
        """
        table, known = self.body.parameters, self.kernel.values
        prior = prior_of(self.body)
        drawn = prior.values(prior.scores(np.arange(max(people, 1)), SEED))
        if shift:
            drawn["gland_tendency"] = drawn["gland_tendency"] * np.exp(shift * (table["gland_tendency"].spread or 0.0))
        traits = {k: v for k, v in drawn.items() if people}
        one = np.ones(max(people, 1))
        traits.setdefault("dry_weight", table["dry_weight"].value * one)
        values: dict[str, np.ndarray] = {k: v for k, v in traits.items() if k in known}
        health = self.body.settings["healthy"]
        for name, value in setting.items():
            if name not in traits:
                values[name] = value * one
            elif table[name].distribution == "lognormal":
                values[name] = traits[name] * value / table[name].value
            else:
                values[name] = traits[name] + value - table[name].value
        on_dialysis = "GFR" not in setting
        if "gland_tendency" in values and not on_dialysis:
            # The spread of gland tendency is that of dialysis patients: it comes with the loss of filtration (assumption).
            lost = 1.0 - values["GFR"] / table["GFR_ref"].value
            values["gland_tendency"] = (traits.get("gland_tendency", one) / health.get("gland_tendency", 1.0)) ** lost
        volume = setting.get("V_target", table["V_target"].value) / table["dry_weight"].value
        for name in {"V_target", "V_dry"} & known.keys():
            values[name] = volume * values["dry_weight"]
        if on_dialysis and "adherence" in drawn and people:
            values["binder_PBED"] = binder_taken(self.body, drawn)
        run = simulate(
            self.kernel,
            until=RUN_IN * WEEK,
            patients=len(one),
            parameters=self._quickened(values),
            schedule=schedule,
            threads=self.threads,
            chunk=64,
        )
        return self._settle(run.final, values, traits, schedule)

    def _quickened(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values with the gland's slow time constants shortened, where the body has such numbers."""
        slow = {n for n, v in self.kernel.values.items() if n.startswith("tau_gland") and v > RUN_IN_GLAND}
        return {**values, **dict.fromkeys(slow, RUN_IN_GLAND)}

    def _settle(
        self, start: Moment, values: Mapping[str, Any], traits: Mapping[str, np.ndarray], schedule: Schedule
    ) -> Group:
        own = {name: value for name, value in self.kernel.values.items() if name.startswith("tau_gland")}
        found = steady_state(
            self.body.model,
            self.kernel,
            start,
            schedule,
            parameters={**own, **values},
            accept=1e-5,
            most_iterations=12,
            threads=self.threads,
        )
        keep = np.isfinite(found.residual) & (found.residual < SETTLED)
        if keep.mean() < 0.9:
            raise NotSimulated(f"only {keep.mean():.0%} of the virtual patients settle")
        empty = Group(self, found.moment, traits, schedule, {})
        week = empty.run(MIDWEEK, [MIDWEEK], tolerance=1e-6)
        labs = {name: series[:, 0] for name, series in week.values.items()}
        return replace(empty, labs=labs).chosen(keep)


def _sources(folder: Path) -> list[Path]:
    """Code and tables of a folder, in one order."""
    return sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".csv", ".yaml"))

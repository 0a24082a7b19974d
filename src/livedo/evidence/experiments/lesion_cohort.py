"""People with a lesion, made once: years of dialysis, onset drawn from hazards, the weeks to diagnosis, and then care.

Dialysis patients are drawn from the tables and run in. From there on the organs of vessels, clotting, fluid, skin and wound run
alone, each person's fed with the plasma of his own last week: what they read from other organs changes little over the years, and
a course takes a second where the whole body takes minutes. Nothing of the lesion is set: wounds, pain and survival
follow from vessels, flow and oxygen. After the diagnosis each plan is carried out on the same people with the same luck.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from livedo.body import haemodialysis
from livedo.care.actions import carry_out, read_for_refusals
from livedo.care.plan import Action
from livedo.engine import Moment, Schedule, cache, compile_model, simulate
from livedo.engine.export import organs_of
from livedo.evidence.context import SEED, WEEK, Context
from livedo.evidence.result import NotSimulated
from livedo.patients import prior_of
from livedo.patients.vintage import LONGEST
from livedo.skin import lesions
from livedo.skin.outcomes import READ, Outcomes, outcomes
from livedo.skin.score import observed

if TYPE_CHECKING:
    from livedo.engine import Kernel, Trajectory

#: Organs that run alone.
ORGANS = (
    "fluid",
    "circulation",
    "arterioles",
    "clotting",
    "perfusion",
    "skin",
    "wound",
    "acute_phase",
    "pain",
    "survival",
)
#: Dialysis patients, and people with a lesion, full and quick; years of dialysis lived through, and the length of a stretch.
DRAWN, PEOPLE, YEARS, STRETCH = (1024, 320), (512, 192), LONGEST, 0.5
#: Weeks of the run-in of the whole body, the gland's time constant in it (h), and its samples: the last week, every two hours.
RUN_IN, RUN_IN_GLAND, EVERY = 40, 1500.0, 2.0
#: Tolerance of runs that read vessels, skin and wound, which change over days.
LOOSE = 1e-4
#: What those who are diagnosed have from then on: dressings by a wound service, and opioids (assumption).
BACKGROUND = ({"action": "wound care"}, {"action": "opioid", "dose": "60 mg/day"})


@dataclass(frozen=True)
class Diagnosed:
    """People alive at the diagnosis of a lesion.

    ``site`` numbers the site of the first lesion, ``weeks`` are those since onset, ``born`` the onset's number of each,
    ``source`` who of the dialysis patients each is; shape (people,).
    """

    moment: Moment
    site: np.ndarray
    weeks: np.ndarray
    born: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.site)

    def chosen(self, people: np.ndarray) -> Diagnosed:
        """Some of them: a mask or numbers."""
        who = np.flatnonzero(people) if people.dtype == bool else people
        parts = {k: getattr(self, k)[who] for k in ("site", "weeks", "born", "source")}
        return replace(self, moment=self.moment.chosen(who), **parts)


@dataclass(frozen=True)
class Followed:
    """A course after diagnosis: observables of shape (people, weeks + 1), and what came of it."""

    who: Diagnosed
    times: np.ndarray
    values: Mapping[str, np.ndarray]
    fate: Outcomes

    def lesion(self, week: int) -> np.ndarray:
        """Eschar and open wound over all sites after some weeks, cm2."""
        return sum(self.values[f"{n}_{s}"][:, week] for n in ("eschar", "wound_area") for s in _sites())  # type: ignore[return-value]

    def alive(self, week: float) -> np.ndarray:
        """Who lives after some weeks."""
        return self.fate.alive(week * WEEK)


def _sites() -> tuple[str, ...]:
    from livedo.body import load_body

    return load_body().sites


def kernel(ctx: Context) -> Kernel:
    """Machine code of the organs that run alone, with what lesions are read for."""
    body = ctx.body

    def make() -> Kernel:
        chamber = tuple(
            f"{n}_{s}" for n in ("dissolved_PO2", "TcPO2", "tissue_PO2", "low_oxygen_share") for s in body.sites
        )
        granted = tuple(f"{n}_{s}" for n in ("graft_take_chance", "graft_would_take") for s in body.sites)
        held = ("Quf_required", *body.skin_held.values(), *body.onsets_held.values())
        wanted = (*observed(body), *READ, *read_for_refusals(body), *chamber, *granted, *held, "MAP")
        return compile_model(organs_of(body.model, ORGANS, "lesion"), tuple(dict.fromkeys(wanted)))

    return ctx.once("lesion kernel", make)


@dataclass(frozen=True)
class Fed:
    """Dialysis patients: moments of the organs that run alone, at the start of dialysis, and of the whole body, run in."""

    moment: Moment
    whole: Moment

    def __len__(self) -> int:
        return len(self.moment.states)


def dialysed(ctx: Context) -> Fed:
    """Dialysis patients drawn from the tables, run in as whole bodies, then fed to the organs that run alone."""

    def make() -> Fed:
        lesion, body, whole = kernel(ctx), ctx.body, ctx.kernel
        key = "fed-" + cache.key_of(
            ctx.people_key, lesion.key, f"{DRAWN} {RUN_IN} {EVERY}", Path(__file__).read_bytes()
        )
        stored = cache.read(key)
        if stored is not None:
            return pickle.loads(stored)
        values = _drawn(ctx, DRAWN[ctx.quick])
        people = len(values["dry_weight"])
        read = [n for n in lesion.layout.parameters if n not in whole.values]
        fine = body.kernel(tuple(dict.fromkeys(read)))
        slow = {n: RUN_IN_GLAND for n, v in whole.values.items() if n.startswith("tau_gland") and v > RUN_IN_GLAND}
        samples = RUN_IN * WEEK - np.arange(0.0, WEEK, EVERY)[::-1]
        run = simulate(
            fine,
            until=RUN_IN * WEEK,
            patients=people,
            parameters=values | slow,
            schedule=haemodialysis(),
            times=samples,
            tolerance=1e-3,
            threads=ctx.threads,
            chunk=64,
        )
        kept = np.array([i for i in range(people) if i not in run.failures])
        if len(kept) < 0.95 * people:
            raise NotSimulated(f"{people - len(kept)} of {people} runs failed")
        own = {
            n: np.broadcast_to(np.asarray(values.get(n, body.model.parameters[n]), float), (people,))[kept]
            for n in lesion.layout.parameters
            if n not in read
        }
        parameters = own | {n: run[n].mean(axis=1)[kept] for n in read}
        states = {s: run.final_state(s)[kept] for s in lesion.layout.states}
        parameters |= {"hd": np.zeros(len(kept)), "Quf": np.zeros(len(kept))}
        start = simulate(lesion, until=0.0, patients=len(kept), parameters=parameters, start=_begin(ctx, states)).final
        natural = run.final.parameters.copy()
        for name in slow:
            natural[:, fine.layout.parameters.index(name)] = whole.values[name]
        found = Fed(start, replace(run.final, parameters=natural).restarted(0.0).chosen(kept))
        cache.write(key, pickle.dumps(found))
        return found

    return ctx.once("fed", make)


def _begin(ctx: Context, states: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """States at the start of dialysis: fluid and clotting as they are, vessels and skin as the model begins them."""
    kept = {s for s in states if ctx.body.model.owner[s] in ("fluid", "clotting")}
    return {s: v for s, v in states.items() if s in kept}


def _drawn(ctx: Context, people: int) -> dict[str, np.ndarray]:
    table, known = ctx.body.parameters, ctx.kernel.values
    prior = prior_of(ctx.body)
    drawn = prior.values(prior.scores(np.arange(people), SEED))
    values = {k: v for k, v in drawn.items() if k in known}
    values.setdefault("dry_weight", np.full(people, table["dry_weight"].value))
    volume = table["V_target"].value / table["dry_weight"].value
    values |= dict.fromkeys(("V_target", "V_dry"), volume * values["dry_weight"])
    a, b = next((t.centre, t.spread) for t in prior.traits if t.name == "adherence")
    values["binder_PBED"] = table["binder_PBED"].value * drawn["adherence"] / (a / (a + b))
    return values


def course(ctx: Context) -> lesions.Course:
    """Years of dialysis, with the hazard of a first lesion at each site."""

    def make() -> lesions.Course:
        people = dialysed(ctx)
        return lesions.course(
            ctx.body,
            kernel(ctx),
            people.moment,
            haemodialysis(skin=True),
            years=YEARS,
            stretch=STRETCH,
            tolerance=LOOSE,
            threads=ctx.threads,
        )

    return ctx.once("lesion course", make)


def onset(ctx: Context) -> lesions.Onset:
    """People in the hour their first lesion begins."""
    people = PEOPLE[ctx.quick]
    return ctx.once("onset", lambda: lesions.onsets(ctx.body, kernel(ctx), course(ctx), people, seed=SEED))


def from_onset(ctx: Context, weeks: int = 52) -> Followed:
    """Everyone from onset on, without a diagnosis."""

    def make() -> Followed:
        begin = onset(ctx)
        whole = np.arange(len(begin))
        start = Diagnosed(begin.moment, begin.site, np.zeros(len(begin)), whole, begin.source)
        return _follow(ctx, start, (), weeks, {})

    return ctx.once(("from onset", weeks), make)


def diagnosed(ctx: Context) -> Diagnosed:
    """Those alive at diagnosis; weeks from onset are drawn (9, 6 to 16), the state is what has come of the lesion by then."""

    def make() -> Diagnosed:
        begin = onset(ctx)
        hours = lesions.until_diagnosis(len(begin), seed=SEED)
        fate = from_onset(ctx).fate
        weeks = np.round(hours / WEEK).astype(int)
        schedule = haemodialysis(skin=True)
        moment, _ = lesions.to_own_week(
            begin.moment, weeks, lambda here, _, times: _run(ctx, here, times[-1], schedule, times, {})
        )
        everyone = Diagnosed(moment, begin.site, weeks.astype(float), np.arange(len(begin)), begin.source)
        return everyone.chosen(fate.died > hours)

    return ctx.once("diagnosed", make)


def actions_of(*planned: Mapping[str, Any]) -> tuple[Action, ...]:
    """Actions from what a plan would say of each."""
    return tuple(Action.model_validate(dict(a)) for a in planned)


def followed(
    ctx: Context,
    *planned: Mapping[str, Any],
    weeks: int = 52,
    background: Sequence[Mapping[str, Any]] = BACKGROUND,
    who: Diagnosed | None = None,
    name: str = "",
    **parameters: Any,
) -> Followed:
    """The diagnosed under background care and some actions; ``name`` tells a chosen group apart, parameters are changed ones."""
    key = ("followed", repr(planned), repr(tuple(background)), weeks, name, repr(sorted(parameters.items())))
    start = who if who is not None else diagnosed(ctx)
    return ctx.once(key, lambda: _follow(ctx, start, actions_of(*background, *planned), weeks, parameters))


def whole_body(
    ctx: Context,
    who: Diagnosed,
    *planned: Mapping[str, Any],
    weeks: int,
    hours: float = 80.0,
    kidneys: Schedule | None = None,
) -> Trajectory:
    """The diagnosed as whole bodies under background care and some actions: their lesion and vessels, their own minerals.

    Sampled every week at ``hours`` after its start. ``kidneys`` stands in place of haemodialysis.
    """
    lesion, body = kernel(ctx), ctx.body
    fine = ctx.once("whole kernel", lambda: body.kernel((*observed(body), *READ, "Ca_total", "PTH", "P")))
    start = dialysed(ctx).whole.chosen(who.source)
    states, parameters = start.states.copy(), start.parameters.copy()
    for name in lesion.layout.states:
        if body.model.owner[name] != "fluid":
            states[:, fine.layout.states.index(name)] = who.moment.states[:, lesion.layout.states.index(name)]
    for name in set(body.onsets_held) | {n.replace("lesion_begun", "onset_draw") for n in body.onsets_held}:
        column = lesion.layout.parameters.index(name)
        parameters[:, fine.layout.parameters.index(name)] = who.moment.parameters[:, column]
    schedule = haemodialysis(skin=True) if kidneys is None else kidneys
    schedule = schedule + carry_out(actions_of(*BACKGROUND, *planned), people=who.born, seed=SEED, body=body)
    return simulate(
        fine,
        until=weeks * WEEK + hours,
        start=replace(start, states=states, parameters=parameters),
        schedule=schedule,
        times=np.arange(weeks + 1) * WEEK + hours,
        tolerance=1e-3,
        threads=ctx.threads,
        chunk=64,
    )


def _run(
    ctx: Context, start: Moment, until: float, schedule: Schedule, times: Any, parameters: Mapping[str, Any]
) -> Trajectory:
    return simulate(
        kernel(ctx),
        until=until,
        start=start,
        schedule=schedule,
        times=times,
        parameters=parameters,
        tolerance=LOOSE,
        threads=ctx.threads,
        chunk=64,
    )


def _follow(
    ctx: Context, start: Diagnosed, planned: Sequence[Action], weeks: int, parameters: Mapping[str, Any]
) -> Followed:
    schedule = haemodialysis(skin=True) + carry_out(planned, people=start.born, seed=SEED, body=ctx.body)
    times = np.arange(weeks + 1) * WEEK
    run = _run(ctx, start.moment.restarted(0.0), times[-1], schedule, times, parameters)
    fate = outcomes(run.values, times, seed=SEED, people=start.born)
    return Followed(start, times, run.values, fate)

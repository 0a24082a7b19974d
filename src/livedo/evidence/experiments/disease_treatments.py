"""Treatments of the lesion: what each does alone, in a row, without flow, and what a naive comparison makes of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from livedo.body import haemodialysis
from livedo.care.actions import actions, carry_out, session_hours
from livedo.engine import Schedule, simulate
from livedo.engine.randomness import normal, uniform
from livedo.evidence.context import SEED, WEEK, Context
from livedo.evidence.experiments.kidney_states import GRAFT, GRAFT_SD, PREDNISOLONE
from livedo.evidence.experiments.lesion_cohort import (
    LOOSE,
    Followed,
    actions_of,
    diagnosed,
    dialysed,
    followed,
    kernel,
    whole_body,
)
from livedo.evidence.experiments.set_course import moved
from livedo.evidence.experiments.units import PG_ML_PTH
from livedo.evidence.lesion_sets import LesionSet
from livedo.evidence.result import NotSimulated, Result, mean_of, share_of
from livedo.skin.outcomes import hazards, outcomes

HBO = {"action": "hyperbaric oxygen", "sessions": 30}
#: Week by which ulcers are counted as resolved after it (assumption).
RESOLVED = 26
#: Share of those who start a course of sessions and finish it if they live: 34 of 46 (HBO-004).
FINISH = 34 / 46
SEQUENCE = (
    {"action": "debridement", "start": "week 8"},
    {"action": "vacuum dressing", "start": "day 57", "stop": "day 85"},
    {"action": "skin graft", "start": "day 85"},
)
#: Week in which the sequence begins, that until which lesions under it are compared, and the share of people counted as having
#: flow, or none.
BEGUN, LOOK, BEST, WORST = 8, 26, 0.35, 0.2

#: Weeks of negative pressure on a wound of another cause, and the area below which one counts as closed, cm2.
VACUUM_WEEKS, CLOSED = 16, 0.5
#: People who are operated on as whole bodies, full and quick.
OPERATED = (96, 32)
#: How often each person's luck is drawn anew.
LUCK = 40
DAY = 24.0


# Wounds of other diseases

#: Those who have them: working kidneys, so that sessions leave the skin alone, and the haemoglobin of long disease (g/L).
NOT_ON_DIALYSIS: Mapping[str, Any] = {
    "uraemia": 0.0,
    "haemoglobin": 130.0,
    "MAP_ultrafiltration": 0.0,
    "skin_constriction": 0.0,
}


def _other_wounds(
    ctx: Context,
    *planned: Mapping[str, Any],
    weeks: int,
    eschar: float = 0.0,
    under: LesionSet | None = None,
    **inputs: Any,
) -> Any:
    """A wound of the calf (median 15 cm2) given to people without calciphylaxis, perhaps under a set of parameters, weekly."""

    def make() -> Any:
        moment = dialysed(ctx).moment.chosen(np.arange(min(len(dialysed(ctx)), 512)))
        if under is not None:
            names = kernel(ctx).layout.parameters
            moment = replace(moment, parameters=moved(ctx, names, moment.parameters, under))
        who = np.arange(len(moment.states))
        area = 15.0 * np.exp(0.6 * normal(SEED, "other wound", who))
        wound = {
            "wound_area_calf": (1 - eschar) * area,
            "eschar_calf": eschar * area,
            "granulation_calf": 0.3,
            "bacteria_calf": 4.0 + 0.5 * normal(SEED, "other bacteria", who),
        }
        states = moment.states.copy()
        for name, value in wound.items():
            states[:, kernel(ctx).layout.states.index(name)] = value
        start = replace(moment, states=states)
        schedule = haemodialysis(skin=True) + carry_out(actions_of(*planned), people=who, seed=SEED, body=ctx.body)
        return simulate(
            kernel(ctx),
            until=weeks * WEEK,
            start=start,
            schedule=schedule,
            times=np.arange(weeks + 1) * WEEK,
            parameters={"shape_index_calf": 1.5, **inputs},
            tolerance=LOOSE,
            threads=ctx.threads,
            chunk=64,
        )

    return ctx.once(("other wounds", repr(planned), weeks, eschar, repr(under), repr(inputs)), make)


def _area(run: Any) -> np.ndarray:
    return run["wound_area_calf"] + run["eschar_calf"]


def vacuum_on_other_wounds(ctx: Context, *, read: str, under: LesionSet | None = None) -> Result:
    """Negative pressure for 16 weeks on debrided wounds of the calf against dressings alone, perhaps under a set of parameters.

    People with working kidneys, both arms looked after by a wound service.

    ``read``: ``odds`` ratio or ``risk`` ratio of closing by then; ``gained``: mean difference of the days of treatment, until
    closing or 16 weeks; ``days``: those of negative pressure; ``weekly``: area lost in a week of negative pressure, % of the
    wound at its start, over treatment.
    """
    care, dressing = {"action": "wound care"}, {"action": "vacuum dressing", "site": "calf"}
    arms = ((care, dressing), (care,))
    areas = [_area(_other_wounds(ctx, *arm, weeks=VACUUM_WEEKS, under=under, **NOT_ON_DIALYSIS)) for arm in arms]
    what = "wounds of other causes"
    if read in ("days", "gained", "weekly"):
        days, plain = (7 * _weeks_open(a) for a in areas)
        lost = 100 * (1 - areas[0][:, -1] / areas[0][:, 0]) / (days / 7)
        found = mean_of({"days": days, "gained": days - plain, "weekly": lost}[read])
        return Result(found.value, found.error, what)
    closed = [a[:, -1] < CLOSED for a in areas]
    p, q = (share_of(x).value / 100 for x in closed)
    if not (0 < p < 1 and 0 < q < 1):
        raise NotSimulated("all or no wounds close")
    value = p / (1 - p) / (q / (1 - q)) if read == "odds" else p / q
    people = len(closed[0])
    error = (
        np.sqrt((1 / p + 1 / (1 - p) + 1 / q + 1 / (1 - q)) / people)
        if read == "odds"
        else np.sqrt(((1 - p) / p + (1 - q) / q) / people)
    )
    return Result(float(value), float(value * error), what)


def _weeks_open(areas: np.ndarray) -> np.ndarray:
    """Weeks until a wound has closed, or the last of its course, shape (people,); areas have shape (people, weeks + 1)."""
    shut = areas < CLOSED
    return np.where(shut.any(axis=1), shut.argmax(axis=1), areas.shape[1] - 1).astype(float)


def debridement_on_other_wounds(ctx: Context) -> Result:
    """Extra reduction of wound area over the four weeks after a debridement of a wound a fifth of which is slough, %."""
    with_it = _area(
        _other_wounds(ctx, {"action": "debridement", "site": "calf"}, weeks=5, eschar=0.2, **NOT_ON_DIALYSIS)
    )
    without = _area(_other_wounds(ctx, weeks=5, eschar=0.2, **NOT_ON_DIALYSIS))
    fall, plain = (1 - x[:, 5] / x[:, 1] for x in (with_it, without))
    some, base = mean_of(fall), mean_of(plain)
    return Result(100 * (some.value / base.value - 1), 100 * float(np.hypot(some.error, base.error)) / base.value)


def chamber(ctx: Context, *, pressure: float, least: float = 250.0) -> Result:
    """Share of people with a wound of another cause whose TcPO2 at the calf reaches a level in the chamber, %."""
    run = _other_wounds(ctx, weeks=1, hyperbaric=pressure, **NOT_ON_DIALYSIS)
    return share_of(run["TcPO2_calf"][:, 0] >= least)


def graft_takes(ctx: Context, *, of: str = "dialysis") -> Result:
    """Chance that a graft takes on a wound debrided four weeks before, %.

    ``of``: ``dialysis``, after four weeks of negative pressure; or ``others``, with working kidneys, after dressings.
    """
    debrided = {"action": "debridement", "site": "calf"}
    if of == "dialysis":
        vacuum = {"action": "vacuum dressing", "site": "calf", "start": "day 1"}
        run = _other_wounds(ctx, debrided, vacuum, weeks=4, eschar=0.5)
    else:
        run = _other_wounds(ctx, debrided, {"action": "wound care"}, weeks=4, eschar=0.5, **NOT_ON_DIALYSIS)
    return mean_of(100 * run["graft_take_chance_calf"][:, -1])


# Calciphylaxis


def _closed(run: Followed, week: int) -> np.ndarray:
    """Share of the lesion at diagnosis that is closed, at most all of it, at most twice as large; NaN without a lesion."""
    start = run.lesion(0)
    return np.where(start > 1.0, np.clip(1 - run.lesion(week) / np.maximum(start, 1e-9), -1.0, 1.0), np.nan)


def _flow(ctx: Context, which: str) -> np.ndarray:
    """Whose worst site has the most oxygen, or the least, at the week in which the sequence begins."""
    run = followed(ctx)
    here = np.stack([run.values[f"oxygen_for_healing_{s}"][:, BEGUN] for s in ctx.body.sites])
    mine = here[run.who.site, np.arange(len(run.who))]
    return mine >= np.quantile(mine, 1 - BEST) if which == "flow" else mine <= np.quantile(mine, WORST)


def sequence(ctx: Context, *, who: str, against: str) -> Result:
    """Points of the lesion more closed by debridement, then vacuum, then graft, mean over the weeks to the 26th.

    ``who``: ``flow`` or ``ischaemic`` skin; ``against``: ``none`` or ``best alone`` of the three.
    """
    chosen = _flow(ctx, who)

    def closed(*planned: Mapping[str, Any]) -> np.ndarray:
        return np.mean([_closed(followed(ctx, *planned), week) for week in range(BEGUN + 1, LOOK + 1)], axis=0)

    row = closed(*SEQUENCE)
    others = [closed()] if against == "none" else [closed(part) for part in SEQUENCE]
    gains = [mean_of(100 * (row - other)[chosen]) for other in others]
    return min(gains, key=lambda r: r.value)


def hyperbaric(ctx: Context, *, who: str, read: str = "closed", gain: float = 0.0) -> Result:
    """What 30 hyperbaric sessions add at 12 weeks: share of the lesion closed, percentage points.

    ``who``: ``flow`` or ``ischaemic``; ``gain`` switches on the hypothesis that new vessels grow where oxygen arrives.
    """
    with_it, without = (followed(ctx, *plan, angiogenic_gain=gain) for plan in ((HBO,), ()))
    return mean_of(100 * (_closed(with_it, 12) - _closed(without, 12))[_flow(ctx, who)])


def hyperbaric_course(ctx: Context, *, read: str, gain: float = 0.0) -> Result:
    """Of those with an ulcer who live through a course of 30 sessions, the share better (a fifth smaller) or healed, %."""
    run = followed(ctx, HBO, angiogenic_gain=gain)
    closed = _closed(run, 12)
    done = run.alive(6) & np.isfinite(closed)
    return share_of((closed > 0.2 if read == "better" else run.lesion(RESOLVED) <= 1.0)[done])


def _sessions_had(run: Followed, died: np.ndarray, luck: int) -> np.ndarray:
    """Sessions attended: until death, or until someone gives the course up."""
    hours = np.array(session_hours(actions_of(HBO)[0]))
    people = run.who.born
    gives_up = uniform(SEED, "sessions/gives up", people, luck) > FINISH
    last = np.where(gives_up, np.floor(len(hours) * uniform(SEED, "sessions/last", people, luck)), len(hours))
    lived = (hours[None, :] < died[:, None]).sum(axis=1)
    return np.minimum(lived, last)


def immortal_time(ctx: Context, *, analysis: str) -> Result:
    """Risk ratio of death within a year, 20 or more sessions against fewer, when sessions do nothing at all.

    ``naive`` counts everyone from diagnosis; ``landmark`` counts those alive when a course could have ended, from then on. Each
    person's luck is drawn many times, so that the error is that of the people.
    """
    run = followed(ctx, HBO, hyperbaric_PO2=0.0, angiogenic_gain=0.0)
    counts = np.zeros((LUCK, 2, 2))
    for luck in range(LUCK):
        died = outcomes(run.values, run.times, seed=SEED + 1000 + luck, people=run.who.born).died
        many = _sessions_had(run, died, luck) >= 20
        counted = np.ones(len(many), bool) if analysis == "naive" else died > 6 * WEEK
        for row, group in enumerate((counted & many, counted & ~many)):
            counts[luck, row] = (died[group] <= 52 * WEEK).sum(), group.sum()
    risks = counts.sum(axis=0)[:, 0] / counts.sum(axis=0)[:, 1]
    if risks[1] == 0:
        raise NotSimulated("no one with few sessions dies")
    value = float(risks[0] / risks[1])
    people = counts[:, :, 1].mean(axis=0)
    return Result(value, value * float(np.sqrt(((1 - risks) / (risks * people)).sum())))


def _operated(ctx: Context) -> tuple[np.ndarray, Any, Any]:
    """PTH at diagnosis (pg/mL) of the first of those diagnosed, and whole bodies operated on at once, or not."""

    def make() -> tuple[np.ndarray, Any, Any]:
        who = diagnosed(ctx)
        few = who.chosen(np.arange(min(len(who), OPERATED[ctx.quick])))
        with_it = whole_body(ctx, few, {"action": "parathyroidectomy"}, weeks=LOOK)
        without = whole_body(ctx, few, weeks=LOOK)
        return without["PTH"][:, 0] * PG_ML_PTH, with_it, without

    return ctx.once("operated", make)


def _lesion_of(ctx: Context, run: Any, week: int) -> np.ndarray:
    return sum(run[f"{n}_{s}"][:, week] for n in ("eschar", "wound_area") for s in ctx.body.sites)  # type: ignore[return-value]


def parathyroidectomy(ctx: Context, *, pth: str, read: str) -> Result:
    """What an operation at diagnosis changes: ``closed`` (points at 26 weeks), or ``calcium`` (mmol/L at 4 weeks).

    ``pth``: ``low`` (below the median of those diagnosed) or ``high``. No calcium is given after it.
    """
    start, with_it, without = _operated(ctx)
    chosen = start < np.median(start) if pth == "low" else start >= np.median(start)
    if read == "calcium":
        return mean_of((with_it["Ca_total"][:, 4] - without["Ca_total"][:, 4])[chosen])
    size = np.maximum(_lesion_of(ctx, without, 0), 1.0)
    gain = 100 * (_lesion_of(ctx, without, LOOK) - _lesion_of(ctx, with_it, LOOK)) / size
    return mean_of(np.clip(gain, -100, 100)[chosen])


def transplant(ctx: Context, *, read: str) -> Result:
    """What a kidney transplant at diagnosis changes within 26 weeks, against staying on dialysis.

    ``read``: ``closed`` (points of the lesion at diagnosis) or ``death`` (points of the chance of death of the disease). Function
    of the graft and prednisolone are those of published cohorts; uraemia, sessions and their hypotension end. Waiting, surgery,
    rejection and the risk of infection under immunosuppression are not in it.
    """

    def make() -> tuple[Any, Any]:
        _, _, without = _operated(ctx)
        few = diagnosed(ctx).chosen(np.arange(len(without["P"])))
        function = np.maximum(GRAFT + GRAFT_SD * normal(SEED, "graft", few.source), 20.0) * 0.06
        kidneys = Schedule().set("graft_GFR", function, 0.0).set("binder_PBED", 0.0, 0.0)
        kidneys = kidneys.hold_all(ctx.body.onsets_held, 0.0, every=WEEK).hold_all(ctx.body.skin_held, 0.0, every=DAY)
        for week, dose in PREDNISOLONE:
            kidneys = kidneys.set("prednisolone_dose", dose / 24, week * WEEK)
        return whole_body(ctx, few, weeks=LOOK, kidneys=kidneys), without

    with_it, without = ctx.once("transplanted lesions", make)
    if read == "death":
        dead = [-100 * np.expm1(-_hazard(run, LOOK, "sepsis", "wasting")) for run in (with_it, without)]
        return mean_of(dead[0] - dead[1])
    size = np.maximum(_lesion_of(ctx, without, 0), 1.0)
    gain = 100 * (_lesion_of(ctx, without, LOOK) - _lesion_of(ctx, with_it, LOOK)) / size
    return mean_of(np.clip(gain, -100, 100))


def arm_ratio(ctx: Context, *, arm: str) -> Result:
    """Risk ratio of death within half a year (operation) or a year with an action at diagnosis, same people and luck."""
    if arm == "parathyroidectomy":
        _, with_it, without = _operated(ctx)
        values, week = (with_it, without), LOOK
    else:
        values, week = (followed(ctx, HBO).values, followed(ctx).values), 52
    chance, base = (1 - np.exp(-_hazard(run, week)) for run in values)
    value = float(chance.mean() / base.mean())
    return Result(value, float((chance - value * base).std() / np.sqrt(len(base)) / base.mean()))


def _hazard(run: Any, week: int, *causes: str) -> np.ndarray:
    """Cumulative hazard of death of some causes, or of any, since diagnosis, shape (people,)."""
    counted = [h.symbol for h in hazards("death") if h.name in causes or not causes]
    return np.sum([run[symbol][:, week] - run[symbol][:, 0] for symbol in counted], axis=0)


def nothing(ctx: Context) -> Result:
    """Largest difference in any lesion's area, cm2, between all actions with their effects at zero and at dose zero."""
    sessions = {"hyperbaric oxygen", "rheopheresis", "intralesional thiosulfate"}
    kinds = [k for k in actions().values() if k.kind in ("course", "sessions", "event", "graft")]
    zero = {effect: 0.0 for kind in kinds for effect in kind.effects}
    few = diagnosed(ctx).chosen(np.arange(min(32, len(diagnosed(ctx)))))

    def run(dose: str | None) -> Followed:
        planned = []
        for kind in kinds:
            unit = f" {kind.dose_unit}" if kind.dose_unit else ""
            given = {"action": kind.name, "dose": f"{kind.dose:g}{unit}" if dose is None else f"{dose}{unit}"}
            planned.append(given | ({"sessions": 6} if kind.name in sessions else {}))
        return followed(ctx, *planned, weeks=12, background=(), who=few, name=f"few {dose}", **zero)

    with_dose, without = run(None), run("0")
    return Result(float(np.nanmax(np.abs(with_dose.lesion(12) - without.lesion(12)))))

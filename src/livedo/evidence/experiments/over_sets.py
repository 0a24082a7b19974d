"""Risks, differences and rankings over the accepted sets of disease parameters: median, and 5th to 95th centile.

Everything is computed on the same people with the same luck in every set and arm, so that a difference is that of the arm and
a spread that of the sets. What has been computed is kept on disk by all that decides it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from livedo.body import haemodialysis
from livedo.care.effects import daily_effect
from livedo.care.treatments import load_treatments
from livedo.engine import cache, simulate
from livedo.errors import InputError
from livedo.evidence.context import WEEK, Context
from livedo.evidence.experiments import SHARED
from livedo.evidence.experiments.disease_treatments import HBO, SEQUENCE
from livedo.evidence.experiments.lesion_cohort import dialysed
from livedo.evidence.experiments.set_course import (
    PEOPLE,
    Ill,
    Vessels,
    followed,
    hazard,
    ill,
    kernel,
    vessels,
)
from livedo.evidence.experiments.set_figures import bands, readings
from livedo.evidence.experiments.set_outcomes import RATES, chances, closed, dead, healed, parts, rises
from livedo.evidence.experiments.units import MG_P
from livedo.evidence.lesion_sets import TABLE, LesionSet, load_sets, of_structure, over_sets
from livedo.evidence.result import Result

#: People with a lesion in each set; week at which arms are compared; weeks on another plasma before it is read.
EACH, LOOK, ON_CONTROL = 16, 26, 12
#: Arm -> actions beside the background, and hypotheses that are switched on.
ARMS: Mapping[str, tuple[tuple[Mapping[str, Any], ...], Mapping[str, float]]] = {
    "none": ((), {}),
    "antibiotic": (({"action": "antibiotic"},), {}),
    "nutrition": (({"action": "nutrition"},), {}),
    "debridement": (SEQUENCE[:1], {}),
    "vacuum": (SEQUENCE[1:2], {}),
    "graft": (SEQUENCE[2:], {}),
    "sequence": (SEQUENCE, {}),
    "hyperbaric": ((HBO,), {}),
    "hyperbaric with new vessels": ((HBO,), {"angiogenic_gain": 1.0}),
    "alteplase": (({"action": "alteplase", "stop": "day 11"},), {}),
    "rheopheresis": (({"action": "rheopheresis", "sessions": 24},), {}),
    "intralesional thiosulfate": (({"action": "intralesional thiosulfate", "sessions": 12},), {}),
    "apixaban": ((), {}),
}
#: Arms that are ranked: those of the mechanisms alone, no hypothesis switched on.
RANKED = tuple(a for a in ARMS if a not in ("none", "hyperbaric with new vessels"))
#: Milligrams of apixaban a day (2.5 mg twice); of phosphorus eaten under control, and how many times the usual binder.
APIXABAN, DIET, BINDER, DIALYSATE = 5.0, 800.0, 2.0, 1.25
CONTROLS = ("usual", "phosphate", "calcium", "both")
#: Fewer sets than this say nothing of a structure.
NEEDED = 3


def _sets(ctx: Context) -> tuple[LesionSet, ...]:
    """The accepted sets; a context may hold others under ``sets``."""
    return ctx.once("accepted sets", load_sets)


def _kept(ctx: Context, name: str, make: Callable[[], Any]) -> Any:
    """Made once in a run, and kept on disk by all that decides it."""

    def load() -> Any:
        here = Path(__file__).parent
        sources = [Path(__file__), TABLE, *(here / f"{s}.py" for s in SHARED), here / "disease_treatments.py"]
        told = repr([(s.name, s.structure, sorted(s.values.items())) for s in _sets(ctx)])
        key = "sets-" + cache.key_of(
            ctx.key,
            kernel(ctx).key,
            f"{PEOPLE} {EACH} {len(dialysed(ctx))}",
            told,
            name,
            *(p.read_bytes() for p in sources),
        )
        stored = cache.read(key)
        if stored is not None:
            return pickle.loads(stored)
        found = make()
        cache.write(key, pickle.dumps(found))
        return found

    return ctx.once(("over sets", name), load)


def _chosen(ctx: Context, values: np.ndarray, structure: str, read: str) -> Result:
    mine = values[of_structure(_sets(ctx), structure)]
    if np.isfinite(mine).sum() < NEEDED:
        return Result(np.nan, np.nan, f"fewer than {NEEDED} accepted sets with the structure {structure}")
    return over_sets(mine, read)


def _share(ctx: Context, flags: np.ndarray, structure: str) -> Result:
    mine = flags[of_structure(_sets(ctx), structure)].astype(float)
    if len(mine) < NEEDED:
        return Result(np.nan, np.nan, f"fewer than {NEEDED} accepted sets with the structure {structure}")
    p = float(mine.mean())
    return Result(
        100 * p, 100 * float(np.sqrt(max(p * (1 - p), 0.25 / len(mine)) / len(mine))), f"{len(mine)} accepted sets"
    )


# Who falls ill


def _incidence(ctx: Context, control: str) -> np.ndarray:
    """First lesions per 1000 patient-years under each set, shape (sets,)."""

    def make() -> np.ndarray:
        return hazard(ctx, _sets(ctx), **_plasma(ctx, control)).incidence

    return _kept(ctx, f"incidence {control}", make)


def _on(ctx: Context, control: str) -> dict[str, np.ndarray]:
    """Plasma of everyone after some weeks of a control: observable -> mean over a week, shape (people,)."""
    if control not in CONTROLS:
        raise InputError("no such control", field="control", value=control, expected=", ".join(CONTROLS))

    def make() -> dict[str, np.ndarray]:
        whole = dialysed(ctx).whole
        start = whole.chosen(np.arange(min(PEOPLE, len(whole.states))))
        names, inputs = ctx.kernel.layout.parameters, {}
        own = {n: start.parameters[:, names.index(n)] for n in ("binder_PBED",)}
        if control in ("phosphate", "both"):
            inputs |= {"diet_P": DIET / MG_P / 24, "binder_PBED": BINDER * own["binder_PBED"]}
        calcium = control in ("calcium", "both")
        at = ON_CONTROL * WEEK + np.arange(0.0, WEEK, 6.0)
        run = simulate(
            ctx.kernel,
            until=float(at[-1]),
            start=start,
            parameters=inputs,
            schedule=haemodialysis(Ca_dialysate=DIALYSATE) if calcium else haemodialysis(),
            times=at,
            tolerance=1e-3,
            threads=ctx.threads,
            chunk=64,
        )
        return {n: run[n].mean(axis=1) for n in ("calcification_propensity", "P", "Ca_total", "PTH")}

    return _kept(ctx, f"plasma {control}", make)


def _plasma(ctx: Context, control: str) -> dict[str, np.ndarray]:
    """What the wall sees under a control, of that under usual care."""
    if control == "usual":
        return {}
    column = kernel(ctx).layout.parameters.index("wall_propensity")
    own = dialysed(ctx).moment.parameters[:PEOPLE, column]
    ratio = _on(ctx, control)["calcification_propensity"] / _on(ctx, "usual")["calcification_propensity"]
    return {"wall_propensity": own * ratio}


def incidence(ctx: Context, *, control: str = "usual", read: str = "median", structure: str = "any") -> Result:
    """First lesions per 1000 patient-years on haemodialysis.

    ``control``: ``usual``, ``phosphate`` (diet of 800 mg and twice the binder from the start of dialysis), ``calcium``
    (dialysate calcium of 1.25 mmol/L) or ``both``.
    """
    return _chosen(ctx, _incidence(ctx, control), structure, read)


def cumulative(ctx: Context, *, years: float, read: str = "median", structure: str = "any") -> Result:
    """Share with a first lesion after so many years at the mean rate of people on dialysis, %."""
    return _chosen(ctx, -100 * np.expm1(-_incidence(ctx, "usual") * years / 1000), structure, read)


def control_ratio(ctx: Context, *, control: str, read: str = "median", structure: str = "any") -> Result:
    """Incidence under a control from the start of dialysis over that under usual care, same people."""
    return _chosen(ctx, _incidence(ctx, control) / _incidence(ctx, "usual"), structure, read)


def control_plasma(ctx: Context, *, control: str, analyte: str) -> Result:
    """Mean of a mineral over people and week after twelve weeks of a control, mmol/L."""
    values = _on(ctx, control)[analyte]
    return Result(float(values.mean()), float(values.std() / np.sqrt(len(values))))


# Vessels


def _vessels(ctx: Context) -> Vessels:
    return _kept(ctx, "vessels", lambda: vessels(ctx, _sets(ctx)))


def vessel(ctx: Context, *, state: str, read: str = "median", structure: str = "any") -> Result:
    """Small vessels of skin on dialysis without a lesion.

    ``state``: ``calcium`` or ``thrombus`` (sections that show it, %), ``both of thrombus`` (of those with a thrombus, the share
    with calcium, %), ``intima`` (mean share of the radius lost, %), ``outside vessels`` (mineral, of what plasma of propensity
    one lays down in the long run).
    """
    found = _vessels(ctx)
    calcium, clot, own = found.values["calcium_seen"], found.thrombus_seen, ctx.body.parameters
    lasting = own["interstitial_rate"].value / own["interstitial_loss"].value
    values = {
        "calcium": calcium.mean(axis=1),
        "thrombus": clot.mean(axis=1),
        "both of thrombus": (calcium * clot).sum(axis=1) / clot.sum(axis=1),
        "intima": found.values["intimal_loss"].mean(axis=1),
        "outside vessels": found.values["interstitial_mineral"].mean(axis=1) / lasting / 100,
    }
    if state not in values:
        raise InputError("is not read", field="state", value=state, expected=", ".join(values))
    return _chosen(ctx, 100 * values[state], structure, read)


# The lesion and its treatments


def _ill(ctx: Context) -> Ill:
    return ctx.once("ill of sets", lambda: ill(ctx, _sets(ctx), EACH))


def _arm(ctx: Context, arm: str) -> dict[str, np.ndarray]:
    """Means of each set under an arm: share closed at 26 weeks, healed, death and sepsis by then; of shape (sets,)."""
    if arm not in ARMS:
        raise InputError("no such arm", field="arm", value=arm, expected=", ".join(ARMS))

    def make() -> dict[str, np.ndarray]:
        planned, given = ARMS[arm]
        inputs: dict[str, float] = dict(given)
        if arm == "apixaban":
            drug = load_treatments().find("anticoagulant", "apixaban")
            inputs |= daily_effect(drug, APIXABAN, "oral", frozenset(ctx.body.inputs))
        who = _ill(ctx)
        run = followed(ctx, who, *planned, weeks=LOOK, **inputs)
        rise = rises(ctx, parts(ctx, who, run))
        each = chances(rise, LOOK)
        tables = {
            "closed": 100 * closed(ctx, run, LOOK),
            "healed": 100 * healed(ctx, run, rise, LOOK),
            "death": 100 * dead(each),
            "disease death": 100 * dead(each, "sepsis", "wasting"),
            "sepsis": 100 * each["episode"],
            "pain": run["pain_score"][:, 12],
        }
        return {n: np.nanmean(who.by_set(v), axis=1) for n, v in tables.items()}

    return _kept(ctx, f"arm {arm}", make)


def course(ctx: Context, *, what: str, arm: str = "none", read: str = "median", structure: str = "any") -> Result:
    """What becomes of a lesion within 26 weeks of diagnosis.

    ``what``: ``closed`` (mean share of the lesion that is closed, %; below zero it grew), ``healed``, ``death``,
    ``disease death`` or ``sepsis`` (%), ``pain`` (mean score at 12 weeks, 0 to 10).
    """
    return _chosen(ctx, _arm(ctx, arm)[what], structure, read)


def gain(ctx: Context, *, arm: str, what: str = "closed", read: str = "median", structure: str = "any") -> Result:
    """Difference of an arm from background care alone, in points of :func:`course`."""
    return _chosen(ctx, _arm(ctx, arm)[what] - _arm(ctx, "none")[what], structure, read)


def _ranked(ctx: Context, what: str) -> np.ndarray:
    """Rank of each arm in each set, 1 for the most gained, shape (arms, sets)."""
    sign = 1.0 if what in ("closed", "healed") else -1.0
    values = np.stack([sign * _arm(ctx, a)[what] for a in RANKED])
    return 1 + np.argsort(np.argsort(-values, axis=0, kind="stable"), axis=0, kind="stable")


def first(ctx: Context, *, arm: str, what: str = "closed", structure: str = "any") -> Result:
    """Share of accepted sets in which an arm gains most among those ranked, %."""
    return _share(ctx, _ranked(ctx, what)[RANKED.index(arm)] == 1, structure)


def rank(ctx: Context, *, arm: str, what: str = "closed", read: str = "median", structure: str = "any") -> Result:
    """Rank of an arm among those ranked, 1 for the most gained."""
    return _chosen(ctx, _ranked(ctx, what)[RANKED.index(arm)].astype(float), structure, read)


# The fit


def _inside(ctx: Context) -> np.ndarray:
    """How many figures of class calibration each set has within its band, shape (sets,)."""

    def make() -> np.ndarray:
        sets = _sets(ctx)
        values, _ = readings(ctx, sets, {n: np.array([[s.values[n]] for s in sets]) for n in RATES})
        met = [(values[n][:, 0] >= low) & (values[n][:, 0] <= high) for n, (low, high) in bands().items()]
        return np.sum(met, axis=0).astype(float)

    return _kept(ctx, "inside", make)


def figures_inside(ctx: Context, *, read: str = "median", structure: str = "any") -> Result:
    """Figures of class calibration that lie within their band under an accepted set, of those asked."""
    return _chosen(ctx, _inside(ctx), structure, read)


def figures_asked(ctx: Context) -> Result:
    """How many figures of class calibration the accepted sets were asked for."""
    return Result(float(len(bands())))


def accepted(ctx: Context, *, structure: str = "any") -> Result:
    """How many accepted sets there are."""
    return Result(float(of_structure(_sets(ctx), structure).sum()))

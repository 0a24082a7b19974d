"""Risks, differences and rankings over the accepted sets of disease parameters: median, and 5th to 95th centile.

Everything is computed on the same people with the same luck in every set and arm, so that a difference is that of the arm and
a spread that of the sets. What has been computed is kept on disk by all that decides it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from livedo.care import read_plan
from livedo.care.effects import daily_effect
from livedo.care.protocols import read_protocol
from livedo.care.titration import settled, titrate
from livedo.care.treatments import load_treatments
from livedo.errors import InputError
from livedo.evidence.context import SEED, Context
from livedo.evidence.experiments.disease_treatments import HBO, SEQUENCE
from livedo.evidence.experiments.lesion_cohort import dialysed
from livedo.evidence.experiments.set_course import PEOPLE, Ill, Vessels, followed, hazard, ill, kernel, vessels
from livedo.evidence.experiments.set_figures import bands, readings
from livedo.evidence.experiments.set_outcomes import RATES, told
from livedo.evidence.experiments.set_reading import APIXABAN, EACH, LOOK, chosen, kept, sets, share
from livedo.evidence.lesion_sets import of_structure
from livedo.evidence.result import Result, mean_of
from livedo.patients import cohort

#: Visits of a control, and those at which labs are read.
VISITS, LAST = 20, 6
#: Arm -> actions beside the background, and hypotheses that are switched on.
ARMS: Mapping[str, tuple[tuple[Mapping[str, Any], ...], Mapping[str, float]]] = {
    "none": ((), {}),
    "antibiotic": (({"action": "antibiotic", "stop": "day 14"},), {}),
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
#: Control -> the protocol that titrates by it: one of ``evidence/plans``, or of care.
CONTROLS = {"usual": "control_usual", "phosphate": "control_phosphate", "calcium": "control_calcium", "both": "kdigo"}
PLANS = Path(__file__).parents[1] / "plans"
ANALYTES_OF = {"P": "phosphate", "Ca_total": "calcium_total", "PTH": "pth"}


# Who falls ill


def incidences(ctx: Context, control: str) -> np.ndarray:
    """First lesions per 1000 patient-years under each set, shape (sets,)."""

    def make() -> np.ndarray:
        return hazard(ctx, sets(ctx), **_plasma(ctx, control)).incidence

    return kept(ctx, f"incidence {control}", make)


def _on(ctx: Context, control: str) -> dict[str, np.ndarray]:
    """What a control attains over ``VISITS`` visits with labs as they are measured, from the same start, shape (people,).

    Mean propensity of plasma over the whole time, and minerals before the midweek session, mean over the last ``LAST`` visits.
    The mineral of the media counts the propensity: it rises in proportion and takes nothing back.
    """
    if control not in CONTROLS:
        raise InputError("no such control", field="control", value=control, expected=", ".join(CONTROLS))

    def make() -> dict[str, np.ndarray]:
        people, plan = cohort(ctx.body, PEOPLE, SEED), read_plan(PLANS / "usual.yaml")
        usual = read_protocol(_protocol("usual"))
        given = {"seed": SEED, "plan": plan, "threads": ctx.threads}
        start = ctx.once("start of control", lambda: settled(ctx.body, ctx.kernel, people, usual, **given))
        run = titrate(
            ctx.body, ctx.kernel, people, read_protocol(_protocol(control)), months=VISITS, start=start, **given
        )
        media = ctx.kernel.layout.states.index("medial_mineral")
        last = {n: np.nanmean(run.true[a][:, -LAST:], axis=1) for n, a in ANALYTES_OF.items()}
        return {"propensity": run.final.states[:, media] - start.states[:, media], **last}

    return kept(ctx, f"plasma {control}", make)


def _protocol(control: str) -> Path | str:
    own = PLANS / f"{CONTROLS[control]}.yaml"
    return own if own.is_file() else CONTROLS[control]


def _plasma(ctx: Context, control: str) -> dict[str, np.ndarray]:
    """What the wall sees under a control, of that under usual care; who could not be titrated is taken as the middle."""
    if control == "usual":
        return {}
    column = kernel(ctx).layout.parameters.index("wall_propensity")
    own = dialysed(ctx).moment.parameters[:PEOPLE, column]
    ratio = (_on(ctx, control)["propensity"] / _on(ctx, "usual")["propensity"])[: len(own)]
    return {"wall_propensity": own * np.where(np.isfinite(ratio), ratio, np.nanmedian(ratio))}


def incidence(ctx: Context, *, control: str = "usual", read: str = "median", structure: str = "any") -> Result:
    """First lesions per 1000 patient-years on haemodialysis.

    ``control``, from the start of dialysis: ``usual`` (doses unchanged), ``phosphate`` (a binder titrated every four weeks),
    ``calcium`` (the dialysate titrated) or ``both`` (rules in the manner of KDIGO), by labs as they are measured.
    """
    return chosen(ctx, incidences(ctx, control), structure, read)


def cumulative(ctx: Context, *, years: float, read: str = "median", structure: str = "any") -> Result:
    """Share with a first lesion after so many years at the mean rate of people on dialysis, %."""
    return chosen(ctx, -100 * np.expm1(-incidences(ctx, "usual") * years / 1000), structure, read)


def control_ratio(ctx: Context, *, control: str, read: str = "median", structure: str = "any") -> Result:
    """Incidence under a control from the start of dialysis over that under usual care, same people."""
    return chosen(ctx, incidences(ctx, control) / incidences(ctx, "usual"), structure, read)


def control_plasma(ctx: Context, *, control: str, analyte: str) -> Result:
    """Mean of ``P``, ``Ca_total`` (mmol/L) or ``PTH`` (pmol/L) before the midweek session over the last visits of a control."""
    return mean_of(_on(ctx, control)[analyte])


# Vessels


def _vessels(ctx: Context) -> Vessels:
    return kept(ctx, "vessels", lambda: vessels(ctx, sets(ctx)))


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
    return chosen(ctx, 100 * values[state], structure, read)


# The lesion and its treatments


def _ill(ctx: Context) -> Ill:
    return ctx.once("ill of sets", lambda: ill(ctx, sets(ctx), EACH))


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
        return told(ctx, who, run, LOOK)

    return kept(ctx, f"arm {arm}", make)


def course(ctx: Context, *, what: str, arm: str = "none", read: str = "median", structure: str = "any") -> Result:
    """What becomes of a lesion within 26 weeks of diagnosis.

    ``what``: ``closed`` (mean share of the lesion that is closed, %; below zero it grew), ``healed``, ``death``,
    ``disease death`` or ``sepsis`` (%), ``pain`` (mean score at 12 weeks, 0 to 10).
    """
    return chosen(ctx, _arm(ctx, arm)[what], structure, read)


def gain(ctx: Context, *, arm: str, what: str = "closed", read: str = "median", structure: str = "any") -> Result:
    """Difference of an arm from background care alone, in points of :func:`course`."""
    return chosen(ctx, _arm(ctx, arm)[what] - _arm(ctx, "none")[what], structure, read)


def _ranked(ctx: Context, what: str) -> np.ndarray:
    """Rank of each arm in each set, 1 for the most gained, shape (arms, sets)."""
    sign = 1.0 if what in ("closed", "healed") else -1.0
    values = np.stack([sign * _arm(ctx, a)[what] for a in RANKED])
    return 1 + np.argsort(np.argsort(-values, axis=0, kind="stable"), axis=0, kind="stable")


def first(ctx: Context, *, arm: str, what: str = "closed", structure: str = "any") -> Result:
    """Share of accepted sets in which an arm gains most among those ranked, %."""
    return share(ctx, _ranked(ctx, what)[RANKED.index(arm)] == 1, structure)


def rank(ctx: Context, *, arm: str, what: str = "closed", read: str = "median", structure: str = "any") -> Result:
    """Rank of an arm among those ranked, 1 for the most gained."""
    return chosen(ctx, _ranked(ctx, what)[RANKED.index(arm)].astype(float), structure, read)


# The fit


def _inside(ctx: Context) -> np.ndarray:
    """How many figures of class calibration each set has within its band, shape (sets,)."""

    def make() -> np.ndarray:
        own = sets(ctx)
        values, _ = readings(ctx, own, {n: np.array([[s.values[n]] for s in own]) for n in RATES})
        met = [(values[n][:, 0] >= low) & (values[n][:, 0] <= high) for n, (low, high) in bands().items()]
        return np.sum(met, axis=0).astype(float)

    return kept(ctx, "inside", make)


def figures_inside(ctx: Context, *, read: str = "median", structure: str = "any") -> Result:
    """Figures of class calibration that lie within their band under an accepted set, of those asked."""
    return chosen(ctx, _inside(ctx), structure, read)


def figures_asked(ctx: Context) -> Result:
    """How many figures of class calibration the accepted sets were asked for."""
    return Result(float(len(bands())))


def accepted(ctx: Context, *, structure: str = "any") -> Result:
    """How many accepted sets there are."""
    return Result(float(of_structure(sets(ctx), structure).sum()))

"""Warfarin and the lesion over accepted sets: who falls ill on it, and what stopping it, or apixaban in its place, changes.

People on warfarin have taken a usual dose since dialysis began. It lowers both sides of clotting, carboxylates less matrix Gla
protein at the wall, and so raises the propensity to calcify; what it is given for has no effect of its own here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from livedo.body import haemodialysis
from livedo.care.effects import daily_effect
from livedo.care.treatments import load_treatments
from livedo.engine import simulate
from livedo.errors import InputError
from livedo.evidence.context import WEEK, Context
from livedo.evidence.experiments.lesion_cohort import dialysed
from livedo.evidence.experiments.over_sets import incidences
from livedo.evidence.experiments.set_course import Ill, followed, hazard, ill, kernel, read_by_arterioles
from livedo.evidence.experiments.set_outcomes import told
from livedo.evidence.experiments.set_reading import APIXABAN, EACH, LOOK, chosen, kept, sets
from livedo.evidence.result import Result

#: Milligrams of warfarin a day (the condition's usual dose); weeks on it before plasma and wall are read.
DOSE, ON = 5.0, 10
#: What the wall reads of it.
WALL = ("calcification_propensity", "MGP_carboxylated", "clotting_tendency")
ARMS = ("continued", "stopped", "apixaban instead")


def _dose(ctx: Context, drug: str, milligrams: float) -> dict[str, float]:
    row = load_treatments().find("anticoagulant", drug)
    return dict(daily_effect(row, milligrams, "oral", frozenset(ctx.body.inputs)))


def _on_it(ctx: Context) -> dict[str, np.ndarray]:
    """Ratio of what the wall reads on warfarin to that without, week's mean of the same people, shape (people,)."""

    def make() -> dict[str, np.ndarray]:
        whole = dialysed(ctx).whole
        start = whole.chosen(np.arange(len(read_by_arterioles(ctx)["wall_propensity"])))
        at = ON * WEEK + np.arange(0.0, WEEK, 6.0)
        runs = [
            simulate(
                ctx.kernel,
                until=float(at[-1]),
                start=start,
                parameters=given,
                schedule=haemodialysis(),
                times=at,
                tolerance=1e-3,
                threads=ctx.threads,
                chunk=64,
            )
            for given in (_dose(ctx, "warfarin", DOSE), {})
        ]
        return {n: runs[0][n].mean(axis=1) / runs[1][n].mean(axis=1) for n in WALL}

    return kept(ctx, "on warfarin", make)


def _changed(ctx: Context) -> dict[str, np.ndarray | float]:
    """What arterioles and clotting read on warfarin."""
    ratio, read = _on_it(ctx), read_by_arterioles(ctx)
    return {
        "wall_propensity": read["wall_propensity"] * ratio["calcification_propensity"],
        "MGP_carboxylated": read["MGP_carboxylated"] * ratio["MGP_carboxylated"],
        "clotting_tendency": read["clotting_tendency"] * ratio["clotting_tendency"],
        **_dose(ctx, "warfarin", DOSE),
    }


def _incidence(ctx: Context) -> np.ndarray:
    return kept(ctx, "incidence on warfarin", lambda: hazard(ctx, sets(ctx), **_changed(ctx)).incidence)


def incidence_ratio(ctx: Context, *, read: str = "median", structure: str = "any") -> Result:
    """First lesions on warfarin since the start of dialysis over those without, same people."""
    return chosen(ctx, _incidence(ctx) / incidences(ctx, "usual"), structure, read)


def _ill(ctx: Context) -> Ill:
    def make() -> Ill:
        mine = sets(ctx)
        return ill(ctx, mine, EACH, hazard(ctx, mine, **_changed(ctx)))

    return ctx.once("ill on warfarin", make)


def _arm(ctx: Context, arm: str) -> Mapping[str, np.ndarray]:
    """Means of each set of people who fell ill on warfarin, shape (sets,), from diagnosis on."""
    if arm not in ARMS:
        raise InputError("no such arm", field="arm", value=arm, expected=", ".join(ARMS))

    def make() -> Mapping[str, np.ndarray]:
        who = _ill(ctx)
        given: dict[str, np.ndarray | float] = {}
        if arm != "continued":
            names, ratio = kernel(ctx).layout.parameters, _on_it(ctx)
            given = dict.fromkeys(_dose(ctx, "warfarin", DOSE), 0.0)
            back = {"wall_propensity": "calcification_propensity", "MGP_carboxylated": "MGP_carboxylated"}
            for name, told_as in back.items():
                given[name] = who.moment.parameters[:, names.index(name)] / ratio[told_as][who.source]
        if arm == "apixaban instead":
            given |= _dose(ctx, "apixaban", APIXABAN)
        return told(ctx, who, followed(ctx, who, weeks=LOOK, **given), LOOK)

    return kept(ctx, f"warfarin {arm}", make)


def gain(
    ctx: Context, *, arm: str = "stopped", what: str = "closed", read: str = "median", structure: str = "any"
) -> Result:
    """Difference from going on with warfarin after diagnosis, same people and luck, in points of ``over_sets.course``.

    ``arm``: ``stopped`` or ``apixaban instead``. Matrix Gla protein is taken to recover at once.
    """
    return chosen(ctx, _arm(ctx, arm)[what] - _arm(ctx, "continued")[what], structure, read)

"""Trials and care in which doses follow labs: people screened by a measured PTH, treated by protocol from visit to visit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from livedo.care import read_plan
from livedo.care.protocols import read_protocol
from livedo.care.titration import Titration, titrate
from livedo.evidence.context import SEED, SEVERE, Context
from livedo.evidence.experiments.units import MG_DL_CA, MG_DL_P, PG_ML_PTH
from livedo.evidence.result import NotSimulated, Result, balanced, effective, mean_of, share_of
from livedo.patients import cohort

PLANS = Path(__file__).parents[1] / "plans"
#: People screened for a trial, and people under a protocol of care: full and quick.
SCREENED, UNDER_CARE = (512, 160), (512, 128)
#: Visits of a trial: the first before treatment, the last two at its weeks 20 and 24.
TRIAL_VISITS, LAST = 7, 2
#: Visits of care at which labs are counted: the last of twenty.
LAST_OF_CARE = 6
FACTORS = {"pth": PG_ML_PTH, "calcium_total": MG_DL_CA, "phosphate": MG_DL_P}


def _conventional(run: Titration) -> dict[str, np.ndarray]:
    """Measured PTH (pg/mL), albumin-corrected calcium and phosphate (mg/dL), shape (people, visits)."""
    found = {a: run.measured[a] * f for a, f in FACTORS.items()}
    return found | {"calcium_total": found["calcium_total"] + 0.8 * (4.0 - run.measured["albumin"] / 10)}


@dataclass(frozen=True)
class Arm:
    """People of a trial, shape (people,): measured at baseline and as the mean of the last two visits, conventional units.

    ``lost`` holds the PTH at baseline of those who have no last value: how trials count them depends on the end point.
    """

    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    lost: np.ndarray


def _screened(ctx: Context, plan: str) -> Titration:
    """People to screen, settled on a plan, after one visit.

    High PTH is common among them, as in ``Context.severe``; adherence is that of trials: nobody is of the class that does not
    adhere.
    """

    def make() -> Titration:
        people = cohort(ctx.body, SCREENED[ctx.quick], SEED, nonadherent=0.0)
        raised = np.exp(SEVERE * (ctx.body.parameters["gland_tendency"].spread or 0.0))
        people = replace(
            people, body_values={**people.body_values, "gland_tendency": people.body_values["gland_tendency"] * raised}
        )
        protocol = read_protocol("label_cinacalcet")
        return titrate(
            ctx.body,
            ctx.kernel,
            people,
            protocol,
            months=1,
            seed=SEED,
            plan=read_plan(PLANS / f"{plan}.yaml"),
            threads=ctx.threads,
        )

    return ctx.once(("screened", plan), make)


def _arm(ctx: Context, protocol: str, plan: str, least: float, calcium: tuple[float, float]) -> Arm:
    """Those who pass the screen (PTH above ``least`` pg/mL, calcium within a range, mg/dL), titrated for 24 weeks."""

    def make() -> Arm:
        screen = _screened(ctx, plan)
        pth, seen = (_conventional(screen)[a][:, 0] for a in ("pth", "calcium_total"))
        with np.errstate(invalid="ignore"):
            who = np.flatnonzero((pth >= least) & (seen >= calcium[0]) & (seen <= calcium[1]))
        if len(who) < 16:
            raise NotSimulated("too few people pass the screen")
        run = titrate(
            ctx.body,
            ctx.kernel,
            screen.cohort.chosen(who),
            read_protocol(PLANS / f"{protocol}.yaml" if protocol.startswith("trial") else protocol),
            months=TRIAL_VISITS,
            seed=SEED + 1,
            plan=read_plan(PLANS / f"{plan}.yaml"),
            start=screen.final.chosen(who),
            threads=ctx.threads,
        )
        measured = _conventional(run)
        before = {a: v[:, 0] for a, v in measured.items()}
        last = {a: v[:, -LAST:] for a, v in measured.items()}
        complete = np.all([np.isfinite(v) for v in before.values()], axis=0)
        complete &= np.all([np.isfinite(v).any(axis=1) for v in last.values()], axis=0)
        if complete.mean() < 0.5:
            raise NotSimulated("too few people complete the trial")
        return Arm(
            {a: v[complete] for a, v in before.items()},
            {a: np.nanmean(v[complete], axis=1) for a, v in last.items()},
            before["pth"][~complete & np.isfinite(before["pth"])],
        )

    return ctx.once(("arm", protocol, plan, least, calcium), make)


def _read(arm: Arm, read: str, pth: float) -> Result:
    if read == "all responders":
        began = np.concatenate([arm.before["pth"], arm.lost])
        answered = np.concatenate([arm.after["pth"] < 0.7 * arm.before["pth"], np.zeros(len(arm.lost), dtype=bool)])
        return share_of(answered, balanced(began, pth) if pth else None)
    weights = balanced(arm.before["pth"], pth) if pth else None
    change = {a: 100 * (arm.after[a] / arm.before[a] - 1) for a in FACTORS}
    if read == "PTH":
        return mean_of(arm.after["pth"], weights)
    if read == "responders":
        return share_of(change["pth"] < -30, weights)
    if read == "low calcium":
        return share_of(arm.after["calcium_total"] <= 8.4, weights)
    if read == "Ca rise":
        return mean_of(arm.after["calcium_total"] - arm.before["calcium_total"], weights)
    return mean_of(change[{"PTH change": "pth", "Ca change": "calcium_total", "P change": "phosphate"}[read]], weights)


def calcimimetic(
    ctx: Context, *, drug: str, read: str, pth: float = 0.0, least: float = 400.0, calcium: str = "given"
) -> Result:
    """A calcimimetic titrated for 24 weeks as its trials did, in people with a mean PTH (pg/mL); other care unchanged.

    A low calcium holds the dose and is answered with calcium by mouth; see ``plans/trial_cinacalcet.yaml`` and
    ``trial_etelcalcetide.yaml``. Calcium is corrected for albumin where people are enrolled (at 8.3 mg/dL or more) and read. That
    the mean PTH of those on cinacalcet is 640 pg/mL is recalled of Block 2004, 10.1056/NEJMoa031633, on whose and other trials'
    data the simulations of 10.1111/bcp.13900 rest. Those titrate by PTH and calcium alone (``calcium=not given``,
    ``trial_cinacalcet_alone.yaml``). Trials of etelcalcetide raise the last dose in week 17, here it may rise until week 20.

    ``read``: ``PTH`` (mean at the end, pg/mL), ``PTH change``, ``Ca change``, ``P change`` (mean %), ``responders`` (PTH down
    by more than 30%, %), ``all responders`` (the same of all who began: those without a last PTH did not respond),
    ``low calcium`` (8.4 mg/dL or less, %).
    """
    return _read(
        _arm(ctx, f"trial_{drug}" + ("" if calcium == "given" else "_alone"), "usual", least, (8.3, 20.0)), read, pth
    )


def active_vitamin_d(ctx: Context, *, drug: str, read: str, pth: float = 0.0, least: float = 400.0) -> Result:
    """Calcitriol or paricalcitol by vein titrated by its label for 24 weeks; ``read`` as above, and ``Ca rise`` (mg/dL)."""
    return _read(_arm(ctx, f"label_{drug}", "without_vitamin_d", least, (0.0, 10.5)), read, pth)


def _cared(ctx: Context, protocol: str) -> Titration:
    def make() -> Titration:
        return titrate(
            ctx.body,
            ctx.kernel,
            cohort(ctx.body, UNDER_CARE[ctx.quick], SEED),
            read_protocol(protocol),
            months=20,
            seed=SEED,
            plan=read_plan(PLANS / "usual.yaml"),
            threads=ctx.threads,
        )

    return ctx.once(("cared", protocol), make)


def attained(ctx: Context, *, lab: str, protocol: str = "kdigo", low: float = 0.0, high: float = 0.0) -> Result:
    """Share of measured labs in target over the last six of twenty visits of care by rule, %: P, Ca, PTH or all.

    The target is that of the protocol, or between two values (conventional units) where these are given: PMID 26914677 counts
    phosphate by KDIGO 2009, 2.5 to 4.5 mg/dL (0.81 to 1.45 mmol/L), and by KDOQI, 3.5 to 5.5 (49.5% attain it).
    """
    run = _cared(ctx, protocol)
    analyte = {"P": "phosphate", "Ca": "calcium_total", "PTH": "pth", "all": "all"}[lab]
    if high:
        values = run.measured[analyte][:, -LAST_OF_CARE:] * FACTORS[analyte]
        share = float(((values >= low) & (values <= high))[np.isfinite(values)].mean())
    else:
        share = run.attainment(last=LAST_OF_CARE)[analyte]
    return Result(100 * share, float(100 * np.sqrt(share * (1 - share) / len(run.cohort))))


def oscillation(ctx: Context) -> Result:
    """Doses changed against the direction of their change before, naive rule without dead bands over KDIGO-like care, ratio."""
    naive, bands = (_cared(ctx, protocol).reversals_per_year() for protocol in ("naive", "kdigo"))
    return Result(naive / bands)


def still_high(ctx: Context, *, low: float, high: float) -> Result:
    """Share with PTH above 600 pg/mL after 9 to 12 months of care by rule, of those who began between two values, %."""
    run = _cared(ctx, "kdigo")
    with np.errstate(invalid="ignore"):
        pth = run.measured["pth"] * PG_ML_PTH
        began = np.flatnonzero((pth[:, 0] >= low) & (pth[:, 0] <= high))
    if effective(np.ones(max(len(began), 1))) < 8:
        raise NotSimulated("too few people begin there")
    later = pth[began, 10:13]
    drawn = np.isfinite(later).any(axis=1)
    return share_of(np.nanmedian(later[drawn], axis=1) > 600)

"""The lesion at diagnosis, its course on background care as a trial would see it, and oxygen of the skin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from livedo.body import haemodialysis
from livedo.engine import simulate
from livedo.engine.randomness import uniform
from livedo.evidence.context import MIDWEEK, SEED, WEEK, Context
from livedo.evidence.experiments.lesion_cohort import (
    LOOSE,
    Followed,
    course,
    diagnosed,
    dialysed,
    followed,
    kernel,
    onset,
)
from livedo.evidence.result import NotSimulated, Result, mean_of, median_of, share_of
from livedo.skin.score import Scores, score

#: Smallest area that counts as an ulcer, cm2; weeks from diagnosis to the entry of a trial; weeks of the trial.
ULCER, ENTRY, TRIAL = 1.0, 2, 12
#: Entry asks for pain of at least this (mm of 100) and an ulcer; share of those admitted who leave the trial (assumption).
LEAST_PAIN, LEAVE = 50.0, 0.35


def _scored(ctx: Context, run: Followed, *weeks: int, seed: int | None) -> Scores:
    values = {k: v[:, list(weeks)] for k, v in run.values.items()}
    return score(ctx.body, values, run.who.site, seed=seed, first_visit=weeks[0])


def pain_at_diagnosis(ctx: Context) -> Result:
    """Median pain at diagnosis, 0 to 10, before any treatment of it."""
    run = followed(ctx, weeks=1, background=())
    return median_of(run.values["pain_score"][:, 0])


def open_at_diagnosis(ctx: Context) -> Result:
    """Share of people with dead or open skin at diagnosis, %."""
    run = followed(ctx, weeks=1, background=())
    return share_of(run.lesion(0) > ULCER)


def area_at_diagnosis(ctx: Context) -> Result:
    """Median area of dead and open skin at diagnosis among those with any, cm2."""
    area = followed(ctx, weeks=1, background=()).lesion(0)
    return median_of(area[area > ULCER])


def incidence(ctx: Context) -> Result:
    """First lesions per 1000 patient-years over the first years of dialysis, from the hazards."""
    lived = course(ctx)
    chance = 1.0 - np.exp(-np.nan_to_num(lived.hazard).sum(axis=(1, 2)))
    spread = float(chance.std() / np.sqrt(len(chance)) / max(chance.mean(), 1e-12))
    rate = 1000.0 * onset(ctx).incidence
    return Result(rate, rate * spread)


def time_to_onset(ctx: Context) -> Result:
    """Median time from the start of dialysis to the first lesion, days, of those who fall ill in the first years of dialysis.

    Everyone starts dialysis at once and leaves it at one rate, by death, transplant or recovery.
    """
    lived = course(ctx)
    middle = (np.arange(lived.first.shape[1]) + 0.5) * lived.hours / 24.0
    return median_of(np.broadcast_to(middle, lived.first.shape).ravel(), lived.first.ravel())


def healed(ctx: Context, *, weeks: float = 52.0, of: str = "all") -> Result:
    """Share whose lesion has closed (below 1 cm2) while they lived, within some weeks of diagnosis on background care, %."""
    run = followed(ctx)
    ulcerated = run.lesion(0) > ULCER
    area = np.stack([run.lesion(w) for w in range(int(weeks) + 1)], axis=1)
    alive = run.fate.died[:, None] > run.times[None, : int(weeks) + 1]
    done = np.any((area <= ULCER) & alive, axis=1)
    chosen = ulcerated if of == "all" else ulcerated & run.alive(weeks)
    return share_of(done[chosen])


# The trial


def _trial(ctx: Context) -> Mapping[str, Any]:
    def make() -> Mapping[str, Any]:
        run = followed(ctx)
        first, last = ENTRY, ENTRY + TRIAL
        seen, true = (_scored(ctx, run, first, last, seed=s) for s in (SEED, None))
        alive = run.alive(first)
        enrolled = alive & (run.lesion(first) > ULCER) & (seen.pain[:, 0] >= LEAST_PAIN)
        if enrolled.sum() < 12:
            raise NotSimulated("too few virtual patients meet the entry rule")
        died = run.fate.died <= last * WEEK
        admissions = run.fate.events["admission"]
        admitted = np.any((admissions > first * WEEK) & (admissions <= last * WEEK), axis=1)
        leaves = admitted & (uniform(SEED, "trial/leaves", run.who.born) < LEAVE)
        completed = enrolled & ~died & ~leaves
        found: dict[str, Any] = {"enrolled": enrolled, "completed": completed, "died": died, "admitted": admitted}
        for name in ("BWAT", "pain"):
            marks = [s.bwat_cua if name == "BWAT" else s.pain for s in (seen, true)]
            change, truth = (m[:, 1] - m[:, 0] for m in marks)
            found[name] = change[completed]
            found[f"{name} start"] = marks[0][enrolled, 0]
            found[f"{name} healing"] = truth[enrolled]
            found[f"{name} regression"] = (marks[1] - marks[0])[enrolled, 0]
        return found

    return ctx.once("trial", make)


def trial(ctx: Context, *, read: str) -> Result:
    """Background care as a 12-week trial sees it, entry by pain of at least 50 mm and an ulcer.

    ``read``: ``BWAT`` or ``pain`` (mean change of those who complete); the same with ``start``, ``healing`` (what truly
    changes in all enrolled), ``regression`` (chance highs at entry that do not last) or ``attrition`` (the rest: who is left);
    ``completed``, ``died`` or ``admitted`` (% of those enrolled); ``spread`` (SD of the change of BWAT-CUA).
    """
    found = _trial(ctx)
    if read in ("completed", "died", "admitted"):
        return share_of(found[read][found["enrolled"]])
    if read == "spread":
        change = found["BWAT"]
        return Result(float(change.std(ddof=1)), float(change.std(ddof=1) / np.sqrt(2 * len(change))))
    name, _, part = read.partition(" ")
    if part == "attrition":
        whole, parts = mean_of(found[name]), [mean_of(found[f"{name} {p}"]) for p in ("healing", "regression")]
        return Result(whole.value - sum(p.value for p in parts), whole.error)
    return mean_of(found[read])


# Oxygen


#: Healthy adults against the table's dialysis patients: haemoglobin (g/L).
HEALTHY = {"haemoglobin": 140.0}


def oxygen(ctx: Context, *, site: str, read: str = "TcPO2") -> Result:
    """Mean transcutaneous or tissue oxygen tension of adults with whole vessels and the haemoglobin of health, on air, mmHg."""
    people = dialysed(ctx)
    run = simulate(
        kernel(ctx),
        until=1.0,
        start=people.moment,
        times=[1.0],
        parameters={**HEALTHY, "V_target": people.moment.states[:, kernel(ctx).layout.states.index("V")]},
        threads=ctx.threads,
        chunk=64,
    )
    if read == "TcPO2":
        return mean_of(run[f"TcPO2_{site}"][:, 0])
    return mean_of(run[f"tissue_PO2_{site}"][:, 0])


def oxygen_in_session(ctx: Context) -> Result:
    """Mean fall of transcutaneous oxygen at the leg over a dialysis session after four years of dialysis, %."""
    lived = course(ctx)
    run = simulate(
        kernel(ctx),
        until=MIDWEEK + 4.0,
        start=lived.moments[len(lived.moments) // 2],
        schedule=haemodialysis(skin=True),
        times=[MIDWEEK - 0.5, MIDWEEK + 3.9],
        tolerance=LOOSE,
        threads=ctx.threads,
        chunk=64,
    )
    before, after = run["TcPO2_calf"].T
    return mean_of(100 * (1 - after / np.maximum(before, 1.0))[before > 5.0])


def low_oxygen(ctx: Context, *, who: str) -> Result:
    """Share of regions of trunk and thigh with TcPO2 of at most 30 mmHg at the spot where the sensor sits, %.

    ``who``: ``lesion`` (people with the lesion there, at diagnosis), ``other`` (people whose lesion is elsewhere), ``dialysis``.
    The study (Wilmer 2001) measured chest, abdomen and thigh; the spot is any of the region.
    """
    region = ctx.body.sites[0]
    if who == "dialysis":
        lived = course(ctx)
        stretch = len(lived.moments) // 2
        start = lived.moments[stretch]
        run = simulate(kernel(ctx), until=1.0, start=start, times=[1.0], threads=ctx.threads, chunk=64)
        weights = np.exp(-np.nan_to_num(lived.hazard)[:, :, :stretch].sum(axis=(1, 2)))
        return mean_of(100 * run[f"low_oxygen_share_{region}"][:, 0], weights)
    found = followed(ctx, weeks=1, background=())
    mine = diagnosed(ctx).site == 0
    return mean_of(100 * found.values[f"low_oxygen_share_{region}"][mine if who == "lesion" else ~mine, 0])

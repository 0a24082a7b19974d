"""Death, sepsis and admission of people with a lesion, from the cumulative hazards of their course."""

from __future__ import annotations

import numpy as np

from livedo.evidence.context import Context
from livedo.evidence.experiments.lesion_cohort import Followed, followed
from livedo.evidence.experiments.wounds import ULCER
from livedo.evidence.result import NotSimulated, Result, mean_of
from livedo.skin.outcomes import hazards

DISEASE = ("sepsis", "wasting")


def _chances(run: Followed, weeks: float) -> dict[str, np.ndarray]:
    """Chance of death of each cause within some weeks of diagnosis, shape (people,): causes compete week by week."""
    last = int(weeks) + 1
    rises = {h.name: np.diff(run.values[h.symbol][:, :last], axis=1) for h in hazards("death")}
    total = np.sum(list(rises.values()), axis=0)
    alive = np.exp(-np.concatenate([np.zeros_like(total[:, :1]), np.cumsum(total, axis=1)[:, :-1]], axis=1))
    share = alive * -np.expm1(-total) / np.maximum(total, 1e-300)
    return {name: (share * rise).sum(axis=1) for name, rise in rises.items()}


def _group(run: Followed, of: str) -> np.ndarray:
    ulcerated = run.lesion(0) > ULCER
    groups = {
        "all": np.ones(len(run.who), bool),
        "ulcer": ulcerated,
        "plaque": ~ulcerated,
        "proximal": run.who.site == 0,
        "distal": run.who.site > 0,
    }
    return groups[of]


def dead(ctx: Context, *, weeks: float, of: str = "all", causes: str = "any") -> Result:
    """Share dead within some weeks of diagnosis on background care, of any cause or of the disease, %.

    ``of``: ``all``, ``ulcer``, ``plaque`` (neither dead nor open skin at diagnosis), ``proximal`` or ``distal``.
    """
    run = followed(ctx)
    each = _chances(run, weeks)
    chance = np.sum([v for k, v in each.items() if causes == "any" or k in DISEASE], axis=0)
    return mean_of(100 * chance[_group(run, of)])


def alive(ctx: Context, *, weeks: float) -> Result:
    """Share alive after some weeks on background care, %."""
    found = dead(ctx, weeks=weeks)
    return Result(100 - found.value, found.error)


def ratio(ctx: Context, *, one: str, other: str, weeks: float = 52.0) -> Result:
    """Hazard ratio of death of one group against another within some weeks of diagnosis (constant hazards)."""
    run = followed(ctx)
    chance = np.sum(list(_chances(run, weeks).values()), axis=0)
    first, second = (mean_of(chance[_group(run, g)]) for g in (one, other))
    rates = [-np.log1p(-r.value) for r in (first, second)]
    if rates[1] <= 0:
        raise NotSimulated("no one of the other group dies")
    value = float(rates[0] / rates[1])
    return Result(value, value * float(np.hypot(first.error / first.value, second.error / second.value)))


def share_by(ctx: Context, *, cause: str, weeks: float = 52.0) -> Result:
    """Share of deaths of the disease within a year that are of one cause, %."""
    each = _chances(followed(ctx), weeks)
    mine, all_ = mean_of(each[cause]), mean_of(np.sum([each[c] for c in DISEASE], axis=0))
    return Result(100 * mine.value / all_.value, 100 * mine.error / all_.value)


def septic(ctx: Context, *, weeks: float = 52.0) -> Result:
    """Share with an episode of sepsis within some weeks of diagnosis, while they live, %."""
    run = followed(ctx)
    return mean_of(100.0 * run.fate.had("sepsis", weeks * 168.0))


def background(ctx: Context) -> Result:
    """Deaths on dialysis without the disease, per 1000 patient-years."""
    group = ctx.dialysis
    run = group.run(52 * 168.0, [])
    year = run.final_state("hazard_death_background") - group.state("hazard_death_background")
    return mean_of(1000 * year)

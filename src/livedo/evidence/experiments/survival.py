"""Death, sepsis and admission of people with a lesion, from the cumulative hazards of their course."""

from __future__ import annotations

import numpy as np

from livedo.evidence.context import Context
from livedo.evidence.experiments.lesion_cohort import BACKGROUND, Followed, followed, from_onset
from livedo.evidence.experiments.wounds import ULCER
from livedo.evidence.result import NotSimulated, Result, mean_of
from livedo.skin.outcomes import hazards

DISEASE = ("sepsis", "wasting")


#: Weeks from onset at which ulcer and plaque are told apart: most who are seen early have no ulcer yet (LES04).
EARLY = 1
EARLY_GROUPS = ("ulcer", "plaque")
#: Deaths on dialysis in the 1990s, of those in 2015: adjusted mortality fell by a quarter from 2001 (USRDS 2017, recalled).
DEATHS_1990S = 1.35


def _followed(ctx: Context, era: str = "now", weeks: int = 52) -> Followed:
    """The course on background care: that of today, or of the ``1990s``, with plain dressings and more deaths on dialysis."""
    if era == "now":
        return followed(ctx, weeks=weeks)
    more = DEATHS_1990S * ctx.body.parameters["background_death_rate"].value
    return followed(ctx, weeks=weeks, background=BACKGROUND[1:], background_death_rate=more)


def _chances(run: Followed, weeks: float, since: int = 0) -> dict[str, np.ndarray]:
    """Chance of death of each cause within some weeks, shape (people,): causes compete week by week."""
    return {name: each.sum(axis=1) for name, each in _weekly(run, weeks, since).items()}


def _weekly(run: Followed, weeks: float, since: int = 0) -> dict[str, np.ndarray]:
    """Chance of death of each cause in each of some weeks, shape (people, weeks)."""
    span = slice(since, min(since + int(weeks), len(run.times) - 1) + 1)
    rises = {h.name: np.diff(run.values[h.symbol][:, span], axis=1) for h in hazards("death")}
    total = np.sum(list(rises.values()), axis=0)
    alive = np.exp(-np.concatenate([np.zeros_like(total[:, :1]), np.cumsum(total, axis=1)[:, :-1]], axis=1))
    share = alive * -np.expm1(-total) / np.maximum(total, 1e-300)
    return {name: share * rise for name, rise in rises.items()}


def _of(ctx: Context, of: str, weeks: float, causes: str = "any", era: str = "now") -> Result:
    """Mean chance of death of a group: from diagnosis, or from the first week of the lesion for ulcer and plaque."""
    if of in EARLY_GROUPS:
        run = from_onset(ctx)
        ulcerated = run.lesion(EARLY) > ULCER
        each, group = _chances(run, weeks, EARLY), ulcerated if of == "ulcer" else ~ulcerated
    else:
        run = _followed(ctx, era)
        proximal = run.who.site == 0
        each = _chances(run, weeks)
        group = {"all": np.ones(len(run.who), bool), "proximal": proximal, "distal": ~proximal}[of]
    return mean_of(np.sum([v for k, v in each.items() if causes == "any" or k in DISEASE], axis=0)[group])


def dead(ctx: Context, *, weeks: float, of: str = "all", causes: str = "any") -> Result:
    """Share dead within some weeks of diagnosis on background care, of any cause or of the disease, %.

    ``of``: ``all``, ``proximal``, ``distal``; or ``ulcer`` and ``plaque`` (neither dead nor open skin), told apart and counted
    from the first week of the lesion.
    """
    return _of(ctx, of, weeks, causes).scaled(100.0)


def dead_since_onset(ctx: Context, *, weeks: float) -> Result:
    """Share dead within some weeks of the onset of the lesion, of those who lived to their diagnosis, %."""
    run = followed(ctx)
    left = np.clip(weeks - run.who.weeks, 0, len(run.times) - 1)
    in_time = np.arange(len(run.times) - 1) < left[:, None]
    return mean_of(100 * (np.sum(list(_weekly(run, weeks).values()), axis=0) * in_time).sum(axis=1))


def median_survival(ctx: Context, *, era: str = "now") -> Result:
    """Time from diagnosis by which half have died on background care, today's or that of the ``1990s``, months."""
    weeks = 2 * 52
    dead = np.cumsum(np.sum(list(_weekly(_followed(ctx, era, weeks), weeks).values()), axis=0), axis=1)
    curve, error = dead.mean(axis=0), dead.std(axis=0) / np.sqrt(len(dead))
    if curve[-1] < 0.5:
        raise NotSimulated(f"fewer than half die within {weeks} weeks")
    at = int(np.argmax(curve >= 0.5))
    return Result((at + 1) * 12 / 52, float(error[at] / (curve[at] - curve[at - 1]) * 12 / 52))


def alive(ctx: Context, *, weeks: float, era: str = "now") -> Result:
    """Share alive after some weeks on background care, today's or that of the ``1990s``, %."""
    found = _of(ctx, "all", weeks, era=era)
    return Result(100 - 100 * found.value, 100 * found.error)


def ratio(ctx: Context, *, one: str, other: str, weeks: float = 48.0) -> Result:
    """Hazard ratio of death of one group against another within some weeks (constant hazards); groups as in ``dead``."""
    first, second = (_of(ctx, group, weeks) for group in (one, other))
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

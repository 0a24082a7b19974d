"""What becomes of people with a lesion under many sets: chances of death and sepsis, healing, and differences between arms.

Hazards of death are sums of what wound, infection and plaque give, each times a rate of the set. The parts are read once; rates
and the weight of the proximal site may then be changed without another run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from livedo.engine import at_place
from livedo.evidence.context import WEEK, Context
from livedo.evidence.experiments.set_course import Ill, area, kernel
from livedo.evidence.experiments.wounds import ULCER

#: Parameters of a set that act on hazards alone.
RATES = ("onset_rate", "sepsis_rate", "wasting_rate", "wasting_plaque", "site_weight_proximal")
CAUSES = ("sepsis", "wasting", "background")


@dataclass(frozen=True)
class Parts:
    """Integrals week by week, at weight and rate one: ``wound`` and ``septic`` of shape (people, weeks, sites), h.

    ``plaque`` (h) and ``background`` (a hazard) have shape (people, weeks), and ``own`` holds what each person has in place of
    rate or weight: name -> shape (people,).
    """

    wound: np.ndarray
    septic: np.ndarray
    plaque: np.ndarray
    background: np.ndarray
    own: Mapping[str, np.ndarray]


def _integrated(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num((values[:, 1:] + values[:, :-1]) / 2 * WEEK)


def parts(ctx: Context, who: Ill, run: Mapping[str, np.ndarray]) -> Parts:
    """The parts of the hazards in a weekly course; weeks without a value (NaN) add nothing."""
    names, sites = kernel(ctx).layout.parameters, ctx.body.sites
    weights = [at_place("site_weight", s) for s in sites]
    own = {
        n: who.moment.parameters[:, names.index(n)]
        for n in ("sepsis_rate", "sepsis_death_share", "wasting_rate", "wasting_plaque", *weights)
    }
    burden = [run[at_place("burden", s)] for s in sites]
    septic = [run[at_place("sepsis_burden", s)] for s in sites]
    plaque = (run["wound_burden"] - np.sum(burden, axis=0)) / own["wasting_plaque"][:, None]
    each = [
        np.stack([_integrated(v) / own[w][:, None] for v, w in zip(b, weights, strict=True)], axis=2)
        for b in (burden, septic)
    ]
    return Parts(
        each[0], each[1], _integrated(plaque), np.nan_to_num(np.diff(run["hazard_death_background"], axis=1)), own
    )


def rises(ctx: Context, found: Parts, changed: Mapping[str, np.ndarray | float] | None = None) -> dict[str, np.ndarray]:
    """Rise of each hazard week by week, shape (people, weeks): of the causes of death, and of ``episode`` (sepsis)."""
    now = {**found.own, **(changed or {})}
    weights = np.stack(
        [np.broadcast_to(now[at_place("site_weight", s)], found.own["sepsis_rate"].shape) for s in ctx.body.sites],
        axis=1,
    )

    def a(name: str) -> np.ndarray:
        return np.broadcast_to(now[name], found.own["sepsis_rate"].shape)[:, None]

    wound, septic = ((v * weights[:, None, :]).sum(axis=2) for v in (found.wound, found.septic))
    episode = a("sepsis_rate") * septic
    return {
        "sepsis": a("sepsis_death_share") * episode,
        "wasting": a("wasting_rate") * (wound + a("wasting_plaque") * found.plaque),
        "background": found.background,
        "episode": episode,
    }


def to_diagnosis(ctx: Context, who: Ill, changed: Mapping[str, np.ndarray | float] | None = None) -> np.ndarray:
    """Chance to live from onset to diagnosis, shape (people,): the weight of each among the diagnosed."""
    rise = rises(ctx, parts(ctx, who, who.since), changed)
    return np.exp(-np.sum([rise[c] for c in CAUSES], axis=(0, 2)))


def of_sets(who: Ill, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean of each set, shape (sets,), of those who have a value (not NaN); NaN where nobody has."""
    table = who.by_set(values)
    weight = np.where(np.isfinite(table), who.by_set(weights), 0.0)
    with np.errstate(invalid="ignore"):
        return (weight * np.nan_to_num(table)).sum(axis=1) / weight.sum(axis=1)


def chances(rise: Mapping[str, np.ndarray], weeks: int) -> dict[str, np.ndarray]:
    """Chance of death of each cause within some weeks, shape (people,), and of an ``episode`` of sepsis in life."""
    total = np.sum([rise[c][:, :weeks] for c in CAUSES], axis=0)
    alive = np.exp(-np.concatenate([np.zeros_like(total[:, :1]), np.cumsum(total, axis=1)[:, :-1]], axis=1))
    share = alive * -np.expm1(-total) / np.maximum(total, 1e-300)
    found = {c: (share * rise[c][:, :weeks]).sum(axis=1) for c in CAUSES}
    # the first episode: those who have had one leave
    episode = rise["episode"][:, :weeks]
    other = total - rise["sepsis"][:, :weeks] + episode
    left = np.exp(-np.concatenate([np.zeros_like(other[:, :1]), np.cumsum(other, axis=1)[:, :-1]], axis=1))
    found["episode"] = (left * -np.expm1(-other) / np.maximum(other, 1e-300) * episode).sum(axis=1)
    return found


def dead(each: Mapping[str, np.ndarray], *causes: str) -> np.ndarray:
    """Chance of death of some causes, or of any, shape (people,)."""
    return np.sum([each[c] for c in causes or CAUSES], axis=0)


def closed(ctx: Context, run: Mapping[str, np.ndarray], week: int) -> np.ndarray:
    """Share of the lesion at diagnosis closed by a week, -1 (twice as large) to 1, shape (people,); NaN where there was none."""
    size = area(ctx, run)
    start = size[:, 0]
    return np.where(start > ULCER, np.clip(1 - size[:, week] / np.maximum(start, 1e-9), -1.0, 1.0), np.nan)


def healed(ctx: Context, run: Mapping[str, np.ndarray], rise: Mapping[str, np.ndarray], weeks: int) -> np.ndarray:
    """Chance that a lesion closes in life within some weeks, shape (people,); NaN for those without dead or open skin."""
    size = area(ctx, run)
    total = np.sum([rise[c] for c in CAUSES], axis=0)
    alive = np.exp(-np.concatenate([np.zeros_like(total[:, :1]), np.cumsum(total, axis=1)], axis=1))
    done = size[:, : weeks + 1] <= ULCER
    first = np.argmax(done, axis=1)
    chance = np.where(done.any(axis=1), alive[np.arange(len(size)), first], 0.0)
    return np.where(size[:, 0] > ULCER, chance, np.nan)


def told(ctx: Context, who: Ill, run: Mapping[str, np.ndarray], weeks: int) -> dict[str, np.ndarray]:
    """Means of each set some weeks after diagnosis, shape (sets,): closed, healed, dead, septic (%); pain at 12 weeks."""
    rise = rises(ctx, parts(ctx, who, run))
    each = chances(rise, weeks)
    tables = {
        "closed": 100 * closed(ctx, run, weeks),
        "healed": 100 * healed(ctx, run, rise, weeks),
        "death": 100 * dead(each),
        "disease death": 100 * dead(each, "sepsis", "wasting"),
        "sepsis": 100 * each["episode"],
        "pain": run["pain_score"][:, 12],
    }
    weights = to_diagnosis(ctx, who)
    return {n: of_sets(who, v, weights) for n, v in tables.items()}

"""What a plan does to vessels, skin and wound of each member, and what comes of it, from weekly samples.

Chances are not drawn: the body counts hazards, and with several causes the chance that one comes first follows from all of them.
Wound, pain and score are those of every member as if he lived to the end; survival stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedo.care.actions import begins, find, read_for_refusals, refusals
from livedo.engine import at_place
from livedo.skin.outcomes import hazards
from livedo.skin.score import observed, score
from livedo.tables import read_table
from livedo.tracking.comparison import Refused

if TYPE_CHECKING:
    from livedo.body import Body
    from livedo.care.plan import Action

BASE_RATES = Path(__file__).with_name("base_rates.csv")
YEAR = 8766.0
#: Trajectories of every run, and of one with a lesion: at its site, and of the whole body.
VESSELS = ("arteriolar_mineral", "lumen", "thrombosed_share", "coronary_calcium", "breast_artery_calcium")
AT_SITE = ("plaque", "eschar", "wound_area", "healed", "granulation", "infected", "livedo_share")
RISK = "lesion_risk"
#: What actions hold while a plan runs: whether a graft takes, and oxygen in a chamber.
HELD_BY_ACTIONS = ("graft_would_take", "dissolved_PO2")


@dataclass(frozen=True)
class BaseRate:
    """One row of ``base_rates.csv``: first lesions per 1000 patient-years in people on dialysis, by who counts as a case."""

    people: str
    case: str
    per_1000: float
    source: str
    row: str


def base_rates() -> tuple[BaseRate, ...]:
    """Published incidence, by case definition."""
    return tuple(BaseRate(**{**row, "per_1000": row.number("per_1000")}) for row in read_table(BASE_RATES))


def counted_hazards(body: Body) -> tuple[str, ...]:
    """States that count hazards: of a first lesion at each site, of events and of deaths."""
    named = [h.symbol for kind in ("death", "event") for h in hazards(kind)]
    return (*(at_place("onset_hazard", s) for s in body.sites), *named)


def read_for_disease(body: Body) -> tuple[str, ...]:
    """Observables of the whole body that :func:`course` and :func:`refused` read, and those that actions hold."""
    held = (at_place(n, s) for n in HELD_BY_ACTIONS for s in body.sites)
    found = (*VESSELS, *observed(body), *counted_hazards(body), *read_for_refusals(body), *held)
    return tuple(dict.fromkeys(found))


def course(
    body: Body, weekly: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray], lesion: str | None
) -> dict[str, np.ndarray]:
    """Trajectories of the disease, shape (members, samples).

    Parameters
    ----------
    weekly:
        Observable -> shape (members, samples), those of :func:`read_for_disease`.
    before:
        Each of :func:`counted_hazards` at hour zero, shape (members,).
    lesion:
        Site of a lesion that is there at the start.

    Returns
    -------
    The vessels; without a lesion ``lesion_risk``, the chance that a first lesion has begun; with one what its site is like,
    ``pain_score`` (0 to 10), ``bwat_cua`` (8 to 40), the chance to be ``alive``, to have ``died_`` of each cause and to have had
    ``sepsis``, and ``admissions`` expected.
    """
    since = {n: np.maximum(weekly[n] - before[n][:, None], 0.0) for n in counted_hazards(body)}
    found = {name: weekly[name] for name in VESSELS}
    if lesion is None:
        total = np.sum([since[at_place("onset_hazard", s)] for s in body.sites], axis=0)
        return found | {RISK: -np.expm1(-total)}
    found |= {name: weekly[at_place(name, lesion)] for name in AT_SITE}
    site = np.full(len(weekly["pain_score"]), body.sites.index(lesion))
    scored = score(body, weekly, site)
    found |= {"pain_score": weekly["pain_score"], "bwat_cua": scored.bwat_cua}
    deaths = {h.name: since[h.symbol] for h in hazards("death")}
    dying = np.sum(list(deaths.values()), axis=0)
    found |= {"alive": np.exp(-dying)}
    found |= {f"died_{name}": chance_first(hazard, dying) for name, hazard in deaths.items()}
    septic, admitted = (since[h.symbol] for h in hazards("event"))
    found["sepsis"] = chance_first(septic, septic + dying - deaths["sepsis"])
    return found | {"admissions": expected(admitted, dying)}


def chance_first(hazard: np.ndarray, all_hazards: np.ndarray) -> np.ndarray:
    """Chance that an event has come, and come before any other that ends the wait for it.

    Parameters
    ----------
    hazard:
        Its own cumulative hazard, shape (members, samples), from zero at hour zero.
    all_hazards:
        That of everything that ends the wait, its own included.
    """
    own = np.diff(hazard, axis=1, prepend=0.0)
    total = np.diff(all_hazards, axis=1, prepend=0.0)
    here = np.exp(-(all_hazards - total)) * -np.expm1(-total)
    share = np.divide(own, total, out=np.zeros_like(own), where=total > 0)
    return np.cumsum(here * share, axis=1)


def expected(hazard: np.ndarray, dying: np.ndarray) -> np.ndarray:
    """Events expected in life, of an event that may come again; shapes as for :func:`chance_first`."""
    fewer = np.diff(dying, axis=1, prepend=0.0)
    alive = np.exp(-(dying - fewer / 2.0))
    return np.cumsum(np.diff(hazard, axis=1, prepend=0.0) * alive, axis=1)


def summed(found: Mapping[str, np.ndarray], hours: float) -> dict[str, np.ndarray]:
    """The quantities of ``quantities.csv`` that tell of the disease, each member's at the last sample, shape (members,).

    ``hours`` is the time of that sample.
    """
    last = {name: values[:, -1] for name, values in found.items()}
    told = {
        "arteriolar_mineral_last": 100.0 * last["arteriolar_mineral"],
        "lumen_last": 100.0 * last["lumen"],
        "thrombosed_last": 100.0 * last["thrombosed_share"],
        "coronary_last": last["coronary_calcium"],
        "breast_last": last["breast_artery_calcium"],
    }
    if RISK in last:
        rate = -np.log1p(-last[RISK]) / (hours / YEAR)
        return told | {"lesion_risk": 100.0 * last[RISK], "lesion_rate": 1000.0 * rate}
    return told | {
        "eschar_last": last["eschar"],
        "wound_last": last["wound_area"],
        "healed_last": last["healed"],
        "pain_last": last["pain_score"],
        "pain_mean": found["pain_score"].mean(axis=1),
        "bwat_last": last["bwat_cua"],
        "alive_last": 100.0 * last["alive"],
        **{f"died_{h.name}": 100.0 * last[f"died_{h.name}"] for h in hazards("death")},
        "sepsis_chance": 100.0 * last["sepsis"],
        "admissions_expected": last["admissions"],
    }


def action_hours(planned: Sequence[Action], until: float) -> np.ndarray:
    """Hours at which actions of a plan begin within a run: the wound is looked at then."""
    return np.array(sorted({begins(a) for a in planned if begins(a) < until}), dtype=float)


def refused(
    body: Body, planned: Sequence[Action], values: Mapping[str, np.ndarray], times: np.ndarray
) -> tuple[Refused, ...]:
    """Actions that some members could not have, and why.

    Parameters
    ----------
    values, times:
        Observables of :func:`read_for_disease`, shape (members, samples), with samples at :func:`action_hours`.
    """
    members = len(next(iter(values.values())))
    due = [a for a in planned if begins(a) <= times[-1] and find(a.action).kind != "elsewhere"]
    who: dict[tuple[str, str, float, str], tuple[int, ...]] = {}
    for one in refusals(due, values, times, body=body):
        key = (one.action, one.site, one.hour / 24.0, one.reason)
        who[key] = (*who.get(key, ()), one.person)
    return tuple(Refused(*key, people, members) for key, people in who.items())

"""How a wound and its pain are scored: the Bates-Jensen wound assessment tool (BWAT) and a visual analogue scale.

Thirteen items, each 1 (best) to 5; eight of them are the BWAT-CUA of calciphylaxis trials (8 to 40). Each item reads one
quantity of the simulated wound against the cuts of ``bwat.csv``. A rater sees the item on its continuous scale, errs, and
rounds. Without a rater the score is exact.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedo.engine import at_place
from livedo.engine.randomness import normal
from livedo.errors import InputError
from livedo.tables import read_table

if TYPE_CHECKING:
    from livedo.body import Body

HERE = Path(__file__).parent
#: What each site is read for, and what is read of the whole body.
OF_SITE = ("plaque", "eschar", "wound_area", "healed", "granulation", "infected", "livedo_share")
OF_SITE += ("oxygen_for_healing",)
OF_BODY = ("overfill", "pain_score")


@dataclass(frozen=True)
class Item:
    """One row of ``bwat.csv``: the quantity it reads, four cuts between its five scores, and whether it is of BWAT-CUA."""

    name: str
    cua: bool
    reading: str
    cuts: tuple[float, float, float, float]


@functools.cache
def items() -> tuple[Item, ...]:
    """The thirteen items.

    Raises
    ------
    InputError
        If cuts do not ascend.
    """
    found = []
    for row in read_table(HERE / "bwat.csv", "item"):
        cuts = tuple(row.number(f"cut_{k}") for k in (2, 3, 4, 5))
        if any(b <= a for a, b in itertools.pairwise(cuts)):
            raise InputError("cuts must ascend", where=row.where, field="cut_2", value=cuts)
        found.append(Item(row["item"], row.flag("cua"), row["reading"], cuts))  # type: ignore[arg-type]
    return tuple(found)


@functools.cache
def raters() -> Mapping[str, float]:
    """Name -> value of ``raters.csv``."""
    return {row["name"]: row.number("value") for row in read_table(HERE / "raters.csv", "name")}


def observed(body: Body) -> tuple[str, ...]:
    """Observables that scores read."""
    return (*(at_place(n, s) for n in OF_SITE for s in body.sites), *OF_BODY)


def readings(body: Body, values: Mapping[str, np.ndarray], site: np.ndarray) -> dict[str, np.ndarray]:
    """What the items read, at one site of each person.

    Parameters
    ----------
    values:
        Observable -> shape (people, samples), those of :func:`observed`.
    site:
        Number of the site that is scored, shape (people,).

    Returns
    -------
    Reading -> shape (people, samples): ``extent`` cm2, the others dimensionless.
    """
    rater = raters()
    who = np.arange(len(site))

    def at(name: str) -> np.ndarray:
        return np.stack([values[at_place(name, s)] for s in body.sites])[site, who]

    eschar, wound, plaque = (np.maximum(at(n), 0.0) for n in ("eschar", "wound_area", "plaque"))
    lesion = eschar + wound
    seen = lesion > rater["closed"]
    area = np.where(seen, lesion, 1.0)
    share = np.where(seen, eschar / area, 0.0)
    open_share = np.where(seen, wound / area, 0.0)
    infected = np.where(seen, at("infected"), 0.0)
    rim = rater["rim_share"] * lesion + rater["rim_least"]
    hard = np.minimum(plaque / rim, 1.0)
    livid = np.minimum(at("livedo_share"), 1.0)
    raw = 1.0 - np.clip(at("granulation"), 0.0, 1.0)
    stalled = 1.0 - at("oxygen_for_healing") * (1.0 - infected)
    healed = np.maximum(at("healed"), 0.0)
    overfill = np.clip(values["overfill"], 0.0, 1.0)
    return {
        "extent": np.where(seen, lesion * rater["width_ratio"], 0.0),
        "depth": np.where(seen, np.where(share > 0.5, 3.0, 2.0), np.where(hard > 0.05, 1.0, 0.0)),
        "stalled": np.where(seen, stalled, 0.0),
        "undermined": np.where(seen, plaque / area, 0.0),
        "necrosis_age": np.where(seen, share**0.5 * (1.0 - 0.3 * infected), 0.0),
        "eschar_share": share,
        "exudate_kind": np.where(seen, open_share**0.5 * (0.2 + 0.6 * infected + 0.3 * raw), 0.0),
        "exudate": open_share**0.5 * (0.15 + 0.5 * infected + 0.45 * raw),
        "discoloured": np.minimum(livid + 0.7 * hard + 0.15 * share, 1.0),
        "swelling": np.minimum(1.5 * overfill + 0.4 * infected + 0.3 * hard, 1.0),
        "induration": hard,
        "bare": np.where(seen, 1.0 - open_share * at("granulation"), 0.0),
        "unhealed": np.where(seen, lesion / np.where(seen, lesion + healed, 1.0), 0.0),
    }


def exact(item: Item, reading: np.ndarray) -> np.ndarray:
    """Place of a reading on an item's scale, 1 to 5 with fractions: nothing is 1, a cut is half way between two scores."""
    high = item.cuts[-1]
    places = [0.0, *item.cuts, high + (high - item.cuts[-2]) / 2]
    return np.interp(reading, places, [1.0, 1.5, 2.5, 3.5, 4.5, 5.0])


@dataclass(frozen=True)
class Scores:
    """Scores of people at visits.

    ``items`` maps each of the thirteen to shape (people, visits); ``pain`` is mm of 100, shape (people, visits).
    """

    items: Mapping[str, np.ndarray]
    pain: np.ndarray

    @property
    def bwat(self) -> np.ndarray:
        """Sum of thirteen items, 13 to 65."""
        return np.sum(list(self.items.values()), axis=0)

    @property
    def bwat_cua(self) -> np.ndarray:
        """Sum of the eight items of calciphylaxis trials, 8 to 40."""
        return np.sum([self.items[i.name] for i in items() if i.cua], axis=0)


def score(
    body: Body, values: Mapping[str, np.ndarray], site: np.ndarray, *, seed: int | None = None, first_visit: int = 0
) -> Scores:
    """Score wounds and pain.

    Parameters
    ----------
    values, site:
        As for :func:`readings`.
    seed:
        Of raters' errors and of pain that comes and goes; None for exact scores with fractions.
    first_visit:
        Number of the first visit among all visits of these people, so that visits read in parts differ.

    Raises
    ------
    InputError
        If something that scores read was not observed.
    """
    for name in observed(body):
        if name not in values:
            raise InputError("scores read something that was not observed", field="values", value=name)
    read = readings(body, values, site)
    true = {item.name: exact(item, read[item.reading]) for item in items()}
    pain = np.clip(10.0 * values["pain_score"], 0.0, 100.0)
    if seed is None:
        return Scores(true, pain)
    rater, people, visits = raters(), np.arange(len(site)), pain.shape[1]
    cua = sum(i.cua for i in items())
    errors = {name: np.empty_like(pain) for name in true}
    noise = np.empty_like(pain)
    for visit in range(visits):
        number = first_visit + visit
        shared = rater["visit_sd"] / cua * normal(seed, "rater/visit", people, number)
        for name in true:
            errors[name][:, visit] = shared + rater["item_sd"] * normal(seed, f"rater/{name}", people, number)
        noise[:, visit] = rater["pain_sd"] * normal(seed, "rater/pain", people, number)
        noise[:, visit] += rater["pain_day_sd"] * normal(seed, "pain/day", people, number)
    seen = {name: np.clip(np.round(true[name] + errors[name]), 1, 5) for name in true}
    return Scores(seen, np.clip(pain + noise, 0.0, 100.0))

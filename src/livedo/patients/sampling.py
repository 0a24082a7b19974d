"""Traits of people: from a standard normal score for each to a value for each.

Every trait is sampled through a score z ~ N(0, 1) by its row in ``physiology/parameters.csv`` (or ``behaviour.csv``), so that an
estimate can move scores and always lands on values that the table allows.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livedo.body import Body
from livedo.engine.randomness import normal
from livedo.tables import read_table

BEHAVIOUR = Path(__file__).with_name("behaviour.csv")

#: Of the setting of health, what plans and volumes decide.
NOT_OF_PEOPLE = frozenset({"GFR", "V_target", "V_dry", "binder_PBED"})

#: Scores are held inside this many standard deviations.
LIMIT = 3.0


@dataclass(frozen=True)
class Trait:
    """How one trait differs between people.

    ``lognormal`` (median, SD of the log), ``normal`` (mean, SD), ``beta`` (a, b), ``gamma`` (mean, shape), or ``number``: the
    same for all.
    """

    name: str
    distribution: str
    centre: float
    spread: float

    def value(self, score: np.ndarray) -> np.ndarray:
        """Scores to values, same shape."""
        z = np.clip(score, -LIMIT, LIMIT)
        if self.distribution == "lognormal":
            return self.centre * np.exp(self.spread * z)
        if self.distribution == "normal":
            return self.centre + self.spread * z
        if self.distribution == "number":
            return np.full_like(z, self.centre)
        from scipy.special import betaincinv, gammaincinv, ndtr

        if self.distribution == "gamma":
            return self.centre / self.spread * gammaincinv(self.spread, ndtr(z))
        return betaincinv(self.centre, self.spread, ndtr(z))


@dataclass(frozen=True)
class Prior:
    """The traits of a population, and values given for the whole of it (for instance a charted weight)."""

    traits: tuple[Trait, ...]
    given: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Trait names, in the order of scores."""
        return tuple(t.name for t in self.traits)

    def scores(self, members: np.ndarray, seed: int) -> np.ndarray:
        """Scores of members, shape (members, traits); a member's scores depend on its number and the seed alone."""
        return np.stack([normal(seed, f"trait/{t.name}", members) for t in self.traits], axis=1)

    def values(self, scores: np.ndarray) -> dict[str, np.ndarray]:
        """Trait -> shape (members,), the given ones too."""
        found = {t.name: t.value(scores[:, i]) for i, t in enumerate(self.traits)}
        return found | {name: np.full(len(scores), value) for name, value in self.given.items()}


def centres(body: Body, filtration: float) -> dict[str, float]:
    """What people with kidneys of a filtration (L/h) have at the centre where it is not what people on dialysis have.

    Between the table, which is of people on dialysis, and the setting of health, in proportion to filtration; factors are
    mixed by their logarithm (assumption: what kidney disease does to protein, vitamin K, inflammation and glands
    comes as function is lost). Starting states and volumes are not traits of people and are left out.
    """
    healthy = body.settings["healthy"]
    share = float(np.clip(filtration / healthy["GFR"], 0.0, 1.0))
    found = {}
    for name, value in healthy.items():
        own = body.parameters[name].value
        if share > 0.0 and name not in NOT_OF_PEOPLE and not name.endswith("_start"):
            found[name] = own ** (1.0 - share) * value**share
    return found


def prior_of(body: Body, given: Mapping[str, float] | None = None, *, filtration: float = 0.0) -> Prior:
    """The population of the body's own table, which is of people on dialysis, or one with more kidney function.

    Parameters
    ----------
    body:
        The body.
    given:
        Values known for everyone; they take their trait's place.
    filtration:
        Of the people's own kidneys, L/h; see :func:`centres`.
    """
    shifted = centres(body, filtration)
    rows = [p for p in body.parameters.values() if p.spread and p.name not in (given or {})]
    given = {name: value for name, value in shifted.items() if not body.parameters[name].spread} | dict(given or {})
    traits = [Trait(p.name, p.distribution, shifted.get(p.name, p.value), p.spread or 0.0) for p in rows]
    traits += [t for t in behaviour("trait").values() if t.name not in given]
    return Prior(tuple(traits), given)


def binder_taken(body: Body, drawn: Mapping[str, np.ndarray]) -> np.ndarray:
    """Phosphate binder really taken by people under usual care, the body's ``binder_PBED`` (g/h), shape (members,).

    The table's dose is what is taken on average. Who eats more phosphorus is prescribed more, in proportion: prescribers follow
    the labs (assumption). What is taken of it is the person's adherence.

    Parameters
    ----------
    drawn:
        Trait -> shape (members,): ``diet_P`` and ``adherence``.
    """
    table = body.parameters
    a, b = (behaviour("trait")["adherence"].centre, behaviour("trait")["adherence"].spread)
    eaten = drawn["diet_P"] / table["diet_P"].value
    return table["binder_PBED"].value * eaten * drawn["adherence"] / (a / (a + b))


@functools.cache
def behaviour(role: str) -> Mapping[str, Trait]:
    """How people behave, by ``behaviour.csv``: name -> row of one role.

    ``trait``: what an estimate of one patient may move; ``cohort``: what only a sampled population has.
    """
    return {
        row["name"]: Trait(row["name"], row["distribution"], row.number("centre"), row.number_or("spread", 0.0))
        for row in read_table(BEHAVIOUR, "name")
        if row["role"] == role
    }

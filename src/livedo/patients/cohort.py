"""Many patients as arrays: traits, sex, residual kidney function, and how they keep to their treatment.

Every draw is keyed by the seed and the patient's number, so that a patient is the same person in any company and in every
arm. Numbers of behaviour stand in ``behaviour.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from livedo.body import Body
from livedo.engine.layout import Draw
from livedo.engine.randomness import normal, uniform
from livedo.patients.sampling import behaviour, prior_of

WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True)
class Cohort:
    """Patients.

    Attributes
    ----------
    seed:
        Of every draw about them.
    numbers:
        Who they are, shape (n,): the key of their draws.
    traits:
        Trait -> shape (n,), by the body's table of parameters.
    body_values:
        Parameter of the body -> shape (n,): the traits it has, volumes at dry weight, residual filtration.
    female:
        Shape (n,).
    adherence:
        Share of the tablets swallowed at home that is taken, shape (n,).
    missed_per_year:
        Dialysis sessions missed in a year, on average, shape (n,).
    """

    seed: int
    numbers: np.ndarray
    traits: Mapping[str, np.ndarray]
    body_values: Mapping[str, np.ndarray]
    female: np.ndarray
    adherence: np.ndarray
    missed_per_year: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def parameters(self) -> dict[str, np.ndarray]:
        """Parameters of the body, name -> shape (n,), for :func:`livedo.engine.simulate`."""
        return dict(self.body_values)

    def chosen(self, index: np.ndarray) -> Cohort:
        """Some of the patients, by position; they keep their numbers and so their draws."""
        index = np.asarray(index)

        def of(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: array[index] for name, array in values.items()}

        return replace(
            self,
            numbers=self.numbers[index],
            traits=of(self.traits),
            body_values=of(self.body_values),
            female=self.female[index],
            adherence=self.adherence[index],
            missed_per_year=self.missed_per_year[index],
        )

    def attends(self, sessions_per_week: int) -> Draw:
        """Whether a session takes place: (positions, session numbers since time zero) -> bool.

        A patient attends each session with the same probability; the draw belongs to the patient and the session, so it is
        the same in every arm and however a run is cut.
        """
        missing = np.minimum(self.missed_per_year / (sessions_per_week * WEEKS_PER_YEAR), 1.0)

        def draw(patients: np.ndarray, occurrences: np.ndarray) -> np.ndarray:
            return uniform(self.seed, "session/attended", self.numbers[patients], occurrences) >= missing[patients]

        return draw


def cohort(
    body: Body,
    patients: int | np.ndarray,
    seed: int,
    *,
    given: Mapping[str, float] | None = None,
    missed_per_year: float | None = None,
    residual_share: float | None = None,
    nonadherent: float | None = None,
) -> Cohort:
    """Draw patients.

    Parameters
    ----------
    body:
        Gives the traits and their spread.
    patients:
        How many, or their numbers, shape (n,).
    seed:
        Of every draw.
    given:
        Values known for everyone; they take their trait's place.
    missed_per_year, residual_share, nonadherent:
        Mean number of sessions missed, share with residual kidney function, share who do not adhere; by ``behaviour.csv`` if
        not given.
    """
    numbers = np.arange(patients) if isinstance(patients, int | np.integer) else np.asarray(patients)
    rows = behaviour("cohort")
    prior = prior_of(body, given)
    traits = prior.values(prior.scores(numbers, seed))

    def number(name: str) -> float:
        return rows[name].centre

    def chance(purpose: str) -> np.ndarray:
        return uniform(seed, f"cohort/{purpose}", numbers)

    def valued(name: str) -> np.ndarray:
        return rows[name].value(normal(seed, f"cohort/{name}", numbers))

    share = number("female")
    female = chance("sex") < share
    if "dry_weight" not in (given or {}):
        # the median of all stays that of the table
        ratio = number("female_weight_ratio")
        traits["dry_weight"] = traits["dry_weight"] * np.where(female, ratio ** (1 - share), ratio ** (-share))
    adheres = chance("adherence") >= (number("nonadherent") if nonadherent is None else nonadherent)
    low = valued("adherence_low")
    adherence = traits["adherence"] if "adherence" in (given or {}) else np.where(adheres, traits["adherence"], low)
    missed = valued("missed_sessions")
    if missed_per_year is not None:
        missed = missed * missed_per_year / number("missed_sessions")
    has_residual = chance("residual") < (number("residual_share") if residual_share is None else residual_share)
    traits["adherence"] = adherence
    known = body.parameters
    values = {name: array for name, array in traits.items() if name in known}
    for volume in ("V_target", "V_dry"):
        if volume in known:
            values[volume] = known[volume].value / known["dry_weight"].value * traits["dry_weight"]
    values["GFR"] = np.where(has_residual, valued("residual_GFR"), 0.0)
    return Cohort(seed, numbers, traits, values, female, adherence, np.minimum(missed, number("missed_sessions_most")))

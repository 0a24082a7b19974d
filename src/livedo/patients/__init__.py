"""Who: traits that differ between people, how they behave, and how their labs vary."""

from __future__ import annotations

from livedo.patients.cohort import Cohort, cohort
from livedo.patients.conditions import Effect, load_conditions, on_dialysis, with_conditions
from livedo.patients.sampling import Prior, Trait, behaviour, binder_taken, prior_of
from livedo.patients.variation import Variation, variations

__all__ = [
    "Cohort",
    "Effect",
    "Prior",
    "Trait",
    "Variation",
    "behaviour",
    "binder_taken",
    "cohort",
    "load_conditions",
    "on_dialysis",
    "prior_of",
    "variations",
    "with_conditions",
]

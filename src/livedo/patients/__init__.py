"""Who: traits that differ between people, how they behave, and how their labs vary."""

from __future__ import annotations

from livedo.patients.cohort import Cohort, cohort
from livedo.patients.sampling import Prior, Trait, behaviour, binder_taken, prior_of
from livedo.patients.variation import Variation, variations

__all__ = ["Cohort", "Prior", "Trait", "Variation", "behaviour", "binder_taken", "cohort", "prior_of", "variations"]

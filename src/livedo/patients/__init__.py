"""Who: traits that differ between people, how they behave, and how their labs vary."""

from __future__ import annotations

from livedo.patients.sampling import Prior, prior_of
from livedo.patients.variation import Variation, variations

__all__ = ["Prior", "Variation", "prior_of", "variations"]

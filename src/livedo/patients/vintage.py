"""Years that people have been on dialysis: an exponential law, cut off at the longest that is simulated.

Haemodialysis patients of North America (DOPPS) have been on it for 4.0 (SD 4.2) years: mean and SD alike, as when people leave
it at one rate, by death, transplant or recovery.
"""

from __future__ import annotations

import numpy as np

from livedo.engine.randomness import uniform

#: Mean of the law, and where it is cut off, years.
MEAN_YEARS, LONGEST = 4.0, 12.0


def years_drawn(seed: int, stream: str, people: np.ndarray) -> np.ndarray:
    """Years on dialysis of people by number, shape (people,)."""
    luck = uniform(seed, stream, people)
    return -MEAN_YEARS * np.log1p(luck * np.expm1(-LONGEST / MEAN_YEARS))


def still_on_dialysis(years: np.ndarray) -> np.ndarray:
    """Chance to be on dialysis still so many years after it began, any shape."""
    return np.exp(-years / MEAN_YEARS)

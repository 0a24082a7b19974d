"""The skin at patient scale: people at the onset of a lesion, how a wound is scored, and what comes of it.

The equations of perfusion, skin and wound stand in ``physiology/``; here stands what a clinic adds to them: who has a lesion,
what a rater sees, and which event comes when. ``livedo.skin.score.score`` and ``livedo.skin.outcomes.outcomes`` are imported
from their modules, which have the same names.
"""

from __future__ import annotations

from livedo.skin.lesions import Course, Onset, course, onsets, to_own_week, until_diagnosis, worst_site
from livedo.skin.outcomes import Outcomes
from livedo.skin.score import Scores

__all__ = [
    "Course",
    "Onset",
    "Outcomes",
    "Scores",
    "course",
    "onsets",
    "to_own_week",
    "until_diagnosis",
    "worst_site",
]

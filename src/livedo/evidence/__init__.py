"""Published figures, the experiments that should give them, and the scorecard of both."""

from __future__ import annotations

from livedo.evidence.context import Context, Group
from livedo.evidence.registry import CLASSES, SUITES, Figure, chosen, load_figures, load_reasons
from livedo.evidence.result import NotSimulated, Result
from livedo.evidence.scorecard import Count, Line, Scorecard, score, verdict_of

__all__ = [
    "CLASSES",
    "SUITES",
    "Context",
    "Count",
    "Figure",
    "Group",
    "Line",
    "NotSimulated",
    "Result",
    "Scorecard",
    "chosen",
    "load_figures",
    "load_reasons",
    "score",
    "verdict_of",
]

"""A patient's state from a chart, and what plans would do to it."""

from __future__ import annotations

from livedo.tracking.compare import compare
from livedo.tracking.comparison import Agreement, Comparison, PlanOutcome

__all__ = ["Agreement", "Comparison", "PlanOutcome", "compare"]

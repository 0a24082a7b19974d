"""Livedo: an open simulator of calciphylaxis, from minerals to wound, under plans of care.

Research software, not a medical device. The names below are the public interface; each is imported when first used.

>>> import livedo
>>> chart = livedo.read("examples/records/unit.csv", patient="U03")
>>> plans = [livedo.read_plan("examples/plans/usual_care.yaml")]
>>> comparison = livedo.compare(chart, plans, years=0.1, members=8, seed=1)
"""

from __future__ import annotations

from importlib.metadata import version as _version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livedo.body import Body, load_body
    from livedo.care import Plan, read_plan
    from livedo.engine import (
        Kernel,
        Model,
        Moment,
        Schedule,
        Trajectory,
        compile_model,
        load,
        simulate,
        steady_state,
    )
    from livedo.errors import InputError
    from livedo.patients import prior_of
    from livedo.records import Chart, read
    from livedo.tracking import Comparison, compare

__version__ = _version("livedo")
__all__ = [
    "Body",
    "Chart",
    "Comparison",
    "InputError",
    "Kernel",
    "Model",
    "Moment",
    "Plan",
    "Schedule",
    "Trajectory",
    "__version__",
    "compare",
    "compile_model",
    "load",
    "load_body",
    "prior_of",
    "read",
    "read_plan",
    "simulate",
    "steady_state",
]

_HOMES = {
    "body": ("Body", "load_body"),
    "care": ("Plan", "read_plan"),
    "engine": (
        "Kernel",
        "Model",
        "Moment",
        "Schedule",
        "Trajectory",
        "compile_model",
        "load",
        "simulate",
        "steady_state",
    ),
    "errors": ("InputError",),
    "patients": ("prior_of",),
    "records": ("Chart", "read"),
    "tracking": ("Comparison", "compare"),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"livedo.{home}"), name)
    raise AttributeError(f"module 'livedo' has no attribute {name!r}")

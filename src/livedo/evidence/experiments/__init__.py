"""The simulations that should give the published figures: one small function each, by subject.

An experiment takes the :class:`~livedo.evidence.context.Context`, perhaps some arguments, and returns a
:class:`~livedo.evidence.result.Result` in the unit of its figure. Its name is ``module.function``. What it cannot simulate
it says with :class:`~livedo.evidence.result.NotSimulated`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from livedo.engine import cache
from livedo.errors import InputError
from livedo.evidence.result import Result

Experiment = Callable[..., Result]
FOLDER = Path(__file__).parent
#: Modules that experiments of any subject use.
SHARED = (
    *("sessions_run", "phosphate_fit", "clamp", "units", "organ_run", "lesion_cohort"),
    *("set_course", "set_outcomes", "set_figures", "set_reading"),
)
#: Subjects that need no more of the body than what minerals depend on.
OF_MINERALS = (
    *("bone", "calcium", "control", "drugs", "elimination", "kidney", "kidney_states", "parathyroid", "sessions"),
    "titrated",
)


def modules() -> tuple[str, ...]:
    """Subjects, in alphabetical order."""
    return tuple(sorted(p.stem for p in FOLDER.glob("*.py") if p.stem not in (*SHARED, "__init__")))


def experiments() -> dict[str, Experiment]:
    """Name -> function."""
    found: dict[str, Experiment] = {}
    for name in modules():
        found |= {f"{name}.{k}": v for k, v in _public(import_module(f"{__name__}.{name}")).items()}
    return found


def find(name: str) -> Experiment:
    """The experiment of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    subject, _, function = name.partition(".")
    if subject in modules():
        here = _public(import_module(f"{__name__}.{subject}"))
        if function in here:
            return here[function]
    raise InputError("no such experiment", field="experiment", value=name, expected="a function of livedo.evidence")


def source_key(name: str) -> str:
    """A hash of an experiment's source: its module, and what modules of all subjects share."""
    files = [FOLDER / f"{name.partition('.')[0]}.py", *(FOLDER / f"{shared}.py" for shared in SHARED)]
    return cache.key_of(*(path.read_bytes() for path in files))


def _public(module: ModuleType) -> dict[str, Experiment]:
    """Functions written in this module that return a result."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and value.__annotations__.get("return") == "Result"
    }

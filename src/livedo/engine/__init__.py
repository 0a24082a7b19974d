"""How a model is solved; knows no medicine.

``load`` merges organ files into a :class:`Model`, ``compile_model`` turns it into machine code for a group of patients at a time,
``simulate`` carries any number of patients through a :class:`Schedule`.
"""

from __future__ import annotations

from livedo.engine import cache
from livedo.engine.ensemble import simulate
from livedo.engine.kernel import Kernel, compile_model
from livedo.engine.layout import Rule
from livedo.engine.model import Model, StateTraits, Value, load
from livedo.engine.places import Places, at_place
from livedo.engine.schedule import Schedule
from livedo.engine.steady import Steady, steady_state
from livedo.engine.trajectory import Moment, Reducer, Trajectory

__all__ = [
    "Kernel",
    "Model",
    "Moment",
    "Places",
    "Reducer",
    "Rule",
    "Schedule",
    "StateTraits",
    "Steady",
    "Trajectory",
    "Value",
    "at_place",
    "cache",
    "compile_model",
    "load",
    "simulate",
    "steady_state",
]

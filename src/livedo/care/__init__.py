"""What is done for a patient: plans, treatments, and what they set in the body.

``read_plan`` reads and checks a plan; ``livedo.care.orders.orders`` (a module of the same name, so it is
imported from there) and ``sessions`` turn it into inputs of the body. ``read_protocol`` reads the rules that decide doses
from labs, and ``titrate`` runs them on a cohort, visit to visit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livedo.care.checks import check_plan
    from livedo.care.issues import Issue
    from livedo.care.orders import Order, SessionDose, SessionRule, inputs_at, session_doses, sessions
    from livedo.care.plan import Plan
    from livedo.care.protocols import Protocol, read_protocol
    from livedo.care.reading import PlanReading, examine_plan, read_plan
    from livedo.care.titration import Titration, titrate
    from livedo.care.treatments import Treatment, Treatments, load_treatments
    from livedo.care.visits import Visits

__all__ = [
    "Issue",
    "Order",
    "Plan",
    "PlanReading",
    "Protocol",
    "SessionDose",
    "SessionRule",
    "Titration",
    "Treatment",
    "Treatments",
    "Visits",
    "check_plan",
    "examine_plan",
    "inputs_at",
    "load_treatments",
    "read_plan",
    "read_protocol",
    "session_doses",
    "sessions",
    "titrate",
]

_HOMES = {
    "Issue": "issues",
    "check_plan": "checks",
    "Order": "orders",
    "SessionDose": "orders",
    "SessionRule": "orders",
    "inputs_at": "orders",
    "session_doses": "orders",
    "sessions": "orders",
    "Plan": "plan",
    "PlanReading": "reading",
    "examine_plan": "reading",
    "read_plan": "reading",
    "Protocol": "protocols",
    "read_protocol": "protocols",
    "Titration": "titration",
    "titrate": "titration",
    "Visits": "visits",
    "Treatment": "treatments",
    "Treatments": "treatments",
    "load_treatments": "treatments",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"livedo.care.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""What a dose amounts to: weight by the drug's own basis, per day, and in tablets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from livedo.care.quantity import HOURS_PER_DAY, Dose
from livedo.care.treatments import Treatment, Treatments, load_treatments
from livedo.errors import InputError

if TYPE_CHECKING:
    from livedo.care.plan import Drug, Plan

DAYS_PER_WEEK = 7


def dose_amount(dose: Dose, drug: Treatment) -> float:
    """Weight of one dose in the drug's ``dose_unit``, by the drug's ``basis``.

    Raises
    ------
    InputError
        Tablets without a strength where several exist; a weight that does not say what it counts
        where that is not plain (calcium salts, ferric citrate); a word that does not fit the drug.
    """
    mass, basis = dose.mass_mg, dose.basis
    if mass is None:
        if len(drug.tablets) != 1:
            raise InputError(
                "does not say the strength of a tablet",
                field="dose",
                value=dose.text,
                expected=f"such as '2 tablets of {_first_strength(drug)}'",
            )
        amount = drug.tablets[0]
    else:
        amount = mass * (1000.0 if drug.dose_unit == "ug" else 1.0) * _to_basis(basis, drug, dose)
    return amount * (1.0 if dose.tablets is None else dose.tablets)


def daily_amount(item: Drug, drug: Treatment, sessions_per_week: float) -> float:
    """Mean weight a day in the drug's ``dose_unit``; a dose each session is spread over the week.

    Raises
    ------
    InputError
        As ``dose_amount``.
    """
    return dose_amount(item.dose, drug) * doses_per_day(item, sessions_per_week)


def doses_per_day(item: Drug, sessions_per_week: float) -> float:
    """How many doses a day, a mean over the week; a dose that is the day's total counts one, one given once counts none."""
    kind = getattr(item, "kind", None)
    if kind == "daily":
        return float(getattr(item, "times", 1))
    if kind in ("once", "every"):
        every = getattr(item, "every_h", None)
        return 0.0 if every is None else HOURS_PER_DAY / every
    taken = getattr(item, "taken", None)
    if taken is not None:
        return 1.0 if taken.times is None else float(taken.times)
    if getattr(item, "schedule", None) == "each session":
        return sessions_per_week / DAYS_PER_WEEK
    return 1.0


def route_of(item: Drug, drug: Treatment) -> str:
    """``oral``, ``iv`` or ``sc``: as the plan says, or the drug's first route."""
    return getattr(item, "route", None) or drug.routes[0]


def pills_per_day(plan: Plan, hour: float, treatments: Treatments | None = None) -> float:
    """Tablets and capsules a day at ``hour``, a mean over the week; see ``Plan.pills_per_day``."""
    table = treatments or load_treatments()
    sessions = plan.sessions_per_week(hour)
    total = 0.0
    for _, drug_class, item in plan.drugs():
        drug = table.find(drug_class, item.drug)
        if item.runs_at(hour) and route_of(item, drug) == "oral":
            total += tablets_per_dose(item.dose, drug) * doses_per_day(item, sessions)
    return total


def tablets_per_dose(dose: Dose, drug: Treatment) -> float:
    """Fewest tablets that make up one dose, or the count that the plan states.

    A dose that no set of whole tablets gives counts as tablets of the greatest strength, rounded up; a
    drug without tablets counts none.
    """
    if dose.tablets is not None:
        return dose.tablets
    amount = dose_amount(dose, drug)
    if not drug.tablets or amount <= 0:
        return 0.0
    exact = _fewest_exact(amount, drug.tablets)
    return float(exact if exact is not None else math.ceil(amount / max(drug.tablets) - 1e-9))


def _fewest_exact(amount: float, strengths: tuple[float, ...]) -> int | None:
    """Fewest tablets whose strengths sum to ``amount``, searched by count up to 60; None without any."""
    unit = min(strengths) / 100
    target = round(amount / unit)
    if not math.isclose(target * unit, amount, rel_tol=1e-6):
        return None
    steps = [round(strength / unit) for strength in strengths]
    reached = {0}
    for count in range(1, 61):
        reached = {total + step for total in reached for step in steps if total + step <= target}
        if target in reached:
            return count
        if not reached:
            return None
    return None


def _to_basis(word: str | None, drug: Treatment, dose: Dose) -> float:
    if drug.other_basis:
        if word is None:
            raise InputError(
                "does not say what the weight counts",
                field="dose",
                value=dose.text,
                expected=f"{drug.basis!r} or {drug.other_basis!r} after it, such as '500 mg {drug.basis}'",
            )
        if word == drug.other_basis and drug.basis_per_other is not None:
            return drug.basis_per_other
    if word in (None, drug.basis):
        return 1.0
    allowed = " or ".join(repr(name) for name in (drug.basis, drug.other_basis) if name)
    raise InputError(
        f"says {word!r}, which does not fit {drug.drug}",
        field="dose",
        value=dose.text,
        expected=f"a weight alone, or with {allowed}" if allowed else "a weight alone",
    )


def _first_strength(drug: Treatment) -> str:
    if not drug.tablets:
        return "a strength"
    word = f" {drug.basis}" if drug.other_basis else ""
    return f"{drug.tablets[0]:g} {drug.dose_unit}{word}"

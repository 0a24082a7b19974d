"""A plan as inputs of the body: constant rates, dialysis sessions, and doses given at sessions.

Time zero is Monday 00:00 of the plan's first week; hours count from there. What the plan leaves to
the patient (diet as estimated, dry weight from the chart) is not ordered here. Doses are those
prescribed: how much of them a patient takes is a trait of the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from livedo.care import doses
from livedo.care.quantity import (
    CALCITRIOL_PMOL_PER_UG,
    CALCIUM_MG_PER_MMOL,
    HOURS_PER_DAY,
)
from livedo.care.treatments import (
    BINDER,
    CALCIMIMETIC,
    SUPPLEMENT,
    VITAMIN_D,
    Treatment,
    Treatments,
    load_treatments,
)

if TYPE_CHECKING:
    from livedo.care.plan import Drug, Plan

DRUG_INPUTS: Final = ("binder_PBED", "binder_Ca", "supplement_Ca", "calcitriol_dose", "calcimimetic_level")
"""Inputs that a plan always sets, to zero without the drug: g/h, mmol/h, mmol/h, pmol/h, dimensionless."""
DIET_INPUTS: Final = ("diet_P", "diet_Ca", "fluid_intake")
"""Inputs that a plan sets only when it states them. Units: mmol/h, mmol/h, L/h."""


@dataclass(frozen=True, slots=True)
class Order:
    """Hold input ``symbol`` at ``value``, in its canonical unit, from hour ``start_h`` up to ``stop_h``."""

    start_h: float
    stop_h: float
    symbol: str
    value: float


@dataclass(frozen=True, slots=True)
class SessionRule:
    """One dialysis session a week.

    In every week k = 0, 1, ... a session starts at ``168 k + start_h`` if that lies from ``from_h`` up
    to ``until_h``, and runs for ``hours``. ``Qb``, ``Qd`` L/h; ``Ca_dialysate`` mmol/L;
    ``dry_weight_kg`` None means the one in the chart.
    """

    start_h: float
    hours: float
    Qb: float
    Qd: float
    Ca_dialysate: float
    from_h: float
    until_h: float
    dry_weight_kg: float | None


@dataclass(frozen=True, slots=True)
class SessionDose:
    """Give ``amount`` of what ``symbol`` carries at each session that starts in [``from_h``, ``until_h``).

    For ``calcitriol_dose`` the amount is pmol of calcitriol-equivalent that reaches plasma.
    """

    symbol: str
    amount: float
    from_h: float
    until_h: float


def inputs_at(
    plan: Plan, hour: float, treatments: Treatments | None = None, *, spread_session_doses: bool = True
) -> dict[str, float]:
    """Constant inputs that the plan holds at ``hour``: ``{symbol: value}`` in canonical units.

    Several drugs of a class add up. A dose given each session is spread over the week, unless
    ``spread_session_doses`` is false; then active vitamin D given at sessions is left to
    ``session_doses``. A calcimimetic is always a level, from its mean daily dose.

    Raises
    ------
    InputError
        A drug that is not in the table, or a dose that cannot be read for it.
    """
    table = treatments or load_treatments()
    sessions = plan.sessions_per_week(hour)
    inputs: dict[str, float] = dict.fromkeys(DRUG_INPUTS, 0.0)
    for symbol, stated in zip(DIET_INPUTS, (plan.diet.phosphate, plan.diet.calcium, plan.diet.fluid), strict=True):
        if stated is not None:
            inputs[symbol] = stated.value
    for _, drug_class, item in plan.drugs():
        if not item.runs_at(hour):
            continue
        drug = table.find(drug_class, item.drug)
        if drug_class == VITAMIN_D and not spread_session_doses and _each_session(item):
            continue
        per_day = doses.daily_amount(item, drug, sessions)
        if drug_class == BINDER:
            inputs["binder_PBED"] += per_day / 1000 * (drug.pbed_per_g or 0.0) / HOURS_PER_DAY
            inputs["binder_Ca"] += _calcium(per_day, drug)
        elif drug_class == SUPPLEMENT:
            inputs["supplement_Ca"] += _calcium(per_day, drug)
        elif drug_class == VITAMIN_D:
            inputs["calcitriol_dose"] += _calcitriol(per_day, item, drug) / HOURS_PER_DAY
        elif drug_class == CALCIMIMETIC:
            inputs["calcimimetic_level"] += per_day * (drug.b_per_mg_day or 0.0)
    return inputs


def orders(plan: Plan, treatments: Treatments | None = None, *, spread_session_doses: bool = True) -> list[Order]:
    """The plan's constant inputs laid out in time, without gaps or overlaps for each symbol.

    Every symbol of ``DRUG_INPUTS`` is ordered from hour 0 for ever; those of ``DIET_INPUTS`` only when
    the plan states them. The last order of each has an infinite ``stop_h``. ``spread_session_doses``
    as in ``inputs_at``.

    Raises
    ------
    InputError
        As ``inputs_at``.
    """
    table = treatments or load_treatments()
    starts = change_hours(plan)
    laid: list[Order] = []
    last: dict[str, int] = {}
    for index, start in enumerate(starts):
        stop = starts[index + 1] if index + 1 < len(starts) else float("inf")
        for symbol, value in inputs_at(plan, start, table, spread_session_doses=spread_session_doses).items():
            before = last.get(symbol)
            if before is not None and laid[before].value == value:
                laid[before] = Order(laid[before].start_h, stop, symbol, value)
            else:
                last[symbol] = len(laid)
                laid.append(Order(start, stop, symbol, value))
    return laid


def sessions(plan: Plan) -> list[SessionRule]:
    """The plan's dialysis sessions as weekly rules, by start in the week."""
    from livedo.care.plan import DAYS

    rules = [
        SessionRule(
            start_h=DAYS.index(day) * HOURS_PER_DAY + item.at.hours,
            hours=item.hours.value,
            Qb=item.blood_flow.value,
            Qd=item.dialysate_flow.value,
            Ca_dialysate=item.dialysate_calcium.value,
            from_h=item.from_h,
            until_h=item.until_h,
            dry_weight_kg=None if item.dry_weight is None else item.dry_weight.value,
        )
        for item in plan.dialysis
        for day in item.days
    ]
    return sorted(rules, key=lambda rule: (rule.start_h, rule.from_h))


def session_doses(plan: Plan, treatments: Treatments | None = None) -> list[SessionDose]:
    """Active vitamin D given at sessions, as doses; for use with ``spread_session_doses=False``.

    Raises
    ------
    InputError
        As ``inputs_at``.
    """
    table = treatments or load_treatments()
    given: list[SessionDose] = []
    for item in plan.active_vitamin_d:
        if _each_session(item):
            drug = table.find(VITAMIN_D, item.drug)
            amount = _calcitriol(doses.dose_amount(item.dose, drug), item, drug)
            given.append(SessionDose("calcitriol_dose", amount, item.from_h, item.until_h))
    return given


def change_hours(plan: Plan) -> list[float]:
    """Hours at which something in the plan starts or stops, ascending, hour 0 first."""
    hours = {0.0}
    for _, item in plan.items():
        hours.update(hour for hour in (item.from_h, item.until_h) if hour != float("inf"))
    return sorted(hours)


def _each_session(item: Drug) -> bool:
    return getattr(item, "schedule", None) == "each session"


def _calcium(mg_per_day: float, drug: Treatment) -> float:
    return mg_per_day * (drug.elemental_calcium or 0.0) / CALCIUM_MG_PER_MMOL / HOURS_PER_DAY


def _calcitriol(ug: float, item: Drug, drug: Treatment) -> float:
    reaching = 1.0 if doses.route_of(item, drug) == "iv" else drug.oral_bioavailability or 0.0
    return ug * (drug.calcitriol_equivalent or 0.0) * reaching * CALCITRIOL_PMOL_PER_UG

"""A plan as inputs of the body: constant rates, dialysis sessions, and doses given at sessions.

Time zero is Monday 00:00 of the plan's first week; hours count from there. What the plan leaves to
the patient (diet as estimated, dry weight from the chart) is not ordered here. Doses are those
prescribed: how much of them a patient takes is a trait of the patient.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from livedo.care import doses
from livedo.care.effects import daily_effect, input_of
from livedo.care.pulses import spread
from livedo.care.quantity import HOURS_PER_DAY
from livedo.care.treatments import MEDICINE, VITAMIN_D, Treatments, drug_classes, load_treatments

if TYPE_CHECKING:
    from livedo.care.plan import DialysisPrescription, Drug, Plan

DRUG_INPUTS: Final = ("binder_PBED", "binder_Ca", "supplement_Ca", "calcitriol_dose", "calcimimetic_level")
"""Inputs that a plan always sets, to zero without the drug: g/h, mmol/h, mmol/h, pmol/h, dimensionless."""
FINER_INPUTS: Final = ("sterol_dose", "cinacalcet_dose", "etelcalcetide_dose")
"""Inputs that a plan sets too, where the body has them: pmol/h, mg/h, mg/h."""
DIET_INPUTS: Final = ("diet_P", "diet_Ca", "fluid_intake")
"""Inputs that a plan sets only when it states them. Units: mmol/h, mmol/h, L/h."""

BATH_INPUTS: Final = {
    "dialysate_magnesium": "Mg_dialysate",
    "dialysate_bicarbonate": "HCO3_dialysate",
    "dialysate_citrate": "citrate_dialysate",
    "dialysate_phosphate": "P_dialysate",
    "large_solute_clearance": "cut_off_clearance",
}
"""Keys of a prescription that may be left out, and the inputs they set: mmol/L, and L/h for the last."""


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
    ``dry_weight_kg`` None means the one in the chart; ``Qsub`` L/h is the replaced filtrate of haemodiafiltration.
    ``bath`` is what else is stated of dialysate and filter, by input.
    """

    start_h: float
    hours: float
    Qb: float
    Qd: float
    Ca_dialysate: float
    from_h: float
    until_h: float
    dry_weight_kg: float | None
    Qsub: float = 0.0
    bath: tuple[tuple[str, float], ...] = ()


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
    plan: Plan,
    hour: float,
    treatments: Treatments | None = None,
    *,
    spread_session_doses: bool = True,
    known: Collection[str] | None = None,
) -> dict[str, float]:
    """Constant inputs that the plan holds at ``hour``: ``{symbol: value}`` in canonical units.

    Several drugs of a class add up. A dose given each session is spread over the week, unless
    ``spread_session_doses`` is false; then active vitamin D given at sessions is left to
    ``session_doses``. A calcimimetic is a level or a rate, from its mean daily dose. ``known`` are the
    inputs of the body, as for ``livedo.care.effects.input_of``.

    Raises
    ------
    InputError
        A drug that is not in the table, or a dose that cannot be read for it.
    """
    table = treatments or load_treatments()
    sessions = plan.sessions_per_week(hour)
    finer = [symbol for symbol in FINER_INPUTS if symbol in (known or ())]
    of_medicines = [symbol for symbol in medicine_inputs(table) if symbol in (known or ())]
    inputs: dict[str, float] = dict.fromkeys((*DRUG_INPUTS, *finer, *of_medicines), 0.0)
    for symbol, stated in zip(DIET_INPUTS, (plan.diet.phosphate, plan.diet.calcium, plan.diet.fluid), strict=True):
        if stated is not None:
            inputs[symbol] = stated.value
    for _, drug_class, item in plan.drugs():
        if not item.runs_at(hour):
            continue
        drug = table.find(drug_class, item.drug)
        if drug_class == VITAMIN_D and not spread_session_doses and _each_session(item):
            continue
        if drug_class == MEDICINE and not spread(item, drug):  # type: ignore[arg-type]
            continue
        per_day = doses.daily_amount(item, drug, sessions)
        for symbol, value in daily_effect(drug, per_day, doses.route_of(item, drug), known).items():
            inputs[symbol] = inputs.get(symbol, 0.0) + value
    return inputs


def medicine_inputs(table: Treatments) -> tuple[str, ...]:
    """Inputs of the drugs under ``medicines``, each once; a plan sets those the body has, to zero without the drug."""
    own = [row for row in table if row.drug_class in drug_classes()]
    return tuple(dict.fromkeys(row.inputs[i] for row in own for i in range(len(row.inputs) if row.per_unit else 1)))


def orders(
    plan: Plan,
    treatments: Treatments | None = None,
    *,
    spread_session_doses: bool = True,
    known: Collection[str] | None = None,
) -> list[Order]:
    """The plan's constant inputs laid out in time, without gaps or overlaps for each symbol.

    Every symbol of ``DRUG_INPUTS`` is ordered from hour 0 for ever; those of ``DIET_INPUTS`` only when
    the plan states them. The last order of each has an infinite ``stop_h``. ``spread_session_doses``
    and ``known`` as in ``inputs_at``.

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
        held = inputs_at(plan, start, table, spread_session_doses=spread_session_doses, known=known)
        for symbol, value in held.items():
            before = last.get(symbol)
            if before is not None and laid[before].value == value:
                laid[before] = Order(laid[before].start_h, stop, symbol, value)
            else:
                last[symbol] = len(laid)
                laid.append(Order(start, stop, symbol, value))
    return laid


def sessions(plan: Plan) -> list[SessionRule]:
    """The plan's dialysis sessions as weekly rules, by start in the week."""
    from livedo.care.fields import DAYS

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
            Qsub=0.0 if item.substitution is None else item.substitution.value / item.hours.value,
            bath=_bath(item),
        )
        for item in plan.dialysis
        for day in item.days
    ]
    return sorted(rules, key=lambda rule: (rule.start_h, rule.from_h))


def _bath(item: DialysisPrescription) -> tuple[tuple[str, float], ...]:
    """Inputs of the session that only some prescriptions state, with their values."""
    stated = [(symbol, getattr(item, key)) for key, symbol in BATH_INPUTS.items()]
    bath = [(symbol, value.value) for symbol, value in stated if value is not None]
    if item.plasma_treated is not None:
        bath.append(("apheresis_flow", item.plasma_treated.value / item.hours.value))
    return tuple(bath)


def session_doses(
    plan: Plan, treatments: Treatments | None = None, *, known: Collection[str] | None = None
) -> list[SessionDose]:
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
            route = doses.route_of(item, drug)
            symbol = input_of(drug, known)
            rate = daily_effect(drug, doses.dose_amount(item.dose, drug), route, known)[symbol]
            given.append(SessionDose(symbol, rate * HOURS_PER_DAY, item.from_h, item.until_h))
    return given


def change_hours(plan: Plan) -> list[float]:
    """Hours at which something in the plan starts or stops, ascending, hour 0 first."""
    hours = {0.0}
    for _, item in plan.items():
        hours.update(hour for hour in (item.from_h, item.until_h) if hour != float("inf"))
    return sorted(hours)


def _each_session(item: Drug) -> bool:
    return getattr(item, "schedule", None) == "each session"

"""A plan in plain sentences, for people and for the report."""

from __future__ import annotations

from livedo.care import doses
from livedo.care.actions import find
from livedo.care.fields import DAY_NAMES, DAYS
from livedo.care.orders import BATH_INPUTS
from livedo.care.plan import (
    Action,
    DialysisPrescription,
    Diet,
    Drug,
    KidneyFunction,
    KidneyItem,
    PeritonealDialysis,
    Plan,
    Transplant,
)
from livedo.care.quantity import DIALYSATE_CALCIUM, FLOW, Quantity
from livedo.care.treatments import (
    BINDER,
    CALCIMIMETIC,
    MEDICINE,
    SUPPLEMENT,
    VITAMIN_D,
    Treatment,
    Treatments,
    load_treatments,
)
from livedo.records.units import express
from livedo.wording import capital, listed

_ABSENT = {
    BINDER: "No phosphate binder.",
    VITAMIN_D: "No active vitamin D.",
    SUPPLEMENT: "No calcium supplement.",
    CALCIMIMETIC: "No calcimimetic.",
}

_FURTHER = (*BATH_INPUTS, "plasma_treated")
_ROUTES = {"oral": "by mouth", "iv": "by vein", "sc": "under the skin"}


def describe(plan: Plan, treatments: Treatments | None = None) -> str:
    """The plan in plain sentences, one a line; see ``Plan.describe``."""
    table = treatments or load_treatments()
    lines = [f"{plan.name}: {plan.description.strip()}" if plan.description.strip() else f"{plan.name}."]
    dialysis = [_dialysis(item) for item in plan.dialysis] + [_peritoneal(item) for item in plan.peritoneal_dialysis]
    lines += dialysis or ["No dialysis."]
    lines += [_kidneys(item) for item in plan.kidney_function] + [_graft(item) for item in plan.transplant]
    lines += [f"Prednisolone {item.dose.text}, by mouth{_period(item)}." for item in plan.prednisolone]
    lines.append(_diet(plan.diet))
    for drug_class, absent in _ABSENT.items():
        found = [
            _drug(plan, item, table.find(drug_class, item.drug))
            for _, its_class, item in plan.drugs()
            if its_class == drug_class
        ]
        lines += found or [absent]
    lines += [_action(action) for action in plan.actions]
    lines += [_drug(plan, item, table.find(MEDICINE, item.drug)) for item in plan.medicines]
    return "\n".join(lines)


def _dialysis(item: DialysisPrescription) -> str:
    days = listed([DAY_NAMES[DAYS.index(day)] for day in sorted(item.days, key=DAYS.index)])
    calcium = item.dialysate_calcium.value
    milliequivalents = express(calcium, DIALYSATE_CALCIUM, "mEq/L")
    blood, dialysate = (flow.value / FLOW.factors["mL/min"] for flow in (item.blood_flow, item.dialysate_flow))
    weight = "the dry weight in the chart" if item.dry_weight is None else f"a dry weight of {item.dry_weight.text}"
    name = "Haemodialysis" if item.substitution is None else "Haemodiafiltration"
    replaced = "" if item.substitution is None else f"{item.substitution.text} replaced after the filter, "
    further = [
        f"{name.replace('_', ' ')} {value.text}" for name in _FURTHER if (value := getattr(item, name)) is not None
    ]
    more = f"; {', '.join(further)}" if further else ""
    return (
        f"{name} on {days} for {item.hours.value:g} h from {item.at.text}, "
        f"blood flow {blood:g} mL/min, dialysate flow {dialysate:g} "
        f"mL/min, {replaced}dialysate calcium {calcium:g} mmol/L ({milliequivalents:g} mEq/L), "
        f"to {weight}{more}{_period(item)}."
    )


def _peritoneal(item: PeritonealDialysis) -> str:
    if item.mode == "CAPD":
        how = f"{item.exchanges} exchanges a day of {item.fill.text}, the longest of {item.night.text}"
    else:
        by_day = "a dry day" if item.day_dwell is None else f"{item.day_dwell.text} by day"
        how = f"{item.exchanges} exchanges of {item.fill.text} in a night of {item.night.text}, {by_day}"
    most = "" if item.ultrafiltration is None else f", glucose for at most {item.ultrafiltration.text} of fluid"
    buffer = "" if item.buffer is None else f", buffer {item.buffer.text}"
    calcium = item.dialysate_calcium.value
    beside = ", beside haemodialysis" if item.with_haemodialysis == "yes" else ""
    return (
        f"Peritoneal dialysis, {item.mode}: {how}, dialysate calcium {calcium:g} mmol/L "
        f"({express(calcium, DIALYSATE_CALCIUM, 'mEq/L'):g} mEq/L){buffer}{most}{beside}{_period(item)}."
    )


def _kidneys(item: KidneyFunction) -> str:
    return f"Own kidneys filter {item.egfr.text}{_declining(item)}{_period(item)}."


def _graft(item: Transplant) -> str:
    lost = "" if item.stop is None else f"; the graft is lost at {item.stop.text}"
    return f"Kidney transplant on {item.start.text}; within weeks the graft filters {item.egfr.text}{_declining(item)}{lost}."


def _declining(item: KidneyFunction | Transplant) -> str:
    return "" if item.decline is None else f", losing {item.decline.text}"


def _diet(diet: Diet) -> str:
    stated: list[tuple[str, Quantity | None]] = [
        ("phosphorus", diet.phosphate),
        ("calcium", diet.calcium),
        ("fluid", diet.fluid),
    ]
    if all(amount is None for _, amount in stated):
        return "Diet and fluid as estimated for the patient."
    parts = [f"{what} {'as estimated' if amount is None else amount.text}" for what, amount in stated]
    return f"Diet: {listed(parts)}."


def _drug(plan: Plan, item: Drug, drug: Treatment) -> str:
    sessions = plan.sessions_per_week(item.from_h)
    amount = doses.daily_amount(item, drug, sessions)
    how = item.taken.text if hasattr(item, "taken") else item.schedule  # type: ignore[union-attr]
    route = _ROUTES[doses.route_of(item, drug)]
    text = f"{drug.drug.capitalize()} {item.dose.text.replace(' ug', ' µg')} {how}, {route}"
    extra: list[str] = []
    if drug.drug_class == BINDER:
        extra.append(f"binds phosphate like {amount / 1000 * (drug.pbed_per_g or 0):.3g} g of calcium carbonate a day")
    if drug.drug_class in (BINDER, SUPPLEMENT) and drug.elemental_calcium:
        extra.append(f"{amount * drug.elemental_calcium:.0f} mg of calcium a day")
    if drug.dose_unit == "ug" and amount:
        extra.append(f"{amount * doses.DAYS_PER_WEEK:.3g} µg a week")
    pills = doses.tablets_per_dose(item.dose, drug) * doses.doses_per_day(item, sessions) if route == "by mouth" else 0
    if pills:
        extra.append(f"{round(pills, 1 if pills >= 1 else 2):g} tablet{'' if pills == 1 else 's'} a day")
    return text + (f" ({'; '.join(extra)})" if extra else "") + f"{_period(item)}."


def _action(action: Action) -> str:
    kind = find(action.action)
    dose = action.dose or (f"{kind.dose:g} {kind.dose_unit}" if kind.dose_unit else "")
    text = f"{capital(kind.name)}{' ' + dose if dose else ''}"
    if kind.kind == "sessions":
        often = f"{action.per_week or kind.per_week:g} a week for {kind.hours:g} h"
        text += f", {often}{f', {action.sessions} in all' if action.sessions else ''}"
    if kind.sited:
        text += f", {action.site or 'wherever there is a wound'}"
    if kind.kind in ("event", "graft", "operation", "level"):
        return f"{text}, {action.start.text}."
    return f"{text}{_period(action)}."


def _period(item: DialysisPrescription | KidneyItem | Drug | Action) -> str:
    start = "" if item.from_h == 0 else f" from {item.start.text}"
    stop = "" if item.stop is None else f" until {item.stop.text}"
    return start + stop

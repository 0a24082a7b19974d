"""What makes a plan impossible or unusual: small checks, each returning its issues.

An error means that the plan cannot be carried out and is refused; a warning means that it is unusual.
The bounds stand in ``limits.csv`` and, for drugs, in ``treatments.csv``. A plan that passes is
possible; nothing here says that it is wise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

from livedo.care import doses
from livedo.care.action_checks import ACTION_CHECKS
from livedo.care.issues import Issue
from livedo.care.kidney_checks import KIDNEY_CHECKS
from livedo.care.limits import judge
from livedo.care.orders import BATH_INPUTS, SessionRule, change_hours, inputs_at, sessions
from livedo.care.quantity import HOURS_PER_WEEK
from livedo.care.treatments import MEDICINE, Treatment, Treatments, drug_classes, load_treatments
from livedo.errors import InputError

if TYPE_CHECKING:
    from livedo.care.plan import DialysisPrescription, Drug, Plan


_FURTHER: Final = (*BATH_INPUTS, "plasma_treated")


def days_given_once(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """A day is named once in a prescription."""
    for index, item in enumerate(plan.dialysis):
        repeated = sorted({day for day in item.days if item.days.count(day) > 1})
        if repeated:
            yield Issue(
                "error",
                "day_repeated",
                f"names {', '.join(repeated)} more than once",
                ("dialysis", index, "days"),
                " ".join(item.days),
                "each day once",
            )


def sessions_possible(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Duration, flows, dialysate calcium and dry weight lie within what can be."""
    for index, item in enumerate(plan.dialysis):
        for name in ("hours", "blood_flow", "dialysate_flow", "dialysate_calcium", "dry_weight", *_FURTHER):
            stated = getattr(item, name)
            if stated is not None:
                yield from judge(name, stated.value, ("dialysis", index, name), stated.text)


def diet_possible(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Daily intakes lie within what can be eaten and drunk."""
    for name in ("phosphate", "calcium", "fluid"):
        stated = getattr(plan.diet, name)
        if stated is not None:
            yield from judge(name, stated.value, ("diet", name), stated.text)


def starts_within_reach(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Nothing starts when no run would come to it."""
    for place, item in plan.items():
        yield from judge("start", item.from_h, (*place, "start"), item.start.text)


def meals_eaten(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """No dose is taken with more meals than a day has."""
    for place, _, item in plan.drugs():
        taken = getattr(item, "taken", None)
        if taken is not None and taken.meals:
            yield from judge("meals", taken.times, (*place, "taken"), taken.text)


def stops_after_start(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Nothing stops before it starts, or at once."""
    for place, item in plan.items():
        if item.stop is not None and item.until_h <= item.from_h:
            yield Issue(
                "error",
                "stop_before_start",
                f"stops before or when it starts ({item.start.text})",
                (*place, "stop"),
                item.stop.text,
                f"a time after {item.start.text}",
            )


def prescriptions_do_not_overlap(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Two prescriptions that run at the same time share no day of the week."""
    for (_, one), (second, two) in combinations(enumerate(plan.dialysis), 2):
        shared = [day for day in dict.fromkeys(one.days) if day in two.days]
        if shared and _together(one, two):
            yield Issue(
                "error",
                "dialysis_overlap",
                f"dialyses on {', '.join(shared)} while the prescription from {one.start.text} does so too",
                ("dialysis", second, "days"),
                " ".join(two.days),
                "other days, or a start when the other has stopped",
            )


def sessions_end_before_the_next(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """No session is longer than the gap to the next, also where one prescription follows another."""
    reported: set[tuple[SessionRule, SessionRule]] = set()
    laid = _sessions_near_changes(plan)
    for (begin, rule), (next_begin, next_rule) in pairwise(laid):
        gap = next_begin - begin
        if gap <= 0 or rule.hours <= gap + 1e-9 or (rule, next_rule) in reported:
            continue
        reported.add((rule, next_rule))
        yield Issue(
            "error",
            "session_too_long",
            "runs into the next session",
            ("dialysis", _origin(plan, rule), "hours"),
            f"{rule.hours:g} h",
            f"at most {gap:g} h, when the next session starts",
        )


def drugs_known(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Every drug is in the table, in the section of its class."""
    for place, drug_class, item in plan.drugs():
        try:
            table.find(drug_class, item.drug)
        except InputError as error:
            yield Issue("error", "unknown_drug", error.message, (*place, "drug"), item.drug, error.expected)


def doses_readable(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Every dose is above zero and says what its weight counts where that is not plain."""
    for place, drug, item in _known(plan, table):
        for count in (item.dose.mass_mg, item.dose.tablets):
            if count is not None and count <= 0:
                yield Issue(
                    "error",
                    "dose_not_positive",
                    "is not above zero",
                    (*place, "dose"),
                    item.dose.text,
                    "a dose above zero; leave the drug out to give none",
                )
                break
        else:
            try:
                doses.dose_amount(item.dose, drug)
            except InputError as error:
                yield Issue("error", "dose_unclear", error.message, (*place, "dose"), item.dose.text, error.expected)


def routes_and_schedules_exist(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """The drug is given by a route and on a schedule that it has."""
    for place, drug, item in _known(plan, table):
        for name, allowed in (("route", drug.routes), ("schedule", drug.schedules)):
            chosen = (
                getattr(item, "kind", getattr(item, name, None)) if name == "schedule" else getattr(item, name, None)
            )
            if chosen is not None and allowed and chosen not in allowed:
                yield Issue(
                    "error",
                    f"no_such_{name}",
                    f"is not a {name} of {drug.drug}",
                    (*place, name),
                    chosen,
                    " or ".join(repr(one) for one in allowed),
                )


def doses_within_limits(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """No dose is beyond what can be given (error) or the usual highest dose (warning).

    A dose each session counts with the most sessions a week that the plan has while it runs.
    """
    for place, drug, item in _known(plan, table):
        try:
            sessions_per_week = max(plan.sessions_per_week(hour) for hour in _hours_within(plan, item))
            amount = doses.daily_amount(item, drug, sessions_per_week)
        except InputError:
            continue
        if drug.max_per == "dose":
            amount = doses.dose_amount(item.dose, drug)
        amount *= doses.DAYS_PER_WEEK if drug.max_per == "week" else 1
        usual = drug.usual_max_oral if doses.route_of(item, drug) == "oral" else drug.usual_max_iv
        unit = f"{drug.dose_unit} a {drug.max_per}"
        shown = f"{item.dose.text} ({amount:.4g} {unit})"
        if amount > drug.max_refused * (1 + 1e-9):
            yield Issue(
                "error",
                "dose_impossible",
                "is more than can be given; is the unit right?",
                (*place, "dose"),
                shown,
                f"at most {drug.max_refused:g} {unit}",
            )
        elif usual is not None and amount > usual * (1 + 1e-9):
            yield Issue(
                "warning",
                "dose_above_usual",
                f"is above the usual highest dose of {drug.drug}",
                (*place, "dose"),
                shown,
                f"at most {usual:g} {unit}",
            )


def each_session_has_dialysis(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """A drug given each session runs while there is dialysis."""
    for place, _, item in plan.drugs():
        if getattr(item, "schedule", None) != "each session":
            continue
        with_sessions = [plan.sessions_per_week(hour) > 0 for hour in _hours_within(plan, item)]
        if not any(with_sessions):
            yield Issue(
                "error",
                "no_dialysis",
                "is given each session, but there is no dialysis while it runs",
                (*place, "schedule"),
                "each session",
                "dialysis in the plan" if _at_sessions_only(item, table) else "'daily', or dialysis in the plan",
            )
        elif not all(with_sessions):
            yield Issue(
                "warning",
                "dialysis_in_part",
                "is given each session, and for some of the time there is none",
                (*place, "schedule"),
                "each session",
                "dialysis as long as the drug",
            )


def drugs_given_once(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """The same drug twice in a section at the same time is unusual; the doses add up."""
    for (_, first, one), (place, second, two) in combinations(_known(plan, table), 2):
        if first == second and _together(one, two):
            infused = first.drug_class in drug_classes() and drug_classes()[first.drug_class].at_sessions == "through"
            yield Issue(
                "error" if infused else "warning",
                "drug_twice",
                "is infused twice at the same time"
                if infused
                else "is prescribed twice at the same time; the doses are added",
                (*place, "drug"),
                two.drug,
                "one entry, or a stop for the first",
            )


def totals_usual(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Calcium from all binders and the calcimimetic level stay within the usual."""
    for symbol, name, place in (
        ("binder_Ca", "binder_calcium", ("binders",)),
        ("calcimimetic_level", "calcimimetic_level", ("calcimimetic",)),
    ):
        try:
            highest = max(inputs_at(plan, hour, table)[symbol] for hour in change_hours(plan))
        except InputError:
            return
        yield from judge(name, highest, place)


CHECKS: Final[tuple[Callable[[Plan, Treatments], Iterator[Issue]], ...]] = (
    days_given_once,
    sessions_possible,
    diet_possible,
    starts_within_reach,
    meals_eaten,
    stops_after_start,
    prescriptions_do_not_overlap,
    sessions_end_before_the_next,
    drugs_known,
    doses_readable,
    routes_and_schedules_exist,
    doses_within_limits,
    each_session_has_dialysis,
    drugs_given_once,
    totals_usual,
    *KIDNEY_CHECKS,
    *ACTION_CHECKS,
)


def check_plan(plan: Plan, treatments: Treatments | None = None) -> tuple[Issue, ...]:
    """Every issue of ``plan``, errors first."""
    table = treatments or load_treatments()
    found = [issue for check in CHECKS for issue in check(plan, table)]
    return tuple(sorted(found, key=lambda issue: issue.severity))


def _known(plan: Plan, table: Treatments) -> Iterator[tuple[tuple[str, int], Treatment, Drug]]:
    for place, drug_class, item in plan.drugs():
        try:
            yield place, table.find(drug_class, item.drug), item
        except InputError:
            continue


def _at_sessions_only(item: Drug, table: Treatments) -> bool:
    try:
        drug = table.find(MEDICINE, item.drug)
    except InputError:
        return False
    return drug_classes()[drug.drug_class].needs_sessions


def _together(one: DialysisPrescription | Drug, two: DialysisPrescription | Drug) -> bool:
    return max(one.from_h, two.from_h) < min(one.until_h, two.until_h)


def _hours_within(plan: Plan, item: Drug) -> list[float]:
    """The start of ``item`` and every hour within it at which the plan changes."""
    return [item.from_h, *(hour for hour in change_hours(plan) if item.from_h < hour < item.until_h)]


def _sessions_near_changes(plan: Plan) -> list[tuple[float, SessionRule]]:
    """Sessions as (start, rule), ascending, in the weeks around changes; the weeks between repeat these."""
    weeks = {int(hour // HOURS_PER_WEEK) + step for hour in change_hours(plan) for step in (-1, 0, 1, 2)}
    laid = [
        (week * HOURS_PER_WEEK + rule.start_h, rule)
        for week in sorted(weeks)
        if week >= 0
        for rule in dict.fromkeys(sessions(plan))
        if rule.from_h <= week * HOURS_PER_WEEK + rule.start_h < rule.until_h
    ]
    return sorted(laid, key=lambda one: one[0])


def _origin(plan: Plan, rule: SessionRule) -> int:
    for index, item in enumerate(plan.dialysis):
        if rule in sessions(plan.model_copy(update={"dialysis": (item,)})):
            return index
    return 0

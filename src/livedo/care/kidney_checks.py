"""What makes the kidney sections of a plan impossible or unusual; see ``livedo.care.checks``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Final

from livedo.care.issues import Issue
from livedo.care.limits import judge
from livedo.care.treatments import Treatments

if TYPE_CHECKING:
    from livedo.care.plan import DialysisPrescription, KidneyItem, Plan

#: Filtered share of the blood flow in haemodiafiltration: above the first, blood thickens in the filter; above the second,
#: there is no plasma water left to filter (plasma is near 0.7 of blood). Assumptions.
HIGH_FILTRATION, MOST_FILTRATION = 0.30, 0.65


def kidney_quantities_possible(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Volumes, times, filtration and doses of the kidney sections lie within what can be."""
    for place, item in plan.kidney_items():
        for name in ("exchanges", "fill", "day_dwell", "night", "dialysate_calcium", "buffer", "egfr", "decline"):
            stated = getattr(item, name, None)
            if isinstance(stated, int):
                yield from judge(name, float(stated), (*place, name), str(stated))
            elif stated is not None:
                yield from judge(name, stated.value, (*place, name), stated.text)
        for name, key in (("peritoneal_ultrafiltration", "ultrafiltration"), ("prednisolone", "dose")):
            stated = getattr(item, key, None)
            if stated is not None:
                yield from judge(name, stated.value, (*place, key), stated.text)


def haemodiafiltration_possible(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """What is filtered and replaced in a session comes out of the blood that passes."""
    for index, item in enumerate(plan.dialysis):
        if item.substitution is None:
            continue
        place = ("dialysis", index, "substitution")
        yield from judge("substitution", item.substitution.value, place, item.substitution.text)
        if item.hours.value <= 0 or item.blood_flow.value <= 0:
            continue
        blood = item.blood_flow.value * item.hours.value
        share = item.substitution.value / blood
        if share > HIGH_FILTRATION:
            impossible = share > MOST_FILTRATION
            yield Issue(
                "error" if impossible else "warning",
                "filtration_impossible" if impossible else "filtration_high",
                f"is {100 * share:.0f}% of the blood that passes",
                place,
                item.substitution.text,
                f"at most {HIGH_FILTRATION * blood:.3g} L, {100 * HIGH_FILTRATION:.0f}% of it",
            )


def exchanges_possible(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """CAPD has a dwell by day and one by night; a day dwell of its own belongs to APD."""
    for index, item in enumerate(plan.peritoneal_dialysis):
        if item.mode == "CAPD" and item.day_dwell is not None:
            yield Issue(
                "error",
                "day_dwell_on_capd",
                "is of APD; CAPD dwells by day anyway",
                ("peritoneal_dialysis", index, "day_dwell"),
                item.day_dwell.text,
                "no day_dwell, or mode APD",
            )
        if item.mode == "CAPD" and item.exchanges == 1:
            yield Issue(
                "error",
                "one_exchange",
                "leaves no exchange by day",
                ("peritoneal_dialysis", index, "exchanges"),
                item.exchanges,
                "2 or more",
            )


def kidney_items_do_not_overlap(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """One kidney function, one graft and one peritoneal prescription at a time; the same steroid twice adds up."""
    for section in ("peritoneal_dialysis", "kidney_function", "transplant"):
        for (_, one), (second, two) in combinations(enumerate(getattr(plan, section)), 2):
            if _together(one, two):
                yield Issue(
                    "error",
                    f"{section}_overlap",
                    f"runs while the one from {one.start.text} does so too",
                    (section, second, "start"),
                    two.start.text,
                    "a stop for the first, or a start when it has stopped",
                )


def two_dialyses_are_meant(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Peritoneal dialysis beside haemodialysis is said to be meant; dialysis beside a graft is unusual."""
    for index, item in enumerate(plan.peritoneal_dialysis):
        beside = [other for other in plan.dialysis if _together(item, other)]
        if beside and item.with_haemodialysis == "no":
            yield Issue(
                "error",
                "two_dialyses",
                f"runs beside haemodialysis from {beside[0].start.text}",
                ("peritoneal_dialysis", index, "with_haemodialysis"),
                item.with_haemodialysis,
                "'yes' if both are meant, or a stop for one before the start of the other",
            )
    for index, graft in enumerate(plan.transplant):
        if any(_together(graft, other) for other in (*plan.dialysis, *plan.peritoneal_dialysis)):
            yield Issue(
                "warning",
                "dialysis_with_transplant",
                "runs beside dialysis",
                ("transplant", index, "start"),
                graft.start.text,
                "a stop of dialysis at the transplant, unless the graft starts late",
            )


KIDNEY_CHECKS: Final = (
    kidney_quantities_possible,
    haemodiafiltration_possible,
    exchanges_possible,
    kidney_items_do_not_overlap,
    two_dialyses_are_meant,
)


def _together(one: DialysisPrescription | KidneyItem, two: DialysisPrescription | KidneyItem) -> bool:
    return max(one.from_h, two.from_h) < min(one.until_h, two.until_h)

"""What can be wrong with the actions of a plan, before anyone is simulated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from livedo.care.actions import begins, find
from livedo.care.issues import Issue
from livedo.errors import InputError

if TYPE_CHECKING:
    from livedo.care.actions import Kind
    from livedo.care.plan import Action, Plan
    from livedo.care.treatments import Treatments


def actions_known(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """Every action is in the table and belongs here."""
    for number, action in enumerate(plan.actions):
        place = ("actions", number, "action")
        try:
            kind = find(action.action)
        except InputError as error:
            yield Issue("error", "unknown_action", error.message, place, action.action, error.expected)
            continue
        if kind.kind == "elsewhere":
            told = f"is ordered in another section ({kind.symbol})"
            yield Issue("error", "action_elsewhere", told, place, action.action, f"an entry under {kind.symbol}")


def action_doses_possible(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """A dose is readable, above zero, and not beyond what can be given."""
    for number, action in enumerate(plan.actions):
        place = ("actions", number, "dose")
        try:
            kind, dose = find(action.action), action.dose_value
        except InputError as error:
            if error.field == "dose":
                yield Issue("error", "dose_unclear", error.message, place, action.dose, error.expected)
            continue
        if dose is None:
            continue
        if dose <= 0:
            expected = "a dose above zero; leave the action out to give none"
            yield Issue("error", "dose_not_positive", "is not above zero", place, action.dose, expected)
        elif dose > kind.dose_refused:
            most = f"at most {kind.dose_refused:g} {kind.dose_unit}"
            yield Issue("error", "dose_impossible", "is more than can be given", place, action.dose, most)
        elif dose > kind.dose_most:
            most = f"at most {kind.dose_most:g} {kind.dose_unit}"
            yield Issue("warning", "dose_above_usual", f"is above the usual of {kind.name}", place, action.dose, most)


def action_sites_exist(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """A site is one of the skin's, and is stated only for what is done at a site."""
    from livedo.body import load_body

    sites, kinds = load_body().sites, {number: kind for number, _, kind in _known(plan)}
    for number, action in enumerate(plan.actions):
        if action.site is None:
            continue
        place = ("actions", number, "site")
        if action.site not in sites:
            yield Issue("error", "no_such_site", "is not a site of the skin", place, action.site, ", ".join(sites))
        elif number in kinds and not kinds[number].sited:
            yield Issue("error", "no_site", "is not done at a site", place, action.site, "no site")


def actions_in_order(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """What needs another action before it comes after one: a dressing or graft on eschar cannot act."""
    for number, action, kind in _known(plan):
        if not kind.needs_before:
            continue
        before = [
            other
            for _, other, its in _known(plan)
            if its.name == kind.needs_before
            and begins(other) <= begins(action)
            and (other.site is None or action.site is None or other.site == action.site)
        ]
        if not before:
            yield Issue(
                "warning",
                "nothing_before",
                f"comes without {kind.needs_before} before it; where the wound is covered by eschar it is not carried out",
                ("actions", number, "action"),
                action.action,
                f"{kind.needs_before} earlier in the plan",
            )


def one_operation(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """The glands are taken out once."""
    done = [(number, action) for number, action, kind in _known(plan) if kind.name == "parathyroidectomy"]
    for number, action in done[1:]:
        place = ("actions", number, "action")
        yield Issue("error", "operation_twice", "is done a second time", place, action.action, "one operation")


def events_ordered_once(plan: Plan, table: Treatments) -> Iterator[Issue]:
    """What is done once at its hour stands once: the same entry again is a slip."""
    first: dict[tuple[str, str | None, float], int] = {}
    for number, action, kind in _known(plan):
        if kind.kind not in ("event", "graft"):
            continue
        earlier = first.setdefault((kind.name, action.site, begins(action)), number)
        if earlier != number:
            told = f"is ordered for the same hour and place as in actions {earlier + 1}"
            place = ("actions", number, "action")
            yield Issue("error", "action_twice", told, place, action.action, "one entry, or another start or site")


def _known(plan: Plan) -> Iterator[tuple[int, Action, Kind]]:
    """Number in the plan, action and its row, of those that are in the table."""
    for number, action in enumerate(plan.actions):
        with suppress(InputError):
            yield number, action, find(action.action)


ACTION_CHECKS = (
    actions_known,
    action_doses_possible,
    action_sites_exist,
    actions_in_order,
    one_operation,
    events_ordered_once,
)

"""What is done about the lesion itself: the table of actions, and actions laid out as a schedule.

An action is a row of ``actions.csv``: the input of the body through which it acts and how (a course, sessions, one event, a
graft, a lasting change of level, an operation; or the section of a plan that orders it), its usual dose, evidence and harms.
Nothing about an action stands in the code. Whether a dressing or a graft can act on the wound as it then is, the body decides
at that hour; :func:`refusals` tells why not.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from livedo.body import Body, load_body
from livedo.care import operations
from livedo.engine import Schedule, at_place
from livedo.engine.randomness import uniform
from livedo.errors import InputError
from livedo.tables import Row, read_table

if TYPE_CHECKING:
    from livedo.care.plan import Action

TABLE = Path(__file__).with_name("actions.csv")
REFUSED = Path(__file__).with_name("actions_refused.csv")
KINDS = ("course", "sessions", "event", "graft", "level", "operation", "elsewhere")
WEEK = 168.0
#: Hour of the day at which sessions and operations begin, clear of dialysis (08:00 to 12:00).
BEGINS = 14.0
#: Days of a week with sessions, by how many there are.
SPREAD = {
    1: (1,),
    2: (1, 4),
    3: (0, 2, 4),
    4: (0, 1, 3, 4),
    5: (0, 1, 2, 3, 4),
    6: (0, 1, 2, 3, 4, 5),
    7: tuple(range(7)),
}


@dataclass(frozen=True)
class Kind:
    """One row of ``actions.csv``.

    Attributes
    ----------
    name, aliases, kind:
        What it is called, and one of :data:`KINDS`.
    symbol, per_dose:
        Input of the body, and its value per unit of dose while the action runs.
    dose_unit, dose, dose_most, dose_refused:
        Unit, usual dose, dose above which a plan is warned of, and above which it is refused; NaN where there is none.
    hours, per_week:
        Length of a session or event, and sessions a week; NaN where there are none.
    sited:
        Whether it is done at a site.
    effects:
        Parameters of the body that hold its effect: with all of them zero it does nothing.
    needs_before:
        Action that must come before it, if any.
    hypothesis:
        Parameter of an unproven effect, zero by default, if any.
    mechanism, evidence, source, harms:
        In words.
    """

    name: str
    aliases: tuple[str, ...]
    kind: str
    symbol: str
    per_dose: float
    dose_unit: str
    dose: float
    dose_most: float
    dose_refused: float
    hours: float
    per_week: float
    sited: bool
    effects: tuple[str, ...]
    needs_before: str
    hypothesis: tuple[str, ...]
    mechanism: str
    evidence: str
    source: str
    harms: str


@functools.cache
def actions() -> Mapping[str, Kind]:
    """Name -> row.

    Raises
    ------
    InputError
        If a row is of no known kind or a cell is not what it must be.
    """
    found: dict[str, Kind] = {}
    for row in read_table(TABLE, "action"):
        row.choice("kind", KINDS)
        numbers = ("per_dose", "dose", "dose_most", "dose_refused", "hours", "per_week")
        number: dict[str, Any] = {k: row.number_or(k, np.nan) for k in numbers}
        lists: dict[str, Any] = {k: row.parts(k) for k in ("aliases", "effects", "hypothesis")}
        words = ("kind", "symbol", "dose_unit", "needs_before", "mechanism", "evidence", "source", "harms")
        text: dict[str, Any] = {k: row[k] for k in words}
        found[row["action"]] = Kind(row["action"], sited=row.flag("sited"), **number, **lists, **text)
    return found


@functools.cache
def _refusals() -> list[Row]:
    """The rows of ``actions_refused.csv``."""
    return read_table(REFUSED)


def find(name: str) -> Kind:
    """The action of a name or alias, in any case.

    Raises
    ------
    InputError
        If there is none.
    """
    wanted = " ".join(name.lower().split())
    for kind in actions().values():
        if wanted in (kind.name.lower(), *(a.lower() for a in kind.aliases)):
            return kind
    raise InputError("no such action", field="action", value=name, expected=", ".join(actions()))


def begins(action: Action) -> float:
    """Hour at which an action begins: 14:00 of its first day, or the stated hour of the day if one is stated."""
    hour = action.start.hours
    return hour + BEGINS if hour % 24.0 == 0.0 else hour


def session_hours(action: Action) -> list[float]:
    """Hours at which the sessions of an action begin."""
    kind = find(action.action)
    per_week = int(action.per_week or kind.per_week)
    first, found = begins(action), []
    most = action.sessions or 10_000
    week = 0
    while len(found) < most and week < 520:
        for day in SPREAD[per_week]:
            hour = first + week * WEEK + 24.0 * (day - SPREAD[per_week][0])
            if hour < action.until_h and len(found) < most:
                found.append(hour)
        week += 1
        if first + week * WEEK >= action.until_h:
            break
    return found


def weekly(hours: Sequence[float]) -> list[tuple[float, float]]:
    """First and last hour of each day of the week on which sessions fall; between them they come every week."""
    days: dict[float, list[float]] = {}
    for hour in hours:
        days.setdefault(hour % WEEK, []).append(hour)
    return [(min(found), max(found)) for found in days.values()]


def carry_out(
    planned: Sequence[Action],
    *,
    people: np.ndarray,
    seed: int = 0,
    body: Body | None = None,
    perfusion: bool = True,
) -> Schedule:
    """Actions as a schedule, from hour zero of the plan.

    Parameters
    ----------
    planned:
        Actions of a plan.
    people, seed:
        Numbers of the people, shape (n,), and seed: of what an operation leaves, and of the luck of a graft.
    perfusion:
        Whether perfusion is read anew when oxygen or flow changes with a session.

    Raises
    ------
    InputError
        If an action is not in the table, or belongs to another section of a plan.
    """
    body = body or load_body()
    schedule = Schedule()
    for number, action in enumerate(planned):
        kind = find(action.action)
        if kind.kind == "elsewhere":
            expected = f"an entry under {kind.symbol}"
            raise InputError("is ordered in another section", field="action", value=action.action, expected=expected)
        if kind.kind == "operation":
            left = operations.outcome("subtotal", seed=seed, patients=people).remnant
            schedule = schedule + operations.parathyroidectomy(body, left, np.full(len(people), begins(action)))
            continue
        dose = kind.dose if action.dose_value is None else action.dose_value
        sites = (body.sites if action.site is None else (action.site,)) if kind.sited else (None,)
        for site in sites:
            value = kind.per_dose * dose
            symbol = kind.symbol if site is None else at_place(kind.symbol, site)
            schedule = _laid(schedule, kind, action, symbol, value, site, number, people, seed)
            if perfusion and kind.kind == "sessions" and not kind.sited:
                held = {**body.skin_held, **_chamber(body)}
                for first, last in weekly(session_hours(action)):
                    for after in (0.0, kind.hours):
                        ends = last + after + 1.0
                        schedule = schedule.hold_all(held, first + after, every=WEEK, stop=ends)
    return schedule


def _chamber(body: Body) -> dict[str, str]:
    return {at_place("chamber_PO2", s): at_place("dissolved_PO2", s) for s in body.sites}


def _laid(
    schedule: Schedule,
    kind: Kind,
    action: Action,
    symbol: str,
    value: float,
    site: str | None,
    number: int,
    people: np.ndarray,
    seed: int,
) -> Schedule:
    at = begins(action)
    if kind.kind == "level":
        return schedule.set(symbol, value, at)
    if kind.kind == "course":
        schedule = schedule.set(symbol, value, at)
        return schedule if action.stop is None else schedule.set(symbol, 0.0, action.until_h)
    if kind.kind == "sessions":
        for first, last in weekly(session_hours(action)):
            schedule = schedule.set(symbol, value, first, every=WEEK, stop=last + 1.0)
            schedule = schedule.set(symbol, 0.0, first + kind.hours, every=WEEK, stop=last + kind.hours + 1.0)
        return schedule
    if kind.kind == "graft":
        luck = uniform(seed, f"graft/{site}", people, number)
        schedule = schedule.set(at_place("graft_luck", str(site)), luck, at)
        held = {at_place("graft_taken", str(site)): at_place("graft_would_take", str(site))}
        schedule = schedule.hold_all(held, at)
    return schedule.set(symbol, value / kind.hours, at).set(symbol, 0.0, at + kind.hours)


@dataclass(frozen=True)
class Refusal:
    """An action that was not carried out on someone, and why."""

    person: int
    action: str
    site: str
    hour: float
    reason: str


def read_for_refusals(body: Body) -> tuple[str, ...]:
    """Observables that :func:`refusals` reads."""
    found = {row["observable"] for row in _refusals()}
    return tuple(at_place(o, s) for o in sorted(found | {"eschar", "wound_area"}) for s in body.sites)


def refusals(
    planned: Sequence[Action],
    values: Mapping[str, np.ndarray],
    times: np.ndarray,
    *,
    body: Body | None = None,
    died: np.ndarray | None = None,
) -> list[Refusal]:
    """Who could not have what was ordered when it was due, and why.

    Parameters
    ----------
    planned:
        Actions of a plan.
    values, times:
        Observable -> shape (people, samples), with those of :func:`read_for_refusals`, at hours from the plan's start. Each
        action is judged at the last sample before it.
    died:
        Hour of each death, shape (people,), infinite for the living.
    """
    body = body or load_body()
    times = np.asarray(times, dtype=float)
    found: list[Refusal] = []
    for action in planned:
        kind = find(action.action)
        at = begins(action)
        column = max(0, int(np.searchsorted(times, at, side="right")) - 1)
        people = len(next(iter(values.values())))
        dead = np.zeros(people, bool) if died is None else np.asarray(died) <= at
        found += [Refusal(int(i), kind.name, "", at, "the patient has died") for i in np.flatnonzero(dead)]
        if not kind.sited:
            continue
        for site in body.sites if action.site is None else (action.site,):
            area = values[at_place("eschar", site)][:, column] + values[at_place("wound_area", site)][:, column]
            whole = area <= body.parameters["wound_small"].value
            said = np.where(whole & (kind.kind in ("event", "graft")), "there is no wound at this site", "")
            for rule in _refusals():
                if rule["action"] == kind.name:
                    reading = values[at_place(rule["observable"], site)][:, column]
                    beyond = (reading > body.parameters[rule["limit"]].value) & ~whole & (said == "")
                    said = np.where(beyond, rule["reason"], said)
            told = np.flatnonzero((said != "") & ~dead)
            found += [Refusal(int(i), kind.name, site, at, str(said[i])) for i in told]
    return found

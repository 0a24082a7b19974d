"""When inputs change: a plan laid out in time.

A :class:`Schedule` is a list of rules (once, every so often, during sessions), not a list of events: decades of dialysis stay
a few lines, and one window at a time is laid out as arrays. Everything a rule says may differ by patient.

Meaning of a jump: events act in the order in which their rules were added, all of them before time goes on; a sample at
the time of an event shows the value before it. Events at the very start of a run act, events at its very end act, and a
run that resumes does not repeat those at its start: every event acts exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from livedo.engine.advance import ADD_TO_STATE, HOLD, HOLD_ALSO, PHASES, SCALE_STATE, SET_PARAMETER, SET_STATE
from livedo.engine.system import infusion
from livedo.errors import InputError

#: A number, or one for each patient.
Numbers = float | Sequence[float] | np.ndarray
#: (patients, occurrence numbers) -> one number for each; drawn from keyed streams, so that it does not depend on windows.
Draw = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Rule:
    """One thing that happens once or again and again.

    Attributes
    ----------
    kind, target, value:
        What it does to which symbol; for HOLD the value is the name of an observable; HOLD_ALSO holds what the HOLD
        just before it read.
    at:
        Time of the first occurrence of each patient, shape () or (patients,).
    every:
        Period, or None for once.
    start, stop:
        Occurrences outside [start, stop) are left out.
    phase:
        1 to 7 if the next step should be the one that was best after this rule's last occurrence; else -1.
    delay:
        Added to each occurrence, e.g. a shortened session or a clock that is not exact.
    happens:
        Whether an occurrence takes place at all.
    pauses:
        Intervals [from, to) without occurrences.
    """

    kind: int
    target: str
    value: Numbers | str
    at: Numbers = 0.0
    every: float | None = None
    start: Numbers = -np.inf
    stop: Numbers = np.inf
    phase: int = -1
    delay: Draw | None = None
    happens: Draw | None = None
    pauses: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Events:
    """Events of some patients in one window, sorted; patient i has entries ``first[i]`` to ``first[i + 1]`` - 1."""

    first: np.ndarray
    time: np.ndarray
    kind: np.ndarray
    row: np.ndarray
    phase: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Schedule:
    """Rules, in the order in which they act at equal times."""

    rules: tuple[Rule, ...] = field(default_factory=tuple)

    def __add__(self, other: Schedule) -> Schedule:
        return Schedule(self.rules + other.rules)

    def and_then(self, *rules: Rule) -> Schedule:
        """This schedule with more rules."""
        return Schedule(self.rules + rules)

    def set(
        self, target: str, value: Numbers, at: Numbers = 0.0, *, every: float | None = None, **more: Any
    ) -> Schedule:
        """Give an input a value from a time on."""
        return self.and_then(Rule(SET_PARAMETER, target, value, at, every, **more))

    def bolus(
        self, target: str, amount: Numbers, at: Numbers = 0.0, *, every: float | None = None, **more: Any
    ) -> Schedule:
        """Add to a state at once."""
        return self.and_then(Rule(ADD_TO_STATE, target, amount, at, every, **more))

    def scale(self, target: str, factor: Numbers, at: Numbers = 0.0, **more: Any) -> Schedule:
        """Multiply a state at once, as an operation that leaves a remnant."""
        return self.and_then(Rule(SCALE_STATE, target, factor, at, **more))

    def reset(self, target: str, value: Numbers, at: Numbers = 0.0, **more: Any) -> Schedule:
        """Give a state a value at once."""
        return self.and_then(Rule(SET_STATE, target, value, at, **more))

    def hold(
        self, target: str, observable: str, at: Numbers = 0.0, *, every: float | None = None, **more: Any
    ) -> Schedule:
        """Copy an observable into an input, which then keeps it: a decision taken at this moment."""
        return self.and_then(Rule(HOLD, target, observable, at, every, **more))

    def hold_all(
        self, held: Mapping[str, str], at: Numbers = 0.0, *, every: float | None = None, **more: Any
    ) -> Schedule:
        """Copy observables into inputs (input -> observable), all read at the same moment."""
        return self.and_then(*(Rule(kind, i, o, at, every, **more) for kind, i, o in _held(held)))

    def infusion(
        self, state: str, rate: Numbers, begin: Numbers, end: Numbers, *, every: float | None = None, **more: Any
    ) -> Schedule:
        """Add to a state at a steady rate between two times; the kernel must have been compiled with this infusion."""
        target = infusion(state)
        return self.set(target, rate, begin, every=every, **more).set(target, 0.0, end, every=every, **more)

    def session(
        self,
        during: Mapping[str, Numbers],
        after: Mapping[str, Numbers],
        *,
        at: Iterable[Numbers],
        hours: Numbers,
        every: float = 168.0,
        held: Mapping[str, str] | None = None,
        held_then: Mapping[str, str] | None = None,
        held_after: Mapping[str, str] | None = None,
        phases: tuple[int, int] = (1, 2),
        start: Numbers = -np.inf,
        stop: Numbers = np.inf,
        happens: Draw | None = None,
        shortened: Draw | None = None,
        late: Draw | None = None,
        pauses: tuple[tuple[float, float], ...] = (),
    ) -> Schedule:
        """Sessions: inputs that hold for some hours, again and again.

        Parameters
        ----------
        during, after:
            Values of inputs from the start of a session, and from its end.
        at:
            Start of each session within the period, e.g. hours after Monday 00:00; each a number or one a patient.
        hours:
            Length.
        every:
            Period.
        held:
            Inputs that take the value of an observable at the start of each session, after those of ``during`` are set.
        held_then:
            The same, read once those of ``held`` are held.
        held_after:
            The same at its end, after those of ``after`` are set.
        happens:
            Draw (patients, occurrences) -> bool; False is a missed session.
        shortened, late:
            Hours lost at the end, and hours by which the session is moved.
        start, stop:
            Sessions that start outside [start, stop) are left out, whole.
        """
        rules = list(self.rules)
        times = [np.asarray(t, dtype=float) for t in at]
        for number, begin in enumerate(times):
            share: dict[str, Any] = {"every": every, "pauses": pauses, "start": start, "stop": stop}
            seen = None if happens is None else _numbered(happens, number, len(times))
            moved = None if late is None else _numbered(late, number, len(times))
            lost = None if shortened is None else _numbered(shortened, number, len(times))
            length = np.asarray(hours, dtype=float)
            ends = _sum_of_draws(moved, None if lost is None else _negative(lost))
            opening = [(SET_PARAMETER, name, value) for name, value in during.items()]
            opening += [*_held(held or {}), *_held(held_then or {})]
            for place, (kind, input_, value) in enumerate(opening):
                phase = phases[0] if place == len(opening) - 1 else -1
                rules.append(Rule(kind, input_, value, begin, phase=phase, happens=seen, delay=moved, **share))
            share |= {"start": start + length, "stop": stop + length}
            closing = [(SET_PARAMETER, name, value) for name, value in after.items()]
            closing += _held(held_after or {})
            for place, (kind, input_, value) in enumerate(closing):
                phase = phases[1] if place == len(closing) - 1 else -1
                rules.append(Rule(kind, input_, value, begin + length, phase=phase, happens=seen, delay=ends, **share))
        return Schedule(tuple(rules))

    def chosen(self, patients: np.ndarray) -> Schedule:
        """The schedule of some patients, numbered anew: entry i is the patient who was ``patients[i]``."""

        def of(value: Any) -> Any:
            return value if isinstance(value, str) or np.ndim(value) == 0 else np.asarray(value)[patients]

        def renumbered(draw: Draw | None) -> Draw | None:
            return None if draw is None else lambda who, occurrence: draw(patients[who], occurrence)

        return Schedule(
            tuple(
                replace(
                    r,
                    value=of(r.value),
                    at=of(r.at),
                    start=of(r.start),
                    stop=of(r.stop),
                    delay=renumbered(r.delay),
                    happens=renumbered(r.happens),
                )
                for r in self.rules
            )
        )

    def layout(
        self,
        patients: np.ndarray,
        begin: float,
        end: float,
        rows: Mapping[str, Mapping[str, int]],
        *,
        at_begin: bool = False,
        at_end: bool = False,
    ) -> Events:
        """Events of some patients in a window.

        Parameters
        ----------
        patients:
            Their numbers in the whole cohort, shape (n,); per-patient values are looked up by these.
        begin, end:
            The window (begin, end).
        rows:
            ``parameters``, ``states`` and ``observables`` -> name -> row.
        at_begin, at_end:
            Whether events at exactly these times belong to the window.

        Raises
        ------
        InputError
            If a rule names something the model does not have.
        """
        parts: list[tuple[np.ndarray, ...]] = []
        for order, rule in enumerate(self.rules):
            row, value = _resolve(rule, rows)
            who, when, occurrence = _occurrences(rule, patients, begin, end, at_begin, at_end)
            if who.size == 0:
                continue
            given = value if isinstance(value, float) else np.broadcast_to(np.asarray(value), _cohort(value, patients))
            values = np.full(who.size, given) if isinstance(given, float) else given[patients[who]]
            integers = np.full((4, who.size), [[rule.kind], [row], [rule.phase], [order]], dtype=np.int64)
            parts.append((who, when, occurrence, values, integers))
        if not parts:
            empty = np.zeros(1, dtype=np.int64)
            return Events(np.zeros(len(patients) + 1, dtype=np.int64), np.zeros(1), empty, empty, empty, np.zeros(1))
        who, when, values = (np.concatenate([p[i] for p in parts]) for i in (0, 1, 3))
        kind, row, phase, order = np.concatenate([p[4] for p in parts], axis=1)
        sorting = np.lexsort((order, when, who))
        first = np.zeros(len(patients) + 1, dtype=np.int64)
        np.cumsum(np.bincount(who, minlength=len(patients)), out=first[1:])
        padded = np.append(when[sorting], np.inf)
        ints = [np.append(a[sorting], 0) for a in (kind, row, phase)]
        return Events(first, padded, ints[0], ints[1], ints[2], np.append(values[sorting], 0.0))


def _held(held: Mapping[str, str]) -> list[tuple[int, str, Any]]:
    """(kind, input, observable): the first reads, the others hold what it read."""
    return [(HOLD_ALSO if place else HOLD, i, o) for place, (i, o) in enumerate(held.items())]


def _cohort(value: Numbers | str, patients: np.ndarray) -> tuple[int, ...]:
    return (max(int(patients.max()) + 1, np.size(value)),)


def _resolve(rule: Rule, rows: Mapping[str, Mapping[str, int]]) -> tuple[int, Numbers]:
    place = "parameters" if rule.kind in (SET_PARAMETER, HOLD, HOLD_ALSO) else "states"
    if rule.target not in rows[place]:
        known = "a parameter" if place == "parameters" else "a state"
        raise InputError("the schedule changes something the model does not have", value=rule.target, expected=known)
    if not -1 <= rule.phase < PHASES:
        raise InputError("no such phase", field="phase", value=rule.phase, expected=f"-1 or 1 to {PHASES - 1}")
    if rule.kind not in (HOLD, HOLD_ALSO):
        value = rule.value
        return rows[place][rule.target], float(value) if np.ndim(value) == 0 else value  # type: ignore[arg-type, return-value]
    if rule.value not in rows["observables"]:
        raise InputError(
            "the schedule holds something that is not observed", value=rule.value, expected="an observable"
        )
    return rows[place][rule.target], float(rows["observables"][str(rule.value)])


def _of_patients(value: Numbers, patients: np.ndarray) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    return np.full(len(patients), float(array)) if array.ndim == 0 else array[patients]


def _occurrences(
    rule: Rule, patients: np.ndarray, begin: float, end: float, at_begin: bool, at_end: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(index among ``patients``, time, occurrence number) of what falls in the window."""
    first = _of_patients(rule.at, patients)
    start, stop = _of_patients(rule.start, patients), _of_patients(rule.stop, patients)
    slack = 0.0 if rule.delay is None else 24.0
    if rule.every is None:
        who = np.flatnonzero((first >= begin - slack) & (first <= end + slack))
        number = np.zeros(who.size, dtype=np.int64)
    else:
        low = np.maximum(np.ceil((np.maximum(begin - slack, start) - first) / rule.every - 1e-9), 0.0)
        high = np.floor((np.minimum(end + slack, stop) - first) / rule.every + 1e-9)
        count = np.maximum(high - low + 1, 0).astype(np.int64)
        who = np.repeat(np.arange(len(patients)), count)
        offset = np.arange(who.size) - np.repeat(np.cumsum(count) - count, count)
        number = low[who].astype(np.int64) + offset
    planned = first[who] + (number * rule.every if rule.every is not None else 0.0)
    keep = (planned >= start[who]) & (planned < stop[who])
    for pause_from, pause_to in rule.pauses:
        keep &= (planned < pause_from) | (planned >= pause_to)
    if rule.happens is not None:
        keep &= rule.happens(patients[who], number).astype(bool)
    when = planned if rule.delay is None else planned + rule.delay(patients[who], number)
    keep &= ((when > begin) | (at_begin & (when == begin))) & ((when < end) | (at_end & (when == end)))
    return who[keep], when[keep], number[keep]


def _numbered(draw: Draw, place: int, of: int) -> Draw:
    """Give each session of a period its own occurrence numbers."""
    return lambda patients, occurrence: draw(patients, occurrence * of + place)


def _negative(draw: Draw) -> Draw:
    return lambda patients, occurrence: -draw(patients, occurrence)


def _sum_of_draws(*draws: Draw | None) -> Draw | None:
    given = [d for d in draws if d is not None]
    if not given:
        return None
    return lambda patients, occurrence: np.sum([d(patients, occurrence) for d in given], axis=0)


def shifted(schedule: Schedule, by: Numbers) -> Schedule:
    """The same schedule on clocks that run ``by`` later (a number, or one for each patient)."""
    moved = [
        replace(r, at=np.asarray(r.at) + by, start=np.asarray(r.start) + by, stop=np.asarray(r.stop) + by)
        for r in schedule.rules
    ]
    return Schedule(tuple(moved))

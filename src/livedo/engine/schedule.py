"""When inputs change: a plan laid out in time.

A :class:`Schedule` is a list of rules (once, every so often, during sessions), not a list of events: decades of dialysis stay
a few lines, and one window at a time is laid out as arrays. Everything a rule says may differ by patient.

Meaning of a jump: events act in the order in which their rules were added, all of them before time goes on; a sample at
the time of an event shows the value before it. Events at the very start of a run act, events at its very end act, and a
run that resumes does not repeat those at its start: every event acts exactly once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from livedo.engine.advance import ADD_TO_STATE, HOLD, HOLD_ALSO, SCALE_STATE, SET_PARAMETER, SET_STATE
from livedo.engine.layout import Draw, Events, Numbers, Rule, lay_out
from livedo.engine.system import infusion


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
            finish = begin + length
            share |= {"start": start + length, "stop": stop + length}
            closing = [(SET_PARAMETER, name, value) for name, value in after.items()]
            closing += _held(held_after or {})
            for place, (kind, input_, value) in enumerate(closing):
                phase = phases[1] if place == len(closing) - 1 else -1
                rules.append(Rule(kind, input_, value, finish, phase=phase, happens=seen, delay=ends, **share))
        return Schedule(tuple(rules))

    def chosen(self, patients: np.ndarray) -> Schedule:
        """The schedule of some patients, numbered anew: entry i is the patient who was ``patients[i]``."""

        # What rules share they share afterwards too: they are then still laid out together.
        made: dict[int, Any] = {}

        def of(value: Any) -> Any:
            if isinstance(value, str) or np.ndim(value) == 0:
                return value
            return made.setdefault(id(value), np.asarray(value)[patients])

        def renumbered(draw: Draw | None) -> Draw | None:
            if draw is None:
                return None
            return made.setdefault(id(draw), lambda who, occurrence: draw(patients[who], occurrence))

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
        return lay_out(self.rules, patients, begin, end, rows, at_begin=at_begin, at_end=at_end)


def _held(held: Mapping[str, str]) -> list[tuple[int, str, Any]]:
    """(kind, input, observable): the first reads, the others hold what it read."""
    return [(HOLD_ALSO if place else HOLD, i, o) for place, (i, o) in enumerate(held.items())]


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

"""Rules laid out in time: the events of some patients in one window, as arrays.

Rules that follow each other and share their times, as all that happens at the start of a session does, are laid out as
one: their times are found, drawn and sorted once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from livedo.engine.advance import HOLD, HOLD_ALSO, PHASES, SET_PARAMETER
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

    @property
    def timing(self) -> tuple[object, ...]:
        """Equal for rules that are known to happen at the same times: numbers by value, arrays and draws by identity."""
        moments = (float(np.asarray(x)) if np.ndim(x) == 0 else id(x) for x in (self.at, self.start, self.stop))
        return (*moments, self.every, id(self.delay), id(self.happens), self.pauses)


@dataclass(frozen=True)
class Events:
    """Events of some patients in one window, sorted; patient i has entries ``first[i]`` to ``first[i + 1]`` - 1."""

    first: np.ndarray
    time: np.ndarray
    kind: np.ndarray
    row: np.ndarray
    phase: np.ndarray
    value: np.ndarray


#: What a schedule may name: ``parameters``, ``states`` and ``observables`` -> name -> row.
Rows = Mapping[str, Mapping[str, int]]


def lay_out(
    rules: Sequence[Rule],
    patients: np.ndarray,
    begin: float,
    end: float,
    rows: Rows,
    *,
    at_begin: bool = False,
    at_end: bool = False,
) -> Events:
    """Events of some patients in the window (begin, end); the arguments are those of :meth:`Schedule.layout`."""
    kinds = np.array([rule.kind for rule in rules], dtype=np.int64)
    phases = np.array([rule.phase for rule in rules], dtype=np.int64)
    resolved = [_resolve(rule, rows) for rule in rules]
    places = np.array([row for row, _ in resolved], dtype=np.int64)
    who, when, first_rule, size = _moments(rules, patients, begin, end, at_begin, at_end)
    sorting = np.lexsort((first_rule, when, who))
    size = size[sorting]
    which = np.repeat(sorting, size)
    number = first_rule[which] + _counted(size)
    who = who[which]
    values = np.array([value if isinstance(value, float) else np.nan for _, value in resolved])[number]
    for i, (_, value) in enumerate(resolved):
        if isinstance(value, np.ndarray):
            here = number == i
            values[here] = value[patients[who[here]]]
    first = np.zeros(len(patients) + 1, dtype=np.int64)
    np.cumsum(np.bincount(who, minlength=len(patients)), out=first[1:])
    ints = [np.append(each[number], 0) for each in (kinds, places, phases)]
    return Events(first, np.append(when[which], np.inf), ints[0], ints[1], ints[2], np.append(values, 0.0))


def _moments(
    rules: Sequence[Rule], patients: np.ndarray, begin: float, end: float, at_begin: bool, at_end: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(index among ``patients``, time, first rule that acts, how many rules act) of every moment at which something does."""
    parts = [(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
    order = 0
    for _, together in itertools.groupby(rules, key=lambda rule: rule.timing):
        same = list(together)
        who, when = _occurrences(same[0], patients, begin, end, at_begin, at_end)
        parts.append((who, when, np.full(who.size, order), np.full(who.size, len(same))))
        order += len(same)
    who, when, first_rule, size = (np.concatenate([p[i] for p in parts]) for i in range(4))
    return who, when, first_rule, size


def _counted(sizes: np.ndarray) -> np.ndarray:
    """0, 1, ... within each run of the given sizes, one run after the other."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _resolve(rule: Rule, rows: Rows) -> tuple[int, float | np.ndarray]:
    """(row, value) of what a rule acts on; what is held is the row of an observable, as a number."""
    place = "parameters" if rule.kind in (SET_PARAMETER, HOLD, HOLD_ALSO) else "states"
    if rule.target not in rows[place]:
        known = "a parameter" if place == "parameters" else "a state"
        raise InputError("the schedule changes something the model does not have", value=rule.target, expected=known)
    if not -1 <= rule.phase < PHASES:
        raise InputError("no such phase", field="phase", value=rule.phase, expected=f"-1 or 1 to {PHASES - 1}")
    if rule.kind not in (HOLD, HOLD_ALSO):
        value = np.asarray(rule.value, dtype=float)
        return rows[place][rule.target], float(value.item()) if value.size == 1 else value
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
) -> tuple[np.ndarray, np.ndarray]:
    """(index among ``patients``, time) of what falls in the window."""
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
        number = low[who].astype(np.int64) + _counted(count)
    planned = first[who] + (number * rule.every if rule.every is not None else 0.0)
    keep = (planned >= start[who]) & (planned < stop[who])
    for pause_from, pause_to in rule.pauses:
        keep &= (planned < pause_from) | (planned >= pause_to)
    if rule.happens is not None:
        keep &= rule.happens(patients[who], number).astype(bool)
    when = planned if rule.delay is None else planned + rule.delay(patients[who], number)
    keep &= ((when > begin) | (at_begin & (when == begin))) & ((when < end) | (at_end & (when == end)))
    return who[keep], when[keep]

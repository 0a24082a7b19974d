"""The one interpreter of protocols: labs and doses of many patients in, new steps out.

What holds whatever the protocol says:

- a patient whose labs were not drawn is left as he is, and a rule acts only where every analyte it looks at was drawn now;
- a line changes at most once a visit, by the first rule that touches it, and stays on its ladder;
- unless the rule is urgent, a line that was changed waits, and a lab with a dead band counts as out of range only when it
  was so at two draws in a row, or has moved by at least its band since the draw before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from livedo.care.protocols import Clause, Condition, Protocol
from livedo.errors import InputError

#: Waiting time of a line that was never changed.
_LONG_AGO = 10_000


@dataclass
class Memory:
    """What is known of patients at a visit.

    Attributes
    ----------
    step:
        Where each line stands on its ladder, shape (n, lines).
    top, first:
        Highest step, and the step that ``up`` leads to from none, of each patient's option, shape (n, lines).
    since:
        Visits since each line was last changed, shape (n, lines).
    labs:
        Analyte -> the last values drawn, newest last, shape (n, draws kept); NaN before there were any.
    """

    step: np.ndarray
    top: np.ndarray
    first: np.ndarray
    since: np.ndarray
    labs: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Decisions:
    """What was decided at a visit: ``change`` in steps and the ``rule`` that did it (-1: none), shape (n, lines)."""

    change: np.ndarray
    rule: np.ndarray


def begun(protocol: Protocol, option: np.ndarray, step: np.ndarray) -> Memory:
    """Memory of patients at the start.

    Parameters
    ----------
    option, step:
        Which option of each line a patient has, and where he stands on its ladder, shape (n, lines).
    """
    tops = np.zeros_like(option)
    firsts = np.ones_like(option)
    for place, line in enumerate(protocol.lines):
        tops[:, place] = np.array([o.top for o in line.options])[option[:, place]]
        firsts[:, place] = np.array([o.first for o in line.options])[option[:, place]]
    keep = 2 + max((clause.visits for rule in protocol.rules for clause in rule.when.clauses), default=1)
    labs = {analyte: np.full((len(step), keep), np.nan) for analyte in protocol.analytes}
    return Memory(np.clip(step, 0, tops), tops, firsts, np.full_like(step, _LONG_AGO), labs)


def decide(protocol: Protocol, memory: Memory, measured: dict[str, np.ndarray]) -> Decisions:
    """Decide the doses of a visit; ``memory`` takes in the labs and the new steps.

    Parameters
    ----------
    measured:
        Analyte -> shape (n,), NaN where it was not drawn.

    Raises
    ------
    InputError
        If an analyte that the rules look at is not on the panel.
    """
    drawn: dict[str, np.ndarray] = {}
    for analyte, past in memory.labs.items():
        if analyte not in measured:
            raise InputError("the rules look at a lab that is not drawn", where=protocol.name, value=analyte)
        new = np.isfinite(measured[analyte])
        past[new] = np.concatenate([past[new, 1:], measured[analyte][new, None]], axis=1)
        drawn[analyte] = new
    memory.since += 1
    before = memory.step.copy()
    touched = np.zeros(before.shape, dtype=bool)
    by = np.full(before.shape, -1, dtype=np.int16)
    waits = np.array([line.wait for line in protocol.lines])
    for number, rule in enumerate(protocol.rules):
        holds = _holds(protocol, memory, before, rule.when, drawn, rule.urgent)
        if not holds.any():
            continue
        for action in rule.do:
            place = protocol.places[action.line]
            may = holds & ~touched[:, place] & (rule.urgent | (memory.since[:, place] >= waits[place]))
            if action.verb == "hold":
                touched[:, place] |= may
                continue
            now = before[:, place]
            if action.verb == "up":
                raised = np.where(now == 0, memory.first[:, place] + action.steps - 1, now + action.steps)
                new = np.minimum(raised, memory.top[:, place])
            else:
                new = np.zeros_like(now) if action.verb == "stop" else np.maximum(now - action.steps, 0)
            acts = may & (new != now)
            memory.step[acts, place] = new[acts]
            memory.since[acts, place] = 0
            touched[acts, place] = True
            by[acts, place] = number
    return Decisions(memory.step - before, by)


def _holds(
    protocol: Protocol,
    memory: Memory,
    step: np.ndarray,
    when: Condition,
    drawn: dict[str, np.ndarray],
    urgent: bool,
) -> np.ndarray:
    holds = np.ones(len(step), dtype=bool)
    for clause in when.clauses:
        if clause.analyte is not None:
            holds &= drawn[clause.analyte]
    for clause in when.every:
        holds &= _true(protocol, memory, step, clause, urgent)
    for group in when.any_of:
        holds &= np.any([_true(protocol, memory, step, clause, urgent) for clause in group], axis=0)
    return holds


def _true(protocol: Protocol, memory: Memory, step: np.ndarray, clause: Clause, urgent: bool) -> np.ndarray:
    if clause.test == "at":
        place = protocol.places[clause.subject]
        now = step[:, place]
        return {"none": now == 0, "some": now > 0, "top": now == memory.top[:, place]}[clause.where]
    past = memory.labs[clause.subject]
    with np.errstate(invalid="ignore"):
        if clause.test == "within":
            recent = past[:, -clause.visits :]
            return np.all((recent >= clause.low) & (recent <= clause.high), axis=1)
        if clause.test in ("above", "below"):
            return _beyond(protocol, past, clause, urgent)
        if clause.test in ("rising", "falling"):
            moves = np.diff(past[:, -clause.visits - 1 :], axis=1)
            return np.all((moves > 0) if clause.test == "rising" else (moves < 0), axis=1)
        ratio = past[:, -1] / past[:, -1 - clause.visits]
        moved = ratio - 1.0 if clause.test == "up" else 1.0 - ratio
        return moved > clause.share if clause.more else moved <= clause.share


def _beyond(protocol: Protocol, past: np.ndarray, clause: Clause, urgent: bool) -> np.ndarray:
    out = past > clause.high if clause.test == "above" else past < clause.low
    stood: np.ndarray = np.all(out[:, -clause.visits :], axis=1)
    band = protocol.dead_bands.get(clause.subject)
    if urgent or clause.stated or band is None:
        return stood
    moved = np.abs(past[:, -1] - past[:, -2])
    size = band.size * past[:, -2] if band.relative else band.size
    return stood & (out[:, -2] | (moved >= size))

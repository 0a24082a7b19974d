"""Protocols: rules that decide doses from labs, written as data.

A protocol is a YAML file of three parts. ``lines`` are what may be changed, each with a ladder of steps: a drug (or one of
several drugs, shared out among patients), the dialysate calcium, an operation. ``rules`` say ``when`` and ``do``; they are
read from the top, and the first that touches a line decides it for that visit. ``dead_bands`` say which changes of a lab are
taken for noise. Thresholds are never written in a rule: it names a row of ``targets.csv``.

Clauses of ``when`` (all must hold; ``any:`` holds a list of which one must):

- ``phosphate above target``, ``pth below kdoqi on 2 visits``, ``calcium_total within target``; ``target`` is the protocol's
  own set;
- ``pth rising on 2 visits``, ``pth falling on 2 visits``: that many changes of one sign in a row;
- ``pth up more than 50 % over 2 visits``, ``pth down less than 30 % over 3 visits``: against the value that many draws before;
- ``binder at none``, ``binder at some``, ``binder at top``: where on its ladder a line is.

Actions of ``do``: ``binder up``, ``binder down 2``, ``binder stop``, ``binder hold``, and the bare name of an operation.
A rule marked ``urgent`` acts whatever the dead bands and waits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from livedo.care import doses
from livedo.care.effects import daily_effect
from livedo.care.quantity import Dose, Intake
from livedo.care.treatments import Treatment
from livedo.errors import InputError

FOLDER: Final = Path(__file__).with_name("protocols")
DIALYSATE: Final = "dialysate calcium"
OPERATION: Final = "operation"


@dataclass(frozen=True, slots=True)
class Step:
    """One dose of a ladder; the same nouns as in a plan."""

    dose: Dose
    taken: Intake | None
    schedule: str | None
    route: str


@dataclass(frozen=True)
class Option:
    """One drug of a line, with its ladder.

    Attributes
    ----------
    drug:
        Row of the table of drugs; None for the dialysate and for an operation.
    share:
        Share of patients who are given this drug.
    steps:
        Doses of the ladder; step 0, no drug, is not among them.
    first:
        Where ``up`` leads from no drug.
    values:
        Dialysate: its calcium (mmol/L) at each step, from step 0.
    kind:
        Operation: which row of ``operations.csv``.
    """

    drug: Treatment | None
    share: float
    steps: tuple[Step, ...] = ()
    first: int = 1
    values: tuple[float, ...] = ()
    kind: str = ""

    @property
    def top(self) -> int:
        """Number of the highest step."""
        if self.drug is not None:
            return len(self.steps)
        return len(self.values) - 1 if self.values else 1

    @property
    def swallowed(self) -> bool:
        """Whether it is taken at home, so that the patient's adherence counts; doses at sessions are seen to be taken."""
        return bool(self.steps) and self.steps[0].route == "oral" and self.steps[0].schedule != "each session"

    @property
    def at_sessions(self) -> bool:
        """Whether a missed session is a missed dose."""
        return bool(self.steps) and self.steps[0].schedule == "each session"

    def per_day(self, sessions: float) -> tuple[float, ...]:
        """Mean daily dose at each step from 0, in the drug's unit."""
        if self.drug is None:
            return (0.0,) * (self.top + 1)
        return (0.0, *(doses.daily_amount(step, self.drug, sessions) for step in self.steps))  # type: ignore[arg-type]

    def pills(self, sessions: float) -> tuple[float, ...]:
        """Tablets a day at each step from 0."""
        if self.drug is None or self.steps[0].route == "iv":
            return (0.0,) * (self.top + 1)
        drug = self.drug
        each = [doses.tablets_per_dose(s.dose, drug) * doses.doses_per_day(s, sessions) for s in self.steps]  # type: ignore[arg-type]
        return (0.0, *each)

    def effects(self, sessions: float, known: Collection[str] | None = None) -> tuple[dict[str, float], ...]:
        """What each step from 0 sets in the body: symbol -> value."""
        if self.drug is None:
            return tuple({"Ca_dialysate": v} for v in self.values) or ({}, {})
        drug, route = self.drug, self.steps[0].route
        return tuple(daily_effect(drug, amount, route, known) for amount in self.per_day(sessions))


@dataclass(frozen=True)
class Line:
    """Something that rules may change: its name, class, options, and visits to wait after a change (1: every visit)."""

    name: str
    kind: str
    options: tuple[Option, ...]
    wait: int


@dataclass(frozen=True)
class Clause:
    """One condition; ``test`` is above, below, within, rising, falling, up, down or at.

    ``subject`` is an analyte, or a line for ``at``; ``low`` and ``high`` are the bounds in its canonical unit, ``share`` a
    relative change that must be exceeded (``more``) or not, ``where`` the place on a ladder; ``visits`` how many draws it
    looks at, and ``stated`` whether the rule says so itself.
    """

    text: str
    subject: str
    test: str
    low: float = 0.0
    high: float = 0.0
    visits: int = 1
    stated: bool = False
    share: float = 0.0
    more: bool = True
    where: str = ""

    @property
    def analyte(self) -> str | None:
        """The analyte it is about, if any."""
        return None if self.test == "at" else self.subject


@dataclass(frozen=True)
class Condition:
    """All of ``every`` hold and, where ``any_of`` is given, one of each of its groups."""

    every: tuple[Clause, ...]
    any_of: tuple[tuple[Clause, ...], ...] = ()

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses in it."""
        return (*self.every, *(clause for group in self.any_of for clause in group))


@dataclass(frozen=True)
class Action:
    """``verb`` is up, down, stop or hold; ``steps`` how far."""

    line: str
    verb: str
    steps: int = 1


@dataclass(frozen=True)
class Rule:
    """When its condition holds, its actions are done."""

    name: str
    when: Condition
    do: tuple[Action, ...]
    urgent: bool = False


@dataclass(frozen=True)
class DeadBand:
    """Smaller changes of an analyte are noise: ``size`` relative, or in the canonical unit."""

    size: float
    relative: bool


@dataclass(frozen=True)
class Protocol:
    """Rules that decide doses; see the module's text."""

    name: str
    description: str
    source: str
    target: str
    lines: tuple[Line, ...]
    rules: tuple[Rule, ...]
    dead_bands: Mapping[str, DeadBand]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Line -> its place among ``lines``."""
        return {line.name: i for i, line in enumerate(self.lines)}

    @property
    def analytes(self) -> tuple[str, ...]:
        """Analytes that the rules look at."""
        named = (clause.analyte for rule in self.rules for clause in rule.when.clauses)
        return tuple(dict.fromkeys(a for a in named if a is not None))

    def choosing(self, **drugs: str) -> Protocol:
        """The same rules with one drug of a line for everyone, as ``choosing(binder="lanthanum")``.

        Raises
        ------
        InputError
            If there is no such line, or the line has no such drug.
        """
        lines = list(self.lines)
        for name, drug in drugs.items():
            if name not in self.places:
                raise InputError("no such line", where=self.name, value=name, expected=", ".join(self.places))
            line = self.lines[self.places[name]]
            for option in line.options:
                if option.drug is not None and option.drug.answers_to(drug):
                    lines[self.places[name]] = replace(line, options=(replace(option, share=1.0),))
                    break
            else:
                known = ", ".join(o.drug.drug for o in line.options if o.drug is not None)
                raise InputError("the line has no such drug", where=self.name, field=name, value=drug, expected=known)
        return replace(self, lines=tuple(lines))


def shipped() -> tuple[str, ...]:
    """Names of the protocols that come with Livedo."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def read_protocol(which: str | Path) -> Protocol:
    """Read a protocol: the name of a shipped one (``kdigo``), or the path of a YAML file.

    Raises
    ------
    InputError
        Naming the file and line, the value, and what was expected.
    """
    from livedo.care.protocol_reading import protocol_of
    from livedo.care.reading import load_yaml

    path = FOLDER / f"{which}.yaml" if which in shipped() else Path(which)
    if not path.is_file() and path.suffix != ".yaml":
        raise InputError("no such protocol", value=str(which), expected=f"a file, or one of {', '.join(shipped())}")
    data, lines = load_yaml(path, str(path))
    return protocol_of(data, str(path), lines)

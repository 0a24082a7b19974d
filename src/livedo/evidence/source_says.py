"""What the source says: statements about the disease beside what the body does, computed, and what the literature says.

Rows stand in ``statements.csv``. ``numbers`` names readings (``readings.py``) or experiments (``module.function``), each as
``name = function(key=value; ...)``, several parted by ``|``; ``model`` is the sentence they are put into, where ``{name:.1f}``
is the number and ``{name.error:.1f}`` its error. Both sides of the
literature stand beside each other; nothing here says which is right.
"""

from __future__ import annotations

import functools
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livedo.errors import InputError
from livedo.evidence.readings import readings
from livedo.evidence.registry import arguments
from livedo.evidence.result import NotSimulated, Result
from livedo.tables import Row, read_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from livedo.evidence.context import Context

STATEMENTS = Path(__file__).with_name("statements.csv")
COLUMNS = ("id", "subject", "statement", "model", "agrees", "disagrees", "sources")
_NUMBER = re.compile(r"\s*(\w+)\s*=\s*([\w.]+)\(([^()]*)\)\s*")


@dataclass(frozen=True)
class Number:
    """A number to be computed: ``function`` is a reading or, with a dot, an experiment."""

    name: str
    function: str
    setting: Mapping[str, str | float]


@dataclass(frozen=True)
class Statement:
    """One row: what is said, the sentence and numbers of the model, and the literature for and against."""

    id: str
    subject: str
    statement: str
    model: str
    numbers: tuple[Number, ...]
    agrees: str
    disagrees: str
    sources: str

    @property
    def command(self) -> str:
        """The command that shows it."""
        return f"livedo source --only {self.id}"


class _Told(float):
    """A value in a sentence, with its error beside it; a dash where there is none."""

    error: float

    def __new__(cls, result: Result) -> _Told:
        told = super().__new__(cls, result.value)
        told.error = result.error
        return told

    def __format__(self, spec: str) -> str:
        return "–" if self != self else super().__format__(spec)


@dataclass(frozen=True)
class Said:
    """A statement with what the model gives: the sentence with its numbers, and the numbers."""

    statement: Statement
    model: str
    numbers: Mapping[str, Result]


@functools.cache
def load_statements(path: Path = STATEMENTS) -> tuple[Statement, ...]:
    """The rows, in order.

    Raises
    ------
    InputError
        A missing column or text, an id that stands twice, or a sentence whose numbers are not those named.
    """
    return tuple(_statement(row) for row in read_table(path, "id"))


def _statement(row: Row) -> Statement:
    text = {column: row.text(column) for column in COLUMNS}
    numbers = tuple(_number(part, row.where) for part in row.parts("numbers"))
    asked = {name.removesuffix(".error") for _, name, _, _ in string.Formatter().parse(row["model"]) if name}
    if asked != {number.name for number in numbers}:
        raise InputError(
            "the sentence asks for other numbers than are named", where=row.where, field="model", value=asked
        )
    return Statement(**text, numbers=numbers)


def _number(text: str, where: str) -> Number:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InputError(
            "is not a number to compute", where=where, field="numbers", value=text, expected="name=function(key=value)"
        )
    _function(match[2])
    return Number(match[1], match[2], arguments(match[3], where, "numbers"))


def _function(name: str) -> Callable[..., Result]:
    if "." in name:
        from livedo.evidence.experiments import find

        return find(name)
    known = readings()
    if name not in known:
        raise InputError("no such reading", field="numbers", value=name, expected=", ".join(sorted(known)))
    return known[name]


def chosen(statements: tuple[Statement, ...], only: str | None) -> tuple[Statement, ...]:
    """Statements whose id or subject is ``only``, or that hold it as a word.

    Raises
    ------
    InputError
        If there is none.
    """
    if only is None:
        return statements
    wanted = only.lower()
    found = tuple(s for s in statements if wanted in (s.id.lower(), s.subject.lower()))
    found = found or tuple(s for s in statements if wanted in s.statement.lower())
    if not found:
        raise InputError("no statement matches", field="only", value=only, expected=", ".join(s.id for s in statements))
    return found


def said(statement: Statement, context: Context) -> Said:
    """Compute a statement's numbers and put them into its sentence.

    A number that cannot be simulated is written as such, with the reason.
    """
    numbers: dict[str, Result] = {}
    for number in statement.numbers:
        try:
            numbers[number.name] = _function(number.function)(context, **number.setting)
        except NotSimulated as gap:
            return Said(statement, f"Not simulated: {gap}.", numbers)
    told = {name: _Told(result) for name, result in numbers.items()}
    return Said(statement, statement.model.format(**told), numbers)


def as_text(row: Said) -> str:
    """A row as paragraphs of plain text."""
    one = row.statement
    lines = [
        f"{one.id} ({one.subject}): {one.statement}",
        f"  command      {one.command}",
        f"  the model    {row.model}",
        f"  agrees       {one.agrees}",
        f"  disagrees    {one.disagrees}",
        f"  sources      {one.sources}",
    ]
    return "\n".join(lines)


def as_json(rows: Sequence[Said]) -> str:
    """Rows as JSON: id, subject, statement, command, the model's sentence and numbers, literature and sources."""
    return json.dumps(
        [
            {
                "id": row.statement.id,
                "subject": row.statement.subject,
                "statement": row.statement.statement,
                "command": row.statement.command,
                "model": row.model,
                "numbers": {name: _known(result.value) for name, result in row.numbers.items()},
                "errors": {name: _known(result.error) for name, result in row.numbers.items()},
                "agrees": row.statement.agrees,
                "disagrees": row.statement.disagrees,
                "sources": row.statement.sources,
            }
            for row in rows
        ],
        indent=1,
    )


def _known(value: float) -> float | None:
    return None if value != value else value

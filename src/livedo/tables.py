"""Tables with a line of headings (CSV): one way to read them, and to refuse a cell that is not what it must be.

Every number that is not a patient's own stands in such a table. A refusal names the file, the line, the column and what was
expected, so that whoever adds a row sees which cell is wrong.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from livedo.errors import InputError

T = TypeVar("T")
#: How a number came to stand in a table, and how much is to be made of it.
STATUSES = ("measured", "fitted", "assumed", "calibrated", "input")
CONFIDENCES = ("high", "moderate", "low")


class Row(dict[str, str]):
    """One line of a table: column -> text, without blanks at its ends. ``where`` is the file and the line.

    A column that the table lacks is an :class:`InputError`, as is every cell that a method below refuses.
    """

    def __init__(self, cells: dict[str, str], where: str) -> None:
        super().__init__(cells)
        self.where = where

    def __missing__(self, column: str) -> str:
        raise InputError("a column is missing", where=self.where, field=column, expected=", ".join(self))

    def refuse(self, message: str, column: str, expected: str | None = None) -> InputError:
        """The error that says what is wrong with a cell."""
        return InputError(message, where=self.where, field=column, value=self.get(column), expected=expected)

    def text(self, column: str) -> str:
        """Something written."""
        if not self[column]:
            raise self.refuse("is empty", column, "something written here")
        return self[column]

    def choice(self, column: str, known: Collection[str]) -> str:
        """One of the words known."""
        if self[column] not in known:
            raise self.refuse(f"unknown {column}", column, ", ".join(known))
        return self[column]

    def flag(self, column: str) -> bool:
        """``yes`` or ``no``."""
        return self.choice(column, ("yes", "no")) == "yes"

    def parts(self, column: str) -> tuple[str, ...]:
        """What stands between bars: ``a|b``."""
        return tuple(part.strip() for part in self[column].split("|") if part.strip())

    def number(
        self, column: str, expected: str = "a finite number", fits: Callable[[float], bool] = math.isfinite
    ) -> float:
        """A number that ``fits``; ``expected`` says in words which do."""
        cell = self[column]
        try:
            value = float(cell)
        except ValueError:
            raise self.refuse("not a number", column, expected) from None
        if not fits(value):
            raise self.refuse("out of range", column, expected)
        return value

    def number_or(
        self,
        column: str,
        without: T,
        expected: str = "a finite number",
        fits: Callable[[float], bool] = math.isfinite,
    ) -> float | T:
        """``without`` for an empty cell, else :meth:`number`."""
        return self.number(column, expected, fits) if self[column] else without

    def whole(self, column: str) -> int:
        """A whole number, not negative."""
        return int(self.number(column, "a whole number, not negative", lambda value: value >= 0 and value.is_integer()))


def read_table(path: Path, key: str | tuple[str, ...] = ()) -> list[Row]:
    """The lines of a table, in its order.

    Parameters
    ----------
    path:
        A CSV file in UTF-8, its first line the headings.
    key:
        Columns that together may not stand twice.

    Raises
    ------
    InputError
        The file cannot be read, a line has another number of cells than there are headings, or a key stands twice.
    """
    named = "/".join(path.parts[-2:])
    columns = (key,) if isinstance(key, str) else key
    rows: list[Row] = []
    seen: dict[tuple[str, ...], str] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            headings = next(reader, [])
            for cells in reader:
                if not cells:
                    continue
                where = f"{named}, line {reader.line_num}"
                if len(cells) != len(headings):
                    raise InputError(
                        "has another number of cells than there are headings",
                        where=where,
                        value=len(cells),
                        expected=str(len(headings)),
                    )
                row = Row(dict(zip(headings, (cell.strip() for cell in cells), strict=True)), where)
                if columns:
                    own = tuple(row[column] for column in columns)
                    if own in seen:
                        raise row.refuse(f"stands twice, first in {seen[own]}", columns[-1])
                    seen[own] = f"line {reader.line_num}"
                rows.append(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read ({error})", where=str(path), expected="a CSV table in UTF-8") from error
    return rows

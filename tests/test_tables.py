"""A table is read in one way, and a cell that is not what it must be is refused with its file, line and column."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from livedo.errors import InputError
from livedo.tables import Row, read_table


def table(folder: Path, text: str) -> Path:
    path = folder / "drugs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_read_in_order_without_blanks_at_the_ends_of_cells(tmp_path: Path) -> None:
    rows = read_table(table(tmp_path, 'drug,dose,names\n"a, b", 1.5 ,x| y |\n\nc,,\n'), "drug")
    assert [row["drug"] for row in rows] == ["a, b", "c"]
    assert rows[0].number("dose") == 1.5
    assert rows[0].parts("names") == ("x", "y")
    assert rows[1].number_or("dose", None) is None
    assert rows[1].where.endswith("/drugs.csv, line 4")


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path: Path) -> None:
    rows = read_table(table(tmp_path, 'drug,note\na,"two\nlines"\nb,\n'))
    assert [row.where.rpartition(" ")[2] for row in rows] == ["3", "4"]


@pytest.mark.parametrize(
    ("read", "field", "said"),
    [
        (lambda row: row.number("dose"), "dose", "not a number"),
        (lambda row: row.number("nan"), "nan", "out of range"),
        (lambda row: row.number_or("share", None, "0 to 1", lambda value: value <= 1), "share", "out of range"),
        (lambda row: row.whole("share"), "share", "out of range"),
        (lambda row: row.text("empty"), "empty", "is empty"),
        (lambda row: row.number("empty"), "empty", "not a number"),
        (lambda row: row.choice("drug", ("b", "c")), "drug", "unknown drug"),
        (lambda row: row.flag("drug"), "drug", "unknown drug"),
        (lambda row: row["price"], "price", "a column is missing"),
        (lambda row: row.number("price"), "price", "a column is missing"),
    ],
)
def test_a_wrong_cell_is_refused_with_line_and_column(
    tmp_path: Path, read: Callable[[Row], object], field: str, said: str
) -> None:
    (row,) = read_table(table(tmp_path, "drug,dose,nan,share,empty\na,much,nan,1.5,\n"))
    with pytest.raises(InputError, match=said) as caught:
        read(row)
    assert caught.value.field == field
    assert caught.value.where.endswith("/drugs.csv, line 2")
    assert caught.value.expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drug,dose\na\n", "line 2: has another number of cells"),
        ("drug,dose\na,1,2\n", "line 2: has another number of cells"),
        ("drug,dose\na,1\nb,1\na,2\n", "line 4: stands twice, first in line 2"),
        ('drug,dose\na,"1\n', "cannot be read"),
        ("drug,dose\na,1\n", "a column is missing"),
    ],
)
def test_a_table_that_is_not_whole_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        read_table(table(tmp_path, text), "name" if "missing" in said else "drug")


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "nothing.csv")

"""Numbers and units of the report: percentiles, second units, texts, axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from livedo.records import convert
from livedo.report.intervals import bands, interval
from livedo.report.panels import steps, value_range
from livedo.report.shown import Shown, analytes_shown, second_units
from livedo.report.side_by_side import differences, plans_side_by_side
from livedo.report.terminal import table
from livedo.tracking.comparison import Comparison
from livedo.tracking.outcomes import quantities
from livedo.wording import alike, carried, listed, model_unit_text, number, power_of_ten, unit_text

FINITE = st.floats(-1e6, 1e6)


def test_interval_leaves_failed_members_out() -> None:
    found = interval(np.array([1.0, np.nan, 3.0]))
    assert (found.median, found.low, found.high, found.count) == (2.0, 1.1, 2.9, 2)


def test_interval_of_nothing_is_nothing() -> None:
    found = interval(np.array([np.nan]))
    assert found.count == 0
    assert math.isnan(found.median)


def test_bands_are_percentiles_and_a_gap_where_no_member_is_left() -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.inf]])
    found = bands(values)
    assert found[:, 0].tolist() == np.percentile([1, 2, 3], [5, 25, 50, 75, 95]).tolist()
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(-0.004, 2, "0.00"), (-1.5, 1, "−1.5"), (12345.6, 0, "12\u202f346"), (math.nan, 1, "–"), (9999.0, 0, "9999")],
)
def test_number_as_text(value: float, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(80.07, 2, "80"), (0.134, 2, "0.13"), (1032.4, 1, "1032"), (9.96, 1, "10"), (-2.03, 2, "−2.0"), (0.0, 1, "0.0")],
)
def test_numbers_of_the_disease_carry_two_digits(value: float, decimals: int, text: str) -> None:
    assert carried(value, decimals) == text


@pytest.mark.parametrize(
    ("unit", "text"),
    [("mmol_per_kg_h", "mmol/kg/h"), ("per_h", "1/h"), ("L", "L"), ("ug_per_h", "µg/h"), ("dimensionless", "")],
)
def test_units_of_the_model_are_written_as_people_write_them(unit: str, text: str) -> None:
    assert model_unit_text(unit) == text


def test_numbers_shown_together_have_the_same_decimals() -> None:
    assert alike(2.3, 2.15, 2.41) == ("2.30", "2.15", "2.41")
    assert alike(4.0, 0.0, 9.0) == ("4", "0", "9")
    assert alike(260.0, 142.0, 1530.0) == ("260", "142", "1530")


def test_words_are_listed_as_spoken() -> None:
    assert [listed(w) for w in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_units_are_written_as_people_write_them() -> None:
    assert [unit_text(u) for u in ("mm[Hg]", "umol/L", "ug/L", "mmol/L")] == ["mmHg", "µmol/L", "µg/L", "mmol/L"]


@pytest.mark.parametrize("shown", analytes_shown(), ids=lambda shown: shown.analyte)
def test_conventional_value_is_the_records_own(shown: Shown) -> None:
    back = convert(shown.to_conventional(1.7), shown.conventional, shown.analyte)
    assert back == pytest.approx(1.7, rel=1e-12)


def test_second_unit_of_a_mass_is_by_molar_mass() -> None:
    assert second_units()["p_removed_week"].factor * 30.974 == pytest.approx(1.0)
    assert second_units()["ca_gained_session"].factor * 40.078 == pytest.approx(1.0)


def test_every_concentration_and_mass_has_a_second_unit() -> None:
    plain = {q.key for q in quantities() if q.unit.startswith(("mmol/L", "pmol/L", "mg/"))}
    assert plain <= set(second_units())


def test_every_shown_analyte_ends_in_a_quantity() -> None:
    assert {shown.at_end for shown in analytes_shown()} <= {q.key for q in quantities()}


@given(st.tuples(FINITE, FINITE).filter(lambda p: p[1] - p[0] > 1e-3))
def test_axis_steps_lie_within_the_axis(ends: tuple[float, float]) -> None:
    found = steps(*ends, 5)
    slack = 1e-6 * max(1.0, *map(abs, ends))
    assert all(ends[0] - slack <= tick <= ends[1] + slack for tick in found)
    assert len(found) <= 11


@given(st.lists(FINITE, min_size=1))
def test_value_axis_holds_every_value(values: list[float]) -> None:
    low, high = value_range([*values, math.nan])
    assert low <= min(values)
    assert max(values) <= high
    assert low < high


def test_differences_are_taken_version_by_version(comparison: Comparison) -> None:
    found = differences(comparison)
    assert found.plans == (comparison.outcomes[1].plan.name,)
    (row,) = [row for row in found.left[0].rows if row.quantity.key == "p_last"]
    first, second = (outcome.summary["p_last"] for outcome in comparison.outcomes)
    expected = interval(second - first)
    assert row.lines[0].cells[0].median == number(expected.median, 2)
    assert row.lines[0].cells[0].spread == f"{number(expected.low, 2)} to {number(expected.high, 2)}"


def test_every_quantity_has_one_place(comparison: Comparison) -> None:
    found = plans_side_by_side(comparison)
    placed = [row.quantity.key for block in (*found.left, *found.right, *found.disease) for row in block.rows]
    assert sorted(placed) == sorted(q.key for q in quantities())
    assert {row.quantity.kind for row in found.right[0].rows} == {"harm"}


def test_terminal_table_shows_plans_and_harms(comparison: Comparison) -> None:
    console = Console(width=120, file=StringIO())
    console.print(table(comparison))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for words in ("Usual care", "More <i>binder</i>", "Harms", "tablets a day", "mg/dL", "6.4"):
        assert words in text


def test_missing_quantity_is_a_dash(make_comparison: Callable[..., Comparison], comparison: Comparison) -> None:
    first = comparison.outcomes[0]
    without = replace(first, summary={k: v for k, v in first.summary.items() if k != "uf_rate"})
    found = plans_side_by_side(make_comparison(None, without))
    (row,) = [row for row in found.right[0].rows if row.quantity.key == "uf_rate"]
    assert row.lines[0].cells[0].median == "–"


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(7.3e-7, 0, "7 × 10⁻⁷"), (-1.24e6, 1, "−1.2 × 10⁶"), (3e-12, 1, "3 × 10⁻¹²")]
)
def test_powers_of_ten_are_written_out(value: float, decimals: int, text: str) -> None:
    assert power_of_ten(value, decimals) == text

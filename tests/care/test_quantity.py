from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedo.care import quantity
from livedo.care.quantity import parse_clock, parse_dose, parse_intake, parse_moment, parse_quantity
from livedo.errors import InputError

KINDS = [
    quantity.DURATION,
    quantity.FLOW,
    quantity.CALCIUM,
    quantity.WEIGHT,
    quantity.PHOSPHATE_INTAKE,
    quantity.CALCIUM_INTAKE,
    quantity.FLUID_INTAKE,
    quantity.MASS,
]
KIND_AND_UNIT = st.sampled_from([(kind, unit) for kind in KINDS for unit in kind.factors])
NUMBERS = st.floats(min_value=1e-6, max_value=1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("4 h", quantity.DURATION, 4.0),
        ("240 min", quantity.DURATION, 4.0),
        ("300 mL/min", quantity.FLOW, 18.0),
        ("0.5 L/min", quantity.FLOW, 30.0),
        ("300 ml/min", quantity.FLOW, 18.0),
        ("1.25 mmol/L", quantity.CALCIUM, 1.25),
        ("2.5 mEq/L", quantity.CALCIUM, 1.25),
        ("1000 mg/day", quantity.PHOSPHATE_INTAKE, 1000 / 30.974 / 24),
        ("24 mmol/day", quantity.CALCIUM_INTAKE, 1.0),
        ("1.2 L/day", quantity.FLUID_INTAKE, 0.05),
        ("0.5 mcg", quantity.MASS, 0.0005),
        ("0.5 \u03bcg", quantity.MASS, 0.0005),
        ("0.5 \u00b5g", quantity.MASS, 0.0005),
    ],
)
def test_units_become_canonical(text: str, kind: quantity.Kind, value: float) -> None:
    read = parse_quantity(text, kind)
    assert read.value == pytest.approx(value, rel=1e-12)
    assert read.unit == kind.unit


@given(KIND_AND_UNIT, NUMBERS)
def test_a_quantity_comes_back_from_its_canonical_value(
    kind_and_unit: tuple[quantity.Kind, str], number: float
) -> None:
    kind, unit = kind_and_unit
    read = parse_quantity(f"{number!r} {unit}", kind)
    assert read.value / kind.factors[unit] == pytest.approx(number, rel=1e-12)


@given(NUMBERS)
def test_milliequivalents_of_calcium_are_half_as_many_millimoles(number: float) -> None:
    assert parse_quantity(f"{number!r} mEq/L", quantity.CALCIUM).value == pytest.approx(number / 2)


@given(st.sampled_from(KINDS), st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_bare_number_is_refused(kind: quantity.Kind, number: float) -> None:
    with pytest.raises(InputError, match="has no unit"):
        parse_quantity(number, kind)
    with pytest.raises(InputError, match="has no unit"):
        parse_quantity(str(number), kind)


def refusal(parse: Callable[[object], object], text: str) -> InputError | None:
    try:
        parse(text)
    except InputError as error:
        return error
    return None


PARSERS = [parse_dose, parse_moment, parse_clock, parse_intake]


@given(
    st.sampled_from([*PARSERS, *(partial(parse_quantity, kind=kind) for kind in KINDS)]),
    st.text(max_size=30) | st.from_regex(r"[0-9]{1,3} ?[a-zA-Z/ ]{0,12}", fullmatch=True),
)
def test_any_text_is_read_or_refused_with_what_was_expected(parse: Callable[[object], object], text: str) -> None:
    refused = refusal(parse, text)
    assert refused is None or refused.expected


@pytest.mark.parametrize("text", ["1,5 mmol/L", "1e999 mmol/L", "nan mmol/L", "", "  ", "mmol/L", "1.5 mg/day"])
def test_what_is_no_concentration_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_quantity(text, quantity.CALCIUM)


def test_the_nearest_spelling_of_a_unit_is_named() -> None:
    with pytest.raises(InputError, match="did you mean 'mL/min'"):
        parse_quantity("300 ML/min", quantity.FLOW)


@pytest.mark.parametrize("value", [True, None, ["4 h"], {"h": 4}])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        parse_quantity(value, quantity.DURATION)


@pytest.mark.parametrize(
    ("text", "mass", "tablets", "basis"),
    [
        ("800 mg", 800.0, None, None),
        ("1.6 g", 1600.0, None, None),
        ("500 mg elemental", 500.0, None, "elemental"),
        ("2 tablets", None, 2.0, None),
        ("1 tablet of 800 mg", 800.0, 1.0, None),
        ("2 tablets of 210 mg iron", 210.0, 2.0, "iron"),
    ],
)
def test_doses(text: str, mass: float | None, tablets: float | None, basis: str | None) -> None:
    dose = parse_dose(text)
    assert (dose.mass_mg, dose.tablets, dose.basis) == (mass, tablets, basis)


@pytest.mark.parametrize("text", ["800", "2 pills", "800 mg daily", "800 IU", "tablets", "two tablets"])
def test_unclear_doses_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_dose(text)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("day 0", 0.0),
        ("day 28", 672.0),
        ("28 days", 672.0),
        ("week 4", 672.0),
        ("P28D", 672.0),
        ("P4W", 672.0),
        ("PT12H", 12.0),
        ("P1DT6H30M", 30.5),
    ],
)
def test_times_from_the_start(text: str, hours: float) -> None:
    assert parse_moment(text).hours == hours


@pytest.mark.parametrize("text", ["28", "day -1", "P1M", "P1Y", "P", "PT", "2026-01-01", "tomorrow", "day 1e999"])
def test_unclear_times_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_moment(text)


@pytest.mark.parametrize("text", ["24:00", "8", "08:60", "8 am"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_clock(text)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("with 3 meals", 3),
        ("with each of 2 meals a day", 2),
        ("once a day", 1),
        ("twice a day", 2),
        ("4 times a day", 4),
        ("per day", None),
    ],
)
def test_how_often(text: str, times: int | None) -> None:
    assert parse_intake(text).times == times


def test_each_meal_without_a_count_is_refused() -> None:
    with pytest.raises(InputError, match="how many meals"):
        parse_intake("with each meal")

"""Units at the boundary: what converts, what is refused, and what a refusal says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedo.errors import InputError
from livedo.records import accepted_units, analytes, convert, express
from livedo.records.units import find_unit, to_canonical, units

PAIRS = [(name, unit) for name in analytes() for unit in accepted_units(name)]


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "canonical"),
    [
        ("calcium_total", 9.0, "mg/dL", 2.2456),
        ("calcium_total", 4.5, "mEq/L", 2.25),
        ("dialysate_calcium", 2.5, "mEq/L", 1.25),
        ("magnesium", 2.0, "mEq/L", 1.0),
        ("magnesium", 2.0, "mg/dL", 0.8229),
        ("phosphate", 5.5, "mg/dL", 1.7757),
        ("pth", 300.0, "pg/mL", 31.81),
        ("pth", 300.0, "ng/L", 31.81),
        ("calcidiol", 20.0, "ng/mL", 49.92),
        ("calcitriol", 40.0, "pg/mL", 96.0),
        ("albumin", 3.5, "g/dL", 35.0),
        ("alp", 2.0, "ukat/L", 120.0),
        ("creatinine", 8.0, "mg/dL", 707.2),
        ("urea_nitrogen", 28.0, "mg/dL", 9.995),
        ("urea", 60.0, "mg/dL", 9.990),
        ("tsat", 25.0, "%", 0.25),
        ("haemoglobin", 11.2, "g/dL", 112.0),
        ("dialysis_blood_flow", 300.0, "mL/min", 18.0),
        ("egfr_mdrd", 8.0, "mL/min", 8.0),
        ("bicarbonate", 22.0, "mEq/L", 22.0),
        ("body_weight", 154.3, "lb", 69.99),
    ],
)
def test_converts_to_the_canonical_unit(analyte: str, value: float, unit: str, canonical: float) -> None:
    assert convert(value, unit, analyte) == pytest.approx(canonical, rel=5e-4)


@pytest.mark.parametrize("spelling", ["mmol/L", "mmol/l", "MMOL/L", " mmol / L "])
def test_spelling_of_a_unit_does_not_matter(spelling: str) -> None:
    assert convert(2.3, spelling, "calcium_total") == 2.3


@pytest.mark.parametrize("spelling", ["umol/L", "µmol/L", "μmol/l", "mcmol/L"])
def test_micro_may_be_written_in_any_way(spelling: str) -> None:
    assert find_unit(spelling) is units()["umol/L"]


def test_phosphate_in_equivalents_is_refused_for_its_valence() -> None:
    with pytest.raises(InputError, match=r"phosphate in mEq/L .* valence depends on pH"):
        convert(3.0, "mEq/L", "phosphate")


@pytest.mark.parametrize(
    ("analyte", "unit"),
    [
        ("calcium_total", "furlong"),
        ("calcidiol", "IU/mL"),
        ("pth", "mg/dL"),
        ("albumin", "mmol/L"),
        ("alp", "mg/dL"),
    ],
)
def test_unknown_or_unfit_unit_is_refused_and_the_fit_ones_listed(analyte: str, unit: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(3.0, unit, analyte, where="labs.csv row 4")
    assert caught.value.where == "labs.csv row 4"
    assert caught.value.field == "unit"
    assert analytes()[analyte].unit in str(caught.value.expected)


def test_missing_unit_is_refused() -> None:
    with pytest.raises(InputError, match="unit is missing"):
        convert(9.0, None, "calcium_total")


@pytest.mark.parametrize("unit", [None, "", "1", "{INR}"])
def test_inr_needs_no_unit(unit: str | None) -> None:
    assert convert(2.4, unit, "inr") == 2.4


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "hint"),
    [
        ("calcium_total", 9.1, "mmol/L", "9.1 mg/dL would be plausible"),
        ("calcium_total", 2.3, "mg/dL", "2.3 mmol/L"),
        ("calcium_ionised", 1.12, "mg/dL", "1.12 mmol/L"),
        ("calcium_ionised", 4.48, "mmol/L", "4.48 mg/dL"),
        ("albumin", 38.0, "g/dL", "38 g/L would be plausible"),
        ("albumin", 3.8, "g/L", "3.8 g/dL would be plausible"),
    ],
)
def test_value_that_fits_another_unit_is_refused_with_that_unit(
    analyte: str, value: float, unit: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        to_canonical(value, unit, analytes()[analyte], where="labs.csv row 2")
    assert hint in str(caught.value)
    assert caught.value.field == "value"


def test_value_plausible_in_no_unit_gets_no_hint() -> None:
    with pytest.raises(InputError) as caught:
        to_canonical(1e6, "mmol/L", analytes()["potassium"], where="x")
    assert "would be plausible" not in str(caught.value)


@given(pair=st.sampled_from(PAIRS), value=st.floats(1e-6, 1e6))
def test_conversion_and_back_gives_the_same_number(pair: tuple[str, str], value: float) -> None:
    analyte, unit = pair
    assert express(convert(value, unit, analyte), analyte, unit) == pytest.approx(value, rel=1e-12)


@given(pair=st.sampled_from(PAIRS), low=st.floats(0, 1e6), more=st.floats(1e-3, 1e6))
def test_conversion_keeps_order(pair: tuple[str, str], low: float, more: float) -> None:
    analyte, unit = pair
    assert convert(low, unit, analyte) < convert(low + more, unit, analyte)

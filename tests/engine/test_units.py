"""A unit that is wrong, in dimension or in factor, is refused; libSBML alone lets these pass."""

from __future__ import annotations

import pytest

from livedo.engine.model import merge
from livedo.engine.sbml import read_antimony
from livedo.errors import InputError

UNITS = """
  unit time_unit = 3600 second; unit substance = 1e-3 mole; unit extent = 1e-3 mole; unit volume = 1 litre;
  unit mmol = 1e-3 mole; unit pmol = 1e-12 mole; unit mEq = 6.02214076e20 item; unit L = 1 litre; unit mL = 1e-3 litre;
  unit mmol_per_L = 1e-3 mole / litre; unit mEq_per_L = 6.02214076e20 item / litre; unit per_h = 1 / (3600 second);
  unit per_min = 1 / (60 second); unit L_per_h = 1 litre / (3600 second); unit mL_per_h = 1e-3 litre / (3600 second);
  unit pmol_per_h = 1e-12 mole / (3600 second); unit mmol_per_h = 1e-3 mole / (3600 second); unit h = 3600 second;
  compartment body; body = 1; body has L;
"""


def merged(statements: str):
    organ = read_antimony(f"model organ()\n{statements}\nend", "organ.ant", UNITS)
    return merge([organ], {}, {}, check_units=True, name="test")


REFUSED = {
    "mL for L in a concentration": "substanceOnly species A in body; A = 1 mmol; A has mmol; V = 3; V has mL; "
    "c has mmol_per_L; c := A / V;",
    "mL/h for L/h in a volume": "V = 3; V has L; Q = 2; Q has mL_per_h; V' = Q;",
    "per minute for per hour in a rate rule": "x = 1; x has L; k = 2; k has per_min; x' = -k * x;",
    "per minute for per hour in a reaction": "substanceOnly species A in body; A = 1 mmol; A has mmol; "
    "k = 2; k has per_min; R: A -> ; k * A;",
    "pmol for mmol in a reaction": "substanceOnly species A in body; A = 1 mmol; A has mmol; "
    "J = 1; J has pmol_per_h; R: -> A; J;",
    "pmol for mmol in a sum": "a = 1; a has mmol; b = 1; b has pmol; s has mmol; s := a + b;",
    "mEq/L for mmol/L": "d = 2.5; d has mEq_per_L; c = 1; c has mmol_per_L; g has mmol_per_L; g := d - c;",
    "min for h inside exp": "t = 1; t has h; k = 1; k has per_min; e has dimensionless; e := exp(-k * t);",
    "a quantity as exponent": "a = 1; a has mmol; e has dimensionless; e := 2^a;",
    "a bare number added to an amount": "a = 1; a has mmol; b has mmol; b := a + 1;",
    "branches of a choice": "a = 1; a has mmol; b = 1; b has L; c has mmol; c := piecewise(a, a > 0 mmol, b);",
    "a comparison across units": "a = 1; a has mmol; b = 1; b has pmol; c has dimensionless; c := piecewise(1, a > b, 0);",
    "an amount of another unit moved by a reaction": "substanceOnly species A in body; A = 1 pmol; A has pmol; "
    "J = 1; J has mmol_per_h; R: -> A; J;",
}


@pytest.mark.parametrize("statements", REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_unit_is_refused(statements):
    with pytest.raises(InputError):
        merged(statements)


def test_the_message_names_the_equation_and_both_units():
    with pytest.raises(InputError, match=r"differ in factor.*mmol|c") as caught:
        merged(REFUSED["mL for L in a concentration"])
    assert "organ" in str(caught.value)


def test_right_units_pass_with_rational_powers_and_literals():
    model = merged(
        "A = 4; A has L; r has dimensionless; r := sqrt(A / (1 L)); V has L; V := A^2 / (1 L); "
        "k = 1; k has per_h; A' = -k * A * max(0, 1 - r);"
    )
    assert model.states == ("A",)


def test_a_symbol_without_unit_is_refused():
    with pytest.raises(InputError, match="no unit"):
        merged("a = 1; b has mmol; b := a;")

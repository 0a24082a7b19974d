"""Organs merge by symbol: one owner each, equal units, nothing left open."""

from __future__ import annotations

import pytest

from livedo.engine.model import Value, merge
from livedo.engine.sbml import read_antimony
from livedo.errors import InputError

UNITS = """
  unit time_unit = 3600 second; unit substance = 1e-3 mole; unit extent = 1e-3 mole; unit mmol = 1e-3 mole;
  unit per_h = 1 / (3600 second); unit L = 1 litre; unit mL = 1e-3 litre; compartment body; body = 1; body has L;
"""
BLOOD = "substanceOnly species Ca in body; Ca = 30 mmol; Ca has mmol;"
BONE = (
    "substanceOnly species Ca in body; Ca has mmol; substanceOnly species Q in body; Q = 100 mmol; Q has mmol; "
    "k has per_h; release: Q -> Ca; k * Q;"
)


def merged(*bodies: str, **values: Value):
    organs = [read_antimony(f"model organ{i}()\n{b}\nend", f"organ{i}.ant", UNITS) for i, b in enumerate(bodies)]
    return merge(organs, values, {}, check_units=True, name="test")


def test_a_reaction_of_one_organ_moves_the_amount_of_another():
    model = merged(BLOOD, BONE, k=Value(0.1, "per_h"))
    assert model.stoichiometry() == {"release": {"Q": -1.0, "Ca": 1.0}}
    assert model.owner["Ca"] == "organ0"
    assert model.owner["Q"] == "organ1"


def test_two_owners_are_refused():
    with pytest.raises(InputError, match="two owners"):
        merged(BLOOD, BLOOD)


def test_a_symbol_that_nobody_owns_is_refused():
    with pytest.raises(InputError, match="'k', which nobody owns"):
        merged(BLOOD, BONE)


def test_another_unit_for_the_same_symbol_is_refused():
    with pytest.raises(InputError, match="another unit"):
        merged("V = 1; V has L; a has L; a := V;", "V has mL; b has mL; b := V;")


def test_a_number_that_stands_twice_is_refused():
    with pytest.raises(InputError, match="stands twice"):
        merged("V = 1; V has L;", V=Value(1.0, "L"))


def test_rules_in_a_circle_are_refused():
    with pytest.raises(InputError, match="circle"):
        merged("a has L; b has L; a := b;", "a has L; b has L; b := a;")


def test_a_syntax_error_keeps_its_line():
    with pytest.raises(InputError, match="line 3"):
        read_antimony("model x()\n  a = 1;\n  b = = 2;\nend", "x.ant", UNITS)


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ("x = 1; at (time > 5): x = 2;", "events"),
        ("x = 1; x' = delay(x, 2);", "delay"),
        ("x = 1; x' = sin(x);", "sin"),
        ("compartment c = 2; species s in c; s = 1; r: s -> ; s;", "compartment of size 2"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(statements, reason):
    with pytest.raises(InputError, match=reason):
        read_antimony(f"model test()\n{statements}\nend", "x.ant")


def test_the_fingerprint_follows_values_and_equations():
    base = merged(BLOOD, BONE, k=Value(0.1, "per_h")).fingerprint
    assert merged(BLOOD, BONE, k=Value(0.1, "per_h")).fingerprint == base
    assert merged(BLOOD, BONE, k=Value(0.2, "per_h")).fingerprint != base
    assert merged(BLOOD, BONE.replace("k * Q", "2 * k * Q"), k=Value(0.1, "per_h")).fingerprint != base

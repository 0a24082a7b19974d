"""parameters.csv and states.csv say everything that must be known of a number and of a state."""

from __future__ import annotations

import math
from typing import Any

Table = list[dict[str, str]]


def declared_units(organs: dict[str, Any]) -> dict[str, set[str]]:
    units: dict[str, set[str]] = {}
    for model in organs.values():
        for i in range(model.getNumParameters()):
            units.setdefault(model.getParameter(i).getId(), set()).add(model.getParameter(i).getUnits())
        for i in range(model.getNumSpecies()):
            units.setdefault(model.getSpecies(i).getId(), set()).add(model.getSpecies(i).getSubstanceUnits())
    return units


def owned(organs: dict[str, Any]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for name, model in organs.items():
        symbols = {model.getInitialAssignment(i).getSymbol() for i in range(model.getNumInitialAssignments())}
        symbols |= {model.getRule(i).getVariable() for i in range(model.getNumRules())}
        symbols |= {
            model.getSpecies(i).getId()
            for i in range(model.getNumSpecies())
            if model.getSpecies(i).isSetInitialAmount()
        }
        for symbol in symbols:
            owners.setdefault(symbol, []).append(name)
    return owners


def test_every_parameter_has_unit_meaning_source_status_and_confidence(parameters: Table) -> None:
    for row in parameters:
        for column in ("name", "unit", "organ", "meaning", "distribution", "source", "status", "confidence"):
            assert row[column], f"{row['name']}: {column} is empty"
        assert row["status"] in {"measured", "fitted", "assumed", "calibrated", "input"}, row["name"]
        assert row["confidence"] in {"high", "moderate", "low"}, row["name"]
        assert math.isfinite(float(row["value"])), row["name"]


def test_a_spread_stands_where_a_distribution_does(parameters: Table) -> None:
    for row in parameters:
        assert row["distribution"] in {"lognormal", "normal", "fixed", "-"}, row["name"]
        if row["distribution"] in {"lognormal", "normal"}:
            assert float(row["spread"]) > 0, row["name"]
        else:
            assert row["spread"] == "", row["name"]


def test_a_lognormal_parameter_is_positive(parameters: Table) -> None:
    for row in parameters:
        if row["distribution"] == "lognormal":
            assert float(row["value"]) > 0, row["name"]


def test_a_number_stands_once(parameters: Table) -> None:
    names = [row["name"] for row in parameters]
    assert len(names) == len(set(names))


def test_parameters_and_equations_know_each_other(parameters: Table, organs: dict[str, Any]) -> None:
    read = set(declared_units(organs)) - set(owned(organs))
    assert {row["name"] for row in parameters} == read


def test_units_of_the_table_are_the_units_of_the_equations(
    parameters: Table, states: Table, organs: dict[str, Any]
) -> None:
    units = declared_units(organs)
    for row in [*parameters, *states]:
        assert units[row["name"]] == {row["unit"]}, row["name"]


def test_every_symbol_has_one_unit_and_one_owner(parameters: Table, organs: dict[str, Any]) -> None:
    for symbol, units in declared_units(organs).items():
        assert len(units) == 1, f"{symbol}: {units}"
        assert units != {""}, f"{symbol} has no unit"
    given = {row["name"] for row in parameters}
    for symbol, owners in owned(organs).items():
        assert len(owners) == 1, f"{symbol}: {owners}"
        assert symbol not in given, f"{symbol} has a value in the table and in {owners}"


def test_every_state_is_described(states: Table, organs: dict[str, Any]) -> None:
    found: set[str] = set()
    for model in organs.values():
        found |= {model.getSpecies(i).getId() for i in range(model.getNumSpecies())}
        found |= {model.getRule(i).getVariable() for i in range(model.getNumRules()) if model.getRule(i).isRate()}
    assert {row["name"] for row in states} == found
    for row in states:
        assert row["label"], row["name"]
        assert float(row["scale"]) > 0, row["name"]
        for column in ("nonnegative", "equilibrates", "accumulator"):
            assert row[column] in {"yes", "no"}, f"{row['name']}: {column}"
        assert not (row["accumulator"] == "yes" and row["equilibrates"] == "yes"), row["name"]

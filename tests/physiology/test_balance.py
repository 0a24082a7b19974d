"""Calcium and phosphorus move only between amounts, in equal measure on both sides."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest


def element(species: str) -> str:
    return "Ca" if species == "Q" or species.split("_")[0] == "Ca" else "P"


def reactions(organs: dict[str, Any]) -> dict[str, dict[str, Fraction]]:
    table: dict[str, dict[str, Fraction]] = {}
    for model in organs.values():
        for i in range(model.getNumReactions()):
            reaction = model.getReaction(i)
            change: dict[str, Fraction] = {}
            sides = ((reaction.getListOfReactants(), -1), (reaction.getListOfProducts(), 1))
            for side, sign in sides:
                for reference in side:
                    amount = sign * Fraction(reference.getStoichiometry()).limit_denominator(1000)
                    change[reference.getSpecies()] = change.get(reference.getSpecies(), Fraction(0)) + amount
            assert reaction.getId() not in table, reaction.getId()
            table[reaction.getId()] = change
    return table


def rank(rows: list[list[Fraction]]) -> int:
    rows = [list(row) for row in rows]
    found = 0
    for column in range(len(rows[0])):
        pivot = next((r for r in range(found, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for r in range(found + 1, len(rows)):
            factor = rows[r][column] / rows[found][column]
            rows[r] = [a - factor * b for a, b in zip(rows[r], rows[found], strict=True)]
        found += 1
    return found


def test_every_reaction_keeps_calcium_and_phosphorus(organs: dict[str, Any]) -> None:
    for name, change in reactions(organs).items():
        for kind in ("Ca", "P"):
            assert sum(n for s, n in change.items() if element(s) == kind) == 0, f"{name}: {kind}"


def test_totals_over_all_species_are_conserved_by_rank(organs: dict[str, Any]) -> None:
    table = reactions(organs)
    species = sorted({s for change in table.values() for s in change})
    matrix = [[change.get(s, Fraction(0)) for s in species] for change in table.values()]
    totals = [[Fraction(element(s) == kind) for s in species] for kind in ("Ca", "P")]
    for row in matrix:
        for total in totals:
            assert sum(a * b for a, b in zip(row, total, strict=True)) == 0
    assert rank(matrix) + rank(totals) <= len(species)
    assert rank(totals) == 2


@pytest.mark.parametrize("name", ["form_mineral", "resorb_mineral", "accrete_mineral"])
def test_bone_mineral_is_ten_calcium_with_six_phosphorus(organs: dict[str, Any], name: str) -> None:
    change = reactions(organs)[name]
    assert abs(change["Ca_bone"]) == 10
    assert abs(change["P_bone"]) == 6
    assert change["Ca_bone"] == -change["Ca"]
    assert change["P_bone"] == -change["P_central"]


def test_the_surface_exchange_of_calcium_carries_no_phosphorus(organs: dict[str, Any]) -> None:
    assert set(reactions(organs)["miscible_exchange"]) == {"Ca", "Q"}


def test_no_mineral_amount_has_a_rate_rule(organs: dict[str, Any]) -> None:
    for name, model in organs.items():
        species = {model.getSpecies(i).getId() for i in range(model.getNumSpecies())}
        ruled = {model.getRule(i).getVariable() for i in range(model.getNumRules())}
        assert not species & ruled, name

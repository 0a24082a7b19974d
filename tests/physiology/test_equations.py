"""Organ files hold equations and units: no physical number, no clock, no switch."""

from __future__ import annotations

import re
from typing import Any

#: Numbers of structure: unity, squares and the quadratic's four, and the formula Ca10(PO4)6(OH)2.
STRUCTURAL = {"0", "1", "2", "4", "6", "10"}


def numerals(text: str) -> list[tuple[str, str]]:
    """Every numeral with the word that follows it on the same line."""
    return re.findall(r"(?<![\w.])(\d+\.?\d*(?:[eE][-+]?\d+)?)[ \t]*([A-Za-z_]\w*)?", text)


def test_no_physical_number_stands_in_an_organ(organ_texts: dict[str, str]) -> None:
    for name, text in organ_texts.items():
        for value, word in numerals(text):
            assert value in STRUCTURAL, f"{name}: {value}"
            if word and value != "0" and not re.search(rf"{value}\s+{word}\s*[-+>]", text):
                raise AssertionError(f"{name}: {value} {word}")


def test_no_event_delay_or_clock(organs: dict[str, Any], organ_texts: dict[str, str]) -> None:
    for name, model in organs.items():
        assert model.getNumEvents() == 0, name
        assert not re.search(r"\b(time|delay|piecewise|at)\b", organ_texts[name]), name


def test_one_organ_a_file(organ_texts: dict[str, str]) -> None:
    for name, text in organ_texts.items():
        assert len(re.findall(r"(?m)^model ", text)) == 1, name
        assert len(re.findall(r"(?m)^end\s*$", text)) == 1, name


def test_nothing_remembers_its_own_start(organs: dict[str, Any], parameters: list[dict[str, str]]) -> None:
    """A start value is read where a state begins and nowhere else, so that a run may begin from any state."""
    starts = {row["name"] for row in parameters if row["name"].endswith("_start")}
    for name, model in organs.items():
        rules = [model.getRule(i) for i in range(model.getNumRules())]
        # what is worked out of starts alone is a start too
        for rule in rules:
            if rule.isAssignment() and starts & set(re.findall(r"\w+", rule.getFormula())):
                starts.add(rule.getVariable())
        texts = [rule.getFormula() for rule in rules if rule.getVariable() not in starts]
        texts += [model.getReaction(i).getKineticLaw().getFormula() for i in range(model.getNumReactions())]
        for text in texts:
            assert not starts & set(re.findall(r"\w+", text)), f"{name}: {text}"

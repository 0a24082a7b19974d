"""The organ files and tables of the body, read once, without the engine."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

PHYSIOLOGY = Path(__file__).parents[2] / "src" / "livedo" / "physiology"


@pytest.fixture(scope="session")
def organ_texts() -> dict[str, str]:
    """File name -> text, comments taken out, without the file of units."""
    return {
        path.name: re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
        for path in sorted(PHYSIOLOGY.glob("*.ant"))
        if path.name != "units.ant"
    }


@pytest.fixture(scope="session")
def organs(organ_texts: dict[str, str]) -> dict[str, Any]:
    """File name -> libSBML model of that organ alone, with the shared units inserted."""
    import antimony
    import libsbml

    units = " ".join(
        line.split("//")[0].strip() for line in (PHYSIOLOGY / "units.ant").read_text(encoding="utf-8").splitlines()
    )
    models: dict[str, Any] = {}
    for name, text in organ_texts.items():
        whole, found = re.subn(r"(?m)^(model \w+\(\))", lambda m: f"{m[1]} {units}", text, count=1)
        assert found == 1, f"{name} has no 'model NAME()' line"
        antimony.clearPreviousLoads()
        assert antimony.loadAntimonyString(whole) >= 0, f"{name}: {antimony.getLastError()}"
        document = libsbml.readSBMLFromString(antimony.getSBMLString(antimony.getMainModuleName()))
        models[name] = document.getModel().clone()
    antimony.clearPreviousLoads()
    return models


def read_table(name: str) -> list[dict[str, str]]:
    with (PHYSIOLOGY / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def parameters() -> list[dict[str, str]]:
    """Rows of both tables of numbers: those of the body, and those that each site has for itself."""
    sites = [row | {"value": row["proximal"]} for row in read_table("sites.csv")]
    return [*read_table("parameters.csv"), *sites]


@pytest.fixture(scope="session")
def states() -> list[dict[str, str]]:
    return read_table("states.csv")

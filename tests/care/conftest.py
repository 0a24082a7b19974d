from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from livedo.care.plan import Plan

SESSION = {
    "days": ["mon", "wed", "fri"],
    "hours": "4 h",
    "blood_flow": "300 mL/min",
    "dialysate_flow": "500 mL/min",
    "dialysate_calcium": "1.5 mmol/L",
}


@pytest.fixture
def session() -> Callable[..., dict[str, Any]]:
    """A usual dialysis prescription with the given keys changed."""
    return lambda **changed: {**SESSION, **changed}


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """A plan of usual dialysis with the given sections."""
    return lambda **sections: Plan.model_validate({"name": "A plan", "dialysis": [SESSION], **sections})


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write the text of a plan into a file."""

    def written(text: str) -> Path:
        path = tmp_path / "plan.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written

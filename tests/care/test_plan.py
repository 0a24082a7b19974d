from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pydantic
import pytest

from livedo.care.plan import DialysisPrescription, Plan
from livedo.care.quantity import Quantity

MakePlan = Callable[..., Plan]


def test_a_plan_is_frozen(plan: MakePlan) -> None:
    made = plan()
    with pytest.raises(pydantic.ValidationError):
        made.name = "Another"  # type: ignore[misc]
    assert hash(made) == hash(plan())


def test_plans_that_say_the_same_in_other_units_are_equal(plan: MakePlan) -> None:
    session = {"days": ["mon"], "hours": "4 h", "blood_flow": "300 mL/min", "dialysate_flow": "500 mL/min"}
    assert plan(dialysis=[{**session, "dialysate_calcium": "2.5 mEq/L"}]) == plan(
        dialysis=[{**session, "hours": "240 min", "dialysate_calcium": "1.25 mmol/L"}]
    )


def test_a_canonical_quantity_may_be_given_in_python(plan: MakePlan) -> None:
    first = plan().dialysis[0]
    stated = {name: getattr(first, name) for name in DialysisPrescription.model_fields}
    longer = DialysisPrescription.model_validate({**stated, "hours": Quantity(5.0, "h")})
    assert longer.hours.value == 5.0
    with pytest.raises(pydantic.ValidationError):
        DialysisPrescription.model_validate({**stated, "hours": Quantity(5.0, "kg")})


@pytest.mark.parametrize(
    ("drug", "dose", "taken", "pills"),
    [
        ("sevelamer", "1600 mg", "with 3 meals", 6),
        ("sevelamer", "2 tablets of 400 mg", "with 3 meals", 6),
        ("sevelamer", "2400 mg", "per day", 3),
        ("sevelamer", "1000 mg", "with 3 meals", 6),
        ("lanthanum", "750 mg", "with 3 meals", 3),
        ("lanthanum", "1250 mg", "with 1 meal", 2),
        ("ferric citrate", "420 mg iron", "with 3 meals", 6),
    ],
)
def test_pills_per_day(plan: MakePlan, drug: str, dose: str, taken: str, pills: float) -> None:
    assert plan(binders=[{"drug": drug, "dose": dose, "taken": taken}]).pills_per_day() == pills


def test_doses_by_vein_and_stopped_drugs_are_no_pills(plan: MakePlan) -> None:
    made = plan(
        binders=[{"drug": "sevelamer", "dose": "800 mg", "taken": "with 3 meals", "stop": "day 7"}],
        calcimimetic=[{"drug": "etelcalcetide", "dose": "5 mg", "schedule": "each session"}],
    )
    assert made.pills_per_day() == 3
    assert made.pills_per_day(hour=168) == 0


def test_a_plan_is_described_in_sentences(plan: MakePlan) -> None:
    text = plan(
        description="what is usual",
        diet={"phosphate": "900 mg/day"},
        binders=[{"drug": "calcium acetate", "dose": "2 tablets of 667 mg salt", "taken": "with 3 meals"}],
        calcimimetic=[{"drug": "cinacalcet", "dose": "60 mg", "schedule": "daily", "start": "week 2"}],
    ).describe()
    assert "Haemodialysis on Monday, Wednesday and Friday for 4 h from 08:00" in text
    assert "dialysate calcium 1.5 mmol/L (3 mEq/L)" in text
    assert "phosphorus 900 mg/day, calcium as estimated and fluid as estimated" in text
    assert "1014 mg of calcium a day; 6 tablets a day" in text
    assert "Cinacalcet 60 mg daily, by mouth (1 tablet a day) from week 2." in text
    assert "No active vitamin D." in text
    assert all(line.endswith(".") or line.startswith("A plan:") for line in text.splitlines())


def test_a_plan_without_dialysis_says_so(plan: MakePlan) -> None:
    assert "No dialysis." in plan(dialysis=[]).describe()


def test_importing_care_loads_nothing_heavy() -> None:
    code = "import livedo.care, sys;print([name for name in ('pydantic', 'yaml', 'polars') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

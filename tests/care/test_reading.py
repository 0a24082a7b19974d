from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from livedo.care import check_plan, examine_plan, read_plan
from livedo.care.orders import inputs_at, sessions
from livedo.errors import InputError

EXAMPLES = Path(__file__).parents[2] / "examples" / "plans"
NAMES = ["usual_care", "more_binder", "low_dialysate_calcium", "short_daily"]
Write = Callable[[str], Path]

GOOD = """\
name: A plan
dialysis:
  - days: [mon, wed, fri]
    hours: 4 h
    blood_flow: 300 mL/min
    dialysate_flow: 500 mL/min
    dialysate_calcium: 1.5 mmol/L
binders:
  - drug: sevelamer
    dose: 800 mg
    taken: with 3 meals
"""


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_plan(path)
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_examples_read_without_an_issue(name: str) -> None:
    reading = examine_plan(EXAMPLES / f"{name}.yaml")
    assert reading.issues == ()
    assert reading.plan is not None
    assert reading.plan.describe()


def test_examples_differ_from_usual_care_in_one_thing() -> None:
    usual, more, low, daily = (read_plan(EXAMPLES / f"{name}.yaml") for name in NAMES)
    base = inputs_at(usual, 0.0)
    assert inputs_at(more, 0.0) == {**base, "binder_PBED": pytest.approx(2 * base["binder_PBED"])}
    assert sessions(more) == sessions(usual)
    assert inputs_at(low, 0.0) == base
    assert {rule.Ca_dialysate for rule in sessions(low)} == {1.25}
    assert inputs_at(daily, 0.0) == pytest.approx(base)
    assert sum(rule.hours for rule in sessions(daily)) == sum(rule.hours for rule in sessions(usual)) == 12
    assert len(sessions(daily)) == 6


def test_a_bare_number_is_refused_with_file_line_key_value_and_what_was_expected(write: Write) -> None:
    path = write(GOOD.replace("1.5 mmol/L", "1.5"))
    text = refusal(path)
    for part in (str(path), "line 7", "dialysis 1, dialysate_calcium", "'1.5'", "has no unit", "mEq/L"):
        assert part in text


@pytest.mark.parametrize(
    ("good", "bad", "parts"),
    [
        ("with 3 meals", "with 9 meals", ("line 11", "binders 1, taken", "'with 9 meals'", "at most 6")),
        (
            "taken: with 3 meals",
            "taken: with 3 meals\n    start: day 3.5e9",
            ("line 12", "start", "at most 36525 days"),
        ),
        (
            "binders:",
            "actions:\n  - {action: debridement, sight: calf}\nbinders:",
            ("line 9", "actions 1, sight", "'calf'", "one of start, stop, action, dose"),
        ),
        (
            "binders:",
            "actions:\n  - {action: debridement, site: calf}\n  - {action: debridement, site: calf}\nbinders:",
            ("line 10", "actions 2, action", "same hour and place as in actions 1", "another start or site"),
        ),
    ],
)
def test_a_slip_is_refused_where_it_stands(write: Write, good: str, bad: str, parts: tuple[str, ...]) -> None:
    text = refusal(write(GOOD.replace(good, bad)))
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    "raw", [GOOD.encode("utf-8-sig"), GOOD.replace("\n", "\r\n").encode()], ids=["mark", "windows"]
)
def test_a_byte_order_mark_and_line_ends_of_windows_are_read(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(raw)
    assert read_plan(path).name == "A plan"


def test_every_problem_is_listed_with_its_line(write: Write) -> None:
    text = refusal(
        write(
            GOOD.replace("4 h", "25 h")
            .replace("300 mL/min", "300")
            .replace("sevelamer", "chalk")
            .replace("A plan", "A plan\ncolour: red")
            + "  - drug: lanthanum\n    dose: 500 mg\n    taken: per day\n    stop: day 0\n"
        )
    )
    for part in (
        "5 problems",
        "line 5, dialysis 1, hours",
        "line 2, colour",
        "line 6, dialysis 1, blood_flow",
        "line 10, binders 1, drug",
        "line 16, binders 2, stop",
    ):
        assert part in text


def test_the_readable_keys_beside_an_unreadable_one_are_checked_too(write: Write) -> None:
    text = refusal(
        write(
            GOOD.replace("[mon, wed, fri]", "[mon, mon]")
            .replace("4 h", "25 h")
            .replace("300 mL/min", "300")
            .replace("500 mL/min", "0 mL/min")
            .replace("800 mg", "-800 mg")
            .replace("with 3 meals", "often")
        )
    )
    assert "6 problems" in text
    for part in (
        "line 3, dialysis 1, days",
        "line 4, dialysis 1, hours",
        "line 5, dialysis 1, blood_flow",
        "line 6, dialysis 1, dialysate_flow",
        "line 10, binders 1, dose",
        "line 11, binders 1, taken",
    ):
        assert part in text


def test_nothing_is_said_of_the_value_that_stands_in_for_an_unreadable_one(write: Write) -> None:
    text = refusal(write(GOOD.replace("drug: sevelamer", "drug:").replace("800 mg", "500 mg elemental")))
    assert "binders 1, drug" in text
    assert "binders 1, dose" not in text


def test_the_place_of_a_problem_after_an_unreadable_entry_is_right(write: Write) -> None:
    text = refusal(write(GOOD.replace("800 mg", "800") + "  - drug: chalk\n    dose: 1 g\n    taken: per day\n"))
    assert "line 10, binders 1, dose" in text
    assert "line 12, binders 2, drug" in text


def test_a_warning_does_not_refuse_the_plan(write: Write) -> None:
    path = write(GOOD.replace("800 mg", "6 g"))
    (warning,) = examine_plan(path).warnings
    assert warning.line == 10
    assert check_plan(read_plan(path))[0].code == "dose_above_usual"


def test_an_unreadable_prescription_is_not_taken_for_no_dialysis(write: Write) -> None:
    text = refusal(
        write(
            GOOD.replace("4 h", "4")
            + "active_vitamin_d:\n"
            + "  - {drug: calcitriol, dose: 1 ug, schedule: each session, route: by vein}\n"
        )
    )
    assert "has no unit" in text
    assert "no dialysis" not in text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("hours: 4 h", "hour: 4 h", "hours"),
        ("    hours: 4 h\n", "", "is missing"),
        ("[mon, wed, fri]", "[mon, someday]", "not a day of the week"),
        ("[mon, wed, fri]", "mon wed fri", "another shape"),
        ("[mon, wed, fri]", "[]", "is empty"),
        ("with 3 meals", "sometimes", "not a way of taking a dose"),
        ("name: A plan\n", "", "is missing"),
        ("name: A plan", "name:", "is empty"),
        ("name: A plan", "name: A plan\nname: B", "stands twice"),
        ("name: A plan", "name: [A, plan]", "cannot be used"),
        ("name: A plan", "name: A plan\ndiet: little", "another shape"),
        ("name: A plan", "name: A plan\ndiet: {phosphate: 1000}", "'as estimated', or"),
        ("name: A plan", "name: A plan\ncalcium: 3", "another shape"),
        ("name: A plan", "name: A plan\n? [a, b]\n: c", "a key is not a word"),
        ("name: A plan", "name: &x A plan\ndescription: *x", "alias"),
        ("name: A plan", "name: 'A plan", "not YAML"),
        ("name: A plan", "name: A plan\n---\nname: B", "not YAML"),
    ],
)
def test_what_is_not_a_plan_is_refused(write: Write, old: str, new: str, says: str) -> None:
    assert says in refusal(write(GOOD.replace(old, new)))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a plan", "[" * 20, "{a: " * 40 + "1" + "}" * 40, "\x00"])
def test_a_file_that_holds_no_plan_is_refused(write: Write, text: str) -> None:
    assert "plan.yaml" in refusal(write(text))


def test_a_file_nested_without_end_is_refused(write: Write) -> None:
    assert "plan.yaml" in refusal(write("name: " + "[" * 50_000 + "]" * 50_000))


def test_a_missing_file_a_folder_and_a_file_that_is_no_text_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.yaml")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff\xfe")
    assert "UTF-8" in refusal(tmp_path / "bytes.yaml")
    (tmp_path / "long.yaml").write_text("name: A\n" + "#" * 200_001)
    assert "too long" in refusal(tmp_path / "long.yaml")


def test_yaml_guesses_no_types(write: Write) -> None:
    read = read_plan(write(GOOD.replace("A plan", "on").replace("hours: 4 h", "hours: 4 h\n    at: 14:00")))
    assert read.name == "on"
    assert read.dialysis[0].at.hours == 14


VALUES = st.recursive(
    st.text(max_size=8) | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
SECTIONS = st.sampled_from(
    ["name", "dialysis", "diet", "binders", "active_vitamin_d", "calcium", "calcimimetic", "other"]
)


DRUGS = st.lists(st.dictionaries(st.sampled_from(["drug", "dose", "days"]), VALUES), max_size=2)


@settings(max_examples=50)
@given(st.dictionaries(SECTIONS, VALUES | DRUGS))
def test_any_yaml_gives_a_plan_or_a_refusal_that_names_the_file(data: dict[str, object]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.yaml"
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        with suppress(InputError):
            read_plan(path)
            return
        assert str(path) in refusal(path)

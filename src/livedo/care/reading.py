"""Read a plan from YAML, and say everything that is wrong with it, line by line.

Every scalar is taken as text, so that YAML guesses no type (``08:00`` is not 480, ``no`` is not
false). A key given twice is refused, and so are anchors and aliases: a plan is read aloud.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from livedo.care.checks import check_plan
from livedo.care.issues import Issue, Place
from livedo.care.orders import BATH_INPUTS
from livedo.care.treatments import Treatments
from livedo.errors import InputError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from livedo.care.plan import Plan

MAX_BYTES = 200_000
"""A plan is a page; a longer file is something else."""

MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class PlanReading:
    """What came of reading a plan: the plan, None if it cannot be carried out, and every issue."""

    path: str
    plan: Plan | None
    issues: tuple[Issue, ...]

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that refuse the plan."""
        return tuple(issue for issue in self.issues if issue.severity == "error")

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """The issues that are only unusual."""
        return tuple(issue for issue in self.issues if issue.severity == "warning")


def read_plan(path: str | Path, treatments: Treatments | None = None) -> Plan:
    """Read and check the plan in the YAML file ``path``.

    Warnings do not stop it; ``examine_plan`` gives them.

    Raises
    ------
    InputError
        Naming the file, and for every problem the line, key, value and what was expected.
    """
    reading = examine_plan(path, treatments)
    errors = reading.errors
    if reading.plan is not None and not errors:
        return reading.plan
    if len(errors) == 1:
        only = errors[0]
        where = reading.path if only.line is None else f"{reading.path}, line {only.line}"
        raise InputError(only.message, where=where, field=only.field or None, value=only.value, expected=only.expected)
    listed = "\n".join(f"  - {issue}" for issue in errors)
    raise InputError(f"{len(errors)} problems in this plan:\n{listed}", where=reading.path)


def examine_plan(path: str | Path, treatments: Treatments | None = None) -> PlanReading:
    """Read the plan in ``path`` and return it with every issue, errors and warnings.

    All problems are found in one go: the readable keys of an entry with unreadable ones are checked too.
    What needs the whole of such an entry (do sessions overlap, is there dialysis) is then left open.

    Raises
    ------
    InputError
        The file cannot be read, or is not YAML.
    """
    from pydantic import ValidationError

    from livedo.care.plan import Plan

    name = str(path)
    data, lines = load_yaml(Path(path), name)
    try:
        plan = Plan.model_validate(data)
    except ValidationError as error:
        issues = _structural(error)
        rest = _without(data, {issue.place[:2] for issue in issues})
        with suppress(ValidationError):
            found = check_plan(Plan.model_validate(rest), treatments)
            numbers = _renumbered(data, rest)
            issues += [_moved(issue, numbers) for issue in found if issue.code not in _UPSET_BY_OMISSION]
        issues += _of_readable_keys(data, issues, treatments)
        return PlanReading(name, None, _ordered(issues, lines))
    issues = list(check_plan(plan, treatments))
    refused = any(issue.severity == "error" for issue in issues)
    return PlanReading(name, None if refused else plan, _ordered(issues, lines))


_UPSET_BY_OMISSION = ("no_dialysis", "dialysis_in_part")
_STRUCTURAL = ("not_a_value", "unknown_key", "missing_key", "wrong_shape", "empty")

_STAND_INS: dict[str, dict[str, Any]] = {
    "dialysis": {
        "days": ["mon"],
        "hours": "4 h",
        "blood_flow": "300 mL/min",
        "dialysate_flow": "500 mL/min",
        "dialysate_calcium": "1.5 mmol/L",
    },
    "peritoneal_dialysis": {"mode": "CAPD", "exchanges": 4, "fill": "2 L", "dialysate_calcium": "1.25 mmol/L"},
    "kidney_function": {"egfr": "20 mL/min"},
    "transplant": {"egfr": "50 mL/min"},
    "prednisolone": {"dose": "5 mg/day"},
    "binders": {"drug": "sevelamer", "dose": "800 mg", "taken": "per day"},
    "active_vitamin_d": {"drug": "calcitriol", "dose": "1 ug", "schedule": "daily", "route": "oral"},
    "calcium": {"drug": "calcium carbonate", "dose": "500 mg salt", "taken": "per day"},
    "calcimimetic": {"drug": "cinacalcet", "dose": "30 mg", "schedule": "daily"},
    "medicines": {"drug": "warfarin", "dose": "5 mg", "schedule": "daily"},
}
"""Readable values put in place of unreadable ones, so that the other keys of an entry can be checked."""

_READS = {
    "day_repeated": ("days",),
    "stop_before_start": ("start", "stop"),
    "start_out_of_range": ("start",),
    "meals_out_of_range": ("taken",),
    "unknown_drug": ("drug",),
    "dose_not_positive": ("drug", "dose"),
    "dose_unclear": ("drug", "dose"),
    "no_such_route": ("drug", "route"),
    "no_such_schedule": ("drug", "schedule"),
    "dose_impossible": ("drug", "dose", "taken", "schedule", "route"),
    "dose_above_usual": ("drug", "dose", "taken", "schedule", "route"),
    **{f"{name}_out_of_range": (name,) for name in ("hours", "blood_flow", "dialysate_flow", "dry_weight")},
    "dialysate_calcium_out_of_range": ("dialysate_calcium",),
    **{
        f"{name}_out_of_range": (name,)
        for name in ("egfr", "decline", "fill", "night", "day_dwell", "exchanges", "buffer")
    },
    "prednisolone_out_of_range": ("dose",),
    "peritoneal_ultrafiltration_out_of_range": ("ultrafiltration",),
    "substitution_out_of_range": ("substitution",),
    "filtration_impossible": ("substitution", "hours", "blood_flow"),
    "filtration_high": ("substitution", "hours", "blood_flow"),
    "one_exchange": ("mode", "exchanges"),
    "day_dwell_on_capd": ("mode", "day_dwell"),
    **{f"{name}_out_of_range": (name,) for name in (*BATH_INPUTS, "plasma_treated")},
}
"""The keys of its own entry that an issue is drawn from; other issues need more than one entry."""


def load_yaml(path: Path, name: str) -> tuple[dict[str, Any], dict[Place, int]]:
    """Keys and texts of a YAML file, and the line of each place in it.

    Raises
    ------
    InputError
        The file cannot be read, is too long or too deep, is not YAML, uses an alias or gives a key twice.
    """
    import yaml

    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("is too long for a plan", where=name, expected=f"at most {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=name, expected="a plan in YAML") from error
    except UnicodeDecodeError as error:
        raise InputError("is not text in UTF-8", where=name, expected="a plan in YAML") from error
    except OSError as error:
        why = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror})"
        raise InputError(why, where=name, expected="a plan in YAML") from error
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            where = f"{name}, line {event.start_mark.line + 1}"
            if isinstance(event, yaml.AliasEvent):
                raise InputError(
                    "uses an alias (*name)",
                    where=where,
                    value=f"*{event.anchor}",
                    expected="the words written out",
                )
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise InputError("is nested too deeply", where=where, expected="a plan in YAML")
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = name if mark is None else f"{name}, line {mark.line + 1}"
        raise InputError(
            f"is not YAML: {getattr(error, 'problem', None) or 'it cannot be parsed'}",
            where=where,
            expected="a plan in YAML",
        ) from error
    if not isinstance(node, yaml.MappingNode):
        raise InputError("is not a plan", where=name, expected="keys such as 'name:' and 'dialysis:'")
    lines: dict[Place, int] = {}
    return _plain(node, (), lines, name), lines


def _plain(node: Any, place: Place, lines: dict[Place, int], name: str) -> Any:
    """The node as dictionaries, lists and strings; ``lines`` gains the line of every place."""
    import yaml

    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                raise InputError("a key is not a word", where=f"{name}, line {line}", expected="such as 'dose:'")
            if key in found:
                raise InputError(
                    "a key stands twice", where=f"{name}, line {line}", field=key, expected="each key once"
                )
            lines[(*place, key)] = line
            found[key] = _plain(value_node, (*place, key), lines, name)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*place, index), lines, name) for index, child in enumerate(node.value)]
    return node.value


def _structural(error: ValidationError) -> list[Issue]:
    """One issue for each error of the models, in the words of this package."""
    issues: list[Issue] = []
    for found in error.errors(include_url=False):
        place: Place = tuple(found["loc"])
        value = found["input"] if isinstance(found["input"], str | int | float) else None
        cause = found.get("ctx", {}).get("error")
        kind = found["type"]
        if isinstance(cause, InputError):
            issue = Issue("error", "not_a_value", cause.message, place, value, cause.expected)
        elif kind == "extra_forbidden":
            issue = Issue(
                "error",
                "unknown_key",
                "is not a key of a plan here",
                place,
                value,
                f"one of {', '.join(_keys_at(place))}",
            )
        elif kind == "missing":
            issue = Issue("error", "missing_key", "is missing", place, None, f"a line '{place[-1]}: ...'")
        elif kind in ("tuple_type", "model_type", "model_attributes_type", "dataclass_type"):
            wanted = "a list, each entry after a dash" if kind == "tuple_type" else "keys and values"
            issue = Issue("error", "wrong_shape", "has another shape", place, value, wanted)
        elif kind in ("too_short", "string_too_short"):
            issue = Issue("error", "empty", "is empty", place, None, "something written here")
        else:
            issue = Issue(
                "error", "not_a_value", "cannot be used", place, value, found["msg"].removeprefix("Input should be ")
            )
        issues.append(issue)
    return issues


def _keys_at(place: Place) -> tuple[str, ...]:
    """The keys of an entry of the section at ``place``, or of a plan."""
    from livedo.care.plan import Plan

    if len(place) == 1:
        return tuple(Plan.model_fields)
    section: Any = Plan.model_fields[str(place[0])].annotation
    (entry, *_) = get_args(section) or (section,)
    return tuple(entry.model_fields)


def _without(data: dict[str, Any], places: set[Place]) -> dict[str, Any]:
    """``data`` without the entries at ``places``, so that the rest can be checked."""
    rest: dict[str, Any] = {}
    for key, value in data.items():
        if (key,) in places and key != "name":
            continue
        if isinstance(value, list):
            value = [entry for index, entry in enumerate(value) if (key, index) not in places]
        elif isinstance(value, dict):
            value = {word: entry for word, entry in value.items() if (key, word) not in places}
        rest[key] = value
    if not isinstance(rest.get("name"), str) or not rest["name"]:
        rest["name"] = "unnamed"
    return rest


def _renumbered(data: dict[str, Any], rest: dict[str, Any]) -> dict[Place, int]:
    """Number in ``data`` of each list entry of ``rest``, by ``(section, number in rest)``."""
    numbers: dict[Place, int] = {}
    for key, kept in rest.items():
        if isinstance(kept, list):
            origin = [next(i for i, entry in enumerate(data[key]) if entry is one) for one in kept]
            numbers.update({(key, index): number for index, number in enumerate(origin)})
    return numbers


def _moved(issue: Issue, numbers: dict[Place, int]) -> Issue:
    """The issue with its place as numbered in the file."""
    place = issue.place
    if place[:2] in numbers:
        place = (place[0], numbers[place[:2]], *place[2:])
    return replace(issue, place=place)


def _of_readable_keys(data: dict[str, Any], found: list[Issue], treatments: Treatments | None) -> list[Issue]:
    """Issues of the readable keys of entries that have unreadable ones, each entry by itself."""
    from pydantic import ValidationError

    from livedo.care.plan import Plan

    unreadable: dict[tuple[str, int], set[str]] = {}
    for issue in found:
        section, number, *keys = (*issue.place, None, None)[: max(len(issue.place), 2)]
        if section in _STAND_INS and isinstance(number, int) and keys and issue.code in _STRUCTURAL:
            unreadable.setdefault((str(section), number), set()).add(str(keys[0]))
    issues: list[Issue] = []
    for (section, number), keys in unreadable.items():
        entry = data[section][number]
        stated = {key: value for key, value in entry.items() if key not in keys}
        with suppress(ValidationError):
            alone = {"name": "one entry", section: [{**_STAND_INS[section], **stated}]}
            for issue in check_plan(Plan.model_validate(alone), treatments):
                if not keys.intersection(_READS.get(issue.code, keys)):
                    issues.append(replace(issue, place=(section, number, *issue.place[2:])))
    return issues


def _ordered(issues: list[Issue], lines: dict[Place, int]) -> tuple[Issue, ...]:
    """Issues with their lines, errors first and by line."""
    placed: list[Issue] = []
    for issue in issues:
        at = issue.place
        while at not in lines and at:
            at = at[:-1]
        placed.append(replace(issue, line=lines.get(at)))
    return tuple(sorted(placed, key=lambda issue: (issue.severity, issue.line or 0)))

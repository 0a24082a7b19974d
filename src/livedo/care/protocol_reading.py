"""Reading a protocol from its plain data, and saying where something in it cannot be.

A ladder that goes above a drug's usual highest dose, or gives more calcium than binders may, is refused here, so that no rule
can lead there.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NoReturn

from livedo.care import doses, quantity
from livedo.care.doses import DAYS_PER_WEEK
from livedo.care.effects import daily_effect
from livedo.care.limits import load_limits
from livedo.care.protocols import (
    DIALYSATE,
    OPERATION,
    Action,
    Clause,
    Condition,
    DeadBand,
    Line,
    Option,
    Protocol,
    Rule,
    Step,
)
from livedo.care.targets import Target, targets
from livedo.care.treatments import BINDER, load_treatments
from livedo.errors import InputError
from livedo.patients import variations
from livedo.records.units import convert

#: Sessions a week at which usual highest doses are checked.
USUAL_SESSIONS: Final = 3

_SET = re.compile(r"(\w+) (above|below|within) (\w+)(?: on (\d+) visits?)?")
_TREND = re.compile(r"(\w+) (rising|falling)(?: on (\d+) visits?)?")
_MOVED = re.compile(r"(\w+) (up|down) (more|less) than ([\d.]+) % over (\d+) visits?")
_AT = re.compile(r"(\w+) at (none|some|top)")
_ACTION = re.compile(r"(\w+)(?: (up|down|stop|hold)(?: (\d+))?)?")
_VISITS = re.compile(r"(\d+) visits?")
_RELATIVE = re.compile(r"([\d.]+) ?%")
_ABSOLUTE = re.compile(r"([\d.]+) (\S+)")
_KEYS = {
    "protocol": {"name", "description", "source", "target", "lines", "rules", "dead_bands"},
    "line": {"class", "wait", "options", "ladder", "operation"},
    "option": {"drug", "share", "taken", "schedule", "route", "ladder", "first"},
    "rule": {"name", "when", "do", "urgent"},
}


def protocol_of(data: Any, name: str, lines: Mapping[tuple[str | int, ...], int]) -> Protocol:
    """The protocol that plain data hold.

    Parameters
    ----------
    data:
        Keys and texts, as ``load_yaml`` gives them.
    name, lines:
        The file, and the line of each place in it, for complaints.

    Raises
    ------
    InputError
        If something is not known, is missing, or cannot be carried out.
    """
    return _Reader(name, lines).protocol(data)


class _Reader:
    """Turns the plain data of one file into a protocol; knows the file's lines for its complaints."""

    def __init__(self, name: str, lines: Mapping[tuple[str | int, ...], int]) -> None:
        self.name, self.lines_of, self.target = name, lines, ""

    def refuse(
        self, message: str, place: tuple[str | int, ...], value: object, expected: str | None = None
    ) -> NoReturn:
        line = next((self.lines_of[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self.lines_of), None)
        where = self.name if line is None else f"{self.name}, line {line}"
        raise InputError(message, where=where, field=".".join(map(str, place)), value=value, expected=expected)

    def keys(self, data: Any, kind: str, place: tuple[str | int, ...], needed: Collection[str]) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.refuse(f"is not a {kind}", place, data, ", ".join(sorted(_KEYS[kind])))
        for key in data:
            if key not in _KEYS[kind]:
                self.refuse("is not a known key", (*place, key), key, ", ".join(sorted(_KEYS[kind])))
        for key in needed:
            if key not in data:
                self.refuse("is missing", (*place, key), None)
        return data

    def protocol(self, data: Any) -> Protocol:
        data = self.keys(data, "protocol", (), ("name", "source", "target", "lines", "rules"))
        self.target = data["target"]
        self.known(self.target, ("target",))
        if not isinstance(data["lines"], dict):
            self.refuse("is not a table of lines", ("lines",), data["lines"])
        lines = tuple(self.line(name, entry) for name, entry in data["lines"].items())
        names = {line.name: line for line in lines}
        rules = tuple(self.rule(entry, ("rules", i), names) for i, entry in enumerate(data["rules"]))
        bands = {a: self.dead_band(a, text) for a, text in data.get("dead_bands", {}).items()}
        return Protocol(data["name"], data.get("description", ""), data["source"], self.target, lines, rules, bands)

    def known(self, name: str, place: tuple[str | int, ...]) -> Mapping[str, Target]:
        try:
            return targets(name)
        except InputError as error:
            self.refuse("names no row of targets.csv", place, name, error.expected)

    def line(self, name: str, entry: Any) -> Line:
        place = ("lines", name)
        entry = self.keys(entry, "line", place, ("class",))
        kind, wait = entry["class"], 1
        if "wait" in entry:
            found = _VISITS.fullmatch(entry["wait"])
            if found is None or int(found[1]) < 1:
                self.refuse("is not a number of visits", (*place, "wait"), entry["wait"], "such as '2 visits'")
            wait = int(found[1])
        if kind == OPERATION:
            return Line(name, kind, (Option(None, 1.0, kind=entry.get("operation", "subtotal")),), wait)
        if kind == DIALYSATE:
            written = self.ladder(entry, place)
            values = tuple(quantity.parse_quantity(text, quantity.CALCIUM).value for text in written)
            self.ascending(values, place, written)
            return Line(name, kind, (Option(None, 1.0, values=values),), wait)
        options = entry.get("options")
        if not isinstance(options, list) or not options:
            self.refuse("has no options", place, options, "a list of drugs")
        return Line(
            name, kind, tuple(self.option(o, kind, (*place, "options", i)) for i, o in enumerate(options)), wait
        )

    def ladder(self, entry: dict[str, Any], place: tuple[str | int, ...]) -> list[str]:
        written = entry.get("ladder")
        if not isinstance(written, list) or not written or not all(isinstance(text, str) for text in written):
            self.refuse("is not a ladder", (*place, "ladder"), written, "a list of doses, ascending")
        return written

    def ascending(self, values: tuple[float, ...], place: tuple[str | int, ...], written: list[str]) -> None:
        if any(b <= a for a, b in itertools.pairwise(values)):
            self.refuse("does not ascend", (*place, "ladder"), ", ".join(written))

    def option(self, entry: Any, kind: str, place: tuple[str | int, ...]) -> Option:
        entry = self.keys(entry, "option", place, ("drug", "ladder"))
        written = self.ladder(entry, place)
        try:
            drug = load_treatments().find(kind, entry["drug"])
            taken = quantity.parse_intake(entry["taken"]) if "taken" in entry else None
            schedule, route = entry.get("schedule"), entry.get("route", drug.routes[0])
            steps = tuple(Step(quantity.parse_dose(text), taken, schedule, route) for text in written)
            per_day = tuple(doses.daily_amount(step, drug, USUAL_SESSIONS) for step in steps)  # type: ignore[arg-type]
        except InputError as error:
            self.refuse(error.message, place, error.value, error.expected)
        if (taken is None) == (schedule is None) or (schedule is not None and schedule not in drug.schedules):
            self.refuse("does not say when it is taken", place, schedule, " or ".join(drug.schedules) or "taken: ...")
        if route not in drug.routes:
            self.refuse("is not a route of this drug", (*place, "route"), route, " or ".join(drug.routes))
        self.ascending(per_day, place, written)
        usual = drug.usual_max_iv if route == "iv" else drug.usual_max_oral
        highest = per_day[-1] * (DAYS_PER_WEEK if drug.max_per == "week" else 1.0)
        if usual is not None and highest > usual * (1 + 1e-9):
            unit = f"{drug.dose_unit} a {drug.max_per}"
            self.refuse("goes above the usual highest dose", place, f"{highest:g} {unit}", f"at most {usual:g} {unit}")
        most = load_limits()["binder_calcium"]
        calcium = daily_effect(drug, per_day[-1], route).get("binder_Ca", 0.0) if drug.drug_class == BINDER else 0.0
        if most.warn_above is not None and calcium > most.warn_above * (1 + 1e-9):
            self.refuse("gives more calcium than binders may", place, most.say(calcium), most.say(most.warn_above))
        first = entry.get("first", written[0])
        if first not in written:
            self.refuse("is not on the ladder", (*place, "first"), first, ", ".join(written))
        share = self.number(entry.get("share", "1"), (*place, "share"))
        return Option(drug, share, steps, written.index(first) + 1)

    def number(self, text: str, place: tuple[str | int, ...]) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0.0 <= value < float("inf"):
            self.refuse("is not a number", place, text)
        return value

    def rule(self, entry: Any, place: tuple[str | int, ...], lines: Mapping[str, Line]) -> Rule:
        entry = self.keys(entry, "rule", place, ("name", "when", "do"))
        when = self.condition(entry["when"], (*place, "when"), lines)
        if not any(clause.analyte for clause in when.every):
            self.refuse(
                "asks for no lab outside 'any'", (*place, "when"), entry["name"], "at least one lab that must hold"
            )
        written = entry["do"] if isinstance(entry["do"], list) else [entry["do"]]
        do = tuple(self.action(text, (*place, "do"), lines) for text in written)
        return Rule(entry["name"], when, do, self.flag(entry.get("urgent", "no"), (*place, "urgent")))

    def flag(self, text: str, place: tuple[str | int, ...]) -> bool:
        if text not in ("yes", "no"):
            self.refuse("is not a flag", place, text, "yes or no")
        return text == "yes"

    def condition(self, written: Any, place: tuple[str | int, ...], lines: Mapping[str, Line]) -> Condition:
        every: list[Clause] = []
        groups: list[tuple[Clause, ...]] = []
        for i, item in enumerate(written if isinstance(written, list) else [written]):
            if isinstance(item, dict):
                if set(item) != {"any"} or not isinstance(item["any"], list):
                    self.refuse("is not a condition", (*place, i), item, "a clause, or 'any:' and a list of clauses")
                groups.append(tuple(self.clause(text, (*place, i), lines) for text in item["any"]))
            else:
                every.append(self.clause(item, (*place, i), lines))
        return Condition(tuple(every), tuple(groups))

    def clause(self, text: Any, place: tuple[str | int, ...], lines: Mapping[str, Line]) -> Clause:
        written = " ".join(str(text).split())
        if found := _AT.fullmatch(written):
            if found[1] not in lines:
                self.refuse("names no line", place, written, ", ".join(lines))
            return Clause(written, found[1], "at", where=found[2])
        if found := _SET.fullmatch(written):
            name = self.target if found[3] == "target" else found[3]
            row = self.known(name, place).get(found[1])
            bound = {"below": "low", "above": "high"}.get(found[2])
            if row is None or (bound is not None and abs(getattr(row, bound)) == float("inf")):
                self.refuse("has no such bound in targets.csv", place, written, f"a row of {name!r} with it")
            return Clause(written, found[1], found[2], row.low, row.high, int(found[4] or 1), found[4] is not None)
        if found := _TREND.fullmatch(written):
            return Clause(written, self.analyte(found[1], place), found[2], visits=int(found[3] or 1), stated=True)
        if found := _MOVED.fullmatch(written):
            share = self.number(found[4], place) / 100
            analyte = self.analyte(found[1], place)
            return Clause(
                written, analyte, found[2], visits=int(found[5]), stated=True, share=share, more=found[3] == "more"
            )
        self.refuse("is not a clause that is known", place, written, "such as 'phosphate above target on 2 visits'")

    def analyte(self, name: str, place: tuple[str | int, ...]) -> str:
        if name not in variations():
            self.refuse("is not an analyte that is drawn", place, name, ", ".join(variations()))
        return name

    def action(self, text: Any, place: tuple[str | int, ...], lines: Mapping[str, Line]) -> Action:
        found = _ACTION.fullmatch(" ".join(str(text).split()))
        if found is None or found[1] not in lines:
            self.refuse("is not an action on a line", place, text, f"such as 'up' on one of {', '.join(lines)}")
        operation = lines[found[1]].kind == OPERATION
        if operation != (found[2] is None) or (found[2] == "stop" and lines[found[1]].kind == DIALYSATE):
            self.refuse("is not an action on this line", place, text, "its name alone for an operation, else a verb")
        return Action(found[1], found[2] or "up", int(found[3] or 1))

    def dead_band(self, analyte: str, text: str) -> DeadBand:
        self.analyte(analyte, ("dead_bands", analyte))
        if found := _RELATIVE.fullmatch(text):
            return DeadBand(float(found[1]) / 100, True)
        if found := _ABSOLUTE.fullmatch(text):
            return DeadBand(convert(float(found[1]), found[2], analyte), False)
        self.refuse("is not a dead band", ("dead_bands", analyte), text, "such as '50 %' or '1.5 mg/dL'")

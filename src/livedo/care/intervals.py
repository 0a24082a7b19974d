"""One interval of a titration after the other: doses to inputs, the run to the visit, labs, decisions.

Tablets swallowed at home count by the patient's adherence, doses at sessions by the share of sessions that take place;
drugs that the plan gives and the protocol has no line for, as the plan's own timetable has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import ANALYTES, Body
from livedo.care import operations
from livedo.care.deciding import Memory, begun, decide
from livedo.care.doses import daily_amount, route_of
from livedo.care.effects import daily_effect
from livedo.care.orders import SessionRule, inputs_at, sessions
from livedo.care.protocols import DIALYSATE, OPERATION, Line, Protocol
from livedo.care.pulses import pulse_schedule
from livedo.care.timetable import SWALLOWED
from livedo.care.treatments import load_treatments
from livedo.care.visits import Visits, draw
from livedo.engine import Moment, Schedule, simulate
from livedo.engine.randomness import uniform
from livedo.errors import InputError
from livedo.patients import Cohort

if TYPE_CHECKING:
    from livedo.care.plan import Plan
    from livedo.engine import Kernel

WEEK = 168.0
#: Weeks of the run-in on the baseline plan, and the gland's time constant in it (h), so that its mass settles too.
RUN_IN_WEEKS, RUN_IN_GLAND = 60, 1500.0
#: An operation takes place on the Tuesday morning of the interval, a day without dialysis.
OPERATION_HOUR = 32.0
TOLERANCE = 1e-5
THREE = ("phosphate", "calcium_total", "pth")


class Record:
    """What a run leaves behind; see :class:`livedo.care.titration.Titration` for the arrays."""

    def __init__(self, patients: int, months: int, lines: int, visits: Visits) -> None:
        self.hours = np.zeros(months)
        self.true = {a: np.full((patients, months), np.nan) for a in visits.panel}
        self.measured = {a: np.full((patients, months), np.nan) for a in visits.panel}
        self.weekly: dict[str, list[np.ndarray]] = {a: [] for a in THREE}
        self.step = np.zeros((patients, months, lines), dtype=np.int64)
        self.change = np.zeros((patients, months, lines), dtype=np.int64)
        self.rule = np.full((patients, months, lines), -1, dtype=np.int16)
        self.pills = np.zeros((patients, months))
        self.attended = np.ones((patients, months))


class Run:
    """Everything that stays as it is from interval to interval, and the memory of the patients."""

    def __init__(
        self,
        body: Body,
        kernel: Kernel,
        cohort: Cohort,
        protocol: Protocol,
        plan: Plan,
        visits: Visits,
        seed: int,
        threads: int | None,
    ) -> None:
        self.body, self.kernel, self.cohort, self.protocol = body, kernel, cohort, protocol
        self.visits, self.seed, self.threads = visits, seed, threads
        self.known = frozenset(kernel.values)
        self.sessions = _constant_sessions(plan)
        self.per_week = len(self.sessions)
        self.starts = [rule.start_h for rule in self.sessions]
        self.attends = cohort.attends(self.per_week)
        self.own = cohort.parameters()
        self.option = np.stack([_options(line, seed, cohort.numbers) for line in protocol.lines], axis=1)
        steps, self.background = _begin(protocol, plan, self.per_week)
        step = np.stack([steps[i][self.option[:, i]] for i in range(len(protocol.lines))], axis=1)
        self.memory: Memory = begun(protocol, self.option, step)
        self.tables = [_table(line, self.per_week, self.known) for line in protocol.lines]
        self.operated = np.full(len(cohort), np.inf)
        self.remnant = np.ones(len(cohort))
        self.need = np.ones(len(cohort))
        self.failures: dict[int, str] = {}

    def settled(self) -> Moment:
        """The run-in: on the baseline plan, the gland quickened where the body has such a number."""
        last = RUN_IN_WEEKS * WEEK
        slow = {n: v for n, v in self.kernel.values.items() if n.startswith("tau_gland") and v > RUN_IN_GLAND}
        schedule = self._dialysis(lambda who, number: self.attends(who, number + 10**6))
        for name, value in slow.items():
            schedule = schedule.set(name, value, last)
        run = simulate(
            self.kernel,
            until=last,
            patients=len(self.cohort),
            parameters={**self.own, **self._inputs(0.0, 1.0), **dict.fromkeys(slow, RUN_IN_GLAND)},
            schedule=schedule,
            tolerance=TOLERANCE,
            threads=self.threads,
            chunk=64,
        )
        self.failures.update({k: f"in the run-in: {v}" for k, v in run.failures.items()})
        return run.final

    def interval(self, visit: int, moment: Moment, record: Record) -> Moment:
        """Run to the next visit, draw, decide."""
        length = self.visits.weeks * WEEK
        begin = visit * length
        weeks = np.arange(visit * self.visits.weeks, (visit + 1) * self.visits.weeks)
        attended = self._attended(weeks)
        place = self.visits.session(self.starts)
        times = weeks * WEEK + self.starts[place]
        values, final = self._carried(moment, begin, times, self._inputs(begin, attended))
        everyone = np.arange(len(self.cohort))
        true = {a: values[a][:, -1] for a in self.visits.panel}
        measured = draw(
            self.visits,
            true,
            seed=self.seed,
            patients=self.cohort.numbers,
            visit=visit,
            hour=float(times[-1]),
            present=self.attends(everyone, np.full(len(everyone), weeks[-1] * self.per_week + place)),
        )
        record.hours[visit] = times[-1]
        for analyte in self.visits.panel:
            record.true[analyte][:, visit] = true[analyte]
            record.measured[analyte][:, visit] = measured[analyte]
        for analyte in THREE:
            record.weekly[analyte].append(values[analyte])
        record.step[:, visit] = self.memory.step
        record.pills[:, visit] = sum(
            table.pills[self.option[:, i], self.memory.step[:, i]] for i, table in enumerate(self.tables)
        )
        record.attended[:, visit] = attended
        decided = decide(self.protocol, self.memory, measured)
        record.change[:, visit], record.rule[:, visit] = decided.change, decided.rule
        self._refer(decided.change, begin + length)
        return final

    def _carried(
        self, moment: Moment, begin: float, times: np.ndarray, inputs: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], Moment]:
        """An interval: most patients in one go, those after an operation week by week; analyte -> (n, times), and the end.

        A patient's result does not depend on the company, so the split changes nobody else.
        """
        analytes = tuple(dict.fromkeys((*THREE, *self.visits.panel)))
        values = {a: np.full((len(self.cohort), len(times)), np.nan) for a in analytes}
        since = np.floor((begin + OPERATION_HOUR - self.operated) / WEEK)
        recovering = operations.replaces(since)
        end = begin + len(times) * WEEK
        empty = [np.empty_like(x) for x in (moment.states, moment.parameters, moment.control)]
        final = Moment(end, empty[0], empty[1], empty[2])
        now = np.where((self.operated >= begin) & (self.operated < end), self.operated, np.inf)
        schedule = self._dialysis(self.attends)
        if np.isfinite(now).any():
            schedule = schedule + operations.parathyroidectomy(self.body, self.remnant, now)
        for who, cuts in ((np.flatnonzero(~recovering), [len(times)]), (np.flatnonzero(recovering), [1] * len(times))):
            if who.size == 0:
                continue
            at, done = moment.chosen(who), 0
            for weeks in cuts:
                held = {
                    name: np.broadcast_to(v, (len(self.cohort),))[who] for name, v in {**self.own, **inputs}.items()
                }
                if recovering[who[0]]:
                    for symbol, extra in operations.replacement(self.need[who], self.known).items():
                        held[symbol] = held[symbol] + extra
                run = simulate(
                    self.kernel,
                    until=begin + (done + weeks) * WEEK,
                    start=at,
                    parameters=held,
                    schedule=schedule.chosen(who),
                    times=times[done : done + weeks],
                    tolerance=TOLERANCE,
                    threads=self.threads,
                    chunk=64,
                )
                for analyte in analytes:
                    values[analyte][who, done : done + weeks] = run[ANALYTES[analyte]]
                for patient, reason in run.failures.items():
                    self.failures.setdefault(int(who[patient]), reason)
                at, done = run.final, done + weeks
                if recovering[who[0]]:
                    self.need[who] = operations.needed(self.need[who], run["Ca_total"][:, -1])
            for whole, part in (
                (final.states, at.states),
                (final.parameters, at.parameters),
                (final.control, at.control),
            ):
                whole[who] = part
        return values, final

    def _dialysis(self, attends: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Schedule:
        schedule = Schedule()
        for place, rule in enumerate(self.sessions):
            during = {"Qb": rule.Qb, "Qd": rule.Qd, "session_hours": rule.hours, "hd": 1.0, **dict(rule.bath)}

            def happens(who: np.ndarray, number: np.ndarray, place: int = place) -> np.ndarray:
                return attends(who, number * self.per_week + place)

            schedule = schedule.session(
                during, {"hd": 0.0}, at=[rule.start_h], hours=rule.hours, held={"Quf": "Quf_required"}, happens=happens
            )

        def takes_place(place: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
            return lambda who, number: attends(who, number * self.per_week + place)

        return schedule + pulse_schedule(self.background, self.sessions, happens=takes_place)

    def _attended(self, weeks: np.ndarray) -> np.ndarray:
        numbers = (weeks[:, None] * self.per_week + np.arange(self.per_week)).ravel()
        who = np.repeat(np.arange(len(self.cohort)), len(numbers))
        came = self.attends(who, np.tile(numbers, len(self.cohort)))
        return came.reshape(len(self.cohort), -1).mean(axis=1)

    def _inputs(self, hour: float, attended: np.ndarray | float) -> dict[str, np.ndarray]:
        """Inputs of the body from ``hour`` on: the plan's and those of the lines."""
        ones = np.ones(len(self.cohort))
        held = inputs_at(self.background, hour, known=self.known)
        inputs = {s: v * (self.cohort.adherence if s in SWALLOWED else ones) for s, v in held.items()}
        inputs["Ca_dialysate"] = self.sessions[0].Ca_dialysate * ones
        for i, (line, table) in enumerate(zip(self.protocol.lines, self.tables, strict=True)):
            option, step = self.option[:, i], self.memory.step[:, i]
            swallowed = np.array([o.swallowed for o in line.options])[option]
            at_sessions = np.array([o.at_sessions for o in line.options])[option]
            taken = np.where(swallowed, self.cohort.adherence, np.where(at_sessions, attended, 1.0))
            for symbol, values in table.effects.items():
                if line.kind == DIALYSATE:
                    inputs[symbol] = values[option, step]
                else:
                    there = inputs.get(symbol, self.own.get(symbol, 0.0 * ones))
                    inputs[symbol] = there + values[option, step] * taken
        return inputs

    def _refer(self, change: np.ndarray, hour: float) -> None:
        for i, line in enumerate(self.protocol.lines):
            if line.kind != OPERATION:
                continue
            newly = (change[:, i] > 0) & ~np.isfinite(self.operated)
            left = operations.outcome(line.options[0].kind, seed=self.seed, patients=self.cohort.numbers).remnant
            self.operated = np.where(newly, hour + OPERATION_HOUR, self.operated)
            self.remnant = np.where(newly, left, self.remnant)


@dataclass(frozen=True)
class _Table:
    """A line's ladder as arrays, shape (options, steps): symbol -> what it sets, and tablets a day."""

    effects: Mapping[str, np.ndarray]
    pills: np.ndarray


def _table(line: Line, per_week: int, known: frozenset[str]) -> _Table:
    steps = max(option.top for option in line.options) + 1
    pills = np.zeros((len(line.options), steps))
    effects: dict[str, np.ndarray] = {}
    for i, option in enumerate(line.options):
        pills[i, : option.top + 1] = option.pills(per_week)
        for step, sets in enumerate(option.effects(per_week, known)):
            for symbol, value in sets.items():
                effects.setdefault(symbol, np.zeros((len(line.options), steps)))[i, step] = value
    return _Table(effects, pills)


def _options(line: Line, seed: int, numbers: np.ndarray) -> np.ndarray:
    """Which option of a line each patient has, by shares."""
    edges = np.cumsum([option.share for option in line.options])
    where = uniform(seed, f"option/{line.name}", numbers) * edges[-1]
    return np.minimum(np.searchsorted(edges, where, side="right"), len(edges) - 1)


def _begin(protocol: Protocol, plan: Plan, per_week: int) -> tuple[list[np.ndarray], Plan]:
    """First step of each option of each line, and the plan without the drugs that became lines."""
    steps = [np.zeros(len(line.options), dtype=np.int64) for line in protocol.lines]
    for i, line in enumerate(protocol.lines):
        if line.kind == DIALYSATE:
            wanted = sessions(plan)[0].Ca_dialysate
            steps[i][0] = int(np.argmin(np.abs(np.array(line.options[0].values) - wanted)))
    replaced: dict[str, set[int]] = {}
    for (section, number), drug_class, item in plan.drugs():
        drug = load_treatments().find(drug_class, item.drug)
        lines = [i for i, line in enumerate(protocol.lines) if line.kind == drug_class]
        if not lines or not item.runs_at(0.0):
            continue
        same = [i for i in lines if any(o.drug is drug for o in protocol.lines[i].options)]
        i = (same or lines)[0]
        effect = daily_effect(drug, daily_amount(item, drug, per_week), route_of(item, drug))
        symbol = next(iter(effect))
        for place, option in enumerate(protocol.lines[i].options):
            ladder = np.array([sets.get(symbol, 0.0) for sets in option.effects(per_week)])
            steps[i][place] = int(np.argmin(np.abs(ladder - effect[symbol])))
        replaced.setdefault(section, set()).add(number)
    left = {
        section: tuple(item for n, item in enumerate(getattr(plan, section)) if n not in numbers)
        for section, numbers in replaced.items()
    }
    return steps, plan.model_copy(update=left)


def _constant_sessions(plan: Plan) -> list[SessionRule]:
    rules = sessions(plan)
    if not rules:
        raise InputError("no dialysis in the baseline plan", where=plan.name, field="dialysis")
    for rule in rules:
        if rule.from_h > 0 or np.isfinite(rule.until_h) or rule.dry_weight_kg is not None:
            raise InputError(
                "the dialysis of a cohort's baseline plan changes in time or prescribes a dry weight",
                where=plan.name,
                field="dialysis",
                expected="one prescription from day 0 on, dry weight 'from chart'",
            )
        if rule.Ca_dialysate != rules[0].Ca_dialysate:
            raise InputError(
                "several dialysate calciums in a cohort's baseline plan", where=plan.name, field="dialysis"
            )
    return rules

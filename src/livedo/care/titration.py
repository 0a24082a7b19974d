"""A protocol on a cohort, visit to visit: run, draw labs, decide, change, go on.

Each interval ends on a Sunday night. Labs are drawn in its last week; what is decided holds from the next Monday. The clock
runs on through all intervals, so that every session, lab and operation keeps its own draw: arms on the same cohort and seed
differ only by what their protocols do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import Body
from livedo.care.intervals import THREE, WEEK, Record, Run
from livedo.care.protocols import Protocol
from livedo.care.targets import USUAL, targets
from livedo.care.visits import Visits
from livedo.engine import Moment
from livedo.patients import Cohort

if TYPE_CHECKING:
    from livedo.care.plan import Plan
    from livedo.engine import Kernel


@dataclass(frozen=True)
class Titration:
    """What happened to a cohort under a protocol.

    Attributes
    ----------
    protocol, cohort, visits:
        Under what, to whom, and how labs were drawn.
    hours:
        When labs were drawn, shape (visits,).
    true, measured:
        Analyte -> shape (n, visits): the body's values, and what the laboratory said (NaN: not drawn).
    weekly:
        Analyte -> shape (n, weeks): the body's values before the same session of every week.
    option:
        Which drug of each line a patient has, shape (n, lines).
    step:
        Where each line stood on its ladder during each interval, shape (n, visits, lines).
    change, rule:
        What each visit decided, in steps, and the number of the rule (-1: none), shape (n, visits, lines).
    pills:
        Tablets a day prescribed by the protocol in each interval, shape (n, visits).
    attended:
        Share of sessions that took place in each interval, shape (n, visits).
    operated:
        Hour of each patient's operation, infinite without one, shape (n,).
    final:
        The last moment.
    failures:
        Patient -> reason.
    """

    protocol: Protocol
    cohort: Cohort
    visits: Visits
    hours: np.ndarray
    true: Mapping[str, np.ndarray]
    measured: Mapping[str, np.ndarray]
    weekly: Mapping[str, np.ndarray]
    option: np.ndarray
    step: np.ndarray
    change: np.ndarray
    rule: np.ndarray
    pills: np.ndarray
    attended: np.ndarray
    operated: np.ndarray
    final: Moment
    failures: Mapping[int, str] = field(default_factory=dict)

    def attainment(self, name: str = USUAL, *, last: int = 6, measured: bool = True) -> dict[str, float]:
        """Share of the last visits with each lab in target, and ``all`` three at once; draws that were missed do not count.

        Parameters
        ----------
        name:
            Set of targets.
        last:
            How many visits.
        measured:
            As the laboratory said, or as the body was.
        """
        values = self.measured if measured else self.true
        aims = targets(name)
        within = {a: _inside(values[a][:, -last:], aims[a].low, aims[a].high) for a in THREE}
        found = {a: float(np.nanmean(share)) for a, share in within.items()}
        return found | {"all": float(np.nanmean(np.prod([within[a] for a in THREE], axis=0)))}

    def changes_per_year(self) -> dict[str, float]:
        """Changes of each line per patient-year, and of ``all`` drugs and the dialysate together."""
        years = self.visits.weeks * WEEK * self.change.shape[1] / (365.25 * 24.0)
        each = (self.change != 0).sum(axis=1).mean(axis=0) / years
        found = {line.name: float(rate) for line, rate in zip(self.protocol.lines, each, strict=True)}
        return found | {"all": float(each.sum())}

    def reversals_per_year(self) -> float:
        """Changes of a line against the direction of its change before, per patient-year."""
        years = self.visits.weeks * WEEK * self.change.shape[1] / (365.25 * 24.0)
        sign = np.sign(self.change)
        count = np.zeros(len(self.change))
        last = np.zeros_like(sign[:, 0])
        for visit in range(sign.shape[1]):
            now = sign[:, visit]
            count += ((now != 0) & (now == -last)).sum(axis=1)
            last = np.where(now != 0, now, last)
        return float(count.mean() / years)


def _inside(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.where(np.isfinite(values), (values >= low) & (values <= high), np.nan)


def titrate(
    body: Body,
    kernel: Kernel,
    cohort: Cohort,
    protocol: Protocol,
    *,
    months: int,
    seed: int,
    plan: Plan,
    start: Moment | None = None,
    visits: Visits | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Titration:
    """Run a protocol.

    Parameters
    ----------
    body, kernel:
        The body and its code, compiled with its usual observables.
    cohort, protocol:
        Who, and by which rules.
    months:
        Number of visits; between two lie ``visits.weeks`` (four: thirteen a year).
    seed:
        Of labs, of who is given which drug, and of operations. Attendance belongs to the cohort.
    plan:
        Baseline: dialysis, diet, and drugs. Drugs of a class that the protocol has a line for begin at the step nearest in
        effect; all others go on as the plan has them.
    start:
        Where patients are at the start, on whatever clock; settled on the plan if not given.
    visits:
        When labs are drawn; four-weekly before the midweek session if not given.
    threads:
        Threads; all processors if not given.
    progress:
        Called with (visits done, visits).

    Raises
    ------
    InputError
        If the plan's dialysis changes in time or prescribes a dry weight, or the panel lacks an analyte of the rules.
    """
    run = Run(body, kernel, cohort, protocol, plan, visits or Visits(), seed, threads)
    moment = (start if start is not None else run.settled()).restarted()
    record = Record(len(cohort), months, len(protocol.lines), run.visits)
    for visit in range(months):
        moment = run.interval(visit, moment, record)
        if progress is not None:
            progress(visit + 1, months)
    return Titration(
        protocol=protocol,
        cohort=cohort,
        visits=run.visits,
        hours=record.hours,
        true=record.true,
        measured=record.measured,
        weekly={a: np.concatenate(parts, axis=1) for a, parts in record.weekly.items()},
        option=run.option,
        step=record.step,
        change=record.change,
        rule=record.rule,
        pills=record.pills,
        attended=record.attended,
        operated=run.operated,
        final=moment,
        failures=dict(sorted(run.failures.items())),
    )


def settled(
    body: Body, kernel: Kernel, cohort: Cohort, protocol: Protocol, plan: Plan, *, seed: int, threads: int | None = None
) -> Moment:
    """Patients settled on the baseline plan with the protocol's first steps, where :func:`titrate` begins by itself.

    Arguments as there.
    """
    return Run(body, kernel, cohort, protocol, plan, Visits(), seed, threads).settled()

"""The scorecard: every figure with its simulated value, its band and a verdict. A miss stays visible."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livedo.engine import cache
from livedo.evidence.context import Context
from livedo.evidence.experiments import OF_MINERALS, find, source_key
from livedo.evidence.registry import Figure, load_reasons
from livedo.evidence.result import NotSimulated, Result

if TYPE_CHECKING:
    from livedo.body import Body

INSIDE, OUTSIDE, NOT_SIMULATED = "inside", "outside", "not simulated"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Line:
    """One figure on the scorecard.

    ``verdict`` is inside, outside or not simulated; ``reason`` says why a figure was not simulated, or why a miss is one, as
    far as somebody has looked.
    """

    figure: Figure
    result: Result | None
    verdict: str
    reason: str

    @property
    def registered(self) -> bool:
        """Whether the figure has an experiment: if so and it gives no value, that counts as outside."""
        return bool(self.figure.experiment)


@dataclass(frozen=True)
class Count:
    """Figures of one class: all, those with an experiment, those inside."""

    listed: int
    registered: int
    inside: int

    @property
    def share(self) -> float:
        """Share inside of those with an experiment; NaN if there is none."""
        return self.inside / self.registered if self.registered else math.nan


@dataclass(frozen=True)
class Scorecard:
    """Lines in the registry's order, and how they were made."""

    lines: tuple[Line, ...]
    quick: bool
    seconds: float
    model: str

    def counts(self) -> dict[str, Count]:
        """Class, as counted -> numbers. A figure that set a parameter is counted as calibration."""
        found: dict[str, Count] = {}
        for kind in ("calibration", "validation", "check", "weak"):
            own = [line for line in self.lines if line.figure.counts_as == kind]
            registered = [line for line in own if line.registered]
            found[kind] = Count(len(own), len(registered), sum(line.verdict == INSIDE for line in registered))
        return found

    def misses(self) -> tuple[Line, ...]:
        """Figures that are scored, have an experiment and are not inside."""
        return tuple(
            line
            for line in self.lines
            if line.registered
            and line.verdict != INSIDE
            and line.figure.counts_as in ("calibration", "validation", "check")
        )

    def overrides(self) -> tuple[Figure, ...]:
        """Figures whose band was replaced."""
        return tuple(line.figure for line in self.lines if line.figure.override)

    def objects(self) -> list[dict[str, Any]]:
        """The scorecard as plain data, one object a figure; NaN is None."""
        return [_object(line) for line in self.lines]

    def to_json(self) -> str:
        """:meth:`objects` as JSON."""
        return json.dumps(self.objects(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def verdict_of(figure: Figure, result: Result | None) -> str:
    """Whether a simulated value lies in the band of its figure, ends included."""
    if result is None or not math.isfinite(result.value) or not figure.accept_low <= figure.accept_high:
        return NOT_SIMULATED
    return INSIDE if figure.accept_low <= result.value <= figure.accept_high else OUTSIDE


def score(
    figures: Sequence[Figure],
    *,
    quick: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
    body: Body | None = None,
    reasons: Mapping[str, str] | None = None,
) -> Scorecard:
    """Run the experiments of some figures, or take their results from the cache.

    Parameters
    ----------
    figures:
        From :func:`livedo.evidence.load_figures`.
    quick:
        Smaller groups of virtual people.
    threads:
        Threads; all processors if not given.
    progress:
        Called with (experiment, done, of).
    body:
        The body to test; Livedo's own if not given.
    reasons:
        Figure id -> why its miss is one; those of ``reasons.csv`` if not given.

    Raises
    ------
    InputError
        If a figure names an experiment that does not exist.
    """
    began = time.monotonic()
    context = Context(quick=quick, threads=threads, body=body)
    known = load_reasons() if reasons is None else reasons
    tell = progress or (lambda stage, done, of: None)
    for figure in figures:
        if figure.experiment:
            find(figure.experiment)
    lines = []
    # Experiments of one module share their simulations: run them together, show them in the registry's order.
    order = sorted(range(len(figures)), key=lambda i: (figures[i].experiment, i))
    todo = sum(bool(f.experiment) for f in figures)
    done = 0
    for i in order:
        figure = figures[i]
        if not figure.experiment:
            lines.append((i, Line(figure, None, NOT_SIMULATED, figure.reason_not_simulated)))
            continue
        tell("running experiments", done, todo)
        subject = figure.experiment.partition(".")[0]
        result = simulated(context.minerals if subject in OF_MINERALS else context, figure)
        verdict = verdict_of(figure, result)
        reason = known.get(figure.id, "") if verdict == OUTSIDE else result.note if verdict == NOT_SIMULATED else ""
        lines.append((i, Line(figure, result, verdict, reason)))
        done += 1
    tell("running experiments", todo, todo)
    ordered = tuple(line for _, line in sorted(lines, key=lambda pair: pair[0]))
    return Scorecard(ordered, quick, time.monotonic() - began, context.body.model.fingerprint[:12])


def simulated(context: Context, figure: Figure) -> Result:
    """The result of a figure's experiment: from the cache, by hash of model, experiment and size, or from a run.

    An experiment that cannot be made on this body or these people gives NaN, with the reason as the note.
    """
    name, setting = figure.experiment, dict(figure.setting)
    key = "result-" + cache.key_of(context.key, source_key(name), name, json.dumps(setting, sort_keys=True))
    stored = cache.read(key)
    if stored is not None:
        value, error, note = json.loads(stored)
        return Result(math.nan if value is None else value, error, note)
    try:
        result = find(name)(context, **setting)
        if not math.isfinite(result.value):
            result = Result(math.nan, 0.0, "the simulated value is no number")
    except NotSimulated as gap:
        result = Result(math.nan, 0.0, str(gap))
    value = None if math.isnan(result.value) else result.value
    cache.write(key, json.dumps([value, result.error, result.note]).encode())
    return result


def _object(line: Line) -> dict[str, Any]:
    figure, result = line.figure, line.result

    def known(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {
        "id": figure.id,
        "suite": figure.suite,
        "quantity": figure.quantity,
        "class": figure.kind,
        "counts_as": figure.counts_as,
        "published": {
            "value": known(figure.value),
            "low": known(figure.low),
            "high": known(figure.high),
            "accept_low": known(figure.accept_low),
            "accept_high": known(figure.accept_high),
            "unit": figure.unit,
            "source": figure.source,
        },
        "simulated": {
            "value": None if result is None else known(result.value),
            "error": None if result is None or not math.isfinite(result.value) else known(result.error),
        },
        "verdict": line.verdict,
        "reason": line.reason,
        "experiment": figure.experiment,
        "override": figure.override,
        "used_for": figure.used_for,
        "also": figure.also,
    }

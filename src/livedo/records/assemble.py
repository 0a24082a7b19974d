"""From entries as recorded to a chart: one rule for units, ranges, duplicates and stays in every form.

The rule for values: a result with a number must have a unit its analyte is accepted in, and must then lie in
the plausible range; else the chart is refused, naming the entry. Who knows better names that entry in
`set_aside`, and it is left out and counted. Nothing is corrected silently and nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from livedo.errors import InputError
from livedo.records.analytes import analytes
from livedo.records.chart import Chart
from livedo.records.dialysis import (
    Span,
    continuous_spans,
    dialysis_evidence,
    hospital_spans,
    session_events,
    within,
)
from livedo.records.units import find_unit, fitting_units, to_canonical

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

    from livedo.records.findings import Notes
    from livedo.records.raw import RawChart, RawEvent, RawObservation

ADULT = 18
_SHOWN = 3
_NEAR = timedelta(days=90)

_EVENT = ("time", "end", "name", "group", "system", "code", "text", "source")
_DRUG = (*_EVENT, "dose", "dose_unit", "route")
_SESSION = ("time", "end", "name", "system", "code", "source")


def _schema(columns: tuple[str, ...]) -> dict[str, Any]:
    import polars as pl

    special: dict[str, Any] = {
        "time": pl.Datetime("us"),
        "end": pl.Datetime("us"),
        "value": pl.Float64,
        "recorded_value": pl.Float64,
        "dose": pl.Float64,
        "continuous_dialysis": pl.Boolean,
        "end_assumed": pl.Boolean,
    }
    return {column: special.get(column, pl.String) for column in columns}


def _frame(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(rows, schema=_schema(columns), orient="row")


def _order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A sort key in which None comes before everything."""
    return tuple((cell is not None, cell if cell is not None else 0) for cell in row)


def _convert(raw: RawChart, set_aside: Collection[str], notes: Notes) -> list[tuple[RawObservation, float]]:
    """The usable observations with their canonical values; refuses the chart at what cannot be used."""
    problems = [p for p in raw.problems if p.where not in set_aside]
    notes.add("set_aside", count=len(raw.problems) - len(problems))
    kept: list[tuple[RawObservation, float]] = []
    for observation in raw.observations:
        time, analyte = observation.time.local, observation.analyte
        if observation.source in set_aside:
            notes.add("set_aside", analyte.observed_as)
        elif raw.birth_year is not None and time.year - raw.birth_year < ADULT:
            notes.add("childhood")
        else:
            try:
                value = to_canonical(observation.value, observation.unit, analyte, where=observation.source)
            except InputError as problem:
                problems.append(problem)
            else:
                kept.append((observation, value))
    if problems:
        _refuse(problems)
    return kept


def _refuse(problems: list[InputError]) -> None:
    first, others = problems[0], problems[1:]
    message = first.message
    if others:
        shown = ", ".join(problem.where for problem in others[:_SHOWN])
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        message += f" (the first of {len(problems)} entries that cannot be used; also {shown}{more})"
    raise InputError(message, where=first.where, field=first.field, value=first.value, expected=first.expected)


def _observations(
    kept: list[tuple[RawObservation, float]],
    hospital: list[Span],
    continuous: list[Span],
    stays: bool,
    notes: Notes,
) -> pl.DataFrame:
    rows: dict[tuple[Any, ...], str] = {}
    duplicates: Counter[str] = Counter()
    for observation, value in kept:
        time, analyte = observation.time, observation.analyte
        during = within(time.local, hospital)
        setting = observation.setting or ("inpatient" if during else "outpatient" if stays else None)
        key = (
            time.local, time.zone, analyte.observed_as, value, analyte.unit, observation.value,
            observation.unit, observation.prepost or analyte.prepost, setting, within(time.local, continuous),
        )  # fmt: skip
        if key in rows:
            duplicates[analyte.observed_as] += 1
            rows[key] = min(rows[key], observation.source)
        else:
            rows[key] = observation.source
            notes.add("no_zone" if time.zone is None else "utc", count=time.zone in (None, "+00:00"))
            notes.add("date_only", count=time.date_only)
    for name, count in duplicates.items():
        notes.add("duplicate", name, count=count)
    together: dict[tuple[datetime, str], set[float]] = {}
    for key in rows:
        together.setdefault((key[0], key[2]), set()).add(key[3])
    for name, count in Counter(name for (_, name), values in together.items() if len(values) > 1).items():
        notes.add("conflict", name, count=count)
    columns = (
        "time", "zone", "analyte", "value", "unit", "recorded_value", "recorded_unit", "prepost", "setting",
        "continuous_dialysis", "source",
    )  # fmt: skip
    return _frame(columns, sorted(((*key, source) for key, source in rows.items()), key=_order))


def _doubt_units(kept: list[tuple[RawObservation, float]], notes: Notes) -> None:
    """Note analytes whose median in one unit is unusual where another unit would make it usual."""
    groups: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for observation, value in kept:
        unit = find_unit(observation.unit or "")
        if unit is not None and observation.analyte.typical_low is not None:
            groups.setdefault((observation.analyte.name, unit.name), []).append((observation.value, value))
    for (name, unit), pairs in groups.items():
        analyte = analytes()[name]
        low, high = analyte.typical_low, analyte.typical_high
        middle = median(value for _, value in pairs)
        if low is None or high is None or low <= middle <= high:
            continue
        recorded = median(value for value, _ in pairs)
        fits = fitting_units(recorded, analyte, but=unit, low=low, high=high)
        if fits:
            detail = f"{recorded:g} {unit}; {recorded:g} {' or '.join(fits)} would be usual"
            notes.add("unit_doubtful", name, count=len(pairs), detail=detail)


def _events(events: list[RawEvent], kind: str, notes: Notes) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = []
    seen: set[tuple[Any, ...]] = set()
    repeated = 0
    for event in sorted((e for e in events if e.kind == kind), key=lambda e: e.source):
        concept = event.concept
        row = (
            event.time, event.end, concept.name if concept else None, concept.group if concept else None,
            event.system, event.code, event.text, event.source,
        )  # fmt: skip
        if kind == "drug":
            row += (event.dose, event.dose_unit, event.route)
        key = (*row[:7], *row[8:])
        repeated += key in seen
        if kind == "drug" or key not in seen:
            rows.append(row)
        seen.add(key)
    notes.add("repeated_drugs" if kind == "drug" else "duplicate_events", f"{kind}s", count=repeated)
    return _frame(_DRUG if kind == "drug" else _EVENT, sorted(rows, key=_order))


def _note_calciphylaxis(events: list[RawEvent], notes: Notes) -> None:
    """E83.5 and its kin are shared codes: beside a skin ulcer or gangrene they may mean calciphylaxis."""
    shared = [e.time for e in events if e.concept and e.concept.name == "other_calcium_metabolism" and e.time]
    skin = [e.time for e in events if e.concept and e.concept.name in ("skin_ulcer", "gangrene") and e.time]
    notes.add("calciphylaxis_possible", count=sum(any(abs(t - s) <= _NEAR for s in skin) for t in shared))


def assemble(raw: RawChart, set_aside: Collection[str] = ()) -> Chart:
    """Make a chart of one patient's entries.

    Parameters
    ----------
    raw:
        What a reader found.
    set_aside:
        Sources (as an error names them) of observations to leave out and count.

    Raises
    ------
    InputError
        An entry has an unusable unit, an implausible value, or a number or date that cannot be read.
    """
    notes = raw.notes.copy()
    kept = _convert(raw, set_aside, notes)
    hospital, continuous = hospital_spans(raw.events), continuous_spans(raw.events)
    sessions, billed = session_events(raw.events, hospital)
    notes.add("open_stay", count=sum(span.end is None for span in hospital))
    notes.add("crrt_end_assumed", count=sum(span.end_assumed for span in continuous))
    notes.add("billing_time", count=billed)

    observations = _observations(kept, hospital, continuous, raw.stays_recorded, notes)
    _doubt_units(kept, notes)
    _note_calciphylaxis(raw.events, notes)
    dialysis = dialysis_evidence(raw)
    if dialysis.on:
        unmarked = observations.filter(observations["prepost"].is_null())["analyte"]
        notes.add("prepost_unknown", count=sum(analytes()[name].kind == "blood" for name in unmarked))
        notes.add("no_sessions", count=not sessions)
    else:
        notes.add("not_dialysed", detail=dialysis.why)

    session_rows: dict[tuple[Any, ...], str] = {}
    for e in sessions:
        session_rows.setdefault((e.time, e.end, e.concept.name if e.concept else None, e.system, e.code), e.source)
    spans = sorted([*hospital, *continuous], key=_order)
    return Chart(
        patient_id=raw.patient_id,
        sex=raw.sex,
        birth_year=raw.birth_year,
        aliases=tuple(sorted(raw.aliases)),
        died=raw.died,
        observations=observations,
        conditions=_events(raw.events, "condition", notes),
        drugs=_events(raw.events, "drug", notes),
        procedures=_events(raw.events, "procedure", notes),
        sessions=_frame(_SESSION, [(*key, source) for key, source in session_rows.items()]),
        spans=_frame(("time", "end", "kind", "end_assumed", "source"), [tuple(span) for span in spans]),
        dialysis=dialysis,
        findings=notes.findings(),
    )

"""What was read from the record, as the report tells it: counts, spans, and what was left out or doubtful."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from livedo.records.units import conventional_unit, express, resolve_analyte
from livedo.report.shown import analytes_shown
from livedo.wording import alike, capital, counted, unit_text

if TYPE_CHECKING:
    from livedo.records.chart import Chart

_UNUSABLE = ("text_result", "censored_result", "no_time")


@dataclass(frozen=True, slots=True)
class AnalyteRead:
    """One line of the table of what was read; ``median`` is empty where nothing was charted."""

    label: str
    count: int
    hospital: int
    dates: str
    median: str
    spread: str
    unit: str
    conventional: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Findings of one kind: the sentence, how many entries it concerns, and where."""

    severity: str
    message: str
    count: int
    where: str


def day_zero(chart: Chart) -> datetime | None:
    """The last observation of the record, where the plans are taken to begin; None for an empty record."""
    return chart.observations["time"].max() if chart.observations.height else None  # type: ignore[return-value]


def person(chart: Chart) -> str:
    """Sex and age in words: 'male, about 62 years at the last entry (born 1961)'."""
    last = day_zero(chart)
    if chart.birth_year is None:
        age = "age not recorded"
    elif last is None:
        age = f"born {chart.birth_year}"
    else:
        age = f"about {last.year - chart.birth_year} years at the last entry (born {chart.birth_year})"
    return f"{chart.sex or 'sex not recorded'}, {age}"


def analytes_read(chart: Chart) -> tuple[AnalyteRead, ...]:
    """The analytes that have a figure, also when never charted, then the others by name."""
    read = {row["analyte"]: row for row in chart.analytes().iter_rows(named=True)}
    hospital: dict[str, int] = defaultdict(int)
    columns = chart.observations.select("analyte", "setting", "continuous_dialysis")
    for analyte, setting, continuous in columns.iter_rows():
        hospital[analyte] += setting == "inpatient" or bool(continuous)
    first = [shown.analyte for shown in analytes_shown()]
    others = sorted((n for n in read if n not in first), key=lambda n: resolve_analyte(n).label.lower())
    return tuple(_analyte_read(name, read.get(name), hospital[name]) for name in (*first, *others))


def _analyte_read(name: str, row: Mapping[str, object] | None, hospital: int) -> AnalyteRead:
    analyte = resolve_analyte(name)
    if row is None:
        return AnalyteRead(capital(analyte.label), 0, 0, "", "", "", unit_text(analyte.unit), "")
    median, low, high = (float(row[key]) for key in ("median", "low", "high"))  # type: ignore[arg-type]
    middle, least, most = alike(median, low, high)
    first, last = row["first"], row["last"]
    other = conventional_unit(analyte)
    return AnalyteRead(
        label=capital(analyte.label),
        count=int(row["count"]),  # type: ignore[call-overload]
        hospital=hospital,
        dates=f"{first:%Y-%m} to {last:%Y-%m}" if f"{first:%Y-%m}" != f"{last:%Y-%m}" else f"{first:%Y-%m}",
        median=middle,
        spread=f"{least} to {most}",
        unit=unit_text(analyte.unit),
        conventional="" if other is None else f"{alike(express(median, analyte, other))[0]} {unit_text(other)}",
    )


def facts(chart: Chart) -> tuple[tuple[str, str], ...]:
    """What one should know of the record before looking at a figure: term and sentence."""
    found: list[tuple[str, str]] = []
    times = chart.observations["time"]
    if chart.observations.height:
        found.append(("Record", f"{counted(chart.observations.height, 'usable result')}, {_dates(times.to_list())}"))
    else:
        found.append(("Record", "no usable result"))
    if chart.aliases:
        found.append(("Also known as", ", ".join(chart.aliases)))
    if chart.died is not None:
        found.append(("Died", f"{chart.died:%Y-%m-%d}"))
    found.append(("On dialysis", f"{'yes' if chart.dialysis.on else 'no'}: {chart.dialysis.why}"))
    found.append(("Dialysis sessions with a date", _number_and_dates(chart.sessions["time"].to_list())))
    found += [
        ("Hospital stays", _spans(chart, "inpatient")),
        ("Emergency visits", _spans(chart, "emergency")),
        ("Continuous dialysis", _spans(chart, "continuous_dialysis")),
    ]
    found.append(("Before or after dialysis", _prepost(chart)))
    found.append(("Results that could not be used", _unusable(chart)))
    return tuple((term, text) for term, text in found if text)


def _dates(times: Sequence[datetime]) -> str:
    first, last = min(times), max(times)
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}" if first.date() != last.date() else f"{first:%Y-%m-%d}"


def _number_and_dates(times: Sequence[datetime]) -> str:
    return f"{len(times)}, {_dates(times)}" if times else "none recorded"


def _spans(chart: Chart, kind: str) -> str:
    rows = [row for row in chart.spans.iter_rows(named=True) if row["kind"] == kind]
    if not rows:
        return "" if kind == "emergency" else "none recorded"
    text = _number_and_dates([row["time"] for row in rows])
    observed = chart.observations
    if kind == "inpatient":
        text += _drawn(int(observed["setting"].eq_missing("inpatient").sum()), "in one")
    elif kind == "continuous_dialysis":
        text += _drawn(int(observed["continuous_dialysis"].sum() or 0), "during one")
    assumed = sum(bool(row["end_assumed"]) for row in rows)
    return text + (f"; the end is assumed for {assumed}" if assumed else "")


def _drawn(count: int, when: str) -> str:
    return f"; {counted(count, 'result')} {'was' if count == 1 else 'were'} drawn {when}"


def _prepost(chart: Chart) -> str:
    marks = [
        mark
        for analyte, mark in chart.observations.select("analyte", "prepost").iter_rows()
        if resolve_analyte(analyte).kind == "blood"
    ]
    if not marks:
        return "no blood result"
    pre, post = marks.count("pre"), marks.count("post")
    return (
        f"of {counted(len(marks), 'blood result')}, {pre} marked as before, {post} as after, "
        f"{len(marks) - pre - post} not marked"
    )


def _unusable(chart: Chart) -> str:
    found = [finding for finding in chart.findings if finding.code in _UNUSABLE]
    if not found:
        return "none"
    by_message: dict[str, int] = defaultdict(int)
    for finding in found:
        by_message[finding.message] += finding.count
    reasons = "; ".join(f"{count}: {message}" for message, count in by_message.items())
    return f"{sum(by_message.values())} ({reasons})"


def noticed(chart: Chart) -> tuple[Noticed, ...]:
    """The findings, those with the same message as one, warnings first."""
    places: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for finding in chart.findings:
        places[finding.severity, finding.message].append((finding.where, finding.count))
    rows = [
        Noticed(
            severity,
            capital(message),
            sum(count for _, count in where),
            ", ".join(f"{_place(name)} {count}" if len(where) > 1 else _place(name) for name, count in where if name),
        )
        for (severity, message), where in places.items()
    ]
    return tuple(sorted(rows, key=lambda row: row.severity != "warning"))


def _place(name: str) -> str:
    from livedo.records.analytes import find_analyte

    analyte = find_analyte(name)
    return name if analyte is None else analyte.label

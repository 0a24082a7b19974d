"""Is the patient on dialysis; when were the sessions, the hospital stays and the continuous dialysis?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from livedo.records.raw import RawChart, RawEvent

CHRONIC_DAYS = 90
_LONGEST_UNENDED = timedelta(hours=24)
_SESSION_GROUPS = frozenset({"haemodialysis", "peritoneal_dialysis", "dialysis"})
_DIALYSIS_ANALYTES = frozenset(
    {
        "dialysate_calcium", "dialysis_blood_flow", "dialysate_flow", "ultrafiltration_volume",
        "weight_change_dialysis", "ktv", "ktv_single_pool", "ktv_equilibrated", "ktv_weekly", "urr",
    }
)  # fmt: skip


class Dialysis(NamedTuple):
    """Whether the patient is on dialysis (`on`), and what in the records says so (`why`)."""

    on: bool
    why: str


class Span(NamedTuple):
    """A time in hospital (`inpatient`, `emergency`) or on `continuous_dialysis`; no `end`: it goes on."""

    time: datetime
    end: datetime | None
    kind: str
    end_assumed: bool
    source: str


def _times(events: list[RawEvent]) -> list[datetime]:
    return sorted(event.time for event in events if event.time is not None)


def dialysis_evidence(raw: RawChart) -> Dialysis:
    """Judge from codes, procedures and marks whether the patient is on chronic dialysis.

    In this order: a kidney transplant after all evidence of dialysis (no); end-stage kidney disease or
    dependence on dialysis coded (yes: the ICD codes of end-stage disease mean chronic dialysis); dialysis
    procedures over 90 days or more (yes); draws marked before or after dialysis, or adequacy and session
    figures (yes); none (no).
    """
    coded = [e for e in raw.events if e.concept is not None and e.concept.kind in ("condition", "procedure")]
    by_group: dict[str, list[RawEvent]] = {}
    for event in coded:
        assert event.concept is not None
        by_group.setdefault(f"{event.concept.kind} {event.concept.group}", []).append(event)
    sessions = [e for group in _SESSION_GROUPS for e in by_group.get(f"procedure {group}", ())]
    conditions = by_group.get("condition esrd", []) + by_group.get("condition dialysis", [])
    marks = sum(o.prepost is not None or o.analyte.observed_as in _DIALYSIS_ANALYTES for o in raw.observations)

    grafts = _times(by_group.get("procedure transplant", []))
    evidence = _times(conditions + sessions + by_group.get("procedure continuous_dialysis", []))
    if grafts and (not evidence or grafts[-1] > evidence[-1]):
        return Dialysis(False, f"kidney transplant on {grafts[-1]:%Y-%m-%d}, and no dialysis recorded after it")
    if conditions:
        codes = sorted({f"{e.system} {e.code}".strip() for e in conditions})
        return Dialysis(
            True, f"end-stage kidney disease or dialysis coded ({len(conditions)} times: {', '.join(codes)})"
        )
    times = _times(sessions)
    if times and (times[-1] - times[0]).days >= CHRONIC_DAYS:
        return Dialysis(True, f"{len(times)} dialysis procedures from {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}")
    if marks:
        return Dialysis(True, f"{marks} observations made before, after or during dialysis")
    if sessions:
        return Dialysis(False, f"{len(sessions)} dialysis procedures, all within {CHRONIC_DAYS} days")
    return Dialysis(False, "no end-stage kidney disease, dialysis procedure or dialysis mark is recorded")


def hospital_spans(events: list[RawEvent]) -> list[Span]:
    """Stays in hospital, by time. An emergency or observation stay of 24 h or more counts as inpatient."""
    spans: list[Span] = []
    for event in events:
        if event.kind != "stay" or event.code == "outpatient" or event.time is None:
            continue
        short = event.end is not None and event.end - event.time < timedelta(hours=24)
        kind = "emergency" if event.code != "inpatient" and short else "inpatient"
        spans.append(Span(event.time, event.end, kind, False, event.source))
    return sorted(set(spans), key=lambda s: (s.time, s.end or datetime.max, s.kind, s.source))


def continuous_spans(events: list[RawEvent]) -> list[Span]:
    """Spans of continuous dialysis (CRRT), by time.

    A record without an end is taken to last until the next one, at most 24 h (`end_assumed`).
    """
    runs = sorted(
        {
            (e.time, e.end or datetime.min, e.source)
            for e in events
            if e.time is not None and e.concept is not None and e.concept.group == "continuous_dialysis"
        }
    )
    spans: list[Span] = []
    for index, (time, end, source) in enumerate(runs):
        if end > time:
            spans.append(Span(time, end, "continuous_dialysis", False, source))
            continue
        later = next((start for start, _, _ in runs[index + 1 :] if start > time), datetime.max)
        assumed = min(later, time + _LONGEST_UNENDED)
        spans.append(Span(time, assumed, "continuous_dialysis", True, source))
    return spans


def session_events(events: list[RawEvent], hospital: list[Span]) -> tuple[list[RawEvent], int]:
    """Dialysis sessions, by time, and how many dialysis codes were left out as billed.

    A code dated at the very end of a hospital stay says that dialysis was done in that stay, not when.
    """
    ends = {span.end for span in hospital}
    sessions, billed = [], 0
    for event in events:
        concept = event.concept
        if event.kind != "procedure" or event.time is None or concept is None:
            continue
        if concept.group not in _SESSION_GROUPS or concept.name == "dialysis_monthly_care":
            continue
        if event.time in ends:
            billed += 1
        else:
            sessions.append(event)
    return sorted(sessions, key=lambda e: (e.time or datetime.min, e.code, e.source)), billed


def within(time: datetime, spans: list[Span]) -> bool:
    """Whether `time` lies in any of `spans`."""
    return any(span.time <= time and (span.end is None or time <= span.end) for span in spans)

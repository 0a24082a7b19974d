"""What a reader noticed: everything that was set aside, doubtful or assumed, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

_KINDS: dict[str, tuple[str, str]] = {
    "chosen_patient": ("info", "the only dialysis patient in the records was taken, as none was named"),
    "not_dialysed": ("warning", "the patient is not recorded as being on dialysis"),
    "text_result": ("warning", "results without a number (text, blank or reason for absence) are not usable"),
    "censored_result": ("warning", "results given only as below or above a limit are not usable"),
    "withdrawn": ("info", "entries marked entered in error, cancelled or not done were left out"),
    "unknown_analyte": ("info", "observations of analytes that Livedo does not know were left out"),
    "no_time": ("warning", "entries without a usable date were left out"),
    "childhood": ("info", "observations from before the age of 18 were left out; Livedo models adults"),
    "set_aside": ("warning", "observations were set aside as asked"),
    "duplicate": ("info", "exact duplicates were dropped"),
    "duplicate_events": ("info", "exact duplicates were dropped"),
    "repeated_drugs": ("info", "identical drug entries were kept; they may be separate orders"),
    "conflict": ("warning", "several different values at the same time; all were kept"),
    "unit_doubtful": ("warning", "the median is unusual for this unit"),
    "no_zone": ("info", "times without a zone were taken as local"),
    "utc": ("info", "times are given in UTC and kept so; the local time of day is not known"),
    "date_only": ("info", "dates without a time of day were taken as midnight"),
    "prepost_unknown": ("warning", "draws are not marked as before or after dialysis"),
    "no_sessions": ("warning", "no dialysis sessions are recorded; the schedule must be assumed"),
    "billing_time": (
        "info",
        "dialysis codes dated at the end of a hospital stay were not taken as session times",
    ),
    "crrt_end_assumed": (
        "warning",
        "continuous dialysis without an end: taken to last to the next record, 24 h at most",
    ),
    "open_stay": ("info", "hospital stays without an end were taken to go on"),
    "calciphylaxis_possible": ("warning", "a shared calcium code with skin ulcer or gangrene within 90 days"),
    "devices": ("info", "device records were not used"),
    "other_sheets": ("warning", "only the first sheet of the workbook was read"),
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing noticed while a chart was read.

    `severity` is info or warning; `code` is stable and may be tested for; `count` is how many entries it
    concerns; `where` is the table, resource type or analyte.
    """

    severity: str
    code: str
    message: str
    count: int = 1
    where: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.severity}: {place}{self.message} ({self.count})"


class Notes:
    """Counts findings while a chart is read: by code, place and detail."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, code: str, where: str = "", *, count: int = 1, detail: str = "") -> None:
        """Note `code` (of the table above) `count` times at `where`; `detail` is added to its message."""
        if code not in _KINDS:
            raise KeyError(code)
        if count:
            self._counts[code, where, detail] += count

    def findings(self) -> tuple[Finding, ...]:
        """The findings, warnings first, then by code and place."""
        found = [
            Finding(_KINDS[code][0], code, _KINDS[code][1] + (f": {detail}" if detail else ""), count, where)
            for (code, where, detail), count in self._counts.items()
        ]
        return tuple(sorted(found, key=lambda f: (f.severity != "warning", f.code, f.where, f.message)))

    def copy(self) -> Notes:
        """An independent copy."""
        other = Notes()
        other._counts.update(self._counts)
        return other

"""Times as recorded: the wall clock and, where given, its offset from UTC. Nothing is shifted."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)
FIRST_YEAR = 1900
EXPECTED = f"YYYY-MM-DD, YYYY-MM-DD HH:MM[:SS], or with an offset as 2026-01-05T07:30:00+01:00, not before {FIRST_YEAR}"


class Time(NamedTuple):
    """`local`: the naive wall clock; `zone`: its offset ('+01:00') or None; `date_only`: no time of day."""

    local: datetime
    zone: str | None
    date_only: bool

    @property
    def end(self) -> datetime:
        """The time as the end of a period: a date without time of day means the whole day."""
        if not self.date_only or self.local.year == datetime.max.year:
            return self.local
        return self.local + timedelta(days=1)


@lru_cache(maxsize=8192)
def parse_time(text: str) -> Time:
    """Read an ISO 8601 date or time.

    Raises
    ------
    ValueError
        `text` is in another form (05/01/2026 may be May or January), no such day or hour exists, or it is before ``FIRST_YEAR``.
        A year to come is read: records without names have their dates moved.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None or int(match[1][:4]) < FIRST_YEAR:
        raise ValueError(f"not an ISO 8601 date or time: {text!r}")
    date, clock, zone = match.groups()
    if clock is None:
        return Time(datetime.fromisoformat(date), None, True)
    if zone is not None:
        zone = "+00:00" if zone in "Zz" else zone
        zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    return Time(datetime.fromisoformat(f"{date}T{clock}"), zone, False)

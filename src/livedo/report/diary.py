"""A lesion in words, week by week: what skin, wound and pain of one version of the patient do under a plan.

The version is the one in the middle of all by its mean wound under the first plan, the same under every plan, so that what is
told in one sentence belongs together. Words stand in ``diary.csv``: each quantity takes the last row whose threshold it has
reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedo.care.actions import begins, find
from livedo.tables import read_table
from livedo.wording import capital, listed

if TYPE_CHECKING:
    from livedo.care.actions import Kind
    from livedo.tracking.comparison import Comparison, PlanOutcome

WORDS = Path(__file__).with_name("diary.csv")
#: Quantity of the table -> the trajectory that it reads.
READS = {"skin": "plaque", "dead": "eschar", "open": "wound_area", "bed": "granulation", "germs": "infected"}
READS |= {"pain": "pain_score"}
#: A wound or eschar smaller than this is not seen, cm2; the table's first thresholds say the same.
SEEN = 0.25
WEEK_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class Entry:
    """Weeks (first and last, counted from one) in which the words stay the same, what is ordered in the first, and the words."""

    first: int
    last: int
    done: str
    words: str

    @property
    def when(self) -> str:
        """'Week 3' or 'Weeks 3 to 7'."""
        return f"Week {self.first}" if self.first == self.last else f"Weeks {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Diary:
    """One plan's diary."""

    plan: str
    entries: tuple[Entry, ...]


@lru_cache(maxsize=1)
def words() -> Mapping[str, tuple[tuple[float, str], ...]]:
    """Quantity -> thresholds, ascending, with what is said from each on."""
    found: dict[str, tuple[tuple[float, str], ...]] = {}
    for row in read_table(WORDS, ("quantity", "at_least")):
        found[row["quantity"]] = (*found.get(row["quantity"], ()), (row.number("at_least"), row["words"]))
    return found


def level(quantity: str, value: float) -> int:
    """Row of the table that a value has reached."""
    return max(0, sum(value >= least for least, _ in words()[quantity]) - 1)


def middle_version(outcome: PlanOutcome) -> int:
    """The version whose mean eschar and open wound is nearest to the median of all that did not fail."""
    mean = (outcome.values["eschar"] + outcome.values["wound_area"]).mean(axis=1)
    mean[list(outcome.failures)] = np.nan
    return int(np.nanargmin(np.abs(mean - np.nanmedian(mean))))


def diaries(comparison: Comparison) -> tuple[Diary, ...]:
    """A diary for each plan; none in a run without a lesion."""
    if comparison.lesion is None:
        return ()
    who = middle_version(comparison.outcomes[0])
    return tuple(Diary(outcome.plan.name, _entries(outcome, who)) for outcome in comparison.outcomes)


def _entries(outcome: PlanOutcome, who: int) -> tuple[Entry, ...]:
    weeks: list[dict[str, float]] = []
    for week in range(outcome.days.size):
        values = {name: round(float(outcome.values[name][who, week]), 2) for name in READS.values()}
        if not all(np.isfinite(value) for value in values.values()):
            break
        weeks.append(values)
    done = [_done(outcome, who, week) for week in range(len(weeks))]
    begins_here = [
        week for week in range(len(weeks)) if week == 0 or done[week] or state(weeks[week]) != state(weeks[week - 1])
    ]
    lasts = [*(week - 1 for week in begins_here[1:]), len(weeks) - 1]
    return tuple(
        Entry(first + 1, last + 1, done[first], sentence(weeks[first], weeks[last]))
        for first, last in zip(begins_here, lasts, strict=bool(weeks))
    )


def seen(values: Mapping[str, float]) -> bool:
    """Whether there is a wound or eschar to be seen."""
    return max(values["eschar"], values["wound_area"]) >= SEEN


def state(values: Mapping[str, float]) -> tuple[int, ...]:
    """Rows of the table that say what is seen: what belongs to a wound counts only where there is one."""
    rows = {quantity: level(quantity, values[name]) for quantity, name in READS.items()}
    told = rows if seen(values) else {quantity: rows[quantity] for quantity in ("skin", "pain")}
    return (int(seen(values)), *told.values())


class _Span(float):
    """A number that is written as what it was and what it became, where these read differently."""

    last: float = 0.0

    def __format__(self, how: str) -> str:
        first, last = format(float(self), how), format(self.last, how)
        return first if first == last else f"{first} to {last}"


def _span(first: float, last: float) -> _Span:
    found = _Span(first)
    found.last = last
    return found


def sentence(values: Mapping[str, float], later: Mapping[str, float] | None = None) -> str:
    """Skin, wound and pain in one sentence, from the trajectories of :data:`READS`; numbers run to those of ``later``."""
    spans = {name: _span(value, (later or values)[name]) for name, value in values.items()}
    said = {q: words()[q][level(q, values[name])][1].format(**spans) for q, name in READS.items()}
    if not seen(values):
        return f"No wound is seen; {said['skin'].replace('around it', 'there')}; {said['pain']}."
    wound = listed([said["dead"], said["open"]])
    bed = f"; {said['bed']}" if values["wound_area"] >= SEEN else ""
    text = f"{wound}, {said['germs']}{bed}; {said['skin']}; {said['pain']}."
    return capital(text)


def _lost(outcome: PlanOutcome, who: int, week: int, kind: Kind) -> bool:
    """Whether a graft has left more than half of the open wound uncovered a week later."""
    if kind.kind != "graft" or week + 1 >= outcome.days.size:
        return False
    before, after = outcome.values["wound_area"][who, week : week + 2]
    return bool(before >= SEEN and after > before / 2)


def _done(outcome: PlanOutcome, who: int, week: int) -> str:
    """What begins in a week, and why this version could not have it; then what ends."""
    begun, ended = [], []
    for action in outcome.plan.actions:
        kind, first = find(action.action), begins(action) / 24.0
        if int(first // WEEK_DAYS) == week:
            refused = [r for r in outcome.refused if r.action == kind.name and r.day == first and who in r.who]
            reasons = "; ".join(dict.fromkeys(r.reason for r in refused))
            told = (
                f" not done ({reasons})"
                if reasons
                else " (it does not take)"
                if _lost(outcome, who, week, kind)
                else ""
            )
            begun.append(f"{kind.name}{told}")
        elif action.stop is not None and kind.kind == "course" and int(action.until_h / 24.0 // WEEK_DAYS) == week:
            ended.append(f"end of {kind.name}")
    return listed(begun + ended)

"""What each rival structure of the disease says of every plan, and whether they order the plans alike."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from livedo.report.intervals import interval, of_members
from livedo.tracking.outcomes import quantities
from livedo.wording import capital, carried

if TYPE_CHECKING:
    from livedo.tracking.comparison import Comparison, PlanOutcome

#: Structure -> its words.
WORDS = {
    "calcification": "Calcification first: mineral narrows, clots follow",
    "thrombosis": "Thrombosis first: clots, then mineral in them",
    "intimal": "Intima first: inflammation narrows, mineral follows",
}
#: Quantities shown, without a lesion and with one.
WITHOUT, WITH = ("lesion_rate",), ("wound_last", "pain_mean", "alive_last")
#: Fewer members than this of one structure tell nothing of it.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Rival:
    """One quantity under one structure: median and 90% interval under each plan, and each plan's rank."""

    structure: str
    members: int
    quantity: str
    cells: tuple[tuple[str, str], ...]
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rivals:
    """The rows, and one sentence on the order of plans for each quantity (none for a single plan)."""

    rows: tuple[Rival, ...]
    said: tuple[str, ...]


def rivals(comparison: Comparison) -> Rivals:
    """Rows for every structure with enough members; none where members carry no structure."""
    shown = {q.key: q for q in quantities()}
    structures = np.array(comparison.structures)
    rows: list[Rival] = []
    said: list[str] = []
    for key in WITH if comparison.lesion else WITHOUT:
        found = []
        for structure, words in WORDS.items():
            mine = np.flatnonzero(structures == structure)
            if len(mine) < FEWEST or any(key not in o.summary for o in comparison.outcomes):
                continue
            told = [interval(of_members(outcome, key)[mine]) for outcome in comparison.outcomes]
            places = shown[key].decimals
            cells = tuple(
                (carried(t.median, places), f"{carried(t.low, places)} to {carried(t.high, places)}") for t in told
            )
            unit = f", {shown[key].unit}" if shown[key].unit else ""
            order = _order(comparison.outcomes, key, mine)
            found.append(Rival(words, len(mine), shown[key].label + unit, cells, order))
        if len(found) > 1 and len(comparison.outcomes) > 1:
            alike = len({row.order for row in found}) == 1
            said.append(
                f"{capital(found[0].quantity)}: the structures order the plans "
                + ("alike." if alike else "differently: what differs between plans hangs on how the disease works.")
            )
        rows += found
    return Rivals(tuple(rows), tuple(said))


def _order(outcomes: tuple[PlanOutcome, ...], key: str, mine: np.ndarray) -> tuple[int, ...]:
    """Rank of each plan by the mean over members, least first; plans that differ by less than twice its error share a rank."""
    values = np.stack([of_members(outcome, key)[mine] for outcome in outcomes])
    means = np.nanmean(values, axis=1)
    rank = [0] * len(outcomes)
    by = np.argsort(means, kind="stable")
    for before, after in pairwise(by):
        differ = values[after] - values[before]
        error = np.nanstd(differ) / np.sqrt(max(1, np.isfinite(differ).sum()))
        rank[after] = rank[before] + int(np.nanmean(differ) > 2 * error)
    return tuple(rank)

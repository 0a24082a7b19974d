"""What a comparison of plans on one patient holds: the members, what each plan did to them, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from livedo.care import Plan
    from livedo.records.chart import Chart


@dataclass(frozen=True)
class Agreement:
    """How the members' simulated labs compare with a charted analyte.

    ``charted`` is the median of ``count`` usable values (NaN and 0 if it was never charted), ``low`` and ``high`` the 5th and
    95th percentile of the members, all in the canonical unit. ``used`` says whether the estimate used it.
    """

    analyte: str
    unit: str
    count: int
    charted: float
    member_median: float
    low: float
    high: float
    used: bool


@dataclass(frozen=True)
class Refused:
    """An action that some members could not have when it was due: which of ``of``, on ``day`` at ``site``, and why."""

    action: str
    site: str
    day: float
    reason: str
    who: tuple[int, ...]
    of: int

    @property
    def members(self) -> int:
        """How many they are."""
        return len(self.who)


@dataclass(frozen=True)
class PlanOutcome:
    """One plan on all members.

    Attributes
    ----------
    plan:
        The plan.
    days:
        Sample times in days from the start of the plan, shape (samples,).
    values:
        Observable -> shape (members, samples), canonical units: ``P``, ``Ca_total``, ``Ca_ionised``, ``PTH``, ``ALP``,
        ``calcitriol``, ``weight`` before the midweek session of each week; and what ``livedo.tracking.disease`` reads of vessels,
        skin, wound and survival.
    summary:
        Quantity (a key of ``quantities.csv``) -> shape (members,).
    warnings:
        Sentences about this plan that every reader should see.
    failures:
        Member -> reason.
    refused:
        Actions that could not be carried out.
    """

    plan: Plan
    days: np.ndarray
    values: Mapping[str, np.ndarray]
    summary: Mapping[str, np.ndarray]
    warnings: tuple[str, ...]
    failures: Mapping[int, str]
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Several plans on the same members of one patient.

    Attributes
    ----------
    chart:
        The record.
    traits:
        Trait -> shape (members,), as estimated.
    prior_traits:
        The same members before the labs were looked at.
    agreement:
        One entry for each analyte the body can show.
    outcomes:
        In the order the plans were given.
    assumptions:
        What was assumed, one sentence each.
    provenance:
        Version, seed, model hash, inputs with their hashes, command, time.
    lesion:
        Site of a lesion that is there when the plans start, None for whole skin.
    lesion_week:
        Week of the plans in which it begins instead, 0 for one that is there.
    structures:
        Of each member the structure of the disease that its accepted set has, shape (members,).
    """

    chart: Chart
    traits: Mapping[str, np.ndarray]
    prior_traits: Mapping[str, np.ndarray]
    agreement: tuple[Agreement, ...]
    outcomes: tuple[PlanOutcome, ...]
    assumptions: tuple[str, ...]
    provenance: Mapping[str, object]
    lesion: str | None = None
    lesion_week: float = 0.0
    structures: tuple[str, ...] = ()

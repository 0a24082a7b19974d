"""Conditions with healthy kidneys: how far each moves vessels towards calcification and clotting."""

from __future__ import annotations

from typing import Any

import numpy as np

from livedo.evidence.context import SEED, WEEK, Context, Group
from livedo.evidence.experiments.small_vessels import begins
from livedo.evidence.result import Result, mean_of
from livedo.patients.conditions import with_conditions

#: Years that a condition is followed, and how many people.
YEARS, PEOPLE = 2.0, 24


def _moved(some: Group, condition: str) -> dict[str, Any]:
    """Parameters that a condition moves, each one value a person."""
    names, people = some.context.kernel.layout.parameters, np.arange(len(some))
    own = {name: some.moment.parameters[:, i] for i, name in enumerate(names)}
    has = {} if condition == "none" else {condition: True}
    given = with_conditions(some.context.body, own, has, SEED, people)
    return {name: value for name, value in given.items() if not np.array_equal(value, own[name])}


def _followed(ctx: Context, condition: str) -> dict[str, np.ndarray]:
    """People in health, without kidney disease, after two years with a condition (``none`` for without any)."""

    def make() -> dict[str, np.ndarray]:
        some = ctx.healthy.chosen(np.arange(PEOPLE))
        begin = some.with_states(**begins(some))
        at = round(YEARS * 52) * WEEK
        run = some.run(at, [0.0, at], start=begin, **_moved(some, condition))
        laid = {"mineral_laid": np.diff(run["arteriolar_mineral"], axis=1)[:, 0]}
        return {name: series[:, 1] for name, series in run.values.items()} | laid

    return ctx.once(("condition", condition), make)


def change(ctx: Context, *, condition: str, read: str) -> Result:
    """After two years with a condition, mean of an observable against the same people without, as a ratio.

    ``read``: an observable, or ``mineral_laid``: mural mineral laid down over the two years.
    """
    ill, well = _followed(ctx, condition), _followed(ctx, "none")
    return mean_of(ill[read] / well[read])

"""Where the labs of a dialysis population lie, as one draw of each person shows them."""

from __future__ import annotations

import numpy as np

from livedo.engine.randomness import normal
from livedo.evidence.context import SEED, Context
from livedo.evidence.experiments.kidney import measured
from livedo.evidence.result import Result, share_of
from livedo.patients import variations

#: Targets of KDOQI 2003: mg/dL, pg/mL, (mg/dL)^2.
KDOQI = {"P": (3.5, 5.5), "Ca": (8.4, 9.5), "PTH": (150.0, 300.0), "Ca x P": (0.0, 55.0)}


def _draws(ctx: Context) -> dict[str, np.ndarray]:
    """One predialysis draw of each person: P, albumin-corrected calcium (mg/dL), PTH (pg/mL), their product."""

    def make() -> dict[str, np.ndarray]:
        group = ctx.dialysis
        row = variations()["albumin"]
        noise = row.single * normal(SEED, "draw/albumin", np.arange(len(group)))
        albumin = group.labs["albumin_plasma"] * (1 + noise) / 10
        drawn = {name: measured(group, symbol) for name, symbol in (("P", "P"), ("Ca", "Ca_total"), ("PTH", "PTH"))}
        drawn["Ca"] = drawn["Ca"] + 0.8 * (4.0 - albumin)
        return {**drawn, "Ca x P": drawn["Ca"] * drawn["P"]}

    return ctx.once("draws", make)


def above(ctx: Context, *, lab: str) -> Result:
    """Share of a dialysis population above the KDOQI range, %."""
    return share_of(_draws(ctx)[lab] > KDOQI[lab][1])


def below(ctx: Context, *, lab: str) -> Result:
    """Share of a dialysis population below the KDOQI range, %."""
    return share_of(_draws(ctx)[lab] < KDOQI[lab][0])

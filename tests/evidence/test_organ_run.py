"""An organ alone goes the way it goes in the whole body."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.evidence import Context
from livedo.evidence.experiments.organ_run import fed, organ_kernel, run_organ
from livedo.evidence.experiments.small_vessels import READ, YEAR, begins, vintages


@pytest.fixture(scope="module")
def ctx() -> Context:
    return Context(quick=True)


def test_arterioles_alone_follow_those_of_the_whole_body(ctx: Context) -> None:
    group, years = ctx.reference, 2.0
    start = begins(group, arteriole_tendency=3.0)
    whole = group.run(years * YEAR, [years * YEAR], start=group.with_states(**start), arteriole_tendency=3.0)
    kernel = organ_kernel(ctx, "arterioles", READ)
    values = fed(ctx, group, kernel) | {"arteriole_tendency": np.array([3.0])}
    alone = run_organ(kernel, values, np.array([[years * YEAR]]), 1)
    for name in ("arteriolar_mineral", "intimal_loss", "thrombosed_share", "calcium_seen"):
        # bone gives up some of its calcium in these years, which what is fed does not know
        assert alone[name][0, 0] == pytest.approx(whole[name][0, 0], rel=0.02), name
    assert whole["arteriolar_mineral"][0, 0] > 1.2 * start["mineral_ripe"][0]


def test_vintages_have_the_mean_of_their_law() -> None:
    assert 3.4 < vintages(4000).mean() < 4.0
    assert vintages(10).tolist() == vintages(20)[:10].tolist()

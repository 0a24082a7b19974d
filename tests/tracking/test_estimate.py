"""The ensemble estimate: right where the answer is known, unmoved by what was never measured."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.engine.trajectory import Moment
from livedo.patients import Prior
from livedo.patients.sampling import Trait
from livedo.tracking.estimate import Settled, estimate
from livedo.tracking.labs import Level

PRIOR = Prior(tuple(Trait(n, "normal", c, s) for n, c, s in (("a", 1.0, 0.5), ("b", 2.0, 0.5))), {})


def settle(scores):
    """A body that reads a + b and, never measured, b - a."""
    values = PRIOR.values(scores)
    readings = {"sum": values["a"] + values["b"], "difference": values["b"] - values["a"]}
    return Settled(Moment(0.0, *(np.zeros((len(values["a"]), 1)),) * 3), readings)


def level(name, value, count, sd=0.02):
    return Level(name, name, value, count, sd, False, "")


def test_a_linear_gaussian_posterior_is_found():
    """Prior a + b ~ N(3, 0.5); one reading of 3.6 with SD 0.072: the posterior is known in closed form."""
    found = estimate(
        PRIOR, [level("sum", 3.6, 5), level("difference", np.nan, 0)], settle, moved=PRIOR.names, members=2000, seed=1
    )
    data, prior = (0.02 * 3.6) ** 2, 0.5
    mean, variance = 3.0 + 0.6 * prior / (prior + data), 1 / (1 / prior + 1 / data)
    total = found.settled.readings["sum"]
    assert total.mean() == pytest.approx(mean, abs=0.02)
    assert total.std() == pytest.approx(variance**0.5, rel=0.15)
    difference = found.settled.readings["difference"]
    assert difference.mean() == pytest.approx(1.0, abs=0.06)
    assert difference.std() == pytest.approx(0.5**0.5, rel=0.1)


def test_without_labs_the_members_are_the_prior():
    found = estimate(PRIOR, [level("sum", np.nan, 0)], settle, moved=PRIOR.names, members=64, seed=1)
    assert np.array_equal(found.scores, found.prior_scores)


def test_the_same_seed_gives_the_same_members():
    first, second = (
        estimate(PRIOR, [level("sum", 3.3, 4)], settle, moved=PRIOR.names, members=32, seed=9) for _ in range(2)
    )
    assert np.array_equal(first.scores, second.scores)


def test_a_trait_that_labs_do_not_depend_on_keeps_its_draws():
    found = estimate(PRIOR, [level("sum", 4.5, 5)], settle, moved={"a"}, members=16, seed=1)
    assert np.array_equal(found.scores[:, 1], found.prior_scores[:, 1])
    assert (found.scores[:, 0] > found.prior_scores[:, 0]).mean() > 0.8

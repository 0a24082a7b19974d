"""Draws depend on who and what for, and are what they claim to be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from livedo.engine.randomness import normal, philox, uniform

words = st.integers(0, 2**64 - 1)


@given(st.lists(words, min_size=4, max_size=4), st.lists(words, min_size=2, max_size=2))
def test_philox_is_numpys_philox(counter, key):
    before = (sum(c << (64 * i) for i, c in enumerate(counter)) - 1) % 2**256
    start = [(before >> (64 * i)) % 2**64 for i in range(4)]
    reference = np.random.Philox(counter=np.array(start, dtype=np.uint64), key=np.array(key, dtype=np.uint64))
    expected = reference.random_raw(4)
    ours = philox(np.array([counter], dtype=np.uint64), np.array(key, dtype=np.uint64))
    assert np.array_equal(ours[0], expected)


def test_a_draw_does_not_depend_on_the_others():
    who = np.arange(1000)
    all_ = uniform(7, "clock", who, 3)
    assert np.array_equal(all_[500:510], uniform(7, "clock", who[500:510], 3))
    assert uniform(7, "clock", np.array([42]), 3)[0] == all_[42]


def test_seed_purpose_occasion_and_patient_all_matter():
    base = uniform(1, "a", np.arange(50), 0)
    for other in (
        uniform(2, "a", np.arange(50), 0),
        uniform(1, "b", np.arange(50), 0),
        uniform(1, "a", np.arange(50), 1),
    ):
        assert not np.any(other == base)


def test_large_samples_are_uniform_and_independent():
    draws = uniform(1, "large", np.arange(200_000), 0, count=2)
    assert stats.kstest(draws[:, 0], "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.01
    z = normal(1, "z", np.arange(200_000))
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01

"""Statistics of experiments, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.evidence.result import (
    NotSimulated,
    Result,
    balanced,
    effective,
    mean_of,
    median_of,
    quantile_of,
    share_of,
)

DRAWN = np.random.default_rng(3).normal(10.0, 2.0, 4000)


def test_mean_has_the_standard_error_of_a_mean() -> None:
    found = mean_of(DRAWN)
    assert found.value == pytest.approx(DRAWN.mean())
    assert found.error == pytest.approx(DRAWN.std() / np.sqrt(len(DRAWN)), rel=1e-6)


def test_median_has_the_standard_error_of_a_median() -> None:
    found = median_of(DRAWN)
    assert found.value == pytest.approx(np.median(DRAWN), abs=0.01)
    assert found.error == pytest.approx(1.2533 * 2.0 / np.sqrt(len(DRAWN)), rel=0.2)


def test_quantile_is_that_of_the_values() -> None:
    assert quantile_of(DRAWN, 0.9).value == pytest.approx(np.quantile(DRAWN, 0.9), abs=0.02)


def test_share_is_in_percent_and_never_certain() -> None:
    found = share_of(DRAWN > 10.0)
    assert found.value == pytest.approx(50.0, abs=3.0)
    assert found.error == pytest.approx(50 / np.sqrt(len(DRAWN)), rel=0.05)
    assert share_of(np.zeros(100)).error > 0


def test_people_without_a_value_are_left_out() -> None:
    assert mean_of(np.append(DRAWN, np.nan)).value == pytest.approx(DRAWN.mean())


def test_too_few_people_give_no_value() -> None:
    with pytest.raises(NotSimulated, match="too few"):
        mean_of(DRAWN[:3])


def test_weights_count_people() -> None:
    weights = np.where(DRAWN > 10, 2.0, 1.0)
    assert mean_of(DRAWN, weights).value == pytest.approx(np.average(DRAWN, weights=weights))
    assert effective(np.ones(7)) == pytest.approx(7)


@pytest.mark.parametrize("target", [8.5, 10.0, 12.0])
def test_balanced_weights_have_the_mean_asked_for(target: float) -> None:
    weights = balanced(DRAWN, target)
    assert weights @ DRAWN == pytest.approx(target, abs=1e-4)
    assert np.all(weights > 0)
    assert weights.sum() == pytest.approx(1)


def test_balanced_weights_hold_several_means_at_once() -> None:
    other = np.random.default_rng(4).normal(0, 1, len(DRAWN)) + 0.3 * DRAWN
    weights = balanced(np.stack([DRAWN, other], axis=1), np.array([11.0, 3.0]))
    assert weights @ DRAWN == pytest.approx(11.0, abs=1e-3)
    assert weights @ other == pytest.approx(3.0, abs=1e-3)


def test_mean_beyond_all_people_gives_no_weights() -> None:
    with pytest.raises(NotSimulated, match="at baseline"):
        balanced(DRAWN, 30.0)


def test_unit_scales_value_and_error() -> None:
    assert Result(2.0, 0.5).scaled(-10.0) == Result(-20.0, 5.0)

"""Powers and logarithms of the lanes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedo.engine import functions
from livedo.engine.lanes import WIDTH, NumpyMachine

numbers = st.lists(st.floats(-990, 990), min_size=WIDTH, max_size=WIDTH)
positive = st.lists(st.floats(1e-300, 1e300), min_size=WIDTH, max_size=WIDTH)


@given(numbers)
def test_powers_of_two_agree_with_numpy(values):
    x = np.array(values)
    assert np.all(np.abs(functions.exp2(NumpyMachine(), x) / np.exp2(x) - 1) < 2e-12)


@given(positive)
def test_logarithms_agree_with_numpy(values):
    x = np.array(values)
    assert np.all(np.abs(functions.log2(NumpyMachine(), x) - np.log2(x)) < 1e-13 * np.maximum(1, np.abs(np.log2(x))))


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_the_logarithm_of_what_is_not_positive_is_nan():
    assert np.all(np.isnan(functions.log2(NumpyMachine(), np.array([0.0, -1.0]))))

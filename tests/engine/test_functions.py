"""exp and log of the lanes, as NumPy text and as machine code."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livedo.engine import functions
from livedo.engine.lanes import WIDTH, NumpyMachine

numbers = st.lists(st.floats(-690, 690), min_size=WIDTH, max_size=WIDTH)
positive = st.lists(st.floats(1e-300, 1e300), min_size=WIDTH, max_size=WIDTH)


@given(numbers)
def test_exp_agrees_with_numpy(values):
    x = np.array(values)
    assert np.all(np.abs(functions.exp(NumpyMachine(), x) / np.exp(x) - 1) < 5e-14 * (1 + np.abs(x) / 100))


@given(positive)
def test_log_agrees_with_numpy(values):
    x = np.array(values)
    assert np.all(np.abs(functions.log(NumpyMachine(), x) - np.log(x)) < 5e-14 * np.maximum(1, np.abs(np.log(x))))


def test_log_of_what_is_not_positive_is_nan():
    assert np.all(np.isnan(functions.log(NumpyMachine(), np.array([0.0, -1.0]))))

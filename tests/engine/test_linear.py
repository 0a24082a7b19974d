"""The unrolled sparse factorisation solves what NumPy solves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livedo.engine.linear import factorise, plan, substitute


@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.floats(0.0, 0.6))
def test_sparse_systems_are_solved(size, seed, density):
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((size, size)) < density, rng.normal(size=(size, size)), 0.0)
    matrix[np.diag_indices(size)] = size + rng.random(size)
    pattern = {(int(i), int(j)) for i, j in zip(*np.nonzero(matrix), strict=True)}
    elimination = plan(size, pattern)
    factor = factorise(elimination, {(i, j): matrix[i, j] for i, j in pattern})
    b = rng.normal(size=size)
    x = substitute(elimination, factor, b)
    assert np.allclose([x[i] for i in range(size)], np.linalg.solve(matrix, b))


def test_an_arrow_matrix_fills_nothing():
    size = 30
    arrow = {(i, i) for i in range(size)} | {(0, i) for i in range(size)} | {(i, 0) for i in range(size)}
    assert len(plan(size, arrow).slots) == len(arrow)

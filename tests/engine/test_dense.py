"""Dense output joins the ends of a step and is of the order that is claimed, for every method."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.engine import compile_model, load, simulate
from livedo.engine.tableaus import METHODS

DECAY = "model decay() x = 1; z = 0; x' = -x; z' = x * x - 0.3 * z; end"


@pytest.mark.parametrize("method", METHODS)
def test_dense_output_converges_with_the_step(method, tmp_path):
    path = tmp_path / "decay.ant"
    path.write_text(DECAY)
    kernel = compile_model(load(path, units="ignore"), ("x", "z"), method)
    errors = []
    for step in (0.4, 0.2):
        times = np.linspace(0.0, 4.0, 401)
        run = simulate(kernel, until=4.0, times=times, tolerance=10.0, longest_step=step)
        errors.append(np.max(np.abs(run["x"][0] - np.exp(-times))))
    order = np.log2(errors[0] / errors[1])
    assert order > METHODS[method].order - 1.3
    assert errors[1] < 2e-4

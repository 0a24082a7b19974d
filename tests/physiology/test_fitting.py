"""The fit that calibrations share, on readings whose answer is known."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest


@pytest.fixture(scope="module")
def fitting(root):
    spec = importlib.util.spec_from_file_location("fitting", root / "calibration/fitting.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["fitting"] = module
    spec.loader.exec_module(module)
    return module


def product(sets):
    return {"product": sets["a"] * sets["b"]}


@pytest.mark.parametrize("central", [False, True])
def test_prior_and_figure_share_the_difference_by_their_precision(fitting, central):
    """ln a and ln b have SD 1 about 0, the figure wants ln(ab) = 2 with SD 1: each takes a third of it."""
    figures = [fitting.Figure("product", np.exp(2.0), 1.0, "X1", log=True)]
    found = fitting.fit({"a": (1.0, 1.0), "b": (1.0, 1.0)}, figures, product, central=central)
    assert np.log([found.values["a"], found.values["b"]]) == pytest.approx([2 / 3, 2 / 3], abs=2e-3)


def test_fit_keeps_the_best_point_it_saw(fitting):
    figures = [fitting.Figure("rough", 1.0, 0.01, "X1")]

    def rough(sets):
        return {"rough": np.where(np.abs(sets["a"] - 1.0) < 1e-6, 1.0, 50.0)}

    found = fitting.fit({"a": (1.0, 1.0)}, figures, rough)
    assert found.values["a"] == 1.0

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


def test_record_names_the_figures_that_say_most_of_a_parameter(fitting):
    figures = [fitting.Figure("a", 2.0, 0.5, "X1"), fitting.Figure("both", 2.0, 0.1, "X2")]
    priors = {"a": (1.0, 1.0), "b": (1.0, 1.0)}

    def read(sets):
        return {"a": sets["a"], "both": sets["a"] * sets["b"]}

    kept = fitting.described(priors, figures, fitting.fit(priors, figures, read))
    assert kept["set_by"] == {"a": ["X2 (both)"], "b": ["X2 (both)"]}
    assert all(0 < share < 1 for share in kept["posterior_over_prior_spread"].values())
    assert kept["parameters"]["a"]["prior"] == 1.0


def test_a_run_takes_the_place_of_an_earlier_one_in_the_table(fitting, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "PHYSIOLOGY", tmp_path)
    rows = [
        {"name": "a", "value": "1", "source": "A 2001; calibration/x.py run 1, most by X1", "status": "calibrated"},
        {"name": "b", "value": "1", "source": "B 2002", "status": "assumed"},
    ]
    fitting.write_rows(tmp_path / "parameters.csv", rows)
    fitting.write_values({"a": 2.34567}, "calibration/x.py run 2", told={"a": "most by X2"})
    first, second = fitting.read_rows(tmp_path / "parameters.csv")
    assert first["value"] == "2.346"
    assert first["source"] == "A 2001; calibration/x.py run 2, most by X2"
    assert second == rows[1]

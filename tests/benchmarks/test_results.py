"""Tuning chooses at equal error; tables and figures come from results.json alone."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import figure, page, results
from benchmarks.tuning import tune


def solver(tolerance_of_error=3.0, rate_power=0.2):
    """A pretended solver: error three times the tolerance, and the time it takes grows as that shrinks."""

    def run(work, tolerance, variant):
        return np.full((work.patients, 4, 1), 1.0 + tolerance_of_error * tolerance)

    return run


@pytest.mark.parametrize("quick", [True, False])
def test_tuning_ends_just_below_the_limit(quick):
    work = SimpleNamespace(patients=2)
    best, points = tune(solver(), work, np.ones((2, 4, 1)), 1e-4, quick=quick)
    assert best is not None
    assert best.error <= 1e-4
    assert max(p.error for p in points if p.error <= 1e-4) > 0.4e-4


def test_a_solver_that_never_passes_is_said_to_fail():
    work = SimpleNamespace(patients=1)
    best, points = tune(lambda w, t, v: np.full((1, 4, 1), np.nan), work, np.ones((1, 4, 1)), 1e-4, quick=True)
    assert best is None
    assert points


def entry(task="T2-body"):
    point = {"tolerance": 1e-4, "variant": "", "error": 8e-5, "rate": 500.0, "wall_rate": 490.0, "patients": 10}
    measured = {
        "patient_years_per_second_per_core": 500.0,
        "achieved_error": 8e-5,
        "settings": {"tolerance": 1e-4, "variant": "RODAS5P"},
        "patients_run": 10,
        "compile_seconds": 1.0,
        "work_precision": [point, point | {"error": 1e-6, "rate": 200.0}],
    }
    slow = measured | {"name": "Slow", "version": "2", "note": "a peer", "ours": False}
    slow |= {"patient_years_per_second_per_core": 10.0, "settings": {"tolerance": 1e-5, "variant": "stiff"}}
    broken = {"name": "Broken", "version": "1", "note": "a peer", "ours": False, "failed": "out of memory"}
    broken |= {"patient_years_per_second_per_core": None, "achieved_error": None, "settings": {}}
    return {
        "task": task,
        "limit": 1e-3,
        "livedo": measured | {"version": "0.1"},
        "peers": [broken, slow],
        "ratio_to_best_peer": 50.0,
        "reference": {"solvers": ["A", "B"], "tolerance": 1e-11, "patients": 10, "largest_difference": 1e-9},
        "states": 33,
        "switches_per_year": 312,
        "readings_per_year": 156,
        "patients": 1000,
        "seed": 1,
        "quick": False,
    }


def test_a_later_measurement_takes_the_place_of_the_earlier_one(tmp_path):
    path = tmp_path / "results.json"
    results.write(path, entry() | {"seed": 1})
    results.write(path, entry("T2-peterson-riggs"))
    results.write(path, entry() | {"seed": 2})
    found = results.read(path)
    assert [(e["task"], e["seed"]) for e in found] == [("T2-peterson-riggs", 1), ("T2-body", 2)]
    assert found[0]["machine"]["cores"] >= 1
    assert {"python", "livedo", "numpy"} <= set(found[0]["versions"])


def test_the_table_ranks_peers_and_shows_what_failed(tmp_path):
    path = tmp_path / "results.json"
    results.write(path, entry())
    text = page.tables(results.read(path))
    assert "| **Livedo** | 0.1 | 500 | 8.0e-05 | 1.0e-04, RODAS5P | 10 | 1.0 |  |" in text
    assert "| Slow | 2 | 10.0 | 8.0e-05 | 1.0e-05, stiff | 10 | 1.0 | 50.0 x |" in text
    assert "| Broken | 1 | out of memory |" in text
    assert text.index("Slow") < text.index("Broken")


def test_the_figure_is_well_formed_and_names_every_solver():
    text = figure.work_precision(entry())
    ElementTree.fromstring(text)
    assert "Livedo" in text
    assert "Slow" in text
    assert "Broken" not in text


def test_a_frontier_leaves_out_settings_that_lose_in_both():
    points = [{"error": e, "rate": r} for e, r in ((1e-6, 5.0), (1e-5, 4.0), (1e-4, 9.0), (np.inf, 99.0))]
    assert figure.frontier(points) == [(1e-6, 5.0), (1e-4, 9.0)]


def test_the_kept_page_is_what_results_json_gives():
    text = page.PAGE.read_text(encoding="utf-8")
    shown = text.split(page.BEGIN)[1].split(page.END)[0].strip()
    assert shown == page.tables(results.read(results.KEPT)).strip()

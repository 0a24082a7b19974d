"""One organ text at several places: own states and numbers at each, the rest shared, sums read from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from livedo.engine import Places, Value, at_place, compile_model, load, simulate
from livedo.errors import InputError

UNITS = "unit time_unit = 3600 second; unit per_h = 1 / (3600 second); compartment body; body = 1; body has litre;"
PUMP = "model pump()\n  drive has per_h; drive := 0.1 per_h * push; push has dimensionless;\nend"
POOL = """model pool()
  drive has per_h; loss has per_h;
  level has dimensionless; level = 1; level' = drive - loss * level;
  outflow has per_h; outflow := loss * level;
end"""
GAUGE = "model gauge()\n  outflow has per_h; total has dimensionless; total = 0; total' = outflow;\nend"
PLACES = Places(("left", "right"), frozenset({"pool"}), frozenset({"loss"}))
VALUES = {"push": Value(1.0, "dimensionless"), "loss_left": Value(0.1, "per_h"), "loss_right": Value(0.4, "per_h")}


def body(folder: Path, *texts: str, places: Places = PLACES, values=VALUES):
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"organ{number}.ant")
        paths[-1].write_text(text)
    return load(paths, values=values, preamble=UNITS, places=places, name="test")


def test_each_place_has_its_own_state_and_number_and_shares_the_rest(tmp_path: Path):
    model = body(tmp_path, PUMP, POOL, GAUGE)
    assert set(model.states) == {"level_left", "level_right", "total"}
    assert model.rates["level_left"].symbols() == {"drive", "loss_left", "level_left"}
    assert {model.owner[s] for s in ("level_left", "level_right", "outflow")} == {"pool"}


def test_a_place_runs_as_the_organ_would_alone(tmp_path: Path):
    both = compile_model(body(tmp_path, PUMP, POOL, GAUGE), ("level_left", "level_right"))
    run = simulate(both, until=20.0, times=[20.0], tolerance=1e-8)
    for place, loss in (("left", 0.1), ("right", 0.4)):
        settled = 0.1 / loss
        exact = settled + (1 - settled) * np.exp(-loss * 20.0)
        assert run[at_place("level", place)][0, 0] == pytest.approx(exact, rel=1e-6)


def test_the_plain_name_read_from_outside_is_the_sum_over_places(tmp_path: Path):
    kernel = compile_model(body(tmp_path, PUMP, POOL, GAUGE), ("outflow", "outflow_left", "outflow_right"))
    run = simulate(kernel, until=3.0, times=[0.0, 3.0])
    assert run["outflow"] == pytest.approx(run["outflow_left"] + run["outflow_right"], rel=1e-12)
    assert run["outflow"][0, 0] == pytest.approx(0.5)


def test_an_organ_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no such organ"):
        body(tmp_path, PUMP, POOL, places=Places(("left",), frozenset({"poole"}), frozenset()))


def test_a_name_that_is_taken_at_a_place_is_refused(tmp_path: Path):
    taken = "model other()\n  level_left has dimensionless; level_left = 2;\nend"
    with pytest.raises(InputError, match="name of another at a place"):
        body(tmp_path, PUMP, POOL, taken)


def test_a_place_without_its_number_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="'loss_right', which nobody owns"):
        body(tmp_path, PUMP, POOL, values={k: v for k, v in VALUES.items() if k != "loss_right"})


def test_a_reaction_at_a_place_may_not_change_what_all_share(tmp_path: Path):
    shared = "model blood()\n  substanceOnly species Ca in body; Ca has mole; Ca = 1 mole;\nend"
    leak = "model pool()\n  substanceOnly species Ca in body; Ca has mole; leak: Ca => ; 0.1 per_h * Ca;\nend"
    with pytest.raises(InputError, match="changes what all share"):
        body(tmp_path, shared, leak, places=Places(("left",), frozenset({"pool"}), frozenset()), values={})


def test_without_places_a_model_is_the_same(tmp_path: Path):
    plain = {"push": Value(1.0, "dimensionless"), "loss": Value(0.1, "per_h")}
    first = body(tmp_path, PUMP, POOL, GAUGE, places=Places(), values=plain)
    assert set(first.states) == {"level", "total"}

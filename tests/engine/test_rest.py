"""States that only events move: hoisted with the parameters, and seen by everything that reads them."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.engine import Schedule, compile_model, load, simulate
from livedo.engine.system import assemble

TEXT = """model half()
  lost = 0; x = 1; k = 0.3; held = 0;
  lost' = 0;
  left := 1 - lost;
  x' = -k * left * left * x;
end
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "half.ant"
    path.write_text(TEXT)
    return load(path, units="ignore")


def test_a_state_that_rests_has_no_place_in_the_factors(model):
    system = assemble(model)
    assert system.states == ("x", "lost")
    assert system.moving == 1
    assert set(system.jacobian) == {(0, 0)}


def test_an_event_that_moves_it_changes_rates_observables_and_what_is_held(model):
    kernel = compile_model(model, ("left", "x"))
    schedule = Schedule().reset("lost", 0.5, at=2.0).hold("held", "left", at=2.0)
    run = simulate(kernel, until=5.0, times=[1.0, 2.0, 3.0, 5.0], schedule=schedule, tolerance=1e-9)
    assert np.allclose(run["left"][0], [1.0, 1.0, 0.5, 0.5])
    assert np.allclose(run["x"][0], np.exp([-0.3, -0.6, -0.6 - 0.075, -0.6 - 0.225]), rtol=1e-7)
    assert run.final_state("lost")[0] == 0.5
    assert run.final.parameters[0, kernel.layout.parameters.index("held")] == 0.5


def test_nothing_but_rest_is_carried_along(tmp_path):
    path = tmp_path / "still.ant"
    path.write_text("model still() a = 2; a' = 0; b := 3 * a; end")
    kernel = compile_model(load(path, units="ignore"), ("a", "b"))
    run = simulate(kernel, until=10.0, times=[0.0, 10.0], schedule=Schedule().bolus("a", 1.0, at=5.0))
    assert np.allclose(run["b"][0], [6.0, 9.0])

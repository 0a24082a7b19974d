"""The weekly fixed point repeats itself, and says how well."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import haemodialysis, load_body
from livedo.engine import Schedule, StateTraits, compile_model, load, simulate, steady_state

WEEK = 168.0


def test_the_body_repeats_its_week_on_dialysis():
    body = load_body().part_for()
    kernel = body.kernel()
    varied = {"diet_P": np.array([0.9, 1.1, 1.4]), "Ca_dialysate": np.array([1.25, 1.375, 1.5])}
    near = simulate(kernel, until=20 * WEEK, patients=3, parameters=varied, schedule=haemodialysis())
    found = steady_state(body.model, kernel, near.final, haemodialysis())
    assert np.all(found.residual < 1e-6)
    times = [56.0, WEEK + 56.0, 12 * WEEK + 56.0]
    run = simulate(kernel, until=13 * WEEK, start=found.moment, schedule=haemodialysis(), times=times, tolerance=1e-8)
    for name in ("P", "PTH", "calcitriol"):
        assert np.allclose(run[name][:, 0], run[name][:, 1], rtol=5e-3), name
        # Deep bone is no part of the steady state; what it gives or takes in weeks moves the labs a little.
        assert np.allclose(run[name][:, 0], run[name][:, 2], rtol=0.05), name


def test_a_conserved_total_keeps_its_value(tmp_path):
    path = tmp_path / "pair.ant"
    path.write_text(
        "model pair() compartment body; body = 1; substanceOnly species A in body, B in body; A = 4; B = 2;"
        "k = 0.01; on = 0; move: A -> B; on * k * A; back: B -> A; k * B; end"
    )
    traits = {"A": StateTraits(scale=3.0, nonnegative=True), "B": StateTraits(scale=3.0, nonnegative=True)}
    model = load(path, traits=traits, units="ignore")
    kernel = compile_model(model)
    start = simulate(kernel, until=1.0)
    weekly = Schedule().session({"on": 1.0}, {"on": 0.0}, at=[10.0], hours=100.0)
    found = steady_state(model, kernel, start.final, weekly)
    assert found.residual[0] < 1e-6
    assert found.moment.states[0].sum() == pytest.approx(6.0, rel=1e-9)


def test_deep_stores_are_held_and_not_equilibrated():
    body = load_body().part_for()
    kernel = body.kernel()
    near = simulate(kernel, until=10 * WEEK, schedule=haemodialysis())
    found = steady_state(body.model, kernel, near.final, haemodialysis())
    deep = kernel.layout.states.index("Ca_bone")
    assert found.moment.states[0, deep] == near.final.states[0, deep]

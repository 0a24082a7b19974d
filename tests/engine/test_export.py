"""The exported SBML is accepted by libSBML and run by libRoadRunner to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import load_body
from livedo.engine import compile_model, load, simulate
from livedo.engine.export import organ_of, to_antimony, to_sbml
from livedo.errors import InputError


def models(root):
    body = load_body()
    return {"body": body.model, "peterson-riggs": load(root / "examples/models/peterson_riggs_2010.ant")}


@pytest.mark.parametrize("name", ["body", "peterson-riggs"])
def test_libroadrunner_agrees_between_switches(name, root):
    roadrunner = pytest.importorskip("roadrunner")
    model = models(root)[name]
    kernel = compile_model(model, model.states)
    rr = roadrunner.RoadRunner(to_sbml(model))
    rr.integrator.relative_tolerance, rr.integrator.absolute_tolerance = 1e-12, 1e-14
    rr.timeCourseSelections = ["time", *model.states]
    change = {"hd": 1.0, "Quf": 0.5} if name == "body" else {"I_Ca": 2.0}
    state = None
    for begin, end, inputs in (
        (0.0, 8.0, {}),
        (8.0, 12.0, change),
        (12.0, 60.0, {k: model.parameters[k] for k in change}),
    ):
        times = np.linspace(begin, end, 25)
        for key, value in inputs.items():
            rr[key] = value
        expected = np.asarray(rr.simulate(begin, end, 25))
        run = simulate(kernel, begin=begin, until=end, times=times, parameters=inputs, tolerance=1e-11, start=state)
        state = run.final
        for i, symbol in enumerate(model.states):
            scale = max(np.max(np.abs(expected[:, i + 1])), 1e-6)
            assert np.max(np.abs(run[symbol][0] - expected[:, i + 1])) < 1e-6 * scale, symbol


def test_each_organ_exports_alone():
    model = load_body().model
    for organ in sorted(set(model.owner.values())):
        assert to_sbml(organ_of(model, organ)).startswith("<?xml")


def test_slow_states_of_an_organ_alone_are_held_to_the_tolerance():
    kernel = compile_model(organ_of(load_body().model, "arterioles"))
    hard = {"thrombosis_rate": 1e-4, "intima_growth": 7e-5, "arteriole_place": 5.0, "arteriolar_mineral_start": 0.1}
    coarse, fine = (simulate(kernel, until=8766.0, parameters=hard, times=[8766.0], tolerance=t) for t in (1e-3, 1e-9))
    for state in ("intimal_loss", "thrombosed_share", "arteriolar_mineral"):
        assert coarse[state][0, 0] == pytest.approx(fine[state][0, 0], rel=5e-3), state


def test_an_unknown_organ_is_refused():
    with pytest.raises(InputError, match="no such organ"):
        organ_of(load_body().model, "spleen")


def test_antimony_reads_back_to_the_same_derivatives(tmp_path):
    model = load_body().model
    path = tmp_path / "body.ant"
    path.write_text(to_antimony(model))
    again = load(path, units="ignore")
    first = simulate(compile_model(model, model.states), until=100.0)
    second = simulate(compile_model(again, again.states), until=100.0)
    for state in model.states:
        assert second.final_state(state)[0] == pytest.approx(first.final_state(state)[0], rel=1e-4, abs=1e-6), state

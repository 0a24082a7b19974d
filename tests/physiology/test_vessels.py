"""Laws of the vessel chain: what raises and slows mineral, what bounds its states, and that plasma does not hang on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livedo.body import OBSERVABLES, haemodialysis, load_body
from livedo.engine import simulate

WEEK = 168.0
YEAR = 52 * WEEK
VESSELS = (
    *("wall_propensity", "medial_mineral", "coronary_root", "mineral_young", "mineral_ripe"),
    *("intimal_loss", "thrombosed_share", "interstitial_mineral"),
)
READ = (
    *("arteriolar_mineral", "calcification_propensity", "T50", "brushite_saturation", "apatite_saturation", "pH"),
    *("lumen", "narrowing", "breast_artery_calcium", "pulse_wave_velocity", "calcium_seen", "thrombosis_hazard"),
)
STRUCTURES = ("structure_calcification", "structure_thrombosis", "structure_intimal")


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module")
def kernel(body):
    return body.kernel((*OBSERVABLES, *VESSELS, *READ))


@pytest.fixture(scope="module")
def settled(kernel):
    """A dialysis patient after a year."""
    return simulate(kernel, until=YEAR, patients=1, schedule=haemodialysis()).final.restarted()


def now(kernel, settled, **states):
    """Observables at once, with some states set to arrays."""
    many = len(next(iter(states.values())))
    start = {name: np.full(many, settled.states[0, i]) for i, name in enumerate(kernel.layout.states)}
    run = simulate(kernel, until=1e-3, patients=many, start=start | states, times=[0.0])
    return {name: values[:, 0] for name, values in run.values.items()}


def after(kernel, settled, years, parameters, many=1):
    return simulate(
        kernel,
        until=years * YEAR,
        start=settled.chosen(np.zeros(many, dtype=int)),
        parameters=parameters,
        schedule=haemodialysis(),
        times=[years * YEAR],
        tolerance=1e-4,
    )


@pytest.mark.parametrize("state", ["P_central", "Ca"])
def test_propensity_and_saturation_rise_with_calcium_and_phosphate(kernel, settled, state):
    level = settled.states[0, kernel.layout.states.index(state)] * np.linspace(0.3, 2.0, 12)
    found = now(kernel, settled, **{state: level})
    for name in ("calcification_propensity", "brushite_saturation", "apatite_saturation"):
        assert np.all(np.diff(found[name]) > 0), name
    assert np.all(np.diff(found["T50"]) < 0)


def test_without_phosphate_there_is_no_propensity(kernel, settled):
    found = now(kernel, settled, P_central=np.array([1e-6, 1e-4]))
    assert np.all(found["calcification_propensity"] < 1e-5)


def test_brushite_saturation_is_one_in_the_plasma_of_health(kernel, settled, body):
    values = body.model.parameters
    level = values["P_ref"] * values["v_P"] * values["dry_weight"]
    first = now(kernel, settled, P_central=np.array([level]), V=np.array([values["V_target"]]))
    ratio = first["Ca_ionised"] / values["Ca_ionised_ref"]
    alkaline = values["brushite_pH_slope"] * (first["pH"] - values["pH_ref"])
    assert first["brushite_saturation"] == pytest.approx(ratio * np.exp(alkaline), rel=1e-9)


@pytest.mark.parametrize(("state", "factor"), [("Mg", 1.5), ("fetuin_A", 1.5), ("PPi", 1.5), ("MGP_odds", 1.5)])
def test_inhibitor_lowers_propensity(kernel, settled, state, factor):
    level = settled.states[0, kernel.layout.states.index(state)] * np.array([1.0, factor])
    found = now(kernel, settled, **{state: level})["calcification_propensity"]
    assert found[1] < found[0]


def test_crystal_inhibition_stops_growth_in_proportion(kernel, settled):
    found = now(kernel, settled, crystal_inhibition=np.array([0.0, 0.5, 1.0]))["calcification_propensity"]
    assert found[1] == pytest.approx(0.5 * found[0], rel=1e-12)
    assert found[2] == 0.0


def test_states_stay_within_their_bounds_for_any_structure_and_tendency(kernel, settled, body):
    extremes = {
        "arteriole_tendency": np.array([1e-3, 1.0, 50.0, 50.0]),
        "thrombosis_tendency": np.array([1e-3, 1.0, 1.0, 200.0]),
        "medial_tendency": np.array([0.0, 1.0, 5.0, 5.0]),
        "CRP": np.array([0.5, 5.0, 50.0, 200.0]),
    }
    for structure in STRUCTURES:
        run = after(kernel, settled, 10, {**extremes, **body.settings[structure]}, 4)
        assert not run.failures, structure
        for name in ("arteriolar_mineral", "intimal_loss", "thrombosed_share", "lumen", "narrowing", "calcium_seen"):
            assert np.all((run[name] >= -1e-9) & (run[name] <= 1 + 1e-9)), (structure, name)
        for name in VESSELS:
            assert np.all(run[name] >= -1e-12), (structure, name)
        assert np.all(run["intimal_loss"] <= body.model.parameters["intima_most"])


def test_mineral_does_not_regress_when_plasma_is_clean(kernel, settled):
    start = {name: np.full(1, settled.states[0, i]) for i, name in enumerate(kernel.layout.states)}
    start |= {"mineral_ripe": np.array([0.3]), "coronary_root": np.array([14.0])}
    run = simulate(
        kernel,
        until=YEAR,
        patients=1,
        start=start,
        parameters={"binder_PBED": 5.0},
        schedule=haemodialysis(),
        times=[YEAR],
    )
    assert run["mineral_ripe"][0, 0] >= 0.3
    assert run["coronary_root"][0, 0] >= 14.0


def test_no_tendency_no_growth(kernel, settled):
    run = after(kernel, settled, 2, {"arteriole_tendency": 0.0, "medial_tendency": 0.0, "thrombosis_tendency": 0.0})
    before = {name: settled.states[0, kernel.layout.states.index(name)] for name in VESSELS}
    for name in ("medial_mineral", "coronary_root"):
        assert run[name][0, 0] == before[name], name
    whole = before["mineral_young"] + before["mineral_ripe"]
    assert run["arteriolar_mineral"][0, 0] == pytest.approx(whole, rel=1e-6)
    assert run["thrombosed_share"][0, 0] < before["thrombosed_share"]


def test_thiosulfate_spares_ripe_mineral_and_is_off_unless_switched_on(kernel, settled, body):
    assert body.model.parameters["thiosulfate_dissolving"] == 0.0
    with_drug = {"thiosulfate": np.full(2, 100.0), "mineral_young": np.full(2, 0.01), "mineral_ripe": np.full(2, 0.2)}
    start = {name: np.full(2, settled.states[0, i]) for i, name in enumerate(kernel.layout.states)} | with_drug
    run = simulate(
        kernel,
        until=24.0,
        patients=2,
        start=start,
        parameters={"thiosulfate_dissolving": np.array([0.0, 0.05])},
        times=[24.0],
    )
    assert run["mineral_young"][1, 0] < run["mineral_young"][0, 0]
    assert run["mineral_ripe"][1, 0] >= 0.2


@pytest.mark.parametrize("structure", STRUCTURES)
def test_structure_is_weights_alone(body, structure):
    names = set(body.settings[structure])
    assert all(set(body.settings[other]) == names for other in STRUCTURES)


def test_calcification_first_is_the_default(body):
    for name, value in body.settings["structure_calcification"].items():
        assert body.model.parameters[name] == value, name


def test_hazard_knows_no_mineral_when_thrombosis_comes_first(kernel, settled, body):
    mineral = np.array([0.0, 0.9])
    start = {name: np.full(2, settled.states[0, i]) for i, name in enumerate(kernel.layout.states)}
    hazard = {
        structure: simulate(
            kernel,
            until=1e-3,
            patients=2,
            start=start | {"mineral_ripe": mineral},
            parameters=dict(body.settings[structure]),
            times=[0.0],
        )["thrombosis_hazard"][:, 0]
        for structure in STRUCTURES
    }
    assert hazard["structure_thrombosis"][1] == hazard["structure_thrombosis"][0]
    assert hazard["structure_calcification"][1] > 2 * hazard["structure_calcification"][0]


def test_plasma_is_bit_equal_whatever_vessels_do(kernel, settled, body):
    mineral = [i for i, name in enumerate(kernel.layout.states) if name not in VESSELS]
    quiet = {"arteriole_tendency": 0.0, "medial_tendency": 0.0, "thrombosis_tendency": 0.0}
    wild = {"arteriole_tendency": 20.0, "medial_tendency": 9.0, "thrombosis_tendency": 50.0, "T50_tendency": 0.3}
    given = [quiet, wild, dict(body.settings["structure_thrombosis"])]
    runs = [after(kernel, settled, 0.5, {k: np.array([v]) for k, v in g.items()}).final.states for g in given]
    for other in runs[1:]:
        assert np.array_equal(runs[0][:, mineral], other[:, mineral])
        assert not np.array_equal(runs[0], other)


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.0, 1.0), place=st.floats(0.1, 10.0))
def test_growth_of_mural_mineral_stops_at_one(kernel, settled, share, place):
    start = {name: np.full(1, settled.states[0, i]) for i, name in enumerate(kernel.layout.states)}
    start |= {"mineral_ripe": np.array([share]), "mineral_young": np.array([0.0])}
    run = simulate(kernel, until=24.0, patients=1, start=start, parameters={"arteriole_place": place}, times=[24.0])
    assert share - 1e-9 <= run["arteriolar_mineral"][0, 0] <= 1 + 1e-9

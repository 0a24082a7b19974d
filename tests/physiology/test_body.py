"""The body as assembled: what it offers, and that nothing is lost in a year of dialysis."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import ANALYTES, OBSERVABLES, Body, haemodialysis, load_body
from livedo.engine import Kernel, simulate
from livedo.errors import InputError

CALCIUM = ("Ca", "Q", "Ca_gut", "Ca_faeces", "Ca_bone", "Ca_outside", "Ca_urine")
PHOSPHORUS = (
    *("P_central", "P_mobilisable", "P_deep", "P_gut", "P_faeces", "P_bone"),
    *("P_outside", "P_urine", "P_removed_hd"),
)
WEEK = 168.0


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def kernel(body: Body) -> Kernel:
    return body.kernel((*CALCIUM, *PHOSPHORUS, "Ca_gained_hd"))


def test_analytes_and_observables_are_symbols_of_the_body(body: Body) -> None:
    for symbol in (*ANALYTES.values(), *OBSERVABLES):
        assert body.unit(symbol)


def test_an_unknown_symbol_is_refused_by_name(body: Body) -> None:
    with pytest.raises(InputError, match="no such symbol"):
        body.unit("phlogiston")


def test_inputs_are_what_a_schedule_sets(body: Body) -> None:
    assert {"hd", "Qb", "Qd", "Quf", "Ca_dialysate", "session_hours", "GFR"} <= set(body.inputs)
    assert not {p.name for p in body.traits} & set(body.inputs)


def test_healthy_is_a_setting_of_known_parameters(body: Body) -> None:
    assert set(body.settings["healthy"]) <= set(body.parameters)
    assert body.settings["healthy"]["GFR"] == body.parameters["GFR_ref"].value


@pytest.mark.parametrize("state", ["P_removed_hd", "Ca_gained_hd", "P_urine", "Ca_urine", "Ca_absorbed"])
def test_counts_are_accumulators(body: Body, state: str) -> None:
    assert state in body.accumulators


def test_calcium_and_phosphorus_are_kept_over_a_year_of_dialysis(kernel: Kernel) -> None:
    times = np.arange(0.0, 53.0) * WEEK
    run = simulate(kernel, until=52 * WEEK, schedule=haemodialysis(), times=times)
    assert run.failures == {}
    for pools in (CALCIUM, PHOSPHORUS):
        total = sum(run[name][0] for name in pools)
        assert np.ptp(total) < 1e-9 * total[0]


def test_no_calcium_passes_the_dialyser_between_sessions(kernel: Kernel) -> None:
    times = [12.0, 55.9, 60.0]
    run = simulate(kernel, until=WEEK, schedule=haemodialysis(), times=times)
    gained = run["Ca_gained_hd"][0]
    assert gained[0] == gained[1] != gained[2]

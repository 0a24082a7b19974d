"""The assembled body on haemodialysis: session physics, balance, and other judges of the same equations."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import ANALYTES, haemodialysis, load_body
from livedo.engine import simulate
from livedo.errors import InputError
from livedo.records import convert, express, find_analyte

WEEK = 168.0
#: Milligrams in a millimole.
MG_P = 10 * express(1.0, "phosphate", "mg/dL")
MG_CA = 10 * express(1.0, "calcium_total", "mg/dL")
#: The gland's mass settles within the run-in.
QUICK_GLAND = {"tau_gland": 1500.0}
DIALYSATES = np.array([1.25, 1.375, 1.5, 1.75])


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module")
def kernel(body):
    counters = body.accumulators
    return body.kernel((*dict.fromkeys((*ANALYTES.values(), "Quf_required", "Quf", *body.model.amounts, *counters)),))


@pytest.fixture(scope="module")
def settled(kernel):
    """A 70 kg anuric patient on 3 x 4 h, at four dialysate calciums, after 100 weeks: the last week, hour by hour."""
    weeks = 100
    times = np.arange((weeks - 1) * WEEK, weeks * WEEK, 0.25)
    run = simulate(
        kernel,
        until=weeks * WEEK,
        patients=len(DIALYSATES),
        parameters={**QUICK_GLAND, "Ca_dialysate": DIALYSATES},
        schedule=haemodialysis(),
        times=times,
        tolerance=1e-6,
    )
    assert not run.failures
    return run, times - times[0]


def at(settled, name, hour):
    run, hours = settled
    return run[name][:, np.argmin(np.abs(hours - hour))]


STARTS = (8.0, 56.0, 104.0)


def test_phosphate_falls_in_a_session_as_published(settled):
    fall = [1 - at(settled, "P", s + 4) / at(settled, "P", s) for s in STARTS]
    assert np.all((np.array(fall) > 0.34) & (np.array(fall) < 0.65))


def test_phosphate_removed_in_a_session(settled):
    removed = [MG_P * (at(settled, "P_removed_hd", s + 4) - at(settled, "P_removed_hd", s)) for s in STARTS]
    assert np.all((np.array(removed) > 700) & (np.array(removed) < 1100))


def test_phosphate_rebounds_within_an_hour(settled):
    share = [at(settled, "P", s + 5) / at(settled, "P", s) for s in STARTS]
    assert np.all((np.array(share) > 0.50) & (np.array(share) < 0.80))


def test_calcium_gained_rises_with_dialysate_calcium(settled):
    gained = (
        np.mean([at(settled, "Ca_gained_hd", s + 4) - at(settled, "Ca_gained_hd", s) for s in STARTS], axis=0) * MG_CA
    )
    assert np.all(np.diff(gained) > 0)


def test_calcium_slope_in_one_session_at_the_same_predialysis_state(kernel, settled):
    """Slope of calcium gained against dialysate calcium, before the body adapts to it."""
    start = settled[0].final.chosen(np.array([1, 1, 1])).restarted()
    run = simulate(
        kernel,
        until=13.0,
        start=start,
        parameters={"Ca_dialysate": np.array([1.25, 1.5, 1.75])},
        schedule=haemodialysis(at=(8.0,)),
        times=[8.0, 12.0],
        tolerance=1e-7,
    )
    gained = MG_CA * np.diff(run["Ca_gained_hd"], axis=1)[:, 0]
    assert np.all((np.diff(gained) > 150) & (np.diff(gained) < 450))


def test_predialysis_labs_lie_where_those_of_haemodialysis_patients_do(settled):
    reference = 1  # dialysate calcium 1.375 mmol/L
    for s in STARTS:
        assert 1.3 < at(settled, "P", s)[reference] < 2.1
        assert 2.05 < at(settled, "Ca_total", s)[reference] < 2.5
        assert 1.0 < at(settled, "Ca_ionised", s)[reference] < 1.3
        pth = at(settled, "PTH", s)[reference]
        assert convert(130, "pg/mL", "pth") < pth < convert(600, "pg/mL", "pth")


def test_calcium_and_phosphorus_are_conserved_over_a_year(body, kernel):
    year = 52 * WEEK
    inputs = {"supplement_Ca": 0.2, "binder_Ca": 0.1, "GFR": 0.1}
    run = simulate(
        kernel,
        until=year,
        parameters=inputs,
        schedule=haemodialysis(),
        times=np.arange(0, year + 1, WEEK),
        tolerance=1e-5,
    )
    amounts = [s for s in body.model.states if s in body.model.amounts]
    for element in ("Ca", "P"):
        own = [s for s in amounts if s.startswith(element) or (element == "Ca" and s == "Q")]
        total = sum(run[s][0] for s in own)
        size = sum(np.abs(run[s][0]) for s in own)
        assert np.max(np.abs(total - total[0]) / size) < 1e-9


def test_every_reaction_moves_as_much_calcium_and_phosphorus_in_as_out(body):
    for reaction in body.model.reactions:
        for element in ("Ca", "P"):
            moved = [n for s, n in reaction.stoichiometry if s.startswith(element) or (element == "Ca" and s == "Q")]
            assert sum(moved) == pytest.approx(0.0, abs=1e-12), reaction.name


def test_healthy_kidneys_keep_healthy_labs(body, kernel):
    days = 24.0 * np.array([700.0, 728.0])
    run = simulate(
        kernel, until=days[-1], parameters={**body.settings["healthy"], **QUICK_GLAND}, times=days, tolerance=1e-6
    )
    assert run["P"][0, -1] == pytest.approx(1.15, abs=0.12)
    assert run["Ca_total"][0, -1] == pytest.approx(2.35, abs=0.1)
    assert run["PTH"][0, -1] == pytest.approx(3.9, abs=1.0)
    urine = (run["Ca_urine"][0, 1] - run["Ca_urine"][0, 0]) / 28
    assert urine == pytest.approx(3.6, abs=1.0)


@pytest.mark.parametrize(
    ("change", "symbol", "sign"),
    [
        ({"binder_PBED": 0.3}, "P", -1),
        ({"diet_P": 1.4}, "P", +1),
        ({"Ca_dialysate": 1.6}, "Ca_total", +1),
        ({"Ca_dialysate": 1.6}, "PTH", -1),
        ({"calcitriol_dose": 30.0}, "PTH", -1),
        ({"calcitriol_dose": 30.0}, "Ca_total", +1),
        ({"calcimimetic_level": 0.05}, "PTH", -1),
        ({"calcimimetic_level": 0.05}, "Ca_total", -1),
        ({"supplement_Ca": 0.5}, "Ca_total", +1),
    ],
)
def test_care_moves_labs_the_right_way(kernel, settled, change, symbol, sign):
    start = settled[0].final.chosen(np.array([1])).restarted()
    times = [12 * WEEK - 64.0]
    usual = simulate(kernel, until=12 * WEEK, start=start, schedule=haemodialysis(), times=times)
    other = simulate(kernel, until=12 * WEEK, start=start, parameters=change, schedule=haemodialysis(), times=times)
    assert sign * (other[symbol][0, 0] / usual[symbol][0, 0] - 1) > 0.005


def test_ten_years_of_dialysis_leave_the_skeleton(kernel):
    run = simulate(kernel, until=520 * WEEK, schedule=haemodialysis(), times=[0.0, 520 * WEEK])
    assert 0.8 < run["Ca_bone"][0, 1] / run["Ca_bone"][0, 0] < 1.2


def test_analytes_have_the_unit_of_their_symbol(body):
    spelled = {
        "mmol_per_L": "mmol/L",
        "pmol_per_L": "pmol/L",
        "nmol_per_L": "nmol/L",
        "g_per_L": "g/L",
        "U_per_L": "U/L",
        "ng_per_L": "pg/mL",
    }
    for analyte, symbol in ANALYTES.items():
        assert spelled.get(body.unit(symbol), body.unit(symbol)) == find_analyte(analyte).unit, analyte


def test_the_part_that_minerals_depend_on_runs_as_the_whole_body_does():
    body = load_body()
    part = body.part_for(("P", "Ca_total", "PTH"))
    assert set(part.model.states) < set(body.model.states)
    assert part.sites == ()
    times = [28 * 24.0]
    whole, less = (
        simulate(
            b.kernel(("P", "Ca_total", "PTH")), until=times[0], times=times, schedule=haemodialysis(), tolerance=1e-7
        )
        for b in (body, part)
    )
    for symbol in ("P", "Ca_total", "PTH"):
        assert less[symbol] == pytest.approx(whole[symbol], rel=1e-5)


def test_a_part_for_something_unknown_is_refused():
    with pytest.raises(InputError, match="no such symbol"):
        load_body().part_for(("ectoplasm",))

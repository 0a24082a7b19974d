"""The mineral body against what is known of it: bands are wide, and say direction and size, not the calibration again."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import Body, haemodialysis, load_body
from livedo.engine import Kernel, Moment, Schedule, simulate
from livedo.patients import prior_of

WEEK = 168.0
MIDWEEK = 56.0
QUICK_GLAND = {"tau_gland": 1500.0}
GLAND = ("gland_mass_diffuse", "gland_mass_nodular", "PTH_store")
SEEN = (
    *("P", "Ca_total", "Ca_ionised", "PTH", "calcitriol", "vitamin_D", "FGF23", "ALP", "CTX", "Mg", "Ca_bone"),
    *("gland_mass", "gland_mass_nodular", "CPP", "fetuin_A", "P_urine", "Ca_urine", "calcimimetic_occupancy"),
    "Ca_gained_hd",
)
#: Reference patient, and one whose glands have grown.
USUAL, SEVERE = 0, 1


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body().part_for(SEEN)


@pytest.fixture(scope="module")
def kernel(body: Body) -> Kernel:
    return body.kernel(SEEN)


@pytest.fixture(scope="module")
def dialysed(body: Body, kernel: Kernel) -> Moment:
    tendency = body.model.parameters["gland_tendency"] * np.array([1.0, 3.5])
    run = simulate(
        kernel,
        until=90 * WEEK,
        patients=2,
        parameters={**QUICK_GLAND, "gland_tendency": tendency},
        schedule=haemodialysis(),
    )
    assert not run.failures
    run.final.parameters[:, kernel.layout.parameters.index("tau_gland")] = kernel.values["tau_gland"]
    return run.final


@pytest.fixture(scope="module")
def stages(body: Body, kernel: Kernel):
    """Kidney disease without dialysis: relative filtration 1, 0.6, 0.45, 0.3, 0.15."""
    parameters = {**body.settings["healthy"], **QUICK_GLAND, "GFR": 6.0 * np.array([1.0, 0.6, 0.45, 0.3, 0.15])}
    run = simulate(kernel, until=150 * WEEK, patients=5, parameters=parameters, times=[150 * WEEK - 1.0])
    assert not run.failures
    return {name: run[name][:, 0] for name in run.values}


def after(kernel: Kernel, start: Moment, weeks: int, schedule: Schedule | None = None, **changes: float):
    """The midweek predialysis values some weeks on."""
    run = simulate(
        kernel,
        until=weeks * WEEK + MIDWEEK + 1,
        start=start.restarted(),
        parameters=changes,
        schedule=haemodialysis() + (schedule or Schedule()),
        times=[weeks * WEEK + MIDWEEK],
    )
    assert not run.failures
    return {name: run[name][:, 0] for name in run.values}


def test_fgf23_rises_before_pth_and_pth_before_phosphate(stages):
    relative = {name: stages[name] / stages[name][0] for name in ("FGF23", "PTH", "P")}
    assert np.all(relative["FGF23"][1:] > relative["PTH"][1:])
    assert np.all(relative["PTH"][1:] > relative["P"][1:])
    assert relative["FGF23"][1] > 1.5
    assert relative["P"][2] < 1.1


def test_calcium_is_normal_to_low_and_calcitriol_falls_as_kidneys_fail(stages):
    assert np.all(stages["Ca_total"] < stages["Ca_total"][0] * 1.01)
    assert np.all(np.diff(stages["calcitriol"]) < 0)


def test_health_is_where_adults_are(stages):
    assert stages["Ca_total"][0] == pytest.approx(2.32, rel=0.02)
    assert stages["P"][0] == pytest.approx(1.16, rel=0.03)
    assert stages["PTH"][0] == pytest.approx(3.9, rel=0.1)
    assert stages["calcitriol"][0] == pytest.approx(105, rel=0.05)


def test_fgf23_on_dialysis_is_many_times_that_of_health(kernel, dialysed, stages):
    now = after(kernel, dialysed, 0)
    assert 15 < now["FGF23"][USUAL] / stages["FGF23"][0] < 50


def test_pth_peaks_and_then_settles_under_steady_low_calcium(body, kernel):
    healthy = {**body.settings["healthy"], **QUICK_GLAND}
    rest = simulate(kernel, until=100 * WEEK, parameters=healthy, times=[100 * WEEK])
    held = rest.final.restarted()
    states = held.states.copy()
    low = rest["Ca_ionised"][0, 0] - 0.2
    states[0, kernel.layout.states.index("Q")] = low * 1e4 * 70.0
    states[0, kernel.layout.states.index("Ca")] *= low / rest["Ca_ionised"][0, 0]
    clamp = Moment(held.time, states, held.parameters, held.control, held.acted)
    wide = {"v_Q": 1e4, "K_Q": 2e3, "surface_PTH_gain": 0.0}
    run = simulate(kernel, until=2.0, start=clamp, parameters=wide, times=np.arange(0.0, 1.9, 1 / 60))
    fold = run["PTH"][0] / rest["PTH"][0, 0]
    assert 4 < fold.max() < 7
    assert 2 < fold[100] < 3
    assert np.argmax(fold) < 20


def test_phosphate_rises_before_the_end_of_many_sessions(body, kernel):
    members = 128
    prior = prior_of(body)
    traits = prior.values(prior.scores(np.arange(members), 11))
    parameters = {name: v for name, v in traits.items() if name in body.model.parameters} | QUICK_GLAND
    parameters["V_target"] = parameters["V_dry"] = 15 / 70 * traits["dry_weight"]
    end = 40 * WEEK + MIDWEEK + 4.0
    run = simulate(
        kernel,
        until=end,
        patients=members,
        parameters=parameters,
        schedule=haemodialysis(),
        times=[end - 4, end - 1, end],
    )
    assert not run.failures
    before, third, fourth = run["P"].T
    assert np.mean(fourth > third) > 0.3
    assert 0.45 < np.mean(1 - fourth / before) < 0.52
    assert 1.5 < before.mean() < 1.9


def test_parathyroidectomy_makes_bone_hungry(kernel, dialysed):
    cut = Schedule()
    for state in GLAND:
        cut = cut.scale(state, 0.03, 0.0)
    days = np.array([0.0, 1, 2, 3, 7, 10, 12, 14, 17, 21, 28, 42, 90])
    run = simulate(
        kernel,
        until=91 * 24.0,
        start=dialysed.restarted(),
        schedule=cut + haemodialysis(),
        times=24.0 * days + np.where(days > 0, 7.0, 0.0),
    )
    pth, calcium, alp = (run[name][SEVERE] for name in ("PTH", "Ca_total", "ALP"))
    assert np.all(np.abs(pth[1:4] / pth[0] - 0.06) < 0.04)
    assert calcium.min() < 0.85 * calcium[0]
    assert 7 <= days[np.argmin(calcium)] <= 28
    assert calcium[-1] > calcium.min() + 0.2
    assert alp.max() > 1.03 * alp[0]
    assert 7 <= days[np.argmax(alp)] <= 21
    assert run["Ca_bone"][SEVERE, 7] > run["Ca_bone"][SEVERE, 0]


def test_calcimimetics_lower_pth_calcium_and_phosphate(kernel, dialysed):
    none = after(kernel, dialysed, 26)
    given = Schedule()
    for end in (12.0, 60.0, 108.0):
        given = given.set("etelcalcetide_dose", 7.5, end, every=WEEK)
        given = given.set("etelcalcetide_dose", 0.0, end + 1, every=WEEK)
    cases = {
        "cinacalcet": after(kernel, dialysed, 26, cinacalcet_dose=75 / 24),
        "etelcalcetide": after(kernel, dialysed, 26, given),
        "level": after(kernel, dialysed, 26, calcimimetic_level=0.04),
    }
    for name, case in cases.items():
        assert -0.65 < case["PTH"][SEVERE] / none["PTH"][SEVERE] - 1 < -0.35, name
        assert -0.11 < case["Ca_total"][SEVERE] / none["Ca_total"][SEVERE] - 1 < -0.04, name
        assert -0.12 < case["P"][SEVERE] / none["P"][SEVERE] - 1 < -0.03, name
    assert none["calcimimetic_occupancy"][SEVERE] == 0.0


def test_etelcalcetide_accumulates_two_to_three_times(kernel, dialysed):
    given = Schedule()
    for end in (12.0, 60.0, 108.0):
        given = given.set("etelcalcetide_dose", 7.5, end, every=WEEK)
        given = given.set("etelcalcetide_dose", 0.0, end + 1, every=WEEK)
    run = simulate(
        kernel,
        until=9 * WEEK,
        start=dialysed.restarted(),
        schedule=haemodialysis() + given,
        times=[13.0, 8 * WEEK + 13.0],
    )
    first, later = run["calcimimetic_occupancy"][USUAL]
    assert 2 < later / first < 3.5


def test_active_vitamin_d_lowers_pth_and_a_sterol_spares_calcium(kernel, dialysed):
    none = after(kernel, dialysed, 26)
    calcitriol, sterol = (
        {name: case[name][USUAL] / none[name][USUAL] - 1 for name in ("PTH", "Ca_total", "P")}
        for case in (after(kernel, dialysed, 26, calcitriol_dose=43.0), after(kernel, dialysed, 26, sterol_dose=43.0))
    )
    assert -0.7 < calcitriol["PTH"] < -0.4
    assert -0.7 < sterol["PTH"] < -0.4
    assert 0.03 < calcitriol["Ca_total"] < 0.12
    assert 0 < calcitriol["P"] < 0.1
    assert sterol["Ca_total"] < 0.5 * calcitriol["Ca_total"]


def test_cholecalciferol_raises_25_hydroxyvitamin_d(kernel, dialysed):
    none = after(kernel, dialysed, 13)
    given = after(kernel, dialysed, 13, cholecalciferol_dose=7.74)
    assert 60 < given["vitamin_D"][USUAL] - none["vitamin_D"][USUAL] < 110
    assert given["calcitriol"][USUAL] > 1.2 * none["calcitriol"][USUAL]


def test_nodules_do_not_shrink_on_a_calcimimetic(kernel, dialysed):
    start = dialysed.restarted()
    states = start.states.copy()
    states[:, kernel.layout.states.index("gland_mass_nodular")] = 2.0
    with_nodules = Moment(start.time, states, start.parameters, start.control, start.acted)
    later = after(kernel, with_nodules, 52, calcimimetic_level=0.06)
    assert np.all(later["gland_mass_nodular"] >= 2.0)


def test_urine_stops_with_the_kidneys(kernel, dialysed):
    start = {name: dialysed.states[:, kernel.layout.states.index(name)] for name in ("P_urine", "Ca_urine")}
    later = after(kernel, dialysed, 4)
    for name, before in start.items():
        assert np.allclose(later[name], before, atol=1e-9), name


def test_ten_years_leave_nine_tenths_of_the_skeleton(kernel, dialysed):
    later = after(kernel, dialysed, 520)
    whole = dialysed.states[USUAL, kernel.layout.states.index("Ca_bone")]
    assert 0.9 < later["Ca_bone"][USUAL] / whole < 1.1


def test_calciprotein_particles_follow_calcium_phosphate_and_fetuin(kernel, dialysed, stages):
    now = after(kernel, dialysed, 0)
    assert now["CPP"][USUAL] > stages["CPP"][0]
    assert 1e-4 < now["CPP"][USUAL] < 1e-2
    assert after(kernel, dialysed, 8, fetuin_A_supply=0.25)["CPP"][USUAL] < now["CPP"][USUAL]


def test_magnesium_follows_the_dialysate(kernel, dialysed):
    low, high = (after(kernel, dialysed, 8, Mg_dialysate=level)["Mg"][USUAL] for level in (0.5, 1.0))
    assert 0.7 < low < 1.2 < high


def test_bone_takes_up_magnesium_for_months_after_a_rise_of_the_dialysate(kernel, dialysed):
    weeks, late = (after(kernel, dialysed, n, Mg_dialysate=1.0)["Mg"][USUAL] for n in (4, 104))
    start = after(kernel, dialysed, 4)["Mg"][USUAL]
    assert 0.4 < (weeks - start) / (late - start) < 0.8


def session(kernel, dialysed, **during):
    """Values before and at the end of the midweek session of the usual patient, the machine set otherwise for that session."""
    schedule = haemodialysis(at=(8.0,)) + haemodialysis(at=(MIDWEEK,), **during)
    run = simulate(
        kernel,
        until=MIDWEEK + 5,
        start=dialysed.restarted().chosen(np.array([USUAL])),
        schedule=schedule,
        times=[MIDWEEK, MIDWEEK + 4],
    )
    assert not run.failures
    return {name: run[name][0] for name in run.values}


def test_less_bicarbonate_in_the_bath_loses_more_calcium_and_raises_ionised_calcium(kernel, dialysed):
    low, high = (session(kernel, dialysed, Ca_dialysate=1.25, HCO3_dialysate=base) for base in (26.0, 32.0))
    assert np.diff(low["Ca_gained_hd"]) < np.diff(high["Ca_gained_hd"]) < 0
    assert low["Ca_ionised"][1] > high["Ca_ionised"][1]
    assert low["PTH"][1] < high["PTH"][1]


def test_bone_takes_up_part_of_the_calcium_of_a_high_bath_for_years(kernel, dialysed):
    usual, high = (after(kernel, dialysed, 104, Ca_dialysate=calcium) for calcium in (1.375, 1.75))
    assert high["Ca_bone"][USUAL] > usual["Ca_bone"][USUAL] + 300
    assert high["Ca_total"][USUAL] < 2.7


def test_phosphate_in_the_bath_of_nightly_sessions_raises_phosphate(kernel, dialysed):
    nights = tuple(24.0 * day + 22.0 for day in range(6))
    often = haemodialysis(at=nights, hours=7.0, Qb=12.0, Qd=18.0)
    levels = []
    for bath in (0.0, 0.8):
        run = simulate(
            kernel,
            until=12 * WEEK,
            start=dialysed.restarted(),
            parameters={"P_dialysate": bath, "binder_PBED": 0.0},
            schedule=often,
            times=[11 * WEEK + 46.0],
        )
        assert not run.failures
        levels.append(run["P"][USUAL, 0])
    assert levels[1] > levels[0] + 0.1

"""Kidney states of the body: neutral when absent, balanced and positive in every life, and in the right direction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livedo.body import Body, haemodialysis, load_body
from livedo.engine import Kernel, Schedule, Trajectory, simulate

WEEK = 168.0
CALCIUM = ("Ca", "Q", "Ca_gut", "Ca_faeces", "Ca_bone", "Ca_outside", "Ca_urine")
PHOSPHORUS = (
    *("P_central", "P_mobilisable", "P_deep", "P_gut", "P_faeces", "P_bone"),
    *("P_outside", "P_urine", "P_removed_hd", "P_removed_pd"),
)
SEEN = (
    *("P", "PTH", "Ca_total", "HCO3", "Mg", "V", "FGF23", "filtration", "nephrons", "graft_filtration", "kidney_lost"),
    *("K_P_pd", "K_P_hd", "convection_P", "Ca_gained_pd", "Ca_gained_hd", "Quf_pd", "osteoid"),
)
QUICK_GLAND = {"tau_gland": 1500.0}


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def kernel(body: Body) -> Kernel:
    return body.kernel(tuple(dict.fromkeys((*CALCIUM, *PHOSPHORUS, *SEEN))))


def run(kernel: Kernel, weeks: float, schedule: Schedule | None = None, **parameters: object) -> Trajectory:
    found = simulate(
        kernel,
        until=weeks * WEEK,
        patients=max((np.size(v) for v in parameters.values()), default=1),
        parameters=parameters,
        schedule=schedule or Schedule(),
        times=np.linspace(0.0, weeks * WEEK, 14),
        threads=1,
    )
    assert found.failures == {}
    return found


def test_filtration_is_gfr_to_the_bit_without_decline_and_graft(kernel: Kernel) -> None:
    found = run(kernel, 4, GFR=np.array([0.0, 1.7, 6.0]))
    assert np.array_equal(found["filtration"], np.repeat([[0.0], [1.7], [6.0]], 14, axis=1))


def test_numbers_of_absent_kidney_states_change_no_bit(kernel: Kernel) -> None:
    usual = run(kernel, 8, haemodialysis())
    absent = {"PS_P": 5.0, "PS_Ca": 5.0, "tau_graft": 1.0, "convection_efficiency": 1.0}
    other = run(kernel, 8, haemodialysis(), prednisolone_half=0.1, prednisolone_TmP_half=0.1, **absent)
    for name in SEEN:
        if name not in ("K_P_pd", "convection_P"):
            assert np.array_equal(usual[name], other[name]), name


def test_more_replaced_filtrate_lowers_phosphate_and_clears_less_than_it_filters(kernel: Kernel) -> None:
    levels = []
    for flow in (0.0, 3.0, 6.0):
        found = run(kernel, 26, haemodialysis(Qsub=flow))
        assert 0.0 <= found["convection_P"][0, -1] <= flow
        levels.append(found["P"][0, -1])
    assert levels[0] > levels[1] > levels[2]


def test_more_volume_exchanges_or_time_lower_phosphate_on_peritoneal_dialysis(kernel: Kernel) -> None:
    usual = {"pd_short_fill": 2.0, "pd_short_exchanges": 3 / 24, "pd_short_dwell": 5.0}
    for more in ({"pd_short_fill": 2.5}, {"pd_short_exchanges": 4 / 24}, {"pd_short_dwell": 6.0}):
        values = {name: np.array([value, more.get(name, value)]) for name, value in usual.items()}
        found = run(kernel, 26, pd=1.0, **values)
        assert found["P"][0, -1] > found["P"][1, -1], more
        assert found["K_P_pd"][0, -1] < found["K_P_pd"][1, -1], more


def test_peritoneal_clearance_is_less_than_what_is_drained(kernel: Kernel) -> None:
    found = run(kernel, 4, pd=1.0, PS_P=1e3)
    drained = 4 * 2.0 / 24 + found["Quf_pd"][0, -1]
    assert 0.9 * drained < found["K_P_pd"][0, -1] < drained


def test_dialysate_calcium_moves_calcium_and_pth_on_peritoneal_dialysis(kernel: Kernel) -> None:
    found = run(kernel, 26, pd=1.0, Ca_dialysate_pd=np.array([1.25, 1.75]), **QUICK_GLAND)
    assert found["Ca_total"][0, -1] < found["Ca_total"][1, -1]
    assert found["PTH"][0, -1] > found["PTH"][1, -1]
    assert found["Ca_gained_pd"][0, -1] < found["Ca_gained_pd"][1, -1]


def test_ultrafiltration_holds_volume_near_dry_weight_on_peritoneal_dialysis(kernel: Kernel, body: Body) -> None:
    found = run(kernel, 13, pd=1.0)
    assert 0.0 < found["V"][0, -1] / body.parameters["V_target"].value - 1 < 0.12
    assert abs(found["V"][0, -1] - found["V"][0, -2]) < 1e-3


def test_filtration_is_lost_at_the_given_rate_and_never_below_nought(kernel: Kernel, body: Body) -> None:
    year = 8766.0
    decline = 5 * 0.06 / year
    found = simulate(
        kernel,
        until=20 * year,
        parameters={**body.settings["healthy"], "GFR": 3.6, "GFR_decline": decline},
        times=np.array([0.0, 1.0, 5.0, 12.0, 20.0 - 1e-6]) * year,
        threads=1,
    )
    filtration = found["filtration"][0]
    assert filtration[1] == pytest.approx(3.6 - 0.3, abs=0.01)
    assert filtration[2] == pytest.approx(3.6 - 1.5, abs=0.05)
    assert np.all(np.diff(filtration) < 0)
    assert 0 < filtration[-1] < 0.01


def test_a_graft_takes_up_its_work_within_weeks_and_brings_minerals_back(kernel: Kernel) -> None:
    before = run(kernel, 40, haemodialysis(), **QUICK_GLAND)
    schedule = Schedule().set("graft_GFR", 3.0, 0.0).set("binder_PBED", 0.0, 0.0)
    after = simulate(
        kernel,
        until=52 * WEEK,
        start=before.final.restarted(),
        schedule=schedule,
        times=[2 * WEEK, 8 * WEEK, 52 * WEEK],
    )
    assert after["filtration"][0, 0] < 0.9 * 3.0
    assert after["filtration"][0, 1] == pytest.approx(3.0, rel=1e-3)
    for name in ("P", "PTH", "FGF23"):
        assert after[name][0, -1] < before[name][0, -1], name
    assert after["FGF23"][0, 1] < before["FGF23"][0, -1] / 4


def test_a_graft_wastes_phosphate_in_its_first_months(kernel: Kernel, body: Body) -> None:
    """PTH and FGF23 of the dialysis years lower the threshold of healthy nephrons: 10.2215/CJN.01310308."""
    before = run(kernel, 40, haemodialysis(), **QUICK_GLAND)
    schedule = Schedule().set("graft_GFR", 3.0, 0.0).set("binder_PBED", 0.0, 0.0)
    weeks = np.array([2, 4, 6, 52]) * WEEK
    after = simulate(kernel, until=52 * WEEK, start=before.final.restarted(), schedule=schedule, times=weeks)
    lowest, year = after["P"][0, :3].min(), after["P"][0, -1]
    assert lowest < 0.95 * body.parameters["P_ref"].value
    assert lowest < year - 0.1


def test_prednisolone_lowers_what_osteoblasts_lay_down(kernel: Kernel, body: Body) -> None:
    dose = np.array([0.0, 10.0, 20.0]) / 24
    found = run(kernel, 8, **{**body.settings["healthy"], "prednisolone_dose": dose})
    assert np.all(np.diff(found["osteoid"][:, -1]) < 0)


def test_an_adenoma_raises_calcium_and_pth_and_lowers_phosphate(kernel: Kernel, body: Body) -> None:
    healthy = {**body.settings["healthy"], **body.settings["primary hyperparathyroidism"]}
    mass = np.array([0.0, healthy["gland_mass_nodular_start"]])
    found = run(kernel, 26, **{**healthy, "gland_mass_nodular_start": mass})
    for name, sign in (("Ca_total", 1), ("PTH", 1), ("P", -1)):
        assert sign * (found[name][1, -1] - found[name][0, -1]) > 0, name


CONDITIONS = (
    "haemodialysis",
    "haemodiafiltration",
    "overnight",
    "short daily",
    "CAPD",
    "APD",
    "graft",
    "kidneys",
    "nothing",
)


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[float, str, float]]:
    """Four conditions in a year: start in weeks, what it is, and a number from 0 to 1 for its size."""
    starts = [0.0, *sorted(draw(st.lists(st.floats(1.0, 51.0), min_size=3, max_size=3)))]
    return [(week, draw(st.sampled_from(CONDITIONS)), draw(st.floats(0.0, 1.0))) for week in starts]


def laid_out(life: list[tuple[float, str, float]]) -> Schedule:
    """Each condition ends when the next begins; without dialysis and kidneys only for a fortnight at most."""
    schedule = Schedule()
    ends = [week for week, _, _ in life[1:]] + [60.0]
    for (start, what, size), end in zip(life, ends, strict=True):
        begin, stop = start * WEEK, end * WEEK
        neutral = {"pd": 0.0, "graft_GFR": 0.0, "GFR": 0.0, "GFR_decline": 0.0, "prednisolone_dose": 0.0}
        chosen = {
            "CAPD": {"pd": 1.0, "pd_short_fill": 1.5 + size, "Ca_dialysate_pd": 1.25 + 0.5 * size},
            "APD": {"pd": 1.0, "pd_short_exchanges": (4 + 3 * size) / 24, "pd_short_dwell": 2.0},
            "graft": {"graft_GFR": 1.0 + 4.0 * size, "GFR_decline": 1e-4 * size, "prednisolone_dose": size},
            "kidneys": {"GFR": 0.6 + 5.0 * size, "GFR_decline": 1e-3 * size},
        }.get(what, {})
        for name, value in {**neutral, **chosen}.items():
            schedule = schedule.set(name, value, begin)
        schedule = schedule.reset("kidney_lost", 0.0, begin)
        if what == "nothing":
            stop, begin = stop, min(begin + 2 * WEEK, stop)
        day = [24.0 * d + 8.0 for d in range(6)]
        machine = {
            "haemodialysis": ((8.0, 56.0, 104.0), 3.0 + 2 * size, {}),
            "haemodiafiltration": ((8.0, 56.0, 104.0), 4.0, {"Qsub": 7.0 * size}),
            "overnight": ((22.0, 70.0, 118.0), 8.0, {"Qb": 12.0, "Qd": 18.0, "Ca_dialysate": 1.25 + 0.5 * size}),
            "short daily": (tuple(day), 1.5 + size, {}),
            "nothing": ((8.0, 56.0, 104.0), 4.0, {}),
        }.get(what)
        if machine:
            at, hours, during = machine
            schedule = schedule + haemodialysis(at, hours, start=begin, stop=stop - 24.0, **{"Qsub": 0.0, **during})
    return schedule


@settings(max_examples=12, deadline=None)
@given(life=lives())
def test_calcium_and_phosphorus_are_kept_and_positive_through_any_life(
    kernel: Kernel, body: Body, life: list[tuple[float, str, float]]
) -> None:
    found = run(kernel, 52, laid_out(life))
    for pools in (CALCIUM, PHOSPHORUS):
        total = sum(found[name][0] for name in pools)
        assert np.ptp(total) < 1e-9 * total[0], life
    kept = [s for s in body.model.states if body.model.traits_of(s).nonnegative]
    final = found.final.states[0]
    for name in kept:
        assert final[kernel.layout.states.index(name)] >= 0.0, (name, life)
    for name in ("P", "PTH", "Ca_total", "HCO3", "Mg", "V", "FGF23"):
        assert np.all(found[name] > 0), (name, life)
    assert np.all(found["filtration"] >= 0), life

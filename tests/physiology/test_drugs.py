"""Drug classes of the body: nothing without a dose, the published direction with one."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import Body, haemodialysis, load_body
from livedo.engine import Kernel, Schedule, Trajectory, simulate

WEEK = 168.0
MIDWEEK = 56.0
ORGANS = ("clotting", "vitamin_k", "crystal_inhibitors", "antiresorptives", "teriparatide", "iron", "large_solutes")
#: Numbers of those organs that the body itself has a use for without any drug.
OF_THE_BODY = (
    "PPi_",
    "v_PPi",
    "MGP_",
    "tau_MGP",
    "fibrinogen_",
    "protein_",
    "factor_",
    "iron_stores",
    "iron_per",
    "CRP",
)
SEEN = (
    *("P", "Ca_total", "Ca_ionised", "PTH", "FGF23", "CTX", "Mg", "protein_C", "factor_II", "factor_X", "factor_VII"),
    *("clotting_tendency", "MGP_carboxylated", "MGP_inactive", "thiosulfate_level", "crystal_inhibition", "PPi"),
    *("crystal_inhibition_plasma", "ferritin", "fibrinogen", "fetuin_A", "citrate_given", "prothrombin_activity"),
)
#: One dose of every drug that enters a pool, and a rate of every other.
EVERYTHING = {
    "warfarin": 5.0,
    "heparin": 36.0,
    "phylloquinone": 1e4,
    "menaquinone": 360.0,
    "thiosulfate": 100.0,
    "denosumab_depot": 44.0,
    "bisphosphonate": 4.0,
    "teriparatide_depot": 4600.0,
    "iron_stores": 200.0,
    "iron_FGF23": 200.0,
}
RATES = {
    "apixaban_dose": 0.2,
    "tenapanor_dose": 2.5,
    "Mg_supplement": 0.5,
    "fytate_dose": 190.0,
    "citrate_dialysate": 1.0,
    "apheresis_flow": 0.75,
    "cut_off_clearance": 0.1,
}


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def kernel(body: Body) -> Kernel:
    return body.kernel(SEEN)


def dialysed(kernel: Kernel, weeks: float, times=(), schedule: Schedule | None = None, **inputs: float) -> Trajectory:
    run = simulate(
        kernel,
        until=weeks * WEEK,
        times=times,
        schedule=haemodialysis() + (schedule or Schedule()),
        parameters=inputs,
        threads=1,
    )
    assert not run.failures
    return run


def well(
    body: Body, kernel: Kernel, until: float, times, schedule: Schedule | None = None, **inputs: float
) -> Trajectory:
    run = simulate(
        kernel,
        until=until,
        times=times,
        schedule=schedule,
        parameters={**body.settings["healthy"], **inputs},
        threads=1,
    )
    assert not run.failures
    return run


def drug_numbers(body: Body) -> list[str]:
    return [
        p.name
        for p in body.parameters.values()
        if (p.organ in ORGANS or p.name.startswith(("tenapanor_", "K_CaCitrate", "apheresis_")))
        and p.status != "input"
        and not p.name.startswith(OF_THE_BODY)
        and not p.name.endswith("_start")
        and p.name not in ("v_plasma", "anticoagulant_floor", "clotting_inflammation_gain")
    ]


def test_without_doses_the_numbers_of_drugs_change_no_bit(body: Body, kernel: Kernel) -> None:
    names = drug_numbers(body)
    assert len(names) > 40
    changed = {name: body.parameters[name].value * 0.7 for name in names}
    plain, other = dialysed(kernel, 12), dialysed(kernel, 12, **changed)
    assert np.array_equal(plain.final.states, other.final.states)


def test_drugs_neither_make_nor_lose_mineral_and_no_amount_turns_negative(body: Body, kernel: Kernel) -> None:
    schedule = Schedule()
    for pool, amount in EVERYTHING.items():
        schedule = schedule.bolus(pool, amount, 12.0, every=WEEK)
    run = dialysed(kernel, 26, schedule=schedule, **RATES)
    states = {name: run.final_state(name)[0] for name in body.model.states}
    start = dialysed(kernel, 1e-9)
    for element in ("Ca", "P"):
        held = [n for n in body.model.amounts if (n.startswith("Ca") or n == "Q") == (element == "Ca")]
        before = sum(start.final_state(n)[0] for n in held)
        assert sum(states[n] for n in held) == pytest.approx(before, rel=1e-9)
    for name, value in states.items():
        traits = body.model.traits_of(name)
        assert np.isfinite(value), name
        if traits.nonnegative:
            assert value >= -1e-4 * traits.scale, name


def test_warfarin_lowers_protein_C_before_prothrombin_and_both_alike_in_the_end(body: Body, kernel: Kernel) -> None:
    run = well(body, kernel, 60 * 24.0, [48.0, 60 * 24.0], warfarin_dose=5 / 24)
    assert run["protein_C"][0, 0] < run["factor_X"][0, 0] < run["factor_II"][0, 0]
    assert run["clotting_tendency"][0, 0] > 1.05
    assert run["protein_C"][0, 1] == pytest.approx(run["factor_II"][0, 1], abs=0.01)
    assert run["clotting_tendency"][0, 1] < 1.0


def test_the_clotting_tendency_is_one_in_health_and_rises_with_lupus_anticoagulant(body: Body, kernel: Kernel) -> None:
    assert well(body, kernel, 24.0, [24.0])["clotting_tendency"][0, 0] == pytest.approx(1.0, abs=1e-12)
    assert well(body, kernel, 24.0, [24.0], lupus_anticoagulant=1.0)["clotting_tendency"][0, 0] > 1.5
    assert well(body, kernel, 240.0, [240.0], protein_C_supply=0.5)["clotting_tendency"][0, 0] > 1.3


def test_apixaban_and_heparin_lower_the_clotting_tendency_and_spare_protein_C(body: Body, kernel: Kernel) -> None:
    on = well(body, kernel, 24 * 10.0, [24 * 10.0], apixaban_dose=5 / 24)
    assert 0.3 < on["clotting_tendency"][0, 0] < 0.6
    assert on["protein_C"][0, 0] == pytest.approx(1.0)
    given = well(body, kernel, 12.0, [0.5, 12.0], Schedule().bolus("heparin", 36.0, 0.0))["clotting_tendency"][0]
    assert given[0] < 0.3 < 0.99 < given[1]


def test_vitamin_K_carboxylates_and_turns_warfarin_back(body: Body, kernel: Kernel) -> None:
    plain, fed = (dialysed(kernel, 8, [8 * WEEK], menaquinone_dose=dose / WEEK) for dose in (0.0, 3240.0))
    assert fed["MGP_inactive"][0, 0] < 0.7 * plain["MGP_inactive"][0, 0]
    blocked, freed = (
        dialysed(kernel, 8, [8 * WEEK], warfarin_dose=5 / 24, phylloquinone_dose=dose) for dose in (0.0, 400.0)
    )
    assert blocked["MGP_carboxylated"][0, 0] < 0.55
    assert freed["prothrombin_activity"][0, 0] > blocked["prothrombin_activity"][0, 0] + 0.2


def test_a_session_removes_thiosulfate_and_not_fytate(kernel: Kernel) -> None:
    def left(pool: str, symbol: str, amount: float, hour: float) -> float:
        schedule = Schedule().bolus(pool, amount, hour)
        return dialysed(kernel, 1, [hour + 2.0], schedule)[symbol][0, 0]

    assert left("thiosulfate", "thiosulfate_level", 100.0, 56.0) < 0.6 * left(
        "thiosulfate", "thiosulfate_level", 100.0, 61.0
    )
    during, after = (left("fytate", "crystal_inhibition_plasma", 300.0, hour) for hour in (56.0, 61.0))
    assert during == pytest.approx(after, rel=1e-4)


def test_fytate_on_crystal_outlasts_its_level(kernel: Kernel) -> None:
    schedule = Schedule().set("fytate_dose", 190.0, 56.0).set("fytate_dose", 0.0, 60.0)
    run = dialysed(kernel, 1, [60.0, 84.0], schedule)
    assert run["crystal_inhibition_plasma"][0, 1] < 1e-3
    assert run["crystal_inhibition"][0, 1] > 0.6 * run["crystal_inhibition"][0, 0]


def test_pyrophosphate_falls_in_a_session_and_is_back_before_the_next(kernel: Kernel) -> None:
    before, end, next_one = dialysed(kernel, 2, [WEEK + 56.0, WEEK + 59.99, WEEK + 104.0])["PPi"][0]
    assert 0.6 < end / before < 0.75
    assert next_one == pytest.approx(before, rel=0.02)


def test_denosumab_lowers_calcium_and_more_so_without_kidneys(body: Body, kernel: Kernel) -> None:
    dose = Schedule().bolus("denosumab_depot", 43.74, 0.0)
    days = np.arange(0, 61.0) * 24.0
    fall = {}
    for filtration in (6.0, 0.6):
        settled = well(body, kernel, 40 * WEEK, [40 * WEEK], GFR=filtration, tau_gland=1500.0).final.restarted()
        runs = [
            simulate(kernel, until=days[-1], start=settled, times=days, schedule=s, threads=1)
            for s in (dose, Schedule())
        ]
        fall[filtration] = (runs[1]["Ca_total"] - runs[0]["Ca_total"]).max()
        assert runs[0]["CTX"].min() < 0.3 * runs[1]["CTX"].min()
    assert 0.05 < fall[6.0] < fall[0.6]


def test_a_bisphosphonate_holds_resorption_back_for_a_year_and_stays_longer_without_kidneys(
    body: Body, kernel: Kernel
) -> None:
    dose = Schedule().bolus("bisphosphonate", 5.0, 0.0)
    run = well(body, kernel, 365 * 24.0, [0.0, 14 * 24.0, 365 * 24.0], dose)
    start, early, late = run["CTX"][0]
    assert early < 0.3 * start
    assert 0.3 * start < late < 0.65 * start
    anuric = dialysed(kernel, 2, schedule=dose)
    kidneys = well(body, kernel, 2 * WEEK, (), dose)
    assert anuric.final_state("bisphosphonate_on_bone")[0] > 1.4 * kidneys.final_state("bisphosphonate_on_bone")[0]


def test_iron_that_acts_on_FGF23_raises_it_with_kidneys_and_lowers_it_without(body: Body, kernel: Kernel) -> None:
    dose = Schedule().bolus("iron_FGF23", 750.0, 60.0).bolus("iron_stores", 750.0, 60.0)
    times = [60.0, 60.0 + 72.0]
    with_kidneys = well(body, kernel, WEEK, times, dose)
    assert with_kidneys["FGF23"][0, 1] > 1.6 * with_kidneys["FGF23"][0, 0]
    assert with_kidneys["P"][0, 1] < with_kidneys["P"][0, 0] - 0.03
    plain, without = dialysed(kernel, 1, times), dialysed(kernel, 1, times, dose)
    assert without["FGF23"][0, 1] < 0.6 * plain["FGF23"][0, 1]
    assert without["ferritin"][0, 1] > without["ferritin"][0, 0]


def test_tenapanor_lowers_phosphate_and_saturates(kernel: Kernel) -> None:
    at = [4 * WEEK + MIDWEEK]
    none, low, usual, high = (dialysed(kernel, 5, at, tenapanor_dose=d / 24)["P"][0, 0] for d in (0, 10, 60, 240))
    assert none - low > 0.02
    assert none - usual > none - low
    assert usual - high < none - usual


def test_teriparatide_raises_calcium_for_some_hours_as_the_peer_model_does(body: Body, kernel: Kernel, shared) -> None:
    import polars as pl

    hours = np.arange(0.0, 24.5, 0.5)
    run = well(body, kernel, 24.0, hours, Schedule().bolus("teriparatide_depot", 4614.0, 0.0))
    plain = well(body, kernel, 24.0, hours)
    rise = (run["Ca_total"] - plain["Ca_total"])[0]
    peer = pl.read_csv(shared / "reference" / "obm_s03_teriparatide20_single.csv", infer_schema_length=None)
    calcium = peer[next(c for c in peer.columns if c.startswith("CaC"))]
    peer_rise = float(calcium.max() - calcium[0])  # type: ignore[operator]
    assert 0.5 * peer_rise < rise.max() < 6 * peer_rise
    assert 2.0 < hours[rise.argmax()] < 8.0
    assert rise[-1] < 0.4 * rise.max()


def test_citrate_of_the_dialysate_lowers_ionised_calcium_while_it_lasts(kernel: Kernel) -> None:
    plain, with_citrate = (dialysed(kernel, 1, [60.0, 90.0], citrate_dialysate=c) for c in (0.0, 1.0))
    assert 0.03 < plain["Ca_ionised"][0, 0] - with_citrate["Ca_ionised"][0, 0] < 0.15
    assert with_citrate["citrate_given"][0, 1] == pytest.approx(0.0, abs=1e-6)


def test_magnesium_rises_with_the_bath_and_with_what_is_swallowed(kernel: Kernel) -> None:
    at = [4 * WEEK + MIDWEEK]
    plain = dialysed(kernel, 5, at)["Mg"][0, 0]
    assert dialysed(kernel, 5, at, Mg_dialysate=0.75)["Mg"][0, 0] > plain + 0.1
    assert dialysed(kernel, 5, at, Mg_supplement=0.5)["Mg"][0, 0] > plain + 0.1


def test_a_plasma_filter_halves_fibrinogen(kernel: Kernel) -> None:
    run = dialysed(kernel, 1, [56.0, 60.0], apheresis_flow=0.75)
    assert 0.3 < run["fibrinogen"][0, 1] / run["fibrinogen"][0, 0] < 0.7

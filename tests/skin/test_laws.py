"""Laws of skin and wound: areas are conserved, less flow never helps, and nothing happens to whole skin with open vessels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livedo.engine import Schedule

WEEK = 168.0
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
#: An open wound in skin whose vessels are open.
WOUND = {"wound_area_proximal": 20.0, "granulation_proximal": 0.5}


def closed_by(skin: Any, weeks: int, **given: Any) -> np.ndarray:
    """Share of the wound closed at the proximal site."""
    run = skin.run(weeks, **{**WOUND, **given})
    return 1.0 - run["wound_area_proximal"][:, -1] / 20.0


def test_skin_with_open_vessels_stays_whole(skin: Any) -> None:
    run = skin.run(52)
    for site in skin.sites:
        assert run[f"necrosed_{site}"][0, -1] < 0.5
        assert run[f"plaque_{site}"][0, -1] < 0.5


@SLOW
@given(
    lumen=st.floats(0.3, 1.0),
    clots=st.floats(0.0, 0.5),
    debrided=st.floats(0.0, 2.0),
    grafted=st.booleans(),
)
def test_areas_are_conserved_and_never_negative(
    skin: Any, lumen: float, clots: float, debrided: float, grafted: bool
) -> None:
    schedule = Schedule().set("debridement_proximal", debrided, 4 * WEEK).set("debridement_proximal", 0.0, 4 * WEEK + 1)
    schedule = schedule.set("graft_taken_proximal", float(grafted), 6 * WEEK)
    schedule = schedule.set("graft_proximal", 1.0, 6 * WEEK).set("graft_proximal", 0.0, 6 * WEEK + 1)
    run = skin.run(20, schedule, **skin.lesion(lumen=lumen, thrombosed_share=clots))
    for site in skin.sites:
        eschar, wound, necrosed = (run[f"{n}_{site}"] for n in ("eschar", "wound_area", "necrosed"))
        for area in (eschar, wound, run[f"healed_{site}"], run[f"living_{site}"], run[f"plaque_{site}"]):
            assert area.min() > -1e-3
        # what has died stays on the account: as eschar, wound or healed skin
        assert np.diff(necrosed, axis=1).min() > -1e-6 * max(1.0, necrosed.max())


def test_the_less_the_lumen_the_slower_a_wound_closes(skin: Any) -> None:
    closed = closed_by(skin, 8, lumen=np.array([1.0, 0.9, 0.85, 0.8, 0.75]))
    assert np.all(np.diff(closed) < 0)


@pytest.mark.parametrize(
    ("symbol", "worse_and_worse"),
    [
        ("MAP_dry", (100.0, 85.0, 70.0)),
        ("haemoglobin", (120.0, 100.0, 80.0)),
        ("BMI", (24.0, 34.0, 44.0)),
        ("lumen", (1.0, 0.85, 0.7)),
        ("thrombosed_share", (0.0, 0.1, 0.3)),
        ("trauma_proximal", (0.0, 0.5, 1.0)),
        ("injections_proximal", (0.0, 4.0, 8.0)),
        ("weight_loss", (0.0, 0.5, 1.0)),
        ("flow_shift_proximal", (0.0, -0.2, -0.5)),
        ("overfill", (0.1, 0.0, -0.1)),
    ],
)
def test_more_skin_is_ischaemic_when_what_feeds_it_falls(
    skin: Any, symbol: str, worse_and_worse: tuple[float, ...]
) -> None:
    given = {"lumen": 0.85, "thrombosed_share": 0.02} | {symbol: np.array(worse_and_worse)}
    share = skin.run(1 / 7, **given)["ischaemic_share_proximal"][:, 0]
    assert np.all(np.diff(share) > 0)


def test_pressure_falls_with_ultrafiltration_and_takes_oxygen_with_it(skin: Any) -> None:
    run = skin.run(1 / 7, lumen=0.85, hd=1.0, Quf=np.array([0.0, 0.5, 1.0]))
    assert np.all(np.diff(run["MAP"][:, 0]) < 0)
    assert np.all(np.diff(run["TcPO2_calf"][:, 0]) < 0)


def test_shares_lie_between_nothing_and_all(skin: Any) -> None:
    run = skin.run(1 / 7, lumen=np.linspace(0.2, 1.0, 17), thrombosed_share=np.linspace(0.9, 0.0, 17))
    for name in ("ischaemic_share", "ischaemic_depth", "livedo_share", "infected", "oxygen_for_healing"):
        for site in skin.sites:
            assert np.all((run[f"{name}_{site}"] >= 0) & (run[f"{name}_{site}"] <= 1)), name


def test_closed_forms_of_flow_over_patches_are_near_the_exact_ones(skin: Any) -> None:
    from scipy.stats import exponnorm

    run = skin.run(1 / 7, lumen=np.linspace(0.4, 1.0, 25), thrombosed_share=np.linspace(0.3, 0.0, 25))
    spread, loss = run["flow_spread_calf"][:, 0], run["reserve_loss_calf"][:, 0]
    lost = exponnorm(loss / spread, scale=spread)
    for deviate, share in (("deviate", "ischaemic_share"), ("low_deviate", "low_oxygen_share")):
        assert np.abs(run[f"{share}_calf"][:, 0] - lost.sf(-run[f"{deviate}_calf"][:, 0] * spread)).max() < 1.5e-3
    # mean flow: an exponential loss of the logarithm leaves 1/(1 + mean loss)
    flow = run["flow_whole_calf"][:, 0]
    drawn = np.exp(-np.outer(loss, -np.log1p(-(np.arange(20_000) + 0.5) / 20_000)))
    assert run["flow_reserve_calf"][:, 0] == pytest.approx(flow * drawn.mean(axis=1), rel=1e-3)


def test_the_shortfall_of_what_lies_below_is_that_of_the_distribution(skin: Any) -> None:
    run = skin.run(1 / 7, lumen=np.array([0.6, 0.8]), thrombosed_share=0.1)
    rng, many = np.random.default_rng(3), 400_000
    for i in range(2):
        spread, loss = run["flow_spread_calf"][i, 0], run["reserve_loss_calf"][i, 0]
        lost = spread * rng.standard_normal(many) + rng.exponential(loss, many) + run["deviate_calf"][i, 0] * spread
        assert run["flow_deficit_calf"][i, 0] == pytest.approx(lost[lost > 0].mean(), rel=0.03)


def test_a_net_like_wound_closes_sooner_than_a_round_one_of_its_area(skin: Any) -> None:
    closed = closed_by(skin, 6, shape_index_proximal=np.array([1.0, 2.5, 4.0]))
    assert np.all(np.diff(closed) > 0)


def test_infection_slows_closing(skin: Any) -> None:
    closed = closed_by(skin, 6, lumen=0.85, phagocytosis=np.array([0.045, 0.033, 0.01]))
    assert np.all(np.diff(closed) < 0)


def test_a_first_lesion_is_rare_without_uraemia_whatever_the_vessels(skin: Any) -> None:
    run = skin.run(2, lumen=0.85, thrombosed_share=0.05, uraemia=np.array([0.0, 0.5, 1.0]))
    none, half, full = run["onset_hazard_proximal"][:, -1]
    assert none == pytest.approx(skin.body.parameters["onset_without_uraemia"].value * full, rel=1e-4)
    assert none < half < full


def test_a_lesion_begins_at_the_week_in_which_the_hazard_has_passed_the_draw(skin: Any) -> None:
    fast = {"lumen": 0.85, "thrombosed_share": 0.05, "onset_rate": 1e-4}
    hazard = skin.run(8, **fast)["onset_hazard_proximal"][0]
    run = skin.run(8, **fast, onset_draw_proximal=0.5 * (hazard[3] + hazard[4]))
    assert run["flare_proximal"][0, 4] == 0.0
    assert run["flare_proximal"][0, 5] > 0.1


def test_a_site_may_have_another_lesion_and_by_default_has_not(skin: Any) -> None:
    again = skin.run(40, **skin.lesion(onset_rate=1e-4, relapse_draw_proximal=np.array([0.05, 1e9])))
    first, second = again["lit_proximal"][:, -1]
    assert first > 1.9
    assert second == pytest.approx(1.0, abs=1e-3)
    assert again["occlusion_proximal"][0, -1] > again["occlusion_proximal"][1, -1]


def test_slow_narrowing_alone_makes_no_plaque(skin: Any) -> None:
    run = skin.run(26, lumen=0.6)
    assert run["ischaemic_share_calf"][0, 0] > 0.1
    assert run["plaque_calf"].max() < 1e-6


def test_no_more_skin_dies_than_lies_below_the_critical_flow(skin: Any) -> None:
    run = skin.run(40, **skin.lesion("calf", lumen=0.75, lysis=0.0, tau_flare=50.0, margin_advance=0.0))
    dead = run["eschar_calf"][0] + run["wound_area_calf"][0]
    share = run["ischaemic_share_calf"][0].max()
    assert dead[-1] < share * 250.0
    assert dead[-1] == pytest.approx(dead[-8], rel=0.05)


def test_a_site_without_its_own_draw_has_no_flare(skin: Any) -> None:
    run = skin.run(8, **skin.lesion())
    assert run["flare_proximal"][0, -1] > 0.01
    assert run["flare_calf"][0, -1] == 0.0


def test_dead_skin_and_infection_raise_c_reactive_protein(skin: Any) -> None:
    run = skin.run(12, **skin.lesion(lumen=np.array([1.0, 0.85, 0.75])))
    assert np.all(np.diff(run["CRP_wound"][:, -1]) > 0)


def test_the_hazard_of_the_disease_follows_the_wound(skin: Any) -> None:
    sick, whole = skin.run(26, **skin.lesion(lumen=0.8)), skin.run(26, lumen=0.8, thrombosed_share=0.02)
    healed = skin.run(26)
    for name in ("hazard_death_sepsis", "hazard_death_wasting", "hazard_admission"):
        assert sick[name][0, -1] > whole[name][0, -1] >= healed[name][0, -1]
    assert healed["hazard_death_sepsis"][0, -1] < 1e-3
    assert sick["hazard_death_background"][0, -1] == pytest.approx(healed["hazard_death_background"][0, -1])


@pytest.mark.parametrize(("symbol", "values"), [("age", (50, 65, 80)), ("diabetes", (0, 1)), ("albumin", (42, 36, 30))])
def test_background_death_rises_with_age_diabetes_and_low_albumin(
    skin: Any, symbol: str, values: tuple[float, ...]
) -> None:
    run = skin.run(4, **{symbol: np.array(values, dtype=float)})
    assert np.all(np.diff(run["hazard_death_background"][:, -1]) > 0)

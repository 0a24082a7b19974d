"""Traits are drawn by their table, each member by its own number."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import load_body
from livedo.patients import prior_of, variations
from livedo.patients.sampling import centres


@pytest.fixture(scope="module")
def prior():
    return prior_of(load_body())


def test_a_member_keeps_its_traits_in_any_company(prior):
    together = prior.scores(np.arange(100), 5)
    assert np.array_equal(together[40:50], prior.scores(np.arange(40, 50), 5))


def test_traits_follow_their_table(prior):
    body = load_body()
    values = prior.values(prior.scores(np.arange(20_000), 1))
    for trait in prior.traits:
        if trait.distribution == "lognormal":
            row = body.parameters[trait.name]
            assert np.median(values[trait.name]) == pytest.approx(row.value, rel=0.03)
            assert np.std(np.log(values[trait.name])) == pytest.approx(row.spread, rel=0.05)
    assert values["adherence"].mean() == pytest.approx(0.81, abs=0.02)
    assert np.all((values["adherence"] > 0) & (values["adherence"] < 1))


def test_what_is_given_is_given_to_all():
    prior = prior_of(load_body(), {"dry_weight": 61.0})
    assert "dry_weight" not in prior.names
    assert np.all(prior.values(prior.scores(np.arange(5), 1))["dry_weight"] == 61.0)


def test_every_variation_has_a_source():
    for row in variations().values():
        assert row.source
        assert row.status in ("measured", "assumed")
        assert 0 < row.single < 0.5


def test_people_of_other_kidney_function_lie_between_dialysis_and_health():
    body = load_body()
    healthy = body.settings["healthy"]
    well, half = centres(body, healthy["GFR"]), centres(body, healthy["GFR"] / 2)
    assert {"CRP", "albumin", "gland_tendency", "vitamin_K_supply"} <= well.keys()
    for name, value in well.items():
        own = body.parameters[name].value
        assert value == pytest.approx(healthy[name])
        assert half[name] == pytest.approx((own * value) ** 0.5)
    assert not centres(body, 0.0)


def test_a_population_with_healthy_kidneys_is_drawn_about_health():
    body = load_body()
    healthy = body.settings["healthy"]
    prior = prior_of(body, filtration=healthy["GFR"])
    drawn = prior.values(prior.scores(np.arange(2000), 1))
    assert np.median(drawn["albumin"]) == pytest.approx(healthy["albumin"], rel=0.01)
    assert (drawn["vitamin_K_supply"] == healthy["vitamin_K_supply"]).all()

"""Hazards become deaths and events: by the person's own draw, the first cause wins, luck is shared between plans."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.errors import InputError
from livedo.skin.outcomes import READ, draw, hazards, outcomes, when_passed

TIMES = np.arange(0.0, 53.0) * 168.0
PEOPLE = np.arange(20_000)


def with_rates(people: int = len(PEOPLE), **per_hour: float) -> dict[str, np.ndarray]:
    return {s: np.broadcast_to(per_hour.get(s, 0.0) * TIMES + 3.0, (people, len(TIMES))) for s in READ}


def test_share_of_deaths_is_that_of_the_hazard() -> None:
    rate = -np.log(0.55) / TIMES[-1]
    found = outcomes(with_rates(hazard_death_sepsis=rate), TIMES, seed=3, people=PEOPLE)
    assert found.dead_by(TIMES[-1]) == pytest.approx(0.45, abs=0.012)
    assert set(found.cause[np.isfinite(found.died)]) == {"sepsis"}


def test_causes_compete_in_proportion_to_their_hazards() -> None:
    found = outcomes(with_rates(hazard_death_sepsis=4e-4, hazard_death_wasting=2e-4), TIMES, seed=3, people=PEOPLE)
    dead = found.cause[np.isfinite(found.died)]
    assert np.mean(dead == "sepsis") == pytest.approx(2 / 3, abs=0.012)
    assert found.dead_by(TIMES[-1], "sepsis") + found.dead_by(TIMES[-1], "wasting") == found.dead_by(TIMES[-1])


def test_hazard_counted_before_the_start_does_not_kill() -> None:
    found = outcomes(with_rates(), TIMES, seed=3, people=PEOPLE)
    assert np.isinf(found.died).all()
    assert set(found.cause) == {""}


def test_more_hazard_never_means_a_later_death_on_the_same_draws() -> None:
    low = outcomes(with_rates(hazard_death_sepsis=1e-4), TIMES, seed=3, people=PEOPLE)
    high = outcomes(with_rates(hazard_death_sepsis=2e-4), TIMES, seed=3, people=PEOPLE)
    assert np.all(high.died <= low.died)


def test_draws_depend_on_seed_person_and_event_alone() -> None:
    assert np.array_equal(draw(5, "death/sepsis", PEOPLE)[100:200], draw(5, "death/sepsis", PEOPLE[100:200]))
    assert not np.array_equal(draw(5, "death/sepsis", PEOPLE), draw(6, "death/sepsis", PEOPLE))
    assert not np.array_equal(draw(5, "death/sepsis", PEOPLE), draw(5, "death/wasting", PEOPLE))
    assert draw(5, "death/sepsis", PEOPLE).mean() == pytest.approx(1.0, abs=0.03)


def test_events_come_again_and_stop_with_death() -> None:
    found = outcomes(with_rates(hazard_admission=8e-4, hazard_death_wasting=2e-4), TIMES, seed=3, people=PEOPLE)
    admissions = found.events["admission"]
    came = np.isfinite(admissions)
    assert came[:, 1].any()
    assert np.all(np.diff(np.where(came, admissions, 1e9), axis=1) >= 0)
    assert np.all((admissions <= found.died[:, None]) | ~came)
    assert not found.had("sepsis", TIMES[-1]).any()


def test_a_hazard_is_passed_between_samples_in_proportion() -> None:
    times = np.array([0.0, 10.0, 20.0])
    hazard = np.array([[0.0, 1.0, 3.0]] * 4)
    found = when_passed(times, hazard, np.array([0.5, 1.0, 2.0, 3.5]))
    assert found == pytest.approx([5.0, 10.0, 15.0, np.inf])


def test_a_hazard_that_was_not_observed_is_refused() -> None:
    with pytest.raises(InputError, match="not observed"):
        outcomes({READ[0]: np.zeros((1, 2))}, np.array([0.0, 1.0]), seed=1, people=np.zeros(1, int))


def test_one_sample_is_refused() -> None:
    with pytest.raises(InputError, match="from the start to the end"):
        outcomes(with_rates(1), TIMES[:1], seed=1, people=np.zeros(1, int))


def test_every_hazard_is_counted_by_the_body() -> None:
    from livedo.body import load_body

    body = load_body()
    for hazard in (*hazards("death"), *hazards("event")):
        assert body.unit(hazard.symbol) == "dimensionless"
        assert hazard.meaning

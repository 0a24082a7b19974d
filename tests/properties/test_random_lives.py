"""Laws of the mineral body over thousands of random people under random plans: no failure, nothing below zero or lost."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import Body, haemodialysis, load_body
from livedo.engine import Kernel, Schedule, Trajectory, simulate
from livedo.patients import cohort

PEOPLE, WEEKS, SEED = 2048, 13, 7
WEEK = 168.0
#: Input -> range from which each person's dose or setting is drawn anew twice in the course.
RANGES = {
    "Ca_dialysate": (1.0, 1.75),
    "diet_P": (0.3, 3.0),
    "diet_Ca": (0.1, 3.0),
    "fluid_intake": (0.02, 0.12),
    "binder_PBED": (0.0, 0.8),
    "binder_Ca": (0.0, 2.0),
    "calcitriol_dose": (0.0, 90.0),
    "sterol_dose": (0.0, 150.0),
    "cholecalciferol_dose": (0.0, 30.0),
    "cinacalcet_dose": (0.0, 7.5),
    "calcimimetic_level": (0.0, 0.1),
}
POOLS = {
    "calcium": ("Ca", "Q", "Ca_gut", "Ca_bone", "Ca_outside", "Ca_faeces", "Ca_urine"),
    "phosphorus": (
        *("P_central", "P_mobilisable", "P_deep", "P_gut", "P_bone", "P_outside", "P_faeces", "P_urine"),
        *("P_removed_hd", "P_removed_pd"),
    ),
}


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body().part_for(("P", "Ca_total", "PTH", "FGF23", "Mg", *(s for pool in POOLS.values() for s in pool)))


@pytest.fixture(scope="module")
def kernel(body: Body) -> Kernel:
    return body.kernel(("P", "Ca_total", "PTH", *(s for pool in POOLS.values() for s in pool)))


@pytest.fixture(scope="module")
def lives(body: Body, kernel: Kernel) -> Trajectory:
    """People drawn as any cohort, a tenth with the glands taken out, each with doses of their own that change twice."""
    draw = np.random.Generator(np.random.Philox(SEED))
    schedule = haemodialysis(hours=4.0)
    for hour in (0.0, 4 * WEEK, 9 * WEEK):
        for name, (low, high) in RANGES.items():
            schedule = schedule.set(name, draw.uniform(low, high, PEOPLE), hour)
    left = np.where(draw.uniform(size=PEOPLE) < 0.1, draw.uniform(0.0, 0.1, PEOPLE), 1.0)
    for gland in ("gland_mass_diffuse", "PTH_store"):
        schedule = schedule.scale(gland, np.maximum(left, 1e-3), 6 * WEEK)
    people = cohort(body, PEOPLE, SEED)
    return simulate(
        kernel,
        until=WEEKS * WEEK,
        patients=PEOPLE,
        parameters=people.parameters(),
        schedule=schedule + Schedule(),
        times=np.array([0.0, 4.5, 9.5, 12.99]) * WEEK,
        tolerance=1e-4,
    )


def test_no_one_fails(lives: Trajectory) -> None:
    assert not lives.failures


def test_nothing_falls_below_zero(lives: Trajectory, body: Body, kernel: Kernel) -> None:
    for column, state in enumerate(kernel.layout.states):
        if body.model.traits_of(state).nonnegative:
            assert lives.final.states[:, column].min() >= 0.0, state
    for symbol in ("P", "Ca_total", "PTH"):
        assert (lives[symbol] > 0).all(), symbol


@pytest.mark.parametrize("element", POOLS)
def test_everyones_balance_closes(lives: Trajectory, element: str) -> None:
    pools = np.stack([lives[name] for name in POOLS[element]])
    total = pools.sum(axis=0)
    assert np.ptp(total, axis=1).max() < 1e-9 * np.abs(pools).sum(axis=0).max()

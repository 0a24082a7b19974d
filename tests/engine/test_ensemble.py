"""A patient's result depends on the patient alone."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.engine import Schedule, simulate
from livedo.errors import InputError

N = 37
INTAKE = np.linspace(0.05, 0.9, N)
CLOCK = np.linspace(0.0, 3.0, N)
TIMES = np.linspace(0.0, 1400.0, 57)


def run(kernel, who=None, **more):
    who = np.arange(N) if who is None else np.asarray(who)
    schedule = Schedule().session(
        {"hd": 1.0}, {"hd": 0.0}, at=[(8.0 + CLOCK)[who], (56.0 + CLOCK)[who]], hours=4.0, held={"held": "hill"}
    )
    given = {"patients": len(who), "parameters": {"intake": INTAKE[who]}, "until": 1400.0, "times": TIMES}
    return simulate(kernel, **{**given, "schedule": schedule, **more})


@pytest.fixture(scope="module")
def whole(pools):
    return run(pools[1], threads=1)


@pytest.mark.parametrize(
    "options", [{"threads": 2, "chunk": 8}, {"threads": 3, "chunk": 5}, {"threads": 1, "chunk": 1}]
)
def test_threads_and_chunks_do_not_change_a_bit(pools, whole, options):
    again = run(pools[1], **options)
    for name, values in whole.values.items():
        assert np.array_equal(values, again[name]), name
    assert np.array_equal(whole.final.states, again.final.states)


def test_order_and_company_do_not_change_a_bit(pools, whole):
    who = np.random.default_rng(3).permutation(N)
    shuffled = run(pools[1], who)
    alone = run(pools[1], [17])
    for name, values in whole.values.items():
        assert np.array_equal(values[who], shuffled[name])
        assert np.array_equal(values[17], alone[name][0])


def test_a_run_cut_at_a_window_goes_on_bit_by_bit(pools, whole):
    first = run(pools[1], until=1344.0, times=TIMES[TIMES <= 1344.0])
    second = run(pools[1], start=first.final, times=TIMES[TIMES > 1344.0])
    for name, values in whole.values.items():
        assert np.array_equal(values, np.concatenate([first[name], second[name]], axis=1)), name


def test_a_run_cut_anywhere_agrees_within_its_tolerance(pools, whole):
    first = run(pools[1], until=500.0, times=[])
    second = run(pools[1], start=first.final, times=[])
    assert np.allclose(second.final.states, whole.final.states, rtol=1e-3, atol=1e-4)


def test_amounts_are_conserved(pools, whole):
    fed = 4.0 + INTAKE[:, None] * TIMES[None, :]
    assert np.allclose(whole["total"], fed, rtol=1e-11)


def test_a_failing_patient_is_reported_and_alone(pools, whole):
    intake = INTAKE.copy()
    intake[5] = np.nan
    hurt = run(pools[1], parameters={"intake": intake})
    assert set(hurt.failures) == {5}
    assert "also with a tighter setting" in hurt.failures[5]
    others = np.arange(N) != 5
    for name, values in whole.values.items():
        assert np.array_equal(values[others], hurt[name][others])
        assert np.isnan(hurt[name][5]).all()
    assert np.isnan(hurt.final.states[5]).all()


def test_reducers_see_every_sample_once(pools, whole):
    class Mean:
        def __init__(self):
            self.total = {}
            self.count = 0

        def take(self, patients, times, values):
            self.count += len(patients) * len(times)
            for name, v in values.items():
                self.total[name] = self.total.get(name, 0.0) + v.sum()

    mean = Mean()
    streamed = run(pools[1], reducers=[mean], keep=False, chunk=8)
    assert streamed.values == {}
    assert mean.count == N * len(TIMES)
    assert mean.total["A"] / mean.count == pytest.approx(whole["A"].mean(), rel=1e-12)


def test_dense_output_inside_steps_is_as_good_as_the_steps(pools):
    kernel = pools[1]
    times = np.sort(np.random.default_rng(1).uniform(0, 200.0, 400))
    loose = run(kernel, until=200.0, times=times, tolerance=1e-7)
    exact = run(kernel, until=200.0, times=times, tolerance=1e-11)
    for name in ("A", "B", "PTH"):
        assert np.max(np.abs(loose[name] - exact[name])) < 2e-5, name


def test_patients_may_be_sampled_at_times_of_their_own(pools):
    own = np.sort(np.random.default_rng(5).uniform(0.0, 1400.0, (N, 20)), axis=1)
    run_ = run(pools[1], times=own, tolerance=1e-9)
    for patient in (0, 13, N - 1):
        alone = run(pools[1], [patient], times=own[patient], tolerance=1e-9)
        assert np.array_equal(run_["A"][patient], alone["A"][0])
    assert np.isfinite(run_["A"]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"parameters": {"nothing": 1.0}},
        {"start": {"nothing": 1.0}},
        {"times": [2.0, 1.0]},
        {"times": [9.0], "until": 5.0},
        {"until": -1.0},
    ],
)
def test_wrong_calls_are_refused(pools, wrong):
    with pytest.raises(InputError):
        simulate(pools[1], **{"until": 5.0, **wrong})

"""The work is the same for Livedo and for every peer, and the same whoever else is in it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.work import HOURS, YEAR, body, peterson_riggs, worst_error
from livedo.engine import simulate


def test_patients_do_not_depend_on_how_many_there_are():
    few, many = peterson_riggs(5), peterson_riggs(40)
    np.testing.assert_array_equal(few.parameter_array(), many.first(5).parameter_array())
    np.testing.assert_array_equal(few.switches, many.first(5).switches)


def test_one_patient_in_twenty_has_little_kidney_function_left():
    gfr = peterson_riggs(200).starts["GFR"] * 16.667
    assert sorted(set(np.round(gfr, 9))) == [9.5, 15.0]
    assert np.mean(gfr < 10) == 0.05


@pytest.mark.parametrize("make", [peterson_riggs, body])
def test_a_year_has_156_sessions_and_a_reading_at_the_end_of_each(make):
    work = make(3)
    assert work.switches.shape == (3, 314)
    lengths = np.diff(work.switches, axis=1)
    np.testing.assert_allclose(lengths[:, 1::2], HOURS)
    assert work.samples.shape == (3, 156)
    np.testing.assert_array_equal(work.samples, work.switches[:, 2:-1:2])
    assert work.switches[0, -1] == YEAR


@pytest.mark.parametrize("make", [peterson_riggs, body])
def test_livedos_schedule_switches_when_the_arrays_say(make):
    work = make(2)
    index = {
        "parameters": {k: i for i, k in enumerate(work.system.parameters)},
        "states": {k: i for i, k in enumerate(work.system.states)},
        "observables": {k: i for i, k in enumerate(work.observables)},
    }
    events = work.schedule().layout(np.arange(2), 0.0, YEAR, index, at_begin=True, at_end=True)
    for patient in range(2):
        times = events.time[events.first[patient] : events.first[patient + 1]]
        np.testing.assert_array_equal(np.unique(times), work.switches[patient, 1:-1])


def test_a_start_array_is_where_livedo_starts():
    work = body(3)
    kernel = work.kernel()
    begun = simulate(kernel, until=0.0, patients=3, parameters=work.parameters, start=work.starts)
    order = [kernel.layout.states.index(s) for s in work.system.states]
    np.testing.assert_allclose(begun.final.states[:, order], work.start_array(), rtol=1e-12)


def test_an_error_is_the_worst_outputs_95th_percentile():
    truth = np.ones((10, 20, 2))
    samples = truth.copy()
    samples[:, :, 1] += 0.001
    samples[0, :5, 0] = 3.0
    assert worst_error(samples, truth) == pytest.approx(0.001)


def test_a_reading_that_failed_is_an_infinite_error():
    truth = np.ones((2, 5, 1))
    samples = truth.copy()
    samples[0, :2] = np.nan
    assert worst_error(samples, truth) == np.inf

"""Reducers say what the whole trajectories would have said, for any chunks."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.engine import simulate
from livedo.engine.reducers import FirstPassage, Integral, Last, OverPatients, TimeInRange

N = 41
TIMES = np.linspace(0.0, 1400.0, 200)


@pytest.fixture(scope="module")
def both(pools):
    """(trajectory kept whole, reducers fed in chunks of seven by two threads)."""
    kernel = pools[1]
    given = {"intake": np.linspace(0.0, 0.4, N)}
    whole = simulate(kernel, until=1400.0, patients=N, parameters=given, times=TIMES)
    fed = {
        "range": TimeInRange(N, "A", 2.0, 20.0),
        "passage": FirstPassage(N, "A", 12.0),
        "integral": Integral(N, "hill"),
        "last": Last(N, ["A", "B"]),
        "over": OverPatients(TIMES, "A", 0.1, 1000.0),
    }
    simulate(
        kernel,
        until=1400.0,
        patients=N,
        parameters=given,
        times=TIMES,
        keep=False,
        reducers=list(fed.values()),
        chunk=7,
        threads=2,
    )
    return whole, fed


def test_time_in_range(both):
    whole, fed = both
    assert np.allclose(fed["range"].result, ((whole["A"] >= 2.0) & (whole["A"] <= 20.0)).mean(axis=1))


def test_first_passage(both):
    whole, fed = both
    above = whole["A"] > 12.0
    expected = np.where(above.any(axis=1), TIMES[above.argmax(axis=1)], np.inf)
    assert np.array_equal(fed["passage"].result, expected)
    assert np.isinf(expected).any()
    assert np.isfinite(expected).any()


def test_integral_over_windows(both):
    whole, fed = both
    assert np.allclose(fed["integral"].result, np.trapezoid(whole["hill"], TIMES, axis=1))


def test_last_value(both):
    whole, fed = both
    assert np.array_equal(fed["last"].result["B"], whole["B"][:, -1])


def test_mean_and_quantiles_over_patients(both):
    whole, fed = both
    assert np.allclose(fed["over"].mean, whole["A"].mean(axis=0), rtol=0.005)
    for share in (0.05, 0.5, 0.95):
        exact = np.quantile(whole["A"], share, axis=0, method="inverted_cdf")
        assert np.allclose(fed["over"].quantile(share), exact, rtol=0.005)


def test_a_failed_patient_is_nan_and_left_out(pools):
    fed = [TimeInRange(3, "A", 0.0, 100.0), OverPatients(TIMES, "A", 0.1, 1000.0)]
    intake = np.array([0.1, np.nan, 0.2])
    simulate(pools[1], until=1400.0, patients=3, parameters={"intake": intake}, times=TIMES, keep=False, reducers=fed)
    assert np.isnan(fed[0].result[1])
    assert np.isfinite(fed[0].result[[0, 2]]).all()
    assert np.isfinite(fed[1].mean).all()


def test_samples_come_as_a_long_table_and_as_parquet(pools, tmp_path):
    import polars as pl

    run = simulate(pools[1], until=10.0, patients=3, times=[0.0, 5.0, 10.0])
    run.to_parquet(tmp_path / "run.parquet")
    table = pl.read_parquet(tmp_path / "run.parquet")
    assert table.shape == (9, 2 + len(run.values))
    assert table.filter(pl.col("patient") == 2)["A"].to_list() == pytest.approx(run["A"][2].tolist())

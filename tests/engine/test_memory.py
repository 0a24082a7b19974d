"""Steps after a switch are remembered from the last switch of the same phase: fewer of them, and no less exact."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.engine import Schedule, advance, compile_model, load, simulate
from livedo.engine.advance import MEMORY, PHASES, PLACE, REMEMBERED

TEXT = """model washout()
  x = 1; fast = 0; slow = 0; hd = 0;
  x' = 0.02 * (1 - x) - 0.6 * hd * x;
  fast' = 400 * (x * x - fast);
  slow' = 5 * (fast - slow);
end
"""
TIMES = np.array([168.0 * week + begin + 4.0 for week in range(26) for begin in (8.0, 56.0, 104.0)])


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "washout.ant"
    path.write_text(TEXT)
    return load(path, units="ignore")


def lived(model, tolerance, until=TIMES[-1], plan=None):
    schedule = Schedule().session({"hd": 1.0}, {"hd": 0.0}, at=[8.0, 56.0, 104.0], hours=4.0)
    kernel = compile_model(model, ("x", "fast", "slow"))
    times = TIMES[until >= TIMES]
    return simulate(kernel, until=until, times=times, schedule=plan or schedule, tolerance=tolerance)


def test_remembered_steps_are_fewer_and_as_exact(model, monkeypatch, tmp_path):
    true, remembered = lived(model, 1e-10), lived(model, 1e-4)
    monkeypatch.setattr(advance, "REPEATED", 0.0)
    monkeypatch.setenv("LIVEDO_CACHE", str(tmp_path))
    controlled = lived(model, 1e-4)

    def error(run):
        return max(np.max(np.abs(run[name] / true[name] - 1.0)) for name in ("x", "fast", "slow"))

    assert remembered.steps[0][0] < 0.9 * controlled.steps[0][0]
    assert error(remembered) < 1.5 * error(controlled)
    assert error(remembered) < 1e-3


def test_what_comes_in_between_is_not_remembered(model):
    quiet = lived(model, 1e-4, until=13.0)
    assert MEMORY <= quiet.final.control[0, PLACE] < MEMORY + PHASES * REMEMBERED
    plan = Schedule().session({"hd": 1.0}, {"hd": 0.0}, at=[8.0], hours=4.0).bolus("x", 0.1, at=20.0)
    assert lived(model, 1e-4, until=21.0, plan=plan).final.control[0, PLACE] == 0.0

"""Inputs that copy an observable: one after another, or several that read the same moment; at a session's start and end."""

from __future__ import annotations

import pytest

from livedo.engine import Kernel, Schedule, Trajectory, compile_model, load, simulate

#: ``first`` and ``second`` each read the other: what they hold tells whether one saw what the other had just held.
SWAP = """
model swap()
  compartment body; body = 1;
  first = 1; second = 2; on = 0; level = 0;
  level' = first;
  other_of_first := second;
  other_of_second := first;
  running := 10 * on + first;
end
"""
SEEN = ("first", "second", "on")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    path = tmp_path_factory.mktemp("swap") / "swap.ant"
    path.write_text(SWAP)
    return compile_model(load(path, units="ignore"), ("other_of_first", "other_of_second", "running", *SEEN))


def run(kernel: Kernel, schedule: Schedule, *times: float) -> Trajectory:
    return simulate(kernel, until=10.0, schedule=schedule, times=times)


def test_holds_one_after_another_see_each_other(kernel: Kernel) -> None:
    schedule = Schedule().hold("first", "other_of_first", 1.0).hold("second", "other_of_second", 1.0)
    seen = run(kernel, schedule, 2.0)
    assert (seen["first"][0, 0], seen["second"][0, 0]) == (2.0, 2.0)


def test_holds_of_one_moment_do_not(kernel: Kernel) -> None:
    schedule = Schedule().hold_all({"first": "other_of_first", "second": "other_of_second"}, 1.0)
    seen = run(kernel, schedule, 2.0)
    assert (seen["first"][0, 0], seen["second"][0, 0]) == (2.0, 1.0)


def test_a_session_holds_at_its_start_then_and_at_its_end(kernel: Kernel) -> None:
    schedule = Schedule().session(
        {"on": 1.0},
        {"on": 0.0},
        at=[2.0],
        hours=3.0,
        every=100.0,
        held={"first": "other_of_first"},
        held_then={"second": "running"},
        held_after={"second": "running"},
    )
    seen = run(kernel, schedule, 1.0, 3.0, 6.0)
    assert list(seen["second"][0]) == [2.0, 12.0, 2.0]
    assert list(seen["first"][0]) == [1.0, 2.0, 2.0]

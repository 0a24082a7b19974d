"""Machine code does what the same text does on NumPy, and the cache gives back what was compiled."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from livedo.engine import Schedule, cache, compile_model, simulate
from livedo.engine.advance import CONTROL_ROWS, LAST_ERROR, MEMORY, REMEMBERED, STEP, Window, advance
from livedo.engine.chunk import FIRST_STEP
from livedo.engine.kernel import rows, stepper_of
from livedo.engine.lanes import WIDTH, NumpyMachine


def run_on_numpy(model, kernel, parameters, schedule, times, end, tolerance, method):
    """The text of the kernel on NumPy: one group of patients."""
    m = NumpyMachine()
    stepper = stepper_of(model, kernel.layout.observables, method)
    system = stepper.system
    p, y = np.zeros((len(system.parameters), WIDTH)), np.zeros((len(system.states), WIDTH))
    for i, name in enumerate(system.parameters):
        p[i] = parameters.get(name, model.parameters[name])
    system.start(m, p, y)
    w = np.zeros((CONTROL_ROWS, WIDTH))
    w[LAST_ERROR], w[STEP], w[MEMORY::REMEMBERED] = 1.0, FIRST_STEP, FIRST_STEP
    index = {
        kind: {k: i for i, k in enumerate(getattr(kernel.layout, kind))}
        for kind in ("parameters", "states", "observables")
    }
    e = schedule.layout(np.arange(WIDTH), 0.0, end, index, at_begin=True, at_end=True)
    sample_from = np.arange(WIDTH + 1) * len(times)
    samples = np.full(WIDTH * len(times) * len(system.observables), np.nan)
    window = Window(
        *(y, p, np.zeros((len(system.hoisted), WIDTH)), w, e.first, e.time, e.kind, e.row, e.phase, e.value),
        *(sample_from, np.append(np.tile(times, WIDTH), np.inf), samples),
    )
    advance(m, stepper, 0, end, tolerance, 100.0, window)
    return samples.reshape(WIDTH, len(times), -1), y


@pytest.mark.parametrize("which", ["pools", "pools4"])
def test_machine_code_agrees_with_the_numpy_oracle(which, request):
    model, kernel = request.getfixturevalue(which)
    method = {"pools": "RODAS5P", "pools4": "RODAS4P"}[which]
    clock = np.linspace(0.0, 0.7, WIDTH)
    schedule = (
        Schedule()
        .session({"hd": 1.0}, {"hd": 0.0, "held": 0.0}, at=[2.0 + clock], hours=3.0, every=12.0, held={"held": "hill"})
        .bolus("A", np.linspace(0.1, 0.5, WIDTH), at=7.0)
    )
    times = np.linspace(0.0, 24.0, 33)
    intake = np.linspace(0.1, 0.6, WIDTH)
    expected, _ = run_on_numpy(model, kernel, {"intake": intake}, schedule, times, 24.0, 1e-10, method)
    run = simulate(
        kernel, until=24.0, patients=WIDTH, parameters={"intake": intake}, schedule=schedule, times=times, tolerance=1e-10,
        longest_step=100.0,
    )  # fmt: skip
    for i, name in enumerate(kernel.layout.observables):
        assert np.allclose(run[name], expected[:, :, i], rtol=1e-8, atol=1e-9), name


def test_a_processor_without_512_bit_vectors_gets_the_same_numbers(pools, monkeypatch):
    from livedo.engine import kernel as module

    model, kernel = pools
    narrow = ("haswell", "") if "x86" in platform.machine() else ("generic", "")
    monkeypatch.setattr(module, "host", lambda: narrow)
    other = compile_model(model, kernel.layout.observables)
    assert other.key != kernel.key
    given = {"until": 100.0, "times": np.linspace(0.0, 100.0, 11), "tolerance": 1e-9}
    for name, values in simulate(kernel, **given).values.items():
        assert np.allclose(simulate(other, **given)[name], values, rtol=1e-6), name


def test_compiled_code_is_taken_from_the_cache(pools, monkeypatch):
    from livedo.engine import kernel as module

    model, kernel = pools
    monkeypatch.setattr(module, "_build", lambda *_: pytest.fail("compiled again"))
    again = compile_model(model, kernel.layout.observables)
    assert again.key == kernel.key
    assert again.layout == kernel.layout


def test_an_unwritable_cache_is_not_used(pools, monkeypatch, tmp_path):
    model, kernel = pools
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("LIVEDO_CACHE", str(blocked / "below"))
    assert compile_model(model, kernel.layout.observables).key == kernel.key


def test_a_cache_entry_is_written_whole_or_not_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("LIVEDO_CACHE", str(tmp_path))
    cache.write("entry", b"content")
    assert cache.read("entry") == b"content"
    assert [p.name for p in tmp_path.iterdir()] == ["entry"]


def test_memory_for_the_kernel_is_aligned():
    for groups, count in ((1, 1), (3, 7), (64, 38)):
        block = rows(groups, count)
        assert block.ctypes.data % 64 == 0
        assert block.shape == (groups, count, WIDTH)

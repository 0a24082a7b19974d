"""The source that peers run says what the engine computes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.printers import for_jax, for_numba
from benchmarks.work import body, peterson_riggs
from livedo.engine.lanes import WIDTH, NumpyMachine


def at_a_point(work):
    """States off their start, parameters, hoisted values and a session running, each for one patient."""
    y = work.start_array()[0] * (1 + 0.01 * np.sin(np.arange(len(work.system.states)))) + 1e-3
    p = work.parameter_array()[0]
    for name, value in work.opening:
        p[work.system.parameters.index(name)] = value
    return y, p


def by_the_engine(work, y, p):
    """(rates, observed) from the engine's own texts on NumPy."""
    m, system = NumpyMachine(), work.system
    c, f, o = (m.array(max(1, k)) for k in (len(system.hoisted), len(y), len(system.outputs)))
    lanes_y, lanes_p = (np.repeat(v[:, None], WIDTH, axis=1) for v in (y, p))
    system.hoist(m, lanes_y, lanes_p, c)
    system.derivative(m, lanes_y, lanes_p, c, f)
    system.observe(m, lanes_y, lanes_p, c, o)
    return f[:, 0], o[:, 0]


def by_differences(work, y, p):
    """The Jacobian from central differences of the engine's derivatives; states that rest have no column."""
    columns = [np.zeros(len(y)) for _ in y]
    for k in range(work.system.moving):
        step = np.zeros(len(y))
        step[k] = 1e-6 * abs(y[k])
        columns[k] = (by_the_engine(work, y + step, p)[0] - by_the_engine(work, y - step, p)[0]) / (2 * step[k])
    return np.stack(columns, axis=1)


def assert_close_in_rows(found, expected):
    """Each entry within a hundred-thousandth of the largest in its row: as good as differences are."""
    size = np.abs(expected).max(axis=1, keepdims=True)
    assert np.all(np.abs(found - expected) <= 1e-5 * size + 1e-9)


def jacobian_of(printed, y, p):
    c, e = np.empty(printed["N_HOISTED"]), np.empty(len(printed["PATTERN"]))
    printed["hoist"](y, p, c)
    printed["entries"](y, p, c, e)
    jacobian = np.zeros((len(y), len(y)))
    for place, value in zip(printed["PATTERN"], e, strict=True):
        jacobian[place] = value
    return jacobian


@pytest.fixture(scope="module", params=[peterson_riggs, body], ids=["peterson-riggs", "body"])
def work(request):
    return request.param(2)


@pytest.fixture(scope="module")
def printed(work):
    names: dict[str, object] = {}
    exec(for_numba(work.system, work.scales()), names)
    return names


def test_printed_source_gives_the_engines_derivatives(work, printed):
    y, p = at_a_point(work)
    rates, observed = by_the_engine(work, y, p)
    c, f, o = np.empty(printed["N_HOISTED"]), np.empty(len(y)), np.empty(printed["N_OBSERVED"])
    printed["hoist"](y, p, c)
    printed["rhs"](y, p, c, f)
    printed["observe"](y, p, c, o)
    np.testing.assert_allclose(f, rates, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(o, observed, rtol=1e-12)


def test_printed_entries_are_the_jacobian(work, printed):
    y, p = at_a_point(work)
    assert_close_in_rows(jacobian_of(printed, y, p), by_differences(work, y, p))


def test_printed_factors_solve_the_shifted_system(work, printed):
    y, p = at_a_point(work)
    c, f, lu = np.empty(printed["N_HOISTED"]), np.empty(len(y)), np.empty(printed["N_FACTORS"])
    printed["hoist"](y, p, c)
    printed["factor"](y, p, c, 20.0, f, lu)
    rates, jacobian = by_the_engine(work, y, p)[0], jacobian_of(printed, y, p)
    solved = f.copy()
    printed["solve"](lu, solved)
    np.testing.assert_allclose(solved, np.linalg.solve(20.0 * np.eye(len(y)) - jacobian, rates), rtol=1e-8, atol=1e-12)


def test_jax_source_gives_the_engines_derivatives(work):
    jax = pytest.importorskip("jax", reason="jax is in the bench group")
    jax.config.update("jax_enable_x64", True)
    names: dict[str, object] = {}
    exec(for_jax(work.system), names)
    y, p = at_a_point(work)
    rates, observed = by_the_engine(work, y, p)
    c = names["hoist"](jax.numpy.asarray(y), jax.numpy.asarray(p))
    arrays = jax.numpy.asarray(y), jax.numpy.asarray(p), c
    np.testing.assert_allclose(names["rhs"](*arrays), rates, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(names["observe"](*arrays), observed, rtol=1e-12)
    assert_close_in_rows(np.asarray(names["jacobian"](*arrays)), by_differences(work, y, p))

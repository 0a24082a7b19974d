"""SUNDIALS CVODE through its C interface: right-hand side, Jacobian and the loop over switches compiled by Numba.

The libraries are those that scikit-sundae's wheel brings; nothing of Python runs between the start and the end of a batch.
This is what a careful C programmer would write on CVODE with its dense solver.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from benchmarks.compiled import OPTIONS, compiled
from benchmarks.peers import Peer
from benchmarks.work import Work

BDF, NORMAL = 2, 1
_POINTER, _REAL, _INT = ctypes.c_void_p, ctypes.c_double, ctypes.c_int
_WORDS = types.CPointer(types.uintp)
_NUMBERS = types.CPointer(types.float64)


@intrinsic
def _pointer(context: Any, address: Any) -> Any:
    """An address as a pointer."""
    from numba.core import cgutils

    return types.voidptr(address), lambda c, builder, s, args: builder.inttoptr(args[0], cgutils.voidptr_t)


@numba.njit
def _data(thing: Any) -> Any:
    """Where a serial vector's or a dense matrix's numbers lie: the second word of the content its first word points to.

    The first holds two 32-bit integers, as the wheel is built with 32-bit indices; :func:`_check` sees to it.
    """
    content = numba.carray(thing, (1,))[0]
    return numba.carray(_pointer(content), (2,), dtype=np.uintp)[1]


def _check(vector: int, address: int) -> None:
    """Refuse a library whose vectors are laid out otherwise."""
    content = ctypes.cast(vector, ctypes.POINTER(ctypes.c_size_t))[0]
    if ctypes.cast(content, ctypes.POINTER(ctypes.c_size_t))[1] != address:
        raise RuntimeError("the SUNDIALS library is not built with 32-bit indices")


def _library(name: str) -> ctypes.CDLL:
    found = [f for f in files("scikit-sundae") or [] if f.name.startswith(f"libsundials_{name}-")]
    return ctypes.CDLL(str(Path(str(found[0].locate()))))


def _function(library: str, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(_library(library), name)
    function.restype, function.argtypes = result, list(arguments)
    return function


def prepare(work: Work) -> Callable[[Work, float, str], np.ndarray]:
    made = compiled(work)
    rhs, entries, observe, opened, closed = made.rhs, made.entries, made.observe, made.opened, made.closed
    n, n_p, n_c, n_o = made.states, work.parameter_array().shape[1], made.hoisted, len(work.system.observables)
    rows, columns, count = made.rows, made.columns, len(made.rows)
    _library("core")
    create = _function("core", "SUNContext_Create", _INT, _INT, _POINTER)
    vector = _function("nvecserial", "N_VMake_Serial", _POINTER, _INT, _POINTER, _POINTER)
    matrix = _function("sunmatrixdense", "SUNDenseMatrix", _POINTER, _INT, _INT, _POINTER)
    linear = _function("sunlinsoldense", "SUNLinSol_Dense", _POINTER, _POINTER, _POINTER, _POINTER)
    solver = _function("cvode", "CVodeCreate", _POINTER, _INT, _POINTER)
    init = _function("cvode", "CVodeInit", _INT, _POINTER, _POINTER, _REAL, _POINTER)
    tolerances = _function("cvode", "CVodeSVtolerances", _INT, _POINTER, _REAL, _POINTER)
    set_linear = _function("cvode", "CVodeSetLinearSolver", _INT, _POINTER, _POINTER, _POINTER)
    set_jacobian = _function("cvode", "CVodeSetJacFn", _INT, _POINTER, _POINTER)
    set_data = _function("cvode", "CVodeSetUserData", _INT, _POINTER, _POINTER)
    set_many = _function("cvode", "CVodeSetMaxNumSteps", _INT, _POINTER, ctypes.c_long)
    again = _function("cvode", "CVodeReInit", _INT, _POINTER, _REAL, _POINTER)
    stop = _function("cvode", "CVodeSetStopTime", _INT, _POINTER, _REAL)
    step = _function("cvode", "CVode", _INT, _POINTER, _REAL, _POINTER, _POINTER, _INT)

    @numba.cfunc(types.int32(types.float64, _WORDS, _WORDS, _NUMBERS), **OPTIONS)
    def slopes(t: Any, y: Any, f: Any, data: Any) -> int:
        values = numba.carray(data, (n_p + n_c,))
        y_ = numba.carray(_pointer(_data(y)), (n,), dtype=np.float64)
        f_ = numba.carray(_pointer(_data(f)), (n,), dtype=np.float64)
        rhs(y_, values[:n_p], values[n_p:], f_)
        return 0

    @numba.cfunc(
        types.int32(types.float64, _WORDS, _WORDS, _WORDS, _NUMBERS, types.voidptr, types.voidptr, types.voidptr),
        **OPTIONS,
    )
    def jacobian(t: Any, y: Any, f: Any, j: Any, data: Any, a: Any, b: Any, c: Any) -> int:
        values = numba.carray(data, (n_p + n_c,))
        y_ = numba.carray(_pointer(_data(y)), (n,), dtype=np.float64)
        j_ = numba.carray(_pointer(_data(j)), (n * n,), dtype=np.float64)
        e = np.empty(count)
        entries(y_, values[:n_p], values[n_p:], e)
        for k in range(count):
            j_[columns[k] * n + rows[k]] = e[k]
        return 0

    @numba.njit(**OPTIONS)
    def drive(
        memory: Any, v: Any, y: Any, data: Any, p0: Any, y0: Any, switches: Any, delay: float, judged: int
    ) -> Any:
        out = np.full((len(p0), switches.shape[1] // 2 - 1, judged), np.nan)
        o, reached = np.empty(n_o), np.empty(1)
        p, c = data[:n_p], data[n_p:]
        for i in range(len(p0)):
            p[:] = p0[i]
            y[:] = y0[i]
            for k in range(switches.shape[1] - 1):
                if k % 2:
                    opened(y, p, c, o)
                else:
                    closed(y, p, c)
                again(memory, switches[i, k], v)
                stop(memory, switches[i, k + 1])
                if delay > 0.0 and k % 2 == 0 and k > 0:
                    if step(memory, switches[i, k] + delay, v, reached.ctypes.data, NORMAL) < 0:
                        break
                    observe(y, p, c, o)
                    out[i, k // 2 - 1] = o[:judged]
                if step(memory, switches[i, k + 1], v, reached.ctypes.data, NORMAL) < 0:
                    break
                if delay == 0.0 and k % 2:
                    observe(y, p, c, o)
                    out[i, k // 2] = o[:judged]
        return out

    def run(work: Work, tolerance: float, variant: str) -> np.ndarray:
        context = ctypes.c_void_p()
        create(0, ctypes.byref(context))
        y, data, weights = np.ones(n), np.zeros(n_p + n_c), made.weights * tolerance * (0.01 if variant else 1.0)
        v = vector(n, y.ctypes.data, context)
        w = vector(n, weights.ctypes.data, context)
        _check(v, y.ctypes.data)
        memory = solver(BDF, context)
        init(memory, ctypes.cast(slopes.address, _POINTER), 0.0, v)
        tolerances(memory, tolerance, w)
        a = matrix(n, n, context)
        set_linear(memory, linear(v, a, context), a)
        set_jacobian(memory, ctypes.cast(jacobian.address, _POINTER))
        set_data(memory, data.ctypes.data)
        set_many(memory, 100000)
        arrays = work.parameter_array(), work.start_array(), work.switches
        return drive(np.uint64(memory), np.uint64(v), y, data, *arrays, work.delay, len(work.judged))

    run(work.first(1), 1e-3, "")
    return run


PEERS = [
    Peer(
        "CVODE in C",
        "scikit-sundae",
        "SUNDIALS (the library in scikit-sundae's wheel) through its C interface; right-hand side, Jacobian and loops compiled "
        "by Numba; dense linear solver",
        prepare,
        variants=("", "absolute tolerance / 100"),
        patients=20,
    )
]

"""System -> machine code, kept on disk.

The code is explicit vector LLVM, a group of patients to a lane value, compiled for the processor at hand through llvmlite; no
compiler is needed. The object file and what the caller must know about it (names, sizes) are cached together under a
hash of the model, the options, the processor and the engine's own source.
"""

from __future__ import annotations

import ctypes
import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livedo.engine import cache
from livedo.engine.lanes import WIDTH
from livedo.engine.processor import host, is_wide
from livedo.engine.system import infusion

_RUN = ["integer"] * 2 + ["number"] * 3 + ["rows"] * 4
_RUN += ["integers", "numbers", "integers", "integers", "integers", "numbers", "integers", "numbers", "numbers"]
_C_TYPES = {"integer": ctypes.c_int64, "number": ctypes.c_double}


@dataclass(frozen=True)
class Layout:
    """Names and sizes of everything the compiled code reads and writes."""

    states: tuple[str, ...]
    parameters: tuple[str, ...]
    observables: tuple[str, ...]
    hoisted: int
    control_rows: int


class Kernel:
    """Compiled code of one model.

    Attributes
    ----------
    layout:
        Names and sizes.
    key:
        Identity of the code: equal keys mean equal results.
    values:
        The model's own values of the parameters.
    """

    def __init__(self, layout: Layout, key: str, code: bytes, values: Mapping[str, float]) -> None:
        self.layout = layout
        self.key = key
        self.values = dict(values)
        self._engine = _link(code)
        run = ctypes.CFUNCTYPE(None, *(_C_TYPES.get(k, ctypes.c_void_p) for k in _RUN))
        self._run = run(self._engine.get_function_address("run"))
        begin = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
        self._begin = begin(self._engine.get_function_address("begin"))

    def run(self, first: int, last: int, end: float, tolerance: float, longest: float, *arrays: np.ndarray) -> None:
        """Carry groups ``first`` to ``last`` - 1 to ``end``; see :class:`livedo.engine.advance.Window` for the arrays.

        Releases the interpreter lock. Arrays must be contiguous and, if of rows, aligned (:func:`rows`).
        """
        self._run(first, last, end, tolerance, longest, *(a.ctypes.data for a in arrays))

    def begin(self, first: int, last: int, p: np.ndarray, y: np.ndarray) -> None:
        """Fill the states of groups with their start, from the parameters."""
        self._begin(first, last, p.ctypes.data, y.ctypes.data)


def rows(groups: int, count: int) -> np.ndarray:
    """Aligned memory of shape (groups, count, WIDTH), zeroed."""
    size = groups * max(1, count) * WIDTH
    raw = np.zeros(size + 8, dtype=np.float64)
    shift = (-raw.ctypes.data // 8) % 8
    return raw[shift : shift + size].reshape(groups, max(1, count), WIDTH)


@functools.cache
def _own_source() -> str:
    folder = Path(__file__).parent
    return cache.key_of(*(p.read_bytes() for p in sorted(folder.glob("*.py"))))


def _target() -> Any:
    """A new target machine: an execution engine takes the one it is given for its own."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = host()
    return llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3, jit=True)


def _link(code: bytes) -> Any:
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def compile_model(
    model: Any,
    observables: tuple[str, ...] | None = None,
    method: str = "RODAS5P",
    infusions: tuple[str, ...] = (),
    varying: tuple[str, ...] | None = None,
) -> Kernel:
    """Compile a model, or take its code from the cache.

    Parameters
    ----------
    model:
        A :class:`livedo.engine.model.Model`.
    observables:
        What samples and held inputs may read; all rules and states if not given.
    infusions:
        States that a schedule may infuse.
    varying:
        Parameters that may differ between patients or be changed by a schedule; the others are compiled in as constants,
        which makes faster code. All of them if not given.
    method:
        A key of :data:`livedo.engine.tableaus.METHODS`.

    Raises
    ------
    InputError
        If an observable is unknown or an equation is not supported.
    """
    options = json.dumps([method, observables, infusions, varying])
    key = cache.key_of(model.fingerprint, options, *host(), _own_source())
    values = {**model.parameters, **{infusion(s): 0.0 for s in infusions}}
    stored = cache.read(f"kernel-{key}")
    if stored is not None:
        head, _, code = stored.partition(b"\n")
        return Kernel(_layout_from(json.loads(head)), key, code, values)
    layout, code = _build(model, observables, method, infusions, varying)
    head = json.dumps([layout.states, layout.parameters, layout.observables, layout.hoisted, layout.control_rows])
    cache.write(f"kernel-{key}", head.encode() + b"\n" + code)
    return Kernel(layout, key, code, values)


def _layout_from(data: list[Any]) -> Layout:
    return Layout(tuple(data[0]), tuple(data[1]), tuple(data[2]), data[3], data[4])


def stepper_of(
    model: Any,
    observables: tuple[str, ...] | None,
    method: str,
    infusions: tuple[str, ...] = (),
    varying: tuple[str, ...] | None = None,
) -> Any:
    """Everything :func:`livedo.engine.advance.advance` needs at compile time."""
    from livedo.engine.advance import Stepper
    from livedo.engine.rosenbrock import Norm
    from livedo.engine.system import assemble
    from livedo.engine.tableaus import METHODS

    system = assemble(model, observables, infusions, varying)
    scales, floors = [], []
    for state, start in zip(system.states, _own_starts(system, {**model.parameters}), strict=True):
        traits = model.traits.get(state)
        if traits is None:
            scales.append(abs(start) if start != 0.0 and math.isfinite(start) else 1.0)
        else:
            scales.append(0.0 if traits.accumulator else traits.scale)
        floors.append(traits is not None and traits.nonnegative and not traits.accumulator)
    return Stepper(system, METHODS[method], Norm(tuple(scales), tuple(floors)))


def _own_starts(system: Any, values: Mapping[str, float]) -> list[float]:
    """The states' start at the model's own parameters: their size, where nobody says otherwise."""
    from livedo.engine.lanes import NumpyMachine

    m = NumpyMachine()
    p, y = m.array(max(1, len(system.parameters))), m.array(len(system.states))
    for i, name in enumerate(system.parameters):
        p[i] = values.get(name, 0.0)
    system.start(m, p, y)
    return [float(v) for v in y[:, 0]]


def _build(
    model: Any,
    observables: tuple[str, ...] | None,
    method: str,
    infusions: tuple[str, ...],
    varying: tuple[str, ...] | None,
) -> tuple[Layout, bytes]:
    import llvmlite.binding as llvm
    from llvmlite import ir

    from livedo.engine.advance import CONTROL_ROWS, Window, advance
    from livedo.engine.llvm import LlvmMachine

    stepper = stepper_of(model, observables, method, infusions, varying)
    system = stepper.system
    module = ir.Module(name="livedo")
    module.triple = llvm.get_default_triple()
    machine = LlvmMachine(module, wide=is_wide(host()[1]))

    def run(m: Any, first: Any, last: Any, end: Any, tolerance: Any, longest: Any, *arrays: Any) -> None:
        data = Window(*arrays)
        m.loop(last, lambda g: advance(m, stepper, g, end, tolerance, longest, data), start=first)

    def begin(m: Any, first: Any, last: Any, p: Any, y: Any) -> None:
        counts = max(1, len(system.parameters)), len(system.states)
        m.loop(last, lambda g: system.start(m, m.block(p, g, counts[0]), m.block(y, g, counts[1])), start=first)

    machine.function("run", run, _RUN)
    machine.function("begin", begin, ["integer", "integer", "rows", "rows"])
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    options = llvm.create_pipeline_tuning_options(2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    target = _target()
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(parsed, builder)
    layout = Layout(system.states, system.parameters, system.observables, len(system.hoisted), CONTROL_ROWS)
    return layout, target.emit_object(parsed)

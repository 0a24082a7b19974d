"""Where a step's time goes: the vector instructions of the compiled code, counted, and the time of each part, measured.

The assembly is that of the very code which runs: the compiler is asked for both. Counts are of one call; a loop over the states
counts as often as it turns. The peak is measured too: sixteen independent chains of fused multiply-adds.
"""

from __future__ import annotations

import ctypes
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.work import Work, peterson_riggs
from livedo.engine import kernel as engine
from livedo.engine.advance import Stepper
from livedo.engine.lanes import WIDTH
from livedo.engine.processor import host, is_wide
from livedo.engine.schedule import Schedule

#: Kinds of vector arithmetic, by the beginning of the instruction's name, and the operations of one lane in each.
KINDS = {
    "multiply-add": (("vfmadd", "vfmsub", "vfnmadd", "vfnmsub"), 2),
    "multiply": (("vmulpd",), 1),
    "add": (("vaddpd", "vsubpd"), 1),
    "divide": (("vdivpd",), 1),
    "root": (("vsqrtpd",), 1),
    "estimate": (("vrcp14pd", "vrsqrt14pd"), 1),
    "exponent": (("vscalefpd", "vgetmantpd", "vgetexppd", "vrndscalepd", "vroundpd"), 1),
    "compare and choose": (("vcmp", "vmaxpd", "vminpd", "vblend", "vand", "vxor", "vor", "vpternlog"), 0),
}
LOOPS = "the sums between stages, and the error norm"


def assembly_of(work: Work, method: str) -> tuple[str, int]:
    """What the compiler writes for a task, and the bytes of its machine code, data left out."""
    import llvmlite.binding as llvm

    seen: list[str] = []
    sizes: list[int] = []
    real = engine._target

    def recording() -> Any:
        target = real()
        emit = target.emit_object

        def both(module: Any) -> bytes:
            seen.append(target.emit_assembly(module))
            code = emit(module)
            sections = llvm.ObjectFileRef.from_data(code).sections()
            sizes.append(sum(s.size() for s in sections if s.is_text()))
            return code

        target.emit_object = both
        return target

    with (
        tempfile.TemporaryDirectory() as empty,
        patch.dict(os.environ, LIVEDO_CACHE=empty),
        patch.object(engine, "_target", recording),
    ):
        work.kernel(method)
    return seen[0], sizes[0]


def lines_of(assembly: str, function: str) -> list[str]:
    """The instructions and labels of one function."""
    body = assembly.split(f"\n{function}:", 1)[1].split(".Lfunc_end", 1)[0]
    return [line.split("#")[0].strip() for line in body.splitlines()[1:] if line.strip()]


def count(lines: list[str], times: int = 1) -> Counter[str]:
    """Vector instructions by kind; one that reads memory counts as a load besides."""
    found: Counter[str] = Counter()
    for line in lines:
        name, _, operands = line.partition("\t")
        if not name.startswith("v") or ("%zmm" not in operands and "%ymm" not in operands):
            continue
        kind = next((k for k, (starts, _) in KINDS.items() if name.startswith(starts)), None)
        reads = "(" in operands
        if kind:
            found[kind] += times
            found["load"] += times * reads
        elif name.startswith(("vmov", "vbroadcast")):
            stores = operands.rstrip().endswith(")")
            found["store" if stores else "load" if reads else "move"] += times
        else:
            found["other"] += times
    return found


def operations(counts: Counter[str]) -> int:
    """Arithmetic operations of one lane: a multiply-add counts as two, an estimate or a piece of an exponent as one."""
    return sum(each * counts[kind] for kind, (_, each) in KINDS.items())


def loops(lines: list[str], states: int) -> Iterator[tuple[list[str], int]]:
    """(instructions, turns) of every loop of one block that runs over the states, from the first stage to the error norm."""
    begin = next(i for i, line in enumerate(lines) if "$first_stage" in line)
    end = next(i for i, line in enumerate(lines) if i > begin and line.startswith("vsqrtpd"))
    label, at = "", 0
    for i in range(begin, end):
        if lines[i].endswith(":"):
            label, at = lines[i][:-1], i
        elif label and re.fullmatch(rf"j\w+\t{re.escape(label)}", lines[i]):
            steps = [int(m[1]) for line in lines[at:i] if (m := re.fullmatch(r"addq\t\$(\d+), %\w+", line))]
            yield lines[at:i], states // min((s for s in steps if s < states), default=1)


def _module(text: Callable[[Any], None]) -> Any:
    """A linked module of what ``text`` makes on a lane machine."""
    import llvmlite.binding as llvm
    from llvmlite import ir

    from livedo.engine.llvm import LlvmMachine

    module = ir.Module(name="parts")
    module.triple = llvm.get_default_triple()
    text(LlvmMachine(module, wide=is_wide(host()[1])))
    parsed = llvm.parse_assembly(str(module))
    target = engine._target()
    options = llvm.create_pipeline_tuning_options(2)
    options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(parsed, builder)
    return engine._link(target.emit_object(parsed))


def _seconds(linked: Any, name: str, turns: int, *arrays: np.ndarray) -> float:
    """Seconds of processor time of one turn of a compiled loop, the least of many tries."""
    kinds = [ctypes.c_int64, *[ctypes.c_void_p] * len(arrays)]
    function = ctypes.CFUNCTYPE(None, *kinds)(linked.get_function_address(name))
    best = np.inf
    for _ in range(200):
        began = time.thread_time()
        function(turns, *(a.ctypes.data for a in arrays))
        best = min(best, time.thread_time() - began)
    return best / turns


def timings(work: Work, method: str) -> dict[str, float]:
    """Seconds of one call of the parts of a step, for eight patients in the middle of a session."""
    from livedo.engine.rosenbrock import attempt

    stepper: Stepper = engine.stepper_of(work.model, work.observables, method, varying=work.varying)
    system = stepper.system

    def text(m: Any) -> None:
        def loop(name: str, kinds: list[str], body: Callable[..., None]) -> None:
            m.function(name, lambda m, turns, *a: m.loop(turns, lambda i: body(m, *a)), ["integer", *kinds])

        def whole(m: Any, y: Any, p: Any, c: Any, h: Any, u: Any, new: Any) -> None:
            h[1] = attempt(m, system, stepper.tableau, stepper.norm, y, p, c, h[0], m.number(1e-4), u, new)

        parts = (("first_stage", system.first_stage, 6), ("stage", system.stage, 5), ("hoist", system.hoist, 3))
        for name, part, arguments in (*parts, ("observe", system.observe, 4)):
            loop(f"{name}_loop", ["rows"] * arguments, lambda m, *a, n=name, t=part: m.call(n, t, *a))
        loop("attempt_loop", ["rows"] * 6, whole)

    linked, n = _module(text), len(system.states)
    y, f, new, u = engine.rows(1, n), engine.rows(1, n), engine.rows(1, n), engine.rows(1, n * stepper.tableau.stages)
    p, c, o = (engine.rows(1, len(x)) for x in (system.parameters, system.hoisted, system.outputs))
    lu, diagonal, h = engine.rows(1, len(system.elimination.slots)), engine.rows(1, 1), engine.rows(1, 2)
    diagonal[:], h[:] = 20.0, 0.2
    lanes = work.first(WIDTH)
    p[0, : len(system.parameters)], y[0] = lanes.parameter_array().T, lanes.start_array().T
    for name, value in work.opening:
        p[0, system.parameters.index(name)] = value
    given = {"hoist": (y, p, c), "observe": (y, p, c, o), "first_stage": (y, p, c, diagonal, lu, f)}
    given |= {"attempt": (y, p, c, h, u, new), "stage": (y, p, c, lu, f)}
    return {name: _seconds(linked, f"{name}_loop", 1000, *arrays) for name, arrays in given.items()}


def peak() -> tuple[float, float]:
    """(operations a second that independent multiply-adds reach, cycles a second).

    The clock is told by a chain of integer multiplications, of three cycles each on all x86 processors of the last ten years
    (Fog, Instruction tables, agner.org/optimize).
    """
    chains = 16

    def text(m: Any) -> None:
        def fused(m: Any, turns: Any, x: Any) -> None:
            from llvmlite import ir

            from livedo.engine.llvm_values import I64, Value

            build, a, b = m.builder, x[0], x[1]
            before = build.block
            head, after = build.append_basic_block("head"), build.append_basic_block("after")
            build.branch(head)
            build.position_at_end(head)
            index = build.phi(I64)
            index.add_incoming(ir.Constant(I64, 0), before)
            values = [build.phi(a.ir.type) for _ in range(chains)]
            following = [m._intrinsic("fma", Value(m, v), a, b) for v in values]
            for v, f in zip(values, following, strict=True):
                v.add_incoming(b.ir, before)
                v.add_incoming(f.ir, head)
            more = build.add(index, ir.Constant(I64, 1))
            index.add_incoming(more, head)
            build.cbranch(build.icmp_signed("<", more, turns.ir), head, after)
            build.position_at_end(after)
            total = following[0]
            for f in following[1:]:
                total = total + f
            x[2] = total

        def multiplied(m: Any, turns: Any, x: Any) -> None:
            def body(i: Any) -> None:
                # Squares: they cannot be put together into fewer multiplications.
                value = x[0]
                for _ in range(100):
                    value = value * value
                x[0] = value

            m.loop(turns, body)

        m.function("fused", fused, ["integer", "rows"])
        m.function("multiplied", multiplied, ["integer", "integers"])

    linked = _module(text)
    x = engine.rows(1, 3)
    x[0, 0], x[0, 1] = 0.5, 1.0
    whole = np.full(1, 3, dtype=np.int64)
    return 2 * chains * WIDTH / _seconds(linked, "fused", 20000, x), 300 / _seconds(linked, "multiplied", 2000, whole)


def shares(work: Work, method: str, tolerance: float) -> dict[str, float]:
    """How the processor time of a year divides: the compiled code, laying out schedules, the rest (seconds of each patient)."""
    from benchmarks.populations import LivedoRun

    spent = {"kernel": 0.0, "layout": 0.0}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **more: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*args, **more)
            finally:
                spent[name] += time.thread_time() - began

        return wrapped

    run, found = LivedoRun(), []
    run(work, tolerance, method)
    kernel, layout = engine.Kernel.run, Schedule.layout
    with (
        patch.object(engine.Kernel, "run", timed("kernel", kernel)),
        patch.object(Schedule, "layout", timed("layout", layout)),
    ):
        for _ in range(5):
            spent.update(kernel=0.0, layout=0.0)
            began = time.thread_time()
            run(work, tolerance, method)
            found.append({"whole": time.thread_time() - began} | spent)
    least = min(found, key=lambda x: x["whole"])
    assert run.last is not None
    rounds = {"steps_of_a_lane_a_year": float(run.last.steps[2].mean())}
    return {name: seconds / work.patients for name, seconds in least.items()} | rounds


def instructions(quick: bool, seed: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Count and measure on the published model, with the method and tolerance of ``settings``; an entry of results.json."""
    method, tolerance = settings["variant"], settings["tolerance"]
    work = peterson_riggs(64 if quick else 512, seed)
    stepper: Stepper = engine.stepper_of(work.model, work.observables, method, varying=work.varying)
    states, stages = stepper.system.moving, stepper.tableau.stages
    text, size = assembly_of(work, method)
    counts = {name: count(lines_of(text, name)) for name in ("first_stage", "stage")}
    counts[LOOPS] = Counter()
    for lines, turns in loops(lines_of(text, "run"), states):
        counts[LOOPS] += count(lines, turns)
    calls = {"first_stage": 1, "stage": stages - 1, LOOPS: 1}
    each = {name: operations(c) for name, c in counts.items()}
    a_step = sum(calls[name] * each[name] for name in calls)
    seconds, (fastest, clock), year = timings(work, method), peak(), shares(work, method, tolerance)
    graph = stepper.system.graph
    used = graph.below([*stepper.system.rates, *stepper.system.jacobian.values()])
    kinds = Counter(str(graph.ops[node][0]) for node in used)
    a_year = year["steps_of_a_lane_a_year"] * a_step
    found: dict[str, Any] = {
        "states": len(stepper.system.states),
        "lanes": WIDTH,
        "stages": stages,
        "counts": {name: dict(c) for name, c in counts.items()},
        "calls_of_a_step": calls,
        "operations_of_a_lane": each,
        "operations_of_a_step": a_step,
        "seconds_of_a_call": seconds,
        "powers_and_logarithms": {k: kinds[k] for k in ("exp2", "log2", "exp", "log")},
        "machine_code_bytes": size,
        "peak_operations_per_second": fastest,
        "cycles_per_second": clock,
        "seconds_of_a_patient_year": year,
        "operations_of_a_patient_year": a_year,
        "share_of_peak_within_steps": WIDTH * a_step / seconds["attempt"] / fastest,
        "share_of_peak": a_year / year["whole"] / fastest,
        "share_of_time_within_steps": year["steps_of_a_lane_a_year"] * seconds["attempt"] / WIDTH / year["whole"],
    }
    return {
        "task": "instructions",
        "livedo": found | {"settings": {"tolerance": tolerance, "variant": method, "model": work.name}},
        "peers": [],
        "ratio_to_best_peer": None,
        "seed": seed,
        "patients": work.patients,
        "quick": quick,
    }

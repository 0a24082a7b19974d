"""The other tasks, of Livedo alone: latency, cold and warm, memory, threads, lanes, start-up. Each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

#: ``tolerance`` and ``variant`` (method) with which Livedo passed on its own body at the greatest rate.
Settings = Mapping[str, Any]

#: What every child process begins with; it ends by printing one JSON object.
_HEAD = """
import json, os, re, resource, time
from pathlib import Path
import numpy as np
from benchmarks.work import HOURS, STARTS, WEEK, YEAR, body
from livedo.engine import simulate
def run(work, kernel, **more):
    options = dict(times=work.samples) | more
    return simulate(kernel, until=YEAR, patients=work.patients, parameters=work.parameters, start=work.starts,
                    schedule=work.schedule(), tolerance=TOLERANCE, **options)
"""

_LATENCY = """
work = body(1); kernel = work.kernel(METHOD); run(work, kernel, threads=1)
wall = []
for _ in range(N):
    t = time.perf_counter(); run(work, kernel, threads=1); wall.append(time.perf_counter() - t)
print(json.dumps({"median_seconds": float(np.median(wall)), "p95_seconds": float(np.percentile(wall, 95)), "runs": N}))
"""

_WHOLE = """
t, c = time.perf_counter(), time.process_time()
work = body(N); kernel = work.kernel(METHOD)
made = time.perf_counter() - t
run(work, kernel, keep=False)
print(json.dumps({"ready_seconds": made, "total_seconds": time.perf_counter() - t,
                  "processor_seconds": time.process_time() - c, "patient_years": N}))
"""

_MEMORY = """
from livedo.engine.reducers import OverPatients
work = body(N); kernel = work.kernel(METHOD); t = time.perf_counter()
# One time for everyone, as reducers over patients want it: soon after the last patient's session has ended.
times = (np.arange(int(YEAR / WEEK))[:, None] * WEEK + np.array(STARTS) + HOURS + 0.6).ravel()
spans = {"P": (0.1, 10.0), "Ca_total": (0.5, 5.0), "PTH": (0.1, 1000.0)}
reducers = [OverPatients(times, name, *span) for name, span in spans.items()]
result = run(work, kernel, keep=False, times=times, reducers=reducers)
seconds = time.perf_counter() - t
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
if Path("/proc/self/status").is_file():
    # The figure above is inherited from the process that started this one; that of the address space is not.
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
print(json.dumps({"peak_bytes": peak, "seconds": seconds, "patients": N, "failures": len(result.failures)}))
"""

_THREADS = """
work = body(N); kernel = work.kernel(METHOD); best = {1: (np.inf, 0.0), 2: (np.inf, 0.0)}
# In turn, and the best of each counts: whatever else the machine does takes a processor from two threads first.
for _ in range(3 if N < 1000 else 6):
    for threads in best:
        t, c = time.perf_counter(), time.process_time()
        result = run(work, kernel, threads=threads, keep=False, chunk=256)
        best[threads] = min(best[threads], (time.perf_counter() - t, time.process_time() - c))
# And as it would be if patients stayed where they were put, instead of changing places with others of like work.
from livedo.engine.chunk import Chunk
Chunk.sort_by_work = lambda block, tried: None
fixed = run(work, kernel, keep=False, chunk=256).useful_lane_steps
found = {str(k): N / wall for k, (wall, _) in best.items()}
print(json.dumps({"patient_years_per_second": found, "two_over_one": found["2"] / found["1"], "patients": N,
                  "processor_seconds": {str(k): cpu for k, (_, cpu) in best.items()}, "load_average": os.getloadavg()[0],
                  "steps_per_switch": float(result.steps[0].mean() / (work.switches.shape[1] - 1)),
                  "useful_lane_steps": result.useful_lane_steps, "useful_lane_steps_unsorted": fixed}))
"""

_READY = """
import time; t = time.perf_counter()
import numpy, llvmlite.binding
import livedo.engine
from livedo.body import load_body
imports = time.perf_counter() - t
body = load_body(); model = time.perf_counter() - t - imports
body.kernel(); whole = time.perf_counter() - t - imports
import json; print(json.dumps({"import_seconds": imports, "model_seconds": model, "model_and_kernel_seconds": whole}))
"""


def _child(code: str, cache: str | None = None) -> dict[str, Any]:
    environment = dict(os.environ) | ({} if cache is None else {"LIVEDO_CACHE": cache})
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def _code(text: str, count: int, settings: Settings) -> str:
    return f"N, TOLERANCE, METHOD = {count}, {settings['tolerance']!r}, {settings['variant']!r}\n{_HEAD}{text}"


def latency(quick: bool, settings: Settings) -> dict[str, Any]:
    """One patient-year with a warm kernel."""
    return _child(_code(_LATENCY, 10 if quick else 50, settings))


def cold_and_warm(quick: bool, settings: Settings) -> dict[str, Any]:
    """Ten thousand patient-years from an empty cache, and again in a new process from the cache."""
    with tempfile.TemporaryDirectory() as cache:
        code = _code(_WHOLE, 500 if quick else 10_000, settings)
        return {"cold": _child(code, cache), "warm": _child(code, cache)}


def memory(quick: bool, settings: Settings) -> dict[str, Any]:
    """Peak memory of a hundred thousand patients for a year, reduced as they come."""
    return _child(_code(_MEMORY, 2000 if quick else 100_000, settings))


def threads(quick: bool, settings: Settings) -> dict[str, Any]:
    """Two threads beside one, and how evenly the lanes of a group are used."""
    return _child(_code(_THREADS, 512 if quick else 4096, settings))


def start_up(quick: bool, settings: Settings) -> dict[str, Any]:
    """Seconds to import, to build the body, and to read it from the cache."""
    times = "import time; t = time.perf_counter(); import livedo; print(time.perf_counter() - t)"
    imports = [
        float(subprocess.run([sys.executable, "-c", times], capture_output=True, text=True, check=True).stdout)
        for _ in range(3 if quick else 9)
    ]
    with tempfile.TemporaryDirectory() as cache:
        built = _child(_READY, cache)
        cached = sorted((_child(_READY, cache) for _ in imports), key=lambda x: x["model_and_kernel_seconds"])
    return {"import_seconds": statistics.median(imports), "built": built, "from_cache": cached[len(cached) // 2]}


TASKS: Mapping[str, Callable[[bool, Settings], dict[str, Any]]] = {
    "T1-latency": latency,
    "T2-cold-and-warm": cold_and_warm,
    "T2-memory": memory,
    "T2-threads": threads,
    "start-up": start_up,
}


def surrounding(name: str, quick: bool, seed: int, settings: Settings) -> dict[str, Any]:
    """Measure one task; returns its entry of results.json."""
    return {
        "task": name,
        "livedo": TASKS[name](quick, settings)
        | {"settings": {"tolerance": settings["tolerance"], "variant": settings["variant"], "model": "T2-body"}},
        "peers": [],
        "ratio_to_best_peer": None,
        "seed": seed,
        "quick": quick,
    }

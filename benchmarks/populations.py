"""The T2 tasks: a population through a year of dialysis, Livedo and every peer at equal achieved error."""

from __future__ import annotations

import inspect
import os
import tempfile
import time
from importlib.metadata import version
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.compiled import compiled
from benchmarks.peers import MODULES, Peer, peers
from benchmarks.reference import Truth, truth
from benchmarks.tuning import Point, timed, tune
from benchmarks.work import TASKS, YEAR, Work
from livedo.engine import Kernel, compile_model, simulate
from livedo.engine.lanes import WIDTH
from livedo.engine.tableaus import METHODS

#: Patients of the task, and of those the ones whose truth is known.
PATIENTS, JUDGED = 1000, 100
QUICK_PATIENTS, QUICK_JUDGED = 200, 12
#: The quick form leaves out what takes longest to compile or run on the second task.
QUICK_BODY = ("numbalsoda_lsoda", "cvode_c")


class LivedoRun:
    """Livedo on one thread; the variant is the name of a method, and ``seconds`` what making the kernels took."""

    def __init__(self) -> None:
        self.kernels: dict[str, Kernel] = {}
        self.seconds = 0.0

    def __call__(self, work: Work, tolerance: float, variant: str) -> np.ndarray:
        if variant not in self.kernels:
            began = time.process_time()
            self.kernels[variant] = work.kernel(variant)
            self.seconds += time.process_time() - began
        result = simulate(
            self.kernels[variant],
            until=YEAR,
            patients=work.patients,
            parameters=work.parameters,
            start=work.starts,
            schedule=work.schedule(),
            times=work.samples,
            tolerance=tolerance,
            threads=1,
        )
        return np.stack([result[name] for name in work.judged], axis=2)


def population(name: str, quick: bool, seed: int, say: Any = print) -> dict[str, Any]:
    """Measure one task; returns its entry of results.json."""
    work = TASKS[name](QUICK_PATIENTS if quick else PATIENTS, seed)
    compiled(work)
    known = truth(work.first(QUICK_JUDGED if quick else JUDGED))
    say(f"{name}: the reference solvers agree to {known.difference:.1e} on {len(known.samples)} patients")
    livedo = _livedo(work, known, quick)
    say(_line("Livedo", livedo))
    modules = QUICK_BODY if quick and name == "T2-body" else MODULES
    found = [_peer(peer, work, known, quick, say) for peer in peers(modules)]
    real = [p for p in found if not p["ours"]]
    best = max((p["patient_years_per_second_per_core"] or 0.0 for p in real), default=0.0)
    return {
        "task": name,
        "limit": work.limit,
        "livedo": livedo,
        "peers": found,
        "ratio_to_best_peer": livedo["patient_years_per_second_per_core"] / best if best else None,
        "reference": known.describe(),
        "states": len(work.system.states),
        "switches_per_year": int(work.switches.shape[1] - 2),
        "readings_per_year": len(work.samples),
        "patients": work.patients,
        "seed": seed,
        "quick": quick,
    }


def _livedo(work: Work, known: Truth, quick: bool) -> dict[str, Any]:
    own = str(inspect.signature(compile_model).parameters["method"].default)
    run, judged = LivedoRun(), work.first(len(known.samples))
    with tempfile.TemporaryDirectory() as empty, patch.dict(os.environ, LIVEDO_CACHE=empty):
        run(work.first(1), 1e-3, own)
    seconds = run.seconds
    variants = (own,) if quick else (own, *(name for name in METHODS if name != own))
    best, points = tune(run, judged, known.samples, work.limit, variants=variants, quick=quick)
    if best is None:
        raise RuntimeError(f"{work.name}: Livedo passes {work.limit} at no tolerance")
    whole = [timed(run, work, best.tolerance, best.variant, known.samples) for _ in range(1 if quick else 3)]
    chosen = sorted(whole, key=lambda p: p.rate)[len(whole) // 2]
    return _entry(chosen, points, {"lanes": WIDTH, "threads": 1}) | {
        "version": version("livedo"),
        "compile_seconds": seconds,
    }


def _peer(peer: Peer, work: Work, known: Truth, quick: bool, say: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": peer.name, "version": version(peer.package), "note": peer.note, "ours": peer.ours}
    count = min(peer.patients, len(known.samples))
    if quick:
        count = min(8, max(1, count // 4))
    try:
        few = work.first(count)
        run, seconds = peer.ready(few)
        variants = peer.variants[:1] if quick else peer.variants
        best, points = tune(
            run, few, known.samples, work.limit, variants=variants, tolerances=peer.tolerances, quick=quick
        )
    except Exception as error:
        say(f"  {peer.name}: failed, {error!r}")
        return entry | {
            "patient_years_per_second_per_core": None,
            "achieved_error": None,
            "settings": {},
            "failed": repr(error),
        }
    seconds = max(seconds, getattr(run, "seconds", 0.0)) + (compiled(work).seconds if peer.shares else 0.0)
    entry |= _entry(best, points, {}) | {"compile_seconds": seconds}
    say(_line(peer.name, entry))
    return entry


def _entry(best: Point | None, points: list[Point], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "patient_years_per_second_per_core": None if best is None else best.rate,
        "patient_years_per_second_by_the_clock": None if best is None else best.wall_rate,
        "achieved_error": None if best is None else best.error,
        "settings": {} if best is None else {**settings, "tolerance": best.tolerance, "variant": best.variant},
        "patients_run": None if best is None else best.patients,
        "work_precision": [p.as_dict() for p in points],
    }


def _line(name: str, entry: dict[str, Any]) -> str:
    rate, error = entry["patient_years_per_second_per_core"], entry["achieved_error"]
    if rate is None:
        return f"  {name}: no tolerance passes"
    tolerance = entry["settings"]["tolerance"]
    return f"  {name:24s} {rate:8.2f} patient-years/s/core at error {error:.1e} (tolerance {tolerance:.1e})"

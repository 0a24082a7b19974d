"""The T2 tasks: a population through a year of dialysis, Livedo and every peer at equal achieved error."""

from __future__ import annotations

import inspect
import os
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.compiled import compiled
from benchmarks.peers import MODULES, Peer, cvode_c, peers
from benchmarks.reference import TIGHT, Truth, truth
from benchmarks.tuning import Point, Run, timed, tune
from benchmarks.work import TASKS, YEAR, Work, worst_error
from livedo.engine import Kernel, Trajectory, compile_model, simulate
from livedo.engine.lanes import WIDTH
from livedo.engine.tableaus import METHODS

#: Patients of the task, and of those the ones whose truth is known.
PATIENTS, JUDGED = 1000, 100
QUICK_PATIENTS, QUICK_JUDGED = 200, 12
#: Of the whole body fewer, in the full and the quick form: the truth takes the reference solvers about a minute a patient.
JUDGED_WHOLE = {False: 24, True: 4}
#: Hours after a session at which the error is looked at besides.
LATER = 0.5
#: The quick form leaves out what takes longest to compile or run on Livedo's own body.
QUICK_BODY = ("numbalsoda_lsoda", "cvode_c")


class LivedoRun:
    """Livedo on one thread; the variant is the name of a method, and ``seconds`` what making the kernels took."""

    def __init__(self) -> None:
        self.kernels: dict[str, Kernel] = {}
        self.last: Trajectory | None = None
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
        self.last = result
        return np.stack([result[name] for name in work.judged], axis=2)


def population(name: str, quick: bool, seed: int, say: Any = print) -> dict[str, Any]:
    """Measure one task; returns its entry of results.json."""
    work = TASKS[name](QUICK_PATIENTS if quick else PATIENTS, seed)
    compiled(work)
    judged = JUDGED_WHOLE[quick] if name == "T2-disease" else QUICK_JUDGED if quick else JUDGED
    known = truth(work.first(judged))
    say(f"{name}: the reference solvers agree to {known.difference:.1e} on {len(known.samples)} patients")
    run = LivedoRun()
    livedo = _livedo(run, work, known, quick)
    say(_line("Livedo", livedo))
    modules = QUICK_BODY if quick and name in ("T2-body", "T2-disease") else MODULES
    solvers = peers(modules)
    found = [_peer(peer, work, known, quick, say) for peer in solvers]
    best = in_turn(run, livedo, solvers, found, work, known, 2 if quick else 12)
    return {
        "task": name,
        "limit": work.limit,
        "livedo": livedo,
        "peers": found,
        "ratio_to_best_peer": livedo["patient_years_per_second_per_core"] / best if best else None,
        "elsewhere": elsewhere(run, livedo, next((p for p in found if p["name"] == "CVODE in C"), None), work, known),
        "reference": known.describe(),
        "states": len(work.system.states),
        "switches_per_year": int(work.switches.shape[1] - 2),
        "readings_per_year": work.samples.shape[1],
        "patients": work.patients,
        "seed": seed,
        "quick": quick,
    }


def in_turn(
    run: LivedoRun,
    livedo: dict[str, Any],
    solvers: list[Peer],
    found: list[dict[str, Any]],
    work: Work,
    known: Truth,
    rounds: int,
) -> float:
    """Time Livedo and its fastest peer again, in turn, so that both have the same machine; returns the peer's rate.

    The best of each takes the place of the rate found before, as whatever disturbs a run makes it slower.
    """
    real = [p for p in found if not p["ours"] and p["patient_years_per_second_per_core"]]
    if not real:
        return 0.0
    best = max(real, key=lambda p: p["patient_years_per_second_per_core"])
    few = work.first(best["patients_run"])
    peer = next(s for s in solvers if s.name == best["name"]).ready(few)[0]
    pairs = (run, work, livedo), (peer, few, best)
    points: list[list[Point]] = [[], []]
    for _ in range(rounds):
        for kept, (solver, patients, entry) in zip(points, pairs, strict=True):
            setting = entry["settings"]["tolerance"], entry["settings"]["variant"]
            kept.append(timed(solver, patients, *setting, known.samples))
    for kept, (_, _, entry) in zip(points, pairs, strict=True):
        entry["patient_years_per_second_per_core"] = max(p.rate for p in kept)
        entry["patient_years_per_second_by_the_clock"] = max(p.wall_rate for p in kept)
        entry["rates_in_turn"] = [p.rate for p in kept]
    return max(p["patient_years_per_second_per_core"] for p in real)


def _livedo(run: LivedoRun, work: Work, known: Truth, quick: bool) -> dict[str, Any]:
    own = str(inspect.signature(compile_model).parameters["method"].default)
    judged = work.first(len(known.samples))
    with tempfile.TemporaryDirectory() as empty, patch.dict(os.environ, LIVEDO_CACHE=empty):
        run(work.first(1), 1e-3, own)
    seconds = run.seconds
    variants = (own, *(name for name in METHODS if name != own))
    best, points = tune(run, judged, known.samples, work.limit, variants=variants, quick=quick)
    if best is None:
        raise RuntimeError(f"{work.name}: Livedo passes {work.limit} at no tolerance")
    whole = [timed(run, work, best.tolerance, best.variant, known.samples) for _ in range(1 if quick else 3)]
    chosen = sorted(whole, key=lambda p: p.rate)[len(whole) // 2]
    assert run.last is not None
    accepted, attempts, rounds = run.last.steps
    return _entry(chosen, points, {"lanes": WIDTH, "threads": 1}) | {
        "useful_lane_steps": run.last.useful_lane_steps,
        "accepted_a_year": float(accepted.mean()),
        "attempts_a_year": float(attempts.mean()),
        "rounds_a_year": float(rounds.mean()),
        "version": version("livedo"),
        "compile_seconds": seconds,
    }


def elsewhere(
    run: LivedoRun, livedo: dict[str, Any], peer: dict[str, Any] | None, work: Work, known: Truth
) -> dict[str, Any]:
    """The error where the comparison does not look: half an hour after each session, inside a step.

    For Livedo and for CVODE in C, which is also the truth there, at a tight tolerance.
    """
    solver = cvode_c.PEERS[0].ready(work)[0]
    judged = work.first(len(known.samples))
    true = solver(replace(judged, delay=LATER), TIGHT, "")

    def told(entry: dict[str, Any], solve: Run, patients: Work) -> dict[str, Any]:
        later = replace(patients, delay=LATER)

        def error(tolerance: float, variant: str) -> float:
            return worst_error(solve(later, tolerance, variant), true)

        passing = [p for p in entry["work_precision"] if p["error"] <= work.limit]
        for point in sorted(passing, key=lambda p: -p["rate"]):
            found = error(point["tolerance"], point["variant"])
            if found <= work.limit:
                fastest = point | {"error_later": found}
                break
        else:
            fastest = None
        settings = entry["settings"]
        return {"error": error(settings["tolerance"], settings["variant"]), "fastest_that_passes_there_too": fastest}

    found = {"hours_after_the_end": LATER, "livedo": told(livedo, run, judged)}
    if peer is not None and peer["patient_years_per_second_per_core"]:
        found["peer"] = told(peer, solver, judged.first(peer["patients_run"])) | {"name": peer["name"]}
    return found


def _peer(peer: Peer, work: Work, known: Truth, quick: bool, say: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": peer.name, "version": version(peer.package), "note": peer.note, "ours": peer.ours}
    count = min(peer.patients, len(known.samples))
    if quick:
        count = min(8, max(1, count // 4))
    try:
        few = work.first(count)
        few.parameter_array(), few.start_array()  # made now, as they are given to a solver
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

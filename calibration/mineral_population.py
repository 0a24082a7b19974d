"""What calibration reads of many people at once, as the scorecard reads it: labs, sessions, stages of kidney disease.

Members come from the spreads of the tables, moved with the centres of each set. Few of the scorecard's people show how readings
change: they are taken evenly over gland tendency, which decides most of PTH. All of them, with the draws of its laboratory, show
the level that the scorecard reads.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from fitting import Readings, Sets
from mineral_experiments import MG_CA, MG_P, OBSERVED

from livedo.body import haemodialysis, load_body
from livedo.engine import Kernel, Moment, Schedule, Trajectory, simulate, steady_state
from livedo.engine.randomness import normal
from livedo.evidence.context import MIDWEEK, RUN_IN, RUN_IN_GLAND, SEED, SIZES, WEEK
from livedo.evidence.experiments.control import KDOQI
from livedo.evidence.experiments.phosphate_fit import clearance_of, fitted_course
from livedo.evidence.experiments.sessions import HEMO_DRAWN, HEMO_FLOWS, HEMO_HOURS
from livedo.evidence.experiments.units import MG_DL_CA, ML_MIN, PG_ML_PTH
from livedo.evidence.result import balanced, median_of
from livedo.patients import binder_taken, prior_of, variations

TOLERANCE = 3e-5
#: Lanes run at once.
CHUNK = 256
#: Members that show how readings change.
FEW = 96
#: Stages of kidney disease by filtration (mL/min) whose PTH NHANES gives, and the PTH it counts as raised (pg/mL).
STAGES, RAISED = ((60.0, 110.0), (45.0, 60.0), (30.0, 45.0)), 70.0
#: Median PTH of those whose sessions at dialysate 1.75 mmol/L were studied, pg/mL (MV073).
PTH_AT_HIGH_DIALYSATE = 277.0


@functools.cache
def drawn(members: int, among: int) -> Mapping[str, np.ndarray]:
    """Trait -> shape (members,): of the scorecard's first so many people, every so many-th in the order of gland tendency."""
    prior = prior_of(load_body())
    scores = prior.scores(np.arange(among), SEED)
    order = np.argsort(scores[:, prior.names.index("gland_tendency")])
    every = among / members
    chosen = np.sort(order[(every * (np.arange(members) + 0.5)).astype(int)])
    return prior.values(scores[chosen])


def people(
    sets: Sets, values: Mapping[str, np.ndarray], setting: Mapping[str, float | np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Parameters of every member under every set, set by set, shape (sets x members,).

    A trait keeps its distance from the centre of the table where a set or a setting moves the centre.
    """
    body, setting = load_body(), setting or {}
    own, size, members = body.model.parameters, len(next(iter(sets.values()))), len(values["gland_tendency"])
    table: dict[str, np.ndarray] = {}
    for name in dict.fromkeys([*values, *sets, *setting]):
        if name not in own:
            continue
        centre = np.broadcast_to(np.asarray(sets.get(name, own[name]), dtype=float)[..., None], (size, members))
        if name in setting:
            centre = np.broadcast_to(np.asarray(setting[name], dtype=float), (size, members))
        if name not in values:
            table[name] = centre.ravel()
        elif body.parameters[name].distribution == "lognormal":
            table[name] = (values[name] * centre / own[name]).ravel()
        else:
            table[name] = (values[name] + centre - own[name]).ravel()
    volume = np.asarray(setting.get("V_target", own["V_target"])) / own["dry_weight"]
    table["V_dry"] = table["V_target"] = volume * table["dry_weight"]
    return table


def settled(kernel: Kernel, table: dict[str, np.ndarray], *, on: bool, whole: bool) -> Moment:
    """Where they settle, on or off haemodialysis: by weeks with quick glands, and of the whole population the scorecard's way."""
    schedule = haemodialysis() if on else Schedule()
    run = simulate(
        kernel,
        until=RUN_IN * WEEK,
        patients=len(table["V_dry"]),
        parameters={**table, "tau_gland": np.full(len(table["V_dry"]), RUN_IN_GLAND)},
        schedule=schedule,
        tolerance=TOLERANCE,
        chunk=CHUNK,
    )
    _complain(run)
    if not whole:
        return run.final.restarted()
    own = {"tau_gland": kernel.values["tau_gland"]}
    model = load_body().part_for(OBSERVED).model
    return steady_state(
        model, kernel, run.final, schedule, parameters={**own, **table}, accept=1e-5, most_iterations=12
    ).moment.restarted()


def _complain(run: Trajectory) -> None:
    if run.failures:
        raise RuntimeError(f"a run failed: {next(iter(run.failures.values()))}")


def raised_share(pth: np.ndarray, limit: float, *, whole: bool) -> np.ndarray:
    """Share of members whose measured PTH is above a limit (pg/mL), shape (sets,), %.

    Of the whole population with the scorecard's draws; of few members, the mean over the variation of a draw.
    """
    from scipy.special import ndtr

    noise, beyond = variations()["pth"].single, np.log(pth * PG_ML_PTH / limit)
    if whole:
        return 100 * (beyond + noise * normal(SEED, "draw/PTH", np.arange(pth.shape[1])) >= 0).mean(axis=1)
    return 100 * ndtr(beyond / noise).mean(axis=1)


def calcium_share(calcium: np.ndarray, albumin: np.ndarray, limit: float, *, whole: bool) -> np.ndarray:
    """Share of members whose measured, albumin-corrected calcium is below a limit (mg/dL), shape (sets,), %; as above."""
    from scipy.special import ndtr

    one, two = variations()["calcium_total"].single, variations()["albumin"].single
    total, protein = calcium * MG_DL_CA, 0.08 * albumin
    if whole:
        people = np.arange(calcium.shape[1])
        total = total * (1 + one * normal(SEED, "draw/Ca_total", people))
        protein = protein * (1 + two * normal(SEED, "draw/albumin", people))
        return 100 * (total + 3.2 - protein < limit).mean(axis=1)
    return 100 * ndtr((limit - (total + 3.2 - protein)) / np.hypot(one * total, two * protein)).mean(axis=1)


def stages(kernel: Kernel, sets: Sets, members: int = FEW) -> Readings:
    """Share with raised PTH at each stage of kidney disease.

    As in the scorecard, the spread of gland tendency comes as filtration is lost.
    """
    body, among = load_body(), SIZES["stage"][0]
    members = min(members, among)
    healthy = {k: v for k, v in body.settings["healthy"].items() if k != "gland_tendency"}
    whole = body.parameters["GFR_ref"].value
    found: Readings = {}
    for low, high in STAGES:
        filtration = (low + (high - low) * (np.arange(members) + 0.5) / members) / 100.0
        table = people(sets, drawn(members, among), {**healthy, "GFR": whole * filtration})
        lost = 1.0 - np.tile(filtration, len(table["GFR"]) // members)
        table["gland_tendency"] = (table["gland_tendency"] / body.settings["healthy"]["gland_tendency"]) ** lost
        moment = settled(kernel, table, on=False, whole=members == among)
        run = simulate(kernel, until=1.0, start=moment, times=[0.0], tolerance=TOLERANCE, chunk=CHUNK)
        pth = run["PTH"][:, 0].reshape(-1, members)
        found[f"raised PTH at eGFR {low:g} to {high:g}"] = raised_share(pth, RAISED, whole=members == among)
    return found


class Sessions:
    """Midweek sessions of settled members, every quarter of an hour."""

    def __init__(self, kernel: Kernel, moment: Moment, members: int) -> None:
        self.kernel, self.moment, self.members = kernel, moment, members

    def run(self, hours: float = 4.0, **during: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Hours from its start to one after its end, and what is seen then, shape (sets x members, hours)."""
        grid = np.arange(0.0, hours + 1.01, 0.25)
        schedule = haemodialysis(at=(8.0,)) + haemodialysis(at=(MIDWEEK,), hours=hours, **during)
        run = simulate(
            self.kernel,
            until=MIDWEEK + hours + 1.5,
            start=self.moment,
            schedule=schedule,
            times=MIDWEEK + grid,
            tolerance=TOLERANCE,
            chunk=CHUNK,
        )
        _complain(run)
        return grid, dict(run.values)

    def by_set(self, values: np.ndarray) -> np.ndarray:
        """Shape (sets, members)."""
        return values.reshape(-1, self.members)

    def fitted(
        self, hours: float, seen: tuple[np.ndarray, dict[str, np.ndarray]], at: tuple[float, ...] = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mobilisation clearance (mL/min) and central volume (L) fitted to a session, shape (sets, members)."""
        grid, run = seen
        times = np.array(at) if at else grid
        columns = [int(np.argmin(np.abs(grid - t))) for t in times]
        last = int(np.argmin(np.abs(grid - hours)))
        removed = run["P_removed_hd"][:, last] - run["P_removed_hd"][:, 0]
        dialyser = clearance_of(removed, run["P"][:, : last + 1], grid[: last + 1])
        filtered = (run["V"][:, 0] - run["V"][:, last]) / hours
        clearance, volume = fitted_course(run["P"][:, columns], times, hours, dialyser, filtered, 20 if at else 5)
        return self.by_set(clearance) * ML_MIN, self.by_set(volume)


def dialysis(kernel: Kernel, sets: Sets, members: int = FEW) -> Readings:
    """Labs before the midweek session, what sessions remove and bring, and kinetics of phosphate fitted as studies fit them."""
    among = SIZES["dialysis"][0]
    members = min(members, among)
    values, whole = drawn(members, among), members == among
    table = people(sets, values)
    size = len(table["V_dry"]) // members
    table["binder_PBED"] = np.tile(binder_taken(load_body(), values), size)
    moment = settled(kernel, table, on=True, whole=whole)
    of = Sessions(kernel, moment, members)
    usual = of.run()
    grid, run = usual
    end = int(np.argmin(np.abs(grid - 4.0)))
    labs = {
        name: of.by_set(run[name][:, 0]) for name in ("P", "Ca_total", "Ca_ionised", "PTH", "FGF23", "albumin_plasma")
    }
    p = run["P"].reshape(size, members, len(grid))
    quartiles = np.percentile(labs["PTH"], [25, 50, 75], axis=1)
    fgf = np.percentile(labs["FGF23"], [25, 50, 75], axis=1)
    removed = of.by_set(run["P_removed_hd"][:, end] - run["P_removed_hd"][:, 0])
    found: Readings = {
        "population P mean": labs["P"].mean(axis=1),
        "population P SD": labs["P"].std(axis=1),
        "population Ca mean": labs["Ca_total"].mean(axis=1),
        "population Ca SD": labs["Ca_total"].std(axis=1),
        "population share of Ca below 8.4": calcium_share(
            labs["Ca_total"], labs["albumin_plasma"], KDOQI["Ca"][0], whole=whole
        ),
        "population share of Ca above 9.5": 100
        - calcium_share(labs["Ca_total"], labs["albumin_plasma"], KDOQI["Ca"][1], whole=whole),
        "population ionised Ca SD": labs["Ca_ionised"].std(axis=1),
        "population PTH median": quartiles[1],
        "population PTH quartile ratio": quartiles[2] / quartiles[0],
        "population share of PTH above 300": raised_share(labs["PTH"], KDOQI["PTH"][1], whole=whole),
        "population share of PTH below 150": 100 - raised_share(labs["PTH"], KDOQI["PTH"][0], whole=whole),
        "population FGF23 median": fgf[1],
        "population FGF23 quartile ratio": fgf[2] / fgf[0],
        "population share of sessions with P rising late": (p[..., end] > p[..., end - 4]).mean(axis=1),
        "population P 4 h over 3 h, mean": np.log(p[..., end] / p[..., end - 4]).mean(axis=1),
        "population P fall 1 h": (1 - p[..., 4] / p[..., 0]).mean(axis=1),
        "population P fall 4 h": (1 - p[..., end] / p[..., 0]).mean(axis=1),
        "population P removed": MG_P * removed.mean(axis=1),
    }
    clearance, volume = of.fitted(4.0, usual)
    found["mobilisation in 4 h"], found["central volume in 4 h"] = clearance.mean(axis=1), volume.mean(axis=1)
    clearance, volume = of.fitted(2.0, of.run(2.0))
    found["mobilisation in 2 h"], found["central volume in 2 h"] = clearance.mean(axis=1), volume.mean(axis=1)
    blood, bath = (flow / ML_MIN for flow in HEMO_FLOWS)
    clearance, volume = of.fitted(HEMO_HOURS, of.run(HEMO_HOURS, Qb=blood, Qd=bath), HEMO_DRAWN)
    found["mobilisation in HEMO"], found["central volume in HEMO"] = (
        np.median(clearance, axis=1),
        np.median(volume, axis=1),
    )
    return found | _calcium(of, labs["PTH"])


def _calcium(of: Sessions, pth: np.ndarray) -> Readings:
    """Calcium gained over a week at dialysate 1.35, and in a session at 1.75 mmol/L by people whose median PTH is the study's."""
    run = simulate(
        of.kernel,
        until=WEEK,
        start=of.moment,
        parameters={"Ca_dialysate": 1.35},
        schedule=haemodialysis(),
        times=[0.0, WEEK],
        tolerance=TOLERANCE,
        chunk=CHUNK,
    )
    _complain(run)
    gained = of.by_set(np.diff(run["Ca_gained_hd"])[:, 0]) * MG_CA / 3
    grid, high = of.run(Ca_dialysate=1.75)
    end = int(np.argmin(np.abs(grid - 4.0)))
    brought = of.by_set(high["Ca_gained_hd"][:, end] - high["Ca_gained_hd"][:, 0]) * MG_CA
    fall = 1 - of.by_set(high["PTH"][:, end] / high["PTH"][:, 0])
    rise = of.by_set(high["Ca_ionised"][:, end] - high["Ca_ionised"][:, 0])
    weights = [balanced(np.log(row * PG_ML_PTH), np.log(PTH_AT_HIGH_DIALYSATE)) for row in pth]
    return {
        "population Ca gained at 1.35": gained.mean(axis=1),
        "population Ca gained at 1.35, SD": gained.std(axis=1),
        "population share gaining Ca at 1.35": (gained > 0).mean(axis=1),
        "population Ca gained at 1.75": np.array(
            [median_of(b, w).value for b, w in zip(brought, weights, strict=True)]
        ),
        "population PTH fall at 1.75": np.array([median_of(f, w).value for f, w in zip(fall, weights, strict=True)]),
        "population ionised Ca change at 1.75": rise.mean(axis=1),
    }

"""Experiments on the body that give what published mineral figures measured, for many sets of parameters side by side.

Each experiment takes ``sets``: parameter -> shape (sets,), and gives readings: name -> shape (sets,). Sets and the arms of
an experiment lie in the lanes of one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from fitting import Readings, Sets

from livedo.body import haemodialysis, load_body
from livedo.engine import Kernel, Moment, Schedule, Trajectory, simulate

WEEK = 168.0
#: Settling: weeks, and a gland quick enough to settle in them.
RUN_IN, QUICK_GLAND = 90, 1500.0
#: The midweek session, hours after Monday 00:00.
MIDWEEK = 56.0
MG_P, MG_CA = 30.97, 40.08
TOLERANCE = 1e-5
OBSERVED = (
    *("P", "Ca_total", "Ca_ionised", "PTH", "calcitriol", "ALP", "CTX", "FGF23", "Quf_required", "Quf", "gland_mass"),
    *("P_removed_hd", "Ca_gained_hd", "P_urine", "Ca_urine", "Ca_absorbed", "P_absorbed", "Ca_bone", "HCO3", "Mg", "V"),
    *("Ca_faeces", "P_faeces", "albumin_plasma"),
)
DIALYSATES = (1.25, 1.375, 1.5, 1.75)
#: Dialysate flow of a batch system, whose pump moves blood and dialysate alike (Basile 2012): the blood flow, L/h.
BATCH_FLOW = 18.0
#: Relative filtration of the stages of kidney disease that are read.
STAGES = (0.75, 0.52, 0.43, 0.37, 0.2)
#: Active vitamin D over 26 weeks, pmol/h of calcitriol: 1 ug of it three times a week; 4 ug of paricalcitol as calcitriol.
CALCITRIOL, PARICALCITOL = 43.0, 52.0


def kernel_of() -> Kernel:
    """The body's kernel with everything the experiments read."""
    return load_body().part_for(OBSERVED).kernel(OBSERVED)


def crossed(sets: Sets, arms: Sequence[Mapping[str, float | np.ndarray]]) -> dict[str, np.ndarray]:
    """Parameters of every set under every arm, set by set: shape (sets x arms,). What an arm says holds.

    An arm's value may be a number or one for each set.
    """
    names = dict.fromkeys([*sets, *(name for arm in arms for name in arm)])
    own = load_body().model.parameters
    size = len(next(iter(sets.values())))
    table = {}
    for name in names:
        base = np.broadcast_to(np.asarray(sets.get(name, own[name]), dtype=float), (size,))
        table[name] = np.stack([np.broadcast_to(arm.get(name, base), (size,)) for arm in arms], axis=1).ravel()
    return table


def settled(kernel: Kernel, sets: Sets, arms: Sequence[Mapping[str, float | np.ndarray]], *, on: bool = True) -> Moment:
    """Where every set settles under every arm, on or off haemodialysis; the gland at its own pace again."""
    table = crossed(sets, [{**arm, "tau_gland": QUICK_GLAND} for arm in arms])
    run = simulate(
        kernel,
        until=RUN_IN * WEEK,
        patients=len(table["tau_gland"]),
        parameters=table,
        schedule=haemodialysis() if on else Schedule(),
        tolerance=TOLERANCE,
    )
    _complain(run)
    row = kernel.layout.parameters.index("tau_gland")
    run.final.parameters[:, row] = kernel.values["tau_gland"]
    return run.final


def carried(
    kernel: Kernel,
    start: Moment,
    changes: Mapping[str, np.ndarray | float],
    until: float,
    times: Sequence[float] | np.ndarray,
    schedule: Schedule | None = None,
) -> Trajectory:
    """From a settled moment, on a new clock."""
    run = simulate(
        kernel,
        until=until,
        start=start.restarted(),
        parameters=changes,
        schedule=schedule,
        times=times,
        tolerance=TOLERANCE,
    )
    _complain(run)
    return run


def _complain(run: Trajectory) -> None:
    if run.failures:
        raise RuntimeError(f"a run failed: {run.failures}")


def arms_of(moment: Moment, arms: int, arm: int) -> Moment:
    """The patients of one arm."""
    return moment.chosen(np.arange(arm, len(moment.states), arms))


def health(kernel: Kernel, sets: Sets) -> Readings:
    """Labs in health and along kidney disease, clamps of ionised calcium, two phosphate diets of 36 h."""
    healthy = load_body().settings["healthy"]
    stages = [{**healthy, "GFR": 6.0 * nu} for nu in (1.0, *STAGES)]
    moment = settled(kernel, sets, stages, on=False)
    run = carried(kernel, moment, {}, 24.0, [0.0, 24.0])
    shape = (-1, len(stages))
    got = {k: run[k].reshape(*shape, 2) for k in ("P", "Ca_total", "PTH", "calcitriol", "FGF23", "Ca_urine", "P_urine")}
    absorbed = np.diff(run["P_absorbed"])[:, 0].reshape(shape)[:, 0]
    passed = np.diff(run["P_faeces"])[:, 0].reshape(shape)[:, 0]
    found = {
        "healthy P": got["P"][:, 0, 0],
        "healthy Ca": got["Ca_total"][:, 0, 0],
        "healthy PTH": got["PTH"][:, 0, 0],
        "healthy calcitriol": got["calcitriol"][:, 0, 0],
        "healthy FGF23": got["FGF23"][:, 0, 0],
        "healthy P absorbed": absorbed / (absorbed + passed),
        "healthy urine Ca": got["Ca_urine"][:, 0, 1] - got["Ca_urine"][:, 0, 0],
    }
    for i, nu in enumerate(STAGES, start=1):
        for symbol in ("P", "Ca_total", "PTH", "calcitriol", "FGF23"):
            name = "Ca" if symbol == "Ca_total" else symbol
            found[f"{name} at GFR {100 * nu:g}% of health"] = got[symbol][:, i, 0] / got[symbol][:, 0, 0]
    well = arms_of(moment, len(stages), 0)
    return found | _clamps(kernel, well) | _diets(kernel, well)


def _clamps(kernel: Kernel, well: Moment) -> Readings:
    """PTH under ionised calcium 0.2 mmol/L below and above: a wide, quick pool holds it."""
    now = carried(kernel, well, {}, 0.1, [0.0])
    names, states = kernel.layout.parameters, kernel.layout.states
    found: Readings = {}
    for shift, label in ((-0.2, "low"), (0.2, "high")):
        held = well.restarted()
        states_now = held.states.copy()
        weight = held.parameters[:, names.index("dry_weight")]
        level = now["Ca_ionised"][:, 0] + shift
        states_now[:, states.index("Q")] = level * 1e4 * weight
        share = (level / now["Ca_ionised"][:, 0])[:, None]
        states_now[:, [states.index("Ca")]] *= share
        clamp = Moment(held.time, states_now, held.parameters, held.control, held.acted)
        run = carried(
            kernel, clamp, {"v_Q": 1e4, "K_Q": 2e3, "surface_PTH_gain": 0.0}, 2.0, np.arange(0.0, 2.001, 1 / 60)
        )
        pth = run["PTH"] / now["PTH"]
        found[f"clamp {label} end"] = pth[:, 100]
        if shift < 0:
            found["clamp low peak"] = pth.max(axis=1)
    return found


def _diets(kernel: Kernel, well: Moment) -> Readings:
    poor = carried(kernel, well, {"diet_P": 25.0 / 24}, 36.0, [12.0, 36.0])
    rich = carried(kernel, well, {"diet_P": 42.0 / 24}, 36.0, [12.0, 36.0])

    def risen(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.log(b / a)

    urine = risen(np.diff(poor["P_urine"])[:, 0], np.diff(rich["P_urine"])[:, 0])
    return {
        "diet P per urine P": risen(poor["P"][:, 1], rich["P"][:, 1]) / urine,
        "diet FGF23 per urine P": risen(poor["FGF23"][:, 1], rich["FGF23"][:, 1]) / urine,
    }


def dialysis(kernel: Kernel, sets: Sets) -> Readings:
    """The reference patient on dialysis: labs, a session at four dialysate calciums, long changes of dialysate and drugs."""
    severe = {"gland_tendency": 3.5 * np.asarray(sets.get("gland_tendency", kernel.values["gland_tendency"]))}
    arms: list[dict[str, float | np.ndarray]] = [{"Ca_dialysate": c} for c in DIALYSATES] + [severe]
    moment = settled(kernel, sets, arms)
    n = len(arms)
    week = carried(kernel, moment, {}, WEEK, [MIDWEEK, WEEK], haemodialysis())
    absorbed, passed = (np.diff(week[x])[1::n, 0] for x in ("Ca_absorbed", "Ca_faeces"))
    found: Readings = {"dialysis Ca absorbed": absorbed / (absorbed + passed)}
    for symbol, name in (
        *(("P", "P"), ("Ca_total", "Ca"), ("Ca_ionised", "ionised Ca"), ("PTH", "PTH"), ("calcitriol", "calcitriol")),
        *(("FGF23", "FGF23"), ("ALP", "ALP"), ("CTX", "CTX"), ("gland_mass", "gland"), ("Mg", "Mg"), ("HCO3", "HCO3")),
    ):
        found[f"dialysis {name}"] = week[symbol][1::n, 0]
    for i, c in enumerate(DIALYSATES):
        found[f"PTH settled at {c:g}"] = week["PTH"][i::n, 0]
        found[f"Ca settled at {c:g}"] = week["Ca_total"][i::n, 0]
    found["PTH settled at 1.25 over 1.5"] = found["PTH settled at 1.25"] / found["PTH settled at 1.5"]
    start, end = (moment.states[1::n, kernel.layout.states.index("Ca_bone")], week["Ca_bone"][1::n])
    found["bone Ca lost in a year"] = 52 * (end[:, 0] - end[:, 1]) / start / (1 - MIDWEEK / WEEK)
    found["severe PTH"] = week["PTH"][4::n, 0]
    found["severe ALP"] = week["ALP"][4::n, 0]
    usual = arms_of(moment, n, 1)
    return (
        found
        | _sessions(kernel, usual)
        | _long_dialysate(kernel, arms_of(moment, n, 3))
        | _drugs(kernel, usual, arms_of(moment, n, 4))
    )


def _sessions(kernel: Kernel, usual: Moment) -> Readings:
    """One midweek session at each dialysate calcium from the same state; the reference one hour by hour."""
    found: Readings = {}
    hours = MIDWEEK + np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    for c in DIALYSATES:
        changed = haemodialysis().set("Ca_dialysate", c, 50.0)
        run = carried(kernel, usual, {}, 80.0, hours, changed)
        gained = run["Ca_gained_hd"][:, 4] - run["Ca_gained_hd"][:, 0]
        found[f"Ca gained at {c:g}"] = MG_CA * gained
        ionised, pth = run["Ca_ionised"], run["PTH"]
        found[f"ionised Ca change at {c:g}"] = ionised[:, 4] - ionised[:, 0]
        found[f"PTH change at {c:g}"] = pth[:, 4] / pth[:, 0] - 1
        if c == 1.375:
            p = run["P"]
            found["P fall 1 h"], found["P fall 4 h"] = 1 - p[:, 1] / p[:, 0], 1 - p[:, 4] / p[:, 0]
            found["P end"] = p[:, 4]
            found["P 4 h over 3 h"] = p[:, 4] / p[:, 3]
            found["P rebound 1 h"] = p[:, 5] / p[:, 0]
            found["P removed"] = MG_P * (run["P_removed_hd"][:, 4] - run["P_removed_hd"][:, 0])
        if c == 1.75:
            stayed = (run["Ca_ionised"][:, 4] - run["Ca_ionised"][:, 0]) * run["V"][:, 4]
            found["extracellular Ca gained at 1.75"] = MG_CA * stayed
            found["buffered share at 1.75"] = 1 - stayed / gained
    batch = []
    for c in (1.25, 1.5):
        changed = haemodialysis().set("Ca_dialysate", c, 50.0).set("Qd", BATCH_FLOW, 50.0)
        run = carried(kernel, usual, {}, 80.0, hours[[0, 4]], changed)
        batch.append(MG_CA * np.diff(run["Ca_gained_hd"])[:, 0])
    found["Ca gained at 1.5 over 1.25, batch system"] = batch[1] - batch[0]
    return found


def _long_dialysate(kernel: Kernel, high: Moment) -> Readings:
    """Dialysate calcium 1.75 lowered to 1.5 mmol/L for nine months."""
    at = 39 * WEEK + MIDWEEK
    run = carried(kernel, high, {"Ca_dialysate": 1.5}, at + 12, [at, at + 4.0], haemodialysis())
    kept = carried(kernel, high, {}, at + 12, [at, at + 4.0], haemodialysis())
    return {
        "PTH ratio 1.75 to 1.5": run["PTH"][:, 0] / kept["PTH"][:, 0],
        "Ca postdialysis at 1.75": kept["Ca_total"][:, 1],
        "Ca postdialysis nine months after 1.75": run["Ca_total"][:, 1],
    }


def titrated(dose: str, steps: Sequence[float]) -> Schedule:
    """A dose that is raised every four weeks, as in the trials."""
    schedule = Schedule()
    for i, amount in enumerate(steps):
        schedule = schedule.set(dose, amount, 4 * i * WEEK)
    return schedule


def etelcalcetide(steps: Sequence[float]) -> Schedule:
    """Milligrams at the end of each session, raised every four weeks."""
    schedule = Schedule()
    for i, amount in enumerate(steps):
        span = {"start": 4 * i * WEEK, "stop": 4 * (i + 1) * WEEK if i + 1 < len(steps) else np.inf}
        for end in (12.0, 60.0, 108.0):
            schedule = schedule.set("etelcalcetide_dose", amount, end, every=WEEK, **span)
            schedule = schedule.set("etelcalcetide_dose", 0.0, end + 1, every=WEEK)
    return schedule


def _drugs(kernel: Kernel, usual: Moment, severe: Moment) -> Readings:
    """Drugs for 26 weeks against none."""
    weeks = np.array([1, 2, 3, 4, 6, 8, 10, 14, 18, 22, 26])
    times = weeks * WEEK + MIDWEEK
    found: Readings = {}
    low, high = {"calcitriol_dose": CALCITRIOL}, {"sterol_dose": PARICALCITOL}
    cases = {
        "b 0.05": (severe, {}, titrated("calcimimetic_level", (0.02, 0.035, 0.05))),
        "b 0.06": (severe, {}, titrated("calcimimetic_level", (0.025, 0.045, 0.06))),
        "cinacalcet 75 mg": (severe, {}, titrated("cinacalcet_dose", (30 / 24, 60 / 24, 75 / 24))),
        "etelcalcetide 7.5 mg": (severe, {}, etelcalcetide((2.5, 5.0, 7.5))),
        "calcitriol": (usual, low, Schedule()),
        "calcitriol, severe": (severe, low, Schedule()),
        "paricalcitol": (usual, high, Schedule()),
        "cholecalciferol": (usual, {"cholecalciferol_dose": 7.74}, Schedule()),
    }
    none = {id(who): carried(kernel, who, {}, times[-1] + 12, times, haemodialysis()) for who in (usual, severe)}
    for name, (who, changes, schedule) in cases.items():
        run = carried(kernel, who, changes, times[-1] + 12, times, haemodialysis() + schedule)
        rest = none[id(who)]
        for symbol, label in (("PTH", "PTH"), ("Ca_total", "Ca"), ("P", "P"), ("calcitriol", "calcitriol")):
            found[f"{name}: {label} 26 wk"] = run[symbol][:, -1] / rest[symbol][:, -1] - 1
        found[f"{name}: ALP 26 wk"] = run["ALP"][:, -1] / rest["ALP"][:, -1] - 1
        found[f"{name}: Ca lowest"] = (run["Ca_total"] / rest["Ca_total"]).min(axis=1) - 1
        found[f"{name}: Ca change 26 wk"] = run["Ca_total"][:, -1] - rest["Ca_total"][:, -1]
    return found

"""Sets the parameters of the mineral body that published figures of class calibration can set.

Run by hand: ``python calibration/minerals.py`` (some minutes; ``--go-on`` begins at the values the table has, ``--look`` writes
nothing). It fits ``FITTED`` to ``FIGURES`` by damped Gauss-Newton least squares with priors (maximum a posteriori), all
derivatives side by side in the engine's lanes; writes the values into ``physiology/parameters.csv`` with status ``calibrated``
and the run's name as source, the settled state of the reference patient and of health as start values, and its record into
``calibration/minerals_record.json``.

Where a figure of many people is scored, the fit reads what the scorecard reads: all of the scorecard's people at the start of a
round, and how few of them change from there. A second round begins where the first ended.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import mineral_experiments as experiments
import mineral_population as population
from fitting import Figure, Fit, Readings, Sets, described, fit, read_rows, run_name, write_rows, write_values

from livedo.body import PHYSIOLOGY, load_body

RECORD = Path(__file__).with_name("minerals_record.json")


FIGURES = (
    # health
    Figure("healthy Ca", 2.32, 0.003, "NHANES 2017-2018 mean 9.3 mg/dL", True),
    Figure("healthy P", 1.162, 0.01, "NHANES 2017-2018 mean 3.6 mg/dL", True),
    Figure("healthy PTH", 4.11, 0.025, "38 pg/mL; MV142 gives 39.3", True),
    Figure("healthy urine Ca", 3.6, 0.15, "Peterson & Riggs 2010 baseline", True),
    Figure("healthy P absorbed", 0.62, 0.03, "MV118"),
    Figure("clamp low peak", 5.5, 0.15, "MV002", True),
    Figure("clamp low end", 2.3, 0.06, "MV003, MV038", True),
    Figure("clamp high end", 0.25, 0.06, "MV004, MV039", True),
    Figure("diet P per urine P", 0.60, 0.15, "MV124-MV127"),
    # kidney disease
    Figure("raised PTH at eGFR 60 to 110", 8.2, 0.7, "MV143"),
    Figure("raised PTH at eGFR 45 to 60", 19.3, 1.2, "MV144"),
    Figure("raised PTH at eGFR 30 to 45", 38.3, 1.7, "MV145"),
    Figure("Ca at GFR 37% of health", 0.985, 0.02, "choice: normal to low"),
    Figure("Ca at GFR 20% of health", 0.965, 0.02, "choice: normal to low"),
    Figure("FGF23 at GFR 43% of health", 2.4, 0.25, "MV151 (weak) against MV128", True),
    # a session
    Figure("P end", 0.85, 0.05, "MV107", True),
    Figure("population P removed", 898, 0.01, "MV110, MV112: what both bands hold", True),
    Figure("population P fall 1 h", 0.45, 0.03, "P010"),
    Figure("population P fall 4 h", 0.475, 0.015, "P011, P017"),
    Figure("mobilisation in 4 h", 99, 5, "MV093"),
    Figure("mobilisation in 2 h", 98, 3.4, "MV094"),
    Figure("mobilisation in HEMO", 87, 2.2, "P003"),
    Figure("central volume in 4 h", 11.9, 0.6, "MV095"),
    Figure("central volume in 2 h", 11.0, 0.9, "MV096"),
    Figure("central volume in HEMO", 9.4, 0.4, "P004"),
    Figure("population share of sessions with P rising late", 0.45, 0.1, "MV116, P009: sign; size is a choice"),
    Figure("Ca gained at 1.5 over 1.25, batch system", 218, 40, "C001-C003: the slope; the level is that of one unit"),
    Figure("population Ca gained at 1.75", 488, 25, "C009, MV072"),
    Figure("extracellular Ca gained at 1.75", 111, 12, "C006"),
    Figure("population Ca gained at 1.35", -76, 8, "MV076, MV077"),
    Figure("buffered share at 1.75", 0.71, 0.015, "C007, with C006"),
    Figure("population ionised Ca change at 1.75", 0.21, 0.02, "C008"),
    Figure("ionised Ca change at 1.25", -0.06, 0.008, "C013"),
    Figure("PTH change at 1.25", 0.39, 0.06, "C014"),
    Figure("PTH change at 1.75", -0.75, 0.05, "C010"),
    Figure("population PTH fall at 1.75", 0.75, 0.05, "MV075"),
    Figure("population PTH fall at 1.75", 0.816, 0.05, "MV074: 51 of 277 pg/mL"),
    # dialysis, settled
    Figure("population P mean", 1.87, 0.01, "MV245, MV246: median near 1.8 mmol/L", True),
    Figure("population share of Ca below 8.4", 9, 0.6, "MV248"),
    Figure("population share of Ca above 9.5", 50, 3, "MV247"),
    Figure("population share of PTH above 300", 32.1, 0.2, "MV249, K002b: the middle of what both bands hold"),
    Figure("population share of PTH below 150", 44.4, 1.5, "MV250, K002: the middle of what both bands hold"),
    Figure("dialysis calcitriol", 36, 0.05, "MV122", True),
    Figure("population FGF23 median", 843, 0.05, "D052", True),
    Figure("dialysis Ca absorbed", 0.13, 0.006, "MV119"),
    Figure("PTH ratio 1.75 to 1.5", 1.63, 0.15, "MV082, MV083", True),
    Figure("PTH settled at 1.25 over 1.5", 1.5, 0.25, "choice: less than the first form gave (1.74)", True),
    Figure("Ca postdialysis at 1.75", 2.72, 0.05, "MV084"),
    Figure("Ca postdialysis nine months after 1.75", 2.545, 0.05, "MV085"),
    Figure("bone Ca lost in a year", 0.010, 0.005, "choice: no more than a tenth in ten years"),
    # drugs
    Figure("cinacalcet 75 mg: PTH 26 wk", -0.485, 0.01, "MV196 (weak), MV193"),
    Figure("cinacalcet 75 mg: Ca 26 wk", -0.068, 0.007, "MV196 (weak)"),
    Figure("cinacalcet 75 mg: Ca lowest", -0.105, 0.015, "choice: no deeper than a tenth"),
    Figure("cinacalcet 75 mg: P 26 wk", -0.084, 0.03, "MV196, D010 (weak)"),
    Figure("etelcalcetide 7.5 mg: PTH 26 wk", -0.42, 0.01, "MV176-MV183"),
    Figure("etelcalcetide 7.5 mg: Ca 26 wk", -0.07, 0.01, "MV185 (weak)"),
    Figure("calcitriol: PTH 26 wk", -0.60, 0.06, "MV171, MV172; dose assumed"),
    Figure("calcitriol: Ca change 26 wk", 0.15, 0.06, "between MV023-MV024 and no change; dose assumed"),
    Figure("calcitriol: P 26 wk", 0.03, 0.015, "choice: rises slightly"),
    Figure("cholecalciferol: calcitriol 26 wk", 0.36, 0.05, "MV122, MV123"),
)

#: Parameter -> SD of the logarithm of its prior around the value it has before the run (``PRIOR_VALUES``).
FITTED = {
    "Ca_bath_ratio": (1.0, 0.05),
    "v_Q": (0.54, 0.4),
    "k_Ca_active": (0.163, 0.3),
    "Ca_transport_half_calcitriol": (90.0, 0.4),
    "Ca_secretion_clearance": (0.125, 0.3),
    "P_quickening_slope": (1.55, 0.2),
    "tau_P_quickening": (0.8, 0.2),
    "K_P_mobilisation": (2.87, 0.2),
    "v_P": (0.157, 0.2),
    "KoA_P": (12.2, 0.15),
    "K_Q": (15.0, 0.4),
    "surface_PTH_gain": (0.08, 0.4),
    "surface_HCO3_slope": (0.3, 0.5),
    "bone_exchange": (2.44e-5, 0.5),
    "KoA_Ca": (62.0, 0.05),
    "k_P_absorption": (0.29, 0.1),
    "Ca_excretion_nephron_half": (0.5, 0.5),
    "TmP_ref": (1.33, 0.2),
    "TmP_splay": (0.22, 0.1),
    "PTH_synthesis": (9.4, 0.5),
    "PTH_store_loss": (0.75, 0.4),
    "PTH_set_point_ref": (1.085, 0.008),
    "PTH_release_slope": (17.0, 0.15),
    "PTH_set_point_slope": (0.6, 0.2),
    "gland_tendency": (0.8, 0.3),
    "FGF23_klotho_half": (0.2, 0.4),
    "cinacalcet_half": (0.217, 0.3),
    "etelcalcetide_half": (309.0, 0.3),
}
NAMES = tuple(FITTED)
#: Relative move for derivatives; rounds; iterations of each.
NUDGE, ROUNDS, ITERATIONS = 0.02, 2, 8


def of_people(sets: Sets, *, whole: bool = False) -> Readings:
    """Readings of many people: a few, or all that the scorecard has."""
    kernel = experiments.kernel_of()
    more = {"members": 10**6} if whole else {}
    return population.stages(kernel, sets, **more) | population.dialysis(kernel, sets, **more)


def level_at(start: Mapping[str, float]) -> dict[str, float]:
    """What all of the scorecard's people read more than a few of them, at one set."""
    sets = {n: np.array([v]) for n, v in start.items()}
    few, all_of_them = of_people(sets), of_people(sets, whole=True)
    return {name: float(all_of_them[name][0] - few[name][0]) for name in few}


def readings(sets: Sets, level: Mapping[str, float]) -> Readings:
    """All readings of sets, shape (sets,), those of many people moved to the scorecard's level."""
    kernel = experiments.kernel_of()
    found = experiments.health(kernel, sets) | experiments.dialysis(kernel, sets)
    return found | {name: value + level[name] for name, value in of_people(sets).items()}


def fitted(start: Mapping[str, float]) -> Fit:
    """Round after round, each from where the last ended and with the level of all people there."""
    found, history = None, []
    for _ in range(ROUNDS):
        level = level_at(start)
        found = fit(
            FITTED, FIGURES, lambda sets, at=level: readings(sets, at), iterations=ITERATIONS, nudge=NUDGE, start=start
        )
        start, history = found.values, history + found.cost
    assert found is not None
    return replace(found, cost=history)


def weakest(jacobian: np.ndarray) -> list[dict[str, object]]:
    """The five directions of parameters that the figures say least of, with their information in units of the prior's."""
    _, values, directions = np.linalg.svd(jacobian, full_matrices=False)
    return [
        {
            "singular_value": round(float(values[i]), 3),
            "direction": {n: round(float(c), 2) for n, c in zip(NAMES, directions[i], strict=True) if abs(c) > 0.3},
        }
        for i in np.argsort(values)[:5]
    ]


def start_values(values: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Settled states of the reference patient and of health, as the start values they belong to."""
    sets = {name: np.array([value]) for name, value in values.items()}
    kernel, body = experiments.kernel_of(), load_body()
    healthy = dict(body.settings["healthy"])
    found = []
    for arm, on in (({}, True), (healthy, False)):
        moment = experiments.settled(kernel, sets, [{**arm}], on=on)
        schedule = experiments.haemodialysis() if on else None
        run = experiments.carried(kernel, moment, {}, 1.0, [0.0], schedule)
        state = dict(zip(kernel.layout.states, moment.states[0], strict=True))
        seen = {name: float(run[name][0, 0]) for name in ("P", "Ca_total", "Ca_ionised", "PTH", "calcitriol")}
        weight = kernel.values["dry_weight"]
        starts = {
            "P_start": seen["P"],
            "P_mobilisable_start": state["P_mobilisable"] / (kernel.values["v_P_mobilisable"] * weight),
            "P_deep_start": state["P_deep"],
            "Ca_total_start": seen["Ca_total"],
            "Ca_ionised_start": state["Q"] / (float(sets["v_Q"][0]) * weight),
            "HCO3_start": state["HCO3"],
            "PTH_start": seen["PTH"],
            "PTH_store_start": state["PTH_store"],
            "PTH_set_point_start": state["PTH_set_point"],
            "PTH_drive_start": state["PTH_drive"],
            "VDR_start": state["VDR"],
            "CaSR_start": state["CaSR"],
            "gland_mass_start": state["gland_mass_diffuse"],
            "calcitriol_start": seen["calcitriol"],
            "hydroxylase_start": state["hydroxylase"],
            "RANKL_start": state["RANKL"],
            "osteoclasts_start": state["osteoclasts"],
            "osteoblasts_start": state["osteoblasts_fast"],
            "responding_start": state["responding"],
            "osteoid_start": state["osteoid"],
            "FGF23_drive_start": state["FGF23_drive"],
            "Ca_gut_start": state["Ca_gut"],
            "P_gut_start": state["P_gut"],
            "Ca_transport_start": state["Ca_transport"],
            "Mg_start": state["Mg"],
        }
        found.append({name: float(f"{value:.4g}") for name, value in starts.items()})
    return found[0], found[1]


#: Clearance of pyrophosphate in vitro, of blood flow: Lomashvili 2005, PMID 15958726.
PYROPHOSPHATE_CLEARED = 0.36


def pyrophosphate(values: Mapping[str, float]) -> float:
    """Clearance of pyrophosphate over that of phosphate, which it is told by, at usual flows: it follows the membrane."""
    own = {**load_body().model.parameters, **values}
    plasma = own["plasma_share"] * own["Qb"]
    phosphate = (own["KoA_P"] ** -2 + plasma**-2 + own["Qd"] ** -2) ** -0.5
    return PYROPHOSPHATE_CLEARED * own["Qb"] / phosphate


def write_healthy(healthy: Mapping[str, float], run: str) -> None:
    """The settled state of health as start values of the setting ``healthy``."""
    settings = PHYSIOLOGY / "settings.csv"
    rows = [row for row in read_rows(settings) if not (row["setting"] == "healthy" and row["name"] in healthy)]
    rows += [
        {"setting": "healthy", "name": n, "value": f"{v:.4g}", "meaning": f"settled state; {run}"}
        for n, v in healthy.items()
    ]
    write_rows(settings, rows)


def main() -> None:
    """Fit, write, record."""
    began = time.time()
    own = load_body().model.parameters
    found = fitted({n: own[n] if "--go-on" in sys.argv else FITTED[n][0] for n in NAMES})
    run = run_name(
        "minerals.py", [asdict(f) for f in FIGURES], FITTED, load_body().model.fingerprint, population.FEW, ROUNDS
    )
    for f, residual in zip(FIGURES, found.residuals, strict=True):
        print(f"{f.reading:52s} {found.readings[f.reading]:10.4g} {f.value:10.4g} {residual:7.2f}")
    for n in NAMES:
        print(f"{n:28s} {found.values[n]:10.5g} prior {FITTED[n][0]:g}")
    follows = {"PPi_dialysance": float(f"{pyrophosphate(found.values):.3g}")}
    record = {
        "run": run,
        "seconds": round(time.time() - began),
        "method": "damped Gauss-Newton on figures and log-normal priors (maximum a posteriori)",
        **(kept := described(FITTED, FIGURES, found)),
        "weakest_directions": weakest(found.jacobian),
        "follows": follows,
        "all_readings": {k: float(f"{v:.5g}") for k, v in sorted(found.readings.items())},
    }
    if "--look" not in sys.argv:
        reference, healthy = start_values(found.values)
        told = {name: "most by " + "; ".join(figures) for name, figures in kept["set_by"].items()}
        told |= dict.fromkeys(follows, "over the clearance of phosphate")
        write_values(found.values | follows | reference, run, told=told)
        write_healthy(healthy, run)
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record["posterior_over_prior_spread"], indent=1))


if __name__ == "__main__":
    main()

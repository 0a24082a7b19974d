"""Sets the few parameters of the vessel chain that published figures of class calibration can set.

Run by hand: ``python calibration/vessels.py`` (some minutes; ``--arterioles`` after a change of
arterioles alone). People settle once, as the vessel chain moves no mineral of
plasma. Then ``LARGE`` is fitted to breast artery and coronary figures, and ``SMALL`` to sections of skin of people on
dialysis, once for each structure of the disease; both by damped Gauss-Newton least squares with log-normal priors (maximum
a posteriori), all derivatives side by side in the engine's lanes. Values go into ``physiology/parameters.csv`` with status
``calibrated`` and the run's name, those of the rival structures into ``physiology/settings.csv``, the record into
``calibration/vessels_record.json``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from fitting import Figure, Fit, Readings, Sets, described, fit, read_rows, run_name, write_rows, write_values

from livedo.body import PHYSIOLOGY, load_body
from livedo.engine import Trajectory
from livedo.evidence import Context
from livedo.evidence.context import MIDWEEK, WEEK, Group
from livedo.evidence.experiments.calcification import TREAT_TO_GOAL, kidney_disease, on_binder
from livedo.evidence.experiments.organ_run import fed, organ_kernel, run_organ
from livedo.evidence.experiments.small_vessels import IN_SECTION, vintages

RECORD = Path(__file__).with_name("vessels_record.json")
YEAR = 52 * WEEK
#: Tolerance of runs of the whole body, which read slow states alone.
LOOSE = 1e-3


LARGE_FIGURES = (
    Figure("breast artery, health", 3.9, 0.1, "VS059", log=True),
    Figure("breast artery, filtration 15 to 40", 8.1, 0.1, "VS060", log=True),
    Figure("breast artery, dialysis", 20.0, 0.1, "VS061", log=True),
    Figure("coronary rise in a year, calcium binder", 36.6, 0.15, "VS056", log=True),
    Figure("coronary growth in a year, calcium binder", 25.0, 0.15, "VS056: the study's median growth", log=True),
)
SMALL_FIGURES = (
    Figure("sections with calcium", 35.0, 0.1, "VS068", log=True),
    Figure("sections with thrombus", 8.7, 0.4, "HIS13 (not scored): kidney disease without calciphylaxis", log=True),
)
#: Parameter -> centre and SD of the logarithm of its prior.
LARGE = {
    "propensity_uraemia": (1.2, 0.3),
    "breast_artery_per_mineral": (20.0, 0.5),
    "coronary_growth": (3.0, 0.5),
    "coronary_root_start": (10.0, 0.5),
}
#: What kidney disease leaves at the start of dialysis comes of ten years at a quarter of propensity with such a seed.
SMALL = {"arteriole_seed": (1.1e-6, 0.7), "thrombosis_rate": (1e-6, 1.5)}
STRUCTURES = ("calcification", "thrombosis", "intimal")


def people() -> tuple[Context, dict[str, Group]]:
    """The settled groups: dialysis, health, filtration of 15 to 40 mL/min."""
    context = Context()
    groups = {"dialysis": context.dialysis, "health": context.healthy, "stage": kidney_disease(context)}
    groups["stage"] = groups["stage"].chosen(np.arange(0, len(groups["stage"]), 4))
    return context, groups


def crossed(group: Group, sets: Sets, until: float, times: np.ndarray) -> Trajectory:
    """Everyone under every set, set by set."""
    width, many = len(group), len(next(iter(sets.values())))
    everyone = group.chosen(np.tile(np.arange(width), many))
    return everyone.run(until, times, tolerance=LOOSE, **repeated(sets, width))


def repeated(sets: Sets, width: int) -> dict[str, Any]:
    """Parameters of every set for so many people each, the scale of propensity with them."""
    return {name: np.repeat(values, width) for name, values in {**sets, "propensity_ref": defined(sets)}.items()}


def by_set(values: np.ndarray, sets: Sets) -> np.ndarray:
    """Shape (sets, people)."""
    return values.reshape(len(next(iter(sets.values()))), -1)


def large_readings(groups: Mapping[str, Group]) -> Callable[[Sets], Readings]:
    """Readings of plasma and large arteries: a settled week of each group, a year of coronary growth at its rate."""
    at = np.array([MIDWEEK, WEEK + MIDWEEK])
    more = growth_on_calcium(groups["dialysis"])
    start = load_body().parameters["coronary_root_start"].value

    def read(sets: Sets) -> Readings:
        found: Readings = {}
        scale = YEAR / WEEK
        for name, group in groups.items():
            run = crossed(group, sets, float(at[-1]), at)
            mineral = by_set(np.diff(run["medial_mineral"], axis=1)[:, 0] * scale, sets)
            rate = np.median(mineral, axis=1) * sets["breast_artery_per_mineral"]
            label = {"health": "health", "stage": "filtration 15 to 40", "dialysis": "dialysis"}[name]
            found[f"breast artery, {label}"] = rate
            if name != "dialysis":
                continue
            root = group.parameter("coronary_root_start") * (sets["coronary_root_start"] / start)[:, None]
            pace = (root + group.parameter("coronary_root_seed")) / (root + group.parameter("coronary_root_half"))
            later = root + mineral * more * sets["coronary_growth"][:, None] * pace
            rise = np.where(root**2 >= TREAT_TO_GOAL[0], later**2 - root**2, np.nan)
            found["coronary rise in a year, calcium binder"] = np.nanmedian(rise, axis=1)
            found["coronary growth in a year, calcium binder"] = 100 * np.nanmedian(rise / root**2, axis=1)
        return found

    return read


def growth_on_calcium(group: Group) -> np.ndarray:
    """Medial mineral laid down in a year on calcium carbonate, of that on a binder of the same strength without calcium.

    The ratio hangs on plasma alone: nothing that is fitted here enters it.
    """
    inputs = on_binder(group.context, group, "calcium carbonate")
    arms = [group.run(YEAR, [0.0, YEAR], tolerance=LOOSE, **given) for given in (inputs, {})]
    laid = [np.diff(run["medial_mineral"], axis=1)[:, 0] for run in arms]
    return laid[0] / laid[1]


def defined(sets: Sets) -> np.ndarray:
    """The scale of propensity: what makes it one for plasma before a session, without kidneys.

    That plasma has phosphate 1.8, ionised calcium 1.15 and bicarbonate 22 mmol/L, T50 268 min, and inhibitors at their
    references.
    """
    own = load_body().model.parameters
    alkaline = own["brushite_pH_slope"] * own["pH_HCO3_slope"] * np.log(22.0 / own["HCO3_ref"])
    saturation = np.log(1.8 / own["P_ref"]) + np.log(1.15 / own["Ca_ionised_ref"]) + alkaline
    power = own["propensity_saturation_slope"] * saturation + sets["propensity_uraemia"]
    return np.exp(own["propensity_T50_slope"] * np.log(268.0 / own["T50_ref"]) - power)


def small_readings(group: Group, structure: str, large: Mapping[str, float]) -> Callable[[Sets], Readings]:
    """Sections of skin of people who have been on dialysis for different times, under one structure."""
    context, people = group.context, len(group)
    kernel = organ_kernel(context, "arterioles", ("calcium_seen", "thrombosed_share"))
    scale = float(defined({k: np.array([v]) for k, v in large.items()})[0])
    weights = {k: v for k, v in context.body.settings[f"structure_{structure}"].items() if k not in SMALL}
    values = fed(context, group, kernel, **large, propensity_ref=scale) | weights
    at = np.maximum(vintages(people) * YEAR, 1.0)[:, None]

    def read(sets: Sets) -> Readings:
        found: Readings = {f.reading: np.empty(len(next(iter(sets.values())))) for f in SMALL_FIGURES}
        for i in range(len(next(iter(sets.values())))):
            run = run_organ(kernel, values | {n: v[i] for n, v in sets.items()}, at, people)
            found["sections with calcium"][i] = 100 * run["calcium_seen"].mean()
            found["sections with thrombus"][i] = 100 * (1 - (1 - run["thrombosed_share"]) ** IN_SECTION).mean()
        return found

    return read


def write(large: Mapping[str, float], small: Mapping[str, Fit], run: str) -> None:
    """Values into the tables of numbers, those of rival structures into the settings."""
    scale = float(defined({k: np.array([v]) for k, v in large.items()})[0])
    write_values({**large} | small["calcification"].values | {"propensity_ref": scale}, run)
    settings = PHYSIOLOGY / "settings.csv"
    rows = [r for r in read_rows(settings) if not (r["setting"].startswith("structure_") and r["name"] in SMALL)]
    rows += [
        {"setting": f"structure_{structure}", "name": name, "value": f"{value:.4g}", "meaning": f"fitted; {run}"}
        for structure, found in small.items()
        for name, value in found.values.items()
    ]
    write_rows(settings, rows)


def main() -> None:
    """Fit, write, record; with ``--arterioles`` those alone, on the large arteries that the record holds."""
    began = time.time()
    context, groups = people()
    known = json.loads(RECORD.read_text(encoding="utf-8"))["plasma and large arteries"]
    if "--arterioles" in sys.argv:
        large, described_large = {n: row["value"] for n, row in known["parameters"].items()}, known
    else:
        found = fit(LARGE, LARGE_FIGURES, large_readings(groups))
        large, described_large = found.values, described(LARGE, LARGE_FIGURES, found)
    print(large, flush=True)
    fits = {s: fit(SMALL, SMALL_FIGURES, small_readings(groups["dialysis"], s, large)) for s in STRUCTURES}
    figures = [asdict(f) for f in (*LARGE_FIGURES, *SMALL_FIGURES)]
    run = run_name("vessels.py", figures, LARGE, SMALL, context.body.model.fingerprint)
    record = {
        "run": run,
        "seconds": round(time.time() - began),
        "method": "damped Gauss-Newton on figures and log-normal priors (maximum a posteriori)",
        "plasma and large arteries": described_large,
        "arterioles": {s: described(SMALL, SMALL_FIGURES, f) for s, f in fits.items()},
        "figures": figures,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write(large, fits, run)
    for found in fits.values():
        print(found.values, {k: round(v, 3) for k, v in found.readings.items()}, flush=True)


if __name__ == "__main__":
    main()

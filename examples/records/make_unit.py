"""Writes unit.csv: a small dialysis unit that exists only in Livedo, six months of monthly labs as a laboratory would send.

Run from the repository's root: .venv/bin/python examples/records/make_unit.py
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from livedo.body import ANALYTES, load_body
from livedo.care import read_plan
from livedo.care.timetable import WEEK, timetable
from livedo.engine import simulate
from livedo.engine.randomness import normal, uniform
from livedo.patients import prior_of, variations
from livedo.records import express

SEED, PATIENTS, MONTHS, RUN_IN = 2026, 12, 6, 60
FIRST_MONDAY = datetime(2025, 1, 6)
SENT = {
    "phosphate": "mg/dL",
    "calcium_total": "mg/dL",
    "pth": "pg/mL",
    "albumin": "g/dL",
    "alp": "U/L",
    "bicarbonate": "mmol/L",
    "body_weight": "kg",
}
HERE = Path(__file__).parent


def main() -> None:
    body = load_body()
    kernel = body.kernel(tuple(ANALYTES.values()))
    who = np.arange(PATIENTS)
    prior = prior_of(body)
    traits = prior.values(prior.scores(who, SEED))
    own = kernel.values
    volume = own["V_target"] / own["dry_weight"] * traits["dry_weight"]
    plan = read_plan(HERE.parent / "plans" / "usual_care.yaml")
    visits = (RUN_IN + np.arange(MONTHS) * 4) * WEEK + 56.0
    run = simulate(
        kernel,
        until=float(visits[-1]),
        patients=PATIENTS,
        parameters={**{k: v for k, v in traits.items() if k in own}, "V_target": volume, "tau_gland": 1500.0},
        schedule=timetable(plan, adherence=traits["adherence"], dry_weight=traits["dry_weight"], V_target=volume),
        times=visits,
    )
    with (HERE / "unit.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["patient", "datetime", "analyte", "value", "unit", "prepost", "sex", "birth_year"])
        for patient in who:
            name = f"U{patient + 1:02d}"
            sex = "female" if uniform(SEED, "sex", np.array([patient]))[0] < 0.42 else "male"
            born = int(1940 + 45 * uniform(SEED, "born", np.array([patient]))[0])
            for month, hour in enumerate(visits):
                drawn = FIRST_MONDAY + timedelta(hours=float(hour) - RUN_IN * WEEK)
                for analyte, unit in SENT.items():
                    level = run[ANALYTES[analyte]][patient, month]
                    if analyte in variations():
                        z = normal(SEED, f"draw/{analyte}", np.array([patient]), month)[0]
                        level *= np.exp(variations()[analyte].single * z)
                    value = f"{express(float(level), analyte, unit):.3g}"
                    out.writerow([name, drawn.isoformat(sep=" "), analyte, value, unit, "pre", sex, born])
                out.writerow([name, drawn.isoformat(sep=" "), "haemodialysis_session", "", "", "", sex, born])


if __name__ == "__main__":
    main()

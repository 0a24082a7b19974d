"""What a plan did to each member, in the quantities of ``quantities.csv``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livedo.care.harms import harms
from livedo.care.kidney_states import filtration_at
from livedo.care.plan import Plan
from livedo.care.targets import targets
from livedo.records import express
from livedo.tables import read_table

TABLE = Path(__file__).with_name("quantities.csv")
WEEK = 168.0
LAST_WEEKS = 12
#: Quantities that only some plans have: peritoneal dialysis; and kinds that only some runs have: with a lesion, or without.
OPTIONAL = frozenset({"ca_gained_pd_day"})
OPTIONAL_KINDS = frozenset({"vessel", "lesion"})
#: Filtration below which a plan without dialysis is warned of, L/h (5 mL/min; assumption).
STARTS_DIALYSIS = 0.3
#: Filtration below which kidneys have failed (stage 5, 15 mL/min), L/h.
KIDNEY_FAILURE = 0.9


@dataclass(frozen=True)
class Quantity:
    """One row of ``quantities.csv``: what is reported of a plan. ``kind`` is control, balance, harm, vessel or lesion."""

    key: str
    label: str
    unit: str
    kind: str
    decimals: int
    note: str


@functools.cache
def quantities() -> tuple[Quantity, ...]:
    """The rows, in the order in which they are reported; thresholds in labels come from ``care/harms.csv``."""
    written = {name: row.written for name, row in harms().items()}
    return tuple(
        Quantity(**{**row, "label": row["label"].format(**written), "decimals": row.whole("decimals")})
        for row in read_table(TABLE, "key")
    )


@dataclass(frozen=True)
class Record:
    """Samples of one plan: weekly before the midweek session, and at the start and end of every session.

    Each maps an observable to shape (members, samples). ``calcium_stores`` is all calcium of the body at the first and
    last moment, shape (2, members), mmol; ``hours`` the length of the run; ``peritoneal`` what peritoneal dialysis had removed
    and brought (``P_removed_pd``, ``Ca_gained_pd``) at these two moments, shape (2, members), mmol.
    """

    weekly: Mapping[str, np.ndarray]
    starts: Mapping[str, np.ndarray]
    ends: Mapping[str, np.ndarray]
    calcium_stores: np.ndarray
    hours: float
    peritoneal: Mapping[str, np.ndarray]


def summarise(plan: Plan, record: Record) -> dict[str, np.ndarray]:
    """Every quantity, shape (members,); NaN for a member whose run failed.

    What is counted by session is NaN in a plan without sessions; what is gained from peritoneal dialysate is left out of one
    without it.
    """
    weekly, ends = record.weekly, record.ends
    aims, limits = targets(), harms()
    days = record.hours / 24.0

    def mean(values: np.ndarray) -> np.ndarray:
        return values.mean(axis=1) if values.shape[1] else np.full(len(values), np.nan)

    def share(mask: np.ndarray) -> np.ndarray:
        return 100.0 * mean(mask)

    def in_target(analyte: str, values: np.ndarray) -> np.ndarray:
        aim = aims[analyte]
        return share((values >= aim.low) & (values <= aim.high))

    def at_end(symbol: str) -> np.ndarray:
        return weekly[symbol][:, -LAST_WEEKS:].mean(axis=1)

    # Targets and turnover limits of PTH are those of people without working kidneys.
    weeks = np.arange(weekly["PTH"].shape[1]) * WEEK
    pth = weekly["PTH"][:, [filtration_at(plan, hour) < KIDNEY_FAILURE for hour in weeks]]
    rate = 1000.0 * ends["Quf"] / ends["weight"]
    per_mmol_p = _milligrams("phosphate")
    per_mmol_ca = _milligrams("calcium_total")
    removed = ends["P_removed_hd"] - record.starts["P_removed_hd"]
    gained = ends["Ca_gained_hd"] - record.starts["Ca_gained_hd"]
    members = len(rate)
    by_peritoneum = {name: moments[1] - moments[0] for name, moments in record.peritoneal.items()}
    found = {
        "p_in_target": in_target("phosphate", weekly["P"]),
        "ca_in_target": in_target("calcium_total", weekly["Ca_total"]),
        "ica_in_target": in_target("calcium_ionised", weekly["Ca_ionised"]),
        "pth_in_target": in_target("pth", pth),
        "p_last": at_end("P"),
        "ca_last": at_end("Ca_total"),
        "ica_last": at_end("Ca_ionised"),
        "pth_last": at_end("PTH"),
        "p_removed_week": (removed.sum(axis=1) + by_peritoneum["P_removed_pd"]) * per_mmol_p * 7.0 / days,
        "ca_gained_session": mean(gained) * per_mmol_ca,
        "ca_balance_day": (record.calcium_stores[1] - record.calcium_stores[0]) * per_mmol_ca / days,
        "hypocalcaemia_time": share(weekly["Ca_total"] < limits["hypocalcaemia"].value),
        "hypercalcaemia_time": share(weekly["Ca_total"] > limits["hypercalcaemia"].value),
        "ica_low_after": share(ends["Ca_ionised"] < limits["ionised_low"].value),
        "uf_rate": mean(rate),
        "uf_high": share(rate > limits["uf_high"].value),
        "hypotension": 100.0 * mean(hypotension(rate)),
        "low_turnover": share(pth < limits["low_turnover_pth"].value),
        "pills": np.full(members, plan.pills_per_day(record.hours / 2)),
    }
    if plan.peritoneal_dialysis:
        found["ca_gained_pd_day"] = by_peritoneum["Ca_gained_pd"] * per_mmol_ca / days
    lost = ~np.isfinite(weekly["P"]).all(axis=1)
    return {key: np.where(lost, np.nan, values) for key, values in found.items()}


def hypotension(rate: np.ndarray) -> np.ndarray:
    """Chance of hypotension in a session with this ultrafiltration rate (mL/h/kg), from the rate alone."""
    limits = harms()
    reference = limits["hypotension_reference"].value
    odds = np.log(reference / (1 - reference))
    return 1.0 / (1.0 + np.exp(-(odds + limits["hypotension_slope"].value * (rate - limits["uf_reference"].value))))


def _milligrams(analyte: str) -> float:
    """Milligrams in a millimole: mg/dL per mmol/L, times ten."""
    return 10.0 * express(1.0, analyte, "mg/dL")


def warnings_of(plan: Plan, record: Record) -> tuple[str, ...]:
    """Sentences about a plan that every reader should see."""
    from livedo.care.orders import sessions

    found = []
    low = harms()["dialysate_calcium_low"]
    lowest = min((rule.Ca_dialysate for rule in sessions(plan)), default=np.inf)
    last = filtration_at(plan, record.hours)
    if (
        plan.kidney_function
        and last < STARTS_DIALYSIS
        and not (plan.dialysis or plan.peritoneal_dialysis or plan.transplant)
    ):
        found.append(
            f"Kidney function falls to {last / 0.06:.1f} mL/min at the end of the run, and the plan has no dialysis: people do "
            "not live so for long, and the model is not made for it."
        )
    if lowest < low.value:
        found.append(
            f"Dialysate calcium of {lowest:g} mmol/L is below {low.value:g} mmol/L; {low.meaning} ({low.source}). "
            "Livedo does not model arrhythmia."
        )
    elif lowest == low.value:
        found.append(
            f"Dialysate calcium of {lowest:g} mmol/L lowers ionised calcium during sessions, which can lengthen the QT "
            f"interval; below {low.value:g} mmol/L sudden cardiac arrest was more frequent ({low.source}). "
            "Livedo does not model arrhythmia."
        )
    return tuple(found)

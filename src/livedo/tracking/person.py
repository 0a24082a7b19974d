"""Who the patient is, as the record tells it: age, sex, size, blood and conditions, as values and effects of the body's own.

What is recorded takes the place of the population's draw; what is not is drawn, and said to be. Conditions act as
``patients/conditions.csv`` has it, on every version alike, before labs are looked at: an effect on a level that is charted
(albumin, say) is corrected by the chart.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import Body
from livedo.care.treatments import load_treatments
from livedo.errors import InputError
from livedo.patients.conditions import load_conditions, on_dialysis, with_conditions
from livedo.tables import read_table
from livedo.tracking.labs import usual

if TYPE_CHECKING:
    from livedo.care import Plan
    from livedo.records.chart import Chart

TABLE = Path(__file__).with_name("charted_conditions.csv")
#: Fluid gained between two sessions, h.
GAP = 48.0
#: Body mass index from which a person is obese (WHO), kg/m2.
OBESE = 30.0
#: Drugs that a plan orders as prednisolone.
STEROIDS = frozenset({"prednisolone", "prednisone"})
#: What one year of a record is, for a condition that passes.
YEAR = timedelta(days=365)
#: Analytes that are inputs of the body: analyte -> parameter, in the same unit, its words and decimals.
BLOOD: tuple[tuple[str, str, str, int], ...] = (
    ("haemoglobin", "haemoglobin", "haemoglobin {} g/L", 0),
    ("crp", "CRP", "C-reactive protein {} mg/L", 1),
)


@dataclass(frozen=True)
class Person:
    """What the record gives: ``given`` trait -> value, ``conditions``, what was assumed of both in sentences (``said``).

    ``common`` are conditions that the people hold on average from whom the rest is drawn: condition -> share of them.
    """

    given: Mapping[str, float]
    conditions: tuple[str, ...]
    said: tuple[str, ...]
    common: Mapping[str, float]

    def values(
        self, body: Body, drawn: Mapping[str, np.ndarray], seed: int, numbers: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Traits once conditions have acted, trait or parameter -> shape (n,); what the record gives stays.

        Parameters
        ----------
        drawn:
            Trait -> shape (n,).
        seed, numbers:
            Key of the draws of effects that only some with a condition have, shape (n,).
        """
        having = dict.fromkeys(self.conditions, True)
        found = with_conditions(body, drawn, having, seed, numbers, self.common)
        return found | {name: drawn[name] for name in self.given if name in drawn}


@dataclass(frozen=True)
class Charted:
    """One row of ``charted_conditions.csv``: a condition of the record, Livedo's, and the years it counts for (None: always)."""

    charted: str
    condition: str
    years: float | None
    meaning: str


@functools.cache
def charted_conditions() -> tuple[Charted, ...]:
    """The rows, in the table's order."""
    return tuple(
        Charted(row["charted"], row["condition"], row.number_or("years", None), row["meaning"])
        for row in read_table(TABLE)
    )


def person(
    chart: Chart,
    body: Body,
    *,
    conditions: Sequence[str] = (),
    lesion: bool = False,
    dialysed: bool = True,
) -> Person:
    """Read a person from a chart.

    Parameters
    ----------
    chart:
        The record.
    body:
        Gives the fluid gained between sessions.
    conditions:
        Conditions of ``patients/conditions.csv`` beside those of the record.
    lesion:
        Whether a lesion is given: C-reactive protein of the record may then be the wound's own, and is not taken.
    dialysed:
        Whether what the record lacks is drawn from people on dialysis, of whom many are women, obese or have diabetes.

    Raises
    ------
    InputError
        If there is no such condition.
    """
    for name in conditions:
        if name not in load_conditions():
            raise InputError("no such condition", field="condition", value=name, expected=", ".join(load_conditions()))
    given: dict[str, float] = {}
    said: list[str] = []
    told: list[str] = []
    drawn: list[str] = []
    now = _end(chart)
    if chart.birth_year is not None and now is not None:
        given["age"] = float(now.year - chart.birth_year)
        told.append(f"{given['age']:.0f} years old at the end of the record")
    else:
        drawn.append("age")
    if chart.sex is None:
        drawn.append("what differs between the sexes")
    else:
        told.append(chart.sex)
    weight = _weight(chart, body, given, said)
    index = _body_mass_index(chart, weight)
    if index is None:
        drawn.append("body mass index")
    else:
        given["BMI"] = index
        told.append(f"body mass index {index:.1f} kg/m²")
    for analyte, parameter, words, decimals in BLOOD:
        here = usual(chart, analyte)
        if here.count and not (lesion and parameter == "CRP"):
            given[parameter] = here.value
            told.append(words.format(f"{here.value:.{decimals}f}") + f" (median of {here.count})")
        else:
            why = f" ({here.left_out})" if here.left_out and not here.count else ""
            drawn.append(words.split(" {")[0] + why)
    if told:
        said.append(f"The record tells of the person: {', '.join(told)}.")
    if drawn:
        said.append(f"Not told by the record, so drawn from the population for each version: {', '.join(drawn)}.")
    having = dict.fromkeys((*_conditions(chart, now, index), *conditions))
    if having:
        said.append(
            f"Acting through what they move in the body: {', '.join(having)}. Most sizes of these effects are assumptions."
        )
    unknown = {"female sex": chart.sex is None, "obesity": index is None}
    common = {name: share for name, share in on_dialysis().items() if dialysed and not unknown.get(name)}
    if common:
        said.append(
            "Traits are drawn from people on dialysis, who have these on average: "
            + ", ".join(f"{name} {100 * share:.0f}%" for name, share in common.items())
            + "; a condition acts by what lies between the person and them, and one that the record lacks is taken as absent."
        )
    return Person(given, tuple(having), tuple(said), common)


def not_ordered(chart: Chart, plan: Plan) -> list[str]:
    """A sentence on the drugs of the last year of a record that Livedo knows and a plan never orders."""
    import polars as pl

    now = _end(chart)
    if now is None or not chart.drugs.height:
        return []
    recent = chart.drugs.filter(pl.col("time") >= now - YEAR)["name"].drop_nulls().unique().to_list()
    ordered = {load_treatments().find(kind, item.drug).drug for _, kind, item in plan.drugs()}
    if plan.prednisolone:
        ordered |= STEROIDS
    known = {row.drug for name in recent for row in load_treatments() if row.answers_to(name.replace("_", " "))}
    named = sorted((known | (STEROIDS & set(recent))) - ordered)
    if not named:
        return []
    return [
        "Drugs that the record names in its last year and the first plan does not order, so that the patient is simulated "
        f"without them: {', '.join(named)}."
    ]


def _end(chart: Chart) -> datetime | None:
    times = [
        table["time"].max()
        for table in (chart.observations, chart.conditions, chart.sessions, chart.procedures)
        if table.height
    ]
    return max((t for t in times if t is not None), default=None)  # type: ignore[type-var,return-value]


def _weight(chart: Chart, body: Body, given: dict[str, float], said: list[str]) -> float | None:
    """Dry weight, kg, into ``given``, with what was assumed of it."""
    import polars as pl

    weights = chart.values("body_weight")
    if not weights.height:
        said.append("No weight is charted: dry weight is drawn from the population.")
        return None
    after = weights.filter(pl.col("prepost") == "post")
    before = weights.filter(pl.col("prepost") == "pre")
    used, words, gain = weights, "not marked as before or after dialysis and taken as dry weights", 0.0
    if after.height:
        used, words = after, "after dialysis"
    elif before.height == weights.height:
        own = body.parameters
        gain = GAP * (own["fluid_intake"].value - own["fluid_loss"].value)
        words = f"before dialysis, less {gain:.1f} kg for the fluid gained in two days"
    weight = float(used.sort("time").tail(12)["value"].median()) - gain  # type: ignore[arg-type]
    given["dry_weight"] = weight
    said.append(f"Dry weight is the median of the last charted weights ({words}), {weight:.1f} kg.")
    return weight


def _body_mass_index(chart: Chart, weight: float | None) -> float | None:
    """Charted, or from dry weight and the median charted height, kg/m2."""
    heights = chart.values("body_height")
    if weight is not None and heights.height:
        return weight / (float(heights["value"].median()) / 100.0) ** 2  # type: ignore[arg-type]
    charted = chart.values("bmi")
    return float(charted.sort("time").tail(12)["value"].median()) if charted.height else None  # type: ignore[arg-type]


def _conditions(chart: Chart, now: datetime | None, index: float | None) -> tuple[str, ...]:
    import polars as pl

    found = ["female sex"] if chart.sex == "female" else []
    for row in charted_conditions():
        coded = chart.conditions.filter(pl.col("name") == row.charted) if chart.conditions.height else chart.conditions
        if row.years is not None and now is not None:
            coded = coded.filter(pl.col("time") >= now - row.years * YEAR)
        if coded.height or (row.condition == "obesity" and index is not None and index >= OBESE):
            found.append(row.condition)
    return tuple(found)

"""A chart: what was recorded of one patient, in canonical units, with what was noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livedo.records.dialysis import Dialysis
from livedo.records.findings import Finding
from livedo.records.units import conventional_unit, express, resolve_analyte

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

__all__ = ["Chart", "Dialysis", "Finding"]


@dataclass(frozen=True, eq=False)
class Chart:
    """What was recorded of one patient.

    Times are naive wall-clock times as recorded; whole-chart date shifts of de-identified records stay.

    Attributes
    ----------
    patient_id, aliases:
        The id in the records, and other ids (OMOP `person_source_value`, FHIR medical record number).
    sex, birth_year, died:
        'female', 'male' or None; year; time of death.
    observations:
        One row a usable result, by time: `time`, `zone` ('+01:00' or null), `analyte`, `value` and `unit`
        (canonical), `recorded_value`, `recorded_unit`, `prepost` ('pre', 'post', null), `setting`
        ('inpatient', 'outpatient', null where no stays are recorded), `continuous_dialysis` (drawn during
        it), `source`.
    conditions, drugs, procedures:
        `time`, `end`, `name` and `group` (Livedo's, or null), `system`, `code`, `text`, `source`; drugs also
        `dose`, `dose_unit`, `route`.
    sessions:
        Dialysis procedures with a time of their own: `time`, `end`, `name`, `system`, `code`, `source`.
    spans:
        `time`, `end`, `kind` ('inpatient', 'emergency', 'continuous_dialysis'), `end_assumed`, `source`.
    dialysis:
        Whether the patient is on dialysis, and why that is said.
    findings:
        What was left out, doubtful or assumed.
    """

    patient_id: str
    sex: str | None
    birth_year: int | None
    aliases: tuple[str, ...]
    died: datetime | None
    observations: pl.DataFrame
    conditions: pl.DataFrame
    drugs: pl.DataFrame
    procedures: pl.DataFrame
    sessions: pl.DataFrame
    spans: pl.DataFrame
    dialysis: Dialysis
    findings: tuple[Finding, ...]

    def values(self, analyte: str, outpatient_only: bool = False) -> pl.DataFrame:
        """The observations of `analyte` (any name Livedo knows it by), by time; empty where there are none.

        With `outpatient_only`, those drawn in hospital or during continuous dialysis are left out; those of
        unknown setting stay.

        Raises
        ------
        InputError
            Livedo knows no such analyte.
        """
        import polars as pl

        name = resolve_analyte(analyte).observed_as
        rows = self.observations.filter(pl.col("analyte") == name)
        if outpatient_only:
            inpatient = pl.col("setting").eq_missing(pl.lit("inpatient"))
            rows = rows.filter(~inpatient & ~pl.col("continuous_dialysis"))
        return rows

    def analytes(self) -> pl.DataFrame:
        """One row an analyte: `analyte`, `unit`, `count`, `first`, `last`, `low`, `median`, `high`."""
        import polars as pl

        value = pl.col("value")
        return (
            self.observations.group_by("analyte", "unit")
            .agg(
                pl.len().alias("count"),
                pl.col("time").min().alias("first"),
                pl.col("time").max().alias("last"),
                value.min().alias("low"),
                value.median().alias("median"),
                value.max().alias("high"),
            )
            .sort("analyte")
        )

    def summary(self) -> str:
        """The chart in a few lines: who, on dialysis or not, what was measured, stays, findings."""
        born = f"born {self.birth_year}" if self.birth_year else "year of birth unknown"
        names = f" ({', '.join(self.aliases)})" if self.aliases else ""
        lines = [f"Patient {self.patient_id}{names}: {self.sex or 'sex unknown'}, {born}"]
        if self.died is not None:
            lines[0] += f", died {self.died:%Y-%m-%d}"
        lines.append(f"On dialysis: {'yes' if self.dialysis.on else 'no'} ({self.dialysis.why})")
        lines.append(f"{self.sessions.height} dialysis sessions, {self._spans()}")
        for row in self.analytes().iter_rows(named=True):
            text = f"  {row['analyte']}: {row['count']} values, median {row['median']:.3g} {row['unit']}"
            text += f" ({row['low']:.3g} to {row['high']:.3g})"
            common = conventional_unit(row["analyte"])
            if common is not None:
                text += f" = {express(row['median'], row['analyte'], common):.3g} {common}"
            lines.append(text + f", {row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}")
        lines.extend(f"  {finding}" for finding in self.findings)
        return "\n".join(lines)

    def _spans(self) -> str:
        kinds = self.spans["kind"].to_list()
        return f"{len(kinds) - kinds.count('continuous_dialysis')} hospital stays, " + (
            f"{kinds.count('continuous_dialysis')} spans of continuous dialysis"
        )

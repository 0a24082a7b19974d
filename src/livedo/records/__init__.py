"""Real records to charts: FHIR R4, OMOP CDM, long CSV and XLSX.

>>> from livedo.records import read
>>> chart = read("unit.csv", patient="A017")  # doctest: +SKIP
>>> chart.values("phosphate")  # doctest: +SKIP

`read` gives one patient's `Chart`, in canonical units; `read_all` all of them; `list_patients` says who is
there.
"""

from __future__ import annotations

from livedo.records.analytes import Analyte, analytes, find_analyte
from livedo.records.chart import Chart
from livedo.records.dialysis import Dialysis
from livedo.records.findings import Finding
from livedo.records.reading import Charts, PatientEntry, list_patients, read, read_all
from livedo.records.units import accepted_units, convert, express

__all__ = [
    "Analyte",
    "Chart",
    "Charts",
    "Dialysis",
    "Finding",
    "PatientEntry",
    "accepted_units",
    "analytes",
    "convert",
    "express",
    "find_analyte",
    "list_patients",
    "read",
    "read_all",
]

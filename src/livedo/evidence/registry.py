"""The registry of published figures: ``figures.csv``, one figure a row, and ``reasons.csv``, why a miss is a miss.

The class of a figure (calibration or validation) and its acceptance band were fixed before any fit. A figure that set a
parameter counts as calibration whatever its class; the registry then says both. A number that was published twice under
two ids stands once, with the other id and class beside it, and counts as calibration if either is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any

from livedo.errors import InputError
from livedo.tables import Row, read_table

FIGURES = Path(__file__).with_name("figures.csv")
REASONS = Path(__file__).with_name("reasons.csv")

SUITES = ("minerals", "disease", "skin", "population", "trials")
CLASSES = ("calibration", "validation", "weak", "not scored", "check")
#: Why a figure is listed but not simulated.
REASONS_NOT_SIMULATED = ("input", "trial fact", "outside the model", "definition unclear")


@dataclass(frozen=True)
class Figure:
    """One published figure, or one check that the project set itself (class ``check``).

    Attributes
    ----------
    id, suite, quantity:
        Name, suite and what it is, in words.
    kind:
        Its class as fixed before any fit: calibration, validation, weak, not scored or check.
    value, low, high:
        As published; NaN where not given.
    accept_low, accept_high:
        The band in which a simulated value counts as inside; NaN if there is none.
    unit, study, year, doi:
        Unit and source.
    band_rule, override:
        How the band was made, and why it was replaced if it was.
    experiment, setting:
        ``module.function`` of :mod:`livedo.evidence.experiments`, and the arguments it is called with.
    reason_not_simulated:
        One of :data:`REASONS_NOT_SIMULATED` for a figure without an experiment, and after a colon what is meant.
    used_for:
        Parameters that it set.
    also:
        The same number under another id of the published tables, as ``id class``.
    """

    id: str
    suite: str
    quantity: str
    kind: str
    value: float
    low: float
    high: float
    accept_low: float
    accept_high: float
    unit: str
    study: str
    year: str
    doi: str
    band_rule: str
    override: str
    experiment: str
    setting: Mapping[str, float | str]
    reason_not_simulated: str
    used_for: str
    also: str

    @property
    def counts_as(self) -> str:
        """The class it is counted in: calibration if it, or the same number elsewhere, set a parameter or could have."""
        if self.kind == "validation" and (self.used_for or self.also.endswith(" calibration")):
            return "calibration"
        return self.kind

    @property
    def source(self) -> str:
        """Study, year and DOI as one line."""
        return ", ".join(part for part in (self.study, self.year, self.doi) if part)


def load_figures(path: Path = FIGURES) -> tuple[Figure, ...]:
    """Read and check the registry.

    Raises
    ------
    InputError
        If a row lacks a class, a band, or an experiment or reason; if two rows have one id; if a number is none.
    """
    return tuple(_figure(row) for row in read_table(path, "id"))


@functools.cache
def load_reasons(path: Path = REASONS) -> Mapping[str, str]:
    """Figure id -> why the simulated value misses, written by a person who looked."""
    return MappingProxyType({row["id"]: row["reason"] for row in read_table(path, "id")})


def chosen(figures: Sequence[Figure], only: str | None = None, suite: str | None = None) -> tuple[Figure, ...]:
    """Figures of a suite whose id, experiment or quantity matches a pattern (``MV10*``, ``calcium.*``, ``*FGF23*``).

    Raises
    ------
    InputError
        If the suite is unknown or holds no figure yet, or nothing matches.
    """
    if suite is not None and suite not in SUITES:
        raise InputError("unknown suite", field="suite", value=suite, expected=", ".join(SUITES))
    found = [f for f in figures if suite is None or f.suite == suite]
    if not found:
        raise InputError("no figure is registered in this suite yet", field="suite", value=suite)
    if only is not None:
        pattern = only.lower()
        found = [f for f in found if any(fnmatchcase(t.lower(), pattern) for t in (f.id, f.experiment, f.quantity))]
        if not found:
            raise InputError(
                "no figure matches",
                field="only",
                value=only,
                expected="an id, an experiment or a quantity; * stands for anything",
            )
    return tuple(found)


def _figure(row: Row) -> Figure:
    row.choice("suite", SUITES)
    row.choice("class", CLASSES)
    reason = row["reason_not_simulated"]
    if bool(row["experiment"]) == bool(reason):
        raise InputError("a figure needs an experiment or a reason why there is none, not both", where=row.where)
    if reason and reason.split(":")[0] not in REASONS_NOT_SIMULATED:
        raise row.refuse("unknown reason", "reason_not_simulated", ", ".join(REASONS_NOT_SIMULATED))
    number: dict[str, Any] = {
        k: row.number_or(k, math.nan, "a number", lambda value: not math.isnan(value))
        for k in ("value", "low", "high", "accept_low", "accept_high")
    }
    band = number["accept_low"], number["accept_high"]
    if row["class"] != "not scored" and not band[0] <= band[1]:
        raise row.refuse("a figure that is scored needs a band", "accept_low", "a number, at most accept_high")
    text = ("id", "suite", "quantity", "unit", "study", "year", "doi", "band_rule", "override", "experiment")
    fields: dict[str, Any] = {name: row[name] for name in (*text, "reason_not_simulated", "used_for", "also")}
    return Figure(**fields, **number, kind=row["class"], setting=arguments(row["setting"], row.where))


def arguments(text: str, where: str, field: str = "setting") -> Mapping[str, float | str]:
    """``hour=1; arm=low`` as the arguments of an experiment; what is no number stays text.

    Raises
    ------
    InputError
        If a part is no ``name=value``, with ``where`` and ``field`` it stands.
    """
    found: dict[str, float | str] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, equals, value = (t.strip() for t in part.partition("="))
        if not equals or not name.isidentifier():
            raise InputError("not an argument", where=where, field=field, value=part, expected="name=value")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return MappingProxyType(found)

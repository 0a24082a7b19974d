"""Codes of conditions, drugs and procedures, with the names and groups Livedo gives them (`codes.csv`).

Only codes are kept, no terms of the code systems. ICD codes stand without dots; `match` says whether a code
must be met whole (`exact`), as the beginning of a longer one (`prefix`), or as a pattern in the recorded text
(`regex`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from livedo.records.analytes import plain_name
from livedo.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable

_DOTTED = frozenset({"ICD10CM", "ICD9CM", "ICD10", "ICD9PROC", "ICD10PCS"})
ICD = ("ICD10CM", "ICD9CM", "ICD10")
PROCEDURE_CODES = ("ICD10PCS", "ICD9PROC", "CPT", "HCPCS", "MIMIC")


@dataclass(frozen=True, slots=True)
class Concept:
    """One row of `codes.csv`; `kind` is condition, drug or procedure; `group` gathers what acts alike."""

    kind: str
    name: str
    group: str
    system: str
    code: str
    match: str


@lru_cache(maxsize=1)
def concepts() -> tuple[Concept, ...]:
    """All rows of `codes.csv`."""
    columns = ("kind", "name", "group", "system", "code", "match")
    rows = read_table(Path(__file__).with_name("codes.csv"))
    return tuple(Concept(*(row[column] for column in columns)) for row in rows)


@lru_cache(maxsize=1)
def _exact() -> dict[tuple[str, str, str], Concept]:
    return {(c.kind, c.system, c.code): c for c in concepts() if c.match == "exact"}


@lru_cache(maxsize=1)
def _prefixes() -> dict[tuple[str, str], list[Concept]]:
    table: dict[tuple[str, str], list[Concept]] = {}
    for concept in concepts():
        if concept.match == "prefix":
            table.setdefault((concept.kind, concept.system), []).append(concept)
    return table


@lru_cache(maxsize=1)
def _patterns() -> dict[str, list[tuple[re.Pattern[str], Concept]]]:
    table: dict[str, list[tuple[re.Pattern[str], Concept]]] = {}
    for concept in concepts():
        if concept.match == "regex":
            table.setdefault(concept.kind, []).append((re.compile(concept.code, re.IGNORECASE), concept))
    return table


def plain_code(system: str, code: str) -> str:
    """`code` without blanks at its ends and, for ICD, without dots and in upper case: 'n18.6  ' -> 'N186'."""
    code = code.strip()
    return code.replace(".", "").upper() if system in _DOTTED else code


@lru_cache(maxsize=16384)
def _find_code(kind: str, system: str, code: str) -> Concept | None:
    code = plain_code(system, code)
    if not code:
        return None
    found = _exact().get((kind, system, code))
    if found is None:
        found = next((c for c in _prefixes().get((kind, system), ()) if code.startswith(c.code)), None)
    return found


@lru_cache(maxsize=16384)
def _find_text(kind: str, text: str) -> Concept | None:
    return next((c for pattern, c in _patterns().get(kind, ()) if pattern.search(text)), None)


def find_concept(kind: str, codings: Iterable[tuple[str, str]], text: str | None = None) -> Concept | None:
    """The concept of the first known coding, else of the first pattern found in `text`, else None.

    `codings` are pairs of a code system as in `codes.csv` (ICD10CM, ICD9CM, SNOMED, RXNORM, ATC, OMOP, ...)
    and a code.
    """
    for system, code in codings:
        found = _find_code(kind, system, code)
        if found is not None:
            return found
    return _find_text(kind, text) if text else None


@lru_cache(maxsize=1)
def _by_name() -> dict[tuple[str, str], Concept]:
    table: dict[tuple[str, str], Concept] = {}
    for concept in concepts():
        table.setdefault((concept.kind, plain_name(concept.name)), concept)
    return table


def find_named(name: str) -> Concept | None:
    """The concept that Livedo calls `name`: 'haemodialysis_session', or with its kind, 'drug:calcitriol'."""
    kind, _, rest = name.partition(":")
    kinds = (kind.strip().lower(),) if rest else ("procedure", "drug", "condition")
    plain = plain_name(rest or name).replace("hemodia", "haemodia").replace("haaemo", "haemo")
    return next((c for k in kinds if (c := _by_name().get((k, plain))) is not None), None)

"""The example records are what their page says."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle

RECORDS = Path(__file__).resolve().parent.parent / "examples" / "records"


@pytest.fixture(scope="module")
def bundle() -> dict[str, list[dict[str, dict[str, str]]]]:
    return json.loads(gzip.decompress((RECORDS / "Ira_Gerhold.bundle.json.gz").read_bytes()))


def test_bundle_is_valid_fhir_r4(bundle: dict[str, list[dict[str, dict[str, str]]]]) -> None:
    assert Bundle.model_validate(bundle).get_resource_type() == "Bundle"


def test_page_counts_the_kept_entries_right(bundle: dict[str, list[dict[str, dict[str, str]]]]) -> None:
    said = re.findall(r"^\| (\w+) \| (\d+) \|", (RECORDS / "README.md").read_text(), re.MULTILINE)
    held = Counter(entry["resource"]["resourceType"] for entry in bundle["entry"])
    assert {kind: int(count) for kind, count in said} == held


def test_example_records_stay_small() -> None:
    assert {path.name for path in RECORDS.iterdir() if path.stat().st_size > 400_000} == set()

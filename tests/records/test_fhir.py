"""FHIR R4: references, times, quantities, components, and what is refused."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from livedo.errors import InputError
from livedo.records import Chart, read

PERSON = "urn:uuid:11111111-1111-4111-8111-111111111111"
ESRD = {
    "resourceType": "Condition",
    "id": "esrd",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "N18.6"}]},
    "subject": {"reference": PERSON},
    "onsetDateTime": "2020-01-01",
}


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1961-03-04", **more}


def lab(code: str = "17861-6", **more: Any) -> dict[str, Any]:
    resource = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": PERSON},
        "effectiveDateTime": "2026-01-05T07:30:00+01:00",
        "valueQuantity": {"value": 9.0, "unit": "mg/dL", "code": "mg/dL"},
    }
    resource.update(more)
    return {key: value for key, value in resource.items() if value is not None}


def bundle(*resources: dict[str, Any], person: dict[str, Any] | None = None) -> dict[str, Any]:
    entries = [{"fullUrl": PERSON, "resource": person or patient()}, *({"resource": r} for r in resources)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def chart_of(folder: Path, *resources: dict[str, Any], person: dict[str, Any] | None = None) -> Chart:
    path = folder / "b.json"
    path.write_text(json.dumps(bundle(*resources, person=person)), encoding="utf-8")
    return read(path, "p1")


def counts(chart: Chart) -> dict[str, int]:
    return {finding.code: finding.count for finding in chart.findings}


def test_reference_by_full_url_and_offset_are_understood(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, lab(), ESRD)
    row = chart.values("calcium").row(0, named=True)
    assert row["value"] == pytest.approx(2.2456, abs=1e-4)
    assert (row["time"], row["zone"]) == (datetime(2026, 1, 5, 7, 30), "+01:00")
    assert row["source"] == "b.json Observation/o1"
    assert chart.dialysis.on
    assert "N186" in chart.dialysis.why


def test_person_is_read_without_national_numbers(tmp_path: Path) -> None:
    identifiers = [
        {"type": {"coding": [{"code": "MR"}]}, "value": "M7"},
        {
            "type": {"coding": [{"code": "SS"}]},
            "system": "http://hl7.org/fhir/sid/us-ssn",
            "value": "999-00-0000",
        },
    ]
    chart = chart_of(tmp_path, lab(), person=patient(identifier=identifiers, deceasedDateTime="2027-01-01"))
    assert (chart.sex, chart.birth_year, chart.died) == ("female", 1961, datetime(2027, 1, 1))
    assert chart.aliases == ("M7",)
    assert read(tmp_path / "b.json", "M7").patient_id == "p1"


def test_quantity_without_code_uses_the_unit(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, lab(valueQuantity={"value": 2.3, "unit": "mmol/l"}))
    assert chart.values("calcium")["value"].item() == 2.3


def test_blood_pressure_is_read_from_components(tmp_path: Path) -> None:
    parts = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value, "unit": "mm[Hg]"},
        }
        for code, value in (("8480-6", 148), ("8462-4", 82))
    ]
    chart = chart_of(tmp_path, lab("85354-9", valueQuantity=None, component=parts))
    assert chart.values("systolic_bp")["value"].item() == 148
    assert chart.values("diastolic_bp")["value"].item() == 82


def test_urea_nitrogen_before_dialysis_is_urea_marked_pre(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, lab("11065-0", valueQuantity={"value": 56, "unit": "mg/dL"}))
    row = chart.values("urea").row(0, named=True)
    assert row["value"] == pytest.approx(19.99, abs=0.01)
    assert row["prepost"] == "pre"


@pytest.mark.parametrize(
    "value",
    [
        {"valueString": "UNABLE TO REPORT"},
        {"dataAbsentReason": {"coding": [{"code": "error"}]}},
        {"valueCodeableConcept": {"text": "haemolysed"}},
    ],
)
def test_result_without_a_number_is_counted(tmp_path: Path, value: dict[str, Any]) -> None:
    chart = chart_of(tmp_path, lab(), lab("2777-1", id="o2", valueQuantity=None, **value))
    assert chart.values("phosphate").is_empty()
    assert counts(chart)["text_result"] == 1


def test_result_beyond_a_limit_is_counted(tmp_path: Path) -> None:
    quantity = {"value": 5, "comparator": "<", "unit": "mg/L"}
    assert counts(chart_of(tmp_path, lab(), lab("1988-5", valueQuantity=quantity)))["censored_result"] == 1


def test_withdrawn_entries_are_left_out_and_counted(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, lab(), lab(id="o2", status="entered-in-error", valueQuantity={"value": 1}))
    assert chart.observations.height == 1
    assert counts(chart)["withdrawn"] == 1


def test_entry_without_a_day_is_left_out_and_counted(tmp_path: Path) -> None:
    assert counts(chart_of(tmp_path, lab(), lab(effectiveDateTime="2026-01")))["no_time"] == 1


def test_procedure_with_time_or_period_is_a_session(tmp_path: Path) -> None:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "302497006"}]}
    once = {
        "resourceType": "Procedure",
        "id": "s1",
        "status": "completed",
        "code": code,
        "subject": {"reference": PERSON},
    }
    chart = chart_of(
        tmp_path,
        lab(),
        {**once, "performedDateTime": "2026-01-05T07:00:00+01:00"},
        {**once, "id": "s2", "performedPeriod": {"start": "2026-01-07T07:00:00Z", "end": "2026-01-07T11:00:00Z"}},
        {**once, "id": "s3", "status": "not-done", "performedDateTime": "2026-01-09"},
    )  # fmt: skip
    assert chart.sessions["name"].to_list() == ["haemodialysis_session"] * 2
    assert chart.sessions["end"].to_list() == [None, datetime(2026, 1, 7, 11)]


def test_drug_is_read_with_dose_route_and_end_also_by_reference(tmp_path: Path) -> None:
    rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
    request = {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "subject": {"reference": PERSON},
        "authoredOn": "2026-01-05",
        "contained": [{"id": "x", "code": {"coding": [{"system": rxnorm, "code": "855332"}]}}],
        "medicationReference": {"reference": "#x"},
        "dosageInstruction": [
            {"route": {"text": "oral"}, "doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}]}
        ],
        "dispenseRequest": {"expectedSupplyDuration": {"value": 2, "code": "wk"}},
    }  # fmt: skip
    given = {
        "resourceType": "MedicationAdministration",
        "id": "m2",
        "status": "completed",
        "subject": {"reference": PERSON},
        "effectiveDateTime": "2026-01-06T09:00:00+01:00",
        "medicationCodeableConcept": {"text": "Paricalcitol injection"},
        "dosage": {"dose": {"value": 5, "unit": "ug"}},
    }
    chart = chart_of(tmp_path, lab(), request, given)
    first, second = chart.drugs.rows(named=True)
    assert (first["name"], first["dose"], first["dose_unit"], first["route"]) == (
        "warfarin",
        5.0,
        "mg",
        "oral",
    )
    assert first["end"] == datetime(2026, 1, 19)
    assert (second["name"], second["group"]) == ("paricalcitol", "active_vitamin_d")


def test_encounters_give_spans_and_settings(tmp_path: Path) -> None:
    stay = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": {"reference": PERSON},
        "period": {"start": "2026-01-04", "end": "2026-01-05"},
    }
    chart = chart_of(tmp_path, lab(), lab(id="o2", effectiveDateTime="2026-02-05"), stay)
    assert chart.spans["kind"].to_list() == ["inpatient"]
    assert chart.values("calcium")["setting"].to_list() == ["inpatient", "outpatient"]


def test_calcium_code_beside_a_skin_ulcer_is_noticed(tmp_path: Path) -> None:
    def condition(code: str, day: str) -> dict[str, Any]:
        coding = [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]
        return {**ESRD, "id": code, "code": {"coding": coding}, "onsetDateTime": day}

    near = chart_of(tmp_path, lab(), condition("E83.59", "2026-01-01"), condition("L97.211", "2026-02-01"))
    apart = chart_of(tmp_path, lab(), condition("E83.59", "2026-01-01"), condition("L97.211", "2027-02-01"))
    assert "calciphylaxis_possible" in counts(near)
    assert "calciphylaxis_possible" not in counts(apart)


@pytest.mark.parametrize(
    ("resource", "field", "words"),
    [
        (lab(valueQuantity={"value": 9.1, "unit": "mmol/L"}), "value", "9.1 mg/dL would be plausible"),
        (lab(valueQuantity={"value": 9.1}), "unit", "unit is missing"),
        (lab("2777-1", valueQuantity={"value": 3.1, "unit": "mEq/L"}), "unit", "valence depends on pH"),
        (lab(valueQuantity={"value": 9, "unit": "mg/dL", "code": "mmol/L"}), "valueQuantity", "different things"),
        (lab(valueQuantity={"value": "9.1", "unit": "mg/dL"}), "valueQuantity.value", "not a number"),
        (lab(effectiveDateTime="05/01/2026"), "effectiveDateTime", "not a date or time"),
        (lab(subject={"reference": "Patient/else"}), "subject", "not in the records"),
        (lab(subject=None), "subject", "not in the records"),
    ],
)  # fmt: skip
def test_unusable_entry_is_refused_with_its_resource(
    tmp_path: Path, resource: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        chart_of(tmp_path, resource)
    assert "Observation/o1" in caught.value.where
    assert caught.value.field == field
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"resourceType": "Bundle", "entry": [', "not valid JSON"),
        ("", "the file is empty"),
        ("[1, 2]", "not a FHIR resource"),
        ('{"hello": 1}', "not a FHIR resource"),
        ('{"resourceType": "Bundle"}', "no Patient resource"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"id": "x"}}]}', "not a FHIR resource"),
    ],
)
def test_file_that_is_no_chart_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        read(path)
    assert "b.json" in caught.value.where


def test_entry_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        chart_of(tmp_path, lab(id=None, effectiveDateTime="yesterday"))
    assert caught.value.where == "b.json entry 1 (Observation)"


def test_bundle_with_a_patient_and_nothing_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no usable observation"):
        chart_of(tmp_path, ESRD)


def test_cut_gzip_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(bundle(lab())).encode())
    path = tmp_path / "b.json.gz"
    for end in (len(packed) - 9, len(packed) // 2, 12):
        path.write_bytes(packed[:end])
        with pytest.raises(InputError, match=r"cut short|damaged"):
            read(path)
    path.write_bytes(packed)
    assert read(path, "p1").observations.height == 1


def test_ndjson_folder_reads_like_the_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "bulk"
    folder.mkdir()
    (folder / "Patient.ndjson").write_text(json.dumps(patient()) + "\n", encoding="utf-8")
    resources = (
        lab(subject={"reference": "Patient/p1"}),
        lab("2777-1", id="o2", subject={"reference": "Patient/p1"}),
    )
    lines = "\n".join(json.dumps(r) for r in resources)
    (folder / "Observation.ndjson.gz").write_bytes(gzip.compress(lines.encode()))
    chart = read(folder, "p1")
    assert chart.observations["analyte"].to_list() == ["calcium_total", "phosphate"]


ODD: list[Any] = [None, 0, -1, True, "", "x", "9999-12-31", [], {}, [1], {"a": 1}, [[None]], 10**400, float("nan")]


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[Any] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [path] * bool(path) + [p for key, part in inner for p in _places(part, (*path, key))]


def _damaged(data: Any, path: tuple[Any, ...], odd: Any) -> Any:
    copy = json.loads(json.dumps(data))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    return copy


WHOLE = bundle(lab(), ESRD, person=patient(identifier=[{"type": {"coding": [{"code": "MR"}]}, "value": "M7"}]))


@pytest.mark.parametrize("path", _places(WHOLE), ids=lambda path: ".".join(map(str, path)))
def test_any_damaged_element_gives_a_chart_or_a_clear_error(tmp_path: Path, path: tuple[Any, ...]) -> None:
    file = tmp_path / "b.json"
    for odd in ODD:
        file.write_text(json.dumps(_damaged(WHOLE, path, odd)), encoding="utf-8")
        with suppress(InputError):
            read(file, "p1")

"""Long tables: what is read, what is left out and counted, what is refused and how."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from livedo.errors import InputError
from livedo.records import Chart, list_patients, read, read_all

HEADER = "patient,datetime,analyte,value,unit"
SESSION = "A,2026-01-05 07:00,haemodialysis_session,4,h"


def write(folder: Path, *rows: str, header: str = HEADER, name: str = "labs.csv") -> Path:
    path = folder / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def chart_of(folder: Path, *rows: str, header: str = HEADER) -> Chart:
    return read(write(folder, *rows, header=header), patient="A")


def counts(chart: Chart) -> dict[str, int]:
    found: dict[str, int] = {}
    for finding in chart.findings:
        found[finding.code] = found.get(finding.code, 0) + finding.count
    return found


def refusal(folder: Path, *rows: str, header: str = HEADER) -> InputError:
    with pytest.raises(InputError) as caught:
        chart_of(folder, *rows, header=header)
    return caught.value


def test_reads_values_in_canonical_units_and_keeps_what_was_recorded(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, "A,2026-01-05 07:30,calcium_total,9.0,mg/dL")
    row = chart.values("calcium").row(0, named=True)
    assert row["value"] == pytest.approx(2.2456, abs=1e-4)
    assert (row["unit"], row["recorded_value"], row["recorded_unit"]) == ("mmol/L", 9.0, "mg/dL")
    assert row["time"] == datetime(2026, 1, 5, 7, 30)
    assert row["zone"] is None
    assert row["source"] == "labs.csv row 2"


def test_optional_columns_give_person_marks_and_setting(tmp_path: Path) -> None:
    header = HEADER + ",prepost,setting,sex,birth_year"
    chart = chart_of(
        tmp_path,
        "A,2026-01-05 07:30,phosphate,5.5,mg/dL,pre,outpatient,F,1961",
        "A,2026-01-05 11:30,phosphate,2.5,mg/dL,post,inpatient,,",
        header=header,
    )
    assert (chart.sex, chart.birth_year) == ("female", 1961)
    assert chart.values("phosphate")["prepost"].to_list() == ["pre", "post"]
    assert chart.values("phosphate", outpatient_only=True)["recorded_value"].to_list() == [5.5]
    assert chart.dialysis.on


def test_session_drug_and_condition_rows(tmp_path: Path) -> None:
    chart = chart_of(
        tmp_path,
        SESSION,
        "A,2026-01-05 07:00,sevelamer,800,mg",
        "A,2026-01-05 07:00,drug:calcitriol,0.25,ug",
        "A,2020-01-01,esrd,,",
        "A,2026-01-05 07:00,calcitriol,40,pg/mL",
    )
    session = chart.sessions.row(0, named=True)
    assert (session["time"], session["end"]) == (datetime(2026, 1, 5, 7), datetime(2026, 1, 5, 11))
    assert sorted(chart.drugs["name"].to_list()) == ["calcitriol", "sevelamer"]
    assert chart.conditions["name"].to_list() == ["esrd"]
    assert chart.dialysis.on
    assert chart.values("calcitriol")["value"].item() == pytest.approx(96.0, rel=1e-3)


def test_calcium_in_mg_per_dl_labelled_mmol_per_l_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "A,2026-01-05,calcium,9.2,mg/dL", "A,2026-02-05,calcium,9.1,mmol/L", header=HEADER)
    assert error.where == "labs.csv row 3"
    assert error.field == "value"
    assert "9.1" in str(error.value)
    assert "0.75 to 4.5 mmol/L" in str(error)
    assert "9.1 mg/dL would be plausible" in str(error)


def test_calcium_in_equivalents_is_converted_by_its_valence(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, "A,2026-01-05,calcium,4.5,mEq/L", "A,2026-01-05,dialysate_calcium,2.5,mEq/L")
    assert chart.values("calcium")["value"].item() == 2.25
    assert chart.values("dialysate_calcium")["value"].item() == 1.25


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ("A,2026-01-05,phosphate,3.1,mEq/L", "unit", "valence depends on pH"),
        ("A,2026-01-05,calcium,9.1,mg/fl", "unit", "unknown unit"),
        ("A,2026-01-05,calcium,9.1,", "unit", "unit is missing"),
        ("A,2026-01-05,calcidiol,30,IU/mL", "unit", "says no amount"),
        ('A,2026-01-05,calcium,"9,1",mg/dL', "value", "not a number"),
        ("A,2026-01-05,calcium,9.1.2,mg/dL", "value", "not a number"),
        ("A,2026-01-05,calcium,1e400,mg/dL", "value", "not a number"),
        ("A,05/01/2026,calcium,9.1,mg/dL", "datetime", "not a date or time"),
        ("A,2026-02-30,calcium,9.1,mg/dL", "datetime", "not a date or time"),
        ("A,1850-01-05,calcium,9.1,mg/dL", "datetime", "not before 1900"),
        ("A,,calcium,9.1,mg/dL", "datetime", "not a date or time"),
        ("A,2026-01-05,calcuim total,9.1,mg/dL", "analyte", "unknown analyte"),
        ("A,2026-01-05,,9.1,mg/dL", "analyte", "names no analyte"),
        ("A,2026-01-05,haemodialysis_session,4,mg", "value", "not a length of time"),
        ("A,2026-01-05,haemodialysis_session,1e94,h", "value", "not a length of time"),
    ],
)
def test_unusable_entry_is_refused_with_its_row_and_field(tmp_path: Path, row: str, field: str, words: str) -> None:
    error = refusal(tmp_path, SESSION, row)
    assert error.where == "labs.csv row 3"
    assert error.field == field
    assert words in str(error)


@pytest.mark.parametrize(
    ("column", "cell"), [("prepost", "before"), ("setting", "ward 3"), ("sex", "woman"), ("birth_year", "61")]
)
def test_unknown_word_in_an_optional_column_is_refused(tmp_path: Path, column: str, cell: str) -> None:
    error = refusal(tmp_path, f"A,2026-01-05,calcium,9.1,mg/dL,{cell}", header=f"{HEADER},{column}")
    assert (error.field, error.value) == (column, cell)


def test_one_patient_with_both_sexes_is_refused(tmp_path: Path) -> None:
    rows = ("A,2026-01-05,calcium,9.1,mg/dL,F", "A,2026-01-06,calcium,9.1,mg/dL,M")
    assert refusal(tmp_path, *rows, header=f"{HEADER},sex").field == "sex"


def test_all_unusable_entries_are_named_at_once(tmp_path: Path) -> None:
    error = refusal(tmp_path, *[f"A,2026-01-0{day},calcium,9.1,mmol/L" for day in range(1, 8)])
    assert "first of 7" in str(error)
    assert "labs.csv row 3, labs.csv row 4" in str(error)


@pytest.mark.parametrize("text", ["UNABLE TO REPORT", "___", "SPECIMEN CLOTTED.", "", "nan"])
def test_text_result_is_not_usable_and_counted(tmp_path: Path, text: str) -> None:
    chart = chart_of(tmp_path, "A,2026-01-05,calcium,9.1,mg/dL", f"A,2026-01-06,calcium,{text},mg/dL")
    assert chart.observations.height == 1
    assert counts(chart)["text_result"] == 1


@pytest.mark.parametrize("text", ["<0.5", "> 90", ">=5000"])
def test_result_beyond_a_limit_is_not_usable_and_counted_apart(tmp_path: Path, text: str) -> None:
    chart = chart_of(tmp_path, "A,2026-01-05,crp,9.1,mg/L", f"A,2026-01-06,crp,{text},mg/L")
    assert chart.observations.height == 1
    assert counts(chart)["censored_result"] == 1


def test_exact_duplicates_are_dropped_and_counted(tmp_path: Path) -> None:
    row = "A,2026-01-05 07:30,calcium,9.1,mg/dL"
    chart = chart_of(tmp_path, row, row, row)
    assert chart.observations.height == 1
    assert counts(chart)["duplicate"] == 2


def test_different_values_at_one_time_are_kept_and_reported(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, "A,2026-01-05 07:30,calcium,9.1,mg/dL", "A,2026-01-05 07:30,calcium,9.4,mg/dL")
    assert chart.values("calcium")["recorded_value"].to_list() == [9.1, 9.4]
    assert counts(chart)["conflict"] == 1
    assert "duplicate" not in counts(chart)


def test_times_without_a_zone_stay_local_and_are_reported(tmp_path: Path) -> None:
    chart = chart_of(
        tmp_path,
        "A,2026-01-05 07:30,calcium,9.1,mg/dL",
        "A,2026-01-06T07:30:00+01:00,calcium,9.1,mg/dL",
        "A,2026-01-07T07:30:00Z,calcium,9.1,mg/dL",
        "A,2026-01-08,calcium,9.1,mg/dL",
    )
    assert chart.values("calcium")["zone"].to_list() == [None, "+01:00", "+00:00", None]
    assert {time.hour for time in chart.values("calcium")["time"].to_list()[:3]} == {7}
    assert counts(chart) | {"no_zone": 2, "utc": 1, "date_only": 1} == counts(chart)


def test_draws_of_unknown_relation_to_dialysis_are_reported(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, SESSION, "A,2020-01-01,esrd,,", "A,2026-01-05 07:30,calcium,9.1,mg/dL")
    assert counts(chart)["prepost_unknown"] == 1


def test_unknown_analytes_are_left_out_and_named(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, "A,2026-01-05,calcium,9.1,mg/dL", "A,2026-01-05,lipoprotein(a),30,mg/dL")
    finding = next(f for f in chart.findings if f.code == "unknown_analyte")
    assert "lipoprotein(a)" in finding.message


def test_median_that_fits_another_unit_is_doubted(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, *[f"A,2026-0{month}-05,phosphate,5.4,mmol/L" for month in (1, 2, 3)])
    finding = next(f for f in chart.findings if f.code == "unit_doubtful")
    assert (finding.severity, finding.where) == ("warning", "phosphate")
    assert "5.4 mg/dL would be usual" in finding.message


def test_entries_before_adulthood_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = ("A,2026-01-05,weight,70,kg,1990", "A,1995-01-05,weight,18,kg,1990")
    chart = chart_of(tmp_path, *rows, header=f"{HEADER},birth_year")
    assert chart.values("body_weight")["value"].to_list() == [70.0]
    assert counts(chart)["childhood"] == 1


def test_an_entry_can_be_set_aside_by_the_name_an_error_gives_it(tmp_path: Path) -> None:
    path = write(tmp_path, "A,2026-01-05,calcium,9.1,mg/dL", "A,2026-01-06,calcium,91,mg/dL", "A,x,calcium,9,mg/dL")
    chart = read(path, "A", set_aside=["labs.csv row 3", "labs.csv row 4"])
    assert chart.observations.height == 1
    assert counts(chart)["set_aside"] == 2
    with pytest.raises(InputError, match="no such observation to set aside"):
        read(path, "A", set_aside=["labs.csv row 33"])


@pytest.mark.parametrize("column", ["patient", "datetime", "analyte", "value", "unit"])
def test_missing_column_is_named(tmp_path: Path, column: str) -> None:
    header = ",".join(name for name in HEADER.split(",") if name != column)
    error = refusal(tmp_path, "A,2026-01-05,calcium,9.1", header=header)
    assert error.field == column
    assert f"missing column {column}" in str(error)


def test_doubled_column_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "A,2026-01-05,calcium,9.1,mg/dL,9.2", header=HEADER + ",value")
    assert error.field == "value"


def test_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    assert "the row has 6 cells" in str(refusal(tmp_path, "A,2026-01-05,calcium,9,1,mg/dL"))


def test_row_without_a_patient_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, ",2026-01-05,calcium,9.1,mg/dL").field == "patient"


def test_table_without_entries_is_refused(tmp_path: Path) -> None:
    assert "no entries" in str(refusal(tmp_path))
    (tmp_path / "void.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="empty"):
        read(tmp_path / "void.csv")


def test_chart_without_a_usable_observation_is_refused(tmp_path: Path) -> None:
    said = str(refusal(tmp_path, "A,2026-01-05,calcium,___,mg/dL"))
    assert "holds no usable observation" in said
    assert "results without a number" in said


def test_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labs.csv"
    path.write_bytes(HEADER.encode() + b"\nA,2026-01-05,creatinine,700,\xb5mol/L\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read(path)


@pytest.mark.parametrize("cells", ["A,2026-01-05,calcium", "A,2026-01-05,calcium,9.1,mg/dL,pre"])
def test_row_of_another_width_than_the_header_is_refused(tmp_path: Path, cells: str) -> None:
    error = refusal(tmp_path, SESSION, cells)
    assert error.where == "labs.csv row 3"
    assert f"the row has {cells.count(',') + 1} cells; expected 5" in str(error)


def test_cells_of_optional_columns_may_be_left_out_at_the_end(tmp_path: Path) -> None:
    assert chart_of(tmp_path, "A,2026-01-05,calcium,9.1,mg/dL", header=f"{HEADER},prepost").observations.height == 1


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_other_separators_are_named(tmp_path: Path, separator: str, name: str) -> None:
    error = refusal(tmp_path, SESSION.replace(",", separator), header=HEADER.replace(",", separator))
    assert f"the columns are separated by {name}" in str(error)
    assert "separated by commas" in str(error)


def test_an_open_quote_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, SESSION, 'A,"2026-01-05,calcium,9.1,mg/dL')
    assert error.where.endswith("labs.csv, line 3")
    assert "quotes are closed" in str(error)


def test_a_zero_byte_is_refused(tmp_path: Path) -> None:
    assert "a zero byte at byte" in str(refusal(tmp_path, SESSION, "\0"))


def test_gzipped_table_is_read_and_a_cut_one_refused(tmp_path: Path) -> None:
    packed = gzip.compress(f"{HEADER}\nA,2026-01-05,calcium,9.1,mg/dL\n".encode())
    whole, cut = tmp_path / "labs.csv.gz", tmp_path / "cut.csv.gz"
    whole.write_bytes(packed)
    cut.write_bytes(packed[:-12])
    assert read(whole, "A").observations.height == 1
    with pytest.raises(InputError, match="cut short") as caught:
        read(cut, "A")
    assert str(cut) in caught.value.where


def test_slip_in_one_patient_does_not_hide_another(tmp_path: Path) -> None:
    path = write(tmp_path, "A,2026-01-05,calcium,9.1,mg/dL", "B,soon,calcium,9.1,mg/dL")
    assert read(path, "A").observations.height == 1
    assert [entry.patient_id for entry in list_patients(path)] == ["A", "B"]
    charts = read_all(path)
    assert (len(charts), charts[0].patient_id) == (2, "A")
    with pytest.raises(InputError, match="not a date or time"):
        charts[1]


def _workbook(rows: list[list[str | float]], sheets: int = 1) -> bytes:
    """A minimal XLSX file; strings inline, numbers as numbers."""

    def cell(value: str | float) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    names = range(1, sheets + 1)
    spread = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    body = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in names
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{spread}" xmlns:r="{relations}"><sheets>'
        + "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId{n}"/>' for n in names)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{relations}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in names
        )
        + "</Relationships>",
    }
    for n in names:
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{spread}"><sheetData>{body}</sheetData></worksheet>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return buffer.getvalue()


def test_workbook_is_read_like_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "labs.xlsx"
    rows: list[list[str | float]] = [
        list(HEADER.split(",")),
        ["A", "2026-01-05 07:30", "calcium", 9.1, "mg/dL"],
    ]
    path.write_bytes(_workbook(rows, sheets=2))
    chart = read(path, "A")
    assert chart.values("calcium")["recorded_value"].to_list() == [9.1]
    assert chart.observations["source"].item() == "labs.xlsx row 2"
    assert counts(chart)["other_sheets"] == 1


def test_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labs.xlsx"
    path.write_text("patient,datetime", encoding="utf-8")
    with pytest.raises(InputError, match="not a readable workbook"):
        read(path)

"""Plans on one patient: members agree with the labs, plans move what they should, everything is said."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.care import read_plan
from livedo.care.harms import harms
from livedo.care.targets import targets
from livedo.errors import InputError
from livedo.records import read
from livedo.tracking import compare
from livedo.tracking.labs import levels
from livedo.tracking.outcomes import OPTIONAL, hypotension, quantities

PLANS = ("usual_care", "more_binder", "low_dialysate_calcium", "short_daily")


@pytest.fixture(scope="module")
def plans(root):
    return {name: read_plan(root / f"examples/plans/{name}.yaml") for name in PLANS}


@pytest.fixture(scope="module")
def chart(root):
    return read(root / "examples/records/unit.csv", patient="U03")


@pytest.fixture(scope="module")
def comparison(chart, plans):
    return compare(chart, list(plans.values()), years=0.5, members=32, seed=1)


def medians(comparison, quantity):
    return {o.plan.name: float(np.median(o.summary[quantity])) for o in comparison.outcomes}


def test_members_agree_with_the_charted_labs(comparison):
    for row in comparison.agreement:
        if row.used:
            assert row.low <= row.charted <= row.high or abs(row.member_median / row.charted - 1) < 0.1, row.analyte


def test_what_was_never_charted_stays_as_wide_as_the_population(comparison):
    row = {a.analyte: a for a in comparison.agreement}["calcidiol"]
    assert not row.used
    assert row.high / row.low > 1.8
    assert any("25-hydroxyvitamin D" in text for text in comparison.assumptions)


def test_plans_move_labs_the_way_their_name_says(comparison):
    phosphate, calcium, gained = (medians(comparison, q) for q in ("p_last", "ca_last", "ca_gained_session"))
    assert phosphate["More binder"] < phosphate["Usual care"]
    assert calcium["Low dialysate calcium"] < calcium["Usual care"]
    assert gained["Low dialysate calcium"] < gained["Usual care"]


def test_every_plan_reports_every_quantity_on_every_member(comparison):
    for outcome in comparison.outcomes:
        assert set(outcome.summary) == {q.key for q in quantities() if q.kind != "lesion"} - OPTIONAL
        for values in outcome.summary.values():
            assert values.shape == (32,)
            assert np.isfinite(values).all()


def test_harms_stand_beside_benefits():
    kinds = [q.kind for q in quantities()]
    assert kinds.count("harm") >= kinds.count("control")


def test_labels_quote_the_thresholds_that_are_used():
    text = {q.key: q.label for q in quantities()}
    for key, harm in (
        ("hypocalcaemia_time", "hypocalcaemia"),
        ("low_turnover", "low_turnover_pth"),
        ("uf_high", "uf_high"),
    ):
        assert harms()[harm].written in text[key]
    assert "2.1 mmol/L (8.4 mg/dL)" in text["hypocalcaemia_time"]


def test_limits_of_target_and_harm_are_one_number():
    assert harms()["hypocalcaemia"].value == targets()["calcium_total"].low
    assert harms()["hypercalcaemia"].value == targets()["calcium_total"].high


def test_later_changes_of_the_first_plan_do_not_reach_back_into_the_estimate(chart, plans, tmp_path, root):
    text = (root / "examples/plans/usual_care.yaml").read_text()
    later = tmp_path / "later.yaml"
    later.write_text(text.replace("    taken: with 3 meals\n", "    taken: with 3 meals\n    stop: day 28\n"))
    found = compare(chart, [read_plan(later)], years=0.1, members=16, seed=1)
    usual = compare(chart, [plans["usual_care"]], years=0.1, members=16, seed=1)
    assert np.array_equal(found.outcomes[0].values["P"][:, 0], usual.outcomes[0].values["P"][:, 0])


def test_a_plan_whose_dialysis_ends_is_refused(chart, tmp_path, root):
    text = (root / "examples/plans/usual_care.yaml").read_text()
    ends = tmp_path / "ends.yaml"
    ends.write_text(text.replace("    hours: 4 h\n", "    hours: 4 h\n    stop: day 14\n"))
    with pytest.raises(InputError, match="no session from day 14"):
        compare(chart, [read_plan(ends)], years=0.1, members=8, seed=1)


def test_what_is_unusual_in_a_plan_is_said_beside_it(chart, tmp_path, root):
    text = (root / "examples/plans/usual_care.yaml").read_text()
    slip = tmp_path / "slip.yaml"
    slip.write_text(text.replace("1.5 mmol/L     # 3.0 mEq/L", "2.5 mmol/L"))
    found = compare(chart, [read_plan(slip)], years=0.1, members=8, seed=1)
    assert any("2.5" in text for text in found.outcomes[0].warnings)


def test_a_prescribed_dry_weight_moves_weight_and_is_refused_when_far(chart, plans, tmp_path, root):
    text = (root / "examples/plans/usual_care.yaml").read_text()
    own = float(chart.values("body_weight")["value"].median())

    def at(kilograms: float, name: str):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text.replace("dry_weight: from chart", f"dry_weight: {kilograms:.1f} kg"))
        return read_plan(path).model_copy(update={"name": name})

    both = [plans["usual_care"], at(own - 5.0, "lighter")]
    found = compare(chart, both, years=0.1, members=8, seed=1)
    usual, light = (o.values["weight"][:, -1].mean() for o in found.outcomes)
    assert light < usual - 2.0
    with pytest.raises(InputError, match="far from the patient's own"):
        compare(chart, [at(own / 2, "half")], years=0.1, members=8, seed=1)


def test_low_dialysate_calcium_is_warned_of(comparison):
    warned = {o.plan.name: o.warnings for o in comparison.outcomes}
    assert "sudden cardiac arrest" in warned["Low dialysate calcium"][0]
    assert not warned["Usual care"]


def test_hypotension_rises_with_the_ultrafiltration_rate_from_the_published_share():
    assert hypotension(np.array([10.0]))[0] == pytest.approx(0.116)
    assert np.all(np.diff(hypotension(np.linspace(0, 25, 20))) > 0)


def test_the_same_plan_twice_gives_the_same_numbers(chart, plans, comparison):
    again = compare(chart, [plans["usual_care"]], years=0.5, members=32, seed=1, threads=1)
    for key, values in again.outcomes[0].summary.items():
        assert np.array_equal(values, comparison.outcomes[0].summary[key]), key


def test_provenance_says_how_it_was_made(comparison):
    assert comparison.provenance["seed"] == 1
    assert len(str(comparison.provenance["model_hash"])) == 64


def test_two_plans_of_one_name_are_refused(chart, plans):
    with pytest.raises(InputError, match="same name"):
        compare(chart, [plans["usual_care"]] * 2, years=0.1, members=8, seed=1)


def test_the_real_patient_runs_with_pth_carried_as_uncertain(shared, plans):
    chart = read(shared / "data/mimic_iv_demo_omop_esrd", patient="10039708")
    found = compare(chart, [plans["usual_care"]], years=0.25, members=16, seed=1)
    rows = {a.analyte: a for a in found.agreement}
    assert rows["phosphate"].used
    assert rows["calcium_total"].used
    assert not rows["pth"].used
    assert rows["pth"].high / rows["pth"].low > 2
    said = " ".join(found.assumptions)
    assert "parathyroid hormone" in said
    assert "in hospital" in said


def test_levels_leave_out_draws_during_continuous_dialysis(shared):
    chart = read(shared / "data/mimic_iv_demo_omop_esrd", patient="10039708")
    count = {lv.analyte: lv.count for lv in levels(chart)}
    assert 0 < count["phosphate"] < chart.values("phosphate").height


def test_a_record_without_a_word_of_dialysis_is_taken_as_the_plan_has_it(tmp_path, plans):
    path = tmp_path / "labs.csv"
    rows = [f"A,2023-0{month}-02 08:00,phosphate,1.7,mmol/L" for month in range(1, 7)]
    path.write_text("patient,datetime,analyte,value,unit\n" + "\n".join(rows) + "\n")
    found = compare(read(path, patient="A"), [plans["usual_care"]], years=0.1, members=8, seed=1)
    assert any("does not show that the patient is on dialysis" in text for text in found.assumptions)

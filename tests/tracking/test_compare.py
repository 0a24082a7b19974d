"""Plans on one patient: members agree with the labs, plans move what they should, everything is said."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.care import read_plan
from livedo.care.harms import harms
from livedo.errors import InputError
from livedo.records import read
from livedo.tracking import compare
from livedo.tracking.labs import levels
from livedo.tracking.outcomes import hypotension, quantities

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
    assert any("calcidiol" in text for text in comparison.assumptions)


def test_plans_move_labs_the_way_their_name_says(comparison):
    phosphate, calcium, gained = (medians(comparison, q) for q in ("p_last", "ca_last", "ca_gained_session"))
    assert phosphate["More binder"] < phosphate["Usual care"]
    assert calcium["Low dialysate calcium"] < calcium["Usual care"]
    assert gained["Low dialysate calcium"] < gained["Usual care"]


def test_every_plan_reports_every_quantity_on_every_member(comparison):
    for outcome in comparison.outcomes:
        assert set(outcome.summary) == {q.key for q in quantities()}
        for values in outcome.summary.values():
            assert values.shape == (32,)
            assert np.isfinite(values).all()


def test_harms_stand_beside_benefits():
    kinds = [q.kind for q in quantities()]
    assert kinds.count("harm") >= kinds.count("control")


def test_labels_quote_the_thresholds_that_are_used():
    text = {q.key: q.label for q in quantities()}
    assert f"{harms()['hypocalcaemia'].value:.2f} mmol/L" in text["hypocalcaemia_time"]
    assert f"{harms()['hypercalcaemia'].value:.2f} mmol/L" in text["hypercalcaemia_time"]
    assert f"{harms()['ionised_low'].value:.2f} mmol/L" in text["ica_low_after"]
    assert f"{harms()['uf_high'].value:g} mL/h/kg" in text["uf_high"]
    assert f"{harms()['low_turnover_pth'].value:g} pg/mL" in text["low_turnover"]


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
    assert "pth" in said
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

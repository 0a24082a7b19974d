"""Accepted sets of disease parameters: read, refused when bad, and carried through vessels, onset, course and arms."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from livedo.body import load_body
from livedo.care.actions import carry_out
from livedo.care.effects import daily_effect
from livedo.care.treatments import load_treatments
from livedo.errors import InputError
from livedo.evidence.context import Context
from livedo.evidence.experiments import lesion_cohort, over_sets, set_course, set_outcomes, set_reading, warfarin
from livedo.evidence.lesion_sets import STRUCTURES, TABLE, LesionSet, load_sets, of_structure
from livedo.evidence.lesion_sets import over_sets as interval

PEOPLE, EACH = 32, 8


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def ctx(patch: pytest.MonkeyPatch) -> Context:
    patch.setattr(lesion_cohort, "DRAWN", (PEOPLE, PEOPLE))
    patch.setattr(over_sets, "PEOPLE", PEOPLE)
    for module in (over_sets, set_reading, warfarin):
        patch.setattr(module, "EACH", EACH)
    context = Context(quick=True, threads=1)
    few = [one for s in STRUCTURES for one in [o for o in load_sets() if o.structure == s][:3]]
    context.once("accepted sets", lambda: tuple(few))
    return context


def test_enough_sets_ship_and_each_names_parameters_of_the_body(ctx: Context) -> None:
    sets = load_sets()
    assert len(sets) >= 50
    known = ctx.body.model.parameters
    for one in sets:
        assert set(one.values) <= set(known), one.name


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,humoral,1", "unknown structure"),
        ("a,intimal,0", "expected a number above zero"),
        ("a,intimal,x", "expected a number above zero"),
        ("a,intimal,1\na,intimal,1", "stands twice"),
    ],
)
def test_a_bad_set_is_refused(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "sets.csv"
    path.write_text(f"set,structure,lysis\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_sets(path)


def test_sets_can_be_kept_on_disk() -> None:
    assert pickle.loads(pickle.dumps(load_sets())) == load_sets()


def test_an_interval_spans_the_sets() -> None:
    values = np.arange(101.0)
    assert [interval(values, read).value for read in ("low", "median", "high")] == [5.0, 50.0, 95.0]
    with pytest.raises(InputError, match="cannot be read"):
        interval(values, "mean")


def test_hazards_put_together_from_their_parts_are_those_of_the_body(ctx: Context) -> None:
    sets = ctx.once("accepted sets", load_sets)
    who = set_course.ill(ctx, sets, EACH)
    run = set_course.followed(ctx, who, weeks=26)
    rise = set_outcomes.rises(ctx, set_outcomes.parts(ctx, who, run))
    for cause, symbol in (("sepsis", "hazard_death_sepsis"), ("wasting", "hazard_death_wasting")):
        whole = run[symbol][:, -1] - run[symbol][:, 0]
        assert whole.max() > 0.01
        assert rise[cause].sum(axis=1) == pytest.approx(whole, rel=0.05, abs=2e-3)


def test_chances_of_death_compete_and_sum_to_at_most_one() -> None:
    rise = {c: np.full((3, 52), 0.05) for c in (*set_outcomes.CAUSES, "episode")}
    each = set_outcomes.chances(rise, 52)
    assert set_outcomes.dead(each) == pytest.approx(np.full(3, 1 - np.exp(-0.15 * 52)))
    assert set_outcomes.dead(each, "sepsis") == pytest.approx(set_outcomes.dead(each) / 3)


def test_a_set_moves_the_centre_of_a_trait_and_keeps_its_spread(ctx: Context) -> None:
    one = load_sets()[0]
    slow, quick = (
        LesionSet(str(f), one.structure, MappingProxyType({**one.values, "margin_advance": f * 4e-4})) for f in (1, 2)
    )
    found = set_course.hazard(ctx, (slow, quick))
    column = set_course.kernel(ctx).layout.parameters.index("margin_advance")
    values = found.moment.parameters[:, column].reshape(2, -1)
    assert values[1] == pytest.approx(2 * values[0])
    assert values[0].std() > 0.1 * values[0].mean()


def test_more_seed_brings_more_calcium_and_no_seed_less(ctx: Context) -> None:
    one = load_sets()[0]
    more = LesionSet(
        "more", one.structure, MappingProxyType({**one.values, "arteriole_seed": 2 * one.values["arteriole_seed"]})
    )
    calcium = set_course.vessels(ctx, (one, more)).values["calcium_seen"]
    assert (calcium[1] >= calcium[0]).all()
    assert calcium[1].mean() > calcium[0].mean()


def test_control_of_minerals_lowers_incidence_where_calcification_leads_alone(ctx: Context) -> None:
    def ratio(structure: str, read: str) -> float:
        return over_sets.control_ratio(ctx, control="both", read=read, structure=structure).value

    assert 0 < ratio("calcification", "low") <= ratio("calcification", "high") < 1
    # mineral follows clots and does not lead to them
    assert ratio("thrombosis", "low") == pytest.approx(1, abs=1e-3)


def test_an_action_without_effect_gains_nothing_in_any_set(ctx: Context) -> None:
    for read in ("low", "high"):
        # what the solver makes of the extra switches
        assert over_sets.gain(ctx, arm="intralesional thiosulfate", read=read).value == pytest.approx(0, abs=0.05)


def test_shares_of_first_rank_sum_to_all_sets(ctx: Context, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(over_sets, "RANKED", ("antibiotic", "debridement", "intralesional thiosulfate"))
    shares = [over_sets.first(ctx, arm=arm).value for arm in over_sets.RANKED]
    assert sum(shares) == pytest.approx(100)


def test_a_structure_without_accepted_sets_has_no_number(patch: pytest.MonkeyPatch) -> None:
    alone = Context(quick=True, threads=1)
    alone.once("accepted sets", lambda: load_sets()[:3])
    patch.setattr(over_sets, "incidences", lambda ctx, control: np.arange(3.0))
    other = next(s for s in STRUCTURES if s != load_sets()[0].structure)
    assert np.isnan(over_sets.incidence(alone, structure=other).value)
    assert over_sets.incidence(alone, structure=load_sets()[0].structure).value == 1.0


def test_structures_are_told_apart_by_name() -> None:
    sets = load_sets()
    assert sum(of_structure(sets, s).sum() for s in STRUCTURES) == len(sets) == of_structure(sets, "any").sum()
    with pytest.raises(InputError, match="no such structure"):
        of_structure(sets, "humoral")
    assert TABLE.is_file()


@pytest.mark.parametrize("arm", [a for a in over_sets.ARMS if a != "apixaban"])
def test_every_arm_is_ordered_by_rows_of_the_tables_and_parameters_of_the_body(arm: str) -> None:
    body = load_body()
    planned, given = over_sets.ARMS[arm]
    assert set(given) <= set(body.model.parameters)
    schedule = carry_out(lesion_cohort.actions_of(*planned), people=np.arange(4), seed=1, body=body)
    assert bool(schedule.rules) == bool(planned)


def test_apixaban_is_an_input_of_the_organs_that_run(ctx: Context) -> None:
    drug = load_treatments().find("anticoagulant", "apixaban")
    inputs = daily_effect(drug, over_sets.APIXABAN, "oral", frozenset(ctx.body.inputs))
    assert inputs
    assert set(inputs) <= set(set_course.kernel(ctx).layout.parameters)


def test_warfarin_brings_more_lesions_where_the_wall_leads_and_stopping_it_is_no_harm_to_the_wound(
    ctx: Context,
) -> None:
    assert warfarin.incidence_ratio(ctx, structure="calcification").value > 2
    for structure in ("thrombosis", "intimal"):
        assert warfarin.incidence_ratio(ctx, structure=structure).value == pytest.approx(1.0, abs=0.1)
    assert warfarin.gain(ctx).value > -1
    with pytest.raises(InputError, match="no such arm"):
        warfarin.gain(ctx, arm="doubled")

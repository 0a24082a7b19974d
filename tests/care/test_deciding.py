"""The interpreter of protocols: dead bands, waits, ladders, one change of a line at a visit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livedo.care.deciding import begun, decide
from livedo.care.protocols import read_protocol, shipped
from livedo.errors import InputError
from livedo.records import convert

LINES = """
name: Small
source: made for a test
target: usual
lines:
  binder:
    class: phosphate binder
    options:
      - {drug: sevelamer, taken: with 3 meals, ladder: [800 mg, 1600 mg, 2400 mg], first: 1600 mg}
  vitamin_d:
    class: vitamin D receptor agonist
    wait: 2 visits
    options:
      - {drug: calcitriol, schedule: each session, route: iv, ladder: [0.5 ug, 1 ug]}
"""


@pytest.fixture
def rules(tmp_path: Path):
    """A protocol of two lines with the given rules, and its memory for one patient."""

    def made(text: str, steps=(1, 1), bands: str = ""):
        path = tmp_path / "small.yaml"
        path.write_text(LINES + bands + "rules:\n" + text, encoding="utf-8")
        protocol = read_protocol(path)
        return protocol, begun(protocol, np.zeros((1, 2), dtype=np.int64), np.array([steps]))

    return made


def labs(**values):
    units = {"phosphate": "mg/dL", "calcium_total": "mg/dL", "pth": "pg/mL"}
    return {a: np.array([convert(v, units[a], a) if np.isfinite(v) else v]) for a, v in values.items()}


def steps_over(made, analyte, values):
    """Steps of the binder (first line) after each visit."""
    protocol, memory = made
    found = []
    for value in values:
        decide(protocol, memory, labs(**{analyte: value}))
        found.append(int(memory.step[0, 0]))
    return found


UP = "  - {name: high, when: phosphate above target, do: binder up}\n"
BAND = "dead_bands: {phosphate: 1.5 mg/dL}\n"


def test_a_value_out_of_range_changes_the_dose_without_dead_bands(rules):
    assert steps_over(rules(UP), "phosphate", [5.6, 5.0, 5.6]) == [2, 2, 3]


def test_a_single_small_excursion_is_ignored_within_the_dead_band(rules):
    assert steps_over(rules(UP, bands=BAND), "phosphate", [5.0, 5.6, 5.0, 5.6, 5.4]) == [1, 1, 1, 1, 1]


def test_two_in_a_row_are_not_ignored(rules):
    assert steps_over(rules(UP, bands=BAND), "phosphate", [5.0, 5.6, 5.7]) == [1, 1, 2]


def test_a_change_beyond_the_dead_band_acts_at_once(rules):
    assert steps_over(rules(UP, bands=BAND), "phosphate", [4.5, 6.1]) == [1, 2]


def test_a_relative_dead_band(rules):
    made = rules("  - {name: high, when: pth above target, do: binder up}\n", bands="dead_bands: {pth: 50 %}\n")
    assert steps_over(made, "pth", [500.0, 700.0, 400.0, 650.0]) == [1, 1, 1, 2]


def test_an_urgent_rule_acts_whatever_the_dead_band(rules):
    text = "  - {name: high, when: phosphate above target, do: binder up, urgent: yes}\n"
    assert steps_over(rules(text, bands=BAND), "phosphate", [5.6]) == [2]


def test_doses_stay_on_their_ladder(rules):
    assert steps_over(rules(UP), "phosphate", [9.0] * 6) == [2, 3, 3, 3, 3, 3]
    text = "  - {name: low, when: phosphate below target, do: binder down 2}\n"
    assert steps_over(rules(text), "phosphate", [1.0, 1.0]) == [0, 0]


def test_the_first_dose_is_the_one_that_is_stated(rules):
    assert steps_over(rules(UP, steps=(0, 0)), "phosphate", [6.0]) == [2]


def test_a_line_changes_once_at_a_visit_by_the_first_rule_that_touches_it(rules):
    text = (
        UP
        + UP.replace("name: high", "name: again")
        + "  - {name: stop, when: phosphate above target, do: binder stop}\n"
    )
    protocol, memory = rules(text)
    decided = decide(protocol, memory, labs(phosphate=6.0))
    assert decided.change[0].tolist() == [1, 0]
    assert decided.rule[0, 0] == 0


def test_a_held_line_is_not_changed_by_later_rules(rules):
    text = "  - {name: keep, when: calcium_total above target, do: binder hold}\n" + UP
    protocol, memory = rules(text)
    assert decide(protocol, memory, labs(phosphate=6.0, calcium_total=11.0)).change[0, 0] == 0
    assert decide(protocol, memory, labs(phosphate=6.0, calcium_total=9.0)).change[0, 0] == 1


def test_a_line_that_was_changed_waits(rules):
    text = """  - {name: high, when: pth above target, do: vitamin_d up}
  - {name: low, when: pth below target, do: vitamin_d down}
"""
    protocol, memory = rules(text, steps=(0, 0))
    found = []
    for value in (700.0, 700.0, 700.0, 100.0, 100.0):
        decide(protocol, memory, labs(pth=value))
        found.append(int(memory.step[0, 1]))
    assert found == [1, 1, 2, 2, 1]


def test_a_missed_draw_changes_nothing(rules):
    made = rules(UP, bands=BAND)
    assert steps_over(made, "phosphate", [5.6, np.nan, np.nan, 5.6]) == [1, 1, 1, 2]
    protocol, memory = rules(UP)
    before = {a: past.copy() for a, past in memory.labs.items()}
    decided = decide(protocol, memory, labs(phosphate=np.nan))
    assert not decided.change.any()
    assert all(np.array_equal(before[a], memory.labs[a], equal_nan=True) for a in before)


def test_a_rule_does_not_act_on_a_lab_of_an_earlier_visit(rules):
    text = "  - {name: high, when: [pth above target, calcium_total within target], do: vitamin_d up}\n"
    protocol, memory = rules(text, steps=(0, 0))
    decide(protocol, memory, labs(pth=700.0, calcium_total=11.0))
    assert not decide(protocol, memory, labs(pth=np.nan, calcium_total=9.0)).change.any()
    assert decide(protocol, memory, labs(pth=700.0, calcium_total=9.0)).change.any()


def test_trends_and_relative_changes(rules):
    rising = rules("  - {name: rising, when: pth rising on 2 visits, do: binder up}\n")
    assert steps_over(rising, "pth", [200.0, 210.0, 220.0, 150.0, 160.0]) == [1, 1, 2, 2, 2]
    fell = rules("  - {name: fell, when: pth down more than 30 % over 2 visits, do: binder down}\n")
    assert steps_over(fell, "pth", [600.0, 500.0, 430.0, 340.0]) == [1, 1, 1, 0]


def test_any_of_several_conditions(rules):
    text = """  - name: either
    when: [calcium_total within target, {any: [phosphate above target, pth above target]}]
    do: binder up
"""
    protocol, memory = rules(text)
    assert decide(protocol, memory, labs(calcium_total=9.0, phosphate=5.0, pth=700.0)).change[0, 0] == 1
    assert decide(protocol, memory, labs(calcium_total=9.0, phosphate=5.0, pth=300.0)).change[0, 0] == 0


def test_where_a_line_stands_is_a_condition(rules):
    text = "  - {name: top, when: [phosphate above target, binder at top], do: vitamin_d up}\n"
    protocol, memory = rules(text, steps=(2, 0))
    assert not decide(protocol, memory, labs(phosphate=6.0)).change.any()
    protocol, memory = rules(text, steps=(3, 0))
    assert decide(protocol, memory, labs(phosphate=6.0)).change[0].tolist() == [0, 1]


def test_a_panel_without_a_lab_of_the_rules_is_refused(rules):
    protocol, memory = rules(UP)
    with pytest.raises(InputError, match="not drawn"):
        decide(protocol, memory, labs(pth=300.0))


@pytest.mark.parametrize("name", shipped())
@settings(max_examples=25)
@given(data=st.data())
def test_whatever_the_labs_a_protocol_keeps_its_laws(name, data):
    protocol = read_protocol(name)
    seed = data.draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    patients, lines = 40, len(protocol.lines)
    option = np.stack([random.integers(0, len(line.options), patients) for line in protocol.lines], axis=1)
    memory = begun(protocol, option, random.integers(0, 4, (patients, lines)))
    waits = np.array([line.wait for line in protocol.lines])
    urgent = np.array([rule.urgent for rule in protocol.rules])
    since = np.full((patients, lines), 10_000)
    for _ in range(10):
        values = {
            "phosphate": random.uniform(0.6, 3.0, patients),
            "calcium_total": random.uniform(1.7, 3.0, patients),
            "pth": np.exp(random.uniform(1.0, 5.5, patients)),
            "calcidiol": random.uniform(10, 90, patients),
        }
        missed = random.random(patients) < 0.3
        for array in values.values():
            array[missed] = np.nan
        before = memory.step.copy()
        decided = decide(protocol, memory, values)
        since += 1
        changed = decided.change != 0
        assert np.array_equal(memory.step, before + decided.change)
        assert ((memory.step >= 0) & (memory.step <= memory.top)).all()
        assert not changed[missed].any()
        assert np.array_equal(changed, decided.rule >= 0)
        assert (~changed | (since >= waits) | urgent[decided.rule]).all()
        since[changed] = 0

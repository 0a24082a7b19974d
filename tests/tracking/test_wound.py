"""A wound of the record: which size counts, and which week of each version's lesion goes with it."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.records import read
from livedo.skin.lesions import DIAGNOSIS_WEEKS
from livedo.tracking.wound import ELLIPSE, charted_wound, weeks_of_size


def chart_of(tmp_path, *rows):
    path = tmp_path / "labs.csv"
    path.write_text("patient,datetime,analyte,value,unit\n" + "".join(f"A1,{row}\n" for row in rows))
    return read(path)


def test_the_last_size_counts_whether_area_or_length_and_width(tmp_path):
    rows = [
        "2024-01-03 08:00,wound_area,40,cm2",
        "2024-02-03 08:00,wound_length,100,mm",
        "2024-02-03 08:00,wound_width,6,cm",
    ]
    assert charted_wound(chart_of(tmp_path, *rows[:1])).area == 40
    assert charted_wound(chart_of(tmp_path, *rows)).area == pytest.approx(ELLIPSE * 60)


def test_an_old_or_healed_wound_tells_nothing(tmp_path):
    later = "2024-06-03 08:00,phosphate,1.8,mmol/L"
    assert charted_wound(chart_of(tmp_path, "2024-01-03 08:00,wound_area,40,cm2", later)) is None
    assert charted_wound(chart_of(tmp_path, "2024-06-01 08:00,wound_area,0,cm2", later)) is None
    assert charted_wound(chart_of(tmp_path, later)) is None


def test_a_growing_wound_is_taken_when_it_has_the_charted_size():
    slow, fast = np.arange(1.0, 41.0), 10 * np.arange(1.0, 41.0)
    weeks = weeks_of_size(np.stack([slow, fast] * 50), 20.0, 1)
    assert abs(np.log(slow[weeks[::2] - 1] / 20)).max() < 1.5
    assert np.median(weeks[::2]) == pytest.approx(17, abs=4)
    assert np.median(weeks[1::2]) == pytest.approx(2, abs=1)


def test_without_a_week_that_fits_the_usual_time_to_diagnosis_decides():
    weeks = weeks_of_size(np.full((400, 40), 1.0), 20.0, 1)
    assert np.median(weeks) == pytest.approx(DIAGNOSIS_WEEKS, abs=2)


@pytest.fixture(scope="module")
def sized(root, tmp_path_factory):
    """Versions of one patient, with and without a wound in the record."""
    import livedo.tracking.estimate
    from livedo.care import read_plan
    from livedo.tracking import compare

    plain = "U03,2025-11-30 08:00,phosphate,1.9,mmol/L\n"
    folder = tmp_path_factory.mktemp("wound")
    plan = read_plan(root / "examples/plans/usual_care.yaml")
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(livedo.tracking.estimate, "ENSEMBLE", 8)
        for name, extra in (("without", ""), ("with", "U03,2025-11-30 08:00,wound_area,15,cm2\n")):
            path = folder / f"{name}.csv"
            path.write_text("patient,datetime,analyte,value,unit\n" + plain + extra)
            found.append(compare(read(path), [plan], years=0.02, members=12, seed=1, lesion="calf"))
    return found


def test_a_recorded_size_brings_the_versions_nearer_to_it(sized):
    def off(comparison):
        values = comparison.outcomes[0].values
        return np.abs(np.log((values["eschar"] + values["wound_area"])[:, 0] / 15.0))

    without, given = (off(comparison) for comparison in sized)
    assert np.median(given) < 0.5 * np.median(without)
    assert any("15 cm²" in sentence for sentence in sized[1].assumptions)

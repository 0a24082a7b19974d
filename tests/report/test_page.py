"""The report says everything it must, in both units, safely, and needs nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from livedo.records.chart import Chart
from livedo.report.page import render
from livedo.report.shown import harms_not_modelled
from livedo.tracking.comparison import Comparison

VOID = {"meta", "link", "br"}


class Reader(HTMLParser):
    """Reads a page: its text, its tags, and whether every tag is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def page(comparison: Comparison) -> str:
    return render(comparison)


@pytest.fixture
def text(page: str) -> str:
    return Reader(page).text


def test_parts_stand_in_order(text: str) -> None:
    parts = [
        "Patient A017 <b>&",
        "Female, about 63 years",
        "Research software, not a medical device.",
        "7 usable results",
        "Total calcium",
        "Draws are not marked as before or after dialysis",
        "Day 0 is the last entry of the record (2023-12-01)",
        "Median over the versions of the patient",
        "Not modelled, and so not in this table:",
        "Haemodialysis on Monday, Wednesday and Friday",
        "A plan is not free of these",
        "carried as uncertain, never charted",
        "Every prescribed session takes place.",
        "by day: median and 90% interval",
        "f00dfeed",
        "c0ffee",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_page_is_well_formed(page: str) -> None:
    reader = Reader(page)
    assert page.startswith("<!doctype html>")
    assert reader.open == []
    assert ("html", {"lang": "en"}) in reader.tags


def test_page_loads_nothing(page: str) -> None:
    loading = {"script", "iframe", "img", "object", "embed", "audio", "video", "source", "base", "form"}
    tags = Reader(page).tags
    assert not loading & {tag for tag, _ in tags}
    assert [a.get("href") for tag, a in tags if tag == "link"] == ["data:,"]
    assert all((a.get("href") or "").startswith("#") for tag, a in tags if tag == "a")
    assert not any(name in a for _, a in tags for name in ("src", "srcset", "poster", "onclick", "onload"))
    assert not re.search(r"url\(|@import|https?://", page)
    assert "default-src 'none'" in page


def test_every_link_and_label_leads_somewhere(page: str) -> None:
    tags = Reader(page).tags
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = {(a["href"] or "")[1:] for tag, a in tags if tag == "a"}
    labels = {a["aria-labelledby"] for _, a in tags if "aria-labelledby" in a}
    assert (links | labels) <= set(ids)


def test_names_from_records_and_plans_are_escaped(page: str) -> None:
    assert "<i>binder</i>" not in page
    assert "A017 <b>" not in page


def test_no_plan_is_ranked_and_no_dose_advised(text: str) -> None:
    assert not re.search(
        r"\b(best|better|worse|optimal|superior|recommend\w*|should take|winner)\b", text, re.IGNORECASE
    )


def test_no_colour_of_a_verdict_is_used(page: str) -> None:
    colours = re.findall(r"#([0-9a-f]{6})\b", page.split("</style>")[0])
    assert colours
    for colour in colours:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (0, 2, 4))
        assert max(red, green) - blue < 40, f"#{colour} is a red, a green or a yellow"


def test_values_stand_in_both_units(text: str) -> None:
    # 1.8 mmol/L of phosphorus are 5.6 mg/dL, 10 mg of calcium 0.2 mmol
    assert re.search(r"charted values, median 1\.3[23] mmol/L \(4\.1 mg/dL\), range 0\.90 to 2\.10", text)
    assert "pg/mL" in text
    assert "mmol/session" in text


def test_harms_stand_beside_control_in_tables_of_one_form(page: str) -> None:
    pair = page[page.index('class="pair beside"') :]
    heads = re.findall(r'<div class="([^"]*)" tabindex="0" role="region" aria-labelledby="t-(\w+)"', pair)
    assert [name for _, name in heads[:2]] == ["control", "harms"]
    assert heads[0][0] == heads[1][0]


def test_harms_not_modelled_are_named_with_reasons(text: str) -> None:
    for row in harms_not_modelled():
        assert row.harm in text
        assert row.reason[1:] in text


def test_what_was_read_counts_hospital_draws_and_unusable_results(text: str) -> None:
    assert "7 (7: results without a number are not usable)" in text
    assert "1, 2023-05-05; 2 results were drawn in one" in text
    assert "1 result was drawn during one; the end is assumed for 1" in text
    assert "of 6 blood results, 1 marked as before, 1 as after, 4 not marked" in text
    assert "phosphate (as phosphorus) 3, total calcium 4" in text


def test_absent_analyte_is_said_to_be_uncertain(text: str) -> None:
    assert "carried as uncertain, never charted" in text
    assert "the charted median lies within the versions’ 90% interval; used in the estimate" in text
    assert "the charted median lies above the versions’ 90% interval; not used in the estimate" in text


def test_old_values_are_counted_when_not_drawn(text: str) -> None:
    assert "1 from more than five years before day 0 is not drawn" in text


def test_failed_members_are_reported(text: str) -> None:
    assert "1 version of the patient failed and is left out of this plan's numbers (member 3)" in text


def test_warning_stands_with_its_plan_and_beside_the_table(text: str) -> None:
    assert "More <i>binder</i> carries a warning" in text
    assert "Warning. Low dialysate calcium can lengthen the QT interval." in text


def test_figures_hold_one_band_for_each_plan_and_not_one_for_each_member(page: str) -> None:
    assert page.count('class="band90"/></svg>middle') == 1
    assert page.count('Z" class="band90"') == 4 * 2
    assert len(page) < 250_000


def test_every_figure_has_words_for_those_who_cannot_see_it(page: str) -> None:
    drawn = [a for tag, a in Reader(page).tags if tag == "svg"]
    assert all(a.get("aria-hidden") or a.get("aria-label") for a in drawn)
    assert sum(a.get("role") == "img" for a in drawn) == 4 * 3


def test_charted_values_are_marked_by_where_they_were_drawn(text: str) -> None:
    for words in ("charted value", "drawn in hospital", "drawn during continuous dialysis", "drawn after dialysis"):
        assert words in text


def test_corrected_calcium_is_not_shown(text: str) -> None:
    assert "not corrected for albumin" in text
    assert not re.search(r"(?<!not )corrected (for|calcium)", text)


def test_one_plan_has_no_differences(comparison: Comparison) -> None:
    alone = Reader(render(replace(comparison, outcomes=comparison.outcomes[:1]))).text
    assert "version by version" not in alone
    assert "1 plan of care over 1 year" in alone


def test_empty_record_still_makes_a_report(
    make_comparison: Callable[..., Comparison], make_chart: Callable[..., Chart]
) -> None:
    text = Reader(render(make_comparison(make_chart(())))).text
    assert "no usable result" in text
    assert text.count("No value is in the record") == 4


def test_two_plans_of_one_name_are_refused(
    comparison: Comparison, renamed: Callable[[Comparison, str], Comparison]
) -> None:
    with pytest.raises(ValueError, match="a name for each"):
        render(renamed(comparison, "Usual care"))


def test_quantity_that_no_table_holds_is_refused(comparison: Comparison) -> None:
    first = comparison.outcomes[0]
    odd = replace(first, summary={**first.summary, "fever": first.summary["p_last"]})
    with pytest.raises(ValueError, match="fever"):
        render(replace(comparison, outcomes=(odd,)))

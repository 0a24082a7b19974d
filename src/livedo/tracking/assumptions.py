"""What a comparison assumes, in sentences: the patient, the plans, how vessels came to be as they are, what is not simulated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from livedo.patients import variations
from livedo.patients.sampling import behaviour
from livedo.records.units import resolve_analyte
from livedo.tracking.disease_sets import Carried
from livedo.tracking.history import CANDIDATES, History
from livedo.tracking.labs import Level
from livedo.tracking.person import not_ordered
from livedo.tracking.settling import RUN_IN_GLAND, RUN_IN_WEEKS
from livedo.tracking.wound import MEASURED, Wound
from livedo.wording import capital, listed, power_of_ten

if TYPE_CHECKING:
    from livedo.care import Plan
    from livedo.engine import Steady
    from livedo.records.chart import Chart


def assumptions(chart: Chart, plan: Plan, charted: Sequence[Level], settled: Steady) -> list[str]:
    """What is assumed of the patient before the plans begin: dialysis, drugs, settling, which labs were used.

    Parameters
    ----------
    plan:
        The first one, on which the patient is taken to have settled.
    charted:
        The levels that the chart gives, those without a value too.
    settled:
        The members' repeating week.
    """
    taken = behaviour("trait")["adherence"]
    said = []
    if not chart.dialysis.on:
        said.append(
            f"The record does not show that the patient is on dialysis ({chart.dialysis.why}); what the plans have is assumed."
        )
    modes = set(chart.sessions["name"].drop_nulls().to_list()) if chart.sessions.height else set()
    if any("peritoneal" in name for name in modes) and not plan.peritoneal_dialysis:
        said.append("The record shows peritoneal dialysis; the patient is simulated without, as the first plan has it.")
    said += [
        f"The charted labs are taken to have been drawn while the patient was settled on the first plan, '{plan.name}', "
        "before the midweek session unless marked otherwise (on Wednesday morning in a plan without sessions).",
        *_kidneys_assumed(plan),
        *not_ordered(chart, plan),
        "Members start each plan settled under the first plan: at the state that repeats itself week by week, deep bone "
        f"held (largest weekly change {power_of_ten(float(np.nanmax(settled.residual)), 0)} of a state's size).",
        f"For the estimate, members settle by a run-in of {RUN_IN_WEEKS} weeks in which the parathyroid gland's time constant "
        f"is {RUN_IN_GLAND:g} h, so that its mass settles too.",
        "Every prescribed session takes place in full. Binders and calcium tablets are taken with each member's own "
        f"adherence (mean {taken.centre / (taken.centre + taken.spread):.0%}, as in trials), other drugs as prescribed.",
        "Drugs given at each session act as if spread evenly over the week.",
        "Diet, fluid and traits stay as they are for the whole run.",
    ]
    for charted_at_all, words in ((False, "Never charted"), (True, "Charted, but not usably")):
        names = [
            resolve_analyte(lv.analyte).label for lv in charted if not lv.count and bool(lv.left_out) == charted_at_all
        ]
        if names:
            said.append(f"{words}, so carried as uncertain with the spread of the population: {', '.join(names)}.")
    for level in charted:
        if level.left_out:
            said.append(f"{capital(resolve_analyte(level.analyte).label)}: {level.left_out}.")
    inpatient = [resolve_analyte(level.analyte).label for level in charted if level.drawn.startswith("in hospital")]
    if inpatient:
        said.append(
            f"Levels rest on draws in hospital, which may differ from stable life outside: {', '.join(inpatient)}."
        )
    assumed = [resolve_analyte(v.analyte).label for v in variations().values() if v.status == "assumed"]
    said.append(f"Variation from draw to draw is an assumption for {listed(assumed)}.")
    return said


def disease_assumed(
    chart: Chart,
    plan: Plan,
    years_said: str,
    history: History,
    sets: Carried,
    wound: Wound | None,
    lesion: str | None,
    lesion_week: float,
) -> list[str]:
    """How vessels and skin came to be as they are at the start, and what is not simulated of them."""
    different = len({one.name for one in sets.sets})
    dialysed = plan.sessions_per_week(0.0) or any(item.runs_at(0.0) for item in plan.peritoneal_dialysis)
    past = "Years on dialysis" if dialysed else "Years lived as under the first plan, without dialysis"
    said = [
        f"{past}: {years_said}. Arterioles of the skin (mineral, intima and clots) and the media of large arteries "
        "are carried through them from the body's own state at the start of dialysis, with each version's own tendencies and the "
        "plasma of its settled week.",
        "Tendencies of vessels, clotting and skin are not in the record; they differ between versions as between people.",
        f"Numbers of the disease that the literature leaves open: each version carries one of {different} accepted sets of them, "
        "from three rival structures in equal shares, so intervals span what is not known.",
        *_calciphylaxis_recorded(chart, lesion),
    ]
    if lesion is None:
        return [
            *said,
            "No lesion has come in the years before: a version to which they would have brought one has the tendencies of "
            f"vessels and skin of another of {CANDIDATES} people with its plasma.",
            "No lesion begins in the run: its chance is told from the hazard that each version counts.",
        ]
    low, middle, high = np.percentile(history.weeks, [5, 50, 95])
    return [
        *said,
        f"A lesion at the {lesion} site is given. Who has one is not an average patient: each version's tendencies of vessels "
        f"and skin are those of one of {CANDIDATES} people with its plasma, drawn in proportion to the hazard of a first lesion.",
        f"It begins in week {lesion_week:g} of every plan, on skin that is whole until then."
        if lesion_week
        else _course_so_far(f"{middle:.0f} weeks ({low:.0f} to {high:.0f})", wound),
        "Wound, pain and score are shown as if every version lived to the end; the chance to be alive stands beside them.",
    ]


def _course_so_far(weeks: str, wound: Wound | None) -> str:
    before = f"The lesion has run for {weeks} under the first plan without its actions"
    if wound is None:
        return f"{before}, the time such lesions take to be diagnosed; no size is in the record."
    return (
        f"{before}: the weeks after which eschar and open wound come near the {wound.area:.3g} cm² of the record ({wound.words}, "
        f"{wound.time:%Y-%m-%d}), and such lesions are diagnosed. All of it is taken as one site's, measured within "
        f"a factor of {np.exp(MEASURED):.1f} (assumption)."
    )


def _kidneys_assumed(plan: Plan) -> list[str]:
    """What is assumed of kidneys and peritoneum under the first plan."""
    said = []
    if not plan.kidney_function and not plan.transplant:
        said.append("No residual kidney function.")
    if plan.kidney_function:
        said.append(
            "Protein, vitamin K, inflammation, glands and diet of the population lie between people on dialysis and people in "
            "health, in proportion to what the own kidneys filter (assumption)."
        )
        said.append(
            "The function of the own kidneys is the first plan's; when the labs were drawn it was not yet being lost."
        )
    if any(item.from_h == 0 for item in plan.transplant):
        said.append("A transplant on day 0 of the first plan is taken to have been there when the labs were drawn.")
    if plan.peritoneal_dialysis:
        said.append("The peritoneum is that of the population: no transport test is read from the record.")
    return said


def _calciphylaxis_recorded(chart: Chart, lesion: str | None) -> list[str]:
    """Said where the record names the disease and no lesion is given."""
    if lesion is not None or not chart.conditions.height:
        return []
    import polars as pl

    coded = chart.conditions.filter(pl.col("name") == "calciphylaxis")
    if not coded.height:
        return []
    first = coded["time"].min()
    return [
        f"The record names calciphylaxis (first {first:%Y-%m-%d}); the skin is simulated whole all the same. Give its site with "
        "--lesion to simulate the lesion."
    ]

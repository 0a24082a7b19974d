"""The scorecard for people: a table on a terminal, and one self-contained page."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from livedo.evidence.scorecard import INSIDE, NOT_SIMULATED, Line, Scorecard
from livedo.pages import templates
from livedo.wording import number as written
from livedo.wording import power_of_ten

if TYPE_CHECKING:
    from rich.table import Table

#: Verdicts as shown; an experiment without a value counts as outside.
MARKS = {INSIDE: "inside", "outside": "outside", NOT_SIMULATED: "no value"}
UNITS = {"percent": "%", "": ""}


def number(value: float, digits: int = 3) -> str:
    """Significant digits, whole numbers whole, with a true minus sign; nothing for NaN."""
    if not math.isfinite(value):
        return ""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        return written(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))
    return power_of_ten(value)


def band(line: Line) -> str:
    """The acceptance band."""
    low, high = number(line.figure.accept_low), number(line.figure.accept_high)
    return f"{low} to {high}" if low or high else ""


def value(line: Line) -> str:
    """The simulated value with its Monte-Carlo error."""
    if line.result is None or not math.isfinite(line.result.value):
        return ""
    shown = number(line.result.value)
    return f"{shown} ± {number(line.result.error, 2)}" if line.result.error > 0 else shown


def summary(card: Scorecard) -> list[str]:
    """Sentences: how many inside by class, how many not simulated and why, the size of the run."""
    said = []
    for kind, count in card.counts().items():
        if count.listed:
            share = f" ({count.share:.0%})" if count.registered else ""
            shown = ", shown and not scored" if kind == "weak" else ""
            said.append(
                f"{kind}: {count.inside} of {count.registered} simulated figures inside{share}{shown}; "
                f"{count.listed - count.registered} listed and not simulated"
            )
    why = Counter(line.figure.reason_not_simulated.split(":")[0] for line in card.lines if not line.registered)
    if why:
        said.append("not simulated: " + ", ".join(f"{reason} {n}" for reason, n in why.most_common()))
    size = "quick sizes: a larger Monte-Carlo error" if card.quick else "full sizes"
    said.append(f"{size}; {card.seconds:.0f} s; model {card.model}")
    return said


def table(card: Scorecard) -> Table:
    """Figures with an experiment as a rich table."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE, pad_edge=False, title="Published figures", title_justify="left", title_style="bold")
    for heading, align in (("id", "left"), ("quantity", "left"), ("class", "left"), ("published", "right")):
        drawn.add_column(heading, justify=align, no_wrap=heading == "id")  # type: ignore[arg-type]
    for heading in ("band", "simulated"):
        drawn.add_column(heading, justify="right")
    drawn.add_column("")
    for line in card.lines:
        if not line.registered:
            continue
        figure = line.figure
        unit = UNITS.get(figure.unit, figure.unit)
        drawn.add_row(
            *(Text(t) for t in (figure.id, figure.quantity, figure.counts_as)),
            Text(f"{number(figure.value)} {unit}".strip()),
            Text(band(line)),
            Text(value(line)),
            Text(MARKS[line.verdict], style="" if line.verdict == INSIDE else "bold"),
        )
    return drawn


def page(card: Scorecard) -> str:
    """The scorecard as HTML that needs nothing beside it."""
    groups = [
        (kind, [line for line in card.lines if line.registered and line.figure.counts_as == kind])
        for kind in ("validation", "calibration", "check", "weak")
    ]
    return (
        templates("livedo.evidence")
        .get_template("scorecard.html")
        .render(
            card=card,
            said=summary(card),
            groups=[(kind, lines) for kind, lines in groups if lines],
            not_simulated=[line for line in card.lines if not line.registered],
            number=number,
            band=band,
            value=value,
            mark=MARKS,
            units=UNITS,
        )
    )

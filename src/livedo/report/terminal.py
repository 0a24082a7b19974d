"""The comparison on a terminal: the table, then the lesion or its chance in sentences, warnings and the diary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livedo.wording import capital

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from livedo.tracking.comparison import Comparison


def table(comparison: Comparison) -> Table:
    """The plans side by side as a rich table: median and 90% interval over the members, harms with the rest."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from livedo.report.side_by_side import check_summaries, plans_side_by_side

    check_summaries(comparison)
    found = plans_side_by_side(comparison)
    drawn = Table(
        box=box.SIMPLE,
        title="Plans side by side: median, and below it the 90% interval",
        title_justify="left",
        title_style="bold",
        pad_edge=False,
    )
    drawn.add_column("", ratio=3, min_width=15, overflow="fold")
    for name in found.plans:
        drawn.add_column(Text(name), justify="right", ratio=2)
    for block in (*found.left, *found.right, *found.disease):
        drawn.add_row(Text(block.heading, style="bold"))
        for row in block.rows:
            for place, line in enumerate(row.lines):
                label = Text(f"{row.quantity.label}, " if place == 0 and line.unit else "")
                label.append(row.quantity.label if place == 0 and not line.unit else line.unit)
                cells = (Text(f"{one.median}\n{one.spread}" if one.spread else one.median) for one in line.cells)
                drawn.add_row(label, *cells)
        drawn.add_section()
    return drawn


def say(comparison: Comparison) -> None:
    """Print the table, what there is of the disease, and what a reader must know of each plan's run."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print(table(comparison))
    _say_disease(console, comparison)
    for outcome in comparison.outcomes:
        for warning in outcome.warnings:
            console.print(Text(f"Warning, {outcome.plan.name}: {warning}"))
        if outcome.failures:
            console.print(Text(f"{outcome.plan.name}: {len(outcome.failures)} versions failed and are left out"))
    console.print(Text("Research software, not a medical device."))


def _say_disease(console: Console, comparison: Comparison) -> None:
    """The lesion, or its chance, in sentences: risk with its base rate, course, refusals, and the diary."""
    from rich.text import Text

    from livedo.report.diary import diaries
    from livedo.report.disease import summary

    for sentence in summary(comparison):
        console.print(Text(sentence))
    for outcome in comparison.outcomes:
        for one in outcome.refused:
            site = f", {one.site}" if one.site else ""
            what = f"{one.action}{site}, day {one.day:.1f}: not possible in {one.members} of {one.of} versions, {one.reason}"
            console.print(Text(f"{outcome.plan.name}: {what}"))
    for diary in diaries(comparison):
        console.print(Text(f"\nDiary of the lesion, one version in the middle, {diary.plan}", style="bold"))
        for entry in diary.entries:
            done = f"{capital(entry.done)}. " if entry.done else ""
            console.print(Text(f"{entry.when}. {done}{entry.words}"))

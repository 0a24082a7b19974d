"""The comparison on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    drawn.add_column("", ratio=3)
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

"""A comparison of plans as files and on the terminal: report, summary, trajectories, provenance.

>>> from livedo.report import write
>>> write(comparison, Path("out/first_run"))  # doctest: +SKIP
"""

from __future__ import annotations

from livedo.report.terminal import say, table
from livedo.report.writing import check_out, write

__all__ = ["check_out", "say", "table", "write"]

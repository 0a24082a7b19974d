"""One thing wrong or unusual in a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = tuple[str | int, ...]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong (``error``) or unusual (``warning``) in a plan.

    ``place`` leads to the key: ``("dialysis", 0, "hours")``. ``line`` is the line of the file, if any.
    """

    severity: Severity
    code: str
    message: str
    place: Place = ()
    value: object = None
    expected: str | None = None
    line: int | None = None

    @property
    def field(self) -> str:
        """The place in words: ``dialysis 1, hours``."""
        words = ""
        for part in self.place:
            words += f" {part + 1}" if isinstance(part, int) else f", {part}" if words else part
        return words

    def __str__(self) -> str:
        parts = [f"{self.field}: {self.message}" if self.place else self.message]
        if self.line is not None:
            parts[0] = f"line {self.line}, {parts[0]}"
        if self.value is not None:
            parts.append(f"found {self.value!r}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        return "; ".join(parts)

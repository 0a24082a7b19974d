"""Errors that a person can act on: what was wrong, where, and what was expected."""

from __future__ import annotations


class InputError(ValueError):
    """Something a user gave cannot be used.

    Parameters
    ----------
    message:
        What is wrong, in one clause.
    where:
        The file and the row, resource or key inside it.
    field:
        The column or element.
    value:
        The value found.
    expected:
        What would have been accepted.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        field: str | None = None,
        value: object = None,
        expected: str | None = None,
    ) -> None:
        self.message = message
        self.where = where
        self.field = field
        self.value = value
        self.expected = expected
        super().__init__(message)

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.field is not None:
            parts.append(f"field {self.field!r}")
        if self.value is not None:
            parts.append(f"found {self.value!r}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        return "; ".join(parts)

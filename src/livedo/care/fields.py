"""What one field of a plan may say: days, times, quantities, routes and schedules in words, each read or refused.

A reader takes what stands in the plan and gives the value, or raises ``InputError`` with what was expected; ``reading.py`` adds
the file, the line and the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from livedo.care import quantity
from livedo.care.quantity import Dose, Intake, Kind, Moment, Quantity
from livedo.errors import InputError

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

AS_ESTIMATED = "as estimated"
FROM_CHART = "from chart"
AS_USUAL = "as usual"
NONE = "none"


def quantity_in(kind: Kind) -> BeforeValidator:
    def parse(value: object) -> Quantity:
        if isinstance(value, Quantity):
            if value.unit != kind.unit:
                raise InputError("has another unit", value=value, expected=f"{kind.name} in {kind.unit}")
            return value
        return quantity.parse_quantity(value, kind)

    return BeforeValidator(parse)


def quantity_or(words: str, kind: Kind) -> BeforeValidator:
    def parse(value: object) -> Quantity | None:
        if value is None or (isinstance(value, str) and " ".join(value.lower().split()) == words):
            return None
        if isinstance(value, Quantity) and value.unit == kind.unit:
            return value
        try:
            return quantity.parse_quantity(value, kind)
        except InputError as error:
            error.expected = f"{words!r}, or {error.expected}"
            raise

    return BeforeValidator(parse)


def _parsed(parse: Callable[[object], object], kind: type) -> BeforeValidator:
    return BeforeValidator(lambda value: value if isinstance(value, kind) else parse(value))


def read_day(value: object) -> object:
    if isinstance(value, str):
        for short, long in zip(DAYS, DAY_NAMES, strict=True):
            if value.strip().lower() in (short, long.lower()):
                return short
    raise InputError("is not a day of the week", value=value, expected=", ".join(DAYS))


def _route(value: object) -> object:
    routes = {"oral": "oral", "by mouth": "oral", "iv": "iv", "intravenous": "iv", "by vein": "iv"}
    if isinstance(value, str) and (plain := " ".join(value.lower().split())) in routes:
        return routes[plain]
    raise InputError("is not a route", value=value, expected="'by mouth' or 'by vein'")


def _schedule(value: object) -> object:
    if isinstance(value, str) and (plain := " ".join(value.lower().split())) in ("each session", "daily"):
        return plain
    raise InputError("is not a schedule", value=value, expected="'each session' or 'daily'")


def read_words(value: object) -> object:
    return " ".join(str(value).split()) if isinstance(value, str | int | float) and str(value).strip() else value


def read_count(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdigit():
        return int(value.strip())
    raise InputError("is not a whole number", value=value, expected="a whole number such as 4")


def one_of(*known: str) -> BeforeValidator:
    """Words in any case, kept as they stand in ``known``."""

    def parse(value: object) -> object:
        if isinstance(value, str):
            for word in known:
                if value.strip().lower() == word.lower():
                    return word
        raise InputError("is not a choice here", value=value, expected=" or ".join(known))

    return BeforeValidator(parse)


def _any_route(value: object) -> object:
    plain = " ".join(value.lower().split()) if isinstance(value, str) else ""
    if plain in ("sc", "subcutaneous", "under the skin"):
        return "sc"
    try:
        return _route(value)
    except InputError as error:
        error.expected = "'by mouth', 'by vein' or 'under the skin'"
        raise


EVERY = re.compile(r"every (?:([0-9]+(?:\.[0-9]+)?) )?(day|week)s?")
TIMES_A_DAY = re.compile(r"(once|twice|[1-9][0-9]?) (?:times )?a day")


def _given(value: object) -> object:
    plain = " ".join(value.lower().split()) if isinstance(value, str) else ""
    every, times = EVERY.fullmatch(plain), TIMES_A_DAY.fullmatch(plain)
    if plain in ("each session", "daily", "once") or times or (every and float(every[1] or 1) > 0):
        return plain
    expected = "'each session', 'daily', 'twice a day', 'once' or such as 'every 26 weeks'"
    raise InputError("is not a schedule", value=value, expected=expected)


def read_items(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else value


Time = Annotated[Moment, _parsed(quantity.parse_moment, Moment)]
Clock = Annotated[Moment, _parsed(quantity.parse_clock, Moment)]
DoseText = Annotated[Dose, _parsed(quantity.parse_dose, Dose)]
IntakeText = Annotated[Intake, _parsed(quantity.parse_intake, Intake)]
Route = Annotated[Literal["oral", "iv"], BeforeValidator(_route)]
Schedule = Annotated[Literal["each session", "daily"], BeforeValidator(_schedule)]
AnyRoute = Annotated[Literal["oral", "iv", "sc"], BeforeValidator(_any_route)]
Given = Annotated[str, BeforeValidator(_given)]
Name = Annotated[str, Field(min_length=1)]

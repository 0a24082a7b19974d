"""Numbers, units and lists as people write them, in every sentence and table that Livedo prints."""

from __future__ import annotations

import math
from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WRITTEN = {"1": "", "{INR}": "", "{score}": "points", "mm[Hg]": "mmHg", "10*9/L": "10⁹/L", "kg/m2": "kg/m²"}


def unit_text(unit: str) -> str:
    """A unit as people write it: ``mm[Hg]`` is mmHg, ``ug`` µg."""
    plain = _WRITTEN.get(unit, unit).replace("{1.73_m2}", "1.73 m²")
    return "µ" + plain[1:] if plain.startswith(("ug", "umol")) else plain


def model_unit_text(unit: str) -> str:
    """A unit of the model as people write it: ``mmol_per_kg_h`` is mmol/kg/h, ``per_h`` 1/h, ``dimensionless`` nothing."""
    above, _, below = unit.partition("per_")
    written = above.rstrip("_").replace("_", " ") or "1"
    return "" if unit == "dimensionless" else unit_text("/".join([written, *below.split("_")] if below else [written]))


def number(value: float, decimals: int) -> str:
    """``value`` with so many decimals, a true minus sign and no minus zero; a dash for NaN."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:,.{decimals}f}" if abs(value) >= 10_000 else f"{value:.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−").replace(",", "\u202f")


def power_of_ten(value: float, decimals: int = 1) -> str:
    """``value`` as '3.1 × 10⁻⁹', without decimals that are zero."""
    front, power = f"{value:.{decimals}e}".split("e")
    shown = front.rstrip("0").rstrip(".") if "." in front else front
    return f"{shown} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")


def carried(value: float, decimals: int) -> str:
    """``value`` with so many decimals, but no more than two significant digits ask for; whole digits stay.

    For the disease: some dozens of versions that differ severalfold carry no third digit.
    """
    if not math.isfinite(value) or value == 0:
        return number(value, decimals)
    return number(value, max(0, min(decimals, 1 - math.floor(math.log10(abs(float(f"{value:.1e}")))))))


def alike(*values: float, digits: int = 3) -> tuple[str, ...]:
    """The values with one number of decimals: so many significant digits of the first, fewer if none needs them."""
    first = abs(values[0])
    most = 0 if first == 0 or not math.isfinite(first) else max(0, digits - 1 - math.floor(math.log10(first)))
    finite = [value for value in values if math.isfinite(value)]
    needed = (n for n in range(most) if all(round(v, n) == round(v, most) for v in finite))
    decimals = next(needed, most)
    return tuple(number(value, decimals) for value in values)


def capital(text: str) -> str:
    """``text`` with its first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def counted(count: int, one: str, many: str | None = None) -> str:
    """'1 plan', '4 plans'."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))

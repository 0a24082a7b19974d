"""The work-precision diagram of a task as SVG: achieved error across, patient-years per second and core upwards."""

from __future__ import annotations

import math
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 440, 70, 210, 30, 60
#: Colours that are told apart with any colour vision (Wong 2011, doi:10.1038/nmeth.1618), and grey for what is ours.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8A800", "#5A3FA0")


def frontier(points: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """(error, rate) of the settings that no other setting beats in both, by error."""
    finite = [(p["error"], p["rate"]) for p in points if 0.0 < p["error"] < math.inf]
    best: list[tuple[float, float]] = []
    for error, rate in sorted(finite):
        if not best or rate > best[-1][1]:
            best.append((error, rate))
    return best


def work_precision(entry: dict[str, Any]) -> str:
    """The figure of one task's entry of results.json."""
    series = [("Livedo", frontier(entry["livedo"]["work_precision"]), "#000000", 3.0, "")]
    for place, peer in enumerate(entry["peers"]):
        points = frontier(peer.get("work_precision", []))
        colour, dash = ("#777777", "6 4") if peer["ours"] else (COLOURS[place % len(COLOURS)], "")
        series.append((peer["name"] + (" (ours)" if peer["ours"] else ""), points, colour, 2.0, dash))
    series = [s for s in series if s[1]]
    errors = [e for s in series for e, _ in s[1]] + [entry["limit"]]
    rates = [r for s in series for _, r in s[1]]
    x = _axis(min(max(min(errors), 1e-8), 1e-6), min(max(errors), 1e-1), LEFT, WIDTH - RIGHT)
    y = _axis(min(rates), max(rates), HEIGHT - BOTTOM, TOP)
    body = [*_grid(x, y), _limit(entry["limit"], x)]
    for number, (name, points, colour, width, dash) in enumerate(series):
        body += _line(points, x, y, colour, width, dash)
        height = TOP + 14 + 22 * number
        style = f'stroke="{colour}" stroke-width="{width}"' + (f' stroke-dasharray="{dash}"' if dash else "")
        body.append(f'<line x1="{WIDTH - RIGHT + 20}" x2="{WIDTH - RIGHT + 48}" y1="{height}" y2="{height}" {style}/>')
        body.append(f'<text x="{WIDTH - RIGHT + 56}" y="{height + 4}">{escape(name)}</text>')
    title = f"Work and precision: {entry['task']}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(title)}">\n'
        f'<title>{escape(title)}</title>\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


class _axis:
    """A logarithmic axis over whole decades."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self.low, self.high = math.floor(math.log10(low)), math.ceil(math.log10(high) - 1e-9)
        self.high = max(self.high, self.low + 1)
        self.begin, self.end = begin, end

    def holds(self, value: float) -> bool:
        return self.low - 1e-9 <= math.log10(value) <= self.high + 1e-9

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def decades(self) -> list[tuple[float, str]]:
        raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
        return [(10.0**k, f"10{str(k).translate(raised)}") for k in range(self.low, self.high + 1)]


def _grid(x: _axis, y: _axis) -> list[str]:
    lines = []
    for value, mark in x.decades():
        at = x(value)
        lines.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#e4e4e4"/>')
        lines.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{mark}</text>')
    for value, _ in y.decades():
        at, mark = y(value), f"{value:g}"
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e4e4e4"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{mark}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    lines.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 18}" text-anchor="middle">achieved error (smaller is better)</text>'
    )
    lines.append(
        f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">patient-years / s / core</text>'
    )
    return lines


def _limit(value: float, x: _axis) -> str:
    at = x(value)
    return (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#555555" stroke-dasharray="2 3"/>'
        f'<text x="{at:.1f}" y="{TOP - 8}" text-anchor="middle" fill="#555555">compared here</text>'
    )


def _line(points: list[tuple[float, float]], x: _axis, y: _axis, colour: str, width: float, dash: str) -> list[str]:
    shown = [(x(e), y(r)) for e, r in points if x.holds(e)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in shown)
    more = f' stroke-dasharray="{dash}"' if dash else ""
    lines = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{more}/>']
    return lines + [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{width + 0.5}" fill="{colour}"/>' for a, b in shown]

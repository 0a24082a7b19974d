"""The model's reference pages, written from the organs and their tables whenever the documentation is built.

Makes docs/model/index.md with the diagram of organs, and a page for each organ with every equation, state and number.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from livedo.body import PHYSIOLOGY, Body, load_body
from livedo.engine.model import Model
from livedo.engine.typeset import latex, name
from livedo.wording import model_unit_text

HERE = Path(__file__).parent / "model"


def write_pages(*_: object) -> None:
    """Write all pages (as a hook of Sphinx, whose arguments are not needed)."""
    body = load_body()
    HERE.mkdir(exist_ok=True)
    organs = organs_of(body.model)
    reads = readings(body.model)
    (HERE / "organs.svg").write_text(diagram(organs, reads), encoding="utf-8")
    (HERE / "index.md").write_text(index(body, organs), encoding="utf-8")
    for organ in organs:
        (HERE / f"{organ}.md").write_text(organ_page(body, organ, reads), encoding="utf-8")


def organs_of(model: Model) -> list[str]:
    """Organs that own something, by name."""
    return sorted({model.owner[s] for s in (*model.states, *(k for k, _ in model.rules)) if s in model.owner})


def shown_once(body: Body, organ: str) -> set[str]:
    """Symbols an organ owns; of one that stands at several sites, those of the first site and its sums over sites."""
    owned = {s for s, o in body.model.owner.items() if o == organ}
    others = tuple(f"_{site}" for site in body.sites[1:])
    first = f"_{body.sites[0]}" if body.sites else ""
    return {s for s in owned if not (s.endswith(others) and s.removesuffix(s[s.rfind("_") :]) + first in owned)}


def readings(model: Model) -> Counter[tuple[str, str]]:
    """(organ that reads, organ that owns) -> how many symbols."""
    pairs: set[tuple[str, str, str]] = set()
    equations = [(model.owner.get(k, ""), e) for k, e in (*model.rules, *model.rates.items())]
    for reader, expr in equations:
        for symbol in expr.symbols():
            owner = model.owner.get(symbol, "")
            if owner and owner != reader:
                pairs.add((reader, owner, symbol))
    return Counter((reader, owner) for reader, owner, _ in pairs)


def diagram(organs: list[str], reads: Counter[tuple[str, str]]) -> str:
    """Organs on a circle; an arrow from the owner of a symbol to each organ that reads it, wider for more symbols."""
    size, radius = 720, 270
    place = {
        organ: (
            size / 2 + radius * math.sin(2 * math.pi * i / len(organs)),
            size / 2 - radius * math.cos(2 * math.pi * i / len(organs)),
        )
        for i, organ in enumerate(organs)
    }
    lines = []
    for (reader, owner), count in sorted(reads.items()):
        if reader not in place or owner not in place:
            continue
        (x1, y1), (x2, y2) = place[owner], place[reader]
        length = math.hypot(x2 - x1, y2 - y1)
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        lines.append(
            f'<line x1="{x1 + 48 * dx:.0f}" y1="{y1 + 24 * dy:.0f}" x2="{x2 - 56 * dx:.0f}" y2="{y2 - 28 * dy:.0f}" '
            f'stroke="#5b7c99" stroke-opacity="0.5" stroke-width="{0.6 + 0.5 * count:.1f}" marker-end="url(#a)">'
            f"<title>{reader} reads {count} of {owner}</title></line>"
        )
    nodes = [
        f'<rect x="{x - 52:.0f}" y="{y - 16:.0f}" width="104" height="32" rx="6" fill="#fff" stroke="#345"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{organ.replace("_", " ")}</text>'
        for organ, (x, y) in place.items()
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif" font-size="13">'
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" '
        'markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z" fill="#5b7c99"/></marker></defs>'
        f"{''.join(lines)}{''.join(nodes)}</svg>"
    )


def index(body: Body, organs: list[str]) -> str:
    """The first page."""
    counts = Counter(p.status for p in body.parameters.values())
    told = ", ".join(f"{n} {status}" for status, n in counts.most_common())
    pages = "\n".join(organs)
    return (
        "# The model\n\n"
        f"{len(body.model.states)} states, {len(body.model.rules)} rules, {len(body.model.reactions)} reactions between "
        f"amounts; {len(body.parameters)} numbers ({told}). These pages are written from `physiology/` when the "
        "documentation is built; nothing on them is typed by hand.\n\n"
        "An arrow leads from the organ that owns a symbol to one that reads it, the wider the more symbols.\n\n"
        "![Organs and what they read from each other](organs.svg)\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{pages}\n```\n"
    )


def organ_page(body: Body, organ: str, reads: Counter[tuple[str, str]]) -> str:
    """One organ: what it says of itself, equations, states, numbers."""
    model = body.model
    owned = shown_once(body, organ)
    parts = [f"# {organ.replace('_', ' ').capitalize()}\n", header_of(organ), "\n"]
    if any(s.endswith(f"_{body.sites[0]}") for s in owned):
        parts.append(f"It stands at each site ({', '.join(body.sites)}); the equations are shown for the first.\n")
    others = sorted({o for r, o in reads if r == organ})
    if others:
        parts.append(f"Reads from {', '.join(o.replace('_', ' ') for o in others)}.\n")
    rules = [(k, e) for k, e in model.rules if k in owned]
    rates = [(k, e) for k, e in model.rates.items() if k in owned]
    flows = [r for r in model.reactions if organ_of_reaction(organ, r.name)]
    if rules:
        parts.append("## Rules\n\n" + "".join(equation(f"{name(k)} = {latex(e)}") for k, e in rules))
    if rates:
        parts.append("## Rates\n\n" + "".join(equation(rf"\frac{{d\,{name(k)}}}{{dt}} = {latex(e)}") for k, e in rates))
    if flows:
        lines = []
        for flow in flows:
            left = " + ".join(s for s, n in flow.stoichiometry if n < 0) or "nothing"
            right = " + ".join(s for s, n in flow.stoichiometry if n > 0) or "nothing"
            lines.append(f"`{flow.name}`: {left} → {right}, at\n" + equation(latex(flow.rate)))
        parts.append("## Flows between amounts\n\n" + "\n".join(lines))
    states = [s for s in model.states if s in owned]
    if states:
        rows = [f"| `{s}` | {body.labels.get(s, '')} | {model_unit_text(model.unit_of[s])} |" for s in states]
        parts.append("## States\n\n| symbol | what | unit |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    numbers = [p for p in body.parameters.values() if p.organ in (organ, file_of(organ))]
    if numbers:
        rows = [
            f"| `{p.name}` | {p.value:g} | {model_unit_text(p.unit)} | {p.meaning} | {spread(p)} | {p.status} | {p.confidence} "
            f"| {p.source} |"
            for p in numbers
        ]
        head = "| symbol | value | unit | meaning | between people | status | confidence | source |\n"
        parts.append("## Numbers\n\n" + head + "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def equation(text: str) -> str:
    """A displayed equation."""
    return f"```{{math}}\n{text}\n```\n\n"


def spread(parameter: object) -> str:
    """How a number differs between people."""
    value, kind = getattr(parameter, "spread", None), getattr(parameter, "distribution", "")
    return f"{kind}, {value:g}" if value else ""


def _files() -> dict[str, Path]:
    found = {}
    for path in PHYSIOLOGY.glob("*.ant"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model "):
                found[line.split()[1].split("(")[0]] = path
    return found


def file_of(organ: str) -> str:
    """The file of an organ, without its ending."""
    return _files()[organ].stem


def header_of(organ: str) -> str:
    """What the organ's file says before its equations."""
    lines = _files()[organ].read_text(encoding="utf-8").splitlines()
    said = []
    for line in lines:
        if not line.startswith("//"):
            break
        said.append(line.removeprefix("//").strip())
    return "\n".join(said) + "\n"


def organ_of_reaction(organ: str, reaction: str) -> bool:
    """Whether an organ's file declares a reaction."""
    text = _files()[organ].read_text(encoding="utf-8")
    return any(line.strip().startswith(f"{reaction}:") for line in text.splitlines())

"""docs/performance.md from results.json: tables between two marks, and the work-precision figures.

``python -m benchmarks.page`` does it without measuring.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import figure, results

PAGE = results.ROOT / "docs/performance.md"
IMAGES = results.ROOT / "docs/images"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
TITLES = {
    "T2-peterson-riggs": "Peterson-Riggs with dialysis",
    "T2-body": "Livedo's own body",
}


def fill(source: Path = results.KEPT, target: Path = PAGE) -> None:
    """Write the tables and figures."""
    entries = results.read(source)
    for entry in entries:
        if entry["task"] in TITLES:
            name = f"work_precision_{entry['task'].lower()}.svg"
            (IMAGES / name).write_text(figure.work_precision(entry), encoding="utf-8")
    text = target.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    target.write_text(f"{before}{BEGIN}\n\n{tables(entries)}\n{END}{after}", encoding="utf-8")


def tables(entries: list[dict[str, Any]]) -> str:
    """Every task that was measured, as Markdown."""
    if not entries:
        return "No full measurement is kept here yet.\n"
    parts = [_population(e) for e in entries if e["task"] in TITLES]
    rest = {e["task"]: e["livedo"] for e in entries if e["task"] not in TITLES}
    if rest:
        parts.append(_rest(rest))
    parts.append(_where(entries))
    return "\n".join(parts)


def _population(entry: dict[str, Any]) -> str:
    reference, livedo = entry["reference"], entry["livedo"]
    ranked = sorted(entry["peers"], key=lambda p: -(p["patient_years_per_second_per_core"] or 0.0))
    lines = [
        f"### {TITLES[entry['task']]} (`{entry['task']}`)",
        "",
        f"{entry['patients']} patients, {entry['states']} states, {entry['switches_per_year']} switches and "
        f"{entry['readings_per_year']} readings a year; error at most {entry['limit']:.0e}. The reference solvers agree to "
        f"{reference['largest_difference']:.0e} on {reference['patients']} patients.",
        "",
        "| | version | patient-years / s / core | achieved error | setting | patients run | compile, s | Livedo is |",
        "|---|---|---|---|---|---|---|---|",
        _row("**Livedo**", livedo, livedo),
        *(_row(p["name"] + (" (ours, not a peer)" if p["ours"] else ""), p, livedo) for p in ranked),
        "",
    ]
    if entry["ratio_to_best_peer"]:
        lines += [f"Livedo does {entry['ratio_to_best_peer']:.1f} times the work of the fastest peer.", ""]
    lines += [
        f"![Work and precision, {TITLES[entry['task']]}](images/work_precision_{entry['task'].lower()}.svg)",
        "",
        *(f"- {p['name']}: {p['note']}." for p in entry["peers"]),
        "",
    ]
    return "\n".join(lines)


def _row(name: str, entry: dict[str, Any], livedo: dict[str, Any]) -> str:
    rate = entry["patient_years_per_second_per_core"]
    if rate is None:
        return f"| {name} | {entry['version']} | {entry.get('failed', 'no tolerance passes')} | | | | | |"
    settings = entry["settings"]
    setting = ", ".join(s for s in (f"{settings['tolerance']:.1e}", settings["variant"]) if s)
    ratio = livedo["patient_years_per_second_per_core"] / rate
    times = "" if entry is livedo else f"{ratio:.1f} x"
    return (
        f"| {name} | {entry['version']} | {_short(rate)} | {entry['achieved_error']:.1e} | {setting} | "
        f"{entry['patients_run']} | {entry['compile_seconds']:.1f} | {times} |"
    )


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _rest(found: dict[str, dict[str, Any]]) -> str:
    rows: list[tuple[str, str]] = []
    if "T1-latency" in found:
        x = found["T1-latency"]
        rows.append(("one patient-year, kernel ready (median)", f"{1e3 * x['median_seconds']:.1f} ms"))
    if "T2-cold-and-warm" in found:
        for how, label in (("cold", "empty cache, new process"), ("warm", "from the cache, new process")):
            x = found["T2-cold-and-warm"][how]
            seconds = f"{x['total_seconds']:.1f} s, of these {x['ready_seconds']:.1f} s until ready"
            rows.append((f"{x['patient_years']} patient-years, all cores, {label}", seconds))
    if "T2-memory" in found:
        x = found["T2-memory"]
        rows.append(
            (
                f"peak memory, {x['patients']} patients for a year, reduced as they come",
                f"{x['peak_bytes'] / 2**20:.0f} MiB",
            )
        )
    if "T2-threads" in found:
        x = found["T2-threads"]
        rows.append(("two threads over one", f"{x['two_over_one']:.2f}"))
        rows.append(("lane steps that carried their patient onward", f"{100 * x['useful_lane_steps']:.0f} %"))
        rows.append(("steps between two switches", f"{x['steps_per_switch']:.1f}"))
    if "start-up" in found:
        x = found["start-up"]
        rows.append(("`import livedo`", f"{1e3 * x['import_seconds']:.0f} ms"))
        rows.append(("the body and its kernel, built", f"{x['built']['model_and_kernel_seconds']:.2f} s"))
        rows.append(("the body and its kernel, from the cache", f"{x['from_cache']['model_and_kernel_seconds']:.2f} s"))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"### Around it: Livedo alone, on its own body\n\n| | |\n|---|---|\n{table}\n"


def _where(entries: list[dict[str, Any]]) -> str:
    told = {
        f"{e['machine']['processor']}, {e['machine']['cores']} cores ({', '.join(e['machine']['features'])})"
        for e in entries
    }
    dates = sorted({e["date"] for e in entries})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    packages = entries[-1]["versions"]
    listed = ", ".join(f"{name} {number}" for name, number in packages.items())
    return f"Measured {when} on {'; '.join(sorted(told))}. {listed}.\n"


if __name__ == "__main__":
    fill()

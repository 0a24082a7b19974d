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
    "T2-body": "Livedo's own body, minerals",
    "T2-disease": "Livedo's own body, whole",
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
    counted = rest.pop("instructions", None)
    if rest:
        parts.append(_rest(rest))
    if counted:
        parts.append(_peak(counted))
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
    if entry["quick"]:
        lines += [
            "**In the quick form**: few patients, few settings, not every peer. A check, not yet a measurement.",
            "",
        ]
    if entry["ratio_to_best_peer"]:
        lines += [
            f"Livedo does {entry['ratio_to_best_peer']:.1f} times the work of the fastest peer{_spread(entry)}.",
            "",
        ]
    if "elsewhere" in entry:
        lines += [_elsewhere(entry["elsewhere"]), "", *_methods(livedo, entry["limit"]), ""]
    lines += [
        f"![Work and precision, {TITLES[entry['task']]}](images/work_precision_{entry['task'].lower()}.svg)",
        "",
        *(f"- {p['name']}: {p['note']}." for p in entry["peers"]),
        "",
    ]
    return "\n".join(lines)


def _spread(entry: dict[str, Any]) -> str:
    """How far the rates of the runs in turn lie apart."""
    told = [
        (e.get("name", "Livedo"), e["rates_in_turn"])
        for e in (entry["livedo"], *entry["peers"])
        if "rates_in_turn" in e
    ]
    if not told:
        return ""
    ranges = " and ".join(f"{name} {_short(min(rates))} to {_short(max(rates))}" for name, rates in told)
    return f" (in turn, {ranges})"


def _elsewhere(found: dict[str, Any]) -> str:
    """What the error is where the table does not look."""
    told = []
    for name, x in (("Livedo", found["livedo"]), (found.get("peer", {}).get("name"), found.get("peer"))):
        if x is None:
            continue
        point = x["fastest_that_passes_there_too"]
        fastest = "no setting tried keeps it below the limit there too"
        if point is not None:
            setting = ", ".join(s for s in (f"{point['tolerance']:.1e}", point["variant"]) if s)
            fastest = (
                f"the fastest setting tried that stays below the limit there too ({setting}) does {_short(point['rate'])} "
                "patient-years a second"
            )
        told.append(f"of {name} it is {x['error']:.1e} at the setting of the table, and {fastest}")
    hours = found["hours_after_the_end"]
    return f"**Where the table does not look**: the error {60 * hours:.0f} minutes after the sessions' ends. " + (
        f"{'; '.join(told)}.".replace("of ", "Of ", 1)
    )


def _methods(livedo: dict[str, Any], limit: float) -> list[str]:
    """The fastest setting of each of Livedo's methods that passes."""
    best: dict[str, dict[str, Any]] = {}
    for point in livedo["work_precision"]:
        kept = best.get(point["variant"])
        if point["error"] <= limit and (kept is None or point["rate"] > kept["rate"]):
            best[point["variant"]] = point
    lines = ["| Livedo's methods | patient-years / s / core | achieved error | tolerance |", "|---|---|---|---|"]
    for name, p in sorted(best.items(), key=lambda item: -item[1]["rate"]):
        lines.append(f"| {name} | {_short(p['rate'])} | {p['error']:.1e} | {p['tolerance']:.1e} |")
    return lines if len(best) > 1 else []


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
        load = f" (load average of the machine {x['load_average']:.1f})" if x["load_average"] > 2.5 else ""
        rows.append(("two threads over one, by the clock", f"{x['two_over_one']:.2f}{load}"))
        one, two = x["processor_seconds"]["1"], x["processor_seconds"]["2"]
        rows.append(("processor time with two threads over that with one", f"{two / one:.2f}"))
        useful = f"{100 * x['useful_lane_steps']:.0f} %"
        rows.append(("lane steps that carried their patient onward", useful))
        unsorted = f"{100 * x['useful_lane_steps_unsorted']:.0f} %"
        rows.append(("the same, had patients of like work not been put together", unsorted))
        rows.append(("steps between two switches", f"{x['steps_per_switch']:.1f}"))
    if "start-up" in found:
        x = found["start-up"]
        rows.append(("`import livedo`", f"{1e3 * x['import_seconds']:.0f} ms"))
        rows.append(
            ("the body and its kernel, built (after imports)", f"{x['built']['model_and_kernel_seconds']:.2f} s")
        )
        rows.append(
            (
                "the body and its kernel, from the cache (after imports)",
                f"{x['from_cache']['model_and_kernel_seconds']:.2f} s",
            )
        )
    table = _table(rows)
    return f"### Around it: Livedo alone, on its own body\n\n| | |\n|---|---|\n{table}\n"


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join(f"| {name} | {value} |" for name, value in rows)


def _peak(x: dict[str, Any]) -> str:
    """Instructions counted and time measured, for the published model."""
    seconds, year, fastest = x["seconds_of_a_call"], x["seconds_of_a_patient_year"], x["peak_operations_per_second"]
    setting, powers = x["settings"], x["powers_and_logarithms"]
    kinds = ("multiply-add", "multiply", "add", "divide", "estimate", "exponent", "compare and choose")
    kinds += ("load", "store", "move")
    lines = [
        "### Where the rest of the peak goes",
        "",
        f"`T2-peterson-riggs` with {setting['variant']} at {setting['tolerance']:.1e}. Vector instructions of one call, each for "
        f"{x.get('lanes', 8)} patients, counted in what the compiler wrote (one that reads memory counts as a load besides):",
        "",
        f"| | calls a step | {' | '.join(kinds)} | operations a lane | µs a call |",
        f"|---|---|{'---|' * len(kinds)}---|---|",
    ]
    whole = seconds["attempt"]
    between = whole - sum(seconds[k] * x["calls_of_a_step"][k] for k in ("first_stage", "stage"))
    for name, counts in x["counts"].items():
        label = f"`{name}`" if name in seconds else name
        numbers = " | ".join(str(counts.get(k, 0)) for k in kinds)
        took = f"{1e6 * seconds[name]:.2f}" if name in seconds else f"{1e6 * between:.2f} (the remainder)"
        calls = x["calls_of_a_step"][name]
        lines.append(f"| {label} | {calls} | {numbers} | {x['operations_of_a_lane'][name]} | {took} |")
    percent = {k: f"{100 * v:.0f} %" for k, v in x.items() if k.startswith("share")}
    parts = {k: f"{100 * year[k] / year['whole']:.0f} %" for k in ("kernel", "layout")}
    rows = [
        ("arithmetic operations of a step, a lane", f"{x['operations_of_a_step']}"),
        (
            f"time of a step of {x.get('lanes', 8)} lanes",
            f"{1e6 * whole:.2f} µs, {whole * x['cycles_per_second']:.0f} cycles",
        ),
        ("steps of a lane in a year", f"{year['steps_of_a_lane_a_year']:.0f}"),
        ("operations of a patient-year", f"{x['operations_of_a_patient_year'] / 1e6:.1f} million"),
        ("clock, measured", f"{x['cycles_per_second'] / 1e9:.2f} GHz"),
        (
            "peak, measured: independent multiply-adds",
            f"{fastest / 1e9:.1f} thousand million operations / s, {fastest / x['cycles_per_second']:.1f} a cycle",
        ),
        ("share of the peak within steps", percent["share_of_peak_within_steps"]),
        ("share of the processor time within steps", percent["share_of_time_within_steps"]),
        ("share of it in compiled code: steps, switches, readings", parts["kernel"]),
        ("share of it in laying out the sessions of each window", parts["layout"]),
        ("share of the peak, all in all", percent["share_of_peak"]),
        ("powers of two and logarithms in a first stage", f"{powers['exp2']} and {powers['log2']}"),
        ("machine code", f"{x['machine_code_bytes'] / 1024:.0f} KiB"),
    ]
    return "\n".join(lines) + f"\n\n| | |\n|---|---|\n{_table(rows)}\n"


def _where(entries: list[dict[str, Any]]) -> str:
    """Which task was measured when and on what."""
    told: dict[str, list[str]] = {}
    for e in entries:
        machine = f"{e['machine']['processor']}, {e['machine']['cores']} cores ({', '.join(e['machine']['features'])})"
        told.setdefault(f"{e['date']} on {machine}", []).append(f"`{e['task']}`")
    lines = [f"- Measured {where}: {', '.join(sorted(tasks))}." for where, tasks in sorted(told.items())]
    listed = ", ".join(f"{name} {number}" for name, number in entries[-1]["versions"].items())
    return "\n".join([*lines, f"- {listed}."]) + "\n"


if __name__ == "__main__":
    fill()

"""results.json: a list of tasks, each with what Livedo and its peers reached, on which machine, with which versions."""

from __future__ import annotations

import datetime
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
#: The kept measurement, and where the quick form writes.
KEPT, QUICK = ROOT / "benchmarks/results.json", ROOT / "out/bench/results.json"
PACKAGES = (
    *(
        "livedo",
        "numpy",
        "scipy",
        "llvmlite",
        "numba",
        "numbalsoda",
        "scikit-sundae",
        "libroadrunner",
        "jax",
        "diffrax",
    ),
)


def machine() -> dict[str, Any]:
    """Processor, cores this process may use, and the vector features that decide the width of the code."""
    name, features = platform.processor() or platform.machine(), []
    info = Path("/proc/cpuinfo")
    if info.is_file():
        rows = dict(line.split(":", 1) for line in info.read_text().split("\n\n")[0].splitlines() if ":" in line)
        told = {key.strip(): value.strip() for key, value in rows.items()}
        name = told.get("model name", name)
        wanted = {"fma", "avx", "avx2", "avx512f", "avx512dq", "avx512vl"}
        features = sorted(wanted & set(told.get("flags", "").split()))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"processor": name, "cores": cores, "features": features, "system": platform.system()}


def versions() -> dict[str, str]:
    """Python's and every package's."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def read(path: Path) -> list[dict[str, Any]]:
    """All entries; none if the file is not there."""
    return json.loads(path.read_text()) if path.is_file() else []


def write(path: Path, entry: dict[str, Any]) -> None:
    """Put an entry in the place of the older one of its task."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    entry = entry | {"machine": machine(), "versions": versions(), "date": date}
    entries = [e for e in read(path) if e["task"] != entry["task"]] + [entry]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=1) + "\n")

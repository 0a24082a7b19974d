"""``python -m benchmarks [--task NAME] [--quick]``: measure, write results.json, and draw the page from it."""

from __future__ import annotations

import argparse
import os

# One core: the rates are per core. Before any numerical library is imported.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks import page, results, surroundings, work  # noqa: E402


def main() -> None:
    names = [*work.TASKS, *surroundings.TASKS, "instructions"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--task", choices=names, action="append", help="this task alone (may be given again)")
    parser.add_argument("--quick", action="store_true", help="few patients and settings, written to out/bench")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="another results.json")
    given = parser.parse_args()
    target = given.out or (results.QUICK if given.quick else results.KEPT)
    for name in given.task or names:
        if name in work.TASKS:
            from benchmarks.populations import population

            entry = population(name, given.quick, given.seed)
        elif name == "instructions":
            from benchmarks.instructions import instructions

            entry = instructions(given.quick, given.seed, _settings(target, "T2-peterson-riggs"))
            print(f"{name}: {entry['livedo']}")
        else:
            entry = surroundings.surrounding(name, given.quick, given.seed, _settings(target, "T2-body"))
            print(f"{name}: {entry['livedo']}")
        results.write(target, entry)
    if target == results.KEPT:
        page.fill()
    print(f"written to {target}")


def _settings(target: Path, task: str) -> dict[str, Any]:
    """How Livedo passed in a task, if that was measured."""
    found: list[Any] = [e["livedo"]["settings"] for e in results.read(target) if e["task"] == task]
    return found[0] if found else {"tolerance": 1e-4, "variant": "RODAS5P"}


if __name__ == "__main__":
    main()

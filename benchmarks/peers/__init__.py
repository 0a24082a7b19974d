"""One peer a file. Each does the whole work of a task at a given tolerance: every switch, every reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.work import Work


@dataclass(frozen=True)
class Peer:
    """A way to do the work.

    Attributes
    ----------
    package:
        Distribution whose version is reported.
    prepare:
        Compiles what is to be compiled; returns the function that runs: (work, relative tolerance, variant) -> samples of
        shape (patients, readings, judged observables), NaN where it failed.
    variants:
        Settings tried beside the tolerance.
    patients:
        How many of the task's patients are run: slow peers run few, as their rate does not depend on how many.
    ours:
        Whether it is a construction of this benchmark, shown but not counted as a peer.
    shares:
        Whether it runs the equations that :func:`benchmarks.compiled.compiled` compiles once for all.
    """

    name: str
    package: str
    note: str
    prepare: Callable[[Work], Callable[[Work, float, str], np.ndarray]]
    variants: tuple[str, ...] = ("",)
    patients: int = 40
    ours: bool = False
    shares: bool = True
    tolerances: tuple[float, float] = (1e-2, 1e-8)
    _ready: dict[str, tuple[Any, float]] = field(default_factory=dict, repr=False)

    def ready(self, work: Work) -> tuple[Callable[[Work, float, str], np.ndarray], float]:
        """Prepared for a task, once, and the seconds of processor time that took beside what is shared."""
        if work.name not in self._ready:
            began = time.process_time()
            run = self.prepare(work)
            self._ready[work.name] = run, time.process_time() - began
        return self._ready[work.name]


MODULES = (
    "numbalsoda_lsoda",
    "cvode_c",
    "cvode_sundae",
    "scipy_ivp",
    "roadrunner_cvode",
    "diffrax_kvaerno",
    "rodas_scalar",
)


def peers(names: tuple[str, ...] = MODULES) -> list[Peer]:
    """All peers, in the order in which they run."""
    return [peer for name in names for peer in import_module(f"benchmarks.peers.{name}").PEERS]

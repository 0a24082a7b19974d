"""libRoadRunner: the exported SBML, compiled by its own LLVM; CVODE; switches are set between calls of ``simulate``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import roadrunner

from benchmarks.peers import Peer
from benchmarks.work import Work
from livedo.engine.export import to_sbml


def prepare(work: Work) -> Callable[[Work, float, str], np.ndarray]:
    began = time.process_time()
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    model = roadrunner.RoadRunner(to_sbml(work.model))
    model.timeCourseSelections = list(work.judged)
    run = _Run(model, work)
    run(work.first(1), 1e-3, "")
    run.seconds = time.process_time() - began
    return run


class _Run:
    def __init__(self, model: Any, work: Work) -> None:
        self.model = model
        self.scales = dict(zip(work.system.states, np.where(work.scales() > 0, work.scales(), 1e12), strict=True))
        self.seconds = 0.0

    def _tolerances(self, tolerance: float) -> None:
        integrator = self.model.integrator
        integrator.setValue("relative_tolerance", tolerance)
        integrator.setValue("maximum_num_steps", 100000)
        # In the order of its state vector; ``setIndividualTolerance`` of 2.10 counts in another order.
        count = len(self.scales)
        order = [self.model.model.getStateVectorId(i) for i in range(count)]
        integrator.setValue("absolute_tolerance", [self.scales[name] * tolerance for name in order])

    def __call__(self, work: Work, tolerance: float, variant: str) -> np.ndarray:
        model, judged = self.model, len(work.judged)
        out = np.full((work.patients, work.samples.shape[1], judged), np.nan)
        switches, starts = work.switches, work.start_array()
        for i in range(work.patients):
            model.resetAll()
            self._tolerances(tolerance)
            for name, values in work.parameters.items():
                model[name] = float(values[i])
            for name, value in zip(work.system.states, starts[i], strict=True):
                model[name] = float(value)
            try:
                self._patient(work, switches[i], out[i])
            except RuntimeError:
                continue
        return out

    def _patient(self, work: Work, switches: np.ndarray, out: np.ndarray) -> None:
        model = self.model
        for k in range(len(switches) - 1):
            begin, end = float(switches[k]), float(switches[k + 1])
            if k % 2:
                for name, value in work.opening:
                    model[name] = value
                for name, observable in work.held:
                    model[name] = float(model[observable])
            else:
                for name, value in work.closing:
                    model[name] = value
            found = model.simulate(begin, end, 2)
            if k % 2:
                out[k // 2] = found[-1]


PEERS = [
    Peer(
        "libRoadRunner",
        "libroadrunner",
        "exported SBML; CVODE; parameters set between calls",
        prepare,
        patients=4,
        shares=False,
    )
]

"""One organ alone, fed with what people's settled week gives it: years of slow states in a second.

The equations are those of the body; what the organ reads from others is held at its mean over the week. It stands in for the
whole body where nothing that is fed changes over the years and the organ answers evenly to the course within a week.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from livedo.engine import Kernel, Trajectory, compile_model, simulate
from livedo.engine.export import organ_of
from livedo.evidence.context import WEEK, Context, Group

#: Samples of the week that is averaged: every two hours of the second week, so that what follows plasma has settled.
SAMPLES = WEEK + np.arange(0.0, WEEK, 2.0)


def organ_kernel(ctx: Context, organ: str, observables: tuple[str, ...]) -> Kernel:
    """Machine code of one organ; what it reads from others is a parameter."""
    return ctx.once(("organ", organ, observables), lambda: compile_model(organ_of(ctx.body.model, organ), observables))


def fed(ctx: Context, group: Group, kernel: Kernel, **inputs: Any) -> dict[str, np.ndarray]:
    """Parameters of an organ's kernel, shape (people,): the body's own, and weekly means of what others own.

    Parameters
    ----------
    inputs:
        Parameters of the whole body, set otherwise while the weeks run.
    """
    own = set(group.context.kernel.layout.parameters)
    read = [name for name in kernel.layout.parameters if name not in own]
    week = group.run(2 * WEEK, SAMPLES, tolerance=1e-4, **inputs)
    values = {name: week[name].mean(axis=1) for name in read}
    for name in kernel.layout.parameters:
        if name in own:
            values[name] = np.broadcast_to(np.asarray(inputs.get(name, group.parameter(name)), float), len(group))
    return values


def run_organ(kernel: Kernel, values: Mapping[str, Any], times: np.ndarray, people: int) -> Trajectory:
    """Carry people's organ from its start to each person's own times, shape (people, samples)."""
    return simulate(
        kernel,
        until=float(times.max()),
        patients=people,
        parameters=dict(values),
        times=times,
        threads=1,
        chunk=64,
    )

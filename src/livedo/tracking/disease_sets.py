"""Which accepted set of disease parameters each version of a patient carries, so that every interval spans what is not known.

The evidence cannot tell apart many sets of parameters, nor three rival structures of the disease. Versions take them in turn, the
structures alike, in an order drawn once for the seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from livedo.body import Body
from livedo.engine.randomness import uniform
from livedo.evidence.lesion_sets import STRUCTURES, LesionSet, load_sets


@dataclass(frozen=True)
class Carried:
    """The sets of members: ``sets`` in their order, and ``values`` parameter -> shape (members,)."""

    sets: tuple[LesionSet, ...]
    values: dict[str, np.ndarray]

    def with_traits(self, body: Body, traits: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Traits and the sets' values, shape (members,): of what differs between people a set moves the centre alone."""
        found = dict(traits)
        for name, value in self.values.items():
            found[name] = traits[name] / body.parameters[name].value * value if name in traits else value
        return found

    @property
    def structures(self) -> tuple[str, ...]:
        """The structure of the disease in each member."""
        return tuple(one.structure for one in self.sets)


def carried(body: Body, members: int, seed: int) -> Carried:
    """The sets that members carry.

    Every structure has the same share of members (one more or less), and within it every set.
    """
    queues = {}
    for structure in STRUCTURES:
        own = [one for one in load_sets() if one.structure == structure]
        order = np.argsort(uniform(seed, f"accepted/{structure}", np.arange(len(own))))
        queues[structure] = [own[i] for i in order]
    chosen = []
    for member in range(members):
        queue = queues[STRUCTURES[member % len(STRUCTURES)]]
        chosen.append(queue[member // len(STRUCTURES) % len(queue)])
    full = [{**body.settings[f"structure_{one.structure}"], **one.values} for one in chosen]
    names = dict.fromkeys(name for one in full for name in one)
    default = {name: body.parameters[name].value for name in names}
    return Carried(tuple(chosen), {name: np.array([one.get(name, default[name]) for one in full]) for name in names})

"""The organs of the skin alone, with what they read from the rest of the body as plain parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from livedo.body import PHYSIOLOGY, Body, load_body
from livedo.engine import Kernel, Places, Schedule, StateTraits, Trajectory, Value, compile_model, load, simulate
from livedo.engine.export import nominal

ORGANS = ("circulation", "perfusion", "skin", "wound", "pain", "acute_phase", "survival")
WEEK = 168.0


@dataclass(frozen=True)
class Skin:
    """The organs of the skin as a model of their own.

    ``lumen`` (1 in health), ``thrombosed_share`` (0), ``Quf``, ``overfill`` and the like are parameters of it.
    """

    body: Body
    kernel: Kernel
    sites: tuple[str, ...]

    def run(self, weeks: float, schedule: Schedule | None = None, *, every: float = WEEK, **given: Any) -> Trajectory:
        """Weekly samples; perfusion is read every day and lesions are looked for every week."""
        people = max([np.size(v) for v in given.values()], default=1)
        states = {k: v for k, v in given.items() if k in self.kernel.layout.states}
        values = {k: v for k, v in given.items() if k not in states}
        held = Schedule().hold_all(self.body.skin_held, 0.0, every=24.0)
        held = held.hold_all(self.body.onsets_held, 0.0, every=WEEK)
        return simulate(
            self.kernel,
            until=weeks * WEEK,
            patients=people,
            parameters=values,
            start=states,
            schedule=held + (schedule or Schedule()),
            times=np.arange(0.0, weeks * WEEK + 1.0, every),
            tolerance=1e-6,
            threads=1,
        )

    def lesion(self, site: str = "proximal", **given: Any) -> dict[str, Any]:
        """Values with which a lesion begins at once at a site, in skin with narrowed arterioles."""
        return {"lumen": 0.85, "thrombosed_share": 0.02, f"onset_draw_{site}": 0.0, **given}


@pytest.fixture(scope="session")
def skin() -> Skin:
    body = load_body()
    values = {p.name: Value(p.value, p.unit) for p in body.parameters.values()}
    names = {p.organ for p in body.parameters.values()}
    assert set(ORGANS) <= names | {"acute_phase"}
    sited = {"perfusion", "skin", "wound"}
    local = {n.removesuffix(f"_{body.sites[0]}") for n in values if n.endswith(f"_{body.sites[0]}")}
    places = Places(body.sites, frozenset(sited), frozenset(local))
    own = [s for s in body.model.unit_of if body.model.owner.get(s) in ORGANS]
    read = nominal(body.model)
    values |= {s: Value(read[s], body.model.unit_of[s]) for s in read if s not in values and s not in own}
    values = {k: v for k, v in values.items() if body.model.owner.get(k) not in ORGANS}
    values |= {"lumen": Value(1.0, "dimensionless"), "thrombosed_share": Value(0.0, "dimensionless")}
    traits = {s: body.model.traits_of(s) for s in body.model.states}
    plain = {s.removesuffix(f"_{body.sites[0]}"): t for s, t in traits.items() if s.endswith(f"_{body.sites[0]}")}
    traits = {**{s: t for s, t in traits.items() if body.model.owner.get(s) in ORGANS}, **plain}
    model = load(
        [PHYSIOLOGY / f"{o}.ant" for o in ORGANS],
        values=values,
        traits={k: v for k, v in traits.items() if isinstance(v, StateTraits)},
        preamble=(PHYSIOLOGY / "units.ant").read_text(encoding="utf-8"),
        name="skin",
        places=places,
    )
    rules = tuple(k for k, _ in model.rules)
    return Skin(body, compile_model(model, (*rules, *model.states)), body.sites)

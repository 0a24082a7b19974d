"""Arterioles of skin after years of dialysis, as sections of skin show them, under each structure of the disease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from livedo.engine import simulate
from livedo.engine.randomness import normal
from livedo.evidence.context import SEED, WEEK, Context, Group
from livedo.evidence.experiments.organ_run import fed, organ_kernel, run_organ
from livedo.evidence.result import Result, mean_of, quantile_of, share_of
from livedo.patients.vintage import years_drawn

YEAR = 52 * WEEK
#: Arterioles that a section of skin cuts (assumption).
IN_SECTION = 10
#: States of arterioles that decide what happens to skin.
STATES = ("mineral_young", "mineral_ripe", "intimal_loss", "thrombosed_share")
READ = ("arteriolar_mineral", "calcium_seen", "intimal_loss", "thrombosed_share", "thrombosis_hazard")


@dataclass(frozen=True)
class Skin:
    """People and the state of their arterioles at one place: observable -> shape (people,)."""

    people: Group
    states: Mapping[str, np.ndarray]

    @property
    def thrombus_seen(self) -> np.ndarray:
        """Chance that a section holds a thrombosed arteriole, shape (people,)."""
        return 1 - (1 - self.states["thrombosed_share"]) ** IN_SECTION


def vintages(people: int) -> np.ndarray:
    """Years that each has been on dialysis, shape (people,)."""
    return years_drawn(SEED, "vintage", np.arange(people))


def begins(group: Group, **inputs: Any) -> dict[str, np.ndarray]:
    """States of people's arterioles when dialysis begins, shape (people,)."""
    kernel = organ_kernel(group.context, "arterioles", READ)
    names = group.context.kernel.layout.parameters
    own = {n: inputs.get(n, group.parameter(n)) for n in kernel.layout.parameters if n in names}
    start = simulate(kernel, until=0.0, patients=len(group), parameters=own)
    return {s: start.final_state(s) for s in STATES}


def _skin(ctx: Context, structure: str, years: float = 0.0, place: int = 0) -> Skin:
    """Dialysis patients after years of dialysis, or each after the years that people on dialysis have had (0).

    Plasma stays as it is in their settled week. ``place`` numbers other places of the same people: each has its own draw of
    local tendency.
    """

    def make() -> Skin:
        group, kernel = ctx.dialysis, organ_kernel(ctx, "arterioles", READ)
        people = len(group)
        values = ctx.once("fed arterioles", lambda: fed(ctx, group, kernel)) | dict(
            ctx.body.settings[f"structure_{structure}"]
        )
        if place:
            trait = ctx.body.parameters["arteriole_place"]
            score = normal(SEED, f"place/{place}", np.arange(people))
            values["arteriole_place"] = trait.value * np.exp((trait.spread or 0.0) * score)
        vintage = np.full(people, years) if years else vintages(people)
        at = np.maximum(vintage * YEAR, 1.0)[:, None]
        run = run_organ(kernel, values, at, people)
        return Skin(group, {name: run[name][:, 0] for name in READ})

    return ctx.once(("skin", structure, years, place), make)


def calcified(ctx: Context, *, structure: str = "calcification") -> Result:
    """Share of skin sections of people on dialysis, no lesion, with calcium in vessel walls, %."""
    return mean_of(100 * _skin(ctx, structure).states["calcium_seen"])


def calcified_elsewhere(ctx: Context, *, structure: str = "calcification") -> Result:
    """The same in unaffected skin of those who get calciphylaxis: people by their hazard of thrombosis, another place, %."""
    here, there = _skin(ctx, structure), _skin(ctx, structure, place=1)
    return mean_of(100 * there.states["calcium_seen"], here.states["thrombosis_hazard"])


def thrombosed(ctx: Context, *, structure: str = "calcification") -> Result:
    """Share of skin sections of people on dialysis with a thrombosed arteriole, %."""
    return mean_of(100 * _skin(ctx, structure).thrombus_seen)


def calcified_of_thrombosed(ctx: Context, *, structure: str = "calcification") -> Result:
    """Of sections with a thrombosed arteriole, of skin where calciphylaxis strikes, the share with calcium in vessel walls, %.

    People count by their hazard of thrombosis, as in :func:`calcified_elsewhere`.
    """
    skin = _skin(ctx, structure)
    return mean_of(100 * skin.states["calcium_seen"], skin.states["thrombosis_hazard"] * skin.thrombus_seen)


def clotted_alone(ctx: Context, *, structure: str = "calcification") -> Result:
    """Share of skin sections of people on dialysis, no lesion, with a thrombosed arteriole and no calcium in vessel walls, %."""
    skin = _skin(ctx, structure)
    return mean_of(100 * (1 - skin.states["calcium_seen"]) * skin.thrombus_seen)


def mural_mineral(ctx: Context, *, years: float = 5.0, structure: str = "calcification") -> Result:
    """Mean mural mineral of arterioles (0 to 1) after years of dialysis."""
    return mean_of(_skin(ctx, structure, years).states["arteriolar_mineral"])


def intima_narrowed(ctx: Context, *, least: float = 0.2, structure: str = "calcification") -> Result:
    """Share of people on dialysis whose intima takes more than a share of the radius, %."""
    return share_of(_skin(ctx, structure).states["intimal_loss"] > least)


def hazard_spread(ctx: Context, *, structure: str = "calcification") -> Result:
    """How much of the hazard of thrombosis lies with the tenth of people who have most of it, %."""
    hazard = _skin(ctx, structure).states["thrombosis_hazard"]
    edge = quantile_of(hazard, 0.9).value
    top = hazard > edge
    return Result(float(100 * hazard[top].sum() / hazard.sum()), float(100 * top.mean() ** 0.5 / len(hazard) ** 0.5))

"""What experiments over accepted sets share: the sets of a context, what is computed for them, numbers told over them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from livedo.engine import cache
from livedo.evidence.context import Context
from livedo.evidence.experiments import SHARED
from livedo.evidence.experiments.lesion_cohort import dialysed
from livedo.evidence.experiments.set_course import PEOPLE, kernel
from livedo.evidence.lesion_sets import TABLE, LesionSet, load_sets, of_structure, over_sets
from livedo.evidence.result import Result

#: People with a lesion in each set; week at which arms are compared; milligrams of apixaban a day (2.5 mg twice).
EACH, LOOK, APIXABAN = 16, 26, 5.0
#: Fewer sets than this say nothing of a structure.
NEEDED = 3
HERE = Path(__file__).parent
#: Files beside those that all experiments share, on which what is kept depends.
SOURCES = (
    TABLE,
    *(HERE / f"{name}.py" for name in (*SHARED, "over_sets", "warfarin", "disease_treatments")),
    *sorted((HERE.parent / "plans").glob("control_*.yaml")),
)

T = TypeVar("T")


def sets(ctx: Context) -> tuple[LesionSet, ...]:
    """The accepted sets; a context may hold others under ``accepted sets``."""
    return ctx.once("accepted sets", load_sets)


def kept(ctx: Context, name: str, make: Callable[[], T]) -> T:
    """Made once in a run, and kept on disk by all that decides it."""

    def load() -> T:
        told = repr([(s.name, s.structure, sorted(s.values.items())) for s in sets(ctx)])
        size = f"{PEOPLE} {EACH} {len(dialysed(ctx))}"
        key = "sets-" + cache.key_of(ctx.key, kernel(ctx).key, size, told, name, *(p.read_bytes() for p in SOURCES))
        stored = cache.read(key)
        if stored is not None:
            return pickle.loads(stored)
        found = make()
        cache.write(key, pickle.dumps(found))
        return found

    return ctx.once(("over sets", name), load)


def chosen(ctx: Context, values: np.ndarray, structure: str, read: str) -> Result:
    """``read`` of values, shape (sets,), over the sets of a structure."""
    mine = values[of_structure(sets(ctx), structure)]
    if np.isfinite(mine).sum() < NEEDED:
        return _too_few(structure)
    return over_sets(mine, read)


def share(ctx: Context, flags: np.ndarray, structure: str) -> Result:
    """Share of the sets of a structure, %; flags of shape (sets,)."""
    mine = flags[of_structure(sets(ctx), structure)].astype(float)
    if len(mine) < NEEDED:
        return _too_few(structure)
    p = float(mine.mean())
    error = float(np.sqrt(max(p * (1 - p), 0.25 / len(mine)) / len(mine)))
    return Result(100 * p, 100 * error, f"{len(mine)} accepted sets")


def _too_few(structure: str) -> Result:
    return Result(np.nan, np.nan, f"fewer than {NEEDED} accepted sets with the structure {structure}")

"""How a comparison was made: version, seed, hash of the model, inputs with their hashes, command and time."""

from __future__ import annotations

import hashlib
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from livedo.body import Body
from livedo.tracking.settling import TOLERANCE

if TYPE_CHECKING:
    from livedo.care import Plan
    from livedo.engine import Kernel


def provenance(
    body: Body,
    kernel: Kernel,
    plans: Sequence[Plan],
    years: float,
    members: int,
    seed: int,
    inputs: Mapping[str, str | Path],
    lesion: str | None,
    conditions: Sequence[str],
) -> dict[str, object]:
    import livedo

    return {
        "livedo": livedo.__version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seed": seed,
        "members": members,
        "years": years,
        "lesion": lesion,
        "conditions": list(conditions),
        "plans": [plan.name for plan in plans],
        "model_hash": body.model.fingerprint,
        "kernel": kernel.key,
        "tolerance": TOLERANCE,
        "python": platform.python_version(),
        "processor": platform.machine(),
        "inputs": {name: {"path": str(path), "sha256": _sha256(Path(path))} for name, path in inputs.items()},
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        digest.update(str(file.relative_to(path)).encode() if file != path else b"")
        digest.update(file.read_bytes())
    return digest.hexdigest()

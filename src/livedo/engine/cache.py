"""A folder of things that are expensive to make and fully decided by their key.

Keys are hashes of everything that decides the content, so an entry never goes stale; writers write beside and rename, so
several processes may write the same entry at once. ``LIVEDO_CACHE`` moves the folder; an unwritable one is simply not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path


def folder() -> Path:
    """Where entries lie."""
    if "LIVEDO_CACHE" in os.environ:
        return Path(os.environ["LIVEDO_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "livedo"


def key_of(*parts: str | bytes) -> str:
    """A key for parts, in order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:40]


def read(key: str) -> bytes | None:
    """The entry, or None."""
    with contextlib.suppress(OSError):
        return (folder() / key).read_bytes()
    return None


def write(key: str, content: bytes) -> None:
    """Store an entry."""
    with contextlib.suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder())
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(folder() / key)

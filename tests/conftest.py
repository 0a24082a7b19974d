"""What every test may ask for: the repository's root, and the records kept beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# Timing limits on single examples fail on a busy machine and say nothing about the program.
settings.register_profile("livedo", deadline=None, print_blob=True)
settings.load_profile("livedo")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of open records and reference trajectories beside the repository (`../shared`).

    Skips the test where that folder is absent; it is not part of the repository.
    """
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared (open records beside the repository), which is not here")
    return folder

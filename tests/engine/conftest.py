"""Compiled small models, made once."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("small_models", Path(__file__).with_name("small_models.py"))
small_models = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small_models)


@pytest.fixture(scope="session")
def pools(tmp_path_factory):
    """(model, kernel) of two pools with a session input."""
    return small_models.pools(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def pools4(tmp_path_factory):
    """The same by the method of order four."""
    return small_models.pools(tmp_path_factory.mktemp("models"), "RODAS4P")

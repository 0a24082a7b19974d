"""Sphinx: MyST pages, furo theme. Built by `make docs`, warnings as errors."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

project = "Livedo"
author = "The Livedo authors"
copyright = "The Livedo authors, Apache-2.0"
version = release = installed_version("livedo")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["out"]

html_theme = "furo"
html_title = f"Livedo {version}"
html_theme_options = {"announcement": "Research software, not a medical device."}


def setup(app):
    """Write the model's pages before the others are read."""
    sys.path.insert(0, str(Path(__file__).parent))
    from model_pages import write_pages

    app.connect("builder-inited", write_pages)

"""Livedo: an open simulator of calciphylaxis, from serum minerals to the skin.

Research software, not a medical device.
"""

from __future__ import annotations

from importlib.metadata import version as _version

__version__ = _version("livedo")
__all__ = ["__version__"]

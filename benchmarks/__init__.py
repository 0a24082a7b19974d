"""Livedo and its peers on the same work, in one run, at equal achieved error (docs/performance.md)."""

"""The processor at hand: its name, what it can do, and how many patients fit side by side in it."""

from __future__ import annotations

import functools


@functools.cache
def host() -> tuple[str, str]:
    """(name, features joined by commas), as LLVM writes them."""
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def is_wide(features: str) -> bool:
    """Whether it has 512-bit vectors (AVX-512F), with exponent and mantissa in one instruction each."""
    return "+avx512f" in features.split(",")

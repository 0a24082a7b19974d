"""Random numbers that depend on who and what for, and on nothing else.

Philox4x64-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) is a function of a key and a counter. The key is (seed,
purpose), the counter (occasion, patient, block): any draw can be made in any order, in any thread and in any chunk, and
arms that ask for the same draw get the same number.
"""

from __future__ import annotations

import hashlib

import numpy as np

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def _multiply(a: np.uint64, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """High and low words of a 64 by 64 bit product."""
    a_low, a_high, b_low, b_high = a & _LOW, a >> _32, b & _LOW, b >> _32
    middle = a_high * b_low + ((a_low * b_low) >> _32)
    carry = a_low * b_high + (middle & _LOW)
    return a_high * b_high + (middle >> _32) + (carry >> _32), a * b


def philox(counter: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Ten rounds of Philox4x64.

    Parameters
    ----------
    counter:
        Shape (n, 4), unsigned 64 bit.
    key:
        Shape (2,), unsigned 64 bit.

    Returns
    -------
    Shape (n, 4), unsigned 64 bit.
    """
    c0, c1, c2, c3 = (counter[:, i].copy() for i in range(4))
    k0, k1 = np.uint64(key[0]), np.uint64(key[1])
    with np.errstate(over="ignore"):
        for _ in range(10):
            high0, low0 = _multiply(_M0, c0)
            high1, low1 = _multiply(_M1, c2)
            c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
            k0, k1 = k0 + _W0, k1 + _W1
    return np.stack([c0, c1, c2, c3], axis=1)


def _key(seed: int, purpose: str) -> np.ndarray:
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.frombuffer(digest[:16], dtype="<u8")


def uniform(
    seed: int, purpose: str, patients: np.ndarray, occasions: np.ndarray | int = 0, count: int = 1
) -> np.ndarray:
    """Uniform numbers in (0, 1), the same for the same arguments wherever and whenever they are asked for.

    Parameters
    ----------
    seed, purpose:
        Name the stream.
    patients, occasions:
        Whole numbers, shape (n,) each (or one occasion for all).
    count:
        Numbers per patient and occasion, at most 2^40.

    Returns
    -------
    Shape (n,) if ``count`` is one, else (n, count).
    """
    patients = np.asarray(patients, dtype=np.uint64)
    occasions = np.broadcast_to(np.asarray(occasions, dtype=np.uint64), patients.shape)
    key = _key(seed, purpose)
    blocks = []
    for block in range(-(-count // 4)):
        counter = np.stack([np.full_like(patients, block), occasions, patients, np.zeros_like(patients)], axis=1)
        blocks.append(philox(counter, key))
    words = np.concatenate(blocks, axis=1)[:, :count]
    numbers = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return numbers[:, 0] if count == 1 else numbers


def normal(
    seed: int, purpose: str, patients: np.ndarray, occasions: np.ndarray | int = 0, count: int = 1
) -> np.ndarray:
    """Standard normal numbers; arguments as for :func:`uniform`."""
    from scipy.special import ndtri

    return ndtri(uniform(seed, purpose, patients, occasions, count))

"""Patients side by side: the operations every engine text is written in, and NumPy's answer to each.

The stepper, the functions and the loop over events are written once, over a *machine*. :class:`NumpyMachine` runs the text
at once, slowly, and is the oracle of the tests; :class:`livedo.engine.llvm.LlvmMachine` emits the same text as vector
machine code. A text may use: arithmetic and comparisons of lane values, the methods below, arrays indexed by row
(``a[i]``, all lanes) or by row and lane (``a[i, k]``, one number), and integer arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from livedo.engine import functions
from livedo.engine.processor import host, is_wide

#: Patients in one group: as many doubles as fill one register of 512 bits, or else of 256. With twice as many a step's code
#: and memory outgrow the processor's first caches.
WIDTH = 8 if is_wide(host()[1]) else 4


class NumpyMachine:
    """Runs engine texts on NumPy arrays of shape (rows, WIDTH)."""

    wide = False

    def array(self, rows: int) -> np.ndarray:
        """Scratch memory: ``rows`` lane values."""
        return np.zeros((rows, WIDTH))

    def block(self, array: np.ndarray, index: Any, rows: int) -> np.ndarray:
        """The ``index``-th run of ``rows`` rows."""
        return array[int(index) * rows : (int(index) + 1) * rows]

    def const(self, value: float) -> np.ndarray:
        """One number in every lane."""
        return np.full(WIDTH, value)

    def integer(self, value: int) -> int:
        """An integer."""
        return int(value)

    def truncate(self, value: Any) -> int:
        """A number as integer."""
        return int(value)

    def real(self, value: Any) -> float:
        """An integer as number."""
        return float(value)

    def lesser(self, a: Any, b: Any) -> float:
        """The smaller of two numbers."""
        return min(float(a), float(b))

    def integers(self, count: int) -> np.ndarray:
        """Scratch memory for integers."""
        return np.zeros(count, dtype=np.int64)

    def table(self, name: str, values: Sequence[float]) -> np.ndarray:
        """Constants, one row each."""
        return np.repeat(np.asarray(values, dtype=float)[:, None], WIDTH, axis=1)

    def put(self, array: np.ndarray, row: Any, lane: Any, value: Any) -> None:
        """Store one number of a row."""
        array[int(row), int(lane)] = value

    def put_at(self, array: np.ndarray, index: Any, value: Any) -> None:
        """Store one entry of an array of integers or numbers."""
        array[int(index)] = value

    def number(self, value: Any) -> float:
        """A scalar number."""
        return float(value)

    def exp2(self, x: Any) -> Any:
        return functions.exp2(self, x)

    def log2(self, x: Any) -> Any:
        return functions.log2(self, x)

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x)

    def abs(self, x: Any) -> Any:
        return np.abs(x)

    def minimum(self, a: Any, b: Any) -> Any:
        return np.minimum(a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return np.maximum(a, b)

    def select(self, mask: Any, yes: Any, no: Any) -> Any:
        return np.where(mask, yes, no)

    def nearest(self, x: Any) -> Any:
        """Nearest integer, as lane value."""
        return np.rint(x)

    def scale_by_power_of_two(self, x: Any, n: Any) -> Any:
        """x 2^n for integral n."""
        return np.ldexp(x, np.asarray(n, dtype=np.int64))

    def split(self, x: Any) -> tuple[Any, Any]:
        """(mantissa in [sqrt(1/2), sqrt(2)), exponent) of positive x."""
        mantissa, exponent = np.frexp(x)
        small = mantissa < np.sqrt(0.5)
        return np.where(small, 2 * mantissa, mantissa), np.where(small, exponent - 1.0, exponent * 1.0)

    def reciprocal_estimate(self, x: Any) -> Any:
        """About 1/x, to one part in ten thousand: enough for an error norm."""
        return 1.0 / x

    def reciprocal(self, x: Any) -> Any:
        """1/x, to rounding."""
        return 1.0 / x

    def any(self, mask: Any) -> bool:
        """Whether the mask holds in any lane."""
        return bool(np.any(mask))

    def loop(self, count: Any, body: Callable[[Any], None], start: Any = 0) -> None:
        """Run ``body(i)`` for i from ``start`` to ``count`` - 1."""
        for i in range(int(start), int(count)):
            body(i)

    def loop_while(self, condition: Callable[[], Any], body: Callable[[], None]) -> None:
        """Run ``body`` as long as the condition holds."""
        while condition():
            body()

    def when(self, condition: Any, body: Callable[[], None]) -> None:
        """Run ``body`` if the condition holds."""
        if condition:
            body()

    def call(self, name: str, text: Callable[..., None], *args: Any) -> None:
        """Run another text; machine code emits it once, as a function called ``name``."""
        text(self, *args)

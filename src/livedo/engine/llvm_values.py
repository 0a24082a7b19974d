"""Values and memory of the machine that emits LLVM code: operators, so that engine texts read like arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llvmlite.ir

from livedo.engine.lanes import WIDTH

if TYPE_CHECKING:
    from livedo.engine.llvm import LlvmMachine

#: llvmlite ships no types.
ir: Any = llvmlite.ir

F64 = ir.DoubleType()
I64 = ir.IntType(64)
LANES = ir.VectorType(F64, WIDTH)
POINTER = ir.PointerType()
FLAGS = ("contract",)
ALIGNMENT = 8 * WIDTH


class Value:
    """An IR value (lane value, mask, number, integer or truth value) with operators."""

    __slots__ = ("ir", "m")

    def __init__(self, m: LlvmMachine, value: Any) -> None:
        self.m = m
        self.ir = value

    def _other(self, other: Any) -> Any:
        return self.m.like(self, other).ir

    def _binary(self, other: Any, name: str, swap: bool = False) -> Value:
        a, b = self.ir, self._other(other)
        if swap:
            a, b = b, a
        build = self.m.builder
        if isinstance(self.ir.type, ir.IntType):
            return Value(self.m, {"add": build.add, "sub": build.sub, "mul": build.mul}[name](a, b))
        operation = {"add": build.fadd, "sub": build.fsub, "mul": build.fmul, "div": build.fdiv}[name]
        return Value(self.m, operation(a, b, flags=FLAGS))

    def __add__(self, other: Any) -> Value:
        return self._binary(other, "add")

    def __radd__(self, other: Any) -> Value:
        return self._binary(other, "add", swap=True)

    def __sub__(self, other: Any) -> Value:
        return self._binary(other, "sub")

    def __rsub__(self, other: Any) -> Value:
        return self._binary(other, "sub", swap=True)

    def __mul__(self, other: Any) -> Value:
        return self._binary(other, "mul")

    def __rmul__(self, other: Any) -> Value:
        return self._binary(other, "mul", swap=True)

    def __truediv__(self, other: Any) -> Value:
        return self._binary(other, "div")

    def __rtruediv__(self, other: Any) -> Value:
        return self._binary(other, "div", swap=True)

    def __neg__(self) -> Value:
        if isinstance(self.ir.type, ir.IntType):
            return Value(self.m, self.m.builder.neg(self.ir))
        return Value(self.m, self.m.builder.fneg(self.ir))

    def _compare(self, other: Any, sign: str) -> Value:
        b = self._other(other)
        if isinstance(self.ir.type, ir.IntType):
            return Value(self.m, self.m.builder.icmp_signed(sign, self.ir, b))
        ordered = self.m.builder.fcmp_unordered if sign == "!=" else self.m.builder.fcmp_ordered
        return Value(self.m, ordered(sign, self.ir, b))

    def __lt__(self, other: Any) -> Value:
        return self._compare(other, "<")

    def __le__(self, other: Any) -> Value:
        return self._compare(other, "<=")

    def __gt__(self, other: Any) -> Value:
        return self._compare(other, ">")

    def __ge__(self, other: Any) -> Value:
        return self._compare(other, ">=")

    def __eq__(self, other: object) -> Value:  # type: ignore[override]
        return self._compare(other, "==")

    def __ne__(self, other: object) -> Value:  # type: ignore[override]
        return self._compare(other, "!=")

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: Value) -> Value:
        return Value(self.m, self.m.builder.and_(self.ir, other.ir))

    def __or__(self, other: Value) -> Value:
        return Value(self.m, self.m.builder.or_(self.ir, other.ir))

    def __invert__(self) -> Value:
        return Value(self.m, self.m.builder.not_(self.ir))


#: What an array argument holds: rows of lane values, plain integers, or plain numbers.
ELEMENTS = {"rows": LANES, "integers": I64, "numbers": F64}
SCALARS = {"integer": I64, "number": F64}


class Array:
    """Memory of one kind of :data:`ELEMENTS`. Of rows, ``a[i]`` is a row and ``a[i, k]`` one number of it."""

    __slots__ = ("element", "kind", "m", "pointer")

    def __init__(self, m: LlvmMachine, pointer: Any, kind: str = "rows") -> None:
        self.m = m
        self.pointer = pointer
        self.kind = kind
        self.element = ELEMENTS[kind]

    def _address(self, index: Any) -> tuple[Any, Any, int]:
        m = self.m
        if isinstance(index, tuple):
            row, lane = (m.integer(i) for i in index)
            flat = row * WIDTH + lane
            return m.builder.gep(self.pointer, [flat.ir], source_etype=F64), F64, 8
        align = ALIGNMENT if self.element is LANES else 8
        return m.builder.gep(self.pointer, [m.integer(index).ir], source_etype=self.element), self.element, align

    def __getitem__(self, index: Any) -> Value:
        address, kind, align = self._address(index)
        return Value(self.m, self.m.builder.load(address, typ=kind, align=align))

    def __setitem__(self, index: Any, value: Any) -> None:
        address, kind, align = self._address(index)
        constant = Value(self.m, ir.Constant(kind, None)) if not isinstance(value, Value) else value
        stored = self.m.like(constant, value)
        self.m.builder.store(stored.ir, address, align=align)

"""The lane machine that emits LLVM code.

Values wrap ``llvmlite`` IR values and overload operators, so an engine text reads the same for machine code as for NumPy.
Multiplications and additions may be fused; nothing else is reordered, so results do not depend on which other patients
share the lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from livedo.engine import functions
from livedo.engine.lanes import WIDTH
from livedo.engine.llvm_values import ALIGNMENT, ELEMENTS, F64, I64, LANES, POINTER, SCALARS, Array, Value, ir

I1 = ir.IntType(1)
I32 = ir.IntType(32)
LANES_I = ir.VectorType(I64, WIDTH)
#: 1.5 * 2^52 and its bits: a double of this size holds whole numbers in its low bits.
ROUND_NUMBER, ROUND_BITS = 6755399441055744.0, 0x4338000000000000
#: Trailing arguments of 512-bit instructions: what inactive lanes keep, which lanes are active, rounding as set.
ZERO, ALL, ROUNDING = ir.Constant(LANES, [0.0] * WIDTH), ir.Constant(ir.IntType(WIDTH), -1), ir.Constant(I32, 4)


class LlvmMachine:
    """Emits engine texts into one LLVM module."""

    def __init__(self, module: Any, wide: bool = False) -> None:
        self.module = module
        #: Whether the processor has 512-bit vectors (AVX-512F), with exponent and mantissa in one instruction each.
        self.wide = wide
        self.builder = ir.IRBuilder()
        self._entry: Any = None
        self._functions: dict[str, Any] = {}

    # -- values ---------------------------------------------------------------------------------------------------
    def like(self, pattern: Value, value: Any) -> Value:
        """``value`` as a Value of the pattern's type."""
        kind = pattern.ir.type
        if isinstance(value, Value):
            if isinstance(kind, ir.VectorType) and value.ir.type == F64:
                return self.spread(value)
            return value
        if isinstance(kind, ir.VectorType):
            return Value(self, ir.Constant(kind, [float(value)] * WIDTH))
        if isinstance(kind, ir.IntType):
            return Value(self, ir.Constant(kind, int(value)))
        return Value(self, ir.Constant(kind, float(value)))

    def spread(self, number: Value) -> Value:
        """One number in every lane."""
        undefined = ir.Constant(LANES, ir.Undefined)
        first = self.builder.insert_element(undefined, number.ir, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        return Value(self, self.builder.shuffle_vector(first, undefined, zeros))

    def const(self, value: float) -> Value:
        return Value(self, ir.Constant(LANES, [float(value)] * WIDTH))

    def integer(self, value: Any) -> Value:
        return value if isinstance(value, Value) else Value(self, ir.Constant(I64, int(value)))

    def number(self, value: Any) -> Value:
        return value if isinstance(value, Value) else Value(self, ir.Constant(F64, float(value)))

    def truncate(self, value: Value) -> Value:
        return Value(self, self.builder.fptosi(value.ir, I64))

    def real(self, value: Any) -> Value:
        return Value(self, self.builder.sitofp(self.integer(value).ir, F64))

    def lesser(self, a: Any, b: Any) -> Value:
        a, b = self._pair(a, b)
        return self.select(b < a, b, a)

    def _intrinsic(self, name: str, *args: Value) -> Value:
        kind = args[0].ir.type
        suffix = f"v{WIDTH}f64" if isinstance(kind, ir.VectorType) else "f64"
        full = f"llvm.{name}.{suffix}"
        if full not in self._functions:
            self._functions[full] = ir.Function(self.module, ir.FunctionType(kind, [kind] * len(args)), full)
        return Value(self, self.builder.call(self._functions[full], [a.ir for a in args]))

    def exp2(self, x: Value) -> Value:
        return functions.exp2(self, x)

    def log2(self, x: Value) -> Value:
        return functions.log2(self, x)

    def sqrt(self, x: Value) -> Value:
        return self._intrinsic("sqrt", x)

    def abs(self, x: Value) -> Value:
        return self._intrinsic("fabs", x)

    def minimum(self, a: Any, b: Any) -> Value:
        a, b = self._pair(a, b)
        return self.select(b < a, b, a)

    def maximum(self, a: Any, b: Any) -> Value:
        a, b = self._pair(a, b)
        return self.select(a < b, b, a)

    def _pair(self, a: Any, b: Any) -> tuple[Value, Value]:
        if not isinstance(a, Value) or (a.ir.type == F64 and isinstance(b, Value)):
            return self.like(b, a), b
        return a, self.like(a, b)

    def select(self, mask: Value, yes: Any, no: Any) -> Value:
        if not isinstance(yes, Value) and not isinstance(no, Value):
            yes = self.const(yes) if isinstance(mask.ir.type, ir.VectorType) else self.number(yes)
        yes, no = self._pair(yes, no)
        return Value(self, self.builder.select(mask.ir, yes.ir, no.ir))

    def nearest(self, x: Value) -> Value:
        return self._intrinsic("rint", x)

    def _avx512(self, name: str, x: Value, *more: Any) -> Value:
        """An instruction that only 512-bit vectors have, on all lanes; ``more`` are its other arguments."""
        given = [x.ir, *(m.ir if isinstance(m, Value) else m for m in more)]
        full = f"llvm.x86.avx512.{name}.pd.512"
        if full not in self._functions:
            kind = ir.FunctionType(LANES, [g.type for g in given])
            self._functions[full] = ir.Function(self.module, kind, full)
        return Value(self, self.builder.call(self._functions[full], given))

    def reciprocal_estimate(self, x: Value) -> Value:
        return self._avx512("rcp14", x, ZERO, ALL) if self.wide else 1.0 / x

    def reciprocal(self, x: Value) -> Value:
        if not self.wide:
            return 1.0 / x
        # Two Newton steps keep the divider free for the logarithms; the reciprocal of 0 or infinity is the guess itself.
        guess = self._avx512("rcp14", x, ZERO, ALL)
        error = 1.0 - x * guess
        better = guess + guess * error
        return self.select(error < 1.0, better + better * (1.0 - x * better), guess)

    def scale_by_power_of_two(self, x: Value, n: Value) -> Value:
        if self.wide:
            return self._avx512("mask.scalef", x, n, ZERO, ALL, ROUNDING)
        build = self.builder
        # Adding the round number leaves n in the low bits: 256-bit vectors cannot convert to integers of 64 bits.
        whole = build.bitcast((n + ROUND_NUMBER).ir, LANES_I)
        bits = build.shl(whole, ir.Constant(LANES_I, [52] * WIDTH))
        return Value(self, build.bitcast(build.add(build.bitcast(x.ir, LANES_I), bits), LANES))

    def split(self, x: Value) -> tuple[Value, Value]:
        if self.wide:
            # Mantissa in [0.75, 1.5), NaN for negative numbers; the exponent that goes with it is that of 4/3 x.
            interval = ir.Constant(I32, 0b1011)
            mantissa = self._avx512("mask.getmant", x, interval, ZERO, ALL, ROUNDING)
            return mantissa, self._avx512("mask.getexp", x * (4 / 3), ZERO, ALL, ROUNDING)
        build = self.builder

        def all_lanes(value: int) -> Any:
            return ir.Constant(LANES_I, [value] * WIDTH)

        # Shift so that the exponent field counts from sqrt(1/2); its top bits are then the exponent we want.
        bits = build.bitcast(x.ir, LANES_I)
        shifted = build.sub(bits, all_lanes(0x3FE6A09E667F3BCD))
        exponent = build.ashr(shifted, all_lanes(52))
        mantissa = build.sub(bits, build.shl(exponent, all_lanes(52)))
        placed = build.bitcast(build.add(exponent, all_lanes(ROUND_BITS)), LANES)
        return Value(self, build.bitcast(mantissa, LANES)), Value(self, placed) - ROUND_NUMBER

    def any(self, mask: Value) -> Value:
        if mask.ir.type == I1:
            return mask
        byte = self.builder.bitcast(mask.ir, ir.IntType(WIDTH))
        return Value(self, self.builder.icmp_unsigned("!=", byte, ir.Constant(ir.IntType(WIDTH), 0)))

    # -- memory ---------------------------------------------------------------------------------------------------
    def array(self, rows: int) -> Array:
        with self.builder.goto_block(self._entry):
            pointer = self.builder.alloca(LANES, size=rows)
            pointer.align = ALIGNMENT
            pointer.type = POINTER
        return Array(self, pointer)

    def integers(self, count: int) -> Array:
        with self.builder.goto_block(self._entry):
            pointer = self.builder.alloca(I64, size=count)
            pointer.type = POINTER
        return Array(self, pointer, "integers")

    def table(self, name: str, values: Sequence[float]) -> Array:
        if name not in self._functions:
            kind = ir.ArrayType(LANES, len(values))
            table = ir.GlobalVariable(self.module, kind, name)
            table.initializer = ir.Constant(kind, [ir.Constant(LANES, [float(v)] * WIDTH) for v in values])
            table.global_constant = True
            table.linkage = "internal"
            table.align = ALIGNMENT
            table.type = POINTER
            self._functions[name] = table
        return Array(self, self._functions[name])

    def put(self, array: Array, row: Any, lane: Any, value: Any) -> None:
        array[row, lane] = value

    def put_at(self, array: Array, index: Any, value: Any) -> None:
        array[index] = value

    def block(self, array: Array, index: Any, rows: int) -> Array:
        offset = self.integer(index) * rows
        pointer = self.builder.gep(array.pointer, [offset.ir], source_etype=array.element)
        return Array(self, pointer, array.kind)

    # -- control --------------------------------------------------------------------------------------------------
    def loop(self, count: Any, body: Callable[[Any], None], start: Any = 0) -> None:
        build = self.builder
        before = build.block
        head, inside, after = (build.append_basic_block(n) for n in ("head", "body", "after"))
        build.branch(head)
        build.position_at_end(head)
        index = build.phi(I64)
        index.add_incoming(self.integer(start).ir, before)
        build.cbranch(build.icmp_signed("<", index, self.integer(count).ir), inside, after)
        build.position_at_end(inside)
        body(Value(self, index))
        index.add_incoming(build.add(index, ir.Constant(I64, 1)), build.block)
        build.branch(head)
        build.position_at_end(after)

    def loop_while(self, condition: Callable[[], Value], body: Callable[[], None]) -> None:
        build = self.builder
        head, inside, after = (build.append_basic_block(n) for n in ("while", "do", "done"))
        build.branch(head)
        build.position_at_end(head)
        build.cbranch(condition().ir, inside, after)
        build.position_at_end(inside)
        body()
        build.branch(head)
        build.position_at_end(after)

    def when(self, condition: Value, body: Callable[[], None]) -> None:
        with self.builder.if_then(condition.ir):
            body()

    # -- functions ------------------------------------------------------------------------------------------------
    def call(self, name: str, text: Callable[..., None], *args: Any) -> None:
        """Call ``text`` as a function of its own, emitted on first use. Arguments are arrays, integers or numbers."""
        if name not in self._functions:
            kinds = [a.kind if isinstance(a, Array) else ("number" if a.ir.type == F64 else "integer") for a in args]
            self.function(name, text, kinds, public=False)
        values = [a.pointer if isinstance(a, Array) else a.ir for a in args]
        self.builder.call(self._functions[name], values)

    def function(self, name: str, text: Callable[..., None], kinds: list[str], public: bool = True) -> Any:
        """Emit ``text`` as function ``name``; ``kinds`` are keys of :data:`ELEMENTS` (by address) or :data:`SCALARS`."""
        types = [POINTER if kind in ELEMENTS else SCALARS[kind] for kind in kinds]
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), types), name)
        function.attributes.add("nounwind")
        if not public:
            function.attributes.add("noinline")
            function.linkage = "internal"
        self._functions[name] = function
        outer = (self.builder, self._entry)
        self._entry = function.append_basic_block("entry")
        code = function.append_basic_block("code")
        self.builder = ir.IRBuilder(code)
        args: list[Any] = []
        for argument, kind in zip(function.args, kinds, strict=True):
            if kind in ELEMENTS:
                argument.add_attribute("noalias")
                args.append(Array(self, argument, kind))
            else:
                args.append(Value(self, argument))
        text(self, *args)
        self.builder.ret_void()
        ir.IRBuilder(self._entry).branch(code)
        self.builder, self._entry = outer
        return function

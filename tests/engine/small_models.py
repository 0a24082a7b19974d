"""Models that stress one thing each, as text."""

from __future__ import annotations

from pathlib import Path

from livedo.engine import StateTraits, compile_model, load

#: Stiff exchange, a Hill term, a counter and an input.
POOLS = """
model pools()
  compartment body; body = 1;
  substanceOnly species A in body, B in body, out in body;
  A = A0; B = 3; out = 0; PTH = 1;
  A0 = 1; k = 40; K = 0.8; n = 4; hd = 0; clearance = 2; intake = 0.3; held = 0; tau = 0.05;
  exchange: A -> B; k * (A - B / 3);
  feed: -> A; intake;
  remove: A => out; (hd * clearance + held) * A;
  hill := A^n / (A^n + K^n);
  total := A + B + out;
  PTH' = ((1 - hill) - PTH) / tau;
end
"""

TRAITS = {"out": StateTraits(accumulator=True), "A": StateTraits(nonnegative=True), "B": StateTraits(scale=3.0)}


def pools(folder: Path, method: str = "RODAS5P"):
    """(model, kernel) of :data:`POOLS`."""
    path = folder / "pools.ant"
    path.write_text(POOLS)
    model = load(path, traits=TRAITS, units="ignore")
    return model, compile_model(model, ("hill", "total", "A", "B", "PTH", "out"), method)

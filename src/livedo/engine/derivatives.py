"""The Jacobian of shared expressions, by elimination of what stands between outputs and inputs.

Every node starts with its slopes along its own arguments. A node in between is taken out by joining each of its readers to
each of its arguments, the product of the two slopes between them; what is left are slopes of outputs along inputs.
Cheapest nodes go first (Markowitz), which takes a third fewer products than carrying gradients forward. Griewank and
Walther, Evaluating Derivatives (2008), chapter 9.

A choice (``select``, ``min``, ``max``) goes when nothing is left below it, so that a slope which is not finite stays inside
the branch that is not taken.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from livedo.engine.graph import LN_2, MASKS, Graph

CHOICES = ("select", "min", "max")


def jacobian(graph: Graph, outputs: Sequence[int], inputs: Sequence[int]) -> dict[tuple[int, int], int]:
    """Slopes of outputs along inputs.

    Parameters
    ----------
    outputs, inputs:
        Nodes.

    Returns
    -------
    dict
        (place among outputs, place among inputs) -> node; entries that are zero for good are absent.
    """
    place = {node: j for j, node in enumerate(inputs)}
    net = _Net(graph, outputs, frozenset(inputs))
    net.eliminate()
    return {(i, place[a]): slope for i in range(len(outputs)) for a, slope in net.below[_sink(i)].items()}


def _sink(output: int) -> int:
    """What stands for an output among the nodes, whose numbers are not negative."""
    return -1 - output


class _Net:
    """Slopes between nodes: ``below[reader][argument]``, and the readers of each, ``above[argument]``."""

    def __init__(self, graph: Graph, outputs: Sequence[int], inputs: frozenset[int]) -> None:
        self._graph, self._inputs = graph, inputs
        self.below: dict[int, dict[int, int]] = {}
        self.above: dict[int, set[int]] = {node: set() for node in inputs}
        for node in graph.below(outputs):
            if node not in inputs:
                self._enter(node, list(self._slopes(node)))
        for i, node in enumerate(outputs):
            self._enter(_sink(i), [(node, graph.const(1.0))], kept=True)

    def _enter(self, node: int, slopes: list[tuple[int, int]], kept: bool = False) -> None:
        known = [(a, slope) for a, slope in slopes if a in self.above]
        if known or kept:
            self.below[node], self.above[node] = {}, set()
        for a, slope in known:
            self._join(node, a, slope)

    def _join(self, reader: int, argument: int, slope: int) -> None:
        before = self.below[reader].get(argument)
        total = slope if before is None else self._sum(before, slope)
        if self._graph.value(total) == 0.0:
            self.below[reader].pop(argument, None)
            self.above[argument].discard(reader)
        else:
            self.below[reader][argument] = total
            self.above[argument].add(reader)

    def eliminate(self) -> None:
        """Take out every node in between, the cheapest of the moment first."""
        between = {node for node in self.below if node >= 0}
        price = {node: self._price(node) for node in between}
        queue = list(price.values())
        heapq.heapify(queue)
        while queue:
            found = heapq.heappop(queue)
            node = found[1]
            if node not in between or found != price[node]:
                continue
            between.discard(node)
            near = {*self.above[node], *self.below[node]}
            self._take_out(node)
            for other in near & between:
                now = self._price(other)
                if now != price[other]:
                    price[other] = now
                    heapq.heappush(queue, now)

    def _take_out(self, node: int) -> None:
        slopes = self.below.pop(node)
        for argument in slopes:
            self.above[argument].discard(node)
        for reader in sorted(self.above.pop(node)):
            by = self.below[reader].pop(node)
            for argument, slope in slopes.items():
                self._join(reader, argument, self._product(by, slope))

    def _price(self, node: int) -> tuple[float, int]:
        """Most products that taking a node out would add; a choice with something left below it waits for that."""
        if self._graph.ops[node][0] in CHOICES and not self.below[node].keys() <= self._inputs:
            return float("inf"), node
        return float(len(self.above[node]) * len(self.below[node])), node

    def _zero_branch(self, slope: int) -> tuple[int, int, int] | None:
        """(mask, yes, no) of a choice of slopes of which one is zero."""
        op, *args = self._graph.ops[slope]
        if op == "select" and 0.0 in (self._graph.value(args[1]), self._graph.value(args[2])):  # type: ignore[arg-type]
            return tuple(args)  # type: ignore[return-value]
        return None

    def _product(self, by: int, slope: int) -> int:
        graph = self._graph
        chosen = self._zero_branch(by)
        if chosen is None:
            return graph.mul(by, slope)
        mask, yes, no = chosen
        return graph.select(mask, graph.mul(yes, slope), graph.mul(no, slope))

    def _sum(self, a: int, b: int) -> int:
        graph = self._graph
        one, other = self._zero_branch(a), self._zero_branch(b)
        if one is None or other is None or one[0] != other[0]:
            return graph.add(a, b)
        return graph.select(one[0], graph.add(one[1], other[1]), graph.add(one[2], other[2]))

    def _slopes(self, node: int) -> Iterator[tuple[int, int]]:
        """(argument, slope) of a node along its own arguments."""
        graph = self._graph
        op, *args = graph.ops[node]
        one, zero = graph.const(1.0), graph.const(0.0)
        if op in ("const", "input") or op in MASKS:
            return
        a, b, *_ = (*args, 0, 0)
        if op in CHOICES:
            if op == "select":
                mask, yes, no = args
            else:
                yes, no = args
                mask = graph.compare("lt", yes, no) if op == "min" else graph.compare("lt", no, yes)  # type: ignore[arg-type]
            yield yes, graph.select(mask, one, zero)  # type: ignore[misc, arg-type]
            yield no, graph.select(mask, zero, one)  # type: ignore[misc, arg-type]
        elif op in ("add", "sub"):
            yield a, one  # type: ignore[misc]
            yield b, one if op == "add" else graph.const(-1.0)  # type: ignore[misc]
        elif op == "mul":
            yield a, b  # type: ignore[misc]
            yield b, a  # type: ignore[misc]
        elif op == "exp2" and (power := self._power(a)) is not None:  # type: ignore[arg-type]
            base, exponent = power
            yield base, graph.mul(graph.mul(node, exponent), graph.reciprocal(base))
        else:
            yield a, self._slope(str(op), node, a)  # type: ignore[misc, arg-type]

    def _slope(self, op: str, node: int, a: int) -> int:
        graph = self._graph
        if op == "neg":
            return graph.const(-1.0)
        if op == "recip":
            return graph.neg(graph.mul(node, node))
        if op == "exp2":
            return graph.mul(graph.const(LN_2), node)
        if op == "log2":
            return graph.mul(graph.const(1.0 / LN_2), graph.reciprocal(a))
        if op == "sqrt":
            return graph.mul(graph.const(0.5), graph.reciprocal(node))
        if op == "abs":
            return graph.select(graph.compare("lt", a, graph.const(0.0)), graph.const(-1.0), graph.const(1.0))
        raise AssertionError(op)

    def _power(self, exponent: int) -> tuple[int, int] | None:
        """(x, n) if a node is ``n log2 x`` with an n that no input changes: its power differentiates to n x^n / x."""
        op, *args = self._graph.ops[exponent]
        if op != "mul":
            return None
        for n, logarithm in (args, args[::-1]):
            if self._graph.ops[logarithm][0] == "log2" and n not in self.above:  # type: ignore[index]
                return self._graph.ops[logarithm][1], n  # type: ignore[return-value]
        return None

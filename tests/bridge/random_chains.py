"""Random chains as plain trees, from a seed: what there is to build, before anything is built."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

ModelWay = Literal["stream", "sync stream", "whole", "text"]
ToolOutcome = Literal["returns", "raises", "handles", "refuses"]
NodeWay = Literal["async", "sync", "chain", "subgraph"]


@dataclass(frozen=True)
class Reply:
    """What a model writes in one call; it fails after so many tokens, where that is given."""

    tokens: int
    reasoning: int = 0
    args: int = 0
    blocks: bool = False
    fails_after: int | None = None
    pauses: frozenset[int] = frozenset()
    usage: bool = True


@dataclass(frozen=True)
class Model:
    way: ModelWay
    reply: Reply
    inner: bool = False


@dataclass(frozen=True)
class Tool:
    sync: bool
    outcome: ToolOutcome
    body: "tuple[Part, ...]"
    has_id: bool = True


@dataclass(frozen=True)
class Retriever:
    documents: int
    fails: bool = False


@dataclass(frozen=True)
class Function:
    sync: bool
    fails: bool
    body: "tuple[Part, ...]"


@dataclass(frozen=True)
class CustomEvent:
    """Told by the code of a tool, function or node."""


@dataclass(frozen=True)
class Sequence:
    parts: "tuple[Part, ...]"
    named: bool = False


@dataclass(frozen=True)
class Parallel:
    way: Literal["branches", "gather", "batch"]
    parts: "tuple[Part, ...]"


@dataclass(frozen=True)
class Node:
    way: NodeWay
    fails: bool
    body: "tuple[Part, ...]"


@dataclass(frozen=True)
class Graph:
    side_by_side: bool
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Agent:
    """Calls all its tools at once, then answers."""

    first: Reply
    tools: tuple[Tool, ...]
    answer: Reply
    unknown_tool: bool = False


@dataclass(frozen=True)
class Fallback:
    """The first fails, the second answers."""

    first: "Part"
    second: "Part"


Part = Model | Tool | Retriever | Function | CustomEvent | Sequence | Parallel | Graph | Agent | Fallback
Draw = Callable[[int, bool], Part]


def parts_of(part: object) -> Iterator[object]:
    """The part and all in it, replies and nodes too."""
    yield part
    for each in fields(part):  # type: ignore[arg-type]  # parts are dataclasses
        value = getattr(part, each.name)
        for inside in value if isinstance(value, tuple) else (value,):
            if hasattr(inside, "__dataclass_fields__"):
                yield from parts_of(inside)


class RandomChains:
    """Draws chains; `failures` is how often a part fails that could, `retrievers` how many there are for
    eight models."""

    def __init__(self, rng: random.Random, failures: float, retrievers: int) -> None:
        self._rng = rng
        self._retrievers = retrievers
        self._failures = failures
        self._left = 0

    def chain(self) -> Part:
        self._left = self._rng.choice((1, 2, 4, 7))  # leaves that may still be drawn
        kinds: list[Draw] = [
            self.sequence,
            self.parallel,
            self.graph,
            self.agent,
            self.function,
            self.fallback,
            self.model,
        ]
        return self._rng.choices(kinds, (4, 4, 4, 3, 2, 1, 1))[0](3, False)

    def part(self, depth: int, sync: bool) -> Part:
        kinds: list[Draw] = [self.model, self.tool, self.retriever, self.function]
        weights = [8, 3, self._retrievers, 2]
        if depth > 0 and self._left > 0:
            kinds += [self.sequence, self.parallel, self.graph, self.agent, self.fallback]
            weights += [3, 3, 2, 2, 1]
        return self._rng.choices(kinds, weights)[0](depth - 1, sync)

    def parts(self, depth: int, sync: bool, least: int = 1, most: int = 3) -> tuple[Part, ...]:
        return tuple(self.part(depth, sync) for _ in range(self._rng.randint(least, most)))

    def body(self, depth: int, sync: bool) -> tuple[Part, ...]:
        """What a function's code does, one after the other."""
        if depth < 0 or self._left <= 0:
            return tuple(CustomEvent() for _ in range(self._rng.randint(0, 2)))
        parts = [CustomEvent() if self._rng.random() < 0.5 else self.part(depth, sync) for _ in range(2)]
        return tuple(parts[: self._rng.randint(0, 2)])

    def reply(self, *, fails: bool = False) -> Reply:
        rng = self._rng
        self._left -= 1
        tokens = rng.choice((0, 1, 2, 3, 5, 8))
        return Reply(
            tokens=tokens,
            reasoning=rng.choice((0, 0, 0, 1, 3)),
            args=rng.choice((0, 0, 0, 2)),
            blocks=rng.random() < 0.2,
            fails_after=rng.randint(0, tokens) if fails or self._fails() else None,
            pauses=frozenset(rng.sample(range(9), rng.randint(0, 4))),
            usage=rng.random() < 0.7,
        )

    def model(self, depth: int, sync: bool) -> Model:
        way = self._rng.choices(get_args(ModelWay), (6, 1, 1, 1))[0]
        return Model(way, self.reply(), inner=self._rng.random() < 0.1)

    def tool(self, depth: int, sync: bool) -> Tool:
        rng = self._rng
        outcome: ToolOutcome = "returns"
        if self._fails():
            outcome = rng.choices(get_args(ToolOutcome), (1, 3, 2, 1))[0]
        in_thread = sync or rng.random() < 0.4
        body = () if outcome == "refuses" else self.body(depth, in_thread)
        return Tool(in_thread, outcome, body, has_id=rng.random() < 0.8)

    def retriever(self, depth: int, sync: bool) -> Retriever:
        return Retriever(self._rng.randint(0, 3), self._fails())

    def function(self, depth: int, sync: bool) -> Function:
        in_thread = sync or self._rng.random() < 0.4
        return Function(in_thread, self._fails(), self.body(depth, in_thread))

    def sequence(self, depth: int, sync: bool) -> Sequence:
        return Sequence(self.parts(depth, sync), named=self._rng.random() < 0.3)

    def parallel(self, depth: int, sync: bool) -> Parallel:
        way = "branches" if sync else self._rng.choices(("branches", "gather", "batch"), (3, 2, 1))[0]
        if way == "batch":
            return Parallel("batch", (self.model(depth, sync),))
        return Parallel("gather" if way == "gather" else "branches", self.parts(depth, sync, least=2))

    def graph(self, depth: int, sync: bool) -> Graph:
        nodes = tuple(self.node(depth, sync) for _ in range(self._rng.randint(1, 3)))
        return Graph(self._rng.random() < 0.5, nodes)

    def node(self, depth: int, sync: bool) -> Node:
        rng = self._rng
        way: NodeWay = rng.choices(get_args(NodeWay), (3, 2, 1, 1))[0]
        if way == "chain":
            # No tagged model: of what merges configs there, LangGraph tells another parent than the node.
            part = rng.choice((self.model, self.retriever, self.tool))(depth, sync)
            return Node(way, False, (replace(part, inner=False) if isinstance(part, Model) else part,))
        if way == "subgraph" and depth > 0:
            return Node(way, False, (self.graph(depth - 1, sync),))
        in_thread = sync or way == "sync"
        return Node("sync" if in_thread else "async", self._fails(), self.body(depth, in_thread))

    def agent(self, depth: int, sync: bool) -> Agent:
        tools = tuple(self.tool(depth, sync) for _ in range(self._rng.randint(0, 2)))
        unknown = self._rng.random() < 0.15
        return Agent(self.reply(), tools, self.reply(), unknown_tool=unknown)

    def fallback(self, depth: int, sync: bool) -> Fallback:
        failing: list[Part] = [
            Model("stream", self.reply(fails=True)),
            Function(sync, True, self.body(depth, sync)),
            Tool(sync, "raises", self.body(depth, sync)),
            Retriever(0, fails=True),
        ]
        return Fallback(self._rng.choice(failing), self.part(depth, sync))

    def _fails(self) -> bool:
        return self._rng.random() < self._failures

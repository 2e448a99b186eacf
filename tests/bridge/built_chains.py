"""Random chains built: each tool, function, node and retriever notes in the ledger what it does."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.graph import START, StateGraph

from tests.bridge import random_chains as random_
from tests.bridge.chain_parts import Given, Shelf, State, ToolInput, refusing_input
from tests.bridge.ledger import Ledger, Strand
from tests.bridge.ledger_models import Fault, Script, Scripted, Streaming, SyncStreaming, Text, Where

AnyRunnable = Runnable[Any, Any]


class Builder:
    """Builds parts; names are numbered in the order of building."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._names = itertools.count(1)

    def build(  # noqa: C901 - one case for each kind of part
        self, part: random_.Part, where: Where
    ) -> tuple[AnyRunnable, Any]:
        """The runnable, and what to give it."""
        match part:
            case random_.Model():
                return self.model(part, where), "go"
            case random_.Tool():
                tool, key = self.tool(part, where)
                return tool, self._tool_input(part, tool.name, key)
            case random_.Retriever():
                return self.retriever(part, where), "go"
            case random_.Function():
                return self.function(part, where), "go"
            case random_.Sequence():
                return self.sequence(part, where), "go"
            case random_.Parallel():
                return self.parallel(part, where), "go"
            case random_.Graph():
                return self.graph(part, where), {"said": []}
            case random_.Agent():
                return self.agent(part, where), {"messages": [("user", "go")]}
            case random_.Fallback():
                return self.fallback(part, where), "go"
            case random_.CustomEvent():
                raise AssertionError("told by code alone")

    def chained(self, part: random_.Part, where: Where) -> AnyRunnable:
        """The part, whatever comes before it."""
        runnable, given = self.build(part, where)
        return Given(given) | runnable

    def _name(self, kind: str) -> str:
        return f"{kind}{next(self._names)}"

    def model(self, part: random_.Model, where: Where, *, batched: bool = False) -> AnyRunnable:
        streamed = part.way in ("stream", "sync stream")
        reply = replace(part.reply, args=0, reasoning=0, usage=False) if part.way == "text" else part.reply
        where = replace(where, inner=where.inner or part.inner)
        script = Script(self._ledger, where, reply, streamed=streamed, batched=batched)
        if part.way == "text":
            model: AnyRunnable = Text(script=script)
        else:
            kind = {"stream": Streaming, "sync stream": SyncStreaming, "whole": Scripted}[part.way]
            model = kind(scripts=[script])
        return model.with_config(tags=["inner"]) if part.inner else model

    def retriever(self, part: random_.Retriever, where: Where) -> AnyRunnable:
        def search() -> list[Document]:
            if part.fails:
                self._ledger.note_fault(where.strand)
                raise Fault("the retriever failed")
            number = self._ledger.next_number()
            self._ledger.note("sources", number, where.strand, streamed=False)
            # One at least, to know them again by.
            return [Document("text", id=f"{number}/{at}") for at in range(part.documents + 1)]

        return Shelf(search=search)

    def function(self, part: random_.Function, where: Where) -> AnyRunnable:
        name = self._name("function")
        inside = replace(where, step=name, sync=part.sync)
        run: Any = self._code(part.body, inside, noted=("step", name), fails=part.fails)
        return RunnableLambda(run, name=name)

    def _code(
        self,
        body: Sequence[random_.Part],
        where: Where,
        *,
        noted: tuple[str, str],
        fails: bool = False,
        result: Any = "ok",
    ) -> Callable[..., Any]:
        """A function, sync or async, that does these things one after the other, and notes begin and end."""
        kind, key = noted
        runs = [self._run(part, where) for part in body]

        def threaded(*args: Any, **kwargs: Any) -> Any:
            self._ledger.note(kind, key, where.strand)
            try:
                for run in runs:
                    run()
            finally:
                self._ledger.note(f"{kind}_end", key, where.strand)
            if fails:
                self._ledger.note_fault(where.strand)
                raise Fault(f"{key} failed")
            return result

        async def on_loop(*args: Any, **kwargs: Any) -> Any:
            self._ledger.note(kind, key, where.strand)
            try:
                for run in runs:
                    await run()
            finally:
                self._ledger.note(f"{kind}_end", key, where.strand)
            if fails:
                self._ledger.note_fault(where.strand)
                raise Fault(f"{key} failed")
            return result

        return threaded if where.sync else on_loop

    def _run(self, part: random_.Part, where: Where) -> Callable[[], Any]:
        if isinstance(part, random_.CustomEvent):
            return lambda: self._tell(where)
        runnable, given = self.build(part, where)
        return (lambda: runnable.invoke(given)) if where.sync else (lambda: runnable.ainvoke(given))

    def _tell(self, where: Where) -> Any:
        number = self._ledger.next_number()
        self._ledger.note("custom", number, where.strand)
        return (dispatch_custom_event if where.sync else adispatch_custom_event)("noted", {"n": number})

    def sequence(self, part: random_.Sequence, where: Where) -> AnyRunnable:
        name = self._name("named")
        inside = replace(where, step=name) if part.named else where
        chain: AnyRunnable = Given("go") | Given("go")
        for each in part.parts:
            chain = chain | self.chained(each, inside)
        return Given("go") | chain.with_config(run_name=name) | Given("go") if part.named else chain

    def parallel(self, part: random_.Parallel, where: Where) -> AnyRunnable:
        name = self._name("parallel")
        if part.way == "batch":
            return self._batch(part.parts[0], where, name)
        inside = replace(where, step=name) if part.way == "gather" else where
        branches = [
            self.chained(each, replace(inside, strand=(*where.strand, f"{name}.{at}")))
            for at, each in enumerate(part.parts)
        ]
        if part.way == "branches":
            return RunnableParallel({f"b{at}": branch for at, branch in enumerate(branches)})

        async def gather(given: Any) -> Any:
            return len(await asyncio.gather(*(branch.ainvoke(given) for branch in branches)))

        return RunnableLambda(gather, name=name)

    def _batch(self, part: random_.Part, where: Where, name: str) -> AnyRunnable:
        assert isinstance(part, random_.Model)
        inside = replace(where, step=name, strand=(*where.strand, name))
        model = self.model(part, inside, batched=True)

        async def batch(given: Any) -> Any:
            return len(await model.abatch(["one", "two", "three"]))

        return RunnableLambda(batch, name=name)

    def graph(self, part: random_.Graph, where: Where) -> AnyRunnable:
        graph = StateGraph(State)
        before = START
        for node in part.nodes:
            name = self._name("node")
            strand = (*where.strand, name) if part.side_by_side else where.strand
            graph.add_node(name, self._node(node, name, replace(where, strand=strand, step=name)))
            graph.add_edge(START if part.side_by_side else before, name)
            before = name
        return graph.compile()

    def _node(self, node: random_.Node, name: str, where: Where) -> Any:
        said = {"said": ["ok"]}
        if node.way == "chain":
            return self.chained(node.body[0], where) | Given(said)
        if node.way == "subgraph":
            return self.build(node.body[0], where)[0]
        inside = replace(where, sync=node.way == "sync")
        return self._code(node.body, inside, noted=("step", name), fails=node.fails, result=said)

    def agent(self, part: random_.Agent, where: Where) -> AnyRunnable:
        tools, calls = [], []
        for spec in part.tools:
            tool, key = self.tool(spec, replace(where, step="tools"), alone=False)
            tools.append(tool)
            calls.append((key, tool.name))
        if part.unknown_tool:
            calls.append((self._name("call"), "unknown"))
        inside = replace(where, step="model")
        first = Script(self._ledger, inside, replace(part.first, args=0), tuple(calls))
        answer = Script(self._ledger, inside, replace(part.answer, args=0))
        return create_agent(Streaming(scripts=[first, answer]), tools)

    def tool(self, part: random_.Tool, where: Where, *, alone: bool = True) -> tuple[BaseTool, str]:
        """The tool, and the key that it is to be called with: in agents, the call's id."""
        key, name = self._name("call"), self._name("tool")
        if part.outcome == "refuses":
            self._ledger.refused.add(key)
        strand = where.strand if alone else (*where.strand, key)
        inside = replace(where, strand=strand, inner=True, sync=part.sync)
        code = self._code(part.body, inside, noted=("tool", key), result=f"result of {key}")
        run = self._failing(code, part, inside) if part.outcome in ("raises", "handles") else code
        tool = StructuredTool(
            name=name,
            description="A tool.",
            args_schema=self._tool_schema(part, strand),
            func=run if part.sync else None,
            coroutine=None if part.sync else run,
            handle_tool_error=part.outcome == "handles",
        )
        return tool, key

    def _tool_schema(self, part: random_.Tool, strand: Strand) -> type[ToolInput]:
        if part.outcome != "refuses":
            return ToolInput
        return refusing_input(lambda: self._ledger.note_fault(strand))

    def _failing(self, code: Callable[..., Any], part: random_.Tool, where: Where) -> Callable[..., Any]:
        error = ToolException if part.outcome == "handles" else Fault

        def threaded(**kwargs: Any) -> Any:
            code()
            self._ledger.note_fault(where.strand)
            raise error("the tool failed")

        async def on_loop(**kwargs: Any) -> Any:
            await code()
            self._ledger.note_fault(where.strand)
            raise error("the tool failed")

        return threaded if part.sync else on_loop

    def _tool_input(self, part: random_.Tool, name: str, key: str) -> Any:
        args = {"key": key}
        return {"name": name, "args": args, "id": key, "type": "tool_call"} if part.has_id else args

    def fallback(self, part: random_.Fallback, where: Where) -> AnyRunnable:
        return Given("go") | self.chained(part.first, where).with_fallbacks(
            [self.chained(part.second, where)]
        )

"""A chain as it is offered: what it says of itself, and how a call of it is checked, started and resumed."""

import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError

from .approvals import Decision
from .callbacks import AsyncIteratorCallbackHandler
from .chain_builds import AnyRunnable, BuildKey, ChainBuilds, Takes
from .chain_input import chain_input, takes_conversation
from .chain_schemas import input_schema_of, input_type_of, tool_schema_of, tools_of
from .chain_sources import ChainSource
from .checkpoints import Saver
from .errors import InvalidRequest, StartError, Unprocessable
from .events import Approval
from .graph_taps import tapped
from .graphs import asks_in, forgets, graph_of, has_memory, needs_checkpoints, only_new, with_checkpoints
from .traced import RunTrace

_THREAD_ID = re.compile(r"[\w.:@-]{1,128}")
CHECKPOINT_KEYS = frozenset({"checkpoint_id", "checkpoint_ns"})


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """A tool that a chain has."""

    name: str
    description: str
    input_schema: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConfig:
    """What a client may set of a call, as LangGraph has it: its config's `configurable`, a graph's `context`,
    and the number of steps that it may take."""

    configurable: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] | None = None
    recursion_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one run of a chain is given, checked."""

    chain: "Chain"
    key: BuildKey
    input: Any
    owner: str
    thread_id: str | None
    config: CallConfig

    async def start(self, run_id: str, trace: RunTrace, handler: AsyncIteratorCallbackHandler) -> Any:
        with trace.entered():
            return await self._drive(run_id, trace, handler, self.input, resumed=False)

    async def resume(
        self,
        run_id: str,
        trace: RunTrace,
        answers: Mapping[str, Any],
        handler: AsyncIteratorCallbackHandler,
    ) -> Any:
        """Go on after a pause, with an answer for each interrupt by its id; breakpoints take none."""
        command: Command[Any] | None = Command(resume=dict(answers)) if answers else None
        with trace.entered():
            return await self._drive(run_id, trace, handler, command, resumed=True)

    async def still_asks(self, run_id: str, interrupt_ids: Collection[str]) -> bool:
        """Whether the graph's state is there, and waits at these interrupts. Raises what the chain raises."""
        async with self.chain.builds.lease(self.key) as runnable:
            graph = graph_of(with_checkpoints(runnable, self.checkpoints) if self.checkpoints else runnable)
            return graph is not None and await asks_in(graph, self._thread(run_id), interrupt_ids)

    @property
    def is_structured(self) -> bool:
        """Whether the answer is asked for as JSON."""
        form = orjson.loads(self.key.params).get("response_format")
        return form is not None and form.get("type") != "text"

    @property
    def checkpoints(self) -> Saver | None:
        """Where the graph's state is while it waits; None where the graph keeps it itself."""
        return None if self.chain.has_memory else self.chain.checkpoints

    async def release(self, run_id: str) -> None:
        """Forget what was kept for going on."""
        await self.chain.checkpoints.adelete_thread(run_id)

    async def _drive(
        self,
        run_id: str,
        trace: RunTrace,
        handler: AsyncIteratorCallbackHandler,
        given: Any,
        *,
        resumed: bool,
    ) -> Any:
        async with self.chain.builds.lease(self.key) as runnable:
            with tapped(handler) as taps:
                handler.follower = trace.follower
                config = self._config(run_id, handler, taps)
                graph = graph_of(runnable)
                if graph is None:
                    return await runnable.ainvoke(given, config)
                if needs_checkpoints(graph):
                    ours = with_checkpoints(runnable, self.chain.checkpoints)
                    return await ours.ainvoke(given, config, durability="exit", **self._context())
                if has_memory(graph) and not resumed:
                    given = await only_new(graph, given, config)
                return await runnable.ainvoke(given, config, **self._context())

    def _config(self, run_id: str, handler: BaseCallbackHandler, taps: Mapping[str, Any]) -> RunnableConfig:
        config = self._thread(run_id)
        config["callbacks"] = [handler]
        config["run_name"] = self.chain.name
        config["configurable"] |= taps
        if self.config.recursion_limit is not None:
            config["recursion_limit"] = self.config.recursion_limit
        return config

    def _thread(self, run_id: str) -> RunnableConfig:
        thread = {"thread_id": self._own_thread or run_id} if self.chain.is_graph else {}
        return RunnableConfig(configurable={**self.config.configurable, **thread})

    @property
    def _own_thread(self) -> str | None:
        """Where a graph with a memory keeps this thread: owners have no thread in common."""
        if self.thread_id is None or not self.chain.has_memory:
            return None
        return f"{self.owner}/{self.thread_id}" if self.owner else self.thread_id

    def _context(self) -> dict[str, Any]:
        return {} if self.config.context is None else {"context": self.config.context}


class Chain:
    """`checkpoints` are for graphs that have none of their own, so that they can wait for a person. What
    `can_outlive` its process goes on in another, if its state was kept."""

    def __init__(
        self,
        source: ChainSource,
        runnable: AnyRunnable,
        builds: ChainBuilds,
        takes: Takes,
        checkpoints: Saver,
    ) -> None:
        graph = graph_of(runnable)
        self.name = source.name
        self.description = source.description or inspect.cleandoc(source.module.__doc__ or "")
        self.examples: list[str] = [str(example) for example in getattr(source.module, "EXAMPLES", ())]
        self.answer_steps = _answer_steps_of(source)
        self.redact = _redact_of(source)
        self.takes_model = takes.model is not None
        self.takes_config = takes.config is not None
        self.is_graph = graph is not None
        self.can_wait = graph is not None and (has_memory(graph) or needs_checkpoints(graph))
        self.has_memory = graph is not None and has_memory(graph)
        self.can_outlive = self.can_wait and graph is not None and not forgets(graph)
        self.context_schema: Any = None if graph is None else graph.context_schema
        self.input_schema = input_schema_of(runnable)
        self.takes_conversation = takes_conversation(self.input_schema)
        self._input_type = input_type_of(runnable)
        self._tools = tools_of(runnable)
        self.tools = [
            ToolInfo(tool.name, tool.description, tool_schema_of(tool)) for tool in self._tools.values()
        ]
        self.builds = builds
        self.checkpoints = checkpoints

    def call(
        self,
        *,
        given: Any,
        system: str | None,
        model: str | None,
        params: Mapping[str, Any],
        thread_id: str | None,
        config: CallConfig,
        owner: str = "",
        before: Sequence[Mapping[str, Any]] = (),
        fallbacks: Sequence[str] | None = None,
    ) -> Call:
        """Check what a client gives, `before` being what was said in its thread; raises RequestErrors."""
        return Call(
            chain=self,
            key=BuildKey.of(model, params, config.configurable if self.takes_config else {}, fallbacks),
            input=self._input(chain_input(given, system, self.input_schema, self._unremembered(before))),
            owner=owner,
            thread_id=thread_id,
            config=self._checked(config),
        )

    def check_decisions(self, approval: Approval, decisions: Sequence[Decision]) -> None:
        """Raises Unprocessable where an edited call is none that the tool takes."""
        for request, decision in zip(approval.requests, decisions, strict=False):
            if decision.type == "edit" and decision.args is not None:
                self._check_arguments(decision.name or request["name"], decision.args)

    def _check_arguments(self, name: str, args: Mapping[str, Any]) -> None:
        schema = self._tools[name].tool_call_schema if name in self._tools else None
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            try:
                schema.model_validate(args)
            except ValidationError as error:
                message = f"{name!r} does not take these arguments: {_told(error)}."
                raise Unprocessable("invalid_arguments", message) from error

    def _input(self, given: Any) -> Any:
        if self._input_type is not None:
            try:
                _check(self._input_type, given)
            except ValidationError as error:
                message = f"input is not what the chain {self.name!r} takes: {_told(error)}."
                raise Unprocessable("invalid_input", message) from error
        return given

    def _unremembered(self, before: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return () if self.has_memory else before

    def thread_of(self, thread_id: str | None, configurable: Mapping[str, Any]) -> str | None:
        """The thread that a client names in either way; raises InvalidRequest."""
        named = configurable.get("thread_id")
        if named is not None and thread_id not in (None, named):
            message = "`thread_id` and `config.configurable.thread_id` name two threads; leave one out."
            raise InvalidRequest("two_threads", message)
        thread = thread_id if named is None else str(named)
        if thread is not None and not _THREAD_ID.fullmatch(thread):
            message = "A thread_id has 1 to 128 letters, digits, or _ . : @ -"
            raise InvalidRequest("bad_thread_id", message)
        if not self.has_memory and CHECKPOINT_KEYS & configurable.keys():
            message = (
                f"The chain {self.name!r} has no checkpointer of its own, and so no checkpoints to name."
            )
            raise InvalidRequest("no_checkpoints", message)
        return thread

    def _checked(self, config: CallConfig) -> CallConfig:
        if internal := [name for name in config.configurable if name.startswith("__")]:
            message = f"config.configurable has {internal[0]!r}: names with __ are LangGraph's own."
            raise InvalidRequest("bad_config", message)
        if config.context is None:
            return config
        if self.context_schema is None:
            raise InvalidRequest("no_context", f"The chain {self.name!r} takes no context.")
        try:
            _check(self.context_schema, config.context)
        except ValidationError as error:
            message = f"config.context is not what the chain {self.name!r} takes: {_told(error)}."
            raise Unprocessable("invalid_context", message) from error
        return config


def _check(declared: Any, given: Any) -> None:
    """Raises ValidationError for what a TypedDict, dataclass or pydantic model does not take."""
    try:
        adapter = TypeAdapter(declared)
    except PydanticUserError:
        return  # typing's own TypedDict before Python 3.12, of which pydantic knows nothing
    adapter.validate_python(given)


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    return f"{where + ': ' if where else ''}{said[:1].lower()}{said[1:]}"


def _answer_steps_of(source: ChainSource) -> frozenset[str] | None:
    steps = getattr(source.module, "ANSWER_STEPS", None)
    if steps is None:
        return None
    if isinstance(steps, str) or not all(isinstance(step, str) for step in steps):
        message = f"ANSWER_STEPS of the chain {source.name!r} must be a list of the names of its steps."
        raise StartError("chain_broken", message)
    return frozenset(steps)


def _redact_of(source: ChainSource) -> frozenset[str]:
    """The names of the rules for all that its runs show."""
    given = getattr(source.module, "REDACT", "")
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, Collection) or not all(isinstance(name, str) for name in names):
        message = f'REDACT of the chain {source.name!r} must name rules, as in "secrets,email".'
        raise StartError("chain_broken", message)
    return frozenset(name.strip() for name in names if name.strip())

"""Chains for AG-UI's client: one that thinks between its calls, and one that binds what its client can do."""

from collections.abc import AsyncIterator
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from tests.served_chains import NumberedModel, gated


class ThinkingModel(BaseChatModel):
    """Thinks, says a word, thinks on and calls two tools at once; after their results it answers."""

    @property
    def _llm_type(self) -> str:
        return "thinking"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        results = [str(message.content) for message in messages if isinstance(message, ToolMessage)]
        if results:
            yield _said(" and ".join(results))
            return
        yield _thought("Let me ")
        yield _thought("see.")
        yield _said("Looking. ")
        yield _thought("Twice.")
        for piece in ('{"word"', ': "%s"}'):
            for index, word in enumerate(("sun", "moon")):
                yield _called(index, piece % word if "%" in piece else piece)


def _said(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _thought(text: str) -> ChatGenerationChunk:
    message = AIMessageChunk(content="", additional_kwargs={"reasoning_content": text})
    return ChatGenerationChunk(message=message)


def _called(index: int, args: str) -> ChatGenerationChunk:
    is_first = args.startswith("{")
    call = {
        "name": "look_up" if is_first else None,
        "args": args,
        "id": f"look{index}" if is_first else None,
        "index": index,
        "type": "tool_call_chunk",
    }
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))


@tool
def look_up(word: str) -> dict[str, str]:
    """Look a word up."""
    return {"found": word}


thinker = create_agent(ThinkingModel(), [look_up])
careful = create_agent(
    NumberedModel(), [gated], middleware=[HumanInTheLoopMiddleware(interrupt_on={"gated": True})]
)


def _ask_twice(state: MessagesState) -> dict[str, Any]:
    """Of one task, one question after the other."""
    return {"messages": [("ai", f"{interrupt('first?')}, then {interrupt('second?')}")]}


asking_twice = StateGraph(MessagesState).add_node("ask", _ask_twice).add_edge(START, "ask").compile()


class ClientsModel(BaseChatModel):
    """Calls the first of the tools that it was bound to, and answers with the result that comes back."""

    bound: tuple[Any, ...] = ()

    @property
    def _llm_type(self) -> str:
        return "clients"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return ClientsModel(bound=tuple(tools))

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            calls = [call for each in messages if isinstance(each, AIMessage) for call in each.tool_calls]
            yield _said(f"{len(messages)} messages, {len(calls)} call: {last.content}")
            return
        name = self.bound[0]["function"]["name"] if self.bound else "nothing"
        call = {"name": name, "args": "{}", "id": "front1", "index": 0, "type": "tool_call_chunk"}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))


def clients_tools(config: RunnableConfig) -> Runnable[Any, Any]:
    """A chain whose model may call what the page of its client can do."""
    sent = config.get("configurable", {}).get("ag_ui", {})
    return ClientsModel().bind_tools(sent.get("tools", []))

"""What of a conversation a model is given: its last turns that fit into the model's window, by LangChain's
own trimming.

System messages at the start stay. What follows begins with a person's message, and no tool's result comes
without the call that asked for it. Where the last turn alone is too long, as an agent's may become within one
run, its question and its latest calls stay; a question that is too long by itself is left to the provider.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import takewhile
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool

UNKNOWN_WINDOW = 32_000  # tokens, for models that LangChain has no profile of
ROOM = 3 / 4  # of the window: the rest is for the answer, and for tokens being counted by their usual length


def room_of(model: BaseChatModel) -> int:
    """So many tokens, as they are counted here, the model may be given."""
    window = (model.profile or {}).get("max_input_tokens") or UNKNOWN_WINDOW
    return int(window * ROOM)


def trimmed(messages: Sequence[BaseMessage], room: int) -> list[BaseMessage]:
    """The messages, without the oldest turns where all of them do not fit into so many tokens."""
    system = list(takewhile(lambda message: isinstance(message, SystemMessage), messages))
    turns, left = list(messages[len(system) :]), room - _size(system)
    return [*system, *(_latest(turns, left, "human") or _shortened(turns, left))]


def trimming(model: BaseChatModel) -> Runnable[Any, Any]:
    """A part of a chain between its prompt and its model."""
    room = room_of(model)

    def trim(prompt: PromptValue) -> list[BaseMessage]:
        return trimmed(prompt.to_messages(), room)

    async def atrim(prompt: PromptValue) -> list[BaseMessage]:
        return trim(prompt)  # without a thread

    return RunnableLambda(trim, atrim).with_config(tags=["langsmith:hidden"])


class Trimming(AgentMiddleware[Any, Any, Any]):
    """The same for agents, at each call of the model; what the graph keeps is left whole."""

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        return handler(_fitting(request))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        return await handler(_fitting(request))


def _fitting(request: ModelRequest[Any]) -> ModelRequest[Any]:
    system = [request.system_message] if request.system_message else []
    messages: Any = trimmed(
        [*system, *request.messages], room_of(request.model) - _size_of_tools(request.tools)
    )
    kept: list[AnyMessage] = messages[len(system) :]
    return request if len(kept) == len(request.messages) else request.override(messages=kept)


def _latest(messages: Sequence[BaseMessage], room: int, start_on: str) -> list[BaseMessage]:
    return trim_messages(messages, max_tokens=max(room, 0), token_counter=_size, start_on=start_on)


def _shortened(turns: list[BaseMessage], room: int) -> list[BaseMessage]:
    """The last turn's question, and as many of the latest calls as fit, with their results: at least one."""
    asked = max((at for at, message in enumerate(turns) if isinstance(message, HumanMessage)), default=-1)
    question, rest = turns[max(asked, 0) : asked + 1], turns[asked + 1 :]
    return [*question, *(_latest(rest, room - _size(question), "ai") or _from_last_answer(rest))]


def _from_last_answer(messages: list[BaseMessage]) -> list[BaseMessage]:
    answers = [at for at, message in enumerate(messages) if message.type == "ai"]
    return messages[answers[-1] if answers else 0 :]


def _size(messages: Sequence[BaseMessage]) -> int:
    return count_tokens_approximately(messages)


def _size_of_tools(tools: Sequence[BaseTool | dict[str, Any]]) -> int:
    return count_tokens_approximately([], tools=list(tools))

"""What of a conversation the model sees, where its window is too small for all of it."""

from collections.abc import Sequence
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import tool

from chains import agent, chat
from chains._window import ROOM, UNKNOWN_WINDOW, Trimming, room_of, trimmed
from tests.chains.recording import RecordingModel, window

LONG = "word " * 40  # 50 tokens and what a message has besides


def turns(count: int) -> list[BaseMessage]:
    return [message for n in range(count) for message in (HumanMessage(f"q{n} {LONG}"), AIMessage(f"a{n}"))]


def orphans(messages: Sequence[BaseMessage]) -> list[str]:
    """Results without the call that asked for them."""
    called: set[str | None] = set()
    for message in messages:
        called |= {call["id"] for call in message.tool_calls} if isinstance(message, AIMessage) else set()
    results = [message.tool_call_id for message in messages if isinstance(message, ToolMessage)]
    return [result for result in results if result not in called]


@pytest.mark.parametrize("chain", [chat, agent])
async def test_a_long_conversation_is_given_from_a_question_on_that_fits_the_models_window(
    chain: Any,
) -> None:
    model = window(2_000)
    given = [*turns(100), HumanMessage("the last question")]
    await chain.build(model).ainvoke({"messages": given})
    (seen,) = model.seen
    assert (seen[0].type, seen[0].content) == ("system", chain.SYSTEM)
    assert seen[1].type == "human" and seen[1:] == given[-len(seen) + 1 :]
    assert 10 < len(seen) < 100
    assert count_tokens_approximately(seen) <= 2_000


@pytest.mark.parametrize("chain", [chat, agent])
async def test_a_conversation_that_fits_is_given_whole(chain: Any) -> None:
    model = window(100_000)
    given = [*turns(100), HumanMessage("the last question")]
    await chain.build(model).ainvoke({"messages": given})
    assert model.seen[0][1:] == given


async def test_the_system_text_of_a_request_stays_too() -> None:
    model = window(1_000)
    given = [SystemMessage("Answer in Latin."), *turns(100), HumanMessage("the last question")]
    await chat.build(model).ainvoke({"messages": given})
    (seen,) = model.seen
    assert [message.content for message in seen[:2]] == [chat.SYSTEM, "Answer in Latin."]
    assert seen[2].type == "human" and seen[-1].content == "the last question"


async def test_trimming_holds_within_one_run_of_an_agent_and_leaves_no_result_without_its_call() -> None:
    @tool
    def look(n: int) -> str:
        """Look up something long."""
        return f"r{n} {LONG}"

    def say(messages: Sequence[BaseMessage]) -> str | AIMessage:
        n = max((int(str(m.content)[1:].split()[0]) for m in messages if m.type == "tool"), default=-1) + 1
        if n == 30:
            return "that is all"
        calls = [{"name": "look", "args": {"n": n}, "id": f"c{n}.{twin}"} for twin in "ab"]
        return AIMessage("", tool_calls=calls)

    model = window(1_000, say)
    running = create_agent(model, [look], system_prompt="Look.", middleware=[Trimming()])
    given: Any = {"messages": [*turns(3), HumanMessage("look thirty times")]}
    result = await running.ainvoke(given, {"recursion_limit": 100})
    assert result["messages"][-1].content == "that is all"
    assert len(result["messages"]) == 7 + 30 * 3 + 1  # the graph keeps all of it
    assert len(model.seen) == 31
    for seen in model.seen:
        assert count_tokens_approximately(seen) <= 1_000
        assert [message.type for message in seen[:2]] == ["system", "human"]
        assert "look thirty times" in [message.content for message in seen]
        assert orphans(seen) == []
    assert [message.content for message in model.seen[-1][-2:]] == [f"r29 {LONG}"] * 2


def test_a_question_and_a_result_that_are_too_long_by_themselves_are_left_to_the_provider() -> None:
    call = AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "c"}])
    conversation = [*turns(2), HumanMessage(LONG * 10), call, ToolMessage(LONG * 10, tool_call_id="c")]
    assert trimmed(conversation, 100) == conversation[-3:]
    assert trimmed(conversation[:5], 100) == conversation[4:5]
    assert trimmed([], 100) == []


def test_a_model_that_langchain_has_no_profile_of_is_taken_for_a_usual_one() -> None:
    assert room_of(RecordingModel()) == UNKNOWN_WINDOW * ROOM
    assert room_of(RecordingModel(profile={})) == UNKNOWN_WINDOW * ROOM
    assert room_of(window(8_000)) == 6_000

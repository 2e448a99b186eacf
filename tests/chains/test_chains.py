"""The shipped chains on the offline model, and the slow tool's progress."""

import importlib
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.tools import ToolException

from chains import agent, chat
from chains._calculator import calculator
from chains._clock import current_time
from chains._survey import survey_tool
from chains._units import convert_units
from service.chain_schemas import input_schema_of
from service.offline import OfflineChatModel

MODEL = OfflineChatModel(tokens_per_second=0)


@pytest.mark.parametrize("name", ["agent", "chat", "docs", "extract", "summarize"])
def test_a_chain_describes_itself_and_shows_examples(name: str) -> None:
    module = importlib.import_module(f"chains.{name}")
    assert module.__doc__
    assert all(isinstance(example, str) for example in module.EXAMPLES) and module.EXAMPLES
    wanted = "text" if name == "extract" else "messages"
    assert wanted in input_schema_of(module.build(MODEL))["properties"]


@pytest.mark.parametrize("prompt", agent.EXAMPLES)
def test_each_example_of_the_agent_makes_the_model_call_tools(prompt: str) -> None:
    answer = MODEL.bind_tools([calculator, current_time, convert_units, survey_tool(0)]).invoke(prompt)
    assert answer.tool_calls


def test_chat_streams_its_answer() -> None:
    chunks = list(chat.build(MODEL).stream({"messages": [("user", "tell me a story about a knight")]}))
    assert len(chunks) > 50
    assert "knight" in "".join(str(chunk.content) for chunk in chunks)


@pytest.mark.anyio
async def test_the_agent_calls_two_tools_and_cites_both_results() -> None:
    prompt = "What is 37*43, and what time is it in Tokyo?"
    messages = (await agent.build(MODEL).ainvoke({"messages": [("user", prompt)]}))["messages"]
    results = [message for message in messages if isinstance(message, ToolMessage)]
    assert [result.name for result in results] == ["calculator", "current_time"]
    assert isinstance(messages[-1], AIMessage)
    assert "1591" in str(messages[-1].content) and "Asia/Tokyo" in str(messages[-1].content)


@pytest.mark.anyio
async def test_the_agent_tells_of_a_failed_tool() -> None:
    messages = (await agent.build(MODEL).ainvoke({"messages": [("user", "What is 9**9**9?")]}))["messages"]
    assert "The tool calculator failed" in str(messages[-1].content)


@pytest.mark.anyio
async def test_the_agents_model_streams_inside_it() -> None:
    stream = agent.build(MODEL).astream({"messages": [("user", "What is 6*7?")]}, stream_mode="messages")
    chunks = [chunk async for chunk, _ in stream if isinstance(chunk, AIMessageChunk)]
    assert any(chunk.tool_call_chunks for chunk in chunks)
    assert sum(bool(chunk.content) for chunk in chunks) > 5


@pytest.mark.anyio
async def test_the_survey_reports_each_step_when_it_is_done() -> None:
    events = survey_tool(0).astream_events({"topic": "tea", "steps": 3}, version="v2")
    told: list[Any] = [event["data"] async for event in events if event["event"] == "on_custom_event"]
    assert [(each["done"], each["total"]) for each in told] == [(1, 3), (2, 3), (3, 3)]


def test_the_survey_runs_in_a_thread_too() -> None:
    assert "3 of 3 steps" in survey_tool(0).invoke({"topic": "tea", "steps": 3})


@pytest.mark.parametrize(("topic", "steps"), [("", 3), ("tea", 0), ("tea", 21), ("t" * 201, 3)])
def test_a_survey_out_of_bounds_is_refused(topic: str, steps: int) -> None:
    tool = survey_tool(0)
    tool.handle_tool_error = False
    with pytest.raises(ToolException, match="A survey"):
        tool.invoke({"topic": topic, "steps": steps})

"""Agents by `create_agent`: the model's words, its calls, the tools' results, in the order they happened."""

import asyncio
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.types import Command

from service.events import MessageEnd, StepStart, Token, ToolCall, ToolEnd, ToolError, ToolStart
from tests.bridge.models import agent_model, call, calls, chat, last
from tests.bridge.stories import told_of

ASK: Any = {"messages": [("user", "hi")]}


@tool
async def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@tool
def add_in_thread(a: int, b: int) -> int:
    """Adds, in a thread."""
    return a + b


async def test_words_call_tool_and_answer_come_in_order() -> None:
    model = agent_model(
        ["Let me ", "see.", calls(call("add", '{"a": 2,')), calls(call("", '"b": 3}', id=None))], ["5", "!"]
    )
    story = await told_of(create_agent(model, [add]), ASK)
    assert story.names == [
        *["token", "token", "tool_call", "tool_call", "message_end"],
        *["tool_start", "tool_end"],
        *["token", "token", "message_end"],
    ]
    assert story.one(ToolStart).input == {"a": 2, "b": 3}
    assert story.one(ToolEnd).output == "5"
    told = [e for e in story.events if isinstance(e, ToolCall | ToolStart | ToolEnd)]
    assert {event.tool_call_id for event in told} == {"call_1"}
    assert [event.finish_reason for event in story.of(MessageEnd)] == ["tool_calls", "stop"]


async def test_a_sync_tool_in_its_thread_comes_between_the_same_tokens() -> None:
    model = agent_model([calls(call("add_in_thread", '{"a": 2, "b": 3}'))], ["5"])
    story = await told_of(create_agent(model, [add_in_thread]), ASK)
    assert story.names == ["tool_call", "message_end", "tool_start", "tool_end", "token", "message_end"]


async def test_a_model_that_a_tool_calls_with_its_config_writes_to_the_inner_channel() -> None:
    """LangChain gives tools the config of the node that calls them."""
    expert = chat("in", "ner", last())

    @tool
    async def ask_expert(a: int, config: RunnableConfig) -> str:
        """Asks."""
        return str((await expert.ainvoke("hi", config)).content)

    story = await told_of(
        create_agent(agent_model([calls(call("ask_expert", '{"a": 2}'))], ["5"]), [ask_expert]), ASK
    )
    assert (story.text("inner"), story.text("answer")) == ("inner", "5")
    assert story.one(ToolEnd).output == "inner"


async def test_the_agents_nodes_are_steps_and_its_tokens_know_theirs() -> None:
    model = agent_model([calls(call("add", '{"a": 2, "b": 3}'))], ["5"])
    story = await told_of(create_agent(model, [add]), ASK)
    steps = story.of(StepStart)
    assert [(step.name, step.parent) for step in steps] == [("model", None), ("tools", None), ("model", None)]
    assert story.one(ToolStart).step == steps[1].step
    assert story.one(Token).step == steps[2].step


async def test_tools_called_at_once_run_at_once_and_are_told_apart() -> None:
    both = asyncio.Barrier(2)

    @tool
    async def meet(name: str) -> str:
        """Waits for the other."""
        await both.wait()
        return name

    pieces = [call("meet", f'{{"name": "{n}"}}', id=n, index=i) for i, n in enumerate("ab")]
    story = await told_of(create_agent(agent_model([calls(*pieces)], ["ok"]), [meet]), ASK)
    assert [event.tool_call_id for event in story.of(ToolStart)] == ["a", "b"]
    assert {event.tool_call_id: event.output for event in story.of(ToolEnd)} == {"a": "a", "b": "b"}


async def test_a_burst_of_25000_tokens_arrives_whole_and_in_order() -> None:
    model = chat(*(f"run:{n};" for n in range(25_000)), last())
    story = await told_of(create_agent(model, []), ASK)
    assert story.text() == "".join(f"run:{n};" for n in range(25_000))


async def test_an_agent_in_a_tool_writes_to_the_inner_channel_and_does_not_end_the_iteration() -> None:
    helper = create_agent(agent_model([calls(call("add", '{"a": 1, "b": 1}', id="in"))], ["inner"]), [add])

    @tool
    async def ask_helper(question: str) -> str:
        """Asks another agent."""
        answer = await helper.ainvoke(ASK)
        return str(answer["messages"][-1].content)

    model = agent_model([calls(call("ask_helper", '{"question": "?"}', id="out"))], ["answer"])
    story = await told_of(create_agent(model, [ask_helper]), ASK)
    assert (story.text("inner"), story.text("answer")) == ("inner", "answer")
    tools = [(e.type, e.tool_call_id) for e in story.events if isinstance(e, ToolStart | ToolEnd)]
    assert tools == [("tool_start", "out"), ("tool_start", "in"), ("tool_end", "in"), ("tool_end", "out")]


async def test_a_sync_agent_in_a_sync_tool_is_told_from_its_thread() -> None:
    helper = create_agent(chat("in", "ner", last()), [])

    @tool
    def ask_helper(question: str) -> str:
        """Asks another agent."""
        return str(helper.invoke(ASK)["messages"][-1].content)

    model = agent_model([calls(call("ask_helper", '{"question": "?"}'))], ["answer"])
    story = await told_of(create_agent(model, [ask_helper]), ASK)
    assert (story.text("inner"), story.text("answer")) == ("inner", "answer")
    assert story.one(ToolEnd).output == "inner"


async def test_a_call_of_an_unknown_tool_is_told_as_not_run() -> None:
    model = agent_model([calls(call("nothing", "{}"))], ["sorry"])
    story = await told_of(create_agent(model, [add]), ASK)
    assert story.names == ["tool_call", "message_end", "tool_error", "token", "message_end"]
    error = story.one(ToolError)
    assert (error.code, error.tool_call_id, error.name) == ("not_run", "call_1", "nothing")


async def test_arguments_that_do_not_fit_are_told_once_and_the_agent_goes_on() -> None:
    model = agent_model([calls(call("add", '{"a": "x"}'))], ["sorry"])
    story = await told_of(create_agent(model, [add]), ASK)
    assert story.names == [
        *["tool_call", "message_end", "tool_start", "tool_error", "token", "message_end"],
    ]
    assert story.one(ToolError).code == "invalid_arguments"


async def test_a_tool_that_raises_ends_the_agent_with_its_error() -> None:
    @tool
    async def fail() -> str:
        """Fails."""
        raise ValueError("no")

    story = await told_of(create_agent(agent_model([calls(call("fail"))]), [fail]), ASK)
    assert story.names == ["tool_call", "message_end", "tool_start", "tool_error"]
    assert story.one(ToolError).message == "ValueError: no"
    assert isinstance(story.error, ValueError)


async def test_a_tool_may_answer_with_a_command() -> None:
    @tool(return_direct=False)
    async def remember(text: str, tool_call_id: str = "call_1") -> Any:
        """Updates the agent's state."""
        return Command(update={"messages": [ToolMessage("kept", tool_call_id=tool_call_id)]})

    model = agent_model([calls(call("remember", '{"text": "x"}'))], ["done"])
    story = await told_of(create_agent(model, [remember]), ASK)
    assert story.one(ToolEnd).output == "kept"


async def test_two_agents_at_once_with_two_handlers_do_not_mix() -> None:
    def agent(word: str) -> Any:
        return create_agent(agent_model([calls(call("add", '{"a": 1, "b": 1}'))], [word] * 50), [add])

    stories = await asyncio.gather(*(told_of(agent(word), ASK) for word in ("red ", "blue ")))
    assert [story.text() for story in stories] == ["red " * 50, "blue " * 50]


async def test_a_structured_answer_of_an_agent_is_told() -> None:
    schema = {"title": "Answer", "type": "object", "properties": {"n": {"type": "integer"}}}
    model = agent_model([calls(call("Answer", '{"n": 1}'))])
    agent = create_agent(model, [], response_format=schema)
    story = await told_of(agent, ASK)
    assert story.output["structured_response"] == {"n": 1}
    assert "".join(event.args_delta for event in story.of(ToolCall)) == '{"n": 1}'

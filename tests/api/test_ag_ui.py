"""/ag-ui: what becomes of a RunAgentInput, told by chains that show what they were given."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from typing_extensions import TypedDict

from tests.serving import Answer, Served, serving


class Asked(TypedDict):
    messages: list[Any]
    colour: str


def _show(given: Asked, config: RunnableConfig) -> str:
    told = [[each.type, each.content, getattr(each, "tool_calls", [])] for each in given["messages"]]
    sent = config.get("configurable", {}).get("ag_ui", {})
    return orjson.dumps({"messages": told, "colour": given.get("colour"), "sent": sent}).decode()


showing: Runnable[Any, Any] = RunnableLambda(_show).with_types(input_type=Asked)


def _describe(given: dict[str, Any]) -> str:
    return orjson.dumps(given).decode()


class Size(TypedDict):
    width: int
    height: int


# LangChain types it as a class, which a TypedDict is not.
measuring: Runnable[Any, Any] = RunnableLambda(_describe).with_types(input_type=Size)  # type: ignore[arg-type]

CHAINS = ("tests.api.test_ag_ui:showing", "tests.api.test_ag_ui:measuring", "tests.served_chains:silent")
HELLO = {"id": "u1", "role": "user", "content": "hello"}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(chains=CHAINS, rate_limit_enabled=False) as served:
        yield served


def post(served: Served, chain: str, **sent: Any) -> Answer:
    body = {"threadId": str(uuid4()), "runId": str(uuid4()), "messages": [HELLO], **sent}
    return served.post(f"/ag-ui/{chain}", orjson.dumps(body))


def shown(served: Served, chain: str = "showing", **sent: Any) -> Any:
    answer = post(served, chain, **{"state": {"colour": "red"}, **sent})
    assert answer.status == 200, answer.text
    return orjson.loads(orjson.loads(answer.text.strip().rpartition("data: ")[2])["result"])


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status, orjson.loads(answer.body)["code"]


def test_messages_of_every_role_are_given_as_langchain_has_them(served: Served) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    messages = [
        {"id": "1", "role": "system", "content": "Be brief."},
        {"id": "2", "role": "developer", "content": "Very."},
        {"id": "3", "role": "user", "content": [{"type": "text", "text": "add"}]},
        {"id": "4", "role": "reasoning", "content": "hm"},
        {"id": "5", "role": "assistant", "toolCalls": [call]},
        {"id": "6", "role": "tool", "toolCallId": "c1", "content": "2"},
        {"id": "7", "role": "activity", "activityType": "x", "content": {}},
        {"id": "8", "role": "user", "content": "and?"},
    ]
    told = shown(served, messages=messages)["messages"]
    assert [(kind, content) for kind, content, _ in told] == [
        ("system", "Be brief."), ("system", "Very."), ("human", [{"type": "text", "text": "add"}]),
        ("ai", ""), ("tool", "2"), ("human", "and?"),
    ]  # fmt: skip
    assert told[3][2] == [{"name": "add", "args": {"a": 1}, "id": "c1", "type": "tool_call"}]


def test_what_a_failed_model_told_is_no_part_of_a_conversation(served: Served) -> None:
    superseded = {"metadata": {"superseded": True}}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{"}, **superseded}
    messages = [
        HELLO,
        {"id": "x.m1", "role": "assistant", "content": "Half an ans", "toolCalls": [call], **superseded},
        {"id": "x.m2", "role": "assistant", "toolCalls": [call]},
        {"id": "x.m3", "role": "assistant", "content": "A whole answer."},
        {"id": "u2", "role": "user", "content": "and?"},
    ]
    told = shown(served, messages=messages)["messages"]
    assert told == [["human", "hello", []], ["ai", "A whole answer.", []], ["human", "and?", []]]


def test_a_call_that_has_run_is_part_of_it_by_whatever_id(served: Served) -> None:
    superseded = {"metadata": {"superseded": True}}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}, **superseded}
    messages = [
        {"id": "x.m1", "role": "assistant", "content": "Half an ans", "toolCalls": [call], **superseded},
        {"id": "x.tool.c1", "role": "tool", "toolCallId": "c1", "content": "2"},
        {"id": "u2", "role": "user", "content": "and?"},
    ]
    told = shown(served, messages=messages)["messages"]
    assert [(kind, content, len(calls)) for kind, content, calls in told] == [
        ("ai", "", 1), ("tool", "2", 0), ("human", "and?", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "source", "block"),
    [
        ("image", {"type": "url", "value": "http://x/y"}, {"type": "image", "url": "http://x/y"}),
        (
            "audio",
            {"type": "data", "value": "AA==", "mimeType": "audio/wav"},
            {"type": "audio", "base64": "AA==", "mime_type": "audio/wav"},
        ),
        ("video", {"type": "file", "value": "f1"}, {"type": "video", "file_id": "f1"}),
        (
            "document",
            {"type": "url", "value": "u", "mimeType": "text/plain"},
            {"type": "file", "url": "u", "mime_type": "text/plain"},
        ),
    ],
)
def test_parts_of_a_message_become_content_blocks(
    served: Served, kind: str, source: dict[str, str], block: dict[str, str]
) -> None:
    message = {**HELLO, "content": [{"type": kind, "source": source}]}
    assert shown(served, messages=[message])["messages"][0][1] == [block]


def test_context_is_told_before_the_messages_and_state_fills_what_the_chain_takes(served: Served) -> None:
    context = [{"description": "The page", "value": "cart"}]
    props = {"system": "Be kind.", "own": [1]}
    told = shown(served, context=context, forwardedProps=props, state={"colour": "blue", "other": 1})
    assert told["messages"][0][:2] == ["system", "Be kind.\nThe page: cart"]
    assert told["colour"] == "blue"
    assert told["sent"] == {
        "state": {"colour": "blue", "other": 1}, "context": context, "forwarded_props": props,
    }  # fmt: skip


def test_a_chain_that_takes_no_messages_gets_the_state_or_the_last_text(served: Served) -> None:
    assert shown(served, "measuring", state={"width": 1, "height": 2}) == {"width": 1, "height": 2}
    answer = post(served, "silent")
    assert '"result":"said hello"' in answer.text


def test_what_the_client_forwards_is_the_runs(served: Served) -> None:
    answer = post(served, "silent", forwardedProps={"metadata": {"a": 1}, "theirs": "own"})
    run = orjson.loads(served.get(f"/runs/{answer.headers['x-run-id']}").body)
    assert run["metadata"].items() > {"a": 1}.items()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"runId": ""}, "runId"),
        ({"runId": "é"}, "runId"),
        ({"threadId": "a b"}, "threadId"),
        ({"threadId": None}, "threadId"),
        ({"messages": [{"id": "1", "role": "nobody", "content": "x"}]}, "nobody"),
        ({"messages": [{"id": "1", "role": "user"}]}, "content"),
        ({"forwardedProps": {"params": 7}}, "forwardedProps.params"),
        ({"forwardedProps": {"on_busy": "maybe"}}, "forwardedProps.on_busy"),
        ({"resume": [{"interruptId": "x", "status": "perhaps"}]}, "resume"),
    ],
)
def test_an_input_that_is_none_is_refused_with_the_field(
    served: Served, sent: dict[str, Any], said: str
) -> None:
    answer = post(served, "showing", **sent)
    assert problem(answer) == (422, "invalid_request")
    assert said in orjson.loads(answer.body)["detail"]


@pytest.mark.parametrize(
    "messages",
    [[], [{"id": "1", "role": "reasoning", "content": "hm"}], [{**HELLO, "role": "assistant", "toolCalls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]}]],
)  # fmt: skip
def test_a_conversation_that_no_model_could_take_is_refused(served: Served, messages: list[Any]) -> None:
    assert problem(post(served, "showing", messages=messages)) == (422, "invalid_input")


def test_hostile_texts_are_cleaned_and_depth_has_a_bound(served: Served) -> None:
    raw = orjson.dumps({"threadId": "t-h", "runId": "r", "messages": [HELLO]})
    lone = raw.replace(b"hello", rb"\ud800 a")
    assert '"result":"said \ufffd a"' in served.post("/ag-ui/silent", lone).text
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    assert problem(post(served, "showing", state=deep)) == (422, "invalid_request")


def test_an_input_of_another_thread_says_nothing_of_this_one(served: Served) -> None:
    first = post(served, "silent")
    message = {"id": f"{first.headers['x-run-id']}.m1", "role": "assistant", "content": "said hello"}
    told = shown(served, messages=[HELLO, message, {**HELLO, "id": "u2"}])
    assert [kind for kind, *_ in told["messages"]] == ["human", "ai", "human"]  # as the client has it

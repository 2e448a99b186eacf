"""OpenAI's SDK for Python on /v1/responses: streams that resume anywhere, the background, cancelling."""

import json
from random import Random
from typing import Any

import pytest
from openai import APIStatusError, BadRequestError, ConflictError, InternalServerError, NotFoundError, OpenAI
from pydantic import BaseModel

from tests.clients.asking import ARGUMENTS, EVERY_MODEL, MODEL, RESPONSE_TOOLS
from tests.fake_provider import FakeProvider
from tests.providers.asking import once
from tests.served_chains import GATES
from tests.serving import Served


def events_of(stream: Any) -> list[dict[str, Any]]:
    return [event.to_dict() for event in stream]


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_a_model_answers_whole_and_streamed(client: OpenAI, model: str) -> None:
    whole = client.responses.create(model=model, input="tokens=3", instructions="Be brief.")
    assert (whole.output_text, whole.status) == ("t1 t2 t3 ", "completed")
    assert whole.usage and (whole.usage.input_tokens, whole.usage.output_tokens) == (9, 3)
    with client.responses.stream(model=model, input="tokens=3") as stream:
        told = stream.get_final_response()
    assert (told.output_text, told.model) == ("t1 t2 t3 ", model)


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (MODEL, "tokens=5 reason=2"),
        (MODEL, "tools=2"),
        (MODEL, "tokens=3 error=2"),
        ("agent@offline:demo", "What is 37*43, and what time is it in Tokyo?"),
        ("numbered_agent", "tool=gated tokens=3"),
    ],
)
def test_from_any_number_the_rest_is_that_of_the_uncut_run(client: OpenAI, model: str, asked: str) -> None:
    tools = RESPONSE_TOOLS if "tools" in asked else []
    uncut = events_of(client.responses.create(model=model, input=asked, tools=tools, stream=True))
    numbers = [event["sequence_number"] for event in uncut]
    assert numbers == sorted(set(numbers))
    response_id = uncut[0]["response"]["id"]
    random = Random(asked)
    for number in {*random.sample(numbers, min(6, len(numbers))), numbers[-1]}:
        rest = client.responses.retrieve(response_id, stream=True, starting_after=number)
        assert events_of(rest) == [each for each in uncut if each["sequence_number"] > number]
    assert events_of(client.responses.retrieve(response_id, stream=True)) == uncut
    with client.responses.stream(response_id=response_id, starting_after=numbers[3]) as stream:
        assert [event.sequence_number for event in stream] == numbers[4:]


def test_a_stream_that_is_cut_while_it_runs_is_resumed_to_its_end(client: OpenAI, gate: str) -> None:
    asked = f"tokens=30 hold=10 gate={gate}"
    seen: list[Any] = []
    with client.responses.create(model="numbered", input=asked, stream=True, background=True) as stream:
        for event in stream:
            seen.append(event.to_dict())
            if len(seen) == 7:
                break
    GATES[gate].open()
    response_id, after = seen[0]["response"]["id"], seen[-1]["sequence_number"]
    seen += events_of(client.responses.retrieve(response_id, stream=True, starting_after=after))
    assert seen == events_of(client.responses.retrieve(response_id, stream=True))
    assert seen[-1]["type"] == "response.completed"
    assert client.responses.retrieve(response_id).to_dict() == seen[-1]["response"]


def test_in_the_background_it_goes_on_and_can_be_cancelled_and_deleted(client: OpenAI, gate: str) -> None:
    asked = f"tokens=3 hold=2 gate={gate}"
    begun = client.responses.create(model="numbered", input=asked, background=True, metadata={"ticket": "7"})
    assert begun.status in ("queued", "in_progress") and begun.metadata == {"ticket": "7"}
    assert GATES[gate].reached.wait(20)
    assert client.responses.retrieve(begun.id).status == "in_progress"
    with pytest.raises(ConflictError):
        client.responses.delete(begun.id)
    cancelled = client.responses.cancel(begun.id)
    assert (cancelled.status, cancelled.output_text) == ("cancelled", "run:1; ")
    assert client.responses.cancel(begun.id).status == "cancelled"
    client.responses.delete(begun.id)
    with pytest.raises(NotFoundError):
        client.responses.retrieve(begun.id)


def test_calls_are_the_clients_and_their_results_go_back(client: OpenAI) -> None:
    asked: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": "tools=2 tokens=2"}]}]
    with client.responses.stream(model=MODEL, input=asked, tools=RESPONSE_TOOLS) as stream:
        response = stream.get_final_response()
    calls = [item for item in response.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [("calculate", ARGUMENTS)] * 2
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "2"} for call in calls]
    again: list[Any] = [*asked, *(item.to_dict() for item in response.output), *results]
    assert client.responses.create(model=MODEL, input=again, tools=RESPONSE_TOOLS).output_text == "t1 t2 "


def test_thoughts_are_items_of_their_own(client: OpenAI) -> None:
    thought, answer = client.responses.create(model=MODEL, input="tokens=1 reason=2").output
    assert thought.type == "reasoning" and thought.summary[0].text == "r1 r2 "
    assert answer.type == "message"


def test_every_parameter_reaches_a_provider_that_takes_it(client: OpenAI, provider: FakeProvider) -> None:
    prompt = once("tokens=1")
    client.responses.create(
        model=MODEL,
        input=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "input_text", "text": prompt},
                {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "low"},
            ]},
        ],
        temperature=0.5, top_p=0.25, max_output_tokens=5, tools=RESPONSE_TOOLS, user="ann",
        tool_choice={"type": "function", "name": "calculate"}, parallel_tool_calls=False,
        reasoning={"effort": "low"},
        text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}},
    )  # fmt: skip
    (call,) = provider.calls_of(prompt)
    assert (
        call.body
        | {
            "temperature": 0.5,
            "top_p": 0.25,
            "max_completion_tokens": 5,
            "user": "ann",
            "tool_choice": {"type": "function", "function": {"name": "calculate"}},
            "parallel_tool_calls": False,
            "reasoning_effort": "low",
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
            },
        }
        == call.body
    )
    image = {"url": "https://example.org/a.png", "detail": "low"}
    assert {"type": "image_url", "image_url": image} in call.body["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"truncation": "auto"}, "truncation"),
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input.0"),
        ({"model": "agent", "tools": RESPONSE_TOOLS}, "tools"),
    ],
)
def test_what_is_not_taken_is_refused_by_its_name(client: OpenAI, given: dict[str, Any], param: str) -> None:
    wanted: dict[str, Any] = {"model": MODEL, "input": "hi", **given}
    with pytest.raises(BadRequestError) as refused:
        client.responses.create(**wanted)
    assert refused.value.param == param


def test_a_failure_is_an_error_before_the_first_word_and_an_event_after_it(client: OpenAI) -> None:
    for stream in (False, True):
        with pytest.raises(InternalServerError) as raised:
            client.responses.create(model=MODEL, input="fail=500", stream=stream)
        assert raised.value.code == "provider_error"
    *_, last = client.responses.create(model=MODEL, input="tokens=3 error=2", stream=True)
    assert last.type == "response.failed"
    assert last.response.error and last.response.error.message.startswith("The provider broke")
    assert last.response.output_text == "t1 t2 "


def test_an_answer_that_was_cut_short_is_incomplete(client: OpenAI) -> None:
    response = client.responses.create(model="offline:demo", input="Tell me a story", max_output_tokens=3)
    assert response.status == "incomplete"
    assert response.incomplete_details and response.incomplete_details.reason == "max_output_tokens"


def test_who_leaves_closes_the_providers_connection(client: OpenAI, provider: FakeProvider) -> None:
    prompt = once("tokens=5 stall=2")
    with client.responses.create(model=MODEL, input=prompt, stream=True) as stream:
        next(stream)
    assert provider.calls_of(prompt)[0].left.wait(20)


class Person(BaseModel):
    name: str
    age: int


def test_a_schema_is_answered_with_a_value_of_it(client: OpenAI) -> None:
    response = client.responses.parse(
        model="offline:demo", input="Ann Lee is 34 years old.", text_format=Person
    )
    assert response.output_parsed == Person(name="Ann Lee", age=34)


def test_any_run_is_a_response_and_no_other_id_is(client: OpenAI, service: Served) -> None:
    run = json.loads(service.post("/runs/wait", b'{"chain": "numbered", "input": "tokens=2"}').body)
    assert client.responses.retrieve(f"resp_{run['run_id']}").output_text == "run:1; run:2; "
    for nothing in ("resp_nothing", f"resp_{'0' * 26}"):
        with pytest.raises(NotFoundError):
            client.responses.retrieve(nothing)
    with pytest.raises(APIStatusError):
        client.responses.retrieve(f"resp_{run['run_id']}", stream=True, starting_after=-1)

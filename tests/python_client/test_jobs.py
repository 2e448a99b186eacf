"""Jobs through SaaSLLMClient, of a real service: calls whole, streamed, cut off, structured; costs."""

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Literal
from uuid import uuid4

import anyio
import orjson
import pytest
from chainstream_client import (
    BudgetExhausted,
    CallFailed,
    Conflict,
    Message,
    NotFound,
    Retry,
    SaaSLLMClient,
    ServiceFailed,
    StreamChunk,
    StreamTruncated,
)
from chainstream_client.jobs import completions, job_answers, job_calls
from pydantic import BaseModel

from service.api import job_bodies, job_views
from service.jobs import costs
from service.wire.completion import ChatCompletion
from tests.access.secured import SHARED, Secured, secured
from tests.amounts import CUTS
from tests.fake_provider import FakeProvider, fake_provider
from tests.page.wire import Wire, wired_to
from tests.providers.asking import MODELS, at
from tests.python_client.chunk_frames import RUN_ID, frame
from tests.python_client.shapes import fields_of, shape_of

GROUP = "chat-fast"
FIRST, SECOND = MODELS["openai"], MODELS["groq"]
AT_ONCE = Retry(longest=0)
FAIL_AFTER = 20  # seconds


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def service(provider: FakeProvider) -> Iterator[Secured]:
    """With a group of the offline model, and one of a model that may fail, with a fallback."""
    usual = {"provider_max_retries": 0, "breaker_failures": 100_000}
    those = {name: value for name, value in at(provider).items() if name.startswith(("openai", "groq"))}
    with secured(offline=False, model="offline:demo", **usual, **those) as service:
        _post(service, "/admin/teams", team_id="red", credits=1000)
        _post(service, "/admin/teams", team_id="poor", credits=0)
        _post(service, "/admin/model-groups", name="remote", model=FIRST, fallbacks=[])
        _post(service, "/admin/model-groups", name="backed", model=FIRST, fallbacks=[SECOND])
        yield service


def _post(service: Secured, path: str, **body: object) -> None:
    answer = service.ask("POST", path, SHARED, body)
    assert answer.status == 201, answer.text


@pytest.fixture(scope="module")
def key(service: Secured) -> str:
    key: str = service.give(name="red", team="red")["key"]
    return key


@pytest.fixture
async def client(service: Secured, key: str) -> AsyncIterator[SaaSLLMClient]:
    with anyio.fail_after(FAIL_AFTER):
        async with SaaSLLMClient(service.served.url, key, "red") as client:
            yield client


def asked(prompt: str) -> list[Message]:
    return [Message(role="user", content=prompt)]


def counted(count: int) -> str:
    return "".join(f"t{number} " for number in range(1, count + 1))


async def test_a_job_is_created_called_and_completed_with_what_it_came_to(client: SaaSLLMClient) -> None:
    job_id = await client.create_job("analysis", {"file": "a.pdf"}, user_id="ann")
    assert client.current_job_id == job_id
    whole = await client.chat(GROUP, asked("Repeat: one"), temperature=0.2, purpose="first")
    assert "one" in whole.text and whole.choices[0].message["role"] == "assistant" and whole.usage
    chunks = [
        chunk async for chunk in client.chat_stream(GROUP, [{"role": "user", "content": "Repeat: two"}])
    ]
    assert "two" in "".join(chunk.text for chunk in chunks) and chunks[-1].choices[0].finish_reason == "stop"
    job = await client.get_job()
    assert (job.status, job.user_id, job.metadata) == ("in_progress", "ann", {"file": "a.pdf"})
    done = await client.complete_job(result={"pages": 2}, metadata={"ok": True})
    assert (done.job_id, done.status) == (job_id, "completed")
    assert [call.purpose for call in done.calls] == ["first", None]
    assert (done.costs.total_calls, done.costs.failed_calls, done.costs.credit_applied) == (2, 0, True)
    assert client.current_job_id is None
    assert await client.complete_job(job_id) == done
    with pytest.raises(Conflict, match="job_over"):
        await client.chat(GROUP, asked("more"), job_id=job_id)


async def test_without_a_job_there_is_nothing_to_call_for(client: SaaSLLMClient) -> None:
    with pytest.raises(ValueError, match="no current job"):
        await client.chat(GROUP, asked("hi"))
    with pytest.raises(ValueError, match="no current job"):
        await client.complete_job()


async def test_a_job_that_is_named_is_not_the_current_one(client: SaaSLLMClient) -> None:
    other = await client.create_job("first")
    current = await client.create_job("second")
    await client.chat(GROUP, asked("hi"), job_id=other)
    assert (await client.complete_job(other)).costs.total_calls == 1
    assert client.current_job_id == current
    assert (await client.complete_job(status="failed", error_message="no")).costs.total_calls == 0


async def test_what_the_service_refuses_is_an_error_of_its_kind(
    service: Secured, client: SaaSLLMClient
) -> None:
    with pytest.raises(NotFound, match="job_not_found"):
        await client.get_job("01m7ygjx2s21ccc2xxsq49fvwm")
    await client.create_job("any")
    with pytest.raises(NotFound, match="model_group_not_found"):
        await client.chat("nothing", asked("hi"))
    with pytest.raises(NotFound, match="model_group_not_found"):
        _ = [chunk async for chunk in client.chat_stream("nothing", asked("hi"))]
    poor = service.give(name="poor", team="poor")["key"]
    async with SaaSLLMClient(service.served.url, poor, "poor") as other:
        with pytest.raises(BudgetExhausted, match="no_credits"):
            await other.create_job("any")
        with pytest.raises(NotFound, match="team_not_found"):
            await SaaSLLMClient.create_job(_of(other, "red"), "any")


def _of(client: SaaSLLMClient, team_id: str) -> SaaSLLMClient:
    client.team_id = team_id
    return client


async def test_a_call_that_fails_is_made_once_and_told_with_its_code(
    client: SaaSLLMClient, provider: FakeProvider
) -> None:
    await client.create_job("failing")
    whole, streamed = (f"{kind} {uuid4().hex} tokens=4 error=2" for kind in ("whole", "streamed"))
    with pytest.raises(ServiceFailed) as refused:
        await client.chat("remote", asked(whole))
    with pytest.raises(CallFailed) as failed:
        _ = [chunk async for chunk in client.chat_stream("remote", asked(streamed))]
    assert refused.value.code == failed.value.code
    assert len(provider.calls_of(whole)) == len(provider.calls_of(streamed)) == 1
    done = await client.complete_job()
    assert (done.costs.failed_calls, done.costs.credit_applied) == (2, False)
    assert [call.error and call.error.code for call in done.calls] == [failed.value.code] * 2


async def test_a_stream_that_is_closed_early_leaves_its_call_to_go_on(client: SaaSLLMClient) -> None:
    await client.create_job("left")
    async with aclosing(client.chat_stream(GROUP, asked("hi"))) as chunks:
        assert (await anext(chunks)).choices[0].delta["role"] == "assistant"
    assert (await client.complete_job()).costs.successful_calls == 1


# --- cut off -----------------------------------------------------------------------------------------------


@pytest.fixture
def wire(service: Secured) -> Iterator[Wire]:
    with wired_to(service.served.port) as wire:
        yield wire


@pytest.fixture
async def cut(wire: Wire, key: str) -> AsyncIterator[SaaSLLMClient]:
    async with SaaSLLMClient(wire.url, key, "red", retry=AT_ONCE) as client:
        await client.create_job("cut")
        yield client
        wire.cut()  # what is kept alive, so that no cut of this test is left


async def read(client: SaaSLLMClient, prompt: str, key: str) -> list[StreamChunk]:
    wanted = {"include_usage": True}
    stream = client.chat_stream("remote", asked(prompt), stream_options=wanted, idempotency_key=key)
    return [chunk async for chunk in stream]


async def test_a_stream_cut_at_random_bytes_is_the_uncut_one_and_one_call(
    cut: SaaSLLMClient, wire: Wire, provider: FakeProvider
) -> None:
    chosen = random.Random(7)
    prompt = f"{uuid4().hex} tokens=20 reason=3"
    before = wire.passed
    await read(cut, prompt, uuid4().hex)
    length, cuts = wire.passed - before, 0
    while cuts < CUTS // 2:
        prompt, key = f"{uuid4().hex} tokens=20 reason=3", uuid4().hex
        number = chosen.randint(1, 4)
        wire.cut()
        wire.cut_next_after(*(chosen.randrange(length // number) for _ in range(number)))
        with anyio.fail_after(FAIL_AFTER):
            chunks = await read(cut, prompt, key)
        assert wire.cuts_to_come == 0
        assert "".join(chunk.text for chunk in chunks) == counted(20)
        assert chunks == await read(cut, prompt, key)
        assert len(provider.calls_of(prompt)) == 1
        cuts += number


async def test_an_answer_that_is_cut_off_is_asked_for_again_and_not_made_again(
    cut: SaaSLLMClient, wire: Wire, provider: FakeProvider
) -> None:
    prompt = f"{uuid4().hex} tokens=3"
    wire.cut()
    wire.cut_next_after(0, 100, 400)
    assert (await cut.chat("remote", asked(prompt))).text == counted(3)
    assert len(provider.calls_of(prompt)) == 1 and wire.cuts_to_come == 0


async def test_a_stream_that_stays_cut_is_truncated(cut: SaaSLLMClient, wire: Wire) -> None:
    wire.cut()
    wire.cut_next_after(1500, *[0] * 20)
    with pytest.raises(StreamTruncated) as raised:
        await read(cut, f"{uuid4().hex} tokens=50", uuid4().hex)
    assert raised.value.cursor and raised.value.run_id


# --- structured --------------------------------------------------------------------------------------------


class Person(BaseModel):
    """A person."""

    name: str
    age: int
    mood: Literal["glad", "sad"]


TOLD = "Ann is 42 years old."


async def test_an_answer_is_an_instance_of_the_model(client: SaaSLLMClient) -> None:
    await client.create_job("extraction")
    person = await client.structured_output(GROUP, asked(TOLD), Person, purpose="extract")
    assert type(person) is Person and person.age == 42
    shown = [each async for each in client.structured_output_stream(GROUP, asked(TOLD), Person)]
    assert shown[-1] == person and type(shown[-1]) is Person
    assert all(isinstance(each, Person) for each in shown) and shown[0].mood is None
    done = await client.complete_job(result=person.model_dump())
    assert [call.purpose for call in done.calls] == ["extract", None]


async def test_what_a_failed_model_wrote_is_no_part_of_what_its_fallback_writes(
    client: SaaSLLMClient, provider: FakeProvider
) -> None:
    await client.create_job("backed")
    prompt = f"{uuid4().hex} tokens=5 {FIRST.partition(':')[2]}/error=3"
    chunks = [chunk async for chunk in client.chat_stream("backed", asked(prompt))]
    at_restart = next(number for number, chunk in enumerate(chunks) if chunk.restart)
    assert "".join(chunk.text for chunk in chunks[:at_restart]) == counted(3)
    assert "".join(chunk.text for chunk in chunks[at_restart + 1 :]) == counted(5)


async def test_a_structured_stream_begins_anew_with_the_fallback(cut: SaaSLLMClient, wire: Wire) -> None:
    frames = [
        frame(1, {"content": '{"name": "Bob'}),
        frame(2, {"content": "[Restarted]"}, restart={"discard_from": 1}),
        frame(3, {"content": '{"name": "Ann", "age": 42, "mood": "sad"}'}),
        f"id: {RUN_ID}.1.4\ndata: [DONE]\n\n",
    ]
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    wire.cut()
    wire.answer_next((head + "".join(frames)).encode())
    shown = [each async for each in cut.structured_output_stream(GROUP, asked(TOLD), Person)]
    assert [each.name for each in shown] == ["Bob", "Ann", "Ann"]
    assert shown[-1] == Person(name="Ann", age=42, mood="sad")


# --- as the service has it ---------------------------------------------------------------------------------

ANSWERS = {
    "NewJob": job_views.NewJob,
    "Job": job_views.Job,
    "JobCompletion": job_views.JobCompletion,
    "CallError": costs.CallError,
    "JobCall": costs.JobCall,
    "JobCosts": costs.JobCosts,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_about_jobs_has_the_fields_of_the_service_s(name: str) -> None:
    assert shape_of(getattr(job_answers, name)) == shape_of(ANSWERS[name])


def test_a_call_takes_all_that_the_service_takes_of_it() -> None:
    taken = fields_of(job_bodies.JobCallBody).keys() - {"messages", "model_group", "stream"}
    assert fields_of(job_calls.CallOptions).keys() - {"job_id", "idempotency_key"} == taken


def test_a_completion_has_the_fields_of_the_service_s() -> None:
    assert fields_of(completions.ChatCompletionResponse).keys() == fields_of(ChatCompletion).keys()


async def test_text_in_another_language_and_a_long_one_come_whole(client: SaaSLLMClient) -> None:
    await client.create_job("long")
    text = "🦜\u2028é " * 2000
    answer = await client.chat(GROUP, asked(f"Repeat: {text}"))
    chunks = [chunk async for chunk in client.chat_stream(GROUP, asked(f"Repeat: {text}"))]
    assert "".join(chunk.text for chunk in chunks) == answer.text
    assert orjson.dumps(answer.text)

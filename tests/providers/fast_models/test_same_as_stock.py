"""Whatever a provider answers, a fast model asks and tells what the stock one does, errors included."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from langchain_core.messages import AIMessageChunk
from openai import APIConnectionError, APITimeoutError

from tests.providers.fast_models.chunks import CALLS, HEAD, ROLE, STOP, TEXT, chunk
from tests.providers.fast_models.models import BRANDS, PATHS, Brand, Way, message_of, model_of
from tests.providers.fast_models.scripted_provider import (
    END,
    Hangup,
    Reply,
    Silence,
    chunked,
    frame,
    provider_of,
    status,
    stream,
)
from tests.providers.fast_models.scripted_provider import (
    HEAD as OK,
)

AGAIN = b"retry-after-ms: 1"
LINE = json.dumps(chunk({"content": "a"})).encode()
SAID = frame(LINE)
DONE = [frame(b"[DONE]"), END]
FRAMES = b"data: %b\n\ndata: %b\n\ndata: [DONE]\n\n" % (LINE, LINE.replace(b'"a"', b'"b"'))
LOGPROBS = {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}], "refusal": None}


@dataclass(frozen=True, kw_only=True)
class Case:
    """`timeout` in seconds; `fails`, where the stock model raises, so that equal accidents are none."""

    script: Sequence[Reply]
    fails: bool = False
    timeout: float = 10
    retries: int = 0


CASES = {
    "text and usage": Case(script=[stream(*TEXT)]),
    "parallel tool calls in pieces": Case(script=[stream(*CALLS)]),
    "reasoning": Case(
        script=[stream(ROLE, chunk({"reasoning_content": "hm", "reasoning": "hm"}), *TEXT[1:])]
    ),
    "cut at the bound": Case(script=[stream(ROLE, chunk({"content": "a"}, "length"))]),
    "a role that is new": Case(script=[stream(chunk({"role": "critic", "content": "a"}), STOP)]),
    "fields that are new": Case(
        script=[stream(chunk({"content": "a", "mood": "calm"}, weather="fair"), STOP)]
    ),
    "logprobs": Case(
        script=[stream(HEAD | {"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": LOGPROBS}]})]
    ),
    "a refusal": Case(
        script=[stream(chunk({"role": "assistant", "refusal": "no"}), chunk({}, "content_filter"))]
    ),
    "no [DONE]": Case(script=[[OK, SAID, END]]),
    "comments": Case(script=[[OK, chunked(b": wait\n\n"), SAID, chunked(b":\n\n"), SAID, *DONE]]),
    "other line ends": Case(script=[[OK, chunked(b"data: %b\r\n\r\n" % LINE), SAID, *DONE]]),
    "a comment before data": Case(script=[[OK, chunked(b": wait\ndata: %b\n\n" % LINE), SAID, *DONE]]),
    "no space": Case(script=[[OK, chunked(b"data:%b\n\n" % LINE), *DONE]]),
    "a name of an event": Case(script=[[OK, SAID, chunked(b"id: 7\ndata: %b\n\n" % LINE), SAID, *DONE]]),
    "data of two lines": Case(script=[[OK, chunked(b"data: {\ndata: %b\n\n" % LINE[1:]), SAID, *DONE]]),
    "blank lines": Case(script=[[OK, chunked(b"\n\n\n"), SAID, chunked(b"\n"), SAID, *DONE]]),
    "byte by byte": Case(script=[[OK, *(chunked(bytes([byte])) for byte in FRAMES), END]]),
    "all at once": Case(script=[[OK, chunked(FRAMES), END]]),
    "half a pair of surrogates": Case(
        script=[[OK, SAID, frame(LINE.replace(b'"a"', b'"\\ud83d"')), SAID, *DONE]]
    ),
    "nothing": Case(script=[[OK, END]], fails=True),
    "nothing but [DONE]": Case(script=[stream()], fails=True),
    "400": Case(script=[status(400, {"message": "bad"})], fails=True),
    "400, too long": Case(
        script=[status(400, {"message": "long", "code": "context_length_exceeded"})], fails=True
    ),
    "401": Case(script=[status(401, {"message": "who?"})], fails=True),
    "404": Case(script=[status(404, {"message": "where?"})], fails=True),
    "429 to the end": Case(script=[status(429, {"message": "slower"}, AGAIN)], retries=1, fails=True),
    "429, then text": Case(script=[status(429, {"message": "slower"}, AGAIN), stream(*TEXT)], retries=1),
    "500 to the end": Case(script=[status(500, {"message": "oh"}, AGAIN)], retries=1, fails=True),
    "500, then text": Case(script=[status(500, {"message": "oh"}, AGAIN), stream(*TEXT)], retries=1),
    "an error in the stream": Case(
        script=[[OK, SAID, frame({"error": {"message": "oh", "code": "server_error"}}), END]], fails=True
    ),
    "malformed JSON": Case(script=[[OK, SAID, frame(b"{no"), END]], fails=True),
    "a number for a chunk": Case(script=[[OK, SAID, frame(5), END]], fails=True),
    "an error after text in one piece": Case(
        script=[[OK, chunked(b'data: %b\n\ndata: {"error": {"message": "oh"}}\n\n' % LINE), END]], fails=True
    ),
    "a cut in the stream": Case(script=[[OK, SAID, Hangup()]], fails=True),
    "a cut in a frame": Case(script=[[OK, SAID, SAID[:30], Hangup()]], fails=True),
    "a cut before the answer": Case(script=[[Hangup()]], fails=True),
    "a cut, then text": Case(script=[[Hangup()], stream(*TEXT)], retries=1),
    "silence before the answer": Case(script=[[Silence()]], timeout=0.5, fails=True),
    "silence in the stream": Case(script=[[OK, SAID, Silence()]], timeout=0.5, fails=True),
}
VARYING = {"host", "idempotency-key", "connection"}


async def told(brand: Brand, way: Way, case: Case) -> dict[str, Any]:
    """What the provider was asked, and what came of it."""
    chunks: list[AIMessageChunk] = []
    failure = None
    options = {"timeout": case.timeout, "max_retries": case.retries}
    async with (
        provider_of(*case.script) as provider,
        model_of(brand, way, provider.url, **options) as model,
    ):
        with anyio.fail_after(20):
            try:
                async for each in model.astream("hi", stop=["."]):
                    chunks.append(each)  # noqa: PERF401 - some, should it fail
            except Exception as error:
                failure = (type(error), str(error))
        asked = [({k: v for k, v in head.items() if k not in VARYING}, body) for head, body in provider.asked]
    return {"asked": asked, "message": message_of(chunks), "failure": failure}


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("name", CASES)
async def test_a_fast_model_tells_what_the_stock_one_does(brand: Brand, name: str) -> None:
    case = CASES[name]
    stock = await told(brand, "stock", case)
    assert bool(stock["failure"]) == case.fails
    assert len(stock["asked"]) == 1 + case.retries
    assert stock["asked"][0][0][""].split()[1] == PATHS[brand]
    assert await told(brand, "dicts", case) == stock
    if brand != "groq":  # its SDK takes no such client
        assert await told(brand, "dicts over aiohttp", case) == stock


@pytest.mark.parametrize("brand", BRANDS)
async def test_the_words_calls_and_counts_are_those_that_were_sent(brand: Brand) -> None:
    text = (await told(brand, "dicts", CASES["text and usage"]))["message"]
    assert (text["content"], text["usage_metadata"]["total_tokens"]) == ("Hello ☃", 8)
    calls = (await told(brand, "dicts", CASES["parallel tool calls in pieces"]))["message"]["tool_calls"]
    assert [(call["name"], call["args"]) for call in calls] == [("look", {"at": 1}), ("see", {})]


@pytest.mark.parametrize("brand", BRANDS)
async def test_a_choice_without_a_delta_ends_the_answer(brand: Brand) -> None:
    """The SDK's objects make it None, over which ChatGroq falls and with which the others lose the reason."""
    case = Case(
        script=[stream(chunk({"content": "a"}), {"choices": [{"index": 0, "finish_reason": "stop"}]})]
    )
    message = (await told(brand, "dicts", case))["message"]
    assert (message["content"], message["response_metadata"]["finish_reason"]) == ("a", "stop")


@pytest.mark.parametrize("way", ["stock", "dicts", "dicts over aiohttp"])
async def test_a_refused_connection_is_no_time_out(way: Way) -> None:
    """The aiohttp transport takes it for one."""
    async with provider_of([END]) as gone:
        url = gone.url
    async with model_of("openai", way, url, max_retries=0) as model:
        with pytest.raises(APIConnectionError) as refused, anyio.fail_after(20):
            await model.ainvoke("hi")
    assert not isinstance(refused.value, APITimeoutError)

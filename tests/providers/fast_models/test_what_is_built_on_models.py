"""A fast model is used as any: with tools, structured outputs, retries, fallbacks, copied, not streaming."""

import copy
from typing import Any

import anyio
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from tests.providers.fast_models.chunks import CALLS, COUNTED, TEXT, chunk
from tests.providers.fast_models.models import BRANDS, Brand, model_of
from tests.providers.fast_models.scripted_provider import Reply, provider_of, status, stream, whole


class Place(BaseModel):
    """Where something is."""

    at: int


def look(at: int) -> str:
    """Look there."""
    return str(at)


PLACE_CALL = {
    "index": 0,
    "id": "c",
    "type": "function",
    "function": {"name": "Place", "arguments": '{"at":1}'},
}
PLACE = stream(chunk({"role": "assistant", "tool_calls": [PLACE_CALL]}), chunk({}, "tool_calls"))
PLACE_TEXT = stream(
    chunk({"role": "assistant", "content": '{"at":'}), chunk({"content": "1}"}), chunk({}, "stop")
)


def completion(text: str) -> dict[str, Any]:
    """An answer that does not stream."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m-2026"}
    return head | {"choices": [choice], "usage": COUNTED}


async def text_of(runnable: Runnable[Any, Any]) -> str:
    with anyio.fail_after(20):
        return "".join([chunk.text async for chunk in runnable.astream("hi")])


@pytest.mark.parametrize("brand", BRANDS)
async def test_bound_tools_are_sent_and_called(brand: Brand) -> None:
    async with provider_of(stream(*CALLS)) as provider, model_of(brand, "dicts", provider.url) as model:
        bound = model.bind_tools([look])
        with anyio.fail_after(20):
            pieces = [piece async for piece in bound.astream("hi")]
        assert [call["name"] for call in sum(pieces[1:], start=pieces[0]).tool_calls] == ["look", "see"]
        assert provider.asked[0][1]["tools"][0]["function"]["name"] == "look"


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # langchain-openai's, at its json_schema
@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
async def test_structured_outputs_are_read(brand: Brand, method: str) -> None:
    in_text = (
        whole(completion('{"at":1}')) if brand == "groq" else PLACE_TEXT
    )  # ChatGroq streams none of these
    answer: Reply = PLACE if method == "function_calling" else in_text
    async with provider_of(answer) as provider, model_of(brand, "dicts", provider.url) as model:
        structured = model.with_structured_output(Place, method=method)
        with anyio.fail_after(20):
            outputs = [each async for each in structured.astream("give JSON")]
        assert outputs[-1] == Place(at=1)
        assert ("response_format" in provider.asked[0][1]) == (method != "function_calling")


@pytest.mark.parametrize("brand", BRANDS)
async def test_copies_are_as_fast(brand: Brand) -> None:
    async with provider_of(stream(*TEXT)) as provider, model_of(brand, "dicts", provider.url) as model:
        for copied in (
            model.model_copy(),
            copy.copy(model),
            model.with_config(tags=["x"]),
            model.bind(stop=["."]),
        ):
            assert await text_of(copied) == "Hello ☃"
        # `async_client` is in no base of these models.
        assert copy.copy(model).async_client is model.async_client  # type: ignore[attr-defined]


@pytest.mark.parametrize("brand", BRANDS)
async def test_retries_and_fallbacks_see_the_providers_errors(brand: Brand) -> None:
    script = (status(401, {"message": "who?"}), stream(*TEXT))
    async with provider_of(*script) as provider, model_of(brand, "dicts", provider.url) as model:
        with anyio.fail_after(20):
            retried = model.bind(stream=True).with_retry(wait_exponential_jitter=False)
            assert (await retried.ainvoke("hi")).text == "Hello ☃"
    async with (
        provider_of(status(401, {"message": "who?"})) as failing,
        provider_of(stream(*TEXT)) as provider,
        model_of(brand, "dicts", failing.url) as first,
        model_of(brand, "dicts", provider.url) as second,
    ):
        assert await text_of(first.with_fallbacks([second])) == "Hello ☃"


@pytest.mark.parametrize("brand", BRANDS)
async def test_answers_that_do_not_stream_come_as_ever(brand: Brand) -> None:
    async with (
        provider_of(whole(completion("Hello ☃"))) as provider,
        model_of(brand, "dicts", provider.url) as model,
    ):
        with anyio.fail_after(20):
            answer = await model.ainvoke("hi")
            # `async_client` is in no base of these models.
            raw = await model.async_client.with_raw_response.create(messages=[], model="m")  # type: ignore[attr-defined]
        # Its usage is told.
        assert (answer.text, answer.usage_metadata["total_tokens"]) == ("Hello ☃", 8)  # type: ignore[index]
        assert raw.headers["content-type"] == "application/json"


@pytest.mark.parametrize("brand", BRANDS)
async def test_a_parameter_that_the_sdk_does_not_know_is_an_error_as_ever(brand: Brand) -> None:
    async with provider_of(stream(*TEXT)) as provider, model_of(brand, "dicts", provider.url) as model:
        with pytest.raises(TypeError, match="mood"), anyio.fail_after(20):
            await text_of(model.bind(mood="calm"))
        assert provider.asked == []


@pytest.mark.parametrize("brand", BRANDS)
async def test_what_is_extra_in_a_request_is_sent_beside_the_rest(brand: Brand) -> None:
    extra = {
        "extra_headers": {"x-a": "1"},
        "extra_query": {"q": "2"},
        "extra_body": {"mood": "calm"},
        "timeout": None,
    }
    async with provider_of(stream(*TEXT)) as provider:
        for way in ("stock", "dicts"):
            async with model_of(brand, way, provider.url) as model:
                assert await text_of(model.bind(**extra)) == "Hello ☃"
    (stock, stock_body), (head, body) = provider.asked
    assert (body["mood"], head["x-a"], head[""].split()[1].partition("?")[2]) == ("calm", "1", "q=2")
    varying = {"idempotency-key", "host"}
    assert ({k: v for k, v in stock.items() if k not in varying}, stock_body) == (
        {k: v for k, v in head.items() if k not in varying},
        body,
    )


async def test_the_responses_api_is_left_to_the_sdk() -> None:
    refusal = status(404, {"message": "no such route"})
    async with provider_of(refusal) as provider:
        async with model_of("openai", "dicts", provider.url, use_responses_api=True) as model:
            with pytest.raises(Exception, match="no such route"):
                await text_of(model)
    assert provider.asked[0][0][""].split()[1] == "/v1/responses"


def _is_fast(model: BaseChatModel) -> bool:
    # `async_client` is in no base of these models.
    return type(model.async_client).__module__ == "service.providers.fast_models"  # type: ignore[attr-defined]


@pytest.mark.parametrize("brand", BRANDS)
async def test_the_model_that_was_given_stays_as_it_was(brand: Brand) -> None:
    from service.providers.fast_models import fast

    async with model_of(brand, "stock", "http://127.0.0.1:9") as model:
        assert _is_fast(fast(model))
        assert not _is_fast(model)

"""Where an SDK or a LangChain class is not as expected, models stay as they are, and the log says so once."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGenerationChunk
from langchain_groq import ChatGroq
from langchain_openai import ChatOpenAI

from service.offline import OfflineChatModel
from service.providers.fast_models import fast
from tests.providers.fast_models.models import BRANDS, Brand, model_of


@pytest.fixture
async def model() -> AsyncIterator[BaseChatModel]:
    async with model_of("openai", "stock", "http://127.0.0.1:9") as model:
        yield model


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("brand", BRANDS)
async def test_the_installed_packages_are_as_expected(brand: Brand, caplog: pytest.LogCaptureFixture) -> None:
    """When this fails after an upgrade, service/fast_models.py has to learn what is new."""
    async with model_of(brand, "stock", "http://127.0.0.1:9") as model:
        assert fast(model) is not model
    assert warnings_of(caplog) == []


def test_classes_without_such_an_sdk_are_left_alone_silently(caplog: pytest.LogCaptureFixture) -> None:
    # Parameters by LangChain's aliases.
    for model in (OfflineChatModel(tokens_per_second=0), ChatAnthropic(model_name="m", api_key="k")):  # type: ignore[call-arg]
        assert fast(model) is model
    assert warnings_of(caplog) == []


async def test_a_model_without_the_resource_stays_stock(
    model: BaseChatModel, caplog: pytest.LogCaptureFixture
) -> None:
    changed = model.model_copy(update={"async_client": None})
    assert fast(changed) is changed
    [warning] = warnings_of(caplog)
    assert warning.startswith("ChatOpenAI streams the slow way")


async def test_a_client_whose_post_takes_other_parameters_stays_stock(
    model: BaseChatModel, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def post(path: str, *, returns: Any) -> None: ...

    # OpenAI's SDK, by no type of BaseChatModel.
    monkeypatch.setattr(model.async_client._client, "post", post)  # type: ignore[attr-defined]
    assert fast(model) is model
    assert len(warnings_of(caplog)) == 1


async def test_an_sdk_without_its_stream_class_stays_stock(
    model: BaseChatModel, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("openai.AsyncStream")
    assert fast(model) is model
    assert len(warnings_of(caplog)) == 1


def _loses_words(self: Any, chunk: Any, *args: Any) -> None:
    return None


def _wants_objects(self: Any, chunk: Any, *args: Any) -> ChatGenerationChunk:
    return chunk.to_generation_chunk()  # type: ignore[no-any-return]  # of no class: it fails


@pytest.mark.parametrize("convert", [_loses_words, _wants_objects])
async def test_a_class_that_reads_no_dicts_stays_stock(
    convert: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ChatOpenAI, "_convert_chunk_to_generation_chunk", convert)
    async with model_of("openai", "stock", "http://127.0.0.1:9") as model:
        assert fast(model) is model
    assert len(warnings_of(caplog)) == 1


async def test_a_class_that_streams_otherwise_stays_stock(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def _astream(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        async with self.async_client.events(*args, **kwargs) as events:
            async for event in events:
                yield event

    monkeypatch.setattr(ChatGroq, "_astream", _astream)
    async with model_of("groq", "stock", "http://127.0.0.1:9") as model:
        assert fast(model) is model
    assert len(warnings_of(caplog)) == 1

"""The client for jobs, which remembers the one it is at."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from re import sub
from typing import Any, Literal, Self, TypeVar

import httpx2
from pydantic import BaseModel
from typing_extensions import Unpack

from ..async_connection import AsyncConnection
from ..retry import Retry
from ..service_address import ServiceAddress
from . import job_calls
from .chunked import Chunked
from .completions import ChatCompletionResponse, StreamChunk
from .job_answers import Job, JobCompletion
from .job_calls import CallOptions, Messages
from .partial_models import PartialModel

Model = TypeVar("Model", bound=BaseModel)
CONNECT = 10.0  # seconds


class SaaSLLMClient:
    """Of a team, by its key. A job is created, models are called for it, and it is completed, which costs the
    team one credit where none of its calls failed.

    `timeout` bounds each wait for an answer, in seconds; a call whose answer is late, or was cut off, is
    asked for again, and not made again. Streams are to be read to their end, or closed
    (`contextlib.aclosing`).
    """

    def __init__(
        self,
        api_url: str,
        virtual_key: str,
        team_id: str,
        timeout: float = 120.0,
        *,
        retry: Retry | None = None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        address = ServiceAddress(api_url, virtual_key, httpx2.Timeout(timeout, connect=CONNECT))
        self._connection = AsyncConnection(address, retry or Retry(), http_client)
        self.team_id = team_id
        self.current_job_id: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._connection.aclose()

    # --- jobs ------------------------------------------------------------------------------------------

    async def create_job(
        self, job_type: str, metadata: Mapping[str, Any] | None = None, *, user_id: str | None = None
    ) -> str:
        """The id of a new job, which is the current one from here on."""
        made = await self._connection.ask(job_calls.create(self.team_id, job_type, user_id, metadata or {}))
        self.current_job_id = made.job_id
        return made.job_id

    async def get_job(self, job_id: str | None = None) -> Job:
        return await self._connection.ask(job_calls.find(self._job(job_id)))

    async def complete_job(
        self,
        job_id: str | None = None,
        status: Literal["completed", "failed"] = "completed",
        result: Any = None,
        metadata: Mapping[str, Any] | None = None,
        error_message: str | None = None,
    ) -> JobCompletion:
        """What the job came to. Asked again, it is the same."""
        chosen = self._job(job_id)
        ending = {"status": status, "result": result, "metadata": metadata, "error_message": error_message}
        completion = await self._connection.ask(job_calls.complete(chosen, **ending))
        if chosen == self.current_job_id:
            self.current_job_id = None
        return completion

    # --- calls -----------------------------------------------------------------------------------------

    async def chat(
        self, model_group: str, messages: Messages, **options: Unpack[CallOptions]
    ) -> ChatCompletionResponse:
        """The whole answer. Raises RefusedError where the call failed."""
        call = job_calls.call(self._job(options.get("job_id")), model_group, messages, options)
        return await self._connection.ask(call)

    async def chat_stream(
        self, model_group: str, messages: Messages, **options: Unpack[CallOptions]
    ) -> AsyncGenerator[StreamChunk, None]:
        """The answer in chunks, each once, also where the connection breaks. Raises CallFailed where the call
        fails on its way, and StreamTruncated where what is left cannot be had."""
        start = job_calls.stream(self._job(options.get("job_id")), model_group, messages, options)
        chunks = self._connection.read(Chunked(self._connection.retry, start))
        async with aclosing(chunks):
            async for chunk in chunks:
                if chunk is not None:
                    yield chunk

    async def structured_output(
        self,
        model_group: str,
        messages: Messages,
        response_model: type[Model],
        **options: Unpack[CallOptions],
    ) -> Model:
        """The answer as the model. Raises pydantic's ValidationError where it is none."""
        answer = await self.chat(model_group, messages, **_in_json(response_model, options))
        return response_model.model_validate_json(answer.text)

    async def structured_output_stream(
        self,
        model_group: str,
        messages: Messages,
        response_model: type[Model],
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[Model, None]:
        """The model as it fills: what has not come yet is None. The last one is whole, and was validated.
        Raises pydantic's ValidationError where the answer is none."""
        so_far = PartialModel(response_model)
        chunks = self.chat_stream(model_group, messages, **_in_json(response_model, options))
        async with aclosing(chunks):
            async for chunk in chunks:
                if chunk.restart is not None:
                    so_far = PartialModel(response_model)
                elif (made := so_far.add(chunk.text)) is not None:
                    yield made
        yield so_far.whole()

    def _job(self, job_id: str | None) -> str:
        chosen = job_id or self.current_job_id
        if chosen is None:
            raise ValueError("there is no current job: call create_job() first, or give a job_id")
        return chosen


def _in_json(model: type[BaseModel], options: CallOptions) -> CallOptions:
    """The options with the model's schema, of which the answer is to be."""
    name = sub(r"[^\w-]", "_", model.__name__)[:64]
    schema = {"name": name, "schema": model.model_json_schema()}
    return {**options, "response_format": {"type": "json_schema", "json_schema": schema}}

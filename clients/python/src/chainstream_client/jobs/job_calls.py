"""Pure: each request of a job, and the shape of its answer."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from typing_extensions import TypedDict

from ..calls import EVENT_STREAM, Call, Request, post
from .completions import ChatCompletionResponse, Message
from .job_answers import Job, JobCompletion, NewJob

Messages = Sequence[Message | Mapping[str, Any]]


class CallOptions(TypedDict, total=False):
    """Of a call of a job: OpenAI's parameters of a chat, as far as the model's provider has them; what the
    call is for (`purpose`), what is kept with it (`call_metadata`), and the job, if it is not the client's
    current one.

    `idempotency_key` names the call, so that it is made once however often it is sent; without one, a new one
    is made for each call.
    """

    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stop: str | list[str] | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: dict[str, float] | None
    reasoning_effort: str | None
    logprobs: bool | None
    top_logprobs: int | None
    user: str | None
    tools: list[dict[str, Any]] | None
    tool_choice: str | dict[str, Any] | None
    parallel_tool_calls: bool | None
    response_format: dict[str, Any] | None
    stream_options: dict[str, Any]
    n: int
    purpose: str | None
    call_metadata: dict[str, Any]
    job_id: str | None
    idempotency_key: str


def create(team_id: str, job_type: str, user_id: str | None, metadata: Mapping[str, Any]) -> Call[NewJob]:
    """Not repeatable: each is a job of its own."""
    body = {"team_id": team_id, "user_id": user_id, "job_type": job_type, "metadata": metadata}
    return Call(post("/api/jobs/create", body), NewJob, repeatable=False)


def find(job_id: str) -> Call[Job]:
    return Call(Request("GET", _job(job_id)), Job)


def call(
    job_id: str, model_group: str, messages: Messages, options: CallOptions
) -> Call[ChatCompletionResponse]:
    return Call(_calling(job_id, "llm-call", model_group, messages, options), ChatCompletionResponse)


def stream(job_id: str, model_group: str, messages: Messages, options: CallOptions) -> Request:
    return _calling(job_id, "llm-call-stream", model_group, messages, options, Accept=EVENT_STREAM)


def complete(job_id: str, **ending: Any) -> Call[JobCompletion]:
    """Repeatable: a job that is over stays as it was."""
    body = {name: value for name, value in ending.items() if value is not None}
    return Call(post(f"{_job(job_id)}/complete", body), JobCompletion)


def _calling(
    job_id: str, route: str, model_group: str, messages: Messages, options: CallOptions, **headers: str
) -> Request:
    given: dict[str, Any] = {**options}
    given.pop("job_id", None)
    key = given.pop("idempotency_key", None) or uuid4().hex
    body = {"model_group": model_group, "messages": messages, **given}
    return post(f"{_job(job_id)}/{route}", body, {"Idempotency-Key": key, **headers})


def _job(job_id: str) -> str:
    return f"/api/jobs/{quote(job_id, safe='')}"

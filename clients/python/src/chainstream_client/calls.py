"""Pure: each request that the client makes, and the shape of its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import uuid4

from pydantic import ValidationError
from pydantic_core import to_json

from .answers import ChainList, Run, RunPage, RunSummary, ThreadPage, ThreadWithRuns, ToolResult
from .cursor import Cursor
from .decisions import Decision
from .errors import ProtocolError
from .options import RunOptions
from .parts import Part

Answer = TypeVar("Answer", bound=Part)
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, below the service's address."""

    method: str
    path: str
    body: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """A request with the shape of its answer; `repeatable`: sent twice, it does no more than once."""

    request: Request
    shape: type[Answer]
    repeatable: bool = True

    def read(self, body: bytes) -> Answer:
        """The answer in a body. Raises ProtocolError."""
        try:
            return self.shape.model_validate_json(body)
        except ValidationError as error:
            path = self.request.path
            raise ProtocolError(f"the answer of {path} is no {self.shape.__name__}: {error}") from None


def start(input_: object, options: RunOptions) -> Call[RunSummary]:
    return Call(_starting("/runs", input_, options), RunSummary)


def start_and_stream(input_: object, options: RunOptions) -> Request:
    return _starting("/runs/stream", input_, options, Accept=EVENT_STREAM)


def events(run_id: str, cursor: Cursor) -> Request:
    """A run's events from a cursor on: such a request never starts a run."""
    last = {"Last-Event-ID": str(cursor)} if cursor.seq else {}
    return Request("GET", f"{_run(run_id)}/events", headers={"Accept": EVENT_STREAM, **last})


def run(run_id: str) -> Call[Run]:
    return Call(Request("GET", _run(run_id)), Run)


def runs(**filters: object) -> Call[RunPage]:
    return Call(Request("GET", "/runs", query=_given(filters)), RunPage)


def tool(run_id: str, tool_call_id: str) -> Call[ToolResult]:
    return Call(Request("GET", f"{_run(run_id)}/tools/{quote(tool_call_id, safe='')}"), ToolResult)


def cancel(run_id: str) -> Call[Run]:
    return Call(Request("POST", f"{_run(run_id)}/cancel"), Run)


def decide(run_id: str, interrupt_id: str, decisions: Decision | Sequence[Decision]) -> Call[Run]:
    """Not repeatable: that an answer was taken already is an error, of which nobody could tell whose it
    was."""
    each = decisions if isinstance(decisions, Sequence) else [decisions]
    given = [{name: value for name, value in decision if value is not None} for decision in each]
    path = f"{_run(run_id)}/approvals/{quote(interrupt_id, safe='')}"
    return Call(post(path, {"decisions": given}), Run, repeatable=False)


def chains() -> Call[ChainList]:
    return Call(Request("GET", "/chains"), ChainList)


def threads(**filters: object) -> Call[ThreadPage]:
    return Call(Request("GET", "/threads", query=_given(filters)), ThreadPage)


def thread(thread_id: str, *, all_branches: bool) -> Call[ThreadWithRuns]:
    query = {"all": "1"} if all_branches else {}
    return Call(Request("GET", f"/threads/{quote(thread_id, safe='')}", query=query), ThreadWithRuns)


def _starting(path: str, input_: object, options: RunOptions, **headers: str) -> Request:
    body: dict[str, Any] = {"input": input_, **options}
    key = body.pop("idempotency_key", None) or uuid4().hex
    return post(path, body, {"Idempotency-Key": key, **headers})


def post(path: str, body: object, headers: Mapping[str, str] | None = None) -> Request:
    encoded = to_json(body)
    return Request("POST", path, encoded, headers={"Content-Type": "application/json", **(headers or {})})


def _run(run_id: str) -> str:
    return f"/runs/{quote(run_id, safe='')}"


def _given(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}

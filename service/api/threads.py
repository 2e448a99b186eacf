"""/threads: begin, list, read, rename and delete conversations."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from typing_extensions import TypedDict
from ulid import ULID

from ..errors import InvalidRequest
from ..events import Status
from ..history.threads import StoredThread, Turn, branch
from ..values import encode_json, to_json
from .access import MayRead, MayRun, address_of
from .bodies import Clean, Metadata, ThreadId
from .json_answers import Json
from .run_views import root_of
from .services import ServicesOf

router = APIRouter(prefix="/threads", tags=["threads"])

Title = Annotated[str, Field(min_length=1, max_length=200, description="As lists show it."), Clean]


class NewThreadBody(BaseModel):
    """A conversation to begin. Without a title it gets one from its first message."""

    model_config = ConfigDict(extra="forbid")

    thread_id: ThreadId = None
    title: Title | None = None
    metadata: Metadata = Field(default_factory=dict)


class ThreadChangesBody(BaseModel):
    """What of a conversation is to be another; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    metadata: Metadata | None = None

    def values(self) -> dict[str, str]:
        """The columns that change. Raises InvalidRequest where there are none."""
        given = self.model_dump(exclude_none=True)
        if not given:
            raise InvalidRequest("nothing_to_change", "Send a `title`, `metadata`, or both.")
        return {name: value if name == "title" else _json(value) for name, value in given.items()}


class Thread(TypedDict):
    """A conversation. `updated_at` is when its last run began, or when it was begun itself."""

    thread_id: str
    title: str
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class ThreadPage(TypedDict):
    """Threads, the one that was used last first. `next` is the cursor of the next page, null on the last."""

    items: list[Thread]
    next: str | None


class ThreadRun(TypedDict):
    """A run as a part of its thread; `input` is what its request gave."""

    run_id: str
    parent_run_id: str | None
    status: Status
    chain: str
    model: str | None
    input: Any
    response: str
    created_at: datetime


class ThreadWithRuns(Thread):
    """A conversation and its runs, the first run first."""

    runs: list[ThreadRun]


@router.post("", status_code=201, summary="Begin a thread")
async def create_thread(
    services: ServicesOf, caller: MayRun, request: Request, body: NewThreadBody
) -> Json[Thread]:
    """A run with a `thread_id` that is new begins one as well."""
    thread_id = body.thread_id or str(ULID()).lower()
    now = datetime.now(UTC)
    thread = StoredThread(thread_id, body.title or "", _json(body.metadata), now, now)
    await services.history.create_thread(caller.owner, thread)
    return Json(_view(thread), 201, {"Location": f"{root_of(request)}/threads/{thread_id}"})


@router.get("", summary="List threads, the one that was used last first")
async def list_threads(
    services: ServicesOf,
    caller: MayRead,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> Json[ThreadPage]:
    """`next` is the cursor of the next page, null on the last."""
    found = await services.history.threads(caller.owner, after=_place(after), limit=limit + 1)
    more = _cursor(found[limit - 1]) if len(found) > limit else None
    return Json({"items": [_view(thread) for thread in found[:limit]], "next": more})


@router.get("/{thread_id}", summary="A thread with its runs")
async def get_thread(
    services: ServicesOf,
    caller: MayRead,
    thread_id: str,
    all_: Annotated[bool, Query(alias="all", description="Every branch, not only the latest.")] = False,
) -> Json[ThreadWithRuns]:
    """`runs` is the branch that leads to the latest run, the first run first; with `all`, the whole tree."""
    thread = await services.history.thread(caller.owner, thread_id)
    turns = await services.history.turns(caller.owner, thread_id)
    shown = turns if all_ or not turns else branch(turns, turns[-1].run_id)
    return Json({**_view(thread), "runs": [_turn_view(turn) for turn in shown]})


@router.patch("/{thread_id}", summary="Rename a thread, or change its metadata")
async def change_thread(
    services: ServicesOf, caller: MayRun, thread_id: str, body: ThreadChangesBody
) -> Json[Thread]:
    await services.history.change_thread(caller.owner, thread_id, body.values())
    return Json(_view(await services.history.thread(caller.owner, thread_id)))


@router.delete("/{thread_id}", status_code=204, summary="Delete a thread with its runs")
async def delete_thread(services: ServicesOf, caller: MayRun, request: Request, thread_id: str) -> Response:
    """What still runs in it is cancelled."""
    await services.runs.delete_thread(thread_id, caller)
    await services.gate.audit.write("thread_deleted", thread_id, caller, address_of(request))
    return Response(status_code=204)


def _view(thread: StoredThread) -> Thread:
    return {
        "thread_id": thread.thread_id,
        "title": thread.title,
        "metadata": orjson.loads(thread.metadata),
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
    }


def _turn_view(turn: Turn) -> ThreadRun:
    return {
        "run_id": turn.run_id,
        "parent_run_id": turn.parent_run_id,
        "status": turn.status,
        "chain": turn.chain,
        "model": turn.model,
        "input": orjson.loads(turn.request)["input"],
        "response": turn.response,
        "created_at": turn.created_at,
    }


def _cursor(thread: StoredThread) -> str:
    micros = (thread.updated_at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    return f"{micros}.{thread.thread_id}"


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    micros, _, thread_id = cursor.partition(".")
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(micros)), thread_id
    except (ValueError, OverflowError):
        message = "`after` is no cursor: give the `next` of the page before, or leave it out."
        raise InvalidRequest("bad_cursor", message) from None


def _json(value: Any) -> str:
    return encode_json(to_json(value)).decode()

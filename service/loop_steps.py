"""What the event loop's thread does at a moment, and whose it is: read from its frames, by another thread."""

import asyncio
import gc
import inspect
import os
import sys
import sysconfig
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from langchain_core.callbacks import manager
from langchain_core.tools import BaseTool

_HANDLING = frozenset({"handle_event", "_ahandle_event_for_handler"})
_CALLING = frozenset({"run", "arun", "_run", "_arun"})
_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_NOT_THE_CHAINS = (
    *(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    os.path.dirname(__file__) + os.sep,
    "<",  # frozen, or made from a string
)


@dataclass(slots=True)
class Watched:
    """What the tasks of a run inherit. Some outlive their run, so it lets go of the run."""

    run: Any


watched: ContextVar[Watched | None] = ContextVar("watched", default=None)


@dataclass(slots=True)
class Step:
    """What the loop's thread does, equal while it does it; without a name where there is nobody to name."""

    name: str | None = None
    task: "weakref.ref[asyncio.Task[Any]] | None" = None
    run: Watched | None = field(default=None, compare=False)
    since: float = field(default=0.0, compare=False)
    until: float = field(default=0.0, compare=False)
    seen: int = field(default=0, compare=False)


def step_of(loop: asyncio.AbstractEventLoop, thread: int) -> Step:
    """What this loop does now, in the thread of this ident."""
    task = asyncio.current_task(loop)
    if task is None:
        return Step()
    with _nothing_collected():
        frames = _frames(sys._current_frames().get(thread), getattr(task.get_coro(), "cr_frame", None))
        try:
            name = next(filter(None, map(_called, frames)), None) or _function(frames)
        except Exception:  # of the chain's own: a tool's name may be a property
            name = None
    return Step(name, weakref.ref(task), _run_of(task))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Before Python 3.12 any new object may begin a collection, those too that stand for frames. What is
    finalized then lets the loop's thread go on, and its frames be gone in the middle of being read: the
    process dies of it. For the same reason `sys._current_frames` collects nothing
    (https://github.com/python/cpython/issues/106883)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _frames(frame: FrameType | None, last: FrameType | None) -> list[FrameType]:
    """From the innermost to the task's own; none where that is not among them: the task was just left."""
    frames = []
    while frame is not None:
        frames.append(frame)
        if frame is last:
            return frames
        frame = frame.f_back
    return []


def _called(frame: FrameType) -> str | None:
    """The callback that LangChain calls in this frame, or the tool that runs in it."""
    code = frame.f_code
    if code.co_name in _HANDLING and code.co_filename == manager.__file__:
        handler, event = frame.f_locals.get("handler"), frame.f_locals.get("event_name")
        ours = type(handler).__module__.startswith(f"{__package__}.")  # which itself waits for nothing
        return None if handler is None or ours else f"{type(handler).__name__}.{event}"
    if code.co_name in _CALLING and code.co_varnames[:1] == ("self",):
        tool = frame.f_locals.get("self")
        return tool.name if isinstance(tool, BaseTool) else None
    return None


def _function(frames: list[FrameType]) -> str | None:
    """The innermost of the chain's own async functions, else what a library called of the chain's."""
    found = None
    for frame in frames:
        code = frame.f_code
        if not code.co_filename.startswith(_NOT_THE_CHAINS) and not code.co_name.startswith("<"):
            found = code.co_qualname.rpartition("<locals>.")[2]
        if found and code.co_flags & _ASYNC:
            break
    return found


def _run_of(task: "asyncio.Task[Any]") -> Watched | None:
    context: Context | None
    if sys.version_info >= (3, 12):
        context = task.get_context()
    else:  # which has it as the first thing that a task refers to, and no name for it
        context = next((found for found in gc.get_referents(task) if type(found) is Context), None)
    return context.get(watched) if context is not None else None

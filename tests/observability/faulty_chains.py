"""Chains that fail in the way that their input names, with a secret and the input in all that they say."""

import asyncio
import contextlib
import logging
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any, Never

import structlog
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from pydantic import BaseModel

SECRET = "canary-of-a-chain"  # noqa: S105
PLACE = "/srv/canary/path.py"
LIBRARY = logging.getLogger("a_library")


def said(text: str) -> str:
    """What an error might say, with a line of a log and of a stream in it."""
    return f'{SECRET}\n{{"event": "forged"}}\r\ndata: {text} {PLACE}\x1b[31m\u2028forged'


class Unwilling:
    """Cannot be shown, and not be freed in peace."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        raise ValueError(said(self.text))

    def __del__(self) -> None:
        raise ValueError(said(self.text))


class Strict(BaseModel):
    """Takes numbers alone."""

    number: int


class FailingHandler(AsyncCallbackHandler):
    """LangChain logs what a handler raises."""

    async def on_tool_start(self, serialized: dict[str, Any], input_str: str, **kwargs: Any) -> None:
        raise ValueError(said(input_str))


@tool
def failing_tool(text: str) -> str:
    """Fails, in its thread."""
    LIBRARY.error(f"the tool was given {text} and {SECRET}")
    raise ValueError(said(text))


@tool
async def calm_tool(text: str) -> str:
    """Does nothing."""
    return "nothing"


def chained(text: str) -> Never:
    try:
        raise KeyError(said(text))
    except KeyError as error:
        raise RuntimeError(said(text)) from error


def grouped(text: str) -> Never:
    raise ExceptionGroup(said(text), [OSError(2, said(text), PLACE), ValueError(said(text))])


def invalid(text: str) -> None:
    Strict(number=text)  # whose error quotes it


def logged(text: str) -> str:
    LIBRARY.warning("a prompt came: %s, %d times, from %r", text, 2, PLACE)
    LIBRARY.error(f"a prompt came: {text}", extra={"secret": SECRET, "asctime": text})
    LIBRARY.error("%(prompt)s was asked", {"prompt": text})
    LIBRARY.error("%d of %s", text)  # too few, and no number
    LIBRARY.critical(ValueError(said(text)))
    LIBRARY.error("what is this? %s", ValueError(said(text)))
    LIBRARY.warning(said(text))
    try:
        chained(text)
    except RuntimeError:
        LIBRARY.exception("it failed", stack_info=True)
    structlog.get_logger("a_library").error("it failed", prompt=text, secret=SECRET)
    structlog.get_logger().warning(said(text))
    with contextlib.suppress(Exception):
        LIBRARY.error("%r", Unwilling(text))
    return "logged"


def warned(text: str) -> str:
    warnings.warn(said(text), UserWarning, stacklevel=1)
    warnings.warn_explicit(said(text), RuntimeWarning, PLACE, 7)
    return "warned"


def in_a_thread(text: str) -> str:
    thread = threading.Thread(target=chained, args=(text,))
    thread.start()
    thread.join()
    return "ended"


async def forgotten(text: str) -> str:
    async def fail() -> None:
        chained(text)

    task = asyncio.create_task(fail())
    with contextlib.suppress(RuntimeError):
        await asyncio.wait({task})
    del task
    asyncio.get_running_loop().call_soon(chained, text)
    return "forgotten"


async def by_a_tool(text: str, config: RunnableConfig) -> str:
    return str(await failing_tool.ainvoke({"text": text}, config))


async def by_a_handler(text: str, config: RunnableConfig) -> str:
    return str(await calm_tool.ainvoke({"text": text}, {**config, "callbacks": [FailingHandler()]}))


def environment(text: str) -> Never:
    raise RuntimeError(str(dict(os.environ)))


WAYS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        *(chained, grouped, invalid, logged, warned, in_a_thread, forgotten, by_a_tool, by_a_handler),
        *(environment, Unwilling),
    )
}


async def _fail(text: str, config: RunnableConfig) -> Any:
    way = WAYS[text.split()[0]]
    if way in (forgotten, by_a_tool, by_a_handler):
        return await (way(text, config) if way is not forgotten else way(text))
    return way(text)


faulty: Runnable[Any, Any] = RunnableLambda(_fail)

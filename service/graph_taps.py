"""What LangGraph gives to writers and not to callbacks: stream-writer chunks, and the output deltas of tools.

A graph inside of another hands its chunks to the outer one's writer, at once and in the context of who wrote
them. So every chain is run as if inside of a graph whose writer is ours: then chunks stand exactly where they
were written, also those of graphs deep in a chain. Through `astream` they would come out of a queue, and so
after the end of a tool that wrote and returned. The names that this takes are LangGraph's own; where a
version has them no more, its chunks are not told.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from .bridge import Bridge
from .enclosing_run import enclosing_run

logger = logging.getLogger(__name__)

WRITER: Final = "stream_writer"
DELTA: Final = "output_delta"

try:
    from langgraph._internal._constants import CONFIG_KEY_RUNTIME, CONFIG_KEY_STREAM
    from langgraph.pregel._tools import _tool_call_writer
    from langgraph.pregel.protocol import StreamProtocol
    from langgraph.runtime import Runtime
except ImportError:  # pragma: no cover - no version that the requirements allow has been so yet
    TAPPED = False
else:
    TAPPED = True


@contextmanager
def tapped(bridge: Bridge) -> Iterator[dict[str, Any]]:
    """What to add to a chain's `configurable`; chains are to be run within this context."""
    if not TAPPED:
        logger.warning("this version of LangGraph keeps get_stream_writer() chunks to itself")
        yield {}
        return
    token = _tool_call_writer.set(_writer(bridge, DELTA))
    try:
        # No modes: the graph adds nothing to our stream, and so takes our writer.
        stream = StreamProtocol(lambda chunk: None, set())
        yield {
            CONFIG_KEY_STREAM: stream,
            CONFIG_KEY_RUNTIME: Runtime(stream_writer=_writer(bridge, WRITER)),
        }
    finally:
        _tool_call_writer.reset(token)


def _writer(bridge: Bridge, name: str) -> Callable[[Any], None]:
    def write(chunk: Any) -> None:
        bridge.tell_chunk(enclosing_run(), name, chunk)

    return write

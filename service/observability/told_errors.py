"""Exceptions as logs tell of them: their classes along the chain of causes, and where each was raised.

Never by what they say: messages hold prompts, keys, SQL with its parameters, and paths.
"""

from types import TracebackType

from ..errors import ChainstreamError
from ..provider_failures import causes_of

MOST = 8  # of a chain of causes, from the error itself on


def told_error(error: BaseException) -> str:
    """Its class, and the code that our own have: `NotFound chain_not_found`."""
    name = _name(type(error))
    return f"{name} {error.code}" if isinstance(error, ChainstreamError) else name


def told_causes(error: BaseException) -> list[str]:
    """The error and what led to it, each with its place: `httpx.ReadTimeout at httpx._client:send:914`."""
    told: list[str] = []
    for each in causes_of(error):
        place = _place(each.__traceback__)
        told.append(f"{told_error(each)} at {place}" if place else told_error(each))
        if isinstance(each, BaseExceptionGroup) and each.exceptions:
            told += told_causes(each.exceptions[0])
        if len(told) >= MOST:
            break
    return told[:MOST]


def _name(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _place(traceback: TracebackType | None) -> str:
    """Where it was raised, as `module:function:line`; empty for one that was never raised."""
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    module = str(frame.f_globals.get("__name__", "?")).rpartition("/")[2]
    return f"{module}:{frame.f_code.co_qualname}:{traceback.tb_lineno}"

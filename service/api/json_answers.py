"""Answers in JSON, each of the shape that its route's annotation names.

The type checker holds the route to it, and the OpenAPI document is made from it; while a request is answered,
nothing is checked or converted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from starlette.responses import Response

from ..values import encode_json

Shape = TypeVar("Shape")


class Json(Response, Generic[Shape]):
    """What a route hands over, as JSON. `Json[Run]` is a class, of which `shape` is `Run`: only what a route
    returns as a class of responses, which a generic alias is not, is left alone by FastAPI."""

    media_type = "application/json"
    shape: Any = None

    if not TYPE_CHECKING:

        def __class_getitem__(cls, shape: object) -> type:
            return type("Json", (cls,), {"shape": shape})

    def __init__(self, content: Shape, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(encode_json(content), status, headers)


@dataclass(frozen=True, slots=True)
class OrStream:
    """Stands beside a route's `Response`, which is JSON of this shape, or a stream where one is asked for."""

    shape: Any


def shape_of(endpoint: Callable[..., Any] | None) -> Any:
    """What a route's function says to hand over as JSON; None where it says nothing of it."""
    returned = getattr(endpoint, "__annotations__", {}).get("return")
    either = next(
        (each for each in getattr(returned, "__metadata__", ()) if isinstance(each, OrStream)), None
    )
    return getattr(either or returned, "shape", None)

"""What the fake provider was asked, and when whoever asked went away."""

import threading
from dataclasses import dataclass, field
from typing import Any

from .wire import Asked


@dataclass(kw_only=True)
class Call:
    """One request. `connection` counts connections: calls over the same one share its number. `body` is all
    that was asked, as it came.

    `left` is set once the client closed the connection before the answer's end, `left_at` says when, by
    time.monotonic; `ended` is set when the answer is out.
    """

    path: str
    asked: Asked
    connection: int
    body: dict[str, Any] = field(default_factory=dict)
    left: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    left_at: float = 0.0

"""A message as a model writes it, piece by piece: where it is told, its texts, its tool calls, its times."""

import time
from dataclasses import dataclass, field

from .events import Channel
from .model_calls import ModelCall
from .rates import Rates
from .values import TextJoiner
from .written import CallPiece, Tokens


@dataclass(slots=True)
class WrittenCall:
    """A tool call in a message; `index` is its place among those of the message."""

    index: int
    tool_call_id: str
    name: str
    args: TextJoiner = field(default_factory=TextJoiner)


@dataclass(slots=True)
class Message:
    """`structured`: what is written is a value for the chain. `has_next`: should its model fail, another one
    takes its place. Times are in monotonic seconds."""

    message_id: str
    step: str | None
    channel: Channel
    provider: str | None
    model: str | None
    rates: Rates | None
    began_at: float
    active_at: float
    structured: bool = False
    has_next: bool = False
    first_at: float = 0.0
    last_at: float = 0.0
    pieces: int = 0
    text: TextJoiner = field(default_factory=TextJoiner)
    reasoning: TextJoiner = field(default_factory=TextJoiner)
    calls: list[WrittenCall] = field(default_factory=list)
    by_index: dict[object, WrittenCall] = field(default_factory=dict)

    def call_of(self, piece: CallPiece) -> WrittenCall:
        """The call that a piece belongs to. A new id begins a new call, whatever the index says: some
        providers number every whole call 0, others number content blocks, others give no index."""
        key = piece["index"] if piece["index"] is not None else piece["id"]
        known = self.by_index.get(key) if key is not None else next(iter(self.calls[-1:]), None)
        if known and (not piece["id"] or piece["id"] == known.tool_call_id):
            known.name = known.name or piece["name"] or ""
            return known
        index = len(self.calls)
        call = WrittenCall(index, piece["id"] or f"call_{self.message_id}_{index}", piece["name"] or "")
        self.calls.append(call)
        self.by_index[key] = call
        return call

    def came_to(
        self,
        used: Tokens | None,
        cost: float | None,
        *,
        answered_by: str | None = None,
        error: str | None = None,
    ) -> ModelCall:
        """The model call that wrote it, now that it is over."""
        spoke = self.pieces > 0
        return ModelCall(
            provider=self.provider,
            model=self.model,
            answered_by=answered_by,
            duration=time.monotonic() - self.began_at,
            first=self.first_at - self.began_at if spoke else None,
            last=self.last_at - self.began_at if spoke else None,
            pieces=self.pieces,
            used=used,
            cost=cost,
            error=error,
        )

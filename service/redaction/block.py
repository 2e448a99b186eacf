"""What a filter returns instead of a text, to end the run there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """What the filter was given is not shown, and nothing after it; `message` is, in its place."""

    message: str

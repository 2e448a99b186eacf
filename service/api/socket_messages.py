"""What a client may say over the WebSocket."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ..errors import InvalidRequest, TooLarge
from .bodies import Clean, ThreadId
from .problems import sentence_of


class ChatMessage(BaseModel):
    """Start a chat."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["chat"]
    message: Annotated[str, Clean]
    chain: str | None = None
    model: str | None = None
    provider: str | None = None
    thread_id: ThreadId = None
    idempotency_key: str | None = None


class CancelMessage(BaseModel):
    """Cancel the chat that runs, or waits for a person."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["cancel"]


class ResumeMessage(BaseModel):
    """Go on with a run, of this socket or another."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["resume"]
    run_id: str
    after: str | int = 0


Said = Annotated[ChatMessage | CancelMessage | ResumeMessage, Field(discriminator="type")]
_SAID: TypeAdapter[ChatMessage | CancelMessage | ResumeMessage] = TypeAdapter(Said)

RIGHT = (
    'send {"type": "chat", "message": "…"}, {"type": "cancel"}'
    ' or {"type": "resume", "run_id": "…", "after": "<id>"}'
)


def message_of(text: str | None, max_bytes: int) -> ChatMessage | CancelMessage | ResumeMessage:
    """What a text message says. Raises InvalidRequest and TooLarge, which say what would be right."""
    if text is None:
        raise InvalidRequest("bad_message", f"Binary messages are not taken: {RIGHT}.")
    if len(text.encode()) > max_bytes:
        raise TooLarge("message_too_large", f"The message is over {max_bytes} bytes (MAX_INPUT_BYTES).")
    try:
        return _SAID.validate_json(text)
    except ValidationError as error:
        said = "; ".join(map(sentence_of, error.errors(include_url=False)))
        raise InvalidRequest("bad_message", f"{said}: {RIGHT}.") from None

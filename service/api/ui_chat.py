"""What the AI SDK's client posts: a chat's messages, the last of which asks or answers approvals."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..chain import CallConfig
from ..errors import Unprocessable
from ..history.threads import Turn
from ..run import OnDisconnect, RunRequest
from .bodies import Clean, ConfigBody, Metadata
from .ui_history import IDS, ids_of
from .ui_messages import Message, UIMessageBody

CHAT_ID = r"^[\w.:@-]{1,128}$"

Placed = tuple[str | None, list[UIMessageBody]]  # the run to follow, and what is new after it


class UIChatBody(BaseModel):
    """As `DefaultChatTransport` sends it. Fields that are not listed are left alone, since newer clients may
    send more."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    id: str = Field(pattern=CHAT_ID, description="The chat, which is a thread of this name.")
    messages: list[UIMessageBody] = Field(
        min_length=1, max_length=1_000, description="All of the chat, or only what is new."
    )
    trigger: Literal["submit-message", "regenerate-message"] = Field(
        "submit-message", description="regenerate-message answers the last message anew, in a branch."
    )
    message_id: str | None = Field(None, alias="messageId", description="What is edited or answered.")
    model: str | None = Field(None, description="provider:model; without it, the service's default.")
    system: Annotated[str | None, Clean] = Field(None, description="A system message put before the rest.")
    params: Annotated[dict[str, Any], Clean] = Field(
        default_factory=dict, description="For the model: temperature, max_tokens."
    )
    config: ConfigBody = Field(default_factory=ConfigBody)
    metadata: Metadata = Field(default_factory=dict, description="Kept with the run and given back.")
    on_disconnect: OnDisconnect | None = Field(
        None, description="Whether the run goes on when nobody reads it: cancel is the default."
    )

    @property
    def last(self) -> UIMessageBody:
        """What is answered now: where the client says it is an earlier message of the assistant, that one."""
        named = (message for message in self.messages if message.id == self.message_id)
        found = next((message for message in named if message.role == "assistant"), None)
        return found or self.messages[-1]

    def request(self, chain: str, turns: Sequence[Turn]) -> RunRequest:
        """The run that this asks for, in a thread that has these turns. Raises Unprocessable."""
        parent_run_id, new = place(_once_each(self.messages), turns)
        pairs = [(each.id, message) for each in new for message in each.messages()]
        messages = [message for _, message in pairs]
        if not messages or messages[-1]["role"] != "user":
            message = "The last message asks nothing: it must be the user's, with text or files."
            raise Unprocessable("nothing_asked", message)
        return RunRequest(
            chain=chain,
            input=_input(messages),
            model=self.model,
            system=self.system,
            params=self.params,
            metadata=self.metadata | {IDS: [message_id for message_id, _ in pairs]},
            on_disconnect=self.on_disconnect,
            thread_id=self.id,
            parent_run_id=parent_run_id,
            on_busy="cancel",  # who asks anew has stopped reading what was asked before
            config=CallConfig(**self.config.model_dump()),
        )

    def idempotency_key(self, request: RunRequest) -> str | None:
        """A message that is sent twice is answered once. An edit, another try and an answer anew are
        meant."""
        if self.trigger != "submit-message" or self.message_id is not None:
            return None
        asked = b"%b %b" % (self.messages[-1].id.encode(), request.fingerprint())
        return f"ai-sdk.{hashlib.sha256(asked).hexdigest()}"


def place(messages: Sequence[UIMessageBody], turns: Sequence[Turn]) -> Placed:
    """Where these messages stand in a thread.

    They follow the last run whose answer is among them. Without any, what was asked before is asked again
    where it was; else the client has sent only what is new, which follows the latest run.
    """
    if not turns:
        return None, list(messages)
    runs = {turn.run_id for turn in turns}
    answers = [at for at, message in enumerate(messages) if message.role == "assistant"]
    answered = [at for at in answers if messages[at].id in runs]
    if answered:
        return messages[answered[-1]].id, list(messages[answered[-1] + 1 :])
    asked = {message_id: turn for turn in turns for message_id in ids_of(turn)}
    if again := next((asked[message.id] for message in messages if message.id in asked), None):
        return again.parent_run_id, list(messages)
    return turns[-1].run_id, list(messages[answers[-1] + 1 :] if answers else messages)


def _once_each(messages: Sequence[UIMessageBody]) -> list[UIMessageBody]:
    """A message that a page put into its chat twice, since it was mounted twice."""
    return list({message.id: message for message in messages}.values())


def _input(messages: list[Message]) -> Any:
    """One text is given as text, which chains take that know no messages."""
    content = messages[0]["content"]
    return content if len(messages) == 1 and isinstance(content, str) else {"messages": messages}

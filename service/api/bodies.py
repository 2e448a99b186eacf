"""The request bodies, as the API documents them."""

from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ..approvals import Decision
from ..chain import CallConfig
from ..events import DecisionType
from ..run import OnBusy, OnDisconnect, RunRequest
from ..values import clean_text, encode_json, to_json

METADATA_MAX_BYTES = 16_384
MAX_DEPTH = 100  # of lists and objects within each other; far below Python's own bound on recursion


def clean(value: Any, room: int = MAX_DEPTH) -> Any:
    """JSON can spell lone surrogates, which no encoding can carry on, and nest without end; Python's reads
    numbers that JSON has not."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("must have no NaN and no number beyond what a float can hold")
    if isinstance(value, list | dict) and not room:
        raise ValueError(f"must be nested at most {MAX_DEPTH} deep")
    if isinstance(value, list):
        return [clean(item, room - 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): clean(item, room - 1) for key, item in value.items()}
    return value


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(encode_json(to_json(metadata))) > METADATA_MAX_BYTES:
        raise ValueError(f"must be at most {METADATA_MAX_BYTES} bytes of JSON")
    return metadata


Clean = AfterValidator(lambda value: clean(value))


Metadata = Annotated[dict[str, Any], Clean, AfterValidator(_small)]

ThreadId = Annotated[
    str | None,
    Field(
        pattern=r"^[\w.:@-]{1,128}$",
        description="The conversation to go on with, or to begin under this name.",
    ),
]


class ConfigBody(BaseModel):
    """What LangGraph calls config and context."""

    model_config = ConfigDict(extra="forbid")

    configurable: Annotated[dict[str, Any], Clean] = Field(
        default_factory=dict, description="Handed to the chain as its config's `configurable`."
    )
    context: Annotated[dict[str, Any] | None, Clean] = Field(
        None, description="A graph's runtime context, as its context_schema has it."
    )
    recursion_limit: int | None = Field(None, ge=1, le=10_000, description="Steps that a graph may take.")


class RunBody(BaseModel):
    """A run to start."""

    model_config = ConfigDict(extra="forbid")

    chain: str | None = Field(None, description="A name that GET /chains lists; without it, the first.")
    input: Annotated[Any, Clean] = Field(
        description='Text, {"messages": [{"role": "user", "content": "…"}]}, or what the chain takes.',
        examples=["What is 37*43, and what time is it in Tokyo?"],
    )
    model: str | None = Field(None, description="provider:model; without it, the service's default.")
    system: Annotated[str | None, Clean] = Field(None, description="A system message put before the input's.")
    params: Annotated[dict[str, Any], Clean] = Field(
        default_factory=dict, description="For the model: temperature, max_tokens."
    )
    thread_id: ThreadId = None
    parent_run_id: str | None = Field(
        "latest", description="The run of the thread to follow: latest, another for a branch, null for none."
    )
    on_busy: OnBusy = Field("reject", description="What to do while another run of the thread goes on.")
    config: ConfigBody = Field(default_factory=ConfigBody)
    metadata: Metadata = Field(default_factory=dict, description="Kept with the run and given back.")
    on_disconnect: OnDisconnect | None = Field(
        None,
        description="Whether the run goes on when nobody reads it: cancel is the default of /runs/stream and"
        " /runs/wait, continue that of /runs.",
    )

    def request(self) -> RunRequest:
        return RunRequest(**self.model_dump() | {"config": CallConfig(**self.config.model_dump())})


class EditedAction(BaseModel):
    """An edited call as LangChain has it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    args: Annotated[dict[str, Any], Clean]


class DecisionBody(BaseModel):
    """A person's decision about a tool call, or their answer to a question."""

    model_config = ConfigDict(extra="forbid")

    type: DecisionType
    message: Annotated[str | None, Clean] = Field(
        None, description="respond: what the model gets as the tool's result; reject: the reason."
    )
    args: Annotated[dict[str, Any] | None, Clean] = Field(
        None, description="edit: all arguments of the call that is to run instead."
    )
    edited_action: EditedAction | None = Field(None, description="edit, in LangChain's form.")
    value: Annotated[Any, Clean] = Field(
        None, description="respond, to a question without requests: what interrupt() returns, any JSON."
    )

    def decision(self) -> Decision:
        name = self.edited_action.name if self.edited_action else None
        args = self.edited_action.args if self.edited_action and self.args is None else self.args
        return Decision(type=self.type, message=self.message, name=name, args=args, value=self.value)


class DecisionsBody(BaseModel):
    """One decision for each request of the approval, in their order; one, where it has none."""

    model_config = ConfigDict(extra="forbid")

    decisions: list[DecisionBody] = Field(min_length=1, max_length=100)


class PromptBody(BaseModel):
    """A prompt and nothing else."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[str, Clean]


class ChatBody(BaseModel):
    """A message, and the model that is to answer it."""

    model_config = ConfigDict(extra="forbid")

    message: Annotated[str, Clean]
    model: str | None = Field(None, description="A model of the provider, or provider:model.")
    provider: str | None = Field(None, description="Alone, its default model.")


class ProxyBody(BaseModel):
    """A prompt, and who is to answer it."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[str, Clean]
    provider: str | None = Field(None, description="Its default model answers; without it, the service's.")

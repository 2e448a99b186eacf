"""The body of /v1/chat/completions: every parameter that is taken; another is refused by its name."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from .bodies import Clean, Metadata

CHAIN_OR_MODEL = "A chain's name, `chain@provider:model` to choose its model, or provider:model itself."

# By the names that the service's runs have for them.
_RENAMED = {"max_completion_tokens": "max_tokens"}
_OF_THE_MODEL = (
    *("temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "presence_penalty"),
    *("frequency_penalty", "logit_bias", "reasoning_effort", "user", "tools", "tool_choice"),
    *("parallel_tool_calls", "response_format", "logprobs", "top_logprobs"),
)


class OpenAIBody(BaseModel):
    """What OpenAI's bodies share: null says nothing, and neither does an empty list."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _said(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value not in (None, [])}


class _Part(BaseModel):
    """A part of a message; OpenAI has many kinds, and those that it takes are told by the model."""

    model_config = ConfigDict(extra="allow")


class TextPart(_Part):
    type: Literal["text"]
    text: Annotated[str, Clean]


class ImageAddress(_Part):
    url: Annotated[str, Clean]


class ImagePart(_Part):
    type: Literal["image_url"]
    image_url: ImageAddress


def text_or_parts(value: Any) -> str:
    """Which of two choices a value is of, so that what is wrong with it is told of that one alone."""
    return "text" if isinstance(value, str) else "parts"


Text = Annotated[Annotated[str, Clean], Tag("text")]
Content = Annotated[
    Text | Annotated[list[Annotated[TextPart | ImagePart, Field(discriminator="type")]], Tag("parts")],
    Discriminator(text_or_parts),
]


class CalledFunction(BaseModel):
    name: Annotated[str, Clean]
    arguments: Annotated[str, Clean] = Field(description="JSON, as the model wrote it.")


class ChatCall(BaseModel):
    """A call that the model made before."""

    id: Annotated[str, Clean]
    type: Literal["function"] = "function"
    function: CalledFunction


class ChatMessage(BaseModel):
    """A message of the conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    name: Annotated[str | None, Clean] = None
    tool_calls: list[ChatCall] | None = Field(None, description="Of an assistant.")
    tool_call_id: Annotated[str | None, Clean] = Field(None, description="Of a tool: the call.")

    @model_validator(mode="after")
    def _checked(self) -> "ChatMessage":
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a tool's message must have the `tool_call_id` that it answers")
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError("must have content")
        return self

    def as_input(self) -> dict[str, Any]:
        """As chains are given it."""
        return self.model_dump(exclude_none=True) | {"content": self._content()}

    def _content(self) -> Any:
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return [part.model_dump() for part in self.content]


class FunctionDefinition(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern=r"^[\w.-]{1,128}$")
    description: Annotated[str | None, Clean] = None
    parameters: Annotated[dict[str, Any] | None, Clean] = None
    strict: bool | None = None


class ChatTool(BaseModel):
    """A tool that the client runs."""

    type: Literal["function"]
    function: FunctionDefinition


class NamedFunction(BaseModel):
    name: str


class ChatToolChoice(BaseModel):
    """The tool that has to be called."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchema(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(pattern=r"^[\w-]{1,64}$")
    description: Annotated[str | None, Clean] = None
    schema_: Annotated[dict[str, Any], Clean] = Field(alias="schema")
    strict: bool | None = None


class AsText(BaseModel):
    type: Literal["text"]


class AsObject(BaseModel):
    type: Literal["json_object"]


class AsSchema(BaseModel):
    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[AsText | AsObject | AsSchema, Field(discriminator="type")]


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    include_usage: bool = False
    include_obfuscation: bool = Field(False, description="Nothing is added to the chunks here.")


class ChatParameters(OpenAIBody):
    """What of a chat is the same for whoever is asked: its messages, and all that the model is given."""

    messages: list[ChatMessage] = Field(min_length=1)
    stream_options: StreamOptions = Field(default_factory=StreamOptions)
    n: Literal[1] = 1
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    stop: Annotated[str, Clean] | Annotated[list[Annotated[str, Clean]], Field(max_length=16)] | None = None
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    reasoning_effort: Annotated[str, Clean, Field(max_length=32)] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    user: Annotated[str, Clean, Field(max_length=512)] | None = None
    tools: Annotated[list[ChatTool], Field(max_length=128)] | None = None
    tool_choice: Literal["auto", "none", "required"] | ChatToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None

    @model_validator(mode="after")
    def _one_maximum(self) -> Self:
        if None not in (self.max_tokens, self.max_completion_tokens):
            raise ValueError("max_tokens and max_completion_tokens are the same: leave one out")
        return self

    def params(self) -> dict[str, Any]:
        """What the model is to be given."""
        given = self.model_dump(include=set(_OF_THE_MODEL), exclude_none=True, by_alias=True)
        if given.get("response_format") == {"type": "text"}:
            del given["response_format"]
        return {_RENAMED.get(name, name): value for name, value in given.items()}


class ChatCompletionBody(ChatParameters):
    """A chat completion to make."""

    model: str = Field(description=CHAIN_OR_MODEL, examples=["agent"])
    stream: bool = False
    metadata: Metadata = Field(default_factory=dict, description="Kept with the run.")

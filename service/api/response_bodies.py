"""The body of /v1/responses: every parameter that is taken, and what is asked as a conversation."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from .bodies import Clean, Metadata
from .openai_bodies import CHAIN_OR_MODEL, AsObject, AsText, OpenAIBody, Text, text_or_parts

Message = dict[str, Any]


class InputText(BaseModel):
    type: Literal["input_text", "output_text"]
    text: Annotated[str, Clean]


class InputImage(BaseModel):
    type: Literal["input_image"]
    image_url: Annotated[str, Clean]
    detail: Literal["auto", "low", "high"] = "auto"


Parts = Annotated[
    Text | Annotated[list[Annotated[InputText | InputImage, Field(discriminator="type")]], Tag("parts")],
    Discriminator(text_or_parts),
]


class InputMessage(BaseModel):
    """A message of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Parts


class InputCall(BaseModel):
    """A call that the model made before."""

    type: Literal["function_call"]
    call_id: Annotated[str, Clean]
    name: Annotated[str, Clean]
    arguments: Annotated[str, Clean]


class InputResult(BaseModel):
    """What came of a call."""

    type: Literal["function_call_output"]
    call_id: Annotated[str, Clean]
    output: Parts


class InputReasoning(BaseModel):
    """What a model thought before: taken, and not sent on, since no other model would take it."""

    model_config = ConfigDict(extra="allow")

    type: Literal["reasoning"]


def _typed(item: Any) -> Any:
    """OpenAI's messages may leave their type out."""
    return {"type": "message", **item} if isinstance(item, dict) else item


InputItem = Annotated[
    Annotated[InputMessage | InputCall | InputResult | InputReasoning, Field(discriminator="type")],
    BeforeValidator(_typed),
]


class ResponseTool(BaseModel):
    """A tool that the client runs."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["function"]
    name: str = Field(pattern=r"^[\w.-]{1,128}$")
    description: Annotated[str | None, Clean] = None
    parameters: Annotated[dict[str, Any] | None, Clean] = None
    strict: bool | None = None

    def for_chat(self) -> dict[str, Any]:
        return {"type": "function", "function": self.model_dump(exclude={"type"}, exclude_none=True)}


class ResponseToolChoice(BaseModel):
    """The tool that has to be called."""

    type: Literal["function"]
    name: str


class Reasoning(BaseModel):
    model_config = ConfigDict(extra="forbid")

    effort: Annotated[str, Field(max_length=32)] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = Field(
        None, description="What the provider tells is told, whatever it is."
    )


class FormatSchema(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["json_schema"]
    name: str = Field(pattern=r"^[\w-]{1,64}$")
    description: Annotated[str | None, Clean] = None
    schema_: Annotated[dict[str, Any], Clean] = Field(alias="schema")
    strict: bool | None = None


class TextOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Annotated[AsText | AsObject | FormatSchema, Field(discriminator="type")] = AsText(type="text")

    def for_chat(self) -> dict[str, Any] | None:
        match self.format:
            case AsText():
                return None
            case AsObject():
                return {"type": "json_object"}
            case FormatSchema() as form:
                schema = form.model_dump(exclude={"type"}, exclude_none=True, by_alias=True)
                return {"type": "json_schema", "json_schema": schema}


class ResponseStreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    include_obfuscation: bool = Field(False, description="Nothing is added to the events here.")


class ResponseBody(OpenAIBody):
    """A response to make."""

    model: str = Field(description=CHAIN_OR_MODEL, examples=["agent"])
    input: Annotated[
        Text | Annotated[list[InputItem], Field(min_length=1), Tag("parts")], Discriminator(text_or_parts)
    ]
    instructions: Annotated[str, Clean] | None = None
    stream: bool = False
    stream_options: ResponseStreamOptions = Field(default_factory=ResponseStreamOptions)
    background: bool = Field(False, description="Go on without a reader.")
    store: bool = Field(True, description="Runs are kept as HISTORY_RETENTION_DAYS says, whatever this is.")
    metadata: Metadata = Field(default_factory=dict, description="Kept with the run.")
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    max_output_tokens: int | None = Field(None, ge=1)
    tools: Annotated[list[ResponseTool], Field(max_length=128)] | None = None
    tool_choice: Literal["auto", "none", "required"] | ResponseToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning = Field(default_factory=Reasoning)
    text: TextOptions = Field(default_factory=TextOptions)
    user: Annotated[str, Clean, Field(max_length=512)] | None = None
    truncation: Literal["disabled"] = "disabled"

    def params(self) -> dict[str, Any]:
        """What the model is to be given, by the names of chat completions."""
        choice = self.tool_choice
        if isinstance(choice, ResponseToolChoice):
            named: Any = {"type": "function", "function": {"name": choice.name}}
        else:
            named = choice
        given = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_output_tokens,
            "tools": [tool.for_chat() for tool in self.tools or ()] or None,
            "tool_choice": named,
            "parallel_tool_calls": self.parallel_tool_calls,
            "reasoning_effort": self.reasoning.effort,
            "response_format": self.text.for_chat(),
            "user": self.user,
        }
        return {name: value for name, value in given.items() if value is not None}

    def messages(self) -> list[Message]:
        """Instructions and input as a conversation; calls that follow each other are one message's."""
        said: list[Message] = []
        if self.instructions is not None:
            said.append({"role": "system", "content": self.instructions})
        if isinstance(self.input, str):
            return [*said, {"role": "user", "content": self.input}]
        for item in self.input:
            match item:
                case InputMessage():
                    said.append({"role": item.role, "content": _content(item.content)})
                case InputCall():
                    _caller(said)["tool_calls"].append(_call(item))
                case InputResult():
                    told = {"content": _content(item.output), "tool_call_id": item.call_id}
                    said.append({"role": "tool", **told})
                case InputReasoning():
                    pass
        return said


def _content(given: str | list[InputText | InputImage]) -> Any:
    if isinstance(given, str):
        return given
    return [_part(part) for part in given]


def _part(part: InputText | InputImage) -> dict[str, Any]:
    if isinstance(part, InputText):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": part.image_url, "detail": part.detail}}


def _call(item: InputCall) -> dict[str, Any]:
    function = {"name": item.name, "arguments": item.arguments}
    return {"id": item.call_id, "type": "function", "function": function}


def _caller(said: list[Message]) -> Message:
    """The assistant's message that calls are part of."""
    if not said or said[-1]["role"] != "assistant":
        said.append({"role": "assistant", "content": ""})
    said[-1].setdefault("tool_calls", [])
    return said[-1]

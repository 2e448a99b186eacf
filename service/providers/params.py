"""What a run may set of its model: OpenAI's names for it, whatever the provider calls it, and their types."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ..errors import InvalidRequest, RefusedParam

_Penalty = Annotated[float, Field(ge=-2, le=2)]


class ModelParams(TypedDict, total=False):
    """As OpenAI's chat completions have them."""

    # Pydantic's way; a TypedDict has no values.
    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]

    temperature: Annotated[float, Field(ge=0)]
    top_p: Annotated[float, Field(ge=0, le=1)]
    max_tokens: Annotated[int, Field(ge=0)]
    stop: str | Annotated[list[str], Field(max_length=16)]
    seed: int
    presence_penalty: _Penalty
    frequency_penalty: _Penalty
    logit_bias: dict[str, float]
    reasoning_effort: str
    user: str
    logprobs: bool
    top_logprobs: Annotated[int, Field(ge=0, le=20)]
    tools: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=128)]
    tool_choice: Literal["auto", "none", "required"] | dict[str, Any]
    parallel_tool_calls: bool
    response_format: dict[str, Any]


PARAMS = tuple(ModelParams.__annotations__)
OF_TOOLS = frozenset({"tools", "tool_choice", "parallel_tool_calls"})
SCORES = frozenset({"logprobs", "top_logprobs"})
OF_A_MODEL_ALONE = OF_TOOLS | SCORES  # a chain has its own tools, and tells its answer without scores

_NO_CHOICE = ("auto", "none")  # of `tool_choice`: what can be done without it

_CHECKED = TypeAdapter(ModelParams)


def check_params(model: str, params: Mapping[str, Any], refused: frozenset[str]) -> None:
    """Raises RefusedParam for one that the model's provider has nothing for, and InvalidRequest."""
    for name in params:
        if name not in PARAMS:
            message = f"The model takes no {name!r} in params; it takes {', '.join(PARAMS)}."
            raise InvalidRequest("unknown_param", message)
        if name in refused and params[name] not in _NO_CHOICE:
            raise RefusedParam(name, f"The model {model!r} takes no {name!r}: leave it out.")
    try:
        _CHECKED.validate_python(dict(params))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        message = f"params.{first['loc'][0]} {first['msg'][:1].lower()}{first['msg'][1:]}."
        raise InvalidRequest("bad_param", message) from None
    form = params.get("response_format", {}).get("type")
    if f"response_format.{form}" in refused:
        message = f"The model {model!r} takes no 'response_format' of the type {form!r}: use json_schema."
        raise RefusedParam("response_format", message)


def tools_unless_none(params: Mapping[str, Any]) -> dict[str, Any]:
    """For models without a `tool_choice`: `none` is not to have tools, `auto` is what they do anyway."""
    without = OF_TOOLS if params.get("tool_choice") == "none" else {"tool_choice"}
    return {name: value for name, value in params.items() if name not in without}

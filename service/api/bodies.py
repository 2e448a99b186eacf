"""The request bodies, as the API documents them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ..runs import OnDisconnect, RunRequest
from ..values import clean_text, encode_json, to_json

METADATA_MAX_BYTES = 16_384


def _clean(value: Any) -> Any:
    """JSON can spell lone surrogates, which no encoding can carry on."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    return value


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(encode_json(to_json(metadata))) > METADATA_MAX_BYTES:
        raise ValueError(f"must be at most {METADATA_MAX_BYTES} bytes of JSON")
    return metadata


Clean = AfterValidator(_clean)


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
    params: dict[str, Any] = Field(
        default_factory=dict, description="For the model: temperature, max_tokens."
    )
    metadata: Annotated[dict[str, Any], Clean, AfterValidator(_small)] = Field(
        default_factory=dict, description="Kept with the run and given back."
    )
    on_disconnect: OnDisconnect | None = Field(
        None,
        description="Whether the run goes on when nobody reads it: cancel is the default of /runs/stream and"
        " /runs/wait, continue that of /runs.",
    )

    def request(self) -> RunRequest:
        return RunRequest(**self.model_dump())


class PromptBody(BaseModel):
    """A prompt and nothing else."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[str, Clean]


FormatName = Literal["events", "tokens", "text", "ndjson"]

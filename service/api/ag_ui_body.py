"""What AG-UI's clients post: a RunAgentInput of that protocol, and what of it this service understands."""

from typing import Annotated, Any, Self

from ag_ui.core import RunAgentInput
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

from ..run import OnBusy, OnDisconnect
from .bodies import Clean, ConfigBody, Metadata, clean

PREFIX = "agui."  # of the names of AG-UI's schemas, some of which are those of ours
_REF = "#/components/schemas/" + PREFIX + "{model}"


class Forwarded(BaseModel):
    """Of `forwardedProps` what a body of /runs has too; all else there is the chain's own business."""

    model_config = ConfigDict(extra="ignore")

    model: str | None = Field(None, description="provider:model; without it, the service's default.")
    system: Annotated[str | None, Clean] = None
    params: Annotated[dict[str, Any], Clean] = Field(default_factory=dict)
    config: ConfigBody = Field(default_factory=ConfigBody)
    metadata: Metadata = Field(default_factory=dict)
    on_busy: OnBusy = Field(
        "cancel", description="A client that has aborted its run begins the next at once."
    )
    on_disconnect: OnDisconnect | None = None


class AGUIInput(RunAgentInput):
    """A run of AG-UI. `threadId` is the thread's id here too; `runId` is the client's own for this run."""

    thread_id: str = Field(pattern=r"^[\w.:@-]{1,128}$")
    run_id: str = Field(pattern=r"^[\x21-\x7e]{1,128}$")
    forwarded_props: Any = None

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, given: Any) -> Any:
        return clean(given)

    @model_validator(mode="after")
    def _understood(self) -> Self:
        props = self.forwarded_props
        try:
            self._forwarded = Forwarded.model_validate(props if isinstance(props, dict) else {})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ValueError(f"forwardedProps.{where}: {first['msg']}") from error
        return self

    _forwarded: Forwarded

    @property
    def forwarded(self) -> Forwarded:
        return self._forwarded


def schemas() -> dict[str, Any]:
    """The body's, and all that it consists of, by their names in the OpenAPI document."""
    whole = AGUIInput.model_json_schema(ref_template=_REF)
    parts: dict[str, Any] = whole.pop("$defs")
    return {f"{PREFIX}{name}": schema for name, schema in {**parts, "RunAgentInput": whole}.items()}


# By reference: FastAPI would name AG-UI's schemas by their classes, as some of ours are named.
AGUIBody = Annotated[AGUIInput, WithJsonSchema({"$ref": _REF.format(model="RunAgentInput")})]

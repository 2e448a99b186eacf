"""What people decide about what a run asks them; one decision for each request of an approval, in their
order."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Decided(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Approve(_Decided):
    """The call runs; to a question without requests, yes."""

    type: Literal["approve"] = "approve"


class Edit(_Decided):
    """The call runs with these arguments, which are all of them; to a question, they are the answer."""

    type: Literal["edit"] = "edit"
    args: dict[str, Any]


class Reject(_Decided):
    """The call does not run, and the model is told why; to a question, no."""

    type: Literal["reject"] = "reject"
    message: str | None = None


class Respond(_Decided):
    """The call does not run, and the model gets `message` as its result. To a question without requests
    `value`, which is any JSON, is the answer, or `message`."""

    type: Literal["respond"] = "respond"
    message: str | None = None
    value: Any = None


Decision = Approve | Edit | Reject | Respond

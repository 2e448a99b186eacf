"""What a run can be started with, besides its input."""

from typing import Any, Literal

from typing_extensions import TypedDict

OnDisconnect = Literal["cancel", "continue"]
OnBusy = Literal["reject", "wait", "cancel"]


class RunConfig(TypedDict, total=False):
    """What LangGraph calls config and context."""

    configurable: dict[str, Any]
    context: dict[str, Any] | None
    recursion_limit: int | None


class RunOptions(TypedDict, total=False):
    """As `POST /runs` takes them. `params` are the model's (`temperature`, `max_tokens`, …), `metadata` is
    given back.

    `idempotency_key` names the request, so that it is run once however often it is sent; without one, a new
    one is made for each call. `parent_run_id` is the run of the thread to follow: the latest without it, None
    for none.
    """

    chain: str | None
    model: str | None
    system: str | None
    params: dict[str, Any]
    thread_id: str | None
    parent_run_id: str | None
    on_busy: OnBusy
    config: RunConfig
    metadata: dict[str, Any]
    on_disconnect: OnDisconnect | None
    idempotency_key: str

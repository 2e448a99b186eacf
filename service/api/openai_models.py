"""/v1/models: what OpenAI's clients can name as `model`: the chains, and the models themselves."""

from collections.abc import Iterator
from typing import Any, Literal

from fastapi import APIRouter
from typing_extensions import TypedDict

from ..errors import NotFound, RefusedParam
from ..registry import Registry
from ..run import RunRequest
from .access import MayRead
from .json_answers import Json
from .services import ServicesOf

router = APIRouter(prefix="/v1", tags=["OpenAI"])


class OpenAIModel(TypedDict):
    """A chain or a model; `owned_by` is `chainstream`, or the model's provider."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class OpenAIModelList(TypedDict):
    """All that can be named; other models of the same providers can be, too."""

    object: Literal["list"]
    data: list[OpenAIModel]


@router.get("/models", summary="The chains and models")
async def list_openai_models(services: ServicesOf, caller: MayRead) -> Json[OpenAIModelList]:
    return Json({"object": "list", "data": list(_views(services.registry))})


@router.get("/models/{model:path}", summary="One chain or model")
async def get_openai_model(services: ServicesOf, caller: MayRead, model: str) -> Json[OpenAIModel]:
    for view in _views(services.registry):
        if view["id"] == model:
            return Json(view)
    raise no_such_model(services.registry, model)


def _views(registry: Registry) -> Iterator[OpenAIModel]:
    owners = dict.fromkeys(registry.chains, "chainstream")
    owners |= {name: name.partition(":")[0] for name in registry.models}
    for name, owner in owners.items():
        yield {"id": name, "object": "model", "created": registry.opened_at, "owned_by": owner}


def no_such_model(registry: Registry, model: str) -> NotFound:
    known = ", ".join([*registry.chains, *registry.models])
    return NotFound("model_not_found", f"There is no model {model!r}: name one of {known}.")


def chain_and_model(registry: Registry, named: str) -> tuple[str, str | None]:
    """The chain that `model` names, and the model that it is to run on; None for its usual one. A model by
    itself runs in the chain of nothing else. Raises NotFound."""
    if named in registry.chains:
        return named, None
    chain, at, model = named.partition("@")
    if at and chain in registry.chains:
        return chain, model
    if ":" in named and named != registry.bare.name:
        return registry.bare.name, named
    raise no_such_model(registry, named)


def run_request(
    registry: Registry,
    named: str,
    messages: list[dict[str, Any]],
    params: dict[str, Any],
    metadata: dict[str, Any],
) -> RunRequest:
    """The run that a conversation with a chain or a model is. Raises NotFound and RefusedParam."""
    name, model = chain_and_model(registry, named)
    chain = registry.get(name)
    if user := params.get("user"):
        metadata = {"user": user, **metadata}
    if not chain.takes_model:
        if user:
            params = {key: value for key, value in params.items() if key != "user"}
        if params:
            refused = min(params)
            message = f"The chain {name!r} has its own model: leave out {refused!r}."
            raise RefusedParam(refused, message)
    given: Any = {"messages": messages}
    if not chain.takes_conversation:
        given = _only_text(name, messages)
    return RunRequest(chain=name, model=model, input=given, params=params, metadata=metadata)


def _only_text(chain: str, messages: list[dict[str, Any]]) -> str:
    """For a chain that takes no conversation."""
    [message, *others] = messages
    content = message["content"]
    if others or message["role"] != "user" or not isinstance(content, str):
        text = f"The chain {chain!r} takes one text and no conversation: send one message of the user."
        raise RefusedParam("messages", text)
    return content

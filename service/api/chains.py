"""/chains: what can be run."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from typing_extensions import TypedDict

from ..chain import Chain as ServedChain
from ..values import to_json
from .access import MayRead
from .json_answers import Json
from .services import ServicesOf

router = APIRouter(tags=["chains"])


class ChainTool(TypedDict):
    """A tool that a chain has; `input_schema` is the JSON Schema of its arguments."""

    name: str
    description: str
    input_schema: dict[str, Any]


class Chain(TypedDict):
    """A chain that can be run; `input_schema` is the JSON Schema of its input. One is the `default`, of
    requests that name none."""

    name: str
    default: bool
    description: str
    examples: list[str]
    model_fixed: bool
    keeps_threads: bool
    tools: list[ChainTool]
    input_schema: Mapping[str, Any]


class ChainList(TypedDict):
    """The chains, and the models that a request can choose, the default first."""

    items: list[Chain]
    models: list[str]


@router.get("/chains", summary="The chains that can be run")
async def list_chains(services: ServicesOf, caller: MayRead) -> Json[ChainList]:
    """`models` are those that a request can choose, the default first; a chain that is `model_fixed` has its
    own. One that `keeps_threads`, a graph with a memory of its own, takes a `thread_id`."""
    registry = services.registry
    items = [_view(chain, chain.name == registry.first) for chain in registry.chains.values()]
    return Json({"items": items, "models": registry.models})


def _view(chain: ServedChain, default: bool) -> Chain:
    return {
        "name": chain.name,
        "default": default,
        "description": chain.description,
        "examples": chain.examples,
        "model_fixed": not chain.takes_model,
        "keeps_threads": chain.has_memory,
        "tools": [
            {"name": tool.name, "description": tool.description, "input_schema": to_json(tool.input_schema)}
            for tool in chain.tools
        ],
        "input_schema": chain.input_schema,
    }

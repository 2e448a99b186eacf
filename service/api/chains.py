"""/chains: what can be run."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from ..chain import Chain
from ..values import to_json
from .access import MayRead
from .run_views import json_response
from .services import ServicesOf

router = APIRouter(tags=["chains"])


@router.get("/chains", summary="The chains that can be run")
async def list_chains(services: ServicesOf, caller: MayRead) -> Response:
    """`models` are those that a request can choose, the default first; a chain that is `model_fixed` has its
    own. One that `keeps_threads`, a graph with a memory of its own, takes a `thread_id`."""
    registry = services.registry
    items = [_view(chain, chain.name == registry.first) for chain in registry.chains.values()]
    return json_response({"items": items, "models": registry.models})


def _view(chain: Chain, default: bool) -> dict[str, Any]:
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

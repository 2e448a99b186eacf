"""/chains: what can be run."""

from typing import Any

from fastapi import APIRouter

from ..registry import Chain
from .services import ServicesOf

router = APIRouter(tags=["chains"])


@router.get("/chains", summary="The chains that can be run")
async def list_chains(services: ServicesOf) -> dict[str, list[dict[str, Any]]]:
    """`model_fixed`: the chain has its own model, so a request cannot choose one."""
    registry = services.registry
    return {"items": [_view(chain, chain.name == registry.first) for chain in registry.chains.values()]}


def _view(chain: Chain, default: bool) -> dict[str, Any]:
    return {
        "name": chain.name,
        "default": default,
        "description": chain.description,
        "examples": chain.examples,
        "model_fixed": not chain.takes_model,
        "tools": [
            {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
            for tool in chain.tools
        ],
        "input_schema": chain.input_schema,
    }

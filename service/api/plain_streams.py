"""Plain text that ends with a marker, and bare tokens over SSE: routes with a format of their own."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ..access.caller import Caller
from ..run import RunRequest
from ..values import clean_text
from .access import MayRun, MayRunKeyed
from .bodies import PromptBody, ProxyBody
from .services import Services, ServicesOf
from .streaming import start_and_follow

router = APIRouter(tags=["plain streams"])


@router.get("/openai-stream", summary="Ask and stream plain text, in one GET")
async def get_openai_stream(
    services: ServicesOf,
    caller: MayRun,
    request: Request,
    prompt: Annotated[str, Query(description="What to ask.")] = "Hello",
) -> Response:
    """The text ends with a line `[Done]`."""
    return await _text(services, caller, request, clean_text(prompt))


@router.post("/openai-stream", summary="Ask and stream plain text that ends with a line [Done]")
async def post_openai_stream(
    services: ServicesOf, caller: MayRun, request: Request, body: PromptBody
) -> Response:
    return await _text(services, caller, request, body.prompt)


@router.post("/secure-llm-stream", summary="Ask and stream plain text, with a key")
async def post_secure_stream(
    services: ServicesOf, caller: MayRunKeyed, request: Request, body: PromptBody
) -> Response:
    """The key comes as `Authorization: Bearer` or `X-API-Key`; where there is none, nobody gets in."""
    return await _text(services, caller, request, body.prompt)


@router.post("/llm-proxy", summary="Ask and stream bare tokens")
async def post_llm_proxy(services: ServicesOf, caller: MayRun, request: Request, body: ProxyBody) -> Response:
    """`data:` per token, then `event: done` with `data: [END]`."""

    def wanted() -> RunRequest:
        model = services.registry.model_named(None, body.provider)
        return RunRequest(input=body.prompt, model=model)

    return await start_and_follow(services, caller, request, wanted, "llm-proxy")


async def _text(services: Services, caller: Caller, request: Request, prompt: str) -> Response:
    return await start_and_follow(services, caller, request, lambda: RunRequest(input=prompt), "text-done")

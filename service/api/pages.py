"""/: the page, or for people with curl a cheat sheet; and the API docs from vendored files."""

import re

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from ..shipped import STATIC as STATIC
from ..wire import FORMATS
from .page_files import SAFE
from .page_files import PageFiles as PageFiles
from .services import ServicesOf

router = APIRouter(include_in_schema=False)

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"\s+content="([^"]*)"')

EXAMPLE = "agent"  # the chain of the cheat sheet, where it is served

CHEAT_SHEET = """\
Chainstream. Try:
  curl -N '{base}/stream?query=hi'
  curl -NG {base}/stream -d chain={chain} -d format=events --data-urlencode 'query=What is 37*43?'
  curl -N {base}/stream -H 'Content-Type: application/json' -d '{{"prompt": "hi"}}'
  curl -N {base}/runs/stream -H 'Content-Type: application/json' -d '{{"chain": "{chain}", "input": "2+2?"}}'
  curl {base}/runs/wait -H 'Content-Type: application/json' -d '{{"input": "hi"}}'
  curl -N '{base}/chat/stream?message=hi'    # with cancel: POST {base}/chat/stream/<X-Stream-ID>/cancel
  curl -N '{base}/runs/<run_id>/events?after=<id>'
  curl -X POST {base}/runs/<run_id>/cancel
  curl {base}/chains    # formats: ?format={formats}; all routes: {base}/docs
"""


@router.get("/")
async def index(request: Request, services: ServicesOf) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        base = request.url.replace(path=request.scope["root_path"], query="")  # where this app is mounted
        registry = services.registry
        chain = EXAMPLE if EXAMPLE in registry.chains else registry.first
        return PlainTextResponse(CHEAT_SHEET.format(base=base, chain=chain, formats="|".join(FORMATS)))
    return _page(request, "index.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    return _page(request, "docs.html")


def _page(request: Request, name: str) -> Response:
    """A page with the policy that it states of itself as a header too; a page without one gets none."""
    files: PageFiles = request.app.state.page_files
    html = files.page(name)
    headers = SAFE | {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
    if policy := _POLICY.search(html):
        headers["Content-Security-Policy"] = f"{policy[1]}; frame-ancestors 'none'"
    return HTMLResponse(html, headers=headers)

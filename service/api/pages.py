"""/: the page, or for people with curl a cheat sheet; and the API docs from vendored files."""

import os
import re
import stat
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ..shipped import STATIC as STATIC
from ..wire import FORMATS
from .services import ServicesOf

SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}  # after an upgrade no mixture


SMALL = 65_536  # bytes


class PageFiles(StaticFiles):
    """What the pages are made of; asked for anew each time, and answered with 304 while it is the same.

    A page has some ninety small files. Each is looked up and read where the request is: a thread for every
    step of it, as Starlette has, takes many times as long. No copy is kept, so that an edit is seen.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        found = self._small(path) if scope["method"] == "GET" else None
        return self.file_response(*found, scope) if found else await super().get_response(path, scope)

    def _small(self, path: str) -> tuple[str, os.stat_result] | None:
        try:
            full_path, found = self.lookup_path(path)
        except (OSError, ValueError):
            return None  # which Starlette tells apart
        is_small = found is not None and stat.S_ISREG(found.st_mode) and found.st_size <= SMALL
        return (full_path, found) if found and is_small else None

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        if isinstance(response, FileResponse) and stat_result.st_size <= SMALL:
            unlike = ("content-length", "accept-ranges")  # it may have grown meanwhile, and is sent whole
            headers = {name: value for name, value in response.headers.items() if name not in unlike}
            response = Response(Path(full_path).read_bytes(), status_code, headers)
        response.headers.update(SAFE)
        return response


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
    return _page(STATIC / "index.html")


@router.get("/docs")
async def docs() -> Response:
    return _page(STATIC / "docs.html")


def _page(path: Path) -> Response:
    """A page with the policy that it states of itself as a header too; a page without one gets none."""
    html = path.read_text(encoding="utf-8")
    headers = SAFE | {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
    if policy := _POLICY.search(html):
        headers["Content-Security-Policy"] = f"{policy[1]}; frame-ancestors 'none'"
    return HTMLResponse(html, headers=headers)

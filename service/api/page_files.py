"""What the pages are made of: the files of static/, each at a plain address and at one with their version."""

import os
import stat
from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from .file_version import FileVersion, version_and_path

SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}  # after an upgrade no mixture
FOREVER = "public, max-age=31536000, immutable"

SMALL = 65_536  # bytes


class PageFiles(StaticFiles):
    """At `<version>/<path>` a file may be kept for ever, while that is the version that its contents are in.

    Else it is asked for anew each time, and answered with 304 while it is the same. What has another version
    than ours is one of these: a page that was opened before an upgrade goes on to work.

    A page has some ninety small files. Each is looked up and read where the request is: a thread for every
    step of it, as Starlette has, takes many times as long. No copy is kept, so that an edit is seen.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self._folder = folder
        self._version = FileVersion(folder)

    def page(self, name: str) -> str:
        """A page, whose own files here have addresses with their version; in the folder they have none."""
        html = (self._folder / name).read_text(encoding="utf-8")
        return html.replace('="static/', f'="static/{self._version.newest()}/')

    async def get_response(self, path: str, scope: Scope) -> Response:
        version, path = version_and_path(path)
        found = self._found(path)
        if found and found[1].st_size <= SMALL and scope["method"] == "GET":
            response = self.file_response(*found, scope)
        else:
            response = await super().get_response(path, scope)
        if (
            version and found and self._version.holds(version, path)
        ):  # once it is read: an edit may come between
            response.headers["Cache-Control"] = FOREVER
        return response

    def _found(self, path: str) -> tuple[str, os.stat_result] | None:
        try:
            full_path, found = self.lookup_path(path)
        except (OSError, ValueError):
            return None  # which Starlette tells apart
        return (full_path, found) if found and stat.S_ISREG(found.st_mode) else None

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

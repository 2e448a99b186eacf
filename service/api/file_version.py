"""The version of a folder's files: a short digest of what is in them, the same wherever they are.

An address that has it in it can be kept for ever: other contents have another address.
"""

import os
import re
import stat
from hashlib import sha256
from pathlib import Path

_VERSION = re.compile(r"[0-9a-f]{16}")

_Outline = dict[str, tuple[int, int]]  # size and time of the last change, by a file's path in the folder


class FileVersion:
    """Reads the files again only where one has another name, size or time of its last change.

    So an edit is seen without a restart. What is kept is a line for each file, of the newest version alone.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._outline: _Outline = {}
        self._newest = ""

    def newest(self) -> str:
        outline = self._look()
        if not self._newest or outline != self._outline:
            self._newest, self._outline = self._digest(outline), outline
        return self._newest

    def holds(self, version: str, path: str) -> bool:
        """Whether the file as it is now is the one of this version, which another replica may have named."""
        if version != self._newest and version != self.newest():
            return False
        found = _regular(self._folder / path)
        return found is not None and self._outline.get(path) == _line(found)

    def _look(self) -> _Outline:
        outline: _Outline = {}
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(folder, name)
                if found := _regular(path):
                    outline[os.path.relpath(path, self._folder)] = _line(found)
        return outline

    def _digest(self, outline: _Outline) -> str:
        """Of the names too, and of where each file ends: what moves from one file to the next is a change."""
        whole = sha256()
        for path in sorted(outline):
            content = _content(self._folder / path)
            whole.update(b"%b\n%d\n%b" % (os.fsencode(path), len(content), content))
        return whole.hexdigest()[:16]


def version_and_path(path: str) -> tuple[str, str]:
    """`<version>/<path>` taken apart, where it is that; else no version and the path."""
    version, separator, rest = path.partition(os.sep)
    return (version, rest) if separator and _VERSION.fullmatch(version) else ("", path)


def _line(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # gone since it was looked at, or not for us to read: nobody gets it from here


def _regular(path: str | Path) -> os.stat_result | None:
    """None for what an editor has beside a file while it saves: gone again, or a link to nowhere."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None

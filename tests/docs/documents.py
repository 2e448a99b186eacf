"""The project's documents, and the code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "AGENTS.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:curl|make) [^`]+)`")


def blocks(document: Path, language: str) -> list[str]:
    """The fenced code of one language."""
    return [code for kind, code in _BLOCK.findall(document.read_text()) if kind == language]


def commands(document: Path) -> list[str]:
    """Every shell command: the lines of `sh` blocks, and each inline curl and make."""
    lines = [line for code in blocks(document, "sh") for line in code.replace("\\\n", " ").splitlines()]
    inline = _INLINE.findall(_BLOCK.sub("", document.read_text()))
    return [line for line in [*lines, *inline] if line.strip() and not line.startswith("#")]

"""The answer after tools have run: what each of them found, or how it failed, and what no tool could do."""

import json
import re
from collections.abc import Sequence
from typing import Any

from .conversation import Called

SHOWN_AT_MOST = 700  # characters of one result


def findings(called: Sequence[Called], rest: str = "") -> str:
    """Cites every result; `rest` says what remains open."""
    results = [call for call in called if call.result is not None]
    lines = [_line(call) for call in results]
    if len(lines) == 1:
        text = lines[0]
    else:
        text = "Here is what the tools found:\n\n" + "\n".join(f"- {line}" for line in lines)
    return f"{text}\n\n{rest}" if rest else text


def _line(call: Called) -> str:
    result = _shortened(_readable(call.result or ""))
    if call.failed or re.match(r"error\b", result, re.IGNORECASE):
        return f"The tool {call.name} failed: {result or 'it gave no reason.'}"
    if not result:
        return f"The tool {call.name} ran, and returned nothing."
    if len(result) > 12 and re.search(r"[=.!]", result):
        return _sentence(f"{result[0].upper()}{result[1:]}")
    return f"{_literal(f'{call.name}({_shown_args(call.args)})')} gave: {_sentence(result)}"


def _sentence(text: str) -> str:
    return _literal(text) + ("" if text[-1] in ".!?…" else ".")


def _literal(text: str) -> str:
    """As code where Markdown would take a sign in it for one of its own, as in 3*4*5."""
    return f"`{text}`" if re.search(r"[*_~<]", text) and not re.search(r"[`\n]", text) else text


def _readable(result: str) -> str:
    """JSON as a list of its fields, anything else as it is."""
    try:
        value = json.loads(result)
    except (ValueError, RecursionError):
        return result.strip()
    return _flat(value)


def _flat(value: Any, depth: int = 0) -> str:
    if isinstance(value, dict) and depth < 4:
        return ", ".join(f"{key}: {_flat(part, depth + 1)}" for key, part in value.items())
    if isinstance(value, list) and depth < 4:
        return "; ".join(_flat(part, depth + 1) for part in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    if len(text) <= SHOWN_AT_MOST:
        return text
    cut = text[:SHOWN_AT_MOST]
    return f"{cut[: max(cut.rfind(' '), SHOWN_AT_MOST // 2)]} …"


def _shown_args(args: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in args.items()
    )[:200]

"""What the offline model calls for a prompt, in a form that tables of prompts compare."""

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool

from chains._calculator import calculator, evaluate
from chains._clock import current_time
from chains._survey import survey_tool
from chains._units import convert_units
from service.offline import OfflineChatModel

SHIPPED: list[BaseTool] = [calculator, current_time, convert_units, survey_tool(0)]

Expected = list[tuple[str, dict[str, Any]]]


def called(prompt: str, tools: Sequence[BaseTool]) -> list[tuple[str, dict[str, Any]]]:
    """The names and arguments of the calls."""
    answer = OfflineChatModel(tokens_per_second=0).bind_tools(tools).invoke(prompt)
    assert isinstance(answer, AIMessage)
    assert not answer.invalid_tool_calls
    return [(call["name"], call["args"]) for call in answer.tool_calls]


def differences(prompt: str, tools: Sequence[BaseTool], expected: Expected) -> str:
    """Empty where each expected call is made, with the expected arguments at least, and no other."""
    made = called(prompt, tools)
    if len(made) == len(expected) and all(any(_fits(call, wish) for call in made) for wish in expected):
        return ""
    return f"{prompt!r}: expected {expected}, got {made}"


def _fits(call: tuple[str, dict[str, Any]], wish: tuple[str, dict[str, Any]]) -> bool:
    return call[0] == wish[0] and all(
        _same(name, call[1].get(name), value) for name, value in wish[1].items()
    )


def _same(name: str, value: Any, expected: Any) -> bool:
    """Expressions are the same where their values are, texts whatever their case."""
    if name == "expression" and isinstance(expected, int | float):
        return isinstance(value, str) and abs(float(evaluate(value).number) - expected) < 1e-9
    if isinstance(expected, re.Pattern):
        return isinstance(value, str) and expected.search(value) is not None
    if isinstance(value, str) and isinstance(expected, str):
        return value.lower() == expected.lower()
    return bool(value == expected)

"""A chain's output, as JSON and as text."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from service.chunks import output_of


class Answer(BaseModel):
    n: int


class Hostile(Mapping[str, Any]):
    """Fails whoever looks into it."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")

    __repr__ = __len__  # type: ignore[assignment]  # it raises too


OUTPUTS: list[tuple[Any, Any, str]] = [
    ("text", "text", "text"),
    (None, None, ""),
    (AIMessage("said"), "said", "said"),
    (AIMessage([{"type": "text", "text": "sa"}, {"type": "text", "text": "id"}]), "said", "said"),
    ({"messages": [HumanMessage("asked"), AIMessage("said")], "more": 1}, "said", "said"),
    ({"messages": []}, {"messages": []}, '{"messages":[]}'),
    ({"messages": "none"}, {"messages": "none"}, '{"messages":"none"}'),
    (Answer(n=1), {"n": 1}, '{"n":1}'),
    ([1, "x"], [1, "x"], '[1,"x"]'),
    (1.5, 1.5, "1.5"),
    ("a\ud83d", "a\ufffd", "a\ufffd"),
    (Hostile(), "<Hostile>", "<Hostile>"),
]


@pytest.mark.parametrize(("output", "shown", "text"), OUTPUTS, ids=lambda value: type(value).__name__)
def test_an_output_is_shown_as_json_and_as_text(output: Any, shown: Any, text: str) -> None:
    assert output_of(output) == (shown, text)

"""Any Python value becomes JSON: what tools return is told whatever it is, and never fails a run."""

import math
import subprocess
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import orjson
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pydantic import SecretStr

from service.values import REPR_MAX_CHARS, encode_json, to_json
from tests.bridge.endless_values import laughs, self_dict, self_list, self_lists, self_objects
from tests.bridge.odd_values import (
    Color,
    Cracked,
    Guarded,
    Hostile,
    Item,
    Level,
    Mute,
    Names,
    Open,
    Pair,
    Shape,
    Word,
    nested_list,
)

# --- the rule, type by type ----------------------------------------------------------------------------

VALUES: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    (0, 0),
    (1.5, 1.5),
    ("é", "é"),
    ([1, (2, 3)], [1, [2, 3]]),
    ({"a": {"b": 1}}, {"a": {"b": 1}}),
    (OrderedDict(a=1), {"a": 1}),
    (defaultdict(int, a=1), {"a": 1}),
    ({1: "a", None: "b", (1, 2): "c"}, {"1": "a", "None": "b", "(1, 2)": "c"}),
    (Item(name="x", price=Decimal("1.10")), {"name": "x", "price": "1.10"}),
    (Open.model_validate({"name": "x", "more": {1}}), {"name": "x", "more": [1]}),
    (Names(["a"]), ["a"]),
    (Shape("square", {4}), {"name": "square", "sides": [4]}),
    (HumanMessage("hi"), "hi"),
    (AIMessage([{"type": "text", "text": "hi"}]), [{"type": "text", "text": "hi"}]),
    (ToolMessage("done", tool_call_id="x"), "done"),
    (date(2026, 1, 2), "2026-01-02"),
    (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00"),
    (time(3, 4), "03:04:00"),
    (timedelta(seconds=90), 90.0),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"a"}), ["a"]),
    (Decimal("1.10"), "1.10"),
    (Fraction(1, 3), "1/3"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (PurePosixPath("/a"), "/a"),
    (b"abc", {"type": "bytes", "size": 3}),
    (bytearray(4), {"type": "bytes", "size": 4}),
    (memoryview(bytes(8)).cast("I"), {"type": "bytes", "size": 8}),
    (Color.RED, "red"),
    (Level.HIGH, 3),
    (Word.YES, "yes"),
    (Pair(1, "x"), [1, "x"]),
    (math.nan, "nan"),
    (-math.inf, "-inf"),
    (2**63 - 1, 2**63 - 1),
    (-(2**63), -(2**63)),
    (2**64, str(2**64)),
    (Ellipsis, "Ellipsis"),
    (deque([1]), "deque([1])"),
    (1 + 2j, "(1+2j)"),
    (Shape, repr(Shape)),
    (ValueError("no"), "ValueError('no')"),
    ("a\ud83d", "a\ufffd"),
    ("\ud83d\ude00", "😀"),
    ({"\ud83d": 1}, {"\ufffd": 1}),
]


@pytest.mark.parametrize(("value", "plain"), VALUES, ids=lambda value: type(value).__name__)
def test_each_kind_of_value_becomes_json_by_the_rule(value: Any, plain: Any) -> None:
    assert to_json(value) == plain
    assert type(to_json(value)) is type(plain)
    assert orjson.loads(encode_json(to_json(value))) == plain


def test_a_secret_stays_one_and_what_a_model_excludes_is_left_out() -> None:
    text = encode_json(to_json([Guarded(key=SecretStr("hunter2"), internal="hidden")])).decode()
    assert "hunter2" not in text
    assert "hidden" not in text
    assert "key" in text


def test_a_broken_member_leaves_the_others_whole() -> None:
    assert to_json({"a": 1, "b": Mute(), "c": [Hostile(), 2]}) == {"a": 1, "b": "<Mute>", "c": ["hostile", 2]}
    assert to_json(Item.model_construct(name="x", price=Mute())) == {"name": "x", "price": "<Mute>"}


NOTHING: Any = {}  # not even the fields that it must have
RESISTING = [
    Mute(),
    Hostile(),
    {Mute(): 1},
    Cracked(1),
    Item.model_construct(None, **NOTHING),
    10**5000,
    nested_list(100_000),
]


@pytest.mark.parametrize("value", RESISTING, ids=lambda value: type(value).__name__)
def test_a_value_that_resists_becomes_some_text(value: Any) -> None:
    assert encode_json(to_json(value))


def test_what_nobody_knows_is_cut_at_two_kilobytes() -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 1_000_000

    assert to_json(Long()) == "x" * REPR_MAX_CHARS


def test_a_class_whose_repr_is_no_text_becomes_its_name() -> None:
    class Odd:
        def __repr__(self) -> str:
            return 5  # type: ignore[return-value]  # what is not to be returned

    assert to_json(Odd()) == "<Odd>"


# --- values without an end -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [self_list, self_dict, self_lists, self_objects, laughs])
def test_a_value_without_an_end_becomes_json_of_bounded_size(make: Callable[[], Any]) -> None:
    asked = [sys.executable, "-m", "tests.bridge.endless_values", make.__name__]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or f"took too long: {done.returncode}"
    assert int(done.stdout) < 50_000_000


def test_what_a_list_holds_beside_itself_is_kept() -> None:
    assert to_json(self_list())[0] == 1
    assert to_json(self_dict())["a"] == 1


def test_the_same_list_twice_is_no_list_without_an_end() -> None:
    shared = [1, 2]
    assert to_json([shared, {"again": shared}]) == [[1, 2], {"again": [1, 2]}]


def test_megabytes_are_kept_whole() -> None:
    rows = [{"id": n, "text": "x" * 90} for n in range(50_000)]
    assert orjson.loads(encode_json(to_json(rows))) == rows
    assert to_json("x" * 5_000_000) == "x" * 5_000_000


def test_thirty_levels_are_kept_whole() -> None:
    assert to_json(nested_list(30)) == nested_list(30)


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029", "\n", "\r"])
def test_no_line_separator_is_in_a_line_of_json(separator: str) -> None:
    value = {f"a{separator}": [f"b{separator}é", f"<{separator}>"]}
    line = encode_json(to_json(value))
    assert separator not in line.decode()
    assert orjson.loads(line) == value

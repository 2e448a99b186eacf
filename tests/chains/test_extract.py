"""The chain `extract`: what it is given, shows while it is written, repairs, and refuses."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from chains import extract
from chains._drafts import Draft, extends
from chains._schemas import checked_schema, form_of
from service.events import Partial
from tests.bridge.stories import told_of
from tests.chains.recording import RecordingModel
from tests.graphs.whole import events_in, started
from tests.serving import Served

PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
PEOPLE = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/person"}, "$defs": {"person": PERSON}}
TREE = {"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}
TEXT = "Ann Lee (ann@example.com) met Bob Ray in Paris."
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=5)


def chunk(text: str, **fields: Any) -> AIMessageChunk:
    return AIMessageChunk(content=text, **fields)


def lines_of(value: Any) -> str:
    return json.dumps(value, indent=1)


def saying(*replies: str | AIMessage) -> RecordingModel:
    """A model that says these, one after the other."""
    left = iter(replies)
    return RecordingModel(say=lambda messages: next(left))


@pytest.mark.parametrize("example", extract.EXAMPLES)
def test_a_text_alone_gives_what_texts_usually_mention(served: Served, example: str) -> None:
    *_, (name, done) = events_in(started(served, "extract", example))
    assert name == "done" and done["output"].keys() == extract.USUAL_SCHEMA["properties"].keys()
    assert all(email in example for email in done["output"]["emails"]) and done["output"]["emails"]


@pytest.mark.parametrize(
    ("schema", "output"),
    [
        (PERSON, {"name": "Ann Lee"}),
        (PEOPLE, [{"name": "Ann Lee"}]),
        ({"type": "string", "description": "The e-mail address"}, "ann@example.com"),
        ({"enum": ["Rome", "Paris"]}, "Paris"),
    ],
)
def test_a_value_of_any_schema_comes_piece_by_piece_and_then_whole(
    served: Served, schema: Any, output: Any
) -> None:
    events = events_in(started(served, "extract", {"text": TEXT, "schema": schema}))
    told = [data["value"] for name, data in events if name == "partial"]
    assert told[-1] == output == events[-1][1]["output"]
    assert all(extends(later, earlier) and later != earlier for earlier, later in pairwise(told))
    assert all(data["channel"] == "inner" for name, data in events if name == "token" and data["step"])


def test_formats_of_text_carry_the_value_alone(served: Served) -> None:
    body = json.dumps({"chain": "extract", "input": {"text": TEXT, "schema": PERSON}}).encode()
    assert served.post("/runs/stream?format=text", body).text == '{"name":"Ann Lee"}'


async def test_a_value_is_told_each_time_it_grew() -> None:
    value = {"name": "Ann", "met": [{"name": "Bob"}, {"name": "Carl"}], "year": 2026}
    schema = {"type": "object", "properties": {"name": {}, "met": {}, "year": {"type": "integer"}}}
    story = await told_of(
        extract.build(saying(f"Here it is:\n{lines_of(value)}\nThat is all.")),
        {"text": TEXT, "schema": schema},
    )
    told = [event.value for event in story.of(Partial)]
    assert told[0] == {} and told[-1] == story.output == value
    assert len(told) > 5
    assert all(extends(later, earlier) and later != earlier for earlier, later in pairwise(told))


@settings(max_examples=200, deadline=None)
@given(OBJECTS, st.randoms(use_true_random=False), st.booleans())
def test_whatever_the_pieces_what_is_told_only_grows_and_ends_with_the_whole(
    value: dict[str, Any], random: Any, as_call: bool
) -> None:
    draft, told = Draft(), []
    written = json.dumps(value, ensure_ascii=random.random() < 0.5)
    while written:
        size = random.randint(1, 9)
        piece, written = written[:size], written[size:]
        call: Any = {"name": None, "args": piece, "id": None, "index": 0, "type": "tool_call_chunk"}
        draft.write(chunk("", tool_call_chunks=[call]) if as_call else chunk(piece))
        told.append(draft.news())
    told = [each for each in [*told, draft.rest()] if each is not None]
    assert told[-1] == draft.value() == value
    assert all(extends(later, earlier) and later != earlier for earlier, later in pairwise(told))


@pytest.mark.parametrize("chars", [1_000, 100_000])
def test_what_is_told_of_a_long_value_is_no_flood(chars: int) -> None:
    draft, told = Draft(), 0
    draft.write(chunk('{"text": "'))
    for _ in range(chars):
        draft.write(chunk("x"))
        told += len(json.dumps(draft.news() or ""))
    assert told < 100 * chars


def test_of_several_calls_the_first_counts_and_a_whole_message_does_too() -> None:
    calls: list[Any] = [{"name": "a", "args": {"n": n}, "id": str(n)} for n in range(2)]
    for message in (AIMessage("", tool_calls=calls), chunk("", tool_calls=calls)):
        draft = Draft()
        draft.write(message)
        assert draft.value() == {"n": 0}


async def test_a_value_that_is_not_of_the_schema_is_repaired_once() -> None:
    model = saying(lines_of({"name": 5}), lines_of({"name": "Ann"}))
    story = await told_of(extract.build(model), {"text": TEXT, "schema": PERSON})
    assert story.output == {"name": "Ann"}
    first, second = (str(seen[0].content) for seen in model.seen)
    assert "name: 5 is not of type 'string'" in second and '"name": 5' in second and first in second
    assert [event.value for event in story.of(Partial)] == [{}, {"name": 5}]


@pytest.mark.parametrize("written", ["I would rather not.", "[1]", '{"name": "An', "{" * 100_000])
async def test_what_is_no_object_is_repaired_too(written: str) -> None:
    model = saying(written, lines_of({"name": "Ann"}))
    story = await told_of(extract.build(model), {"text": TEXT, "schema": PERSON})
    assert story.output == {"name": "Ann"}
    assert extract.NO_OBJECT in str(model.seen[1][0].content)


def test_a_model_that_cannot_repair_it_ends_the_run_with_what_is_wrong(served: Served) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "pattern": "^[0-9]{40}$"}}}
    given = {"text": "nothing", "schema": {**schema, "required": ["name"]}}
    events = events_in(started(served, "extract", given))
    name, error = events[-1]
    assert (name, error["code"], error["fault"], error["retryable"]) == (
        "error",
        "invalid_output",
        "provider",
        True,
    )
    assert "name: 'unknown' does not match '^[0-9]{40}$'" in error["message"]
    assert [name for name, _ in events].count("message_end") == 2


def nested(depth: int) -> dict[str, Any]:
    return {"items": nested(depth - 1)} if depth else {}


def doubling(count: int) -> dict[str, Any]:
    """References that lead to twice as many each time."""
    parts = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(count)}
    return {"$ref": "#/$defs/d0", "$defs": {**parts, f"d{count}": {}}}


REFUSED: list[tuple[Any, str]] = [
    ({"text": "  "}, "text: must be the text to extract from"),
    ({"text": 5}, "text: "),
    ({"schema": PERSON}, "lacks 'text'"),
    ({"text": TEXT, "schema": "string"}, "schema: "),
    ({"text": TEXT, "schema": {}}, 'for example {"type": "object"'),
    ({"text": TEXT, "schema": {"type": "text"}}, "is no JSON Schema: type: 'text'"),
    ({"text": TEXT, "schema": {"$schema": [], "type": "string"}}, "must be a JSON Schema"),
    ({"text": TEXT, "schema": {"$ref": "http://127.0.0.1/x"}}, "only references within it are followed"),
    ({"text": TEXT, "schema": {"$ref": "#/$defs/x"}}, "which is not in it"),
    ({"text": TEXT, "schema": {"$ref": "#"}}, "refers to itself without end"),
    ({"text": TEXT, "schema": {"type": "string", "pattern": "(?<=a)b"}}, "without look-around"),
    ({"text": TEXT, "schema": {"patternProperties": {"(a+)+$": {}}}}, "use properties"),
    ({"text": TEXT, "schema": {"enum": [{}] * 3_000}}, "1 to 2,000 parts"),
    ({"text": TEXT, "schema": doubling(40)}, "without end"),
]


@pytest.mark.parametrize(("given", "why"), REFUSED, ids=range(len(REFUSED)))
def test_an_input_that_cannot_be_is_refused_by_name_before_the_run(
    served: Served, given: Any, why: str
) -> None:
    answer = started(served, "extract", given)
    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (422, "invalid_input")
    assert why in problem["detail"]


def test_a_schema_that_is_nested_too_deep_is_refused() -> None:
    """The service's own routes take none that is over a hundred deep."""
    with pytest.raises(ValueError, match="is nested too deep"):
        checked_schema(nested(400))


def test_no_pattern_and_no_reference_of_a_schema_makes_a_check_last() -> None:
    hostile = form_of({"type": "string", "pattern": "^(a+)+$"})
    assert hostile.problems("a" * 10_000 + "!") and not hostile.problems("a" * 10_000)
    twice = {"allOf": [{"items": {"$ref": "#/$defs/x"}}, {"items": {"$ref": "#/$defs/x"}}]}
    value: list[Any] = []
    for _ in range(60):
        value = [value]
    assert form_of({"$ref": "#/$defs/x", "$defs": {"x": twice}}).problems(value) == [
        "it is too much to check"
    ]


def test_references_of_a_boxed_schema_lead_to_the_same_places() -> None:
    whole = {"type": "array", "items": {"$ref": "#"}}
    assert form_of(whole).asked["properties"]["value"]["items"] == {"$ref": "#/properties/value"}
    asked = form_of(TREE).asked
    assert asked["properties"]["value"] == {"$ref": "#/$defs/tree"} and "tree" in asked["$defs"]


async def test_the_text_is_given_as_it_is_and_is_no_instruction() -> None:
    model = saying(lines_of({"name": "Ann"}))
    await told_of(extract.build(model), {"text": TEXT, "schema": PERSON})
    seen: Sequence[BaseMessage] = model.seen[0]
    assert [message.type for message in seen] == ["system", "human"] and seen[1].content == TEXT

"""One model call: what it writes, however the provider shapes it, and how it ends."""

from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda

from service.events import MessageEnd, Reasoning, Token, ToolCall, Usage
from tests.bridge.models import ScriptedText, WholeChat, call, calls, chat, last
from tests.bridge.stories import told_of


async def test_a_model_streams_without_being_asked_to() -> None:
    story = await told_of(chat("Hel", "lo", last()))
    assert [token.text for token in story.of(Token)] == ["Hel", "lo"]
    assert story.names == ["token", "token", "message_end"]
    assert story.output.content == "Hello"


async def test_langchains_own_fake_model_streams_too() -> None:
    story = await told_of(GenericFakeChatModel(messages=iter([AIMessage("one two three")])))
    assert len(story.of(Token)) > 2
    assert story.text() == "one two three"


async def test_a_model_that_cannot_stream_tells_its_answer_at_once() -> None:
    story = await told_of(WholeChat(replies=["Hello there"]))
    assert [token.text for token in story.of(Token)] == ["Hello there"]
    assert story.names == ["token", "message_end"]


async def test_a_model_told_not_to_stream_tells_its_answer_at_once() -> None:
    class Both(WholeChat):
        def _stream(self, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError("it was told not to stream")

    story = await told_of(Both(replies=["Hello"], disable_streaming=True))
    assert story.text() == "Hello"


async def test_a_cached_answer_is_told_whole_and_only_once_per_call() -> None:
    model = chat("Hel", "lo", last())
    model.cache = InMemoryCache()
    first, second = await told_of(model), await told_of(model)
    assert model.calls == 1
    assert [token.text for token in first.of(Token)] == ["Hel", "lo"]
    assert [token.text for token in second.of(Token)] == ["Hello"]
    assert second.names == ["token", "message_end"]


async def test_a_cached_answer_has_used_nothing() -> None:
    model = chat("Hello", last(input_tokens=1, output_tokens=2, total_tokens=3))
    model.cache = InMemoryCache()
    first, second = await told_of(model), await told_of(model)
    assert first.one(Usage).total_tokens == 3
    assert (second.one(Usage).total_tokens, second.one(Usage).cost_usd) == (0, 0.0)


async def test_a_text_model_tells_its_answer_invoked_or_streamed() -> None:
    model = ScriptedText(reply=["Hel", "lo"])
    assert (await told_of(model)).text() == "Hello"
    streamed = await told_of(_streamed(model))
    assert [token.text for token in streamed.of(Token)] == ["Hel", "lo"]
    assert streamed.names == ["token", "token", "message_end"]


def _streamed(model: Any) -> Any:
    """The model, driven by `astream` inside a chain."""

    async def stream(text: str) -> str:
        return "".join([piece async for piece in model.astream(text)])

    return RunnableLambda(stream)


async def test_empty_chunks_make_no_events() -> None:
    story = await told_of(chat("", "a", "", last()))
    assert story.names == ["token", "message_end"]


# --- reasoning, in the shapes of the providers ---------------------------------------------------------

REASONING: dict[str, list[Any]] = {
    "deepseek, groq": [{"additional_kwargs": {"reasoning_content": "hm"}}],
    "anthropic": [{"content": [{"type": "thinking", "thinking": "hm", "index": 0}]}],
    "openai responses": [
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm", "index": 0}]}]}
    ],
    "standard block": [{"content": [{"type": "reasoning", "reasoning": "hm", "index": 0}]}],
    "bedrock": [{"content": [{"type": "reasoning_content", "text": "hm", "index": 0}]}],
}


@pytest.mark.parametrize("shape", REASONING)
async def test_reasoning_is_told_apart_from_the_answer(shape: str) -> None:
    answer = {"content": [{"type": "text", "text": "Yes", "index": 1}]}
    pieces: list[Any] = [*REASONING[shape], "Yes" if "groq" in shape else answer, last()]
    story = await told_of(chat(*pieces))
    assert [event.text for event in story.of(Reasoning)] == ["hm"]
    assert story.text() == "Yes"
    assert story.names == ["reasoning", "token", "message_end"]


async def test_reasoning_of_a_model_that_cannot_stream_comes_before_its_answer() -> None:
    message = AIMessage("Yes", additional_kwargs={"reasoning_content": "hm"})
    story = await told_of(WholeChat(replies=[message]))
    assert story.names == ["reasoning", "token", "message_end"]


async def test_a_signature_or_a_redacted_block_is_no_text() -> None:
    blocks = [
        {"type": "thinking", "signature": "c2ln", "index": 0},
        {"type": "redacted_thinking", "data": "xxx", "index": 1},
        {"type": "image", "url": "http://example.test", "index": 2},
        {"type": "text", "text": "Yes", "index": 3},
    ]
    story = await told_of(chat({"content": blocks}, last()))
    assert story.names == ["token", "message_end"]
    assert story.text() == "Yes"


async def test_content_as_a_list_of_strings_and_blocks_is_joined() -> None:
    story = await told_of(chat({"content": ["a", {"type": "text", "text": "b", "index": 0}]}, last()))
    assert story.text() == "ab"


async def test_content_as_version_1_blocks_is_told_once() -> None:
    model = chat("Hel", "lo", last())
    model.output_version = "v1"
    assert (await told_of(model)).text() == "Hello"


# --- text that is split where it hurts -----------------------------------------------------------------


async def test_a_surrogate_pair_split_between_chunks_is_joined() -> None:
    story = await told_of(chat("a\ud83d", "\ude00b", last()))
    assert story.text() == "a😀b"


async def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    story = await told_of(chat("a\ud83d", "b\ude00", last()))
    assert story.text() == "a\ufffdb\ufffd"


async def test_half_a_pair_at_the_very_end_is_not_lost() -> None:
    story = await told_of(chat("a\ud83d", last()))
    assert story.text() == "a\ufffd"
    assert story.names[-1] == "message_end"


async def test_half_a_pair_of_reasoning_at_the_very_end_is_not_lost() -> None:
    story = await told_of(chat({"additional_kwargs": {"reasoning_content": "a\ud83d"}}, "b", last()))
    assert "".join(event.text for event in story.of(Reasoning)) == "a\ufffd"


async def test_half_a_pair_in_a_calls_arguments_is_not_lost() -> None:
    story = await told_of(chat(calls(call("find", '{"q": "\ud83d')), last("tool_calls")))
    assert "".join(event.args_delta for event in story.of(ToolCall)) == '{"q": "\ufffd'


async def test_a_surrogate_pair_split_in_a_calls_arguments_is_joined() -> None:
    pieces = calls(call("find", '{"q": "\ud83d')), calls(call("", '\ude00"}', id=None))
    story = await told_of(chat(*pieces, last("tool_calls")))
    assert "".join(event.args_delta for event in story.of(ToolCall)) == '{"q": "😀"}'


@pytest.mark.parametrize("text", ["a\nb\r\nc\r", "\0", "data: x\n\n", "\u2028\u2029\x85", "x" * 1_000_000])
async def test_any_text_is_told_unchanged(text: str) -> None:
    assert (await told_of(chat(text, last()))).text() == text


# --- tool calls as the model writes them ---------------------------------------------------------------


async def test_the_pieces_of_a_tool_call_join_to_its_arguments() -> None:
    pieces = calls(call("find", "")), calls(call("", '{"q": ', id=None)), calls(call("", "1}", id=None))
    story = await told_of(chat(*pieces, last("tool_calls")))
    told = story.of(ToolCall)
    assert "".join(event.args_delta for event in told) == '{"q": 1}'
    assert {(event.tool_call_id, event.name, event.index) for event in told} == {("call_1", "find", 0)}


async def test_pieces_of_two_calls_that_interleave_are_told_apart() -> None:
    story = await told_of(
        chat(
            calls(call("a", "{", id="x", index=0), call("b", "[", id="y", index=1)),
            calls(call("", "]", id=None, index=1), call("", "}", id=None, index=0)),
            last("tool_calls"),
        )
    )
    joined: dict[str, str] = {}
    for event in story.of(ToolCall):
        joined[event.tool_call_id] = joined.get(event.tool_call_id, "") + event.args_delta
    assert joined == {"x": "{}", "y": "[]"}


async def test_calls_that_a_provider_numbers_all_0_are_told_apart_by_their_ids() -> None:
    pieces = calls(call("a", "{}", id="x")), calls(call("b", "{}", id="y"))
    story = await told_of(chat(*pieces, last("tool_calls")))
    assert [(event.tool_call_id, event.index) for event in story.of(ToolCall)] == [("x", 0), ("y", 1)]


async def test_a_call_without_an_id_gets_one() -> None:
    story = await told_of(chat(calls(call("a", "{}", id=None)), last("tool_calls")))
    assert story.one(ToolCall).tool_call_id


async def test_a_model_that_cannot_stream_tells_its_calls_whole() -> None:
    message = AIMessage("", tool_calls=[{"name": "find", "args": {"q": "é"}, "id": "call_1"}])
    story = await told_of(WholeChat(replies=[message]))
    assert story.one(ToolCall).args_delta == '{"q":"é"}'
    assert story.one(MessageEnd).finish_reason == "tool_calls"


# --- how it ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "said", "told"),
    [
        ("finish_reason", "stop", "stop"),
        ("finish_reason", "length", "length"),
        ("finish_reason", "content_filter", "content_filter"),
        ("finish_reason", "STOP", "stop"),
        ("finish_reason", "MAX_TOKENS", "length"),
        ("finish_reason", "SAFETY", "content_filter"),
        ("stop_reason", "end_turn", "stop"),
        ("stop_reason", "max_tokens", "length"),
        ("stop_reason", "refusal", "content_filter"),
        ("done_reason", "stop", "stop"),
        ("done_reason", "length", "length"),
        ("finish_reason", "something new", "stop"),
    ],
)
async def test_the_finish_reason_is_told_whatever_the_provider_calls_it(
    key: str, said: str, told: str
) -> None:
    story = await told_of(chat("a", last(said, key=key)))
    assert story.one(MessageEnd).finish_reason == told


@pytest.mark.parametrize("said", ["tool_calls", "tool_use", "stop"])
async def test_a_message_with_calls_ends_with_tool_calls(said: str) -> None:
    story = await told_of(chat(calls(call("a")), last(said)))
    assert story.one(MessageEnd).finish_reason == "tool_calls"


async def test_usage_follows_the_messages_end() -> None:
    usage: Any = {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "input_token_details": {"cache_read": 3},
        "output_token_details": {"reasoning": 2},
    }
    story = await told_of(chat("a", last(**usage)))
    assert story.names == ["token", "message_end", "usage"]
    told = story.one(Usage)
    assert (told.input_tokens, told.output_tokens, told.total_tokens) == (10, 5, 15)
    assert (told.cached_tokens, told.reasoning_tokens) == (3, 2)
    assert told.model == "scripted-1"


async def test_usage_spread_over_chunks_is_summed_once() -> None:
    first = {"usage_metadata": {"input_tokens": 4, "output_tokens": 0, "total_tokens": 4}}
    second = {"usage_metadata": {"input_tokens": 0, "output_tokens": 2, "total_tokens": 2}}
    story = await told_of(chat(first, "a", second, last()))
    assert story.one(Usage).total_tokens == 6


@pytest.mark.parametrize("written", [[], ["a", "b"]])
async def test_a_model_that_breaks_off_keeps_what_it_wrote_and_ends_with_error(written: list[str]) -> None:
    story = await told_of(chat(*written, ConnectionError("gone")))
    assert story.text() == "".join(written)
    assert story.one(MessageEnd).finish_reason == "error"
    assert isinstance(story.error, ConnectionError)


async def test_a_model_that_fails_whole_ends_with_error() -> None:
    story = await told_of(WholeChat(replies=[ConnectionError("gone")]))
    assert story.names == ["message_end"]
    assert story.one(MessageEnd).finish_reason == "error"


async def test_a_text_model_that_breaks_off_ends_with_error() -> None:
    story = await told_of(_streamed(ScriptedText(reply=["a", ConnectionError("gone")])))
    assert story.names == ["token", "message_end", "usage"]
    assert story.one(MessageEnd).finish_reason == "error"
    assert (story.one(Usage).output_tokens, story.one(Usage).estimated) == (1, True)


async def test_a_model_that_writes_nothing_at_all_ends() -> None:
    story = await told_of(chat())
    assert story.names == ["message_end"]
    assert isinstance(story.error, ValueError)

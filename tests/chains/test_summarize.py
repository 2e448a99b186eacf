"""The chain `summarize`: one call for a short text, the parts of a long one at the same time, one answer."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import pytest
from anyio import fail_after, wait_all_tasks_blocked
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import PrivateAttr

from chains import summarize
from chains._parts import parts_of
from service.events import StepStart, Token
from tests.bridge.stories import told_of
from tests.chains.recording import RecordingModel, window
from tests.graphs.whole import events_in, started
from tests.serving import Served

LONG = "\n\n".join(f"Paragraph {n} says something of its own. " + "More is said. " * 30 for n in range(60))


def asking(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def short(messages: Sequence[BaseMessage]) -> str:
    """The first words of each text, and whose summary it is."""
    return (
        f"{'part' if 'one part' in str(messages[0].content) else 'whole'}: {str(messages[-1].content)[:20]}"
    )


async def test_a_short_text_takes_one_call_whose_words_are_the_answer() -> None:
    model = RecordingModel(say=lambda messages: "in short")
    story = await told_of(summarize.build(model), asking("A text."))
    assert len(model.seen) == 1 and model.seen[0][-1].content == "A text."
    assert story.text("answer") == "in short" == story.output.content and story.text("inner") == ""


async def test_of_a_long_text_the_parts_are_inner_and_only_the_last_call_is_the_answer() -> None:
    model = RecordingModel(say=short)
    story = await told_of(summarize.build(model), asking(LONG))
    *parts, last = model.seen
    texts = [str(part[-1].content) for part in parts]
    assert sorted(texts, key=LONG.index) == parts_of(LONG, summarize.PART_CHARS) and len(texts) > 2
    assert [str(last[-1].content).count("part:"), len(story.of(StepStart))] == [len(parts)] * 2
    assert story.text("answer") == story.output.content == short(last)
    answers = {token.message_id for token in story.of(Token) if token.channel == "answer"}
    assert len(answers) == 1 and story.text("inner").count("part:") == len(parts)


async def test_the_summaries_keep_the_order_of_the_parts() -> None:
    model = RecordingModel(say=short)
    await told_of(summarize.build(model), asking(LONG))
    numbers = [int(n) for n in re.findall(r"Paragraph (\d+)", str(model.seen[-1][-1].content))]
    assert numbers == sorted(numbers) and len(numbers) > 2


class Held(RecordingModel):
    """Answers nobody before it is let go."""

    _go: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)

    def let_go(self) -> None:
        self._go.set()

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        async for chunk in super()._astream(messages, *args, **kwargs):
            await self._go.wait()
            yield chunk


async def test_the_parts_are_summarised_at_the_same_time_but_not_all_of_many() -> None:
    model = Held(say=lambda messages: "short")
    with fail_after(20):
        task = asyncio.create_task(summarize.build(model).ainvoke(asking(LONG * 5)))
        await wait_all_tasks_blocked()
        assert len(model.seen) == summarize.AT_ONCE
        model.let_go()
        await task
    assert len(model.seen) > summarize.AT_ONCE


async def test_summaries_that_are_too_long_together_are_summarised_again() -> None:
    model = RecordingModel(say=lambda messages: str(messages[-1].content)[: summarize.PART_CHARS // 3])
    story = await told_of(summarize.build(model), asking(LONG * 3))
    parts = len(parts_of(LONG * 3, summarize.PART_CHARS))
    assert len(model.seen) > parts + 1 and "one part" not in str(model.seen[-1][0].content)
    assert len(str(model.seen[-1][-1].content)) <= summarize.PART_CHARS
    assert story.text("answer") == story.output.content


async def test_a_model_that_does_not_shorten_comes_to_an_end_too() -> None:
    model = RecordingModel(say=lambda messages: str(messages[-1].content))
    output = await summarize.build(model).ainvoke(asking(LONG))
    assert len(output.content) <= summarize.PART_CHARS
    parts = len(parts_of(LONG, summarize.PART_CHARS))
    assert len(model.seen) <= (parts + 1) * summarize.ROUNDS + 1


async def test_parts_fit_a_small_window_and_wishes_of_the_request_reach_the_answer() -> None:
    model = window(1_000, short)
    given = {"messages": [SystemMessage("In French."), HumanMessage(LONG[:6_000])]}
    await summarize.build(model).ainvoke(given)
    assert max(len(str(seen[-1].content)) for seen in model.seen) <= 1_500 and len(model.seen) > 4
    assert "In French." in str(model.seen[-1][0].content)


@given(st.text(alphabet="ab .\n", max_size=300), st.integers(1, 40))
def test_parts_are_short_enough_and_lose_nothing_but_space(text: str, most: int) -> None:
    parts = parts_of(text, most)
    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_part_ends_with_a_paragraph_or_a_sentence_where_it_can() -> None:
    assert parts_of("One. Two is it.\n\nThree is more. Four.", 20) == [
        "One. Two is it.",
        "Three is more. Four.",
    ]
    assert parts_of("One is here. Two is there.", 16) == ["One is here.", "Two is there."]


@pytest.mark.parametrize("text", [summarize.EXAMPLES[0], LONG])
def test_with_the_offline_model_a_summary_is_in_the_text_s_own_sentences(served: Served, text: str) -> None:
    *_, (name, done) = events_in(started(served, "summarize", text))
    assert name == "done" and 0 < len(done["output"]) < len(text) / 2
    assert all(sentence in text for sentence in re.split(r"(?<=\.)\s", done["output"]))


def test_an_empty_text_is_refused(served: Served) -> None:
    answer = started(served, "summarize", " ")
    assert answer.status == 422 and "it must have text" in answer.text

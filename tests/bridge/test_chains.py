"""LCEL chains: sequences, parallel branches, fallbacks, batches, retrievers, named sub-chains."""

import asyncio
from typing import Any

import orjson
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import MessageEnd, Sources, StepEnd, StepStart, Token, encode_event
from tests.bridge.models import WholeChat, chat, last
from tests.bridge.stories import collected, told_of

PROMPT = ChatPromptTemplate.from_template("Say {word}")
TEXT = StrOutputParser()


async def test_a_chain_of_prompt_model_and_parser_tells_the_models_text() -> None:
    story = await told_of(PROMPT | chat("Hel", "lo", last()) | TEXT, {"word": "hello"})
    assert story.names == ["token", "token", "message_end"]
    assert story.text() == story.output == "Hello"


async def test_prompts_parsers_and_unnamed_sequences_are_no_steps() -> None:
    chain = PROMPT | chat("a", last()) | TEXT | RunnablePassthrough()
    story = await told_of(chain, {"word": "hello"})
    assert story.of(StepStart) == []


async def test_two_models_in_a_row_are_two_messages_and_the_iteration_goes_on_after_the_first() -> None:
    story = await told_of(chat("one", last()) | TEXT | chat("two", last()))
    assert story.texts == {"m1": "one", "m2": "two"}
    assert story.names == ["token", "message_end", "token", "message_end"]


async def test_models_in_parallel_branches_interleave_and_are_told_apart() -> None:
    turn, back = asyncio.Event(), asyncio.Event()
    first = chat("a1", turn.set, back, "a2", last())
    second = chat(turn, "b1", back.set, "b2", last())
    story = await told_of(RunnableParallel(first=first, second=second))
    assert sorted(story.texts.values()) == ["a1a2", "b1b2"]
    assert [token.text for token in story.of(Token)][:2] == ["a1", "b1"]


async def test_models_gathered_in_a_function_are_told_apart() -> None:
    models = [chat(f"{n}x", f"{n}y", last()) for n in range(5)]

    async def all_at_once(text: str) -> None:
        await asyncio.gather(*(model.ainvoke(text) for model in models))

    story = await told_of(RunnableLambda(all_at_once))
    assert sorted(story.texts.values()) == [f"{n}x{n}y" for n in range(5)]


async def test_a_batch_of_calls_of_one_model_is_told_apart() -> None:
    model = chat("a", "b", last())

    async def batch(text: str) -> None:
        await model.abatch([text] * 4)

    story = await told_of(RunnableLambda(batch))
    assert list(story.texts.values()) == ["ab"] * 4


async def test_a_batch_at_the_top_is_told_to_the_end_of_its_last_run() -> None:
    handler = AsyncIteratorCallbackHandler(end_with_root=False)
    chain = PROMPT | chat("a", "b", last())

    async def batch() -> None:
        try:
            await chain.abatch([{"word": "x"}] * 3, config={"callbacks": [handler], "max_concurrency": 1})
        finally:
            handler.close()

    _, events = await asyncio.gather(batch(), collected(handler))
    assert len([event for event in events if isinstance(event, MessageEnd)]) == 3


async def test_a_named_sub_chain_is_a_step_around_its_model() -> None:
    named = (PROMPT | chat("a", last())).with_config(run_name="greeting")
    story = await told_of(RunnablePassthrough() | named, {"word": "x"})
    step = story.one(StepStart)
    assert (step.name, step.parent) == ("greeting", None)
    assert story.one(Token).step == step.step
    assert story.events[-1] == story.one(StepEnd)


async def test_steps_in_steps_know_their_parents() -> None:
    inner = RunnableLambda(lambda text: text, name="inner") | chat("a", last())
    outer: Runnable[Any, Any] = (RunnablePassthrough() | inner.with_config(run_name="outer")).with_config(
        run_name="all"
    )
    story = await told_of(RunnablePassthrough() | outer)
    names = {step.step: step.name for step in story.of(StepStart)}
    assert [(step.name, names.get(step.parent or "")) for step in story.of(StepStart)] == [
        ("all", None),
        ("outer", "all"),
        ("inner", "outer"),
    ]


async def test_the_model_of_a_fallback_is_a_message_of_its_own() -> None:
    story = await told_of(
        RunnablePassthrough() | chat("a", ConnectionError()).with_fallbacks([chat("b", last())])
    )
    assert story.texts == {"m1": "a", "m2": "b"}
    assert [event.finish_reason for event in story.of(MessageEnd)] == ["error", "stop"]
    assert story.error is None


async def test_a_chain_driven_by_astream_tells_the_same() -> None:
    chain: Runnable[Any, Any] = PROMPT | chat("Hel", "lo", last()) | TEXT

    async def stream(given: dict[str, str]) -> str:
        return "".join([piece async for piece in chain.astream(given)])

    story = await told_of(RunnableLambda(stream), {"word": "hello"})
    assert [token.text for token in story.of(Token)] == ["Hel", "lo"]
    assert story.output == "Hello"


async def test_a_chain_driven_in_a_thread_tells_the_same() -> None:
    chain = PROMPT | chat("Hel", "lo", last()) | TEXT
    handler = AsyncIteratorCallbackHandler()
    work = asyncio.to_thread(chain.invoke, {"word": "hello"}, config={"callbacks": [handler]})
    output, events = await asyncio.gather(work, collected(handler))
    assert [event.text for event in events if isinstance(event, Token)] == ["Hel", "lo"]
    assert output == "Hello"


async def test_branches_in_threads_are_told_apart() -> None:
    chain = RunnableParallel(first=chat("a1", "a2", last()), second=chat("b1", "b2", last()))
    handler = AsyncIteratorCallbackHandler()
    work = asyncio.to_thread(chain.invoke, "hi", config={"callbacks": [handler]})
    _, events = await asyncio.gather(work, collected(handler))
    tokens = [event for event in events if isinstance(event, Token)]
    for message_id in {"m1", "m2"}:
        assert "".join(t.text for t in tokens if t.message_id == message_id) in ("a1a2", "b1b2")


async def test_a_model_tagged_nostream_writes_to_the_inner_channel() -> None:
    for tag in ("nostream", "langsmith:nostream", "inner"):
        hidden = chat("hidden", last()).with_config(tags=[tag])
        story = await told_of(hidden | TEXT | chat("shown", last()))
        assert (story.text("inner"), story.text("answer")) == ("hidden", "shown")


async def test_only_the_answer_is_iterated_as_text() -> None:
    handler = AsyncIteratorCallbackHandler()
    chain = chat("hidden", last()).with_config(tags=["inner"]) | TEXT | chat("sho", "wn", last())
    task = asyncio.ensure_future(chain.ainvoke("hi", config={"callbacks": [handler]}))
    assert [text async for text in handler.aiter()] == ["sho", "wn"]
    await task


class Shelf(BaseRetriever):
    """Finds what it was given, or fails."""

    found: list[Any]

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if self.found and isinstance(self.found[0], Exception):
            raise self.found[0]
        return self.found


async def test_a_retrievers_documents_are_told_as_sources() -> None:
    documents = [
        Document(
            "x" * 1000, id="d1", metadata={"title": "One", "url": "https://example.test/1", "score": 0.5}
        ),
        Document("two", metadata={"source": "/etc/passwd"}),
    ]
    story = await told_of(Shelf(found=documents) | (lambda found: str(len(found))) | chat("a", last()))
    assert story.names == ["sources", "token", "message_end"]
    one, two = story.one(Sources).items
    assert (one["id"], one["title"], one["url"], one["score"]) == ("d1", "One", "https://example.test/1", 0.5)
    assert one["snippet"] == "x" * 300
    assert (two["id"], two["url"], two["score"]) == (None, None, None)


async def test_a_retriever_that_finds_nothing_or_fails_does_not_end_the_iteration_early() -> None:
    empty = await told_of(Shelf(found=[]) | (lambda found: "none") | chat("a", last()))
    assert empty.one(Sources).items == []
    assert empty.text() == "a"
    failing = await told_of(
        Shelf(found=[OSError("gone")]).with_fallbacks([Shelf(found=[])]) | (lambda _: "x")
    )
    assert failing.names == ["sources"]


async def test_odd_metadata_of_a_document_fails_no_run() -> None:
    odd = {"title": 5, "url": ["x"], "score": float("nan"), "source": {"a": {1, 2}}}
    story = await told_of(Shelf(found=[Document("text\ud83d", metadata=odd)]) | (lambda _: "x"))
    (item,) = orjson.loads(encode_event(story.one(Sources)))["items"]
    assert (item["title"], item["url"], item["score"]) == ("5", None, None)
    assert item["snippet"] == "text\ufffd"


async def test_a_whole_model_between_streaming_ones_keeps_its_place() -> None:
    chain = chat("a", last()) | TEXT | WholeChat(replies=["b"]) | TEXT | chat("c", last())
    assert (await told_of(chain)).texts == {"m1": "a", "m2": "b", "m3": "c"}

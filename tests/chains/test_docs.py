"""The chain `docs`: it finds what the documents say, tells its sources, and answers from them alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from chains import docs
from chains._handbook import FOUND_AT_MOST, PASSAGE_CHARS, Handbook, passages_of, search
from service.events import Sources
from tests.bridge.stories import told_of
from tests.chains.recording import RecordingModel, window
from tests.docs.documents import ROOT
from tests.graphs.whole import events_in, started
from tests.serving import Served

QUESTION = "How long does a run go on once its last reader has left?"


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is DISCONNECT_GRACE_SECONDS?", "README.md: Settings"),
        ("What does a gap frame mean?", "docs/protocol.md: Control frames"),
        ("How do I approve a tool call of a graph?", "docs/protocol.md: Approvals"),
        ("Who holds up the event loop? What blocks?", "docs/graphs.md: What blocks"),
        ("mounting in a FastAPI app", "docs/graphs.md: In your own FastAPI app"),
    ],
)
def test_the_passage_that_answers_is_among_those_found(question: str, title: str) -> None:
    assert title in [passage.title for passage, _ in search(question)]


def test_what_is_found_comes_the_best_first_and_nothing_where_no_word_is_known() -> None:
    scores = [score for _, score in search(QUESTION)]
    assert len(scores) == FOUND_AT_MOST and scores == sorted(scores, reverse=True) and scores[-1] > 0
    assert search("Quetzalcoatl?") == search("") == search("what is the") == []


def test_a_document_is_cut_at_its_headings_and_nothing_of_it_is_lost() -> None:
    one = "## One\n\nFirst.\n\n```sh\n# no heading\n```\n\n### Deep\n\nMore."
    text = f"# Top\n\nIntro.\n\n{one}\n\n## Two\n\nLast.\n"
    assert [(each.title, each.text) for each in passages_of("a.md", text)] == [
        ("a.md", "Intro."),
        ("a.md: One", "First.\n\n```sh\n# no heading\n```"),
        ("a.md: One: Deep", "More."),
        ("a.md: Two", "Last."),
    ]
    for file in (ROOT / "docs").glob("*.md"):
        passages = list(passages_of(file.name, file.read_text()))
        assert all(len(passage.text) <= PASSAGE_CHARS for passage in passages)
        words = sum(len(passage.text.split()) for passage in passages)
        outside = re.sub("^```.*?^```", "", file.read_text(), flags=re.MULTILINE | re.DOTALL)
        headings = [line for line in outside.splitlines() if line.startswith("#")]
        assert words == len(file.read_text().split()) - sum(len(line.split()) for line in headings)


async def test_the_passages_are_numbered_in_the_prompt_and_told_as_sources() -> None:
    model = RecordingModel(say=lambda messages: "For 10 seconds [1].")
    story = await told_of(docs.build(model), {"messages": [HumanMessage(QUESTION)]})
    items = story.one(Sources).items
    system, question = model.seen[0]
    for number, item in enumerate(items, 1):
        assert f"[{number}] {item['title']}\n{item['snippet']}" in str(system.content)
    assert question.content == QUESTION and all(item["score"] for item in items)
    assert story.names[0] == "sources" and story.text("answer") == "For 10 seconds [1]."


async def test_a_short_question_is_searched_for_with_the_one_before() -> None:
    model = RecordingModel()
    given = [
        HumanMessage("What is SHUTDOWN_GRACE_SECONDS?"),
        AIMessage("How long…"),
        HumanMessage("And why?"),
    ]
    story = await told_of(docs.build(model), {"messages": given})
    assert "README.md: Settings" in [item["title"] for item in story.one(Sources).items]
    assert model.seen[0][1:] == given


async def test_the_conversation_is_trimmed_around_the_passages() -> None:
    model = window(4_000)
    given = [HumanMessage(f"{n} {QUESTION} {'word ' * 100}") for n in range(60)]
    await docs.build(model).ainvoke({"messages": given})
    (system, *rest) = model.seen[0]
    assert "[1] " in str(system.content) and rest == given[-len(rest) :] and 1 < len(rest) < 60


@pytest.mark.parametrize("question", docs.EXAMPLES)
def test_with_the_offline_model_the_answer_quotes_the_sources_by_number(
    served: Served, question: str
) -> None:
    events = events_in(started(served, "docs", question))
    (items,) = [data["items"] for name, data in events if name == "sources"]
    quotes = [line for line in events[-1][1]["output"].splitlines() if line.startswith("- ")]
    texts = [" ".join(document.page_content.split()) for document in Handbook().invoke(question)]
    assert len(texts) == len(items)
    assert quotes
    for quote in quotes:
        said, _, number = quote.removeprefix("- ").rpartition(" [")
        assert said in texts[int(number.rstrip("]")) - 1]


IMPORTING = """
import asyncio, sys, threading
from langchain_core.messages import HumanMessage
from chains import docs
from service.offline import OfflineChatModel

class Telling:
    def find_spec(self, name, *rest):
        if name == "bm25s":
            print("imported by the loop's thread:", threading.current_thread() is threading.main_thread())

sys.meta_path.insert(0, Telling())
chain = docs.build(OfflineChatModel(tokens_per_second=0))
print("built")
asyncio.run(chain.ainvoke({"messages": [HumanMessage("How do I resume a stream?")]}))
"""


def test_the_search_is_loaded_by_the_first_question_in_a_thread(tmp_path: Path) -> None:
    """It takes a quarter of a second, which neither the start nor other streams should wait for."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.stdout == "built\nimported by the loop's thread: False\n", done.stderr

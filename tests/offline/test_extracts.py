"""What the offline model does with a text it is to summarise, and with passages it is to answer from."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from service.offline import OfflineChatModel
from service.offline.extracts import passages_in, quoted_from, summary_of

BEES = (
    "Bees live in colonies, and a colony of bees has one queen. I had coffee this morning. "
    "The workers of a colony gather nectar, from which the bees make honey. It rained on Tuesday. "
    "In winter the bees of the colony form a cluster around the queen and eat their honey. My car is red. "
    "The coffee was rather strong. Somebody rang the bell twice. The train left late again."
)
PASSAGES = (
    "Answer the question from these passages.\n\n"
    "[1] Tea\nGreen tea is brewed at 80 degrees. It is from China.\n\n"
    "[2] Coffee\nCoffee is brewed just below\nboiling, and ground before. Beans keep for months.\n"
)


def said(system: str, prompt: str) -> str:
    messages = [SystemMessage(system), HumanMessage(prompt)]
    return str(OfflineChatModel(tokens_per_second=0).invoke(messages).content)


@pytest.mark.parametrize("system", ["Summarise the text.", "You are terse in nothing.\nPlease summarize it."])
def test_a_text_to_summarise_is_given_back_by_its_sentences_that_say_the_most(system: str) -> None:
    told = said(system, BEES)
    assert told == summary_of(BEES)
    sentences = re.split(r"(?<=\.)\s", told)
    assert all(sentence in BEES for sentence in sentences) and len(told) < len(BEES) / 2
    assert sentences == sorted(sentences, key=BEES.index)
    assert all("colony" in sentence for sentence in sentences)


def test_what_is_no_text_to_summarise_is_answered_as_ever() -> None:
    assert "Hello" in said("Summarise the text.", "hello")
    assert said("You can summarise and translate.", BEES) != summary_of(BEES)


def test_a_prompt_that_asks_for_a_summary_gets_the_same_sentences() -> None:
    assert summary_of(BEES) in said("", f"Summarize this text:\n{BEES}")


def test_passages_of_a_system_text_are_quoted_by_number() -> None:
    told = said(PASSAGES, "How is coffee brewed?")
    assert "- Coffee is brewed just below boiling, and ground before. [2]" in told
    assert "[1]" in told and "Beans keep" not in told.partition("[2]")[0]


def test_where_no_passage_has_the_words_that_is_said() -> None:
    assert "None of the passages" in said(PASSAGES, "Who won the match yesterday?")


def test_passages_begin_on_lines_of_their_own() -> None:
    assert passages_in("See [1] and [2].") == ()
    assert passages_in("[1] a\n\nb\n[2] c") == ((1, "a\n\nb"), (2, "c"))
    assert quoted_from(((3, "Tea leaves are dried"),), "tea") == "- Tea leaves are dried [3]"


@given(st.text(max_size=2_000))
def test_any_text_has_a_summary_and_passages(text: str) -> None:
    assert summary_of(text) or not text.strip()
    quoted_from(passages_in(f"[1] {text}"), text)

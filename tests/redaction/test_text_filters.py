"""FILTERS: functions that see the text before anybody does."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.errors import StartError
from service.redaction import Block
from service.redaction.filtering import cleaned, text_stream
from service.redaction.hold_back import BOUND
from service.redaction.rule import Blocked
from service.redaction.text_filters import FilterFailed, filter_of, load_filters
from tests.docs.documents import ROOT, blocks
from tests.serving import Served, serving

EXAMPLES = "./examples/filters.py:say_who", "./examples/filters.py:no_rivals"
CHAINS = tuple(f"tests.redaction.speaking:{name}" for name in ("speaking", "noting", "output_only"))


def calls_of(text: str, pattern: str | None = None) -> list[str]:
    """What a filter is called with, while the text comes character by character."""
    called: list[str] = []

    def listen(given: str) -> str:
        called.append(given)
        return given

    if pattern is not None:
        listen.pattern = pattern  # type: ignore[attr-defined]  # as FILTERS take it
    stream = text_stream([filter_of(listen, "listen").rules])
    assert "".join([*map(stream.feed, text), stream.flush()]) == text
    return called


def test_without_a_pattern_a_filter_gets_each_sentence_or_line() -> None:
    text = 'One. Two?! It is 3.5 v1.2\nLine "two"\n\n- and an end'
    assert calls_of(text) == ["One.", " Two?!", " It is 3.5 v1.2\n", 'Line "two"\n', "\n", "- and an end"]


def test_a_sentence_without_an_end_comes_in_parts_of_the_bound() -> None:
    assert [len(given) for given in calls_of("a" * 1_200)] == [BOUND, BOUND, 1_200 - 2 * BOUND]


def test_with_a_pattern_a_filter_gets_each_match_and_nothing_else_waits() -> None:
    assert calls_of("a Globex b globex c", r"(?i)globex") == ["Globex", "globex"]
    stream = text_stream([load_filters(EXAMPLES[:1])[0].rules])
    assert [stream.feed("Hel"), stream.feed("lo")] == ["Assistant: Hel", "lo"]


def test_filters_go_one_after_the_other_and_a_block_passes_what_was_before_it_through_the_rest() -> None:
    shout, block = filter_of(str.upper, "shout"), filter_of(lambda text: Block("no"), "block")
    sets = [shout.rules, filter_of(lambda text: text + "!", "bang").rules]
    assert cleaned("a. b", sets) == "A.! B!"
    with pytest.raises(Blocked) as blocked:
        cleaned("x", [block.rules, *sets])
    assert (blocked.value.message, blocked.value.shown) == ("no", "")


def test_a_refusal_stands_apart_from_the_sentence_before_it() -> None:
    rivals = load_filters(EXAMPLES[1:])[0].rules
    with pytest.raises(Blocked) as blocked:
        text_stream([rivals]).feed("It is fine.\n\n Buy of Globex. And")
    assert (blocked.value.shown, blocked.value.message) == ("It is fine.\n\n ", REFUSAL)


def test_a_function_that_calls_sys_exit_fails_and_stops_nothing_else() -> None:
    with pytest.raises(FilterFailed):
        cleaned("x", [filter_of(lambda text: sys.exit(1), "leaving").rules])


@pytest.mark.parametrize("result", [None, 1, b"bytes"])
def test_what_is_neither_a_text_nor_a_block_is_a_failure(result: Any) -> None:
    with pytest.raises(FilterFailed):
        cleaned("x", [filter_of(lambda text: result, "odd").rules])


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("nothing", "'nothing' names no filter; FILTERS takes module:name or ./file.py:name."),
        ("./no.py:f", "there is no file no.py"),
        ("no_such_module:f", "ModuleNotFoundError"),
        ("tests.redaction.speaking:absent", "absent is not there"),
        ("tests.redaction.speaking:NUMBER", "NUMBER is no function"),
        ("tests.redaction.speaking:empty", "its pattern matches the empty text"),
        ("tests.redaction.speaking:waiting", "waiting is no plain function"),
        ("tests.redaction.speaking:compiled", "its pattern is no text, but Pattern"),
    ],
)
def test_a_filter_that_does_not_load_stops_the_start_with_one_sentence(named: str, why: str) -> None:
    with pytest.raises(StartError) as refused:
        load_filters([named])
    assert why in refused.value.message and "\n" not in refused.value.message


def test_a_filters_file_may_be_broken_in_any_way(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit(3)")
    with pytest.raises(StartError, match=r"SystemExit: 3 \(.*broken.py, line 1\)"):
        load_filters([f"{tmp_path}/broken.py:f"])


# --- over a real server ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(chains=CHAINS, shipped_chains=False, filters=EXAMPLES) as served:
        yield served


def told(served: Served, given: str, chain: str = "speaking") -> tuple[Any, list[tuple[str, Any]]]:
    """The run's view and its events."""
    answer = served.post("/runs/wait", orjson.dumps({"chain": chain, "input": given}))
    assert answer.status == 200, answer.text
    view = orjson.loads(answer.body)
    lines = served.get(f"/runs/{view['run_id']}/events?format=ndjson").text.splitlines()
    frames = [orjson.loads(line) for line in lines]
    return view, [(frame["event"], frame["data"]) for frame in frames if frame.get("id")]


def text_in(events: list[tuple[str, Any]]) -> str:
    return "".join(data["text"] for event, data in events if event == "token" and data["channel"] == "answer")


def test_an_answer_goes_through_the_examples(served: Served) -> None:
    view, events = told(served, "It is fine. All is well.")
    assert view["status"] == "succeeded"
    assert view["output"] == text_in(events) == "Assistant: It is fine. All is well."


REFUSAL = "I can speak of our own products alone."


def test_a_blocked_answer_shows_the_refusal_in_place_of_the_rest_and_ends_the_run(served: Served) -> None:
    view, events = told(served, "It is fine. Buy of Globex. And more. hang")
    shown = f"Assistant: It is fine. {REFUSAL}"
    assert (view["status"], view["output"], text_in(events)) == ("succeeded", shown, shown)
    assert events[-1][0] == "done" and events[-1][1]["finish_reason"] == "content_filter"
    assert [data["finish_reason"] for event, data in events if event == "message_end"] == ["content_filter"]
    assert not any("Globex" in str(data) for _, data in events)


def test_after_a_block_no_format_has_more_and_each_ends_as_it_should(served: Served) -> None:
    for name in ("text", "tokens", "openai", "message", "events"):
        answer = served.get(f"/stream?query=Of Globex. And more. hang&format={name}")
        assert (
            answer.whole
            and "alone." in answer.text
            and "Globex" not in answer.text
            and "more" not in answer.text
        )
        if name == "openai":
            assert '"finish_reason":"content_filter"' in answer.text


def test_a_filter_that_says_so_sees_what_models_write_that_is_no_answer(served: Served) -> None:
    view, events = told(served, "Globex is near.", "noting")
    assert (view["output"], text_in(events)) == (REFUSAL, REFUSAL)
    assert not any("Globex" in str(data) for _, data in events)


def test_an_output_that_no_model_wrote_is_seen_too(served: Served) -> None:
    view, events = told(served, "All is well", "output_only")
    assert view["output"] == text_in(events) == "Assistant: All is well"
    view, events = told(served, "Globex is near.", "output_only")
    assert view["output"] == REFUSAL and events[-1][1]["finish_reason"] == "content_filter"


def test_a_filter_that_raises_lets_nothing_through_and_fails_the_run() -> None:
    with serving(
        chains=CHAINS, shipped_chains=False, filters=("tests.redaction.speaking:raising",)
    ) as served:
        for chain in ("speaking", "output_only"):
            view, events = told(served, "It is fine. Secret-canary. More. hang", chain)
            assert (view["status"], view["error"]["code"], view["error"]["fault"]) == (
                "failed",
                "filter_failed",
                "service",
            )
            assert text_in(events) in ("It is fine.", "")
            assert not any("canary" in str(data) for _, data in events)


def test_the_documents_show_the_examples_as_a_project_imports_them() -> None:
    shown = blocks(ROOT / "docs" / "filters.md", "python")[-1]
    assert (
        shown.replace("chainstream.redaction", "service.redaction")
        == (ROOT / "examples" / "filters.py").read_text()
    )

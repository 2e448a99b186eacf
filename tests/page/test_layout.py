"""The page on a phone, without chains, and with a service that refuses."""

import json
from typing import Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import body_of, run_ids
from tests.page.sse import STARTED, stream, token, tool, tool_call
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire
from tests.served_chains import GATES
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

PHONE = {"width": 390, "height": 844}
OVERHANG = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONG = "unbroken" * 200


@pytest.fixture
def phone(open_tab: OpenTab, wire: Wire) -> Tab:
    return open_tab(wire.url, viewport=PHONE).ready()


def test_the_parts_of_an_answer_stand_apart(tab: Tab) -> None:
    tab.ask("tool=gated tokens=3", "talking_agent")
    tab.until_ended()
    gaps = tab.page.evaluate(
        """() => {
            const boxes = [...document.querySelector(".answer").children]
                .filter((part) => part.checkVisibility()).map((part) => part.getBoundingClientRect());
            return boxes.slice(1).map((box, index) => box.top - boxes[index].bottom);
        }"""
    )
    assert gaps and min(gaps) >= 12


def test_a_phone_shows_all_of_a_run_without_scrolling_sideways(phone: Tab, gate: str) -> None:
    phone.ask(f"tool=gated twice=1 tokens=60 gate={gate}", "talking_agent")
    phone.until_card("running", 1)
    assert phone.page.evaluate(OVERHANG) == 0
    stop = phone.page.locator("#stop").bounding_box()
    assert stop and stop["x"] + stop["width"] <= PHONE["width"]
    GATES[gate].open()
    phone.until_ended()
    assert phone.page.evaluate(OVERHANG) == 0


def test_a_phone_breaks_what_has_no_spaces(phone: Tab) -> None:
    source = {"id": None, "title": LONG, "url": f"https://{LONG}", "snippet": LONG, "score": None}
    body = stream(
        STARTED,
        token(LONG),
        tool_call("c1", LONG, name=LONG),
        tool("tool_progress", "c1", data=LONG),
        tool("tool_end", "c1", output=LONG, duration_ms=1),
        tool("tool_error", "c2", code=LONG, message=LONG, duration_ms=1),
        ("sources", {"t": 1, "items": [source]}),
        ("error", {"t": 2, "code": LONG, "message": LONG, "fault": "chain", "retryable": False}),
    )
    phone.stream_instead(body)
    phone.ask(LONG)
    phone.until_ended("failed")
    assert phone.page.evaluate(OVERHANG) == 0


def test_the_choice_of_a_chain_tells_what_it_is_for_and_how_to_begin(tab: Tab) -> None:
    chains = [
        {"name": "one", "default": False, "description": "The first.\n\nIt is old.", "examples": ["Do this"]},
        {"name": "two", "default": True, "description": "", "examples": []},
    ]
    tab.page.route("**/chains", lambda route: route.fulfill(json={"items": chains}))
    tab.ready()
    assert tab.page.input_value("#chain") == "two"
    assert not tab.page.locator("#about").is_visible()
    assert tab.page.locator(".example").count() == 0
    tab.page.select_option("#chain", "one")
    assert tab.page.inner_text("#about") == "The first.\n\nIt is old."
    tab.page.get_by_role("button", name="Do this").click()
    assert tab.page.input_value("#prompt") == "Do this"
    assert tab.page.evaluate("document.activeElement.id") == "prompt"
    assert tab.page.locator("article").count() == 0


@pytest.mark.parametrize(
    "answer", [{"json": {"items": []}}, {"status": 503, "json": {"code": "busy"}}, {"body": "not JSON"}]
)
def test_without_chains_a_prompt_still_goes_to_the_services_first(tab: Tab, answer: dict[str, Any]) -> None:
    with tab.page.expect_response("**/chains"):
        tab.page.route("**/chains", lambda route: route.fulfill(**answer))
        tab.open()
    assert not tab.page.locator("#chain").is_visible()
    tab.excuse(NETWORK)
    with tab.page.expect_request("**/runs") as started:
        tab.page.fill("#prompt", "tokens=2")
        tab.page.press("#prompt", "Enter")
    assert "chain" not in body_of(started.value)
    tab.until_ended()


def test_a_start_that_the_service_refuses_tells_why(tab: Tab, shown: Served) -> None:
    before = run_ids(shown)
    tab.page.evaluate("document.querySelector('#chain').selectedOptions[0].value = 'gone'")
    tab.page.fill("#prompt", "hello")
    tab.page.press("#prompt", "Enter")
    tab.until_ended("failed")
    problem = json.loads(shown.post("/runs", json.dumps({"input": "hello", "chain": "gone"}).encode()).text)
    assert tab.end == f"Failed: {problem['code']} · {problem['detail']}"
    assert run_ids(shown) == before
    tab.excuse(NETWORK)


def test_a_prompt_may_be_longer_than_any_url(tab: Tab) -> None:
    tab.ask("x" * 100_000, "silent")
    tab.until_ended()
    assert tab.answer == "said " + "x" * 100_000


def test_a_prompt_that_is_too_long_for_the_service_is_refused_with_a_reason(tab: Tab) -> None:
    tab.ask("x" * 1_100_000, "silent")
    tab.until_ended("failed")
    assert tab.end.startswith("Failed: ")
    tab.excuse(NETWORK)

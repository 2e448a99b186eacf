"""A run that waits for a person: what it asks, how it is decided, and how the run goes on."""

import json
from typing import Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.sse import (
    DONE,
    RUN_ID,
    STARTED,
    approval,
    paused,
    request,
    stream,
    token,
    tool,
    tool_call,
)
from tests.page.tab import EVENTS_FROM_THE_START, NETWORK, Tab
from tests.page.test_layout import OVERHANG, PHONE
from tests.page.test_resume import WATCH_SOURCES
from tests.page.waiting_run import WaitingRun
from tests.page.wire import Wire

pytestmark = pytest.mark.needs("chromium")

CALLED = tool_call("c1", '{"to": "Ada"}', name="send")
ONE = approval("i1", request("send", to="Ada"))
RAN = (
    tool("tool_start", "c1", input={"to": "Ada"}),
    tool("tool_end", "c1", output="sent", duration_ms=1),
    token("Done.", "m2"),
    DONE,
)
FOCUSED = "document.activeElement.id || document.activeElement.textContent"


def described(*descriptions: str) -> dict[str, Any]:
    """The value of an interrupt of LangChain's HumanInTheLoopMiddleware."""
    return {"action_requests": [{"description": each} for each in descriptions], "review_configs": []}


def test_a_run_that_waits_says_so_and_is_asked_for_no_more(tab: Tab) -> None:
    tab.page.evaluate(WATCH_SOURCES)
    WaitingRun(tab, CALLED, ONE).ask()
    assert tab.page.inner_text("#status") == "Waiting for you"
    assert tab.page.get_attribute("#log", "aria-busy") == "false"
    assert tab.run.locator(".connection").inner_text() == f"paused, last id {RUN_ID}.1.3"
    assert not tab.page.locator("#drop").is_visible()
    assert not tab.page.locator("#send").is_visible()
    assert tab.page.locator("#stop").is_visible()
    assert tab.page.evaluate("sources.map(({ readyState }) => readyState === EventSource.CLOSED)") == [True]


def test_an_approval_shows_the_call_and_what_is_said_of_it_where_it_happened(tab: Tab) -> None:
    asked = approval("i1", request("send", to="Ada"), value=described("Mail goes out at once."))
    run = WaitingRun(tab, token("I will. "), CALLED, asked).ask()
    assert tab.parts == ["text", "tools", "approval"]
    assert run.card.locator("h4").inner_text() == "send"
    assert run.card.locator(".description").inner_text() == "Mail goes out at once."
    assert run.card.locator(".request-input").all_inner_texts()[-1] == '{"to":"Ada"}'
    assert not run.card.locator(".question").is_visible()
    assert tab.page.get_by_role("group", name="Approval of send").count() == 1


def test_a_description_that_only_repeats_the_call_is_cut_to_what_it_adds(tab: Tab) -> None:
    default = "Tool execution requires approval\n\nTool: send\nArgs: {'to': 'Ada'}"
    run = WaitingRun(tab, approval("i1", request("send", to="Ada"), value=described(default))).ask()
    assert run.card.locator(".description").inner_text() == "Tool execution requires approval"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"type": "tool_approval", "name": "send", "description": "Careful."}, id="per call"),
        pytest.param({"action_request": {"action": "send"}, "description": "Careful."}, id="HumanInterrupt"),
        pytest.param([{"action_request": {"action": "send"}, "description": "Careful."}], id="a list of it"),
    ],
)
def test_other_forms_of_asking_about_a_call_tell_their_description(tab: Tab, value: Any) -> None:
    run = WaitingRun(tab, approval("i1", request("send", to="Ada"), value=value)).ask()
    assert run.card.locator(".description").inner_text() == "Careful."
    assert not run.card.locator(".question").is_visible()
    assert run.card.locator(".request-input:visible").all_inner_texts() == ['{"to":"Ada"}']


def test_an_approved_call_runs_and_the_run_goes_on_in_the_same_transcript(tab: Tab) -> None:
    run = WaitingRun(tab, CALLED, ONE, then=RAN).ask()
    run.press("Approve")
    tab.until_ended()
    assert run.decided == [("i1", [{"type": "approve"}])]
    assert tab.page.locator("article").count() == 1
    assert tab.parts == ["tools", "approval", "text"]
    assert tab.card_state() == "succeeded"
    assert run.card.locator("h3").inner_text() == "You decided"
    assert run.card.locator(".outcome").inner_text() == "Approved"
    assert run.card.get_by_role("button").count() == 0
    assert "cut" not in tab.run.locator(".connection").inner_text()


@pytest.mark.parametrize(
    ("choice", "text", "confirm", "decision", "told"),
    [
        pytest.param("Reject", "", "Reject", {"type": "reject"}, "Rejected", id="reject"),
        pytest.param(
            "Reject",
            "too late",
            "Reject",
            {"type": "reject", "message": "too late"},
            "Rejected: too late",
            id="reject with a reason",
        ),
        pytest.param(
            "Respond",
            "It is sent.",
            "Respond",
            {"type": "respond", "message": "It is sent."},
            "Answered: It is sent.",
            id="respond",
        ),
        pytest.param(
            "Edit",
            '{"to": "Bob"}',
            "Approve edited",
            {"type": "edit", "args": {"to": "Bob"}},
            'Approved, edited: {\n  "to": "Bob"\n}',
            id="edit",
        ),
    ],
)
def test_a_decision_with_words_is_sent_with_them(
    tab: Tab, choice: str, text: str, confirm: str, decision: dict[str, Any], told: str
) -> None:
    run = WaitingRun(tab, CALLED, ONE).ask()
    run.press(choice)
    run.card.locator("textarea:visible").fill(text)
    run.press(confirm)
    tab.until_ended()
    assert run.decided == [("i1", [decision])]
    assert run.card.locator(".outcome").inner_text() == told


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{to: Ada}", "This is not JSON: "), ('["Ada"]', "The arguments must be a JSON object")],
)
def test_an_edit_that_is_no_json_object_is_told_beside_it_and_not_sent(
    tab: Tab, text: str, complaint: str
) -> None:
    run = WaitingRun(tab, CALLED, ONE).ask()
    run.press("Edit")
    field = run.card.get_by_label("Arguments")
    assert json.loads(field.input_value()) == {"to": "Ada"}
    field.fill(text)
    run.press("Approve edited")
    assert run.card.get_by_role("alert").inner_text().startswith(complaint)
    assert run.decided == []
    field.fill('{"to": "Bob"}')
    assert run.card.get_by_role("alert").count() == 0
    field.press("Control+Enter")
    tab.until_ended()
    assert run.decided == [("i1", [{"type": "edit", "args": {"to": "Bob"}}])]


def test_only_what_is_allowed_is_offered(tab: Tab) -> None:
    run = WaitingRun(tab, approval("i1", request("send", "reject", "approve", "annihilate"))).ask()
    assert run.card.get_by_role("button").all_inner_texts() == ["Reject", "Approve"]


def test_several_requests_are_decided_together_and_can_be_changed_until_they_are_sent(tab: Tab) -> None:
    both = approval("i1", request("send", to="Ada"), request("wipe", tool_call_id="c2", disk=1))
    run = WaitingRun(tab, both).ask()
    send, wipe = run.card.locator(".request").all()
    button = run.card.get_by_role("button", name="Send 2 decisions")
    assert button.is_disabled()
    run.press("Approve", wipe)
    run.press("Approve", send)
    run.press("Reject", wipe)
    wipe.locator("textarea:visible").fill("never")
    run.press("Reject", wipe)
    assert run.decided == []
    assert wipe.get_by_role("button", pressed=True).all_inner_texts() == ["Reject"]
    assert wipe.locator(".outcome").inner_text() == "Reject: never"
    assert run.card.locator(".chosen").inner_text() == "2 of 2 chosen"
    button.click()
    tab.until_ended()
    assert run.decided == [("i1", [{"type": "approve"}, {"type": "reject", "message": "never"}])]
    assert run.card.locator(".outcome").all_inner_texts() == ["Approved", "Rejected: never"]


def test_several_interrupts_are_a_card_each_and_the_run_goes_on_when_all_are_decided(tab: Tab) -> None:
    run = WaitingRun(tab, ONE, approval("i2", request("wipe", tool_call_id="c2")), then=RAN).ask()
    first, second = tab.run.locator(".approval").all()
    run.press("Approve", second)
    tab.until_approval("decided", 1)
    assert tab.page.inner_text("#status") == "Waiting for you"
    run.press("Approve", first)
    tab.until_ended()
    assert [interrupt_id for interrupt_id, _ in run.decided] == ["i2", "i1"]


@pytest.mark.parametrize(
    ("choice", "text", "decision"),
    [
        pytest.param("Approve", None, {"type": "approve"}, id="approve"),
        pytest.param("Reject", None, {"type": "reject"}, id="reject"),
        pytest.param("Respond", "a boat", {"type": "respond", "value": "a boat"}, id="text"),
        pytest.param("Respond", '{"n": [1]}', {"type": "respond", "value": {"n": [1]}}, id="JSON"),
        pytest.param("Respond", "false", {"type": "respond", "value": False}, id="JSON that is false"),
    ],
)
def test_an_interrupt_outside_a_tool_takes_yes_no_or_any_value(
    tab: Tab, choice: str, text: str | None, decision: dict[str, Any]
) -> None:
    run = WaitingRun(tab, approval("i1", value="What shall it be?")).ask()
    assert run.card.locator(".question").inner_text() == "What shall it be?"
    if text is not None:
        run.card.get_by_label("Or your answer").fill(text)
    run.press(choice)
    tab.until_ended()
    assert run.decided == [("i1", [decision])]


def test_the_value_of_an_interrupt_inside_a_tool_is_shown_with_the_call(tab: Tab) -> None:
    run = WaitingRun(tab, approval("i1", request("send", to="Ada"), value={"cost": 3})).ask()
    assert run.card.locator(".request-input").all_inner_texts() == ['{"cost":3}', '{"to":"Ada"}']


def test_decisions_that_the_service_refuses_are_told_and_can_be_made_again(tab: Tab) -> None:
    run = WaitingRun(tab, CALLED, ONE)
    run.refuse_once((422, "invalid_decision", "That is not allowed here."))
    run.ask()
    run.press("Approve")
    tab.until("() => document.querySelector('.approval > .complaint:not([hidden])')")
    assert run.card.get_by_role("alert").inner_text() == "That is not allowed here."
    assert run.decided == []
    tab.excuse(NETWORK)
    run.press("Approve")
    tab.until_ended()
    assert run.decided == [("i1", [{"type": "approve"}])]
    assert run.card.get_by_role("alert").count() == 0


def test_what_somebody_else_decided_first_is_told_and_the_run_goes_on(tab: Tab) -> None:
    run = WaitingRun(tab, CALLED, ONE, then=RAN)
    run.refuse_once((409, "already_decided", "It is decided."))
    run.ask()
    run.press("Approve")
    tab.until_ended()
    assert tab.answer == "Done."
    assert run.card.locator("h3").inner_text() == "Decided elsewhere"
    assert run.card.get_by_role("button").count() == 0
    tab.excuse(NETWORK)


def test_an_approval_that_other_events_follow_was_decided_elsewhere(tab: Tab) -> None:
    tab.stream_instead(stream(STARTED, CALLED, ONE, *RAN))
    tab.ask("anything")
    tab.until_ended()
    assert tab.run.locator(".approval h3").inner_text() == "Decided elsewhere"


def test_an_approval_that_the_pause_names_is_open_whatever_came_after_it(tab: Tab) -> None:
    late = tool("tool_end", "c9", output="slower than the question", duration_ms=1)
    run = WaitingRun(tab, CALLED, ONE, late).ask()
    run.press("Approve")
    tab.until_ended()
    assert run.decided == [("i1", [{"type": "approve"}])]


def test_a_rejected_call_is_no_failure(tab: Tab) -> None:
    tab.record()
    rejected = tool("tool_error", "c1", code="rejected", message="too late", duration_ms=0)
    run = WaitingRun(tab, CALLED, ONE, then=(rejected, DONE)).ask()
    run.press("Reject")
    run.press("Reject")
    tab.until_ended()
    assert tab.card_states() == ["called", "rejected"]
    assert tab.run.locator(".tool-state").inner_text() == "rejected"
    assert tab.run.locator(".tool-result").inner_text() == "too late"
    colours = "['.tool-result', 'body'].map((all) => getComputedStyle(document.querySelector(all)).color)"
    result, body = tab.page.evaluate(colours)
    assert result == body


def test_a_run_that_waits_can_be_stopped(tab: Tab) -> None:
    ended = {"t": 3, "reason": "user", "output": "", "usage": None, "duration_ms": 3}
    run = WaitingRun(tab, CALLED, ONE, then=(("cancelled", ended),)).ask()
    tab.page.route(f"**/runs/{RUN_ID}/cancel", lambda route: route.fulfill(json={}))
    tab.page.click("#stop")
    tab.until_ended("cancelled")
    assert "cut" not in tab.run.locator(".connection").inner_text()
    assert run.card.locator("h3").inner_text() == "Not decided"
    assert run.card.get_by_role("button").count() == 0


def test_a_stream_with_nothing_left_of_a_run_that_waits_shows_its_cards(tab: Tab) -> None:
    tab.stream_instead(stream(STARTED, CALLED))
    tab.page.route(f"**/runs/{RUN_ID}/events?after=**", lambda route: route.fulfill(status=204))
    waits = {"run_id": RUN_ID, "status": "waiting", "approvals": [ONE[1]]}
    tab.page.route(f"**/runs/{RUN_ID}", lambda route: route.fulfill(json=waits))
    tab.ask("anything")
    tab.until_card("called")
    tab.page.click("#drop")
    tab.until_approval("open")
    assert tab.page.inner_text("#status") == "Waiting for you"
    assert tab.parts == ["tools", "approval"]


def test_a_snapshot_of_a_run_that_waits_shows_its_cards(tab: Tab) -> None:
    tab.record()
    message = {"message_id": "m1", "channel": "answer", "text": "I will. "}
    rejected = {"code": "rejected", "message": "no"}
    tools = [{"tool_call_id": "c0", "name": "wipe", "status": "failed", "error": rejected}]
    snapshot = {"messages": [message], "tools": tools, "status": "waiting", "approvals": [ONE[1]]}
    gap = ("gap", {"reason": "expired", "requested": "1.99", "snapshot": snapshot, "as_of": "1.3"})
    tab.stream_instead(stream(gap, first=3) + paused(3, "i1"))
    tab.page.route(f"**/runs/{RUN_ID}", lambda route: route.fulfill(json={"status": "waiting"}))
    tab.ask("anything")
    tab.until_status("waiting")
    assert tab.answer == "I will. "
    assert tab.card_states() == ["rejected"]
    assert tab.parts == ["tools", "text", "approval"]


def test_an_approval_is_decided_by_keyboard_and_the_focus_is_never_lost(tab: Tab) -> None:
    press = tab.page.keyboard.press
    run = WaitingRun(tab, CALLED, ONE, approval("i2", request("wipe", "approve", "reject"))).ask()
    assert tab.page.evaluate(FOCUSED) == "Approve"
    press("Tab")
    press("Tab")
    press("Enter")
    assert tab.page.evaluate("document.activeElement.localName") == "textarea"
    press("Escape")
    assert tab.page.evaluate(FOCUSED) == "Reject"  # and the run was not stopped
    press("Enter")
    tab.page.keyboard.type("no")
    press("Enter")
    tab.until_approval("decided")
    tab.until("() => document.activeElement.textContent === 'Approve'")
    assert tab.page.evaluate("document.activeElement.closest('.approval').dataset.state") == "open"
    press("Space")
    tab.until_ended()
    assert run.decided == [("i1", [{"type": "reject", "message": "no"}]), ("i2", [{"type": "approve"}])]
    assert tab.page.evaluate(FOCUSED) == "prompt"


def test_who_writes_the_next_prompt_keeps_the_focus(tab: Tab) -> None:
    WaitingRun(tab, CALLED, ONE)
    held = []
    tab.page.route(f"**{EVENTS_FROM_THE_START}", lambda route: held.append(route))
    with tab.page.expect_request(f"**{EVENTS_FROM_THE_START}"):
        tab.ask("anything")
    tab.page.fill("#prompt", "and th")
    held[0].fallback()
    tab.until_approval("open")
    tab.page.keyboard.type("en")
    assert tab.page.input_value("#prompt") == "and then"


def test_who_is_about_to_stop_the_run_keeps_the_focus(tab: Tab) -> None:
    WaitingRun(tab, CALLED, ONE)
    held = []
    tab.page.route(f"**{EVENTS_FROM_THE_START}", lambda route: held.append(route))
    with tab.page.expect_request(f"**{EVENTS_FROM_THE_START}"):
        tab.ask("anything")
    tab.page.focus("#stop")
    held[0].fallback()
    tab.until_approval("open")
    assert tab.page.evaluate(FOCUSED) == "stop"


def test_a_tap_that_decides_does_not_bring_up_a_phones_keyboard(open_tab: OpenTab, wire: Wire) -> None:
    phone = open_tab(wire.url, viewport=PHONE, has_touch=True, is_mobile=True).ready()
    run = WaitingRun(phone, CALLED, ONE).ask()
    run.card.get_by_role("button", name="Approve").tap()
    phone.until_ended()
    assert phone.page.evaluate("document.activeElement === document.body")


def test_whatever_an_approval_offers_has_a_name(tab: Tab) -> None:
    asked = approval("i1", request("send", to="Ada"), request("wipe"), value=described("One", "Two"))
    run = WaitingRun(tab, asked, approval("i2", value="Which?")).ask()
    for button in run.card.get_by_role("button", name="Reject").all():
        button.click()
    nameless = """
        [...document.querySelectorAll(".approval :is(button, textarea, [role])")]
            .filter((node) => !(node.ariaLabel || node.labels?.[0]?.textContent || node.textContent.trim()
                || node.role === "alert"))
            .map((node) => node.outerHTML)
    """
    assert tab.page.evaluate(nameless) == []


def test_a_phone_shows_all_of_an_approval(open_tab: OpenTab, wire: Wire) -> None:
    phone = open_tab(wire.url, viewport=PHONE).ready()
    long = "unbroken" * 60
    both = approval("i1", request(long, text=long), request("wipe"), value=described(long, long))
    run = WaitingRun(phone, both, approval("i2", value=long)).ask()
    run.press("Edit", run.card.locator(".request").first)
    assert phone.page.evaluate(OVERHANG) == 0

"""The TypeScript client's hook in a React page: it streams, shows tools, heals, cancels, and lets go."""

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import get_run, numbered, wait_for_status
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire
from tests.served_chains import GATES, MODEL_CALLS
from tests.serving import Served
from tests.typescript_client.package import MODULES, run

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("typescript-client")]

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat</title>
<link rel="icon" href="data:,">
<style>body { font: 16px sans-serif; margin: 2em; max-width: 50em } pre { white-space: pre-wrap }
.tool { border: 1px solid #ccc; border-radius: 6px; padding: .5em 1em; margin: .5em 0; list-style: none }
ul { padding: 0 } #message { width: 24em } [role=alert] { color: #b00 }</style>
<body></body><script src="/react.js"></script></html>"""


def bundled(source: str) -> str:
    """As a bundler makes it for browsers; what it exports is `client`."""
    options = ("--bundle", "--format=iife", "--jsx=automatic", "--global-name=client", "--log-level=error")
    return run(MODULES / ".bin" / "esbuild", source, *options).decode()


@pytest.fixture(scope="module")
def script() -> str:
    return bundled("page/chat.tsx")


@pytest.fixture
def chat(open_tab: OpenTab, wire: Wire, script: str) -> Tab:
    tab = open_tab(wire.url)
    tab.page.route("**/react?*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    tab.page.route("**/react.js", lambda route: route.fulfill(body=script, content_type="text/javascript"))
    tab.open("/react?chain=numbered_agent")
    tab.page.wait_for_selector("#message")
    return tab


def ask(tab: Tab, prompt: str) -> None:
    tab.page.fill("#message", prompt)
    tab.page.press("#message", "Enter")


def until_content(tab: Tab, text: str) -> None:
    tab.until("(text) => document.querySelector('#content')?.textContent === text", text)


def until_status(tab: Tab, status: str, streaming: str = "false") -> None:
    tab.page.wait_for_selector(f"main[data-status={status}][data-streaming={streaming}]")


def run_id(tab: Tab) -> str:
    return str(tab.page.evaluate("location.hash.slice(1)"))


def test_a_run_is_shown_as_it_happens_with_its_tools(chat: Tab, gate: str) -> None:
    ask(chat, f"tokens=30 tool=gated gate={gate}")
    chat.page.wait_for_selector('.tool[data-state=running]:has-text("done")')
    until_status(chat, "running", "true")
    GATES[gate].open()
    until_content(chat, numbered(30))
    until_status(chat, "succeeded")
    assert chat.page.locator(".tool").evaluate_all("(cards) => cards.map((card) => card.dataset.state)") == [
        "succeeded"
    ]
    assert "let through" in chat.page.locator(".tool").inner_text()
    chat.page.click("#reset")
    until_content(chat, "")
    assert chat.page.locator(".tool").count() == 0


def test_a_run_that_is_cut_in_mid_answer_goes_on_at_the_next_word(chat: Tab, wire: Wire, gate: str) -> None:
    chat.excuse(NETWORK)
    prompt = f"tokens=30 hold=10 gate={gate}"
    ask(chat, prompt)
    until_content(chat, numbered(9))
    wire.cut()
    chat.page.wait_for_selector("main[data-reconnects='1']")
    GATES[gate].open()
    until_content(chat, numbered(30))
    until_status(chat, "succeeded")
    assert MODEL_CALLS.count(prompt) == 1


def test_a_cancel_ends_the_run_on_the_service_and_keeps_what_was_said(
    chat: Tab, shown: Served, gate: str
) -> None:
    ask(chat, f"tokens=30 hold=10 gate={gate}")
    until_content(chat, numbered(9))
    chat.page.click("#cancel")
    until_status(chat, "cancelled")
    until_content(chat, numbered(9))
    assert chat.page.locator("[role=alert]").count() == 0
    assert get_run(shown, run_id(chat))["cancel_reason"] == "user"


def test_a_page_that_is_loaded_anew_reads_its_run_from_the_start_and_on(chat: Tab, gate: str) -> None:
    ask(chat, f"tokens=30 hold=10 gate={gate}")
    until_content(chat, numbered(9))
    chat.page.reload()
    chat.page.click("#resume")
    until_content(chat, numbered(9))
    GATES[gate].open()
    until_content(chat, numbered(30))
    until_status(chat, "succeeded")


def test_a_chat_that_is_unmounted_lets_go_of_its_stream(chat: Tab, shown: Served, gate: str) -> None:
    ask(chat, f"tokens=30 hold=10 gate={gate}")
    until_content(chat, numbered(9))
    with chat.page.expect_event("requestfailed") as failed:
        chat.page.click("#leave")
    assert failed.value.url.endswith("/runs/stream?format=events")
    assert failed.value.failure == "net::ERR_ABORTED"
    GATES[gate].open()
    wait_for_status(shown, run_id(chat), "succeeded")


def test_a_socket_of_the_browser_that_is_cut_goes_on_too(tab: Tab, wire: Wire, gate: str) -> None:
    """On a page that the service sent: Chromium lets no page of unknown origin open one to this machine."""
    tab.excuse(NETWORK)
    tab.excuse("WebSocket connection to")
    prompt = f"tokens=30 hold=10 gate={gate}"
    tab.page.evaluate(
        "(prompt) => {"
        + bundled("src/index.ts")
        + """
            window.told = "";
            window.reconnects = 0;
            const onToken = (text) => { window.told += text; };
            const onDone = ({ status, content }, error) => { window.ended = [status, content, error]; };
            const onReconnect = () => { window.reconnects += 1; };
            new client.WebSocketChat("/ws/page", onToken, onDone, { onReconnect, firstDelay: 10 })
                .send(prompt, { chain: "numbered" });
        }""",
        prompt,
    )
    tab.until("(text) => window.told === text", numbered(9))
    wire.cut()
    tab.until("() => window.reconnects > 0")
    GATES[gate].open()
    tab.until("() => window.ended")
    assert tab.page.evaluate("window.ended") == ["succeeded", numbered(30), None]
    assert tab.page.evaluate("window.told") == numbered(30)
    assert MODEL_CALLS.count(prompt) == 1


def test_a_failure_is_shown(chat: Tab) -> None:
    ask(chat, "tokens=9 fail=4")
    until_status(chat, "failed")
    until_content(chat, numbered(3))
    assert "secret-canary" not in chat.page.locator("[role=alert]").inner_text()

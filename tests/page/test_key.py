"""With a key on the service the page asks for it, keeps it for the session, and shows it to nobody else."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.inspecting import CLIPBOARD, Inspecting
from tests.page.runs import numbered
from tests.page.shown_chains import SHOWN
from tests.page.signing_in import COMPLAINS, KEY, dialog, give, sign_in, until_asked
from tests.page.tab import Tab
from tests.page.wire import Wire, wired_to
from tests.served_chains import GATES, MODEL_CALLS, SERVED
from tests.serving import TIMEOUT, Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Request

pytestmark = pytest.mark.needs("chromium")

PHONE = {"width": 390, "height": 844}
SHOWS_KEY = {"Authorization": f"Bearer {KEY}"}
KEPT = "JSON.stringify([Object.values(localStorage), document.documentElement.outerHTML, location.href])"
FIELDS = "[...document.querySelectorAll('input, textarea')].map(({ value }) => value).join()"


@pytest.fixture(scope="module")
def locked() -> Iterator[Served]:
    with serving(api_key=KEY, chains=(*SERVED, *SHOWN)) as locked:
        yield locked


@pytest.fixture
def locked_wire(locked: Served) -> Iterator[Wire]:
    with wired_to(locked.port) as wire:
        yield wire


def requests_of(tab: Tab) -> list["Request"]:
    """All that the page asks from now on."""
    asked: list[Request] = []
    tab.page.on("request", lambda request: asked.append(request))
    return asked


def tokens_of(asked: list["Request"]) -> list["Request"]:
    return [request for request in asked if request.url.endswith("/token")]


def model_runs(prompt: str) -> int:
    return MODEL_CALLS.count(prompt)


def thread_in(locked: Served, prompt: str) -> str:
    """A thread in which this was asked, by somebody with the key."""
    body = {"input": prompt, "chain": "silent", "thread_id": f"of-{prompt}"}
    answer = locked.post("/runs/wait", json.dumps(body).encode(), SHOWS_KEY)
    assert answer.status == 200
    return str(body["thread_id"])


def assert_nowhere(tab: Tab, asked: list["Request"]) -> None:
    """Nothing of the key is where others could see it."""
    assert KEY not in tab.page.evaluate(KEPT) + tab.page.evaluate(FIELDS)
    assert [request.url for request in asked if KEY in request.url] == []


def test_the_page_asks_for_the_key_and_heals_a_stream_with_the_runs_token(
    open_tab: OpenTab, locked: Served, locked_wire: Wire, gate: str
) -> None:
    tab = open_tab(locked_wire.url, permissions=CLIPBOARD)
    asked = requests_of(tab)
    tab.open()
    give(tab, "sk-wrong")
    tab.until(COMPLAINS, "The service does not take this key.")
    sign_in(tab)
    assert tab.page.evaluate("document.activeElement.id") == "prompt"

    prompt = f"tokens=30 hold=10 gate={gate}"
    tab.ask(prompt)
    tab.until_answer(numbered(9))
    locked_wire.cut()
    tab.page.wait_for_selector("article[data-connection=reconnecting], .healing:not([hidden])")
    GATES[gate].open()
    tab.until_ended()
    assert tab.answer == numbered(30)
    assert "none lost or repeated" in tab.run.locator(".healing").inner_text()
    assert model_runs(prompt) == 1

    streams = [request for request in asked if request.resource_type == "eventsource"]
    assert len(streams) > 1
    assert all("token=" in request.url for request in streams)
    assert all("token=" not in request.url for request in asked if request not in streams)
    assert len(tokens_of(asked)) == 1

    tab.run.get_by_role("button", name="Link").click()
    tab.run.get_by_role("button", name="Link copied").wait_for()
    link = tab.page.evaluate("navigator.clipboard.readText()")
    assert "token" not in link
    drawer = Inspecting(tab)
    formats = drawer.open("Formats").locator(".inspector-address")
    drawer.until_note("200")
    assert "token=" not in formats.inner_text()
    drawer.open("Copy as")
    copied = [drawer.copy(f"Copy as {language}") for language in ("curl", "JavaScript", "Python")]
    assert all("CHAINSTREAM_KEY" in code and KEY not in code for code in copied)
    command = copied[0].replace(locked_wire.url, locked.url)
    GATES[gate].open()
    env = {"PATH": os.environ["PATH"], "CHAINSTREAM_KEY": KEY}
    told = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=TIMEOUT, env=env)
    assert "event: done" in told.stdout
    assert_nowhere(tab, asked)


def test_a_session_outlives_a_reload_and_ends_with_the_button_that_forgets(
    open_tab: OpenTab, locked: Served
) -> None:
    thread = thread_in(locked, "anemone")
    tab = open_tab(locked.url)
    tab.open(f"/?thread={thread}")
    sign_in(tab)
    tab.until_answer("said anemone")
    tab.page.reload()
    tab.until_answer("said anemone")
    tab.page.get_by_role("searchbox").fill("anemone")
    tab.page.locator(".found .row a").click()
    tab.page.wait_for_url("**&run=*")

    beside = Tab(tab.page.context, locked.url).open(f"/?thread={thread}")
    until_asked(beside)
    assert "said anemone" not in beside.page.content()

    tab.page.get_by_role("button", name="Forget key").click()
    until_asked(tab)
    assert tab.page.evaluate("sessionStorage.length") <= 1
    assert "anemone" not in tab.page.content()
    assert KEY not in tab.page.evaluate("JSON.stringify(Object.values(sessionStorage))")
    tab.page.go_back()
    tab.page.wait_for_url(f"**/?thread={thread}")
    until_asked(tab)
    assert "said anemone" not in tab.page.content()


def test_who_gives_no_key_is_told_what_is_missing_and_is_asked_again_by_what_needs_one(
    open_tab: OpenTab, locked: Served
) -> None:
    tab = open_tab(locked.url, viewport=PHONE).open()
    until_asked(tab)
    assert dialog(tab).get_by_label("Key", exact=True).evaluate("node => node === document.activeElement")
    tab.page.keyboard.press("Enter")
    tab.until(COMPLAINS, "Write the key first.")
    assert tab.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    tab.page.keyboard.press("Escape")
    dialog(tab).wait_for(state="detached")
    tab.page.get_by_text("The chains cannot be listed. The service asks for a key.").wait_for()
    assert tab.page.evaluate("document.activeElement.id") == "prompt"
    assert tab.page.get_by_role("button", name="Enter key").is_visible()

    tab.page.fill("#prompt", "a question that is not lost")
    with tab.page.expect_request("**/runs") as refused:
        tab.page.keyboard.press("Enter")
    until_asked(tab)
    with tab.page.expect_request("**/runs") as taken:
        sign_in(tab)
    assert taken.value.headers["idempotency-key"] == refused.value.headers["idempotency-key"]
    tab.until_ended()
    assert tab.page.get_by_role("button", name="Forget key").is_visible()


@pytest.mark.parametrize("declines", [False, True], ids=["at once", "after a while"])
def test_a_key_that_is_taken_no_more_is_asked_for_again_and_the_run_goes_on(
    open_tab: OpenTab, locked_wire: Wire, gate: str, declines: bool
) -> None:
    tab = open_tab(locked_wire.url).open()
    asked = requests_of(tab)
    sign_in(tab)
    prompt = f"tokens=30 hold=10 gate={gate}"
    tab.ask(prompt)
    tab.until_answer(numbered(9))
    with tab.page.expect_request("**/token"):  # the one that is there has ended by now
        tab.page.evaluate("() => { Date.now = () => 4e12; }")
        tab.page.click("#drop")
    tab.until_connection("live")

    name = tab.page.evaluate("Object.keys(sessionStorage).find((name) => name.includes('key'))")
    tab.page.evaluate("(name) => sessionStorage.setItem(name, 'sk-revoked')", name)
    locked_wire.answer_next(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
    locked_wire.cut()
    until_asked(tab)
    tab.until(COMPLAINS, "The service does not take the key any more")
    if declines:
        tab.page.keyboard.press("Escape")
        tab.until_ended("failed")
        tab.page.get_by_role("button", name="Enter key").click()
    give(tab, KEY)
    dialog(tab).wait_for(state="detached")
    tab.until_answer(numbered(9))
    GATES[gate].open()
    tab.until_ended()
    assert tab.answer == numbered(30)
    assert model_runs(prompt) == 1
    assert len(tokens_of(asked)) == 3  # the first, in place of an old one, in place of a refused one


def test_without_a_key_on_the_service_nothing_more_is_asked(open_tab: OpenTab, shown: Served) -> None:
    tab = open_tab(shown.url)
    asked = requests_of(tab)
    tab.ready()
    tab.ask("hello", "silent")
    tab.until_ended()
    paths = [request.url.removeprefix(shown.url) for request in asked if "/static/" not in request.url]
    assert sorted(path.partition("?")[0] for path in paths if "/events" not in path) == [
        "/",
        "/chains",
        "/runs",
        "/threads",
    ]
    assert all("token" not in path for path in paths)
    assert not tab.page.locator("#key").is_visible()


def refusing(status: int, code: str, detail: str) -> dict[str, Any]:
    return {"status": status, "json": {"status": status, "code": code, "detail": detail}}


@pytest.mark.parametrize(
    ("status", "code", "detail", "told"),
    [
        (402, "budget_exhausted", "This team has used its 5 USD of today.", "This team has used its 5 USD"),
        (403, "scope_missing", "This needs the scope `run`.", "This key is not allowed to do that."),
        (429, "rate_limited", "This key has had its 10 starts in 3600 s.", "This key has had its 10 starts"),
    ],
)
def test_what_a_key_may_not_is_told_in_words(
    tab: Tab, status: int, code: str, detail: str, told: str
) -> None:
    headers = {"Retry-After": "3000"}
    tab.page.route("**/runs", lambda route: route.fulfill(**refusing(status, code, detail), headers=headers))
    tab.ask("hello")
    tab.until_ended("failed")
    assert tab.end.startswith(told)
    tab.excuse("Failed to load resource")

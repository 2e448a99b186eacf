"""What models, tools and people write is text on the page, and never code."""

import re
from urllib.parse import urlsplit

import pytest

from service.api import pages
from tests.page.growing import grow
from tests.page.payloads import ELEMENTS, PAYLOADS
from tests.page.sse import DONE, STARTED, approval, request, stream, token, tool, tool_call
from tests.page.tab import Tab
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

SOME = [
    *[each for each in ELEMENTS if "\n" not in each][::9],
    "{{constructor.constructor('window.pwned=1')()}}",
    "${window.pwned=1}",
]
BATCHES = [PAYLOADS[start : start + 32] for start in range(0, len(PAYLOADS), 32)]
ALLOWED = """
div p article section header footer span pre progress h3 h4 h5 h6 ol ul li a strong em del code br hr small
blockquote table thead tbody tr th td details summary button form label textarea
""".split()
WRONG_LINKS = """
[...document.querySelectorAll("#log a")].filter((link) =>
    !/^(https?|mailto):$/.test(link.protocol) || !link.rel.includes("noopener")).map((link) => link.outerHTML)
"""
STRANGE_ATTRIBUTES = """
[...document.querySelectorAll("#log *")].flatMap((node) => [...node.attributes].map(({ name }) => name))
    .filter((name) => /^on|^style$|^src|^xlink|action$/.test(name) || ["id", "name"].includes(name))
"""
ASK = """() => {
    document.querySelector("#prompt").value = "anything";
    document.querySelector("#composer").requestSubmit();
}"""


def strange_elements(tab: Tab) -> list[str]:
    names = tab.page.evaluate("[...document.querySelectorAll('#log *')].map((node) => node.localName)")
    return sorted(set(names) - set(ALLOWED))


def hosts_asked(tab: Tab) -> set[str]:
    """Each host that the page asks for anything from now on."""
    asked: set[str] = set()
    tab.page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    return asked


def assert_unharmed(tab: Tab) -> None:
    assert strange_elements(tab) == []
    assert tab.page.evaluate(WRONG_LINKS) == []
    assert tab.page.evaluate(STRANGE_ATTRIBUTES) == []
    assert tab.page.evaluate("window.pwned") is None


def test_a_prompt_that_is_echoed_makes_no_element(tab: Tab) -> None:
    for payload in SOME:
        tab.ask(payload, "silent")
        tab.until_answer(f"said {payload}")
        tab.until_ended()
    assert tab.page.locator(".prompt").all_text_contents() == SOME
    assert_unharmed(tab)


def test_there_are_two_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


@pytest.mark.parametrize("payloads", BATCHES, ids=lambda batch: str(PAYLOADS.index(batch[0])))
def test_no_field_of_any_event_becomes_code(tab: Tab, payloads: list[str]) -> None:
    asked = hosts_asked(tab)
    tab.streams_instead(map(hostile_stream, payloads))
    for number in range(1, len(payloads) + 1):
        tab.page.evaluate(ASK)
        tab.until(
            "(count) => document.querySelectorAll('article[data-status=failed]').length === count", number
        )
    assert tab.page.locator(".tool").count() == 2 * len(payloads)
    assert tab.page.locator(".approval").count() == 3 * len(payloads)
    for selector in (".text[data-channel=answer]", ".inner", ".reasoning", ".tree", ".sources"):
        assert tab.page.locator(selector).count() == len(payloads)
    tab.page.evaluate("document.querySelectorAll('details').forEach((node) => { node.open = true; })")
    assert_unharmed(tab)
    assert asked == {"127.0.0.1"}


def test_html_of_any_field_is_shown_as_it_is_written(tab: Tab) -> None:
    for payload in SOME:
        tab.stream_instead(hostile_stream(payload), times=1)
        tab.ask("anything")
        tab.until_answer(payload)
        tab.until_ended("failed")
        for selector in (".reasoning .text", ".inner .text", ".tree .leaf", ".source p"):
            shown = tab.run.locator(selector).first.text_content() or ""
            assert "".join(shown.split()) == "".join(payload.split())


@pytest.mark.parametrize("step", [1, 5])
def test_markdown_that_is_not_finished_becomes_no_code(tab: Tab, step: int) -> None:
    asked = hosts_asked(tab)
    for payload in PAYLOADS[:: 3 if step == 1 else 1]:
        grow(tab, payload, step, complete=True)
    assert_unharmed(tab)
    assert asked <= {"127.0.0.1"}


def test_what_gets_past_the_renderer_is_stopped_by_the_sanitiser(tab: Tab) -> None:
    tab.page.evaluate(
        """async (payloads) => {
            const { rendered } = await imported("markdown.js");
            const { Parser } = await imported("vendor/marked/marked.esm.js");
            Parser.parse = ([{ raw }]) => raw;
            for (const raw of payloads) document.querySelector("#log").append(rendered([{ raw }]));
        }""",
        ELEMENTS,
    )
    assert_unharmed(tab)
    for blocked in ("Executing inline", "Applying inline", "CSP: ", "Loading", "Setting"):
        tab.excuse(blocked)  # the policy is asked while the sanitiser reads, and blocks as well


def hostile_stream(payload: str) -> str:
    source = {"id": payload, "title": payload, "url": payload, "snippet": payload, "score": None}
    said = {"description": payload}
    trap = {**source, "url": "javascript:window.pwned=1"}
    return stream(
        STARTED,
        ("reasoning", {"t": 1, "message_id": "m1", "step": None, "text": payload}),
        token(payload),
        token(payload, "m2", "inner"),
        ("partial", {"t": 1, "value": {payload: payload, "list": [payload, {payload: None}]}}),
        tool_call(payload, payload, name=payload),
        tool("tool_start", payload, input={payload: payload}),
        tool("tool_progress", payload, data={payload: payload}),
        tool("tool_end", payload, output={payload: payload}, duration_ms=1),
        tool("tool_error", "c2", code=payload, message=payload, duration_ms=1),
        (
            "usage",
            {"t": 1, "message_id": "m1", "model": payload, "output_tokens": payload, "cost_usd": payload},
        ),
        ("sources", {"t": 1, "items": [source, trap]}),
        approval(payload, request(payload, payload=payload), value={"action_requests": [said]}),
        approval("i2", request(payload, *[payload]), request(payload), value=payload),
        approval("i3", value={payload: payload}),
        (payload.replace("\n", ""), {"t": 1, "text": payload}),
        ("error", {"t": 2, "code": payload, "message": payload, "fault": "chain", "retryable": False}),
    )


def test_chains_descriptions_and_examples_make_no_element(tab: Tab) -> None:
    chain = {"name": PAYLOADS[0], "default": True, "description": PAYLOADS[0], "examples": SOME}
    tab.page.route("**/chains", lambda route: route.fulfill(json={"items": [chain]}))
    tab.ready()
    assert tab.page.inner_text("#about") == PAYLOADS[0]
    assert tab.page.locator(".example").all_text_contents() == SOME
    assert tab.page.evaluate("document.querySelectorAll('.suggestions :not(p, div, button)').length") == 0


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_states_a_strict_policy_in_its_head_and_in_its_header(served: Served, path: str) -> None:
    answer = served.get(path, {"Accept": "text/html"})
    stated = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', answer.text)
    assert stated
    assert answer.headers["content-security-policy"] == f"{stated[1]}; frame-ancestors 'none'"
    rules = dict(rule.split(" ", 1) for rule in stated[1].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert rules["style-src"] == ("'self'" if path == "/" else "'self' 'unsafe-inline'")


@pytest.mark.parametrize("name", ["index.html", "docs.html"])
def test_no_page_has_code_or_style_in_it(name: str) -> None:
    html = (pages.STATIC / name).read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", html) == []


def test_nothing_of_ours_writes_markup() -> None:
    writing = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    ours = list(pages.STATIC.glob("*.js"))
    assert ours
    assert [path.name for path in ours if writing.search(path.read_text())] == []


def test_a_done_stream_that_brings_unknown_events_and_odd_arguments_is_shown(tab: Tab) -> None:
    body = stream(
        STARTED,
        ("hologram", {"t": 1, "anything": 1}),
        ("constructor", {"t": 1}),
        tool_call("c1", "not { JSON"),
        tool_call("c2", "", message_id="m1"),
        tool("tool_start", "c2", input="plain text"),
        tool("tool_start", "c3", input=None),
        tool("tool_progress", "c3", data="half way"),
        tool("tool_end", "c1", output="", duration_ms=1),
        tool("tool_end", "c2", output=["a", {"b": None}], duration_ms=1),
        tool("tool_end", "c3", output="x" * 32_768, truncated=True, size=99_999, duration_ms=1),
        token("Done."),
        DONE,
    )
    tab.stream_instead(body)
    tab.ask("anything")
    tab.until_ended()
    assert tab.answer == "Done."
    assert tab.parts == ["tools", "text"]
    assert tab.run.locator(".tool-args").all_text_contents() == ["not { JSON", "plain text", "null"]
    results = tab.run.locator(".tool-result").all_text_contents()
    assert results[:2] == ["(empty)", '["a",{"b":null}]']
    assert results[2].endswith("x\n… cut; the whole has 99999 characters")


@pytest.mark.parametrize("name", ["marked", "dompurify"])
def test_what_renders_markdown_is_vendored_with_its_version_and_licence(name: str) -> None:
    folder = pages.STATIC / "vendor" / name
    assert "Permission is hereby granted" in (text := (folder / "LICENSE").read_text()) or "Apache" in text
    assert re.search(rf"`{name}` \d+\.\d+\.\d+ from npm", (folder / "README.md").read_text())
    assert [path.name for path in folder.glob("*js") if "sourceMappingURL" in path.read_text()] == []

"""Answers in Markdown: what is rendered, and how little is read and drawn again while they grow."""

import pytest

from tests.page.growing import count_reading, differing, grow, read
from tests.page.markdown_texts import RICH, TEXTS, long_text, strange
from tests.page.sse import DONE, STARTED, stream, token
from tests.page.tab import Tab
from tests.page.wire import Wire

pytestmark = pytest.mark.needs("chromium")

LONG = 3_000  # characters of an open block, from which on it is not read each time
PARAGRAPH = "The words of a **long** paragraph go on and on, with `code` and [links](https://example.com). "


def show(tab: Tab, *texts: str) -> None:
    tab.stream_instead(stream(STARTED, *map(token, texts), DONE))
    tab.ask("anything")
    tab.until_ended()


def test_an_answer_is_rendered_from_its_markdown(tab: Tab) -> None:
    show(tab, RICH)
    text = tab.run.locator(".text")
    assert text.locator("h3").inner_text() == "A title"
    assert text.locator("h4").all_inner_texts() == ["A list", "Setext"]
    assert [text.locator(tag).first.inner_text() for tag in ("strong", "em", "del")] == [
        "bold",
        "italic",
        "struck",
    ]
    assert text.locator("ul ul li").first.inner_text() == "nested"
    assert text.locator("ol").get_attribute("start") == "3"
    assert text.locator("li", has_text="done").inner_text() == "☑ done"
    assert text.locator("blockquote").inner_text() == "A quote\nof two lines"
    assert text.locator("th").all_inner_texts() == ["name", "price"]
    assert text.locator("td").all_inner_texts() == ["tea", "1.20", "milk", "0.80"]
    assert text.locator(".code-head span").inner_text() == "python"
    assert text.locator("pre").text_content() == 'def hello() -> None:\n    print("<b>hello</b>")\n'


def test_links_open_beside_the_page_and_lead_only_to_the_web_and_to_mail(tab: Tab) -> None:
    show(
        tab,
        "[a](https://example.com) [b](/docs) [c](mailto:x@y.z) [d](ftp://x) ![e](https://example.com/e.png)",
    )
    links = tab.run.locator(".text a")
    assert links.all_inner_texts() == ["a", "c", "e"]
    assert tab.run.locator(".text").inner_text() == "a b c d e"
    assert {each.get_attribute("rel") for each in links.all()} == {"noopener noreferrer"}
    assert {each.get_attribute("target") for each in links.all()} == {"_blank"}


def test_html_is_shown_as_it_is_written(tab: Tab) -> None:
    show(tab, "<div>\n\n<b>bold</b> and x<br>y")
    assert tab.run.locator(".text").inner_text().split() == ["<div>", "<b>bold</b>", "and", "x", "y"]
    assert tab.run.locator(".text :is(div, b)").count() == 0


def test_code_is_copied_with_one_button(tab: Tab) -> None:
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(tab, "```sh\ncurl -N localhost\n\n  echo done\n```\n")
    tab.run.get_by_role("button", name="Copy code").click()
    tab.until("() => document.querySelector('.copy').textContent === 'Copied'")
    assert tab.page.evaluate("navigator.clipboard.readText()") == "curl -N localhost\n\n  echo done"


def test_without_the_clipboard_api_code_is_copied_all_the_same(tab: Tab) -> None:
    tab.page.context.grant_permissions(["clipboard-read"])
    tab.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    show(tab, "```\nthe old way\n```\n")
    tab.run.get_by_role("button", name="Copy code").click()
    tab.until("() => document.querySelector('.copy').textContent === 'Copied'")
    assert tab.page.evaluate("navigator.clipboard.readText()") == "the old way"


def test_markdown_in_pieces_of_any_size_becomes_what_it_is_as_a_whole(tab: Tab) -> None:
    assert differing(tab, TEXTS, [1, 2, 7, 10_000]) == []


def test_strange_markdown_in_pieces_becomes_what_it_is_as_a_whole(tab: Tab) -> None:
    assert differing(tab, strange(150, seed=7), [1, 4]) == []


def test_a_long_answer_in_pieces_becomes_what_it_is_as_a_whole(tab: Tab) -> None:
    assert differing(tab, [long_text(1_500)], [11, 700]) == []


def test_finished_blocks_keep_their_nodes(tab: Tab) -> None:
    first = "# Title\n\nOne.\n\n```js\nlet a;\n```\n\n- a\n- b\n\nTwo"
    grow(tab, first, 3)
    tab.page.evaluate("window.before = [...grown.node.children].slice(0, 4)")
    grow(tab, f"{first} goes on.\n\nThree.", 3, start=len(first), complete=True)
    assert tab.page.evaluate("before.map((node) => node.localName)") == ["h3", "p", "div", "ul"]
    assert tab.page.evaluate("before.every((node, index) => grown.node.children[index] === node)")
    assert tab.page.evaluate("grown.node.children.length") == 6


def test_an_answers_finished_blocks_are_not_built_again(tab: Tab, wire: Wire) -> None:
    wire.hold_before(b'"text":" 3:"')
    tab.ask("words=800", "writing")
    wire.wait_until_held()
    tab.until("() => document.querySelectorAll('.text h4').length === 3")
    tab.page.evaluate("window.before = [...document.querySelectorAll('.text > *')].slice(0, -2)")
    wire.let_go()
    tab.until_ended()
    assert 10 < tab.page.evaluate("before.length") < 20
    assert tab.page.evaluate("before.every((node) => node.isConnected)")


def test_an_open_code_block_is_written_on_and_not_read_again(tab: Tab) -> None:
    count_reading(tab)
    opening = "Some code:\n\n```python\nfirst = 1\n"
    grow(tab, opening, 4)
    calls = read(tab)["calls"]
    tab.page.evaluate("window.code = document.querySelector('.text code').firstChild")
    code = "".join(f"line_{number} = `{number}`\n" for number in range(2_000))
    grow(tab, opening + code, 7, start=len(opening))
    assert read(tab)["calls"] == calls
    assert tab.page.evaluate("code.isConnected && code.data") == f"first = 1\n{code}".rstrip("\n")
    grow(tab, f"{opening}{code}```\n\nAfter.", 5, start=len(opening + code), complete=True)
    assert tab.page.evaluate("code.isConnected")
    assert tab.page.inner_text(".text > p:last-child") == "After."


@pytest.mark.parametrize(
    "piece",
    [
        PARAGRAPH,
        f"- {PARAGRAPH}\n",
        f"{PARAGRAPH}\n\n",
        f"> {PARAGRAPH}\n",
        f"  - {PARAGRAPH}\n",
        "| a cell | another |\n",
        "```\ncode\n```\n",
        "*unclosed `marks [of( all <kinds ",
    ],
    ids=["paragraph", "list", "paragraphs", "quote", "nested", "rows", "fences", "unclosed"],
)
def test_the_reading_of_a_growing_answer_is_linear_in_its_length(tab: Tab, piece: str) -> None:
    heads = {"  ": "- list\n", "| ": "| a | b |\n|---|---|\n"}
    text = heads.get(piece[:2], "") + piece * (30_000 // len(piece))
    step, half = 20, len(text) // 2
    count_reading(tab)
    grow(tab, text[:half], step)
    before = read(tab)["characters"]
    grow(tab, text, step, start=half, complete=True)
    added = read(tab)["characters"] - before
    each_time = (LONG + 2 * len(piece)) * (half / step)  # an open block that is short
    now_and_then = 16 * 2 * len(text)  # one that is long, at each sixteenth
    assert added < max(each_time, now_and_then)


def test_what_a_long_open_block_gets_is_shown_at_once(tab: Tab) -> None:
    text = PARAGRAPH * 100
    grow(tab, text, 100)
    for count in range(1, 60):
        more = "more words " * count
        grow(tab, text + more, 1_000, start=len(text + more) - 11)
        assert tab.page.evaluate("grown.node.textContent.trimEnd()").endswith(more.rstrip())


def test_pieces_that_come_in_one_frame_are_read_once(tab: Tab) -> None:
    count_reading(tab)
    tab.page.evaluate(
        """async () => {
            const { RunView } = await imported("run-view.js");
            const { NEW_CONNECTION } = await imported("connection.js");
            const { NEW_RUN, reduce } = await imported("transcript.js");
            const view = new RunView("prompt");
            document.querySelector("#log").append(view.node);
            let run = NEW_RUN;
            for (let n = 0; n < 5000; n++) {
                const text = `word ${n}\\n\\n`;
                run = reduce(run, "token", { t: n, message_id: "m1", channel: "answer", text });
                view.show(run, NEW_CONNECTION);
            }
        }"""
    )
    tab.until("() => document.querySelectorAll('.text p').length === 5000")
    assert read(tab)["calls"] == 1

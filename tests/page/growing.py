"""Markdown that grows in a page, fed by a test piece by piece, and what was read of it counted."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.page.tab import Tab

COUNTING = """async () => {
    const { Lexer } = await imported("vendor/marked/marked.esm.js");
    const { lex } = Lexer.prototype;
    window.read = { calls: 0, characters: 0 };
    Lexer.prototype.lex = function (text) {
        read.calls += 1;
        read.characters += text.length;
        return lex.call(this, text);
    };
}"""

GROW = """async ({ text, step, from, complete }) => {
    const { GrowingMarkdown } = await imported("growing-markdown.js");
    if (from === 0) {
        window.grown = new GrowingMarkdown({ class: "text" });
        document.querySelector("#log").append(grown.node);
    }
    for (let end = from + step; end < text.length; end += step) grown.show(text.slice(0, end));
    grown.show(text, complete);
}"""

# What is shown at once, and what is shown after pieces of each size; and the text as a whole, read once.
SHOWN = """async ({ texts, steps }) => {
    const { GrowingMarkdown } = await imported("growing-markdown.js");
    const { blocksOf, rendered } = await imported("markdown.js");
    const { element } = await imported("element.js");
    const markupOf = (node) => node.innerHTML.replace(/>\\s+</g, "><").trim();
    const inPieces = (text, step) => {
        const grown = new GrowingMarkdown({});
        for (let end = step; end < text.length; end += step) grown.show(text.slice(0, end));
        grown.show(text, true);
        return markupOf(grown.node);
    };
    const differing = [];
    for (const text of texts) {
        const whole = markupOf(element("div", {}, rendered(blocksOf(text.replace(/\\r\\n?/g, "\\n")))));
        for (const step of steps) {
            const shown = inPieces(text, step);
            if (shown !== whole) differing.push({ text, step, shown, whole });
        }
    }
    return differing;
}"""


def count_reading(tab: "Tab") -> None:
    tab.page.evaluate(COUNTING)


def grow(tab: "Tab", text: str, step: int, start: int = 0, complete: bool = False) -> None:
    """Show a text in pieces of `step` characters, the first `start` of which are shown already."""
    tab.page.evaluate(GROW, {"text": text, "step": step, "from": start, "complete": complete})


def read(tab: "Tab") -> dict[str, int]:
    """How often the parser was called, and with how many characters."""
    return dict(tab.page.evaluate("window.read"))


def differing(tab: "Tab", texts: list[str], steps: list[int]) -> list[dict[str, Any]]:
    """What is shown otherwise in pieces than at once."""
    return list(tab.page.evaluate(SHOWN, {"texts": texts, "steps": steps}))

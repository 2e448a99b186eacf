"""Texts in Markdown: of every block, at every joint, and of any length."""

from random import Random

RICH = """\
# A title

A paragraph with **bold**, _italic_, ~~struck~~ and `code`,
broken in two lines, and a [link](https://example.com/a?b=1&c=2 "Its title").

## A list

- one
- two with `code`
  - nested
  - and again

    a paragraph below it
- [x] done
- [ ] open

3. three
4. four

> A quote
> of two lines

| name | price |
|:-----|------:|
| tea  | 1.20  |
| milk | 0.80  |

```python
def hello() -> None:
    print("<b>hello</b>")

```

---

Setext
------

Before a list:
- item
* another list

Last words, https://example.com and someone@example.com.
"""

TEXTS = [
    RICH,
    RICH.replace("\n", "\r\n"),
    "one line",
    "first\n\n1",
    "first\n\n1. item\n\n2. item\n\n10. item",
    "- a\n-b\n- c\n--\n- d\n---\n- e",
    "para\n#\n#no heading\n# heading\nmore",
    "para\n===\npara\n---x\n---\n",
    "- loose\n\n- list\n\n  with more\n\nand text\n\n- next",
    "1. a\n\n   ```sh\n   ls\n   ```\n2. b\n\n   ~~~\n   x\n   ~~~\n",
    "```\ncode\n``\n ```\nafter\n```js\nmore",
    "````md\n```\ninner\n```\n````\nafter",
    "~~~\ntildes\n```\n~~~~ \nafter",
    "```js\n\n\nblank lines\n\n\n```\n\n```\n```\nend",
    "    indented\n    code\n\npara\n    no code\n",
    "> a\nlazy\n\n> b\n>\n> - c\n\nd",
    "| a | b |\n|---|---|\n| 1 | 2 |\nno row\n\n| x |\n| - |\nend",
    "<div>\n\n# h\n\n</div>\n<br>line<br/>two",
    "[a][r] and [b]\n\n[r]: https://example.com\n[b]: /x\n\nend",
    "a  \nb\\\nc\n*un*closed **bold\n\nnext** _x_",
    "***\n\n* * *\n\n_ _ _\n\n- - -\n\nend",
    "\n\n  \n\nlate\n\n\n\nlater",
    "tail```\nno fence",
    "```",
    "``",
    "```js",
    "- ",
    "#",
    "&amp; &lt;b&gt; \\* ☃",
]

_PIECES = [
    "word ", "**bold** ", "*", "_", "`", "``", "```", "```js\n", "~~~\n", "\n", "\n", "\n\n", "- ", "* ",
    "1. ", "12. ", "# ", "#", "> ", ">", "  ", "    ", "\t", "| a | b |\n", "|---|---|\n", "| 1 | 2 |\n",
    "---", "===",
    "--", "=", "-", "[a](https://x.y)", "[", "](", "![i](z)", "<b>", "</b>", "<br>", "&amp;", "\\", "\r\n",
    "text\n",
    "é", "2", "a.",
]  # fmt: skip


def strange(count: int, seed: int) -> list[str]:
    """Texts of marks that have no order."""
    random = Random(seed)
    return ["".join(random.choices(_PIECES, k=random.randint(2, 24))) for _ in range(count)]


def long_text(words: int) -> str:
    """As a model would write it: headings, paragraphs, lists, tables and code, about so many words."""
    parts: list[str] = []
    while len("".join(parts).split()) < words:
        number = len(parts) + 1
        parts.append(_SECTION.format(number=number))
    return "".join(parts)


_SECTION = """\
## Part {number}: how a stream heals

A **run** is one execution of a chain, and everything it does becomes an _event_ in its log, in order.
A connection never owns a run: it can be lost at any time, and `Last-Event-ID` brings the reader back to the
[same place](https://example.com/{number}).

1. The browser keeps the id of the last event that it saw.
2. The connection breaks, whatever the reason:
   - a train goes into a tunnel,
   - a proxy has had enough.
3. It comes back with the id, and gets **exactly** what follows.

| event | means | in part |
|:------|:------|--------:|
| `token` | text of a model | {number} |
| `tool_end` | a tool returned | {number} |

```python
async def follow(run: str, after: int = {number}) -> None:
    async for event in events(run, after=after):
        print(event.text, end="", flush=True)
```

> Nothing is lost and nothing comes twice; that is all there is to it in part {number}.

"""

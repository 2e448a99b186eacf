"""A turn's request as code: what is copied is run, and must do what the turn did."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.inspecting import CLIPBOARD, Inspecting
from tests.page.tab import Tab
from tests.serving import TIMEOUT, Served

pytestmark = pytest.mark.needs("chromium")

# What shells, JavaScript and Python could each take for something else than text.
HOSTILE = (
    'it\'s "$(touch pwned)" `touch pwned`; touch pwned\n\'\'\'""" \\ \\n \\u0041 '
    "${x} {x} %s !! </script> é 🙂 \u2028\u202e"
)
REQUEST: dict[str, Any] = {
    "chain": "silent",
    "input": {
        "messages": [{"role": "user", "content": HOSTILE}],
        HOSTILE: [True, False, None, 1.5, -3, [], {}],
    },
    "params": {"temperature": 0.2, "max_tokens": 10},
    "on_disconnect": "cancel",
}


@pytest.fixture
def asked(open_tab: OpenTab, shown: Served) -> Tab:
    """A page on which a hostile prompt was echoed; not over the wire, which the code would outlive."""
    tab = open_tab(shown.url, permissions=CLIPBOARD).ready()
    tab.ask(HOSTILE, "silent")
    tab.until_ended()
    return tab


def copied(tab: Tab, language: str) -> str:
    drawer = Inspecting(tab)
    drawer.open("Copy as")
    return drawer.copy(f"Copy as {language}")


def output_of(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert list(folder.iterdir()) == []
    return done.stdout


def test_the_copied_curl_does_what_the_turn_did(asked: Tab, tmp_path: Path) -> None:
    told = output_of(["sh", "-c", copied(asked, "curl")], tmp_path)
    done = told.partition("event: done\ndata: ")[2].partition("\n")[0]
    assert json.loads(done)["output"] == f"said {HOSTILE}"


def test_the_copied_python_does_what_the_turn_did(asked: Tab, tmp_path: Path) -> None:
    told = output_of([sys.executable, "-c", copied(asked, "Python")], tmp_path).splitlines()
    assert [line.split()[0] for line in told] == ["run", "token", "done"]
    assert ast.literal_eval(told[-1].removeprefix("done "))["output"] == f"said {HOSTILE}"


def test_the_copied_javascript_does_what_the_turn_did(asked: Tab) -> None:
    code = copied(asked, "JavaScript")
    console = "const told = []; const console = { log: (...all) => told.push(all) };"
    told = asked.page.evaluate(f"async () => {{ {console} {code}; return told; }}")
    assert [event for event, _ in told] == ["run", "token", "done"]
    assert told[-1][1]["output"] == f"said {HOSTILE}"


def test_the_body_is_the_turns_in_every_language(tab: Tab) -> None:
    codes = tab.page.evaluate(
        """async (request) => {
            const { codesOf } = await imported("request-code.js");
            return Object.fromEntries(
                codesOf("http://host/prefix/", request).map(({ name, code }) => [name, code]));
        }""",
        REQUEST,
    )
    assert set(codes) == {"curl", "JavaScript", "Python"}
    tree = ast.parse(codes["Python"])
    bodies = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node).startswith("body")
    ]
    assert [ast.literal_eval(body) for body in bodies] == [REQUEST]
    words = subprocess.run(
        ["sh", "-c", f"curl() {{ printf '%s\\0' \"$@\"; }}; {codes['curl']}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    assert json.loads(words[words.index("-d") + 1]) == REQUEST
    sent = tab.page.evaluate(
        f"""async () => {{
            let sent = null;
            const fetch = (_, {{ body }}) => {{ sent = body; return {{ ok: false, text: () => "" }}; }};
            try {{ await (async () => {{ {codes["JavaScript"]} }})(); }} catch {{ }}
            return sent;
        }}"""
    )
    assert json.loads(sent) == REQUEST
    for code in codes.values():
        assert "http://host/prefix/runs/stream?format=" in code
        assert "\u202e" not in code

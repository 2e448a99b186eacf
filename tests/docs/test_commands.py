"""What the documents tell people to type works as it stands, but for the port."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from tests.docs.documents import DOCUMENTS, ROOT, blocks, commands
from tests.fake_provider import fake_provider
from tests.installed import printed_by
from tests.needs import chromium_path
from tests.project.commands import running

README = ROOT / "README.md"
TIMEOUT = 120  # seconds; `make run` installs what is missing

ALL = [command for document in DOCUMENTS for command in commands(document)]
CURLS = [command for command in ALL if command.startswith("curl ")]
SERVES = [command for command in ALL if command.endswith("make run")]
TARGETS = [command for command in ALL if command.startswith("make ") and command not in SERVES]
INSTALL, SERVE = "pip install ./chainstream", "chainstream serve ./agent.py:graph --reload"
IN_A_PROJECT = [INSTALL, SERVE]  # tests/installed.py does the first


@contextmanager
def served_by(command: str, **environment: str) -> Iterator[int]:
    """A service started by this very command, on a free port."""
    # Not what a make around these tests hands down: a person's make says nothing of its directories.
    own = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=ROOT,
        env={**own, "PORT": "0", "OFFLINE": "1", **environment},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            found = re.search(r":(\d+) ", line)
            assert found, line
            yield int(found[1])
        finally:
            running.terminate()
            running.wait(TIMEOUT)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served_by("make run") as port:
        yield port


def typed(command: str, port: int) -> str:
    ended = subprocess.run(
        ["bash", "-c", command.replace("localhost:8000", f"127.0.0.1:{port}")],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    return ended.stdout


def test_every_command_is_of_a_kind_that_is_tried_here() -> None:
    assert [command for command in ALL if command not in CURLS + SERVES + TARGETS + IN_A_PROJECT] == []
    assert len(CURLS) > 5 and "make run" in SERVES


@pytest.mark.needs("make")
@pytest.mark.parametrize("command", sorted(set(CURLS)))
def test_a_curl_command_answers(port: int, command: str) -> None:
    said = typed(command, port)
    assert said and "problem" not in said and '"code":' not in said
    if "-N" not in command:
        orjson.loads(said)


@pytest.mark.needs("make")
@pytest.mark.parametrize("command", sorted(set(TARGETS)))
def test_a_make_target_exists(command: str) -> None:
    subprocess.run(["bash", "-c", command.replace("make ", "make -n ")], cwd=ROOT, check=True)


@pytest.mark.needs("make")
def test_the_first_command_shows_two_tool_calls_and_their_results_as_the_readme_shows(port: int) -> None:
    """Ids, times and the clock differ; the events, their order and their fields do not."""
    shown = blocks(README, "text")[0].splitlines()
    real = typed(commands(README)[1], port).splitlines()
    fields = [line.partition(":")[0] for line in shown]
    assert "event: tool_start" in shown and "event: done" in shown
    events = [line for line in real if line.startswith("event: ")]
    position = -1
    for line in (line for line in shown if line.startswith("event: ")):
        position = events.index(line, position + 1)  # in this order, perhaps with others between
    assert set(fields) <= {"event", "data", "…"}


@pytest.mark.needs("make")
def test_chains_named_in_chains_are_served(tmp_path: Path) -> None:
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "chains.py").write_text(blocks(README, "python")[1])
    (package / "agents.py").write_text(
        "from langgraph.graph import MessagesState, StateGraph\n"
        "builder = StateGraph(MessagesState)\n"
        "builder.add_node('answer', lambda state: {'messages': [('assistant', 'hello')]})\n"
        "builder.set_entry_point('answer')\n"
        "graph = builder.compile()\n"
    )
    (command,) = [command for command in SERVES if command.startswith("CHAINS=")]
    with served_by(command, PYTHONPATH=str(tmp_path)) as port:
        for chain in ("graph", "short"):
            body = f'{{"chain": "{chain}", "input": "hi"}}'
            said = typed(
                f"curl localhost:8000/runs/wait -H 'Content-Type: application/json' -d '{body}'", port
            )
            assert orjson.loads(said)["status"] == "succeeded"


@pytest.mark.needs("make")
def test_rules_named_in_redact_are_on() -> None:
    (command,) = [command for command in SERVES if command.startswith("REDACT=")]
    with served_by(command, CHAINS="tests.redaction.echoing:plain") as port:
        body = '{"chain": "plain", "input": "Write to ann@example.org."}'
        said = typed(f"curl localhost:8000/runs/wait -H 'Content-Type: application/json' -d '{body}'", port)
        assert orjson.loads(said)["output"] == "Write to [email]."


@pytest.mark.needs("make")
def test_a_key_is_enough_for_a_real_model() -> None:
    (command,) = [command for command in SERVES if "_API_KEY=" in command]
    with fake_provider() as provider:
        with served_by(command, OFFLINE="0", GROQ_BASE_URL=provider.url) as port:
            said = typed(f"curl -N '127.0.0.1:{port}/stream?query=tokens=2&format=text'", port)
    [call] = provider.calls
    assert said == "t1 t2 "
    assert (call.asked.model, call.asked.key) == ("llama-3.1-8b-instant", "your-key")


@pytest.mark.needs("hatchling")
def test_the_readmes_agent_is_served_from_its_own_project_and_asks(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(blocks(README, "python")[0])
    with running(["bash", "-c", f"exec {programs}/{SERVE}"], tmp_path) as command:
        served = command.serves()
        first = orjson.loads(served.post("/runs/wait", b'{"input": "tonight"}').body)
        (asked,) = first["approvals"]
        assert (first["status"], asked["value"]) == ("waiting", {"question": "Book a table for two?"})
        run = f"/runs/{first['run_id']}"
        decided = served.post(
            f"{run}/approvals/{asked['interrupt_id']}", b'{"decisions": [{"type": "approve"}]}'
        )
        assert decided.status == 200
        told = served.get(f"{run}/events").text
        assert '"name":"stream_writer","data":{"looking":"for a table"}' in told
        assert '"output":"It is booked."' in told


@pytest.mark.needs("hatchling")
def test_the_handler_alone_tells_what_an_agent_does(programs: Path) -> None:
    told = printed_by(programs / "python", blocks(README, "python")[2])
    assert re.search(r"ToolStart\(.*\n(.*\n)*ToolEnd\(", told) and "26.09" in told


@pytest.mark.needs("hatchling")
def test_the_service_mounts_as_the_documents_say(programs: Path) -> None:
    (mounting,) = [code for code in blocks(ROOT / "docs" / "graphs.md", "python") if "mount" in code]
    ask = (
        "\nfrom starlette.testclient import TestClient\n"
        "with TestClient(app) as client:\n"
        "    print(client.post('/agents/runs/wait', json={'input': 'hi'}).json()['status'])\n"
    )
    assert printed_by(programs / "python", mounting + ask) == "succeeded"


@pytest.mark.needs("chromium")
@pytest.mark.needs("make")
def test_the_readmes_page_shows_its_story_in_a_browser(port: int) -> None:
    from playwright.sync_api import sync_playwright

    page_source = blocks(README, "html")[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/readme.html", lambda route: route.fulfill(body=page_source, content_type="text/html"))
        page.goto(f"http://127.0.0.1:{port}/readme.html")
        page.wait_for_function("window.e === undefined && document.body.innerText.length > 200")
        browser.close()

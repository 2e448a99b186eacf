"""`create_app()` under somebody else's server: by uvicorn's --factory, and mounted in another app."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI

from tests.api.event_streams import frames_of
from tests.serving import TIMEOUT, Served, read_answer, request_bytes

ROOT = Path(__file__).parents[2]

MOUNTED = """
from fastapi import FastAPI
from service.app import create_app

app = FastAPI()
app.mount("/agents", create_app())
"""

MOUNTED_WITH_ITS_LIFESPAN = """
from fastapi import FastAPI
from service.app import create_app

agents = create_app()
app = FastAPI(lifespan=agents.router.lifespan_context)
app.mount("/agents", agents)
"""

HELD_OPEN = """
import asyncio
from contextlib import asynccontextmanager
from langchain_core.runnables import RunnableLambda

def tell(what):
    with open("told", "a") as told:
        print(what, file=told)

@asynccontextmanager
async def chain():
    tell("entered")
    try:
        yield RunnableLambda(never_ends)
    finally:
        tell("left")

async def never_ends(text):
    await asyncio.Event().wait()
"""


NOISE = re.compile("Traceback|destroyed|ERROR|never awaited")


@dataclass(frozen=True)
class Process:
    """uvicorn in a folder of its own, and a client of it."""

    folder: Path
    client: Served
    running: "subprocess.Popen[str]"

    def end(self, by: signal.Signals = signal.SIGTERM) -> str:
        """Ends it as an operator does; what it said since its start."""
        self.running.send_signal(by)
        return self.running.communicate(timeout=TIMEOUT)[1]

    @property
    def told(self) -> list[str]:
        path = self.folder / "told"
        return path.read_text().split() if path.exists() else []


@contextmanager
def uvicorn(folder: Path, *arguments: str, **settings: str) -> Iterator[Process]:
    environment = {"PYTHONPATH": str(ROOT), "OFFLINE_TOKENS_PER_SECOND": "0", "SHUTDOWN_GRACE_SECONDS": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--port", "0", *arguments],
        cwd=folder,
        env={**os.environ, **environment, **settings},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stderr is not None
            said = ""
            while not (port := re.search(r"running on http://[\d.]+:(\d+)", said)):
                line = running.stderr.readline()
                assert line, said
                said += line
            yield Process(folder, Served(int(port[1]), FastAPI()), running)
        finally:
            running.kill()


@contextmanager
def mounted(folder: Path, source: str = MOUNTED, chains: str = "", **settings: str) -> Iterator[Process]:
    (folder / "outer.py").write_text(source)
    if chains:
        (folder / "users_chains.py").write_text(chains)
        settings = {"CHAINS": "users_chains:chain", **settings}
    with uvicorn(folder, "outer:app", **settings) as process:
        yield process


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Of the shipped chains, mounted at /agents."""
    with mounted(tmp_path_factory.mktemp("mounted")) as process:
        yield process.client


def started_run(client: Served) -> Any:
    answer = client.post("/agents/runs", b'{"input": "hi"}')
    assert answer.status == 202
    return answer.headers["location"], orjson.loads(answer.body)


def test_a_server_that_calls_create_app_serves_the_shipped_chains(tmp_path: Path) -> None:
    with uvicorn(tmp_path, "--factory", "service.app:create_app") as process:
        assert '"chat"' in process.client.get("/chains").text
        assert process.client.get("/stream?query=hi").whole


def test_a_mounted_app_streams_from_its_first_request_on(client: Served) -> None:
    answer = client.get("/agents/stream?query=hi&format=events")
    assert answer.whole and frames_of(answer.body)[-1].event == "done"


def test_what_a_mounted_app_says_of_a_run_leads_there(client: Served) -> None:
    location, run = started_run(client)
    assert orjson.loads(client.get(location).body)["run_id"] == run["run_id"]
    assert frames_of(client.get(run["events_url"]).body)[-1].event == "done"
    listed = orjson.loads(client.get("/agents/runs?limit=1").body)["items"]
    waited = orjson.loads(client.post("/agents/runs/wait", b'{"input": "hi"}').body)
    cancelled = orjson.loads(client.post(f"{location}/cancel", b"").body)
    for each in (*listed, waited, cancelled):
        assert each["events_url"] == f"/agents/runs/{each['run_id']}/events"


def test_a_mounted_app_s_cheat_sheet_docs_and_files_are_those_under_its_path(client: Served) -> None:
    bases = set(re.findall(r"http://[\w.:]+(/\w+)", client.get("/agents/").text))
    assert bases == {"/agents"}
    for path in ("/agents/docs", "/agents/openapi.json", "/agents/static/app.js"):
        assert client.get(path).status == 200
    page = client.get("/agents/", {"Accept": "text/html"})
    assert page.status == 200 and page.headers["content-type"].startswith("text/html")


def test_a_page_of_another_site_may_not_start_runs_of_a_mounted_app(client: Served) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    answer = client.get("/agents/stream?query=hi", foreign)
    assert (answer.status, orjson.loads(answer.body)["code"]) == (403, "cross_site")


def test_many_first_requests_at_once_start_a_mounted_app_once_and_no_run_holds_up_or_soils_its_end(
    tmp_path: Path,
) -> None:
    with mounted(tmp_path, chains=HELD_OPEN) as process:
        assert process.told == []
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(process.client.get, ["/agents/chains"] * 20))
        assert {answer.status for answer in answers} == {200}
        assert process.told == ["entered"]
        body = b'{"chain": "chain", "input": "hi"}'
        assert process.client.post("/agents/runs", body).status == 202
        said = process.end(by=signal.SIGINT)
        assert process.told == ["entered", "left"]
    assert not NOISE.search(said)


@pytest.mark.parametrize(
    ("source", "at_first", "at_last"),
    [(MOUNTED, [], ["entered"]), (MOUNTED_WITH_ITS_LIFESPAN, ["entered"], ["entered", "left"])],
    ids=["alone", "with its lifespan"],
)
def test_when_the_outer_server_ends_an_open_stream_of_a_mounted_app_has_its_terminal_event(
    tmp_path: Path, source: str, at_first: list[str], at_last: list[str]
) -> None:
    """uvicorn ends itself by the signal, after the lifespan: what lives for none is not closed then."""
    with mounted(tmp_path, source, HELD_OPEN, OFFLINE_TOKENS_PER_SECOND="5") as process:
        assert process.told == at_first
        with process.client.connected() as connection:
            path = "/agents/stream?chain=chat&format=events&query=Tell me a story"
            connection.sendall(request_bytes("GET", path, b"", {}))
            first = connection.recv(200)
            assert b"200 OK" in first
            process.running.send_signal(signal.SIGTERM)
            answer = read_answer(connection, head=first)
        said = process.running.communicate(timeout=TIMEOUT)[1]
        assert process.told == at_last
    last = frames_of(answer.body)[-1]
    assert answer.whole and (last.event, last.json["reason"]) == ("cancelled", "shutdown")
    assert not NOISE.search(said)


def test_a_mounted_app_that_cannot_start_answers_503_tells_the_log_why_and_is_tried_again(
    tmp_path: Path,
) -> None:
    with mounted(tmp_path, chains="raise ConnectionError('no secret-canary here')") as process:
        with ThreadPoolExecutor(5) as threads:
            answers = list(threads.map(process.client.get, ["/agents/chains"] * 5))
        for answer in answers:
            problem = orjson.loads(answer.body)
            assert (answer.status, problem["code"]) == (503, "chain_broken")
            assert answer.headers["content-type"] == "application/problem+json"
            assert "canary" not in answer.text and str(tmp_path) not in answer.text
        (tmp_path / "users_chains.py").write_text(HELD_OPEN)
        assert process.client.get("/agents/chains").status == 200
        said = process.end()
    assert "secret-canary" in said and "users_chains.py, line 1" in said

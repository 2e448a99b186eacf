"""`python -m service` as a process: what it says at the start, what stops it, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.api.event_streams import frames_of, names_of
from tests.serving import TIMEOUT, read_answer, request_bytes

ROOT = Path(__file__).parents[2]


def environment(**settings: str) -> dict[str, str]:
    return {**os.environ, "PORT": "0", "OFFLINE": "1", "OFFLINE_TOKENS_PER_SECOND": "0", **settings}


@contextmanager
def process(**settings: str) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    """A service of its own: the process, its port, and the line that it said at its start."""
    with subprocess.Popen(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            found = re.search(r":(\d+) ", line)
            assert found, line + (running.stderr.read() if running.stderr else "")
            yield running, int(found[1]), line
        finally:
            running.kill()


def failed_start(**settings: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert ended.returncode != 0
    return (ended.stdout + ended.stderr).strip()


def test_at_the_start_one_line_says_address_model_and_why_chains_and_where_data_goes() -> None:
    with process() as (_, port, line):
        chains = "agent, chat, docs, extract, summarize"
        kept = "kept in the SQLite database"
        for part in (f"http://127.0.0.1:{port}", "offline:demo", "no key", chains, kept):
            assert part in line


def test_a_port_that_is_taken_is_told_in_one_sentence_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = failed_start(PORT=str(port))
    assert len(said.splitlines()) == 1
    assert f"Port {port}" in said and f"PORT={port + 1}" in said


def test_a_key_that_is_missing_is_told_by_its_variable() -> None:
    said = failed_start(MODEL="groq:llama-3.1-8b-instant", GROQ_API_KEY="", OFFLINE="0")
    assert len(said.splitlines()) == 1
    assert "GROQ_API_KEY is not set" in said


def test_a_setting_that_is_wrong_is_told_by_its_name() -> None:
    said = failed_start(RUN_TIMEOUT_SECONDS="soon")
    assert len(said.splitlines()) == 1
    assert "RUN_TIMEOUT_SECONDS" in said and ".env.example" in said


def test_a_chain_that_does_not_load_stops_the_start_with_its_reason_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "users_module.py").write_text("import nowhere_to_be_found")
    said = failed_start(CHAINS="users_module:chain", PYTHONPATH=str(tmp_path))
    assert "users_module:chain" in said and "No module named 'nowhere_to_be_found'" in said
    assert "Traceback" not in said


def test_two_chains_of_one_name_stop_the_start_and_an_alias_cures_it(tmp_path: Path) -> None:
    (tmp_path / "users_module.py").write_text("from chains.chat import build as chat")
    assert "alias=users_module:chat" in failed_start(CHAINS="users_module:chat", PYTHONPATH=str(tmp_path))
    with process(CHAINS="mine=users_module:chat", PYTHONPATH=str(tmp_path)) as (_, _, line):
        assert "agent, chat, docs, extract, summarize, mine" in line


def test_sigterm_lets_a_run_end_within_the_grace_and_its_stream_to_its_last_byte() -> None:
    with process(SHUTDOWN_GRACE_SECONDS="15", OFFLINE_TOKENS_PER_SECOND="200") as (running, port, _):
        path = "/stream?chain=chat&format=events&query=Tell me a story"
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            connection.sendall(request_bytes("GET", path, b"", {}))
            first = connection.recv(200)
            assert b"200 OK" in first
            running.send_signal(signal.SIGTERM)
            answer = read_answer(connection, head=first)
        assert answer.whole and names_of(answer.body)[-1] == "done"
        assert running.wait(TIMEOUT) == 0


def test_sigterm_cancels_what_does_not_end_and_every_stream_ends_cleanly() -> None:
    with process(SHUTDOWN_GRACE_SECONDS="0.2", OFFLINE_TOKENS_PER_SECOND="5") as (running, port, _):
        path = "/stream?chain=chat&format=events&query=Tell me a story"
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            connection.sendall(request_bytes("GET", path, b"", {}))
            first = connection.recv(200)
            running.send_signal(signal.SIGTERM)
            answer = read_answer(connection, head=first)
        last = frames_of(answer.body)[-1]
        assert answer.whole and (last.event, last.json["reason"]) == ("cancelled", "shutdown")
        assert running.wait(TIMEOUT) == 0
        assert running.stderr is not None and running.stderr.read() == ""


def test_sigterm_is_not_held_up_by_a_tool_that_hangs_in_its_thread_or_a_reader_that_never_reads() -> None:
    settings = {"CHAINS": "tests.served_chains:numbered_agent", "SHUTDOWN_GRACE_SECONDS": "0.1"}
    with process(**settings) as (running, port, _):
        path = "/stream?chain=numbered_agent&format=events&query=tool=gated_in_thread gate=hangs"
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            connection.sendall(request_bytes("GET", path, b"", {}))
            seen = b""
            while b"tool_start" not in seen:
                seen += connection.recv(65536)
            running.send_signal(signal.SIGTERM)
            assert running.wait(10) == 0

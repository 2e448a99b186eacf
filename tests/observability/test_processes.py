"""The lines of a whole process: of a start that fails, under a supervisor, read by nobody."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from select import PIPE_BUF
from typing import Any

import orjson
import pytest
from fastapi import FastAPI

from service.observability.line_writer import MOST_LINES, LineWriter
from tests.observability.faults import ROOT, process
from tests.ports import unused_port
from tests.project.commands import PATIENCE, graph_saying, running, users_environment
from tests.serving import TIMEOUT, Served

COMMAND = (sys.executable, "-m", "service")
CANARY = "canary-4711"


def lines_of(*arguments: str, folder: Path, **settings: str) -> tuple[int, list[dict[str, Any]], str]:
    """Of a command that ends by itself: its exit status, the objects that it wrote, and as text."""
    environment = users_environment(**{"PYTHONPATH": str(ROOT), "LOG_JSON": "true"} | settings)
    ended = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    told = ended.stdout + ended.stderr
    return ended.returncode, [orjson.loads(line) for line in told.splitlines()], told


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RUN_TIMEOUT_SECONDS": "soon"}, "RUN_TIMEOUT_SECONDS"),
        ({"DATABASE_URL": f"postgresql://me:{CANARY}@127.0.0.1:1/none"}, "database"),
        ({"JWT_SECRET": CANARY}, "JWT_SECRET"),
    ],
)
def test_a_start_that_fails_says_why_in_one_object(
    settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    code, (line,), told = lines_of(folder=tmp_path, **settings)
    assert code == 1 and line["level"] == "error" and said in line["event"]
    assert CANARY not in told


def test_a_port_that_is_taken_is_told_in_one_object(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, (line,), _ = lines_of(folder=tmp_path, PORT=str(taken.getsockname()[1]))
    assert code == 1 and "is taken" in line["event"]


def test_a_chain_whose_import_fails_unexpectedly_leaves_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "chain.py").write_text(f"class Odd(BaseException): pass\nraise Odd({CANARY!r})\n")
    code, lines, told = lines_of("./chain.py:graph", folder=tmp_path)
    assert code == 1 and lines and "Traceback" not in told and str(tmp_path) not in told


INTERRUPTED = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "service.server":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
"""


def test_a_start_that_is_interrupted_ends_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED)
    settings = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PORT": "0"}
    assert lines_of(folder=tmp_path, **settings) == (-signal.SIGINT, [], "")


def test_what_reloads_logs_objects_too_and_says_what_is_served_at_any_level(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import nowhere")
    arguments = (*COMMAND, "./mine.py:graph", "--reload")
    with running(arguments, tmp_path, PYTHONPATH=str(ROOT), LOG_JSON="true", LOG_LEVEL="error") as command:
        command.says("Waiting for a change")
        (tmp_path / "mine.py").write_text(graph_saying("one"))
        command.serves()
    events = [orjson.loads(line)["event"] for line in command.lines]
    assert events[0].startswith("Watching ") and "No module named 'nowhere'" in events[1]


def test_another_server_s_process_logs_objects_by_the_factory_that_is_for_it(tmp_path: Path) -> None:
    uvicorn = (sys.executable, "-m", "uvicorn", "--factory", "service.server:logged_app", "--port", "0")
    environment = {"PYTHONPATH": str(ROOT), "LOG_JSON": "true", "CHAINS": "tests.served_chains:failing"}
    with running(uvicorn, tmp_path, LOG_LEVEL="debug", **environment) as command:
        port = int(command.says(r"Uvicorn running on http://127.0.0.1:(\d+)")[1])
        Served(port, FastAPI()).get("/stream?chain=failing&query=x", {"X-Request-ID": "mine"})
        command.says("run ended")
    line = orjson.loads(command.lines[-1])
    assert (line["outcome"], line["request_id"]) == ("failed", "mine")
    assert "secret-canary" in line["traceback"], "with LOG_LEVEL=debug"


def test_a_pipe_that_nobody_empties_holds_up_no_run_and_no_end(tmp_path: Path) -> None:
    served = Served(unused_port(), FastAPI())
    reading, writing = full_pipe()
    settings = {"PORT": str(served.port), "SHUTDOWN_GRACE_SECONDS": "0"}
    with process(tmp_path, settings, out=writing) as service:
        until_listening(served.port, service)
        answers = [served.get("/stream?chain=chat&query=hi") for _ in range(20)]
        service.terminate()
        assert service.wait(TIMEOUT) == 0
    os.close(reading)
    os.close(writing)
    assert all(answer.status == 200 and answer.whole for answer in answers)


def full_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, b"x" * 4096):
            pass
    os.set_blocking(writing, True)
    return reading, writing


def until_listening(port: int, service: "subprocess.Popen[bytes]") -> None:
    while service.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
            return
        with suppress(subprocess.TimeoutExpired):
            service.wait(0.05)
    raise AssertionError("it ended")


def test_lines_that_wait_are_written_together_in_pieces_that_no_other_process_s_can_part() -> None:
    """A read from a socket for datagrams is what was written at once; a full one holds the writer up."""
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    reading.settimeout(TIMEOUT)
    with reading, writing:
        writer = LineWriter(lambda lost: f"{lost} lost")
        lines = [f"{number}{'x' * (number % 300)}" for number in range(2_000)]
        for line in (*lines, "y" * PIPE_BUF * 2, "the last"):
            writer.put(writing.fileno(), line)
        pieces = [reading.recv(PIPE_BUF * 3)]
        while not pieces[-1].endswith(b"the last\n"):
            pieces.append(reading.recv(PIPE_BUF * 3))
        writer.close()
    *whole, long, last = b"".join(pieces).decode().splitlines()
    assert (whole, long, last) == (lines, "y" * PIPE_BUF * 2, "the last")
    assert all(len(piece) <= PIPE_BUF for piece in pieces if b"y" not in piece)
    assert len(pieces) < len(lines) / 5


def test_over_the_bound_lines_are_lost_and_counted() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(lambda lost: f"{lost} lost")
    wide = "x" * 1000
    for _ in range(MOST_LINES + 500):
        writer.put(writing, wide)
    read = bytearray()

    def empty() -> None:
        while more := os.read(reading, 1 << 20):
            read.extend(more)

    reader = threading.Thread(target=empty)
    reader.start()
    writer.close()
    os.close(writing)
    reader.join(TIMEOUT)
    os.close(reading)
    kept = read.decode().splitlines()
    (told,) = [line for line in kept if line != wide]
    assert int(told.split()[0]) + len(kept) - 1 == MOST_LINES + 500


# What modules of users do in a process whose logs are ours.
CATCHING = """
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    logger.info("a line")
    logger.warning("a line")
"""
CONFIGURING = """
import logging.config
library = {"a_library": {"handlers": ["none"]}}
handlers = {"none": {"class": "logging.NullHandler"}}
logging.config.dictConfig(
    {"version": 1, "disable_existing_loggers": False, "handlers": handlers, "loggers": library}
)
logger.info("a line")
logger.warning("a line")
"""
FORKING = """
import os
if (child := os.fork()) == 0:
    logger.info("a line")
    logger.warning("a line")
    logging.shutdown()
    os._exit(0)
os.waitpid(child, 0)
"""
LOGGING = """
import logging
from service.process_logs import open_logs

logs = open_logs()
logger = logging.getLogger("service.any")
{}
logs.announce("the last")
logging.shutdown()
"""


@pytest.mark.parametrize(
    "doing", [CATCHING, CONFIGURING, FORKING], ids=("catching", "configuring", "forking")
)
def test_no_line_is_lost_whatever_a_module_does_to_the_process(doing: str) -> None:
    out, err = _ended(sys.executable, "-c", LOGGING.format(doing))
    assert [orjson.loads(line)["event"] for line in out.splitlines()] == ["a line", "the last"]
    assert [orjson.loads(line)["event"] for line in err.splitlines()] == ["a line"]


def test_a_process_without_standard_output_logs_to_what_it_has() -> None:
    program = LOGGING.format("logger.warning('a line')")
    out, err = _ended("sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, program)
    assert (out, orjson.loads(err)["event"]) == (b"", "a line")


def _ended(*command: str) -> tuple[bytes, bytes]:
    """What it wrote to standard output and to standard error."""
    environment = users_environment(PYTHONPATH=str(ROOT), LOG_JSON="true")
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, ended.stderr

"""What one more reader of the same run costs, and what readers cost that never read."""

import http.client
import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import uvloop

from .client import StreamFailed, read_all
from .cpu import cpu_seconds, resident_mb
from .outcome import steady_us
from .processes import Address, Cores, Process
from .sizes import Load, Sizes, Steady
from .systems import OURS, serving
from .table import figure, markdown

# A log of 100,000 tokens is beyond what one run may write by default.
LONG_RUNS = replace(OURS, env=OURS.env | {"MAX_OUTPUT_CHARS": "100000000", "RUN_LOG_MAX_BYTES": "134217728"})
# Time for all readers to be there before the first token: who comes later replays, which is cheaper.
GATHERING = 0.5
# Readers that never read are stalled once the service is idle: until then it fills the buffers between them.
IDLE = 0.02
LOOK_EVERY = 0.5
LOOKS = 30


def start(address: Address, prompt: str) -> str:
    """Starts a run that nobody reads yet; returns the path of its events."""
    connection = http.client.HTTPConnection(*address)
    try:
        body = json.dumps({"chain": "bare", "input": f"{prompt} wait={GATHERING}"})
        connection.request("POST", "/runs", body, {"content-type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 202:
        raise StreamFailed(f"POST /runs: {response.status} {answer}")
    return f"/runs/{answer['run_id']}/events?format=tokens"


def unpaced_cpu(load: Load, readers: int, server: Process) -> float:
    """CPU seconds of the load's runs with so many readers each, from begin to end."""
    before = cpu_seconds(server.pid)
    paths = [start(server.address, load.prompt) for _ in range(load.streams)]
    read_whole(paths * readers, load.tokens, server)
    return cpu_seconds(server.pid) - before


def paced_us(steady: Steady, readers: int, server: Process) -> float:
    """CPU µs per token of a run that so many read."""
    paths = [start(server.address, steady.load.prompt) for _ in range(steady.load.streams)]
    return steady_us(steady, paths * readers, server) * readers


def read_whole(paths: list[str], tokens: int, server: Process) -> None:
    if any(len(answer.delays) != tokens for answer in uvloop.run(read_all(server.address, paths))):
        raise StreamFailed("a reader missed tokens")


def per_subscriber(sizes: Sizes, server: Process) -> tuple[float, float]:
    """CPU µs per token for each reader after the first, unpaced and paced."""
    more = sizes.subscribers
    load, steady = sizes.shared, sizes.shared_paced
    unpaced = unpaced_cpu(load, 1 + more, server) - unpaced_cpu(load, 1, server)
    paced = paced_us(steady, 1 + more, server) - paced_us(steady, 1, server)
    return unpaced / load.all_tokens / more * 1e6, paced / more


@contextmanager
def never_reading(address: Address, path: str) -> Iterator[None]:
    """A reader that asks for a stream and then reads nothing of it."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
        yield


def wait_until_idle(server: Process) -> None:
    for _ in range(LOOKS):
        before = cpu_seconds(server.pid)
        time.sleep(LOOK_EVERY)
        if cpu_seconds(server.pid) - before <= IDLE * LOOK_EVERY:
            return
    raise StreamFailed("the service does not come to rest beside readers that never read")


def replay_us(path: str, tokens: int, server: Process) -> float:
    """CPU µs per token to read a finished run once more."""
    before = cpu_seconds(server.pid)
    read_whole([path], tokens, server)
    return (cpu_seconds(server.pid) - before) / tokens * 1e6


def frozen_readers(count: int, tokens: int, server: Process) -> list[list[str]]:
    """Rows: what readers that never read add to a long log, and to another reader of it."""
    path = start(server.address, f"tokens={tokens}")
    read_whole([path], tokens, server)
    replay = replay_us(path, tokens, server)
    rss = resident_mb(server.pid)
    with ExitStack() as frozen:
        for _ in range(count):
            frozen.enter_context(never_reading(server.address, path))
        wait_until_idle(server)
        frozen_rss = resident_mb(server.pid)
        frozen_replay = replay_us(path, tokens, server)
    return [
        [f"RSS MB after a log of {tokens:,} tokens", figure(rss)],
        [f"MB more with {count} readers that never read", figure(frozen_rss - rss)],
        ["CPU µs/token to replay that log", figure(replay)],
        ["the same beside those readers", figure(frozen_replay)],
    ]


def subscribers(sizes: Sizes, cores: Cores) -> str:
    with serving(LONG_RUNS, cores) as server:
        unpaced_cpu(sizes.warm_up, 1, server)
        figures = [per_subscriber(sizes, server) for _ in range(sizes.runs)]
        frozen = frozen_readers(sizes.frozen, sizes.long_log, server)
    unpaced, paced = (statistics.median(column) for column in zip(*figures, strict=True))
    rows = [
        ["CPU µs/token for one more subscriber, unpaced", figure(unpaced)],
        [f"the same, runs of {sizes.shared_paced.load.rate:g}/s", figure(paced)],
        *frozen,
    ]
    return markdown("Readers of one run", ["", "figure"], rows)

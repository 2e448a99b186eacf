"""One load put on one server, and what came of it: CPU, first tokens, delays, losses."""

import asyncio
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from .client import Answer, read_all
from .cpu import cpu_seconds
from .processes import Process
from .sizes import Load, Steady
from .systems import System


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`cpu` is what the server's process tree used meanwhile, in seconds."""

    load: Load
    cpu: float
    answers: list[Answer]

    @property
    def us_per_token(self) -> float:
        """Per token that the upstream sent: a service that loses tokens had them too."""
        return self.cpu / self.load.all_tokens * 1e6

    @property
    def ms_per_run(self) -> float:
        return self.cpu / len(self.answers) * 1e3

    @property
    def first_ms(self) -> float:
        """The median, from the request to its first token, of the streams that had one."""
        firsts = [answer.read[0] - answer.asked for answer in self.answers if answer.read]
        return statistics.median(firsts) / 1e6 if firsts else math.nan

    def delay_ms(self, percent: int) -> float:
        """A percentile of the time from the upstream's write of a token to the client's read of it."""
        delays = [delay for answer in self.answers for delay in answer.delays]
        return statistics.quantiles(delays, n=100)[percent - 1] / 1e6 if len(delays) > 1 else math.nan

    @property
    def lost(self) -> int:
        return self.load.all_tokens - sum(len(answer.delays) for answer in self.answers)


def put(load: Load, system: System, server: Process, key: str = "") -> Outcome:
    """Every request shows the `key`. Raises `StreamFailed` where the service answers with anything else."""
    before = cpu_seconds(server.pid)
    paths, body = system.paths(load), system.body(load)
    answers = uvloop.run(
        read_all(server.address, paths, body=body, key=key, rounds=load.rounds, over=load.over)
    )
    return Outcome(load=load, cpu=cpu_seconds(server.pid) - before, answers=answers)


def steady_us(steady: Steady, paths: Sequence[str], server: Process) -> float:
    """CPU µs per token read in the window, without the cost of beginnings and ends."""

    async def measured() -> float:
        reading = asyncio.create_task(read_all(server.address, paths, over=steady.load.over))
        await asyncio.sleep(steady.settle)
        cpu, begin = cpu_seconds(server.pid), time.monotonic_ns()
        await asyncio.sleep(steady.window)
        cpu, end = cpu_seconds(server.pid) - cpu, time.monotonic_ns()
        tokens = sum(begin <= read < end for answer in await reading for read in answer.read)
        return cpu / tokens * 1e6 if tokens else math.nan

    return uvloop.run(measured())

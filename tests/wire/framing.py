"""Whatever a run tells, its frames are read as it was told: row B16 of the reliability table.

A case is a random log in a format of event streams, its bytes cut at random and read by three parsers. They
must agree, with the log, on every event, id and text, and no field may be there that the format did not put.
The same log goes through a format that is no event stream. In the tests a few thousand cases run; all with

    python -m tests.wire.framing --cases 1000000
"""

import argparse
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate, pairwise
from multiprocessing import get_context
from random import Random

from service.event_log.base import START, Record
from service.events import Token
from service.wire import FORMATS
from service.wire.base import Format
from service.wire.encoder import Encoder
from tests.wire.checks import CHECKS
from tests.wire.random_logs import RUN_ID, Log, random_log

CASES_A_JOB = 2_000

SSE = [name for name, format_ in FORMATS.items() if format_.media_type == "text/event-stream"]
PLAIN = [name for name in FORMATS if name not in SSE]

_PART = re.compile(rb"^id: %b\.\d+\.\d+\.1$" % RUN_ID.encode(), re.MULTILINE)
_CUT_ID = re.compile(rb"\nid: [0-9a-z.]+\Z")

# What must have occurred in a number of cases, or they showed nothing of it.
FEATURES = (
    "a run that ended",
    "several attempts",
    "several messages at once",
    "an event in several frames",
    "a marker as text",
    "a CRLF shared by two tokens",
    "CR or LF in a text",
    "NUL in a text",
    "a line separator in a text",
    "a cut inside a character",
    "a cut inside an id",
    "a ping",
)


def check(random: Random, sse: str, plain: str, at_most: int = 16) -> Counter[str]:
    """One case: a log of so many events in a format for three parsers, and in one for other readers.

    Returns what occurred in it; raises AssertionError where a reader got anything else.
    """
    log = random_log(random, at_most)
    chunks = chopped(random, _body(random, log.records, FORMATS[sse]()))
    CHECKS[sse](log, chunks)
    CHECKS[plain](log, chopped(random, _body(random, log.records, FORMATS[plain]())))
    return _features(log, chunks) + Counter([sse, plain])


def chopped(random: Random, body: bytes) -> list[bytes]:
    """The bytes in random chunks, some of them empty; sometimes one by one."""
    if random.random() < 0.1:
        return [body[at : at + 1] for at in range(len(body))]
    cuts = sorted(random.choices(range(len(body) + 1), k=random.randint(0, 12)))
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def _body(random: Random, records: Sequence[Record], format_: Format) -> bytes:
    """The response of a run: its opening, and its records in batches, with pings between."""
    encoder = Encoder(format_, RUN_ID, START)
    parts, at = [format_.opening(f"{RUN_ID}.0.0")], 0
    while at < len(records):
        count = random.randint(1, 6)
        parts.append(encoder.encode(records[at : at + count]))
        at += count
        if random.random() < 0.1:
            parts.append(format_.ping)
    return b"".join(parts)


def _features(log: Log, chunks: list[bytes]) -> Counter[str]:
    """What of FEATURES is in this case."""
    body = b"".join(chunks)
    tokens = [event for event in log.events if isinstance(event, Token)]
    texts = [token.text for token in tokens]
    answers = [token.text for token in tokens if token.channel == "answer"]
    cuts = list(accumulate(map(len, chunks)))
    has = {
        "a run that ended": log.records[-1].terminal,
        "several attempts": log.records[-1].attempt > 1,
        "several messages at once": len({token.message_id for token in tokens}) > 1,
        "an event in several frames": bool(_PART.search(body)),
        "a marker as text": any(text == "[DONE]" or text.startswith("[ERROR]") for text in texts),
        "a CRLF shared by two tokens": any(a[-1:] == "\r" and b[:1] == "\n" for a, b in pairwise(answers)),
        "CR or LF in a text": any("\r" in text or "\n" in text for text in texts),
        "NUL in a text": any("\0" in text for text in texts),
        "a line separator in a text": any(set(text) & set("\x85\u2028\u2029") for text in texts),
        "a cut inside a character": any(0x80 <= body[cut] < 0xC0 for cut in cuts if cut < len(body)),
        "a cut inside an id": any(_CUT_ID.search(body, max(0, cut - 64), cut) for cut in cuts),
        "a ping": b"event: ping" in body or b"\n: ping\n" in body,
    }
    return Counter(feature for feature in FEATURES if has[feature])


def run(first: int, cases: int, seed: int) -> Counter[str]:
    """Cases of all formats in turn. Raises AssertionError with the number of a case that failed."""
    occurred: Counter[str] = Counter()
    for number in range(first, first + cases):
        try:
            occurred += check(Random(f"{seed}:{number}"), SSE[number % len(SSE)], PLAIN[number % len(PLAIN)])
        except Exception as error:
            raise AssertionError(f"case {number} of seed {seed}: --seed {seed} --first {number}") from error
    return occurred


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.wire.framing")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="the first case's number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    began = time.monotonic()
    end = options.first + options.cases
    firsts = range(options.first, end, CASES_A_JOB)
    counts = [min(CASES_A_JOB, end - first) for first in firsts]
    if options.jobs == 1:
        occurred = run(options.first, options.cases, options.seed)
    else:
        with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
            parts = pool.map(run, firsts, counts, [options.seed] * len(counts))
            occurred = sum(parts, Counter[str]())
    sys.stdout.write(table(occurred, options.cases, time.monotonic() - began))


def table(occurred: Counter[str], cases: int, seconds: float) -> str:
    """The numbers of a run, as Markdown."""
    rows = [f"| {name} | {occurred[name]:,} |\n" for name in (*FORMATS, *FEATURES)]
    heading = f"| {cases:,} cases, 0 failed, {seconds:,.0f} s | cases |\n|---|---:|\n"
    return heading + "".join(rows)


if __name__ == "__main__":
    main()

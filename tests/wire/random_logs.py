"""Random logs of runs, from any `random.Random`: several models at once, tools, attempts, hostile text.

Real enough that every format can be held to them: a message's tokens come before its end, a terminal event is
the last. Nothing else is taken for granted; a log may also end in the middle.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from service.event_log.base import Record, entry_of
from service.events import (
    Channel,
    Custom,
    Event,
    MessageEnd,
    Partial,
    Reasoning,
    Restart,
    RunStarted,
    Sources,
    StepEnd,
    StepStart,
    Token,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    ToolStart,
    Usage,
)
from service.values import clean_text
from tests.wire.stories import cancelled, done, failed

RUN_ID = "01k7m2q4w6e8r0t2y4v6b8n0cd"

# What has broken a client or a server before: markers, field names, all that anyone takes for a line's end,
# what is no character alone, what decoders drop.
PIECES: Sequence[str] = [
    "a", "word ", " ", "  ", "\n", "\r", "\r\n", "\n\n", "\r\r", "\n\r", "\0", "\ufeff", "\t", "", "é", "中",
    "[DONE]", "[ERROR]", "[ERROR] x", "[END]", "data: x", "data:", "id: 7\n", "event: done\n", "retry: 1\n",
    "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1e", "\x7f", "👍🏽", "👩", "\u200d", "👧",
    "\ud83d", "\ude00", "\uffff", "\U0010ffff", '"', "\\", "\\n", "</script>", "{", "}\n", "null", "\x1b[2J",
    ": ",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Log:
    """A run's events and the records that a log keeps of them."""

    events: list[Event]
    records: list[Record]


def random_text(random: Random, at_most: int = 4) -> str:
    """Text as the bridge hands it on: without lone surrogates."""
    return clean_text("".join(random.choices(PIECES, k=random.randint(0, at_most))))


def random_value(random: Random, depth: int = 0) -> object:
    """Any JSON."""
    kind = random.randrange(6 if depth < 2 else 4)
    if kind < 2:
        return random_text(random)
    if kind == 2:
        return random.choice([None, True, False, 0, -1, 1 << 40, 0.5])
    if kind == 3:
        return random.randint(-9, 9)
    if kind == 4:
        return [random_value(random, depth + 1) for _ in range(random.randrange(3))]
    return {random_text(random): random_value(random, depth + 1) for _ in range(random.randrange(3))}


def random_log(random: Random, at_most: int = 16) -> Log:
    """A log of at most so many events, and two more for the start and the end."""
    story = _Story(random)
    events: list[Event] = [_started()]
    events += [story.next() for _ in range(random.randint(0, at_most))]
    if random.random() < 0.8:
        events.append(_end(random))
    attempts = _attempts(random, len(events))
    entries = map(entry_of, events)
    records = [
        Record(attempt, seq, entry.name, entry.line)
        for attempt, seq, entry in zip(attempts, count(1), entries, strict=False)
    ]
    return Log(events, records)


def _started() -> RunStarted:
    return RunStarted(
        t=0, run_id=RUN_ID, chain="chat", model=None, thread_id=None, attempt=1, created_at="2025-01-01"
    )


def _end(random: Random) -> Event:
    ends: list[Event] = [done(), failed(random_text(random)), cancelled()]
    return random.choice(ends)


def _attempts(random: Random, length: int) -> Iterator[int]:
    """Mostly one attempt; else several, some of which wrote nothing."""
    attempt, restarts = 1, 0.0 if random.random() < 0.7 else 0.2
    for _ in range(length):
        yield attempt
        if random.random() < restarts:
            attempt += random.randint(1, 2)


@dataclass
class _Story:
    """Which messages speak now."""

    random: Random
    speaking: list[tuple[str, Channel]] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)
    seq: int = 1
    over: str | None = None  # the message that was superseded just now
    messages: Iterator[int] = field(default_factory=lambda: count(1))
    after_cr: bool = False

    def next(self) -> Event:
        event = self._next()
        self.seq += 1
        if isinstance(event, Token):
            self.began.setdefault(event.message_id, self.seq)
        return event

    def _next(self) -> Event:
        if self.over is not None:
            message_id, self.over = self.over, None
            return MessageEnd(t=2, message_id=message_id, finish_reason="error")
        if self.random.random() < 0.7:
            return self._said()
        return self.random.choice(_BETWEEN)(self.random)

    def _said(self) -> Event:
        if not self.speaking or self.random.random() < 0.2:
            channel: Channel = "inner" if self.random.random() < 0.2 else "answer"
            self.speaking.append((f"m{next(self.messages)}", channel))
        message_id, channel = self.random.choice(self.speaking)
        if message_id in self.began and self.random.random() < 0.1:
            return self._restarted(message_id, channel)
        if self.random.random() < 0.2:
            self.speaking.remove((message_id, channel))
            return MessageEnd(t=2, message_id=message_id, finish_reason="stop")
        return Token(t=1, message_id=message_id, step=None, channel=channel, text=self._text())

    def _restarted(self, message_id: str, channel: Channel) -> Event:
        self.speaking.remove((message_id, channel))
        self.over = message_id
        return Restart(
            t=2,
            attempt=1,
            discard_from=self.began[message_id],
            message_id=message_id,
            code="provider_cut",
            model=random_text(self.random),
            next_model=None,
        )

    def _text(self) -> str:
        """Sometimes one that shares a CRLF with the text before it."""
        lf = "\n" if self.after_cr else ""
        self.after_cr = self.random.random() < 0.05
        return lf + random_text(self.random) + ("\r" if self.after_cr else "")


def _tool_call(random: Random) -> Event:
    text = random_text(random)
    return ToolCall(
        t=1, message_id="m1", step="s1", tool_call_id="c1", index=0, name=text, args_delta=random_text(random)
    )


def _tool_start(random: Random) -> Event:
    name = random_text(random)
    return ToolStart(t=1, tool_call_id=name, step=None, name=name, input=random_value(random))


def _tool_progress(random: Random) -> Event:
    return ToolProgress(t=1, tool_call_id="c1", name=random_text(random), data_=random_value(random))


def _tool_end(random: Random) -> Event:
    return ToolEnd(
        t=1, tool_call_id="c1", name=random_text(random), output=random_value(random), duration_ms=1
    )


def _tool_error(random: Random) -> Event:
    text = random_text(random)
    return ToolError(t=1, tool_call_id="c1", name=text, code="tool_error", message=text, duration_ms=1)


def _reasoning(random: Random) -> Event:
    return Reasoning(t=1, message_id="m1", step=None, text=random_text(random))


def _usage(random: Random) -> Event:
    return Usage(
        t=1,
        message_id="m1",
        model=random_text(random),
        input_tokens=1,
        output_tokens=1,
        total_tokens=2,
        cached_tokens=0,
        reasoning_tokens=0,
    )


def _step_start(random: Random) -> Event:
    return StepStart(t=1, step="s1", name=random_text(random), parent=None)


def _step_end(random: Random) -> Event:
    return StepEnd(t=1, step="s1", name=random_text(random), parent=None, duration_ms=1)


def _sources(random: Random) -> Event:
    text = random_text(random)
    return Sources(t=1, items=[{"id": text, "title": text, "url": text, "snippet": text, "score": 0.5}])


def _custom(random: Random) -> Event:
    return Custom(t=1, name=random_text(random), data_=random_value(random))


def _partial(random: Random) -> Event:
    return Partial(t=1, value=random_value(random))


_BETWEEN: Sequence[Callable[[Random], Event]] = [
    _tool_call,
    _tool_start,
    _tool_progress,
    _tool_end,
    _tool_error,
    _reasoning,
    _usage,
    _step_start,
    _step_end,
    _sources,
    _custom,
    _partial,
]

"""The one writer of a run: encodes its events, keeps the run's bounds, and appends to the log."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..errors import RunFailed
from ..event_log.base import Entry, EventLog, entry_of
from ..events import (
    CLOSING,
    BridgeEvent,
    Done,
    MessageEnd,
    Reasoning,
    Restart,
    RunStarted,
    TerminalEvent,
    Token,
    ToolCall,
)
from ..retold import Retold

APPEND_AT_MOST = 256


class RunWriter:
    """`max_bytes` bounds the log, `max_chars` the answer.

    At a bound a write raises RunFailed, once; what came before is kept, and of what comes after only the
    small events that close what was open, and the terminal one. `retold` is what was written before.
    """

    def __init__(
        self,
        log: EventLog,
        run_id: str,
        attempt: int,
        *,
        max_bytes: int,
        max_chars: int,
        retold: Retold,
    ) -> None:
        self._log = log
        self._run_id = run_id
        self._attempt = attempt
        self._bytes = retold.size
        self._max_bytes = max_bytes
        self._chars = sum(map(len, retold.answers.values()))
        self._max_chars = max_chars
        self._full = False
        self._seq = retold.seq
        self._began: dict[str, int] = {}  # the messages in flight, by the seq of what was first told of each
        self._answers = {message_id: [text] for message_id, text in retold.answers.items()}
        self.first_token_at = retold.first_token_at

    @property
    def answer(self) -> str:
        """The answer's text so far, one message after the other."""
        return "".join(text for texts in self._answers.values() for text in texts)

    async def start(self, event: RunStarted) -> None:
        self._seq += 1
        await self._append([entry_of(event)])

    async def write(self, events: Sequence[BridgeEvent]) -> None:
        """Append, in the order given."""
        for first in range(0, len(events), APPEND_AT_MOST):
            entries: list[Entry] = []
            try:
                entries.extend(self._entries(events[first : first + APPEND_AT_MOST]))
            finally:
                if entries:
                    await self._append(entries)

    async def finish(self, event: TerminalEvent) -> None:
        """Append the run's last event and close the log. Raises RunFailed if its output is too big."""
        entry = entry_of(event)
        if isinstance(event, Done) and len(entry.line) > self._max_bytes:
            raise self._over_bytes()
        await self._append([entry])
        await self._log.close(self._run_id)

    def _entries(self, events: Sequence[BridgeEvent]) -> Iterator[Entry]:
        for event in events:
            if self._full and not isinstance(event, CLOSING):
                continue
            event = self._placed(event)
            entry = entry_of(event)
            if not self._full:
                self._count(event, entry)
            self._seq += 1
            yield entry

    def _placed(self, event: BridgeEvent) -> BridgeEvent:
        """A restart with the place from which it supersedes."""
        match event:
            case Token() | Reasoning() | ToolCall():
                self._began.setdefault(event.message_id, self._seq + 1)
            case MessageEnd():
                self._began.pop(event.message_id, None)
            case Restart():
                self._withdraw(event.message_id)
                began = self._began.get(event.message_id, self._seq + 1)
                return replace(event, attempt=self._attempt, discard_from=began)
        return event

    def _withdraw(self, message_id: str) -> None:
        """What the message answered is no part of the answer any more."""
        self._chars -= sum(map(len, self._answers.pop(message_id, ())))

    def _count(self, event: BridgeEvent, entry: Entry) -> None:
        self._bytes += len(entry.line)
        if self._bytes > self._max_bytes:
            self._full = True
            raise self._over_bytes()
        if isinstance(event, Token) and event.channel == "answer":
            self._count_answer(event)

    def _count_answer(self, token: Token) -> None:
        self._chars += len(token.text)
        if self._chars > self._max_chars:
            self._full = True
            bound = f"{self._max_chars} characters (MAX_OUTPUT_CHARS)"
            raise RunFailed("output_limit", f"The answer is over the bound of {bound}.", fault="chain")
        self._answers.setdefault(token.message_id, []).append(token.text)
        if self.first_token_at is None:
            self.first_token_at = token.t

    def _over_bytes(self) -> RunFailed:
        bound = f"{self._max_bytes} bytes (RUN_LOG_MAX_BYTES)"
        return RunFailed("log_limit", f"The run's events are over the bound of {bound}.", fault="chain")

    async def _append(self, entries: Sequence[Entry]) -> None:
        await self._log.append(self._run_id, self._attempt, entries)

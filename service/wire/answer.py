"""The answer as plain text: what formats that carry only text take from the events."""

from typing import NamedTuple

from ..events import Cancelled, Done, Event, MessageEnd, Restart, RunError, Token


class Superseded(NamedTuple):
    """What of a stream's text counts no more: all frames of text from this `seq` on, if any were `shown`. The
    texts of other messages that came with that event are to be said `again`."""

    shown: bool
    discard_from: int
    again: list[str]


class AnswerText:
    """The answer's tokens, one message at a time: what a parallel model writes waits for its turn.

    Holds at most what the run's log does.
    """

    def __init__(self) -> None:
        self._speaking: str | None = None
        self._waiting: dict[str, list[str]] = {}
        self._ended: set[str] = set()
        self.since = 0  # the seq of the event with which the one that speaks began to
        self._beside: list[str] = []  # others' texts that came with that event

    def due(self, event: Event, seq: int) -> list[str]:
        """The texts that are due with a token, a message's end, or the run's: the last of its events."""
        match event:
            case Token():
                return self._token(event, seq)
            case MessageEnd():
                return self._message_end(event, seq)
            case Done() | RunError() | Cancelled():
                return self.rest()
            case _:
                return []

    def restart(self, event: Restart, seq: int) -> Superseded:
        """What is superseded with this event. Text that only waited for its turn is dropped."""
        if event.message_id == self._speaking:
            return Superseded(True, self.since, self._beside)
        self._waiting.pop(event.message_id, None)
        return Superseded(False, seq, [])

    def _token(self, event: Token, seq: int) -> list[str]:
        if event.channel != "answer":
            return []
        if self._speaking is None:
            self._speak(event.message_id, seq, [])
        if event.message_id == self._speaking:
            return [event.text]
        self._waiting.setdefault(event.message_id, []).append(event.text)
        return []

    def _message_end(self, event: MessageEnd, seq: int) -> list[str]:
        if event.message_id != self._speaking:
            if event.message_id in self._waiting:
                self._ended.add(event.message_id)
            return []
        return self._next(seq)

    def forget(self) -> None:
        """Keep the turns and drop the texts that wait for them."""
        for waiting in self._waiting.values():
            waiting.clear()

    def rest(self) -> list[str]:
        """What still waits, at the run's end."""
        texts = [text for waiting in self._waiting.values() for text in waiting]
        self._waiting.clear()
        return texts

    def _speak(self, message_id: str, seq: int, beside: list[str]) -> None:
        self._speaking, self.since, self._beside = message_id, seq, beside

    def _next(self, seq: int) -> list[str]:
        """Ended messages whole, up to the first that still goes on: it speaks from now."""
        self._speaking = None
        due: list[str] = []
        while self._waiting and self._speaking is None:
            message_id = next(iter(self._waiting))
            texts = self._waiting.pop(message_id)
            if message_id not in self._ended:
                self._speak(message_id, seq, due)
            due = due + texts
        return due

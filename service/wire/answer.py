"""The answer as plain text: what formats that carry only text take from the events."""

from ..events import Cancelled, Done, Event, MessageEnd, RunError, Token


class AnswerText:
    """The answer's tokens, one message at a time: what a parallel model writes waits for its turn.

    Holds at most what the run's log does.
    """

    def __init__(self) -> None:
        self._speaking: str | None = None
        self._waiting: dict[str, list[str]] = {}
        self._ended: set[str] = set()

    def due(self, event: Event) -> list[str]:
        """The texts that are due with a token, a message's end, or the run's: the last of its events."""
        match event:
            case Token():
                return self.token(event)
            case MessageEnd():
                return self.message_end(event)
            case Done() | RunError() | Cancelled():
                return self.rest()
            case _:
                return []

    def token(self, event: Token) -> list[str]:
        """The texts that are due with this token."""
        if event.channel != "answer":
            return []
        if self._speaking is None:
            self._speaking = event.message_id
        if event.message_id == self._speaking:
            return [event.text]
        self._waiting.setdefault(event.message_id, []).append(event.text)
        return []

    def message_end(self, event: MessageEnd) -> list[str]:
        """The texts that are due once this message has ended."""
        if event.message_id != self._speaking:
            if event.message_id in self._waiting:
                self._ended.add(event.message_id)
            return []
        return self._next()

    def forget(self) -> None:
        """Keep the turns and drop the texts that wait for them."""
        for waiting in self._waiting.values():
            waiting.clear()

    def rest(self) -> list[str]:
        """What still waits, at the run's end."""
        texts = [text for waiting in self._waiting.values() for text in waiting]
        self._waiting.clear()
        return texts

    def _next(self) -> list[str]:
        """Ended messages whole, up to the first that still goes on: it speaks from now."""
        self._speaking = None
        due: list[str] = []
        while self._waiting and self._speaking is None:
            message_id = next(iter(self._waiting))
            due += self._waiting.pop(message_id)
            if message_id not in self._ended:
                self._speaking = message_id
        return due

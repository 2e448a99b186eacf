"""Pure: the answer's text so far, as the events of a run tell it."""

from .events import Event, Gap, Restart, Token


class AnswerText:
    """Joins the tokens of the answer. What was superseded is taken back, and a gap's snapshot put in its
    place."""

    def __init__(self) -> None:
        self._messages: dict[str, list[str]] = {}

    def apply(self, event: Event) -> None:
        match event:
            case Token(channel="answer"):
                self._messages.setdefault(event.message_id, []).append(event.text)
            case Restart():
                self._messages.pop(event.message_id, None)
            case Gap():
                told = event.snapshot.messages
                self._messages = {each.message_id: [each.text] for each in told if each.channel == "answer"}
            case _:
                pass

    def __str__(self) -> str:
        return "".join(piece for pieces in self._messages.values() for piece in pieces)

"""An EventSource's reading of a stream, step by step as WHATWG has it: the reference that frames are held to.

https://html.spec.whatwg.org/multipage/server-sent-events.html, "Parsing" and "Interpreting an event stream".
"""

import codecs
import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Message:
    """What a listener gets: `event` is the name that it listens to."""

    event: str
    data: str
    last_event_id: str = ""


class EventStream:
    """One connection's, fed with bytes as they come. What is left at its end is dropped, as browsers do.

    `last_event_id` outlives connections, but the buffer that it is set from begins empty with each: a first
    frame without an id takes it away.
    """

    def __init__(self, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id  # what a browser sends as Last-Event-ID
        self.reconnection_time: int | None = None  # milliseconds
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")  # drops one BOM in front
        self._line: list[str] = []  # the pieces of the line that has no end yet
        self._after_cr = False
        self._data: list[str] = []
        self._event = ""
        self._id = ""

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages that are complete with these bytes."""
        return [message for line in self._lines(chunk) if (message := self._take(line)) is not None]

    def _lines(self, chunk: bytes) -> list[str]:
        text = self._decoder.decode(chunk)
        if not text:
            return []
        if self._after_cr and text[0] == "\n":  # the line's end was told with the CR before
            text = text[1:]
        self._after_cr = text.endswith("\r")
        *lines, rest = _LINE_END.split(text)
        if lines:
            lines[0] = "".join([*self._line, lines[0]])
            self._line.clear()
        if rest:
            self._line.append(rest)
        return lines

    def _take(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")  # a comment is a field without a name
        self._process(field, value.removeprefix(" "))
        return None

    def _process(self, field: str, value: str) -> None:
        if field == "event":
            self._event = value
        elif field == "data":
            self._data.append(value)
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and value.isascii() and value.isdigit():
            self.reconnection_time = int(value)

    def _dispatch(self) -> Message | None:
        self.last_event_id = self._id
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        return Message(event, "\n".join(data), self._id) if data else None

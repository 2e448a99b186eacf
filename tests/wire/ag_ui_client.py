"""A client of AG-UI in few lines: it takes only events as the protocol's own classes have them, in an order
that @ag-ui/client's verifier lets pass. That verifier itself is asked in tests/clients."""

from typing import Any

from ag_ui.core import Event
from pydantic import TypeAdapter

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)

# What opens something by a field of that name, goes on with it, and closes it.
_SPANS = {
    "TEXT_MESSAGE": "messageId",
    "REASONING_MESSAGE": "messageId",
    "REASONING": "messageId",
    "TOOL_CALL": "toolCallId",
    "STEP": "stepName",
}
_OPENS, _GOES_ON, _CLOSES = ("START", "STARTED"), ("CONTENT", "ARGS"), ("END", "FINISHED")


class AGUIClient:
    """Raises AssertionError at the first event that no client would take."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.is_over = False
        self.began = False
        self._open: dict[str, set[str]] = {span: set() for span in _SPANS}

    def take(self, data: str) -> Any:
        event = _EVENT.validate_json(data)
        fields = event.model_dump(by_alias=True, mode="json")
        assert not event.model_extra, f"not of the protocol: {event.model_extra}"
        assert not self.is_over, "after the end"
        self._take(fields)
        return event

    def _take(self, fields: dict[str, Any]) -> None:
        kind = fields["type"]
        if kind == "RUN_STARTED":
            assert not self.began
            self.began = True
        elif kind in ("RUN_FINISHED", "RUN_ERROR"):
            assert not any(self._open.values()), self._open
            self.is_over = True
        elif (span := kind.rpartition("_")[0]) in _SPANS:
            self._move(span, kind.rpartition("_")[2], fields)
        if kind == "TEXT_MESSAGE_CONTENT":
            self.texts[fields["messageId"]] = self.texts.get(fields["messageId"], "") + fields["delta"]

    def _move(self, span: str, step: str, fields: dict[str, Any]) -> None:
        its_id, is_open = fields[_SPANS[span]], self._open[span]
        if step in _OPENS:
            assert its_id not in is_open, f"{span} {its_id!r} is open already"
            is_open.add(its_id)
        elif step in _CLOSES or step in _GOES_ON:
            assert its_id in is_open, f"{span} {its_id!r} is not open"
            if step in _CLOSES:
                is_open.remove(its_id)

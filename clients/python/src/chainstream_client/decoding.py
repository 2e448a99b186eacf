"""Pure: a frame of a stream of events, as its name, id and data, to the event that it tells of."""

from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import from_json

from .errors import ProtocolError
from .events import Event, Gap, LogEvent, Paused, Told, UnknownEvent

TERMINAL = frozenset({"done", "error", "cancelled"})

_MODELS: dict[str, type[Told]] = {
    model.model_fields["type"].default: model for model in (*get_args(LogEvent), Gap, Paused)
}


def decode(name: str, event_id: str, data: str) -> Event:
    """Raises ProtocolError where the data is not what the protocol says of an event of this name."""
    try:
        fields = from_json(data)
    except ValueError as error:
        raise ProtocolError(f"the data of the event {name!r} is no JSON: {error}") from None
    model = _MODELS.get(name)
    if model is None:
        return UnknownEvent(id=event_id, name=name, data=fields)
    return _made(model, name, event_id, fields)


def _made(model: type[Any], name: str, event_id: str, fields: Any) -> Event:
    try:
        made: Event = model.model_validate({**fields, "id": event_id, "type": name})
    except (TypeError, ValidationError) as error:
        raise ProtocolError(f"an event {name!r} is not of its shape: {error}") from None
    return made

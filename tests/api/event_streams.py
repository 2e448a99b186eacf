"""Reading the bytes of an SSE answer as a client does that may be cut off anywhere."""

from dataclasses import dataclass

import orjson


@dataclass(frozen=True)
class Frame:
    """One frame: its fields as they came."""

    id: str | None
    event: str
    data: str

    @property
    def json(self) -> dict[str, object]:
        decoded: dict[str, object] = orjson.loads(self.data)
        return decoded


def whole_frames(body: bytes) -> bytes:
    """The body up to its last complete frame: what a client has taken in when it is cut off."""
    end = body.rfind(b"\n\n")
    return body[: end + 2] if end >= 0 else b""


def frames_of(body: bytes) -> list[Frame]:
    """The complete frames that carry data."""
    frames = []
    for block in whole_frames(body).decode().split("\n\n"):
        fields: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            fields.setdefault(name, []).append(value)
        if "data" in fields:
            frame_id = fields["id"][0] if "id" in fields else None
            frames.append(Frame(frame_id, fields.get("event", ["message"])[0], "\n".join(fields["data"])))
    return frames


def last_id(body: bytes) -> str | None:
    """The id with which an EventSource would reconnect."""
    ids = [line[4:] for line in whole_frames(body).decode().split("\n") if line.startswith("id: ")]
    return ids[-1] if ids else None


def without_opening(body: bytes) -> bytes:
    """A stream's frames after the first, which only says how to reconnect."""
    opening, _, rest = body.partition(b"\n\n")
    assert opening.startswith(b"retry: ")
    return rest


def names_of(body: bytes) -> list[str]:
    return [frame.event for frame in frames_of(body)]

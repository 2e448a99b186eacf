"""`?smooth=word` over a real server: whole words, and what goes on too long as far as it came."""

import pytest

from tests.api.event_streams import frames_of
from tests.served_chains import GATES
from tests.serving import TIMEOUT, Served, request_bytes


def numbers(first: int, last: int) -> str:
    return "".join(f"run:{number}; " for number in range(first, last + 1))


def told(served: Served, path: str, headers: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """The answer's frames, and the number of the event in each one's id."""
    frames = [frame for frame in frames_of(served.get(path, headers).body) if frame.event == "message"]
    return [(frame.data, str(frame.id).partition(".")[2]) for frame in frames]


def test_pieces_of_a_word_come_as_one_frame_with_the_last_ones_id(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.pacing.WORD_SECONDS", TIMEOUT)  # however busy the machine is
    path = "/stream?chain=numbered&query=tokens=3 halves=1"
    assert told(served, path)[:2] == [("run:", "1.2"), ("1; ", "1.3")]
    words = [("run:1; ", "1.3"), ("run:2; ", "1.5"), ("run:3; ", "1.7")]
    assert told(served, f"{path}&smooth=word")[:3] == words


@pytest.mark.parametrize("format_", ["text", "tokens"])
def test_a_word_that_is_not_finished_in_time_is_sent_as_far_as_it_came(served: Served, format_: str) -> None:
    gate = f"smooth-{format_}"
    path = f"/stream?chain=numbered&format={format_}&smooth=word&query=tokens=2 halves=1 hold=2 gate={gate}"
    with served.connected() as connection:
        connection.sendall(request_bytes("GET", path, b"", {}))
        raw = b""
        while raw.count(b"run:") < 2:  # the gate is closed: only the clock sends this
            raw += connection.recv(65536)
        assert b"2; " not in raw
        GATES[gate].open()
        while b"2; " not in raw:
            raw += connection.recv(65536)


def test_a_reader_that_was_cut_off_within_a_word_goes_on_there(served: Served) -> None:
    path = "/stream?chain=numbered&query=tokens=3 halves=1"
    run_id = served.get(path).headers["x-run-id"]
    rest = told(served, f"{path}&smooth=word", {"Last-Event-ID": f"{run_id}.1.4"})
    assert rest[:2] == [("2; ", "1.5"), ("run:3; ", "1.7")]


def test_a_smooth_text_is_the_same_text(served: Served) -> None:
    path = "/stream?chain=numbered&format=text&query=tokens=300 halves=1"
    assert served.get(f"{path}&smooth=word").text == served.get(path).text == numbers(1, 300)


def test_a_reader_that_leaves_while_a_word_is_held_ends_cleanly(served: Served) -> None:
    path = "/stream?chain=numbered&format=text&smooth=word&query=tokens=2 halves=1 hold=1 gate=smooth-left"
    with served.connected() as connection:
        connection.sendall(request_bytes("GET", path, b"", {}))
        raw = b""
        while b"run:" not in raw:
            raw += connection.recv(65536)
    GATES["smooth-left"].open()
    assert served.get("/health").status == 200

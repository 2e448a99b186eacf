"""The answer's text, without what is inner, with nothing of what was superseded or lost."""

from chainstream_client import Event, Gap, Restart, Snapshot, Token
from chainstream_client.answer_text import AnswerText
from chainstream_client.parts import MessageState


def token(text: str, message_id: str = "m1", channel: str = "answer") -> Token:
    return Token(t=1, message_id=message_id, step=None, channel=channel, text=text)


def joined(*events: Event) -> str:
    text = AnswerText()
    for event in events:
        text.apply(event)
    return str(text)


def test_it_is_the_tokens_of_the_answer_by_their_messages() -> None:
    assert joined(token("a"), token("-", channel="inner"), token("b", "m2"), token("c")) == "acb"


def test_what_another_model_took_the_place_of_is_not_in_it() -> None:
    restart = Restart(
        t=2,
        attempt=1,
        reason="fallback",
        discard_from=1,
        message_id="m2",
        code="silence_timeout",
        model="a",
        next_model="b",
    )
    assert joined(token("a"), token("b", "m2"), restart, token("c", "m3")) == "ac"


def test_after_a_gap_it_is_that_of_the_snapshot_and_what_follows() -> None:
    messages = [
        MessageState(message_id="m1", channel="answer", text="abc"),
        MessageState(message_id="m2", channel="inner", text="-"),
    ]
    snapshot = Snapshot(messages=messages, tools=[], approvals=[], status="running")
    gap = Gap(reason="ahead_of_log", requested="1.9", as_of="1.7", snapshot=snapshot)
    assert joined(token("abcdef"), token("x", "m3"), gap, token("d")) == "abcd"

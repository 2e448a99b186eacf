"""What the bridge tells of a model call that fails and of another that takes its place."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import BridgeEvent
from service.model_attempts import FIRST_AND_ONLY, ModelAttempt, attempt_in
from service.model_calls import error_code
from service.transcript import Transcript
from service.written import CallPiece, Ending, Written

HAS_NEXT = ModelAttempt(has_next=True)


class Story:
    """Model calls, each by its number, and what is told of them."""

    def __init__(self) -> None:
        self.events: list[BridgeEvent] = []
        self.transcript = Transcript(self.events.append, time.monotonic())
        self.runs = [uuid4() for _ in range(4)]

    @property
    def told(self) -> list[str]:
        return [f"{event.type} {getattr(event, 'message_id', '')}".strip() for event in self.events]

    def begin(self, number: int, attempt: ModelAttempt = FIRST_AND_ONLY, model: str = "model") -> UUID:
        run_id = self.runs[number]
        self.transcript.start_message(
            run_id, None, inner=False, structured=False, provider=None, model=model, attempt=attempt
        )
        return run_id

    def say(self, number: int, text: str) -> None:
        self.transcript.write(self.runs[number], Written(text))

    def call(self, number: int, call_id: str) -> None:
        piece = CallPiece(index=0, id=call_id, name="look", args='{"a":1}')
        self.transcript.write(self.runs[number], Written("", "", [piece]))

    def fail(self, number: int, *, falls_back: bool = True) -> None:
        self.transcript.fail_message(self.runs[number], "provider_cut", falls_back=falls_back)

    def go_on(self, number: int, instead_of: int) -> None:
        self.begin(number, ModelAttempt(False, self.runs[instead_of], "provider_cut"), "other")


@pytest.fixture
def story() -> Story:
    return Story()


def test_the_restart_comes_before_the_end_of_the_message_that_it_supersedes(story: Story) -> None:
    story.begin(0, HAS_NEXT)
    story.say(0, "one")
    story.fail(0)
    story.go_on(1, instead_of=0)
    story.say(1, "two")
    assert story.told == ["token m1", "restart m1", "message_end m1", "usage m1", "token m2"]


def test_half_a_character_that_waited_for_its_other_half_is_told_before_the_restart(story: Story) -> None:
    story.begin(0, HAS_NEXT)
    story.say(0, "\ud83d")
    story.fail(0)
    story.go_on(1, instead_of=0)
    assert story.told == ["token m1", "restart m1", "message_end m1", "usage m1"]


def test_a_call_that_is_still_in_flight_is_cut_short_when_another_takes_its_place(story: Story) -> None:
    story.begin(0, HAS_NEXT)
    story.say(0, "one")
    story.go_on(1, instead_of=0)
    assert story.told == ["token m1", "restart m1", "message_end m1", "usage m1"]
    story.say(0, "late")
    assert story.told[-1] == "usage m1"


def test_a_call_that_told_nothing_only_ends(story: Story) -> None:
    story.begin(0, HAS_NEXT)
    story.fail(0)
    story.go_on(1, instead_of=0)
    assert story.told == ["message_end m1"]


@pytest.mark.parametrize(("attempt", "falls_back"), [(HAS_NEXT, False), (FIRST_AND_ONLY, True)])
def test_a_call_that_nobody_takes_the_place_of_ends_at_once(
    story: Story, attempt: ModelAttempt, falls_back: bool
) -> None:
    story.begin(0, attempt)
    story.say(0, "one")
    story.fail(0, falls_back=falls_back)
    assert story.told == ["token m1", "message_end m1", "usage m1"]


def test_a_run_that_ends_between_two_attempts_closes_the_first(story: Story) -> None:
    story.begin(0, HAS_NEXT)
    story.say(0, "one")
    story.fail(0)
    story.transcript.close()
    assert story.told == ["token m1", "message_end m1", "usage m1"]


def test_a_tool_that_is_run_by_hand_is_never_taken_for_a_superseded_call(story: Story) -> None:
    story.begin(0, HAS_NEXT)
    story.call(0, "c1")
    story.fail(0)
    story.go_on(1, instead_of=0)
    story.transcript.start_tool(uuid4(), None, tool_call_id=None, name="look", given={"a": 1})
    assert getattr(story.events[-1], "tool_call_id", None) == "tool1"


def test_where_all_that_was_answered_is_superseded_the_output_is_told(story: Story) -> None:
    story.begin(0, HAS_NEXT)
    story.say(0, "one")
    story.fail(0)
    story.go_on(1, instead_of=0)
    story.transcript.end_message(story.runs[1], Ending(Written(), "stop", None, None))
    story.transcript.tell_output("all")
    assert story.told[-1] == "token m3"


def test_the_silence_of_a_call_that_is_being_ended_begins_anew(story: Story) -> None:
    story.begin(0)
    first = story.transcript.due(1, 1)
    story.transcript.excuse(story.runs[0])
    then = story.transcript.due(1, 1)
    assert first and then and then.at > first.at
    assert then.run_id == story.runs[0]


@pytest.mark.parametrize(
    "attempt", [FIRST_AND_ONLY, HAS_NEXT, ModelAttempt(True, UUID(int=7), "provider_cut")]
)
def test_an_attempt_is_read_from_the_metadata_that_it_became(attempt: ModelAttempt) -> None:
    assert attempt_in({"ls_provider": "x", **attempt.metadata()}) == attempt


def test_metadata_of_others_is_no_attempt() -> None:
    assert attempt_in(None) == attempt_in({"fallback": 1}) == FIRST_AND_ONLY


class Follower(BaseCallbackHandler):
    def __init__(self) -> None:
        self.failed: list[tuple[UUID, str]] = []

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self.failed.append((run_id, error_code(error)))


def test_who_follows_hears_that_a_call_was_ended_for_its_silence_and_why() -> None:
    handler, follower = AsyncIteratorCallbackHandler(), Follower()
    handler.follower = follower
    first, second = uuid4(), uuid4()
    instead = ModelAttempt(False, first, "silence_timeout")
    handler.on_chat_model_start(None, [[]], run_id=first, metadata=HAS_NEXT.metadata())
    handler.on_chat_model_start(None, [[]], run_id=second, metadata=instead.metadata())
    assert follower.failed == [(first, "silence_timeout")]

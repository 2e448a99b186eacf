"""The client's types are the service's: each event, answer, option, decision and refusal, field by field."""

from collections.abc import Iterator
from typing import Any, get_args

import chainstream_client
import pytest
from chainstream_client import answers, decisions, options, parts
from chainstream_client import events as told
from chainstream_client.errors import RefusedError, ServiceFailed, refusal

from service import snapshot
from service.api import bodies, chains, run_views, threads
from service.errors import RequestError
from service.event_log.base import START
from service.events import EVENTS, EVERY_DECISION, ScoredToken, TerminalEvent
from service.wire.base import gap_fields
from tests.python_client.shapes import fields_of, shape_of

TOLD = {model.model_fields["type"].default: model for model in get_args(told.LogEvent)}

ANSWERS = {
    "RunSummary": run_views.RunSummary,
    "RunPage": run_views.RunPage,
    "RunFailure": run_views.RunFailure,
    "Run": run_views.Run,
    "ToolResult": run_views.ToolCall,
    "ChainTool": chains.ChainTool,
    "Chain": chains.Chain,
    "ChainList": chains.ChainList,
    "Thread": threads.Thread,
    "ThreadPage": threads.ThreadPage,
    "ThreadRun": threads.ThreadRun,
    "ThreadWithRuns": threads.ThreadWithRuns,
}


def test_the_client_has_a_class_for_each_event_of_the_service_under_its_name() -> None:
    assert {name: model.__name__ for name, model in TOLD.items()} == {
        name: event.__name__ for name, event in EVENTS.items()
    }
    assert {model.__name__ for model in get_args(told.TerminalEvent)} == {
        event.__name__ for event in get_args(TerminalEvent)
    }


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_has_the_fields_of_the_service_s(name: str) -> None:
    expected = fields_of(EVENTS[name])
    if name == "token":
        expected["logprobs"] = (False, fields_of(ScoredToken)["logprobs"][1])
    fields = fields_of(TOLD[name])
    del fields["id"], fields["type"]
    assert fields == expected


def test_a_gap_and_a_snapshot_are_what_the_service_tells() -> None:
    assert shape_of(parts.Snapshot) == shape_of(snapshot.Snapshot)
    gap = snapshot.Gap("ahead_of_log", START, START, snapshot.Fold().snapshot())
    assert fields_of(told.Gap).keys() - {"id", "type"} == gap_fields(gap).keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_the_fields_of_the_service_s(name: str) -> None:
    assert shape_of(getattr(answers, name)) == shape_of(ANSWERS[name])


def test_every_answer_is_compared() -> None:
    made = {
        name for name, made in vars(answers).items() if getattr(made, "__module__", "") == answers.__name__
    }
    assert made == ANSWERS.keys()


def test_a_run_is_started_with_what_the_service_takes() -> None:
    taken, given = _shapes(bodies.RunBody), _shapes(options.RunOptions)
    del taken["input"], given["idempotency_key"]
    config = taken.pop("config"), given.pop("config")
    assert given == taken
    assert _shapes(options.RunConfig) == _shapes(bodies.ConfigBody)
    assert all(config)


def test_there_is_a_decision_of_each_type_with_fields_that_the_service_takes() -> None:
    made = get_args(decisions.Decision)
    assert [model.model_fields["type"].default for model in made] == EVERY_DECISION
    taken = _shapes(bodies.DecisionBody)
    for model in made:
        assert {
            name: shape for name, shape in _shapes(model).items() if name != "type"
        }.items() <= taken.items()


def _shapes(type_: Any) -> dict[str, Any]:
    """Whatever must be given."""
    return {name: _without_none(shape) for name, (_, shape) in fields_of(type_).items()}


def _without_none(shape: Any) -> Any:
    if not (isinstance(shape, tuple) and shape[0] == "any of"):
        return shape
    kept = [each for each in shape[1:] if each != "NoneType"]
    return kept[0] if len(kept) == 1 else ("any of", *kept)


def _kinds(error: type[RequestError]) -> Iterator[type[RequestError]]:
    yield error
    for each in error.__subclasses__():
        yield from _kinds(each)


def test_each_status_that_the_service_refuses_with_has_an_error_of_its_own() -> None:
    statuses = {kind.status for kind in _kinds(RequestError)} - {431}  # of headers that no client sends
    assert {status for status in statuses if type(refusal(status, {}, b"")) is RefusedError} == set()
    assert type(refusal(503, {}, b"")) is ServiceFailed


def test_all_that_a_caller_meets_is_exported_by_the_package() -> None:
    modules = (answers, told, parts, decisions, options, chainstream_client.errors)
    public = {
        name
        for module in modules
        for name, made in vars(module).items()
        if isinstance(made, type) and made.__module__ == module.__name__ and not name.startswith("_")
    }
    bases = {"Part", "Told", "Timed", "Ended"}
    assert public - bases - set(chainstream_client.__all__) == set()

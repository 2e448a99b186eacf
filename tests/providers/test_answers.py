"""Each provider's real SDK against the fake one: text, reasoning, tool calls, usage, connections."""

import orjson
import pytest

from tests.fake_provider import FakeProvider
from tests.fake_provider.script import thought, token
from tests.providers.asking import MODELS, all_of, events_of, once
from tests.serving import Served

EACH = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@EACH
@pytest.mark.parametrize("pace", ["", " rate=200"], ids=["unpaced", "paced"])
def test_tokens_come_one_by_one_in_order_with_their_usage(service: Served, model: str, pace: str) -> None:
    frames = events_of(service, f"tokens=20{pace}", model)
    texts = [text for text in all_of(frames, "token", "text") if text]
    assert texts == [token(number) for number in range(1, 21)]
    [usage] = [frame.json for frame in frames if frame.event == "usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (9, 20, 29)
    assert all_of(frames, "message_end", "finish_reason") == ["stop"]
    assert frames[-1].event == "done" and frames[0].json["model"] == model


# LangChain's class for Ollama drops the reasoning of models that were not asked for it.
@pytest.mark.parametrize("model", [MODELS[name] for name in ("groq", "openai", "anthropic", "xai")])
def test_reasoning_is_told_apart_from_the_answer(service: Served, model: str) -> None:
    frames = events_of(service, "reason=3 tokens=2", model)
    assert all_of(frames, "reasoning", "text") == [thought(1), thought(2), thought(3)]
    assert frames[-1].json["output"] == token(1) + token(2)


@EACH
@pytest.mark.parametrize("calls", [1, 2], ids=["one", "parallel"])
def test_tools_are_called_and_their_results_answered(service: Served, model: str, calls: int) -> None:
    frames = events_of(service, f"tools={calls} tokens=2", model, chain="agent")
    written: dict[object, str] = {}
    for frame in frames:
        if frame.event == "tool_call":
            call_id = frame.json["tool_call_id"]
            written[call_id] = written.get(call_id, "") + str(frame.json["args_delta"])
    assert [args.replace(" ", "") for args in written.values()] == ['{"expression":"1+1"}'] * calls
    assert sorted(all_of(frames, "tool_end", "tool_call_id")) == sorted(map(str, written))
    assert all_of(frames, "tool_end", "output") == ["1+1 = 2"] * calls
    assert all_of(frames, "message_end", "finish_reason") == ["tool_calls", "stop"]
    assert frames[-1].json["output"] == token(1) + token(2)


@EACH
def test_parameters_reach_the_provider_and_models_share_a_connection(
    service: Served, provider: FakeProvider, model: str
) -> None:
    prompt = once("tokens=1")
    for max_tokens in (10, 20, 30):
        params = {"temperature": 0.5, "max_tokens": max_tokens}
        body = {"chain": "chat", "input": prompt, "model": model, "params": params}
        assert service.post("/runs/wait", orjson.dumps(body)).status == 200
    calls = provider.calls_of(prompt)
    assert [call.asked.max_tokens for call in calls] == [10, 20, 30]
    assert {call.asked.temperature for call in calls} == {0.5}
    assert len({call.connection for call in calls}) == 1

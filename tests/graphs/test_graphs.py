"""Graphs as people have them, over HTTP: each run is asserted whole."""

import json
from typing import Any

import pytest

from service.graph_taps import TAPPED
from tests.graphs import fixtures
from tests.graphs.whole import events_in, started, told
from tests.serving import Served, serving


def test_what_a_router_writes_is_not_the_answer(graphs: Served) -> None:
    run = started(graphs, "router", "hi")
    assert told(run) == [
        "run chain=router",
        "step_start step=s1 name=route",
        "token message_id=m1 step=s1 channel=inner text=to the poet",
        "message_end message_id=m1 finish_reason=stop",
        'token message_id=m2 step=s1 channel=inner text={"to": "poet"}',
        "message_end message_id=m2 finish_reason=tool_calls",
        "step_end step=s1 name=route",
        "step_start step=s2 name=poet",
        "token message_id=m3 step=s2 channel=answer text=Roses are red",
        "message_end message_id=m3 finish_reason=stop",
        "step_end step=s2 name=poet",
        "done output=Roses are red  finish_reason=stop",
    ]


def test_a_structured_output_is_inner_text_and_no_call_of_a_tool(graphs: Served) -> None:
    assert told(started(graphs, "classifying", "hi")) == [
        "run chain=classifying",
        "step_start step=s1 name=classify",
        'token message_id=m1 step=s1 channel=inner text={"to": "poet"}',
        "message_end message_id=m1 finish_reason=tool_calls",
        "step_end step=s1 name=classify",
        "token message_id=m2 channel=answer text=poet",
        "done output=poet finish_reason=stop",
    ]


def test_formats_of_text_alone_carry_the_answer_steps_alone(graphs: Served) -> None:
    body = json.dumps({"chain": "router", "input": "hi"}).encode()
    assert graphs.post("/runs/stream?format=text", body).text == "Roses are red "


def test_a_subgraphs_nodes_are_steps_in_its_nodes_step(graphs: Served) -> None:
    assert told(started(graphs, "house", "hi")) == [
        "run chain=house",
        "step_start step=s1 name=desk",
        "step_start step=s2 name=draft parent=s1",
        "token message_id=m1 step=s2 channel=inner text=A draft",
        "message_end message_id=m1 finish_reason=stop",
        "step_end step=s2 name=draft parent=s1",
        "step_start step=s3 name=writer parent=s1",
        "token message_id=m2 step=s3 channel=answer text=A text",
        "message_end message_id=m2 finish_reason=stop",
        "step_end step=s3 name=writer parent=s1",
        "step_end step=s1 name=desk",
        "done output=A text  finish_reason=stop",
    ]


def test_a_supervisor_hands_over_and_its_agents_are_one_step_each(graphs: Served) -> None:
    handed = '{"graph": "__parent__", "update": null, "resume": null, "goto": "mathematician"}'
    assert told(started(graphs, "supervisor", "2+3")) == [
        "run chain=supervisor",
        "step_start step=s1 name=boss",
        "step_start step=s2 name=model parent=s1",
        "tool_call message_id=m1 step=s2 tool_call_id=call_1_0 index=0 name=to_mathematician args_delta={}",
        "message_end message_id=m1 finish_reason=tool_calls",
        "step_end step=s2 name=model parent=s1",
        "step_start step=s3 name=tools parent=s1",
        "tool_start tool_call_id=call_1_0 step=s3 name=to_mathematician input={}",
        f"tool_end tool_call_id=call_1_0 name=to_mathematician output={handed}",
        "step_end step=s3 name=tools parent=s1",
        "step_end step=s1 name=boss",
        "step_start step=s4 name=mathematician",
        "step_start step=s5 name=model parent=s4",
        'tool_call message_id=m2 step=s5 tool_call_id=call_1_0 index=0 name=add args_delta={"a": 2, "b": 3}',
        "message_end message_id=m2 finish_reason=tool_calls",
        "step_end step=s5 name=model parent=s4",
        "step_start step=s6 name=tools parent=s4",
        'tool_start tool_call_id=call_1_0 step=s6 name=add input={"a": 2, "b": 3}',
        "tool_end tool_call_id=call_1_0 name=add output=5",
        "step_end step=s6 name=tools parent=s4",
        "step_start step=s7 name=model parent=s4",
        "token message_id=m3 step=s7 channel=answer text=It is 5",
        "message_end message_id=m3 finish_reason=stop",
        "step_end step=s7 name=model parent=s4",
        "step_end step=s4 name=mathematician",
        "done output=It is 5  finish_reason=stop",
    ]


# --- memory of its own --------------------------------------------------------------------------------


def test_a_graph_with_a_memory_gets_the_new_message_alone(graphs: Served) -> None:
    fixtures.remembering_model.seen.clear()
    for turn, answer in enumerate(("one", "two", "three")):
        assert told(started(graphs, "remembering", f"turn {turn}", thread_id="turns")) == [
            "run chain=remembering thread_id=turns",
            "step_start step=s1 name=speak",
            f"token message_id=m1 step=s1 channel=answer text={answer}",
            "message_end message_id=m1 finish_reason=stop",
            "step_end step=s1 name=speak",
            f"done output={answer}  finish_reason=stop",
        ]
    assert fixtures.remembering_model.seen == [1, 3, 5]


def test_clients_that_send_the_whole_conversation_do_not_double_it(graphs: Served) -> None:
    fixtures.remembering_model.seen.clear()
    said = [{"role": "user", "content": "turn 0"}]
    for answer in ("one", "two", "three"):
        run = started(graphs, "remembering", {"messages": said}, thread_id="whole")
        assert events_in(run)[-1][1]["output"] == f"{answer} "
        said += [{"role": "assistant", "content": answer}, {"role": "user", "content": "and then?"}]
    assert fixtures.remembering_model.seen == [1, 3, 5]


def test_a_system_text_that_is_sent_with_each_turn_is_taken_once(graphs: Served) -> None:
    fixtures.remembering_model.seen.clear()
    for _ in range(2):
        started(graphs, "remembering", "hi", thread_id="told", system="Be brief.")
    assert fixtures.remembering_model.seen == [2, 4]


def test_threads_are_apart_and_without_one_each_run_is_its_own(graphs: Served) -> None:
    fixtures.remembering_model.seen.clear()
    configured = {"configurable": {"thread_id": "apart"}}
    for fields in ({"thread_id": "apart"}, {}, {"config": configured}, {}):
        started(graphs, "remembering", "hi", **fields)
    assert fixtures.remembering_model.seen == [1, 1, 3, 1]


@pytest.mark.parametrize(
    ("chain", "fields", "code"),
    [
        ("remembering", {"thread_id": "x", "config": {"configurable": {"thread_id": "y"}}}, "two_threads"),
        ("doubling", {"config": {"configurable": {"__pregel_checkpointer": 1}}}, "bad_config"),
        ("doubling", {"config": {"context": {"name": "Ann"}}}, "no_context"),
        ("doubling", {"model": "offline:demo"}, "model_fixed"),
        ("doubling", {"params": {"temperature": 1}}, "model_fixed"),
    ],
)
def test_what_a_graph_does_not_take_is_refused_by_name(
    graphs: Served, chain: str, fields: dict[str, Any], code: str
) -> None:
    answer = started(graphs, chain, {"number": 1} if chain == "doubling" else "hi", **fields)
    assert (answer.status, json.loads(answer.text)["code"]) == (400, code)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"thread_id": "a b"}, "thread_id"),
        ({"config": {"recursion_limit": 0}}, "config.recursion_limit"),
        ({"config": {"tags": ["x"]}}, "config.tags"),
        ({"config": {"context": {"nam": "Ann"}}}, "name: field required"),
    ],
)
def test_a_config_that_is_wrong_says_where(graphs: Served, fields: dict[str, Any], where: str) -> None:
    answer = started(graphs, "greeting", "hi", **fields)
    assert answer.status == 422 and where in json.loads(answer.text)["detail"]


# --- writers and deltas -------------------------------------------------------------------------------

WRITTEN = [
    "step_start step=s1 name=announce",
    "custom name=stream_writer data=beginning",
    "step_end step=s1 name=announce",
    "step_start step=s2 name=call_survey",
    "step_end step=s2 name=call_survey",
    "step_start step=s3 name=surveying",
    'tool_start tool_call_id=call_s step=s3 name=survey input={"topic": "bees"}',
    'tool_progress tool_call_id=call_s name=stream_writer data={"done": 1, "total": 2}',
    "tool_progress tool_call_id=call_s name=stream_writer data=nearly",
    "tool_end tool_call_id=call_s name=survey output=surveyed bees",
    "step_end step=s3 name=surveying",
    "step_start step=s4 name=call_dictate",
    "step_end step=s4 name=call_dictate",
    "step_start step=s5 name=dictating",
    'tool_start tool_call_id=call_d step=s5 name=dictate input={"text": "dear sir"}',
    "tool_progress tool_call_id=call_d name=output_delta data=dear",
    "tool_progress tool_call_id=call_d name=output_delta data=sir",
    'tool_progress tool_call_id=call_d name=stream_writer data={"words": 2}',
    "tool_end tool_call_id=call_d name=dictate output=dear sir",
    "step_end step=s5 name=dictating",
]


def test_stream_writers_and_output_deltas_are_told_where_they_were_written(graphs: Served) -> None:
    end = ["token message_id=m1 channel=answer text=dear sir", "done output=dear sir finish_reason=stop"]
    assert told(started(graphs, "writing", "x")) == ["run chain=writing", *WRITTEN, *end]


def test_also_those_of_a_graph_within_a_larger_chain(graphs: Served) -> None:
    end = [
        "token message_id=m1 channel=answer text=in a sequence",
        "done output=in a sequence finish_reason=stop",
    ]
    assert told(started(graphs, "within", "x")) == ["run chain=within", *WRITTEN, *end]


def test_langgraph_has_what_its_writers_are_tapped_by() -> None:
    assert TAPPED


# --- tools by hand ------------------------------------------------------------------------------------


def test_a_tool_that_a_node_runs_by_hand_is_the_call_that_the_model_wrote(graphs: Served) -> None:
    assert told(started(graphs, "by_hand", "hi")) == [
        "run chain=by_hand",
        "step_start step=s1 name=think",
        'tool_call message_id=m1 step=s1 tool_call_id=call_1_0 index=0 name=add args_delta={"a": 1, "b": 2}',
        'tool_call message_id=m1 step=s1 tool_call_id=call_1_1 index=1 name=add args_delta={"a": 3, "b": 4}',
        "message_end message_id=m1 finish_reason=tool_calls",
        "step_end step=s1 name=think",
        "step_start step=s2 name=run_by_hand",
        'tool_start tool_call_id=call_1_0 step=s2 name=add input={"a": 1, "b": 2}',
        "tool_end tool_call_id=call_1_0 name=add output=3",
        'tool_start tool_call_id=call_1_1 step=s2 name=add input={"a": 3, "b": 4}',
        "tool_end tool_call_id=call_1_1 name=add output=7",
        "step_end step=s2 name=run_by_hand",
        "step_start step=s3 name=think",
        "token message_id=m2 step=s3 channel=inner text=three and seven",
        "message_end message_id=m2 finish_reason=stop",
        "step_end step=s3 name=think",
        "token message_id=m3 channel=answer text=three and seven",
        "done output=three and seven  finish_reason=stop",
    ]


# --- values -------------------------------------------------------------------------------------------

LONG = "x" * 32_768


@pytest.mark.parametrize(
    ("kind", "shown", "output"),
    [
        ("bytes", '{"type": "bytes", "size": 2}', {"type": "bytes", "size": 2}),
        ("set", "[3]", [3]),
        ("dataclass", '{"x": 1, "y": 2.5}', {"x": 1, "y": 2.5}),
        ("frame", "   a  b\n0  1  2", "   a  b\n0  1  2"),
        ("nan", "nan", "nan"),
        ("huge", str(2**70), str(2**70)),
        ("long", f"{LONG} truncated=true size=5000000", None),
    ],
)
def test_whatever_a_tool_returns_is_told(graphs: Served, kind: str, shown: str, output: object) -> None:
    run = started(graphs, "odd_tool", {"kind": kind})
    assert told(run)[:5] == [
        "run chain=odd_tool",
        "step_start step=s1 name=use",
        f'tool_start tool_call_id=tool1 step=s1 name=odd input={{"kind": "{kind}"}}',
        f"tool_end tool_call_id=tool1 name=odd output={shown}",
        "step_end step=s1 name=use",
    ]
    name, data = events_in(run)[-1]
    if kind == "long":  # over MAX_OUTPUT_CHARS, since it is the chain's output too
        assert (name, data["code"]) == ("error", "output_limit")
    else:
        assert (name, data["output"]) == ("done", {"kind": kind, "kept": output})


def test_a_graph_without_a_model_gives_its_output(graphs: Served) -> None:
    assert told(started(graphs, "doubling", {"number": 4})) == [
        "run chain=doubling",
        "step_start step=s1 name=double",
        "step_end step=s1 name=double",
        'token message_id=m1 channel=answer text={"number":8}',
        'done output={"number": 8} finish_reason=stop',
    ]


def test_an_agent_in_a_tool_speaks_within_it(graphs: Served) -> None:
    assert told(started(graphs, "consulting", "hi")) == [
        "run chain=consulting",
        "step_start step=s1 name=model",
        "tool_call message_id=m1 step=s1 tool_call_id=call_1_0 index=0 name=consult"
        ' args_delta={"question": "1+1?"}',
        "message_end message_id=m1 finish_reason=tool_calls",
        "step_end step=s1 name=model",
        "step_start step=s2 name=tools",
        'tool_start tool_call_id=call_1_0 step=s2 name=consult input={"question": "1+1?"}',
        "step_start step=s3 name=expert parent=s2",
        "step_start step=s4 name=model parent=s3",
        'tool_call message_id=m2 step=s4 tool_call_id=call_1_0 index=0 name=add args_delta={"a": 1, "b": 1}',
        "message_end message_id=m2 finish_reason=tool_calls",
        "step_end step=s4 name=model parent=s3",
        "step_start step=s5 name=tools parent=s3",
        'tool_start tool_call_id=call_1_0 step=s5 name=add input={"a": 1, "b": 1}',
        "tool_end tool_call_id=call_1_0 name=add output=2",
        "step_end step=s5 name=tools parent=s3",
        "step_start step=s6 name=model parent=s3",
        "token message_id=m3 step=s6 channel=inner text=Two, I think",
        "message_end message_id=m3 finish_reason=stop",
        "step_end step=s6 name=model parent=s3",
        "step_end step=s3 name=expert parent=s2",
        "tool_end tool_call_id=call_1_0 name=consult output=Two, I think",
        "step_end step=s2 name=tools",
        "step_start step=s7 name=model",
        "token message_id=m4 step=s7 channel=answer text=The expert says two",
        "message_end message_id=m4 finish_reason=stop",
        "step_end step=s7 name=model",
        "done output=The expert says two  finish_reason=stop",
    ]


# --- factories and config -----------------------------------------------------------------------------


def test_a_context_manager_holds_its_graph_open_while_it_is_served() -> None:
    fixtures.HELD.clear()
    with serving(chains=("tests.graphs.fixtures:held",)) as served:
        run = told(started(served, "held", "What is 2+2?"))
        assert run[0] == "run chain=held model=offline:demo" and run[-1].startswith("done")
        assert "tool_end" in " ".join(run) and fixtures.HELD == ["open"]
    assert fixtures.HELD == ["open", "closed"]


@pytest.mark.parametrize(("configurable", "word"), [({"word": "you"}, "you"), ({}, "nothing")])
def test_a_factory_may_depend_on_the_config(graphs: Served, configurable: dict[str, str], word: str) -> None:
    run = started(graphs, "configured", "hi", config={"configurable": configurable})
    assert told(run) == [
        "run chain=configured",
        "step_start step=s1 name=say",
        "step_end step=s1 name=say",
        f"token message_id=m1 channel=answer text=made for {word}",
        f"done output=made for {word} finish_reason=stop",
    ]


def test_a_graph_gets_context_and_configurable(graphs: Served) -> None:
    config = {"context": {"name": "Ann"}, "configurable": {"tone": "warm"}}
    assert told(started(graphs, "greeting", "hi", config=config)) == [
        "run chain=greeting",
        "step_start step=s1 name=greet",
        "step_end step=s1 name=greet",
        "token message_id=m1 channel=answer text=warm hello to Ann",
        "done output=warm hello to Ann finish_reason=stop",
    ]


def test_a_context_of_typings_own_typed_dict_is_taken_as_it_is(graphs: Served) -> None:
    run = started(graphs, "plain_greeting", "hi", config={"context": {"name": "Ann"}})
    assert told(run)[-1] == "done output=hello Ann finish_reason=stop"


def test_a_graph_takes_no_more_steps_than_it_may(graphs: Served) -> None:
    run = told(started(graphs, "endless", {"number": 1}, config={"recursion_limit": 2}))
    assert run == [
        "run chain=endless",
        "step_start step=s1 name=again",
        "step_end step=s1 name=again",
        "step_start step=s2 name=again",
        "step_end step=s2 name=again",
        "error code=recursion_limit message=The graph took more steps than its recursion limit allows."
        " fault=chain retryable=false",
    ]
    assert (
        told(started(graphs, "endless", {"number": 1}))[-1] == 'done output={"number": 21} finish_reason=stop'
    )


def test_chains_say_what_a_client_can_choose(graphs: Served) -> None:
    listed = json.loads(graphs.get("/chains").text)
    chains = {chain["name"]: chain for chain in listed["items"]}
    assert listed["models"] == ["offline:demo"]
    assert chains["doubling"]["model_fixed"] and not chains["held"]["model_fixed"]
    assert chains["remembering"]["keeps_threads"] and not chains["doubling"]["keeps_threads"]


def test_a_state_of_typings_own_typed_dict_is_understood(graphs: Served) -> None:
    listed = json.loads(graphs.get("/chains").text)["items"]
    schema = next(chain["input_schema"] for chain in listed if chain["name"] == "greeting")
    assert schema["properties"]["messages"]["type"] == "array"


def test_tools_are_listed_without_what_langgraph_injects(graphs: Served) -> None:
    listed = json.loads(graphs.get("/chains").text)["items"]
    tools = next(chain["tools"] for chain in listed if chain["name"] == "writing")
    dictate = next(tool for tool in tools if tool["name"] == "dictate")
    assert list(dictate["input_schema"]["properties"]) == ["text"]


# --- figures ------------------------------------------------------------------------------------------


def test_an_async_tool_that_blocks_the_loop_is_named_in_the_runs_figures(
    graphs: Served, caplog: pytest.LogCaptureFixture
) -> None:
    run = started(graphs, "blocking", "hi")
    (blocked,) = events_in(run)[-1][1]["blocked"]
    assert blocked["name"] == "hasty" and blocked["ms"] >= 100
    assert "tool_end tool_call_id=call_1_0 name=hasty output=x" in told(run)  # nothing became an error
    whole = json.loads(graphs.get(f"/runs/{run.headers['x-run-id']}").text)
    assert (whole["status"], whole["blocked"]) == ("succeeded", [blocked])
    assert f"hasty blocked the event loop for {blocked['ms']} ms" in caplog.text


def test_a_tool_that_waits_in_a_thread_blocks_nothing(graphs: Served) -> None:
    run = started(graphs, "waiting", "hi")
    assert "blocked" not in events_in(run)[-1][1]
    assert json.loads(graphs.get(f"/runs/{run.headers['x-run-id']}").text)["blocked"] == []

"""What CHAINS and `serve` may name, how users' files are imported, and what is said of those that fail."""

import json
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph.state import CompiledStateGraph

from service.chain_modules import put_first
from service.chain_sources import ChainSource, find_chains
from service.chain_targets import parse_target
from service.errors import StartError
from service.providers import Models
from service.registry import open_registry

RUNNABLE = "from langchain_core.runnables import RunnableLambda\n"
GRAPH = (
    "from langgraph.graph import MessagesState, StateGraph\n"
    "builder = StateGraph(MessagesState)\n"
    "builder.add_node('answer', lambda state: state)\n"
    "builder.set_entry_point('answer')\n"
    "graph = builder.compile()\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, a user's; what the import of its files changes is undone."""
    environment, modules = set(os.environ), set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield tmp_path
    for name in set(os.environ) - environment:
        del os.environ[name]
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def write(path: str, text: str = "") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def write_json(content: Any, path: str = "langgraph.json") -> None:
    write(path, content if isinstance(content, str) else json.dumps(content))


def found(*named: str) -> list[ChainSource]:
    return find_chains(named, shipped=False)


def one(target: str) -> ChainSource:
    (source,) = found(target)
    return source


def value_of(source: ChainSource) -> Any:
    return source.target.invoke("")


def refused(*named: str) -> str:
    with pytest.raises(StartError) as error:
        found(*named)
    return error.value.message


@pytest.mark.parametrize(
    ("text", "place", "attribute", "name"),
    [
        ("package.module:graph", "package.module", "graph", "graph"),
        ("package.module:build", "package.module", "build", "module"),
        ("mine=package.module:build", "package.module", "build", "mine"),
        ("./agent.py:graph", "./agent.py", "graph", "graph"),
        ("some/where/agent.py:build", "some/where/agent.py", "build", "agent"),
        ("mine=agent.py:make_graph", "agent.py", "make_graph", "mine"),
        ("./a=b/agent.py:graph", "./a=b/agent.py", "graph", "graph"),
        ("/a/b:c/agent.py:graph", "/a/b:c/agent.py", "graph", "graph"),
    ],
)
def test_a_target_is_a_place_and_a_name_in_it_and_gives_the_chain_s_name(
    text: str, place: str, attribute: str, name: str
) -> None:
    target = parse_target(text)
    assert (target.place, target.attribute, target.name) == (place, attribute, name)


@pytest.mark.parametrize(
    "text", ["nonsense", "a/b:graph", "module:", ":name", "x=langgraph.json", "m-x:y", ""]
)
def test_what_is_no_target_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(StartError, match=r"\./file\.py:name, module:name, alias= .* langgraph\.json"):
        parse_target(text)


def test_a_file_s_graph_is_found_and_its_builder_is_compiled() -> None:
    write("agent.py", GRAPH)
    graph, builder = found("./agent.py:graph", "./agent.py:builder")
    assert isinstance(graph.target, CompiledStateGraph) and isinstance(builder.target, CompiledStateGraph)
    assert graph.module is builder.module is sys.modules["agent"]


def test_a_file_imports_what_lies_beside_it_and_before_what_is_called_the_same_elsewhere() -> None:
    write("deep/agent.py", RUNNABLE + "import json_like\nchain = RunnableLambda(lambda _: json_like.SAID)\n")
    write("deep/json_like.py", "SAID = 'beside it'")
    write("json_like.py", "SAID = 'elsewhere'")
    put_first(Path.cwd())
    assert value_of(one("deep/agent.py:chain")) == "beside it"


def test_a_file_in_a_package_imports_relatively_by_the_package_s_name_and_what_lies_beside_it() -> None:
    write("src/users_package/__init__.py", "SAID = 'the package, '")
    write("src/users_package/deep/__init__.py")
    write("src/users_package/deep/beside.py", "SAID = 'and beside'")
    source = "from users_package import SAID as first\nfrom .beside import SAID as second\nimport beside\n"
    write(
        "src/users_package/deep/agent.py",
        RUNNABLE + source + "chain = RunnableLambda(lambda _: first + second)",
    )
    chain = one("src/users_package/deep/agent.py:chain")
    assert value_of(chain) == "the package, and beside"
    assert chain.module.__name__ == "users_package.deep.agent"


def test_a_package_s_own_file_is_the_package() -> None:
    write("users_package/__init__.py", RUNNABLE + "chain = RunnableLambda(lambda _: __name__)")
    assert value_of(one("users_package/__init__.py:chain")) == "users_package"


@pytest.mark.parametrize(
    "path", ["json.py", "time.py", "my-agent.py", "chains/__init__.py", "chains/chat.py"]
)
def test_a_file_whose_name_another_module_has_is_served_all_the_same(path: str) -> None:
    __import__("chains.chat")
    if "/" in path:
        write("chains/__init__.py")
        write("chains/beside.py")
    write(path, RUNNABLE + ("from . import beside\n" if "/" in path else "") + "chain = RunnableLambda(str)")
    module = one(f"{path}:chain").module
    assert module.__file__ == str(Path(path).resolve()) and sys.modules[module.__name__] is module


def test_what_a_file_defines_can_be_pickled_and_its_annotations_resolved() -> None:
    source = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass, field\n"
        "from typing import get_type_hints\n"
        "@dataclass\n"
        "class Fact:\n"
        "    others: list[Fact] = field(default_factory=list)\n"
        "HINTS = get_type_hints(Fact)\n"
    )
    write("json.py", source + RUNNABLE + "chain = RunnableLambda(lambda _: Fact())")
    fact = value_of(one("json.py:chain"))
    assert pickle.loads(pickle.dumps(fact)) == fact  # noqa: S301 - of what was pickled here


def test_two_files_of_one_name_are_two_modules() -> None:
    for place in ("a", "b"):
        write(f"{place}/agent.py", RUNNABLE + f"chain = RunnableLambda(lambda _: {place!r})")
    assert [value_of(source) for source in found("x=a/agent.py:chain", "y=b/agent.py:chain")] == ["a", "b"]


def test_an_import_that_failed_is_tried_anew_by_the_next_start() -> None:
    write("agent.py", "1/0")
    refused("agent.py:chain")
    write("agent.py", RUNNABLE + "chain = RunnableLambda(str)  # of another size")
    assert one("agent.py:chain").name == "chain"


async def test_an_import_may_run_an_event_loop_of_its_own() -> None:
    """As one does that gets its tools from an MCP server."""
    tools = "import asyncio\nasync def tools(): return 'tools'\nTOOLS = asyncio.run(tools())\n"
    write("agent.py", RUNNABLE + tools + "chain = RunnableLambda(str)")
    async with open_registry(["agent.py:chain"], Models(offline_tokens_per_second=0), False) as registry:
        assert list(registry.chains) == [registry.first] == ["chain"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = 1\ny = (\n", r"SyntaxError: '\(' was never closed \(agent\.py, line 2\)$"),
        ("x = 1\nimport nowhere_at_all\n", r"No module named 'nowhere_at_all' \(agent\.py, line 2\)$"),
        ("import json\nX = json.loads('{')\n", r"JSONDecodeError: .* \(agent\.py, line 2\)$"),
        ("import beside\n", r"ZeroDivisionError: division by zero \(beside\.py, line 3\)$"),
        ("import sys\nsys.exit('no key')\n", r"SystemExit: no key \(agent\.py, line 2\)$"),
        ("raise ValueError\n", r"does not load: ValueError \(agent\.py, line 1\)$"),
        (GRAPH.replace("builder.set_entry_point('answer')\n", "").replace("graph =", "# "), "entrypoint"),
    ],
)
def test_what_fails_in_a_users_file_is_told_with_its_innermost_line(source: str, reason: str) -> None:
    write("agent.py", source)
    write("beside.py", "def fail():\n    # always\n    return 1/0\nfail()\n")
    with pytest.raises(StartError, match=rf"^The chain 'builder' \(\./agent\.py:builder\).*{reason}"):
        found("./agent.py:builder")


def test_a_file_that_is_not_there_is_told_by_its_path() -> None:
    assert "there is no file some/agent.py" in refused("some/agent.py:graph")


def test_a_name_that_is_not_there_or_not_said_is_told_with_those_that_are() -> None:
    tool = "from langchain_core.tools import tool\n@tool\ndef search(text: str): 'Finds.'\n"
    write("agent.py", GRAPH + tool + "from os.path import join\ndef make(): ...\ndef _inner(): ...\n")
    assert refused("./agent.py:grph").endswith("no such name there; it has builder, graph, make.")
    assert refused("./agent.py") == "./agent.py has builder, graph, make: say which, as in ./agent.py:name."
    write("empty.py")
    assert "no Runnable and no function" in refused("empty.py")


def test_a_name_that_is_no_chain_is_refused() -> None:
    write("agent.py", "graph = {'not': 'one'}")
    assert "neither a Runnable nor a function" in refused("agent.py:graph")


def test_the_shipped_chains_are_found_if_wanted_and_come_first() -> None:
    write("agent.py", GRAPH)
    names = [source.name for source in find_chains(["agent.py:graph"], shipped=True)]
    assert names == ["agent", "chat", "docs", "extract", "summarize", "graph"]


def test_a_langgraph_json_gives_its_graphs_with_their_names_and_descriptions_wherever_it_lies() -> None:
    write("project/src/agent.py", GRAPH)
    write("project/other.py", GRAPH)
    graphs = {
        "first": "./src/agent.py:graph",
        "second": {"path": "src/agent.py:builder", "description": "Builds."},
        "third": "other:graph",
    }
    write_json({"graphs": graphs, "python_version": "3.11"}, "project/langgraph.json")
    sources = found("project/langgraph.json")
    assert [(source.name, source.description) for source in sources] == [
        ("first", None),
        ("second", "Builds."),
        ("third", None),
    ]
    assert all(isinstance(source.target, CompiledStateGraph) for source in sources)


@pytest.mark.parametrize("as_file", [True, False])
def test_the_env_of_a_langgraph_json_is_there_before_its_graphs_and_the_environment_wins(
    as_file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USERS_SET", "from outside")
    said = "import os\nSAID = [os.environ[name] for name in ('USERS_SET', 'USERS_KEY')]\n"
    write("project/agent.py", RUNNABLE + said + "chain = RunnableLambda(lambda _: SAID)")
    write("project/.env", "USERS_SET=from the file\nUSERS_KEY='5'\n")
    env = ".env" if as_file else {"USERS_SET": "from the json", "USERS_KEY": 5}
    write_json({"graphs": {"chain": "./agent.py:chain"}, "env": env}, "project/langgraph.json")
    assert value_of(one("project/langgraph.json")) == ["from outside", "5"]


def test_an_env_file_that_a_langgraph_json_names_may_be_missing() -> None:
    write("agent.py", GRAPH)
    write_json({"graphs": {"mine": "./agent.py:graph"}, "env": ".env"})
    assert one("langgraph.json").name == "mine"


def test_the_local_dependencies_of_a_langgraph_json_can_be_imported() -> None:
    write("project/src/users_part.py", "SAID = 'from src'")
    write(
        "project/app/agent.py",
        RUNNABLE + "import users_part\nchain = RunnableLambda(lambda _: users_part.SAID)",
    )
    dependencies = ["langchain_openai", "./src", "."]
    graphs = {"chain": "./app/agent.py:chain"}
    write_json({"graphs": graphs, "dependencies": dependencies}, "project/langgraph.json")
    assert value_of(one("project/langgraph.json")) == "from src"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "line 1"),
        ({}, "graphs: Field required"),
        ([], "the whole: "),
        ({"graphs": {"mine": {}}}, "graphs.mine.path: Field required"),
        ({"graphs": {"mine": "nonsense"}}, "graph 'mine': 'nonsense' names no chain"),
        ({"graphs": {"mine": "./other.json"}}, "graph 'mine': './other.json' names no chain"),
        ({"graphs": {"mine": "./missing.py:graph"}}, "graph 'mine': .* there is no file missing.py"),
        ({"graphs": {"mine": "./agent.py:grph"}}, "graph 'mine': .* it has builder, graph"),
        ({"graphs": {"mine": "./agent.js:graph"}}, "graph 'mine': './agent.js:graph' names no chain"),
        ({"graphs": {"mine": "./agent.py:graph"}, "dependencies": ["./lib"]}, "there is no folder ./lib"),
        ({"graphs": {}}, "it has no graphs"),
    ],
)
def test_what_is_wrong_in_a_langgraph_json_is_told_with_the_file_and_the_place(
    content: object, reason: str
) -> None:
    write("agent.py", GRAPH)
    write_json(content)
    with pytest.raises(StartError, match=rf"^langgraph\.json.*{reason}"):
        found("langgraph.json")


def test_a_langgraph_json_that_is_not_there_is_told_by_its_path() -> None:
    assert "There is no file some/langgraph.json" in refused("some/langgraph.json")


# --- what is dropped into chains/ ---------------------------------------------------------------------


def dropped(monkeypatch: pytest.MonkeyPatch, text: str) -> ChainSource:
    """The only chain of a folder of chains, of a name that no other test has."""
    package = f"dropped_{abs(hash(text))}"
    write(f"{package}/__init__.py")
    write(f"{package}/mine.py", text)
    sys.path.insert(0, os.getcwd())
    monkeypatch.setattr("service.chain_sources.CHAINS", package)
    (source,) = find_chains((), shipped=True)
    return source


@pytest.mark.parametrize(
    "text",
    [
        GRAPH,
        GRAPH.replace("graph = builder.compile()", "graph = builder"),
        GRAPH.replace("graph = ", "agent = ") + "_private = agent\n",
        f"{RUNNABLE}mine = RunnableLambda(str)",
        f"{RUNNABLE}model = RunnableLambda(str)\nchain = model | model",
        "def build(model): return model",
    ],
)
def test_a_graph_an_agent_or_a_runnable_in_a_dropped_file_is_its_chain(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    source = dropped(monkeypatch, text)
    assert source.name == "mine" and (callable(source.target) or hasattr(source.target, "ainvoke"))
    assert isinstance(source.target, CompiledStateGraph) == ("StateGraph" in text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1", "has no build(model), and no Runnable: name one graph."),
        (
            f"{RUNNABLE}one = RunnableLambda(str)\ntwo = RunnableLambda(str)",
            "has no build(model), and several chains (one, two): name one graph.",
        ),
    ],
)
def test_a_dropped_file_without_a_chain_or_with_several_is_told(
    monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    with pytest.raises(StartError) as told:
        dropped(monkeypatch, text)
    assert told.value.message.endswith(reason)

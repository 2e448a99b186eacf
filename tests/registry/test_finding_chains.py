"""Finding chains: those of chains/, those that CHAINS names, and what is said of one that does not load."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest

from service.callbacks import AsyncIteratorCallbackHandler
from service.chain import CallConfig, Chain
from service.errors import StartError
from service.providers import OFFLINE_MODEL, Models
from service.registry import Registry, open_registry
from service.traced import UNTRACED


@asynccontextmanager
async def opened(*named: str) -> AsyncIterator[Registry]:
    async with open_registry(named, Models(offline_tokens_per_second=0)) as registry:
        yield registry


async def invoked(chain: Chain, given: Any, params: Mapping[str, Any] = MappingProxyType({})) -> Any:
    model = OFFLINE_MODEL if chain.takes_model else None
    call = chain.call(
        given=given, system=None, model=model, params=params, thread_id=None, config=CallConfig()
    )
    return await call.start("run", UNTRACED, AsyncIteratorCallbackHandler())


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A users' module that can be imported, under a name that no test used before."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / f"users_module_{uuid4().hex}.py"


async def refused(*named: str) -> StartError:
    with pytest.raises(StartError) as error:
        async with opened(*named):
            pass
    return error.value


async def test_every_file_of_chains_is_a_chain_and_those_with_an_underscore_are_not() -> None:
    async with opened() as registry:
        files = {path.stem for path in (Path(__file__).parents[2] / "chains").glob("[!_]*.py")}
        assert set(registry.chains) == files
        assert registry.first == "chat"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("x = 1/0", "ZeroDivisionError"),
        ("def chain(model): return 'text'", "not a Runnable"),
        ("def chain(model): raise ValueError('no such index')", "no such index"),
        ("chain = 7", "neither a Runnable nor a function"),
        ("other = 7", "no such name"),
    ],
)
async def test_a_chain_that_does_not_load_stops_the_start_with_its_reason(
    module: Path, source: str, reason: str
) -> None:
    module.write_text(source)
    error = await refused(f"{module.stem}:chain")
    assert module.stem in error.message and reason in error.message


@pytest.mark.parametrize("named", ["nonsense", "module:", ":name", "alias="])
async def test_chains_that_are_not_spelled_as_module_and_name_stop_the_start(named: str) -> None:
    assert "module:name" in (await refused(named)).message


async def test_two_chains_of_one_name_stop_the_start_and_an_alias_cures_it(module: Path) -> None:
    module.write_text("from chains.chat import build as chat")
    assert f"alias={module.stem}:chat" in (await refused(f"{module.stem}:chat")).message
    async with opened(f"mine={module.stem}:chat") as registry:
        assert "mine" in registry.chains


async def test_a_function_called_build_gives_its_module_s_name(module: Path) -> None:
    module.write_text("from chains.chat import build")
    async with opened(f"{module.stem}:build") as registry:
        assert module.stem in registry.chains


async def test_a_context_manager_is_entered_once_and_left_at_the_end(module: Path) -> None:
    module.write_text(
        "from contextlib import asynccontextmanager\n"
        "from langchain_core.runnables import RunnableLambda\n"
        "seen = []\n"
        "@asynccontextmanager\n"
        "async def chain():\n"
        "    seen.append('entered')\n"
        "    yield RunnableLambda(lambda text: text)\n"
        "    seen.append('left')\n"
    )
    async with opened(f"{module.stem}:chain") as registry:
        chain = registry.get("chain")
        for _ in range(3):
            assert await invoked(chain, "x") == "x"
        seen = __import__(module.stem).seen
        assert seen == ["entered"]
    assert seen == ["entered", "left"]


async def test_a_build_is_kept_for_each_model_and_the_least_used_are_closed(module: Path) -> None:
    module.write_text(
        "from contextlib import asynccontextmanager\n"
        "held = []\n"
        "@asynccontextmanager\n"
        "async def chain(model):\n"
        "    held.append(model.max_tokens)\n"
        "    yield model\n"
        "    held.remove(model.max_tokens)\n"
    )
    async with opened(f"{module.stem}:chain") as registry:
        chain = registry.get("chain")
        for number in range(1, 40):
            await invoked(chain, "hello", {"max_tokens": number})
        held = __import__(module.stem).held
        assert len(held) <= 16 and held[-1] == 39
    assert held == []

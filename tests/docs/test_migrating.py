"""What docs/migrating.md has after each change runs as it stands, but for the address."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.app import create_app
from service.settings import Settings
from tests.docs.documents import ROOT, blocks
from tests.examples.running import environment
from tests.needs import INSTRUCTOR
from tests.serving import Served, serving

DOCUMENT = ROOT / "docs" / "migrating.md"
(
    WHOLE_BY_OPENAI,
    STREAMED_BY_OPENAI,
    WHOLE,
    STREAMED,
    _,
    INSTRUCTED,
    PARSED,
    BILLED,
    _,
    JOKE,
    _,
    CALLER,
    OLD_HANDLER,
    HANDLER,
) = blocks(DOCUMENT, "python")
# The old handler hears only of models that stream unasked, and loses what comes faster than it reads.
MY_CHAIN = """
from chainstream.chains.agent import build
from chainstream.offline import OfflineChatModel


class Streaming(OfflineChatModel):
    streaming: bool


chain = build(Streaming(streaming=True, tokens_per_second=200))
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With the chain that a user of LangServe has now."""
    joke = tmp_path_factory.mktemp("chains") / "joke.py"
    joke.write_text(JOKE)
    with serving(chains=(f"joke={joke}:build",)) as service:
        yield service


def printed(code: str, service: Served, python: str | Path = sys.executable) -> str:
    code = code.replace("http://localhost:8000", service.url)
    ran = subprocess.run(
        [python, "-c", code],
        env=environment(service.url, PYTHONWARNINGS="default"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("before", "after"),
    [(WHOLE_BY_OPENAI, STREAMED_BY_OPENAI), (WHOLE, STREAMED)],
    ids=["openai", "chainstream_client"],
)
def test_the_streamed_call_prints_what_the_whole_one_did(service: Served, before: str, after: str) -> None:
    whole = printed(before, service)
    assert "1591" in whole
    assert whole.strip() in printed(after, service)


@pytest.mark.needs("instructor")
def test_instructor_asks_the_service(service: Served) -> None:
    python = INSTRUCTOR / ".venv" / "bin" / "python"
    assert printed(INSTRUCTED, service, python).strip() == "name='Ann Lee' age=34"


def test_openais_sdk_parses_without_instructor(service: Served) -> None:
    assert printed(PARSED, service).strip() == "Person(name='Ann Lee', age=34)"


def test_a_job_fills_a_model_and_is_completed(service: Served) -> None:
    whole, *states, completed = printed(BILLED, service).splitlines()
    assert whole == states[-1] == "name='Ann Lee' age=34" and len(states) > 2
    assert completed == "completed"


def test_a_chain_of_langserve_is_asked_whole_and_streamed(service: Served) -> None:
    said = printed(CALLER, service)
    whole = said[: len(said) // 2].strip()
    assert len(whole) > 10 and said.count(whole) == 2
    refused = service.post("/runs/wait", b'{"chain": "joke", "input": {"subject": "bears"}}')
    assert refused.status == 422  # as LangServe's own types refuse it


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the package as the wheel has it (tests/project/test_wheel.py), and somebody's chain."""
    package = tmp_path / "chainstream"
    package.mkdir()
    for part in (*(ROOT / "service").iterdir(), ROOT / "chains"):
        (package / part.name).symlink_to(part)
    (tmp_path / "my_chain.py").write_text(MY_CHAIN)
    return tmp_path


@pytest.mark.needs("langchain-classic")
def test_the_handler_has_the_answer_of_an_agent_of_which_the_old_one_has_the_first_message(
    service: Served, installed: Path
) -> None:
    here = f"import sys, warnings; warnings.simplefilter('ignore'); sys.path.insert(0, {str(installed)!r})\n"
    old, new = (printed(here + code, service) for code in (OLD_HANDLER, HANDLER))
    assert old and new.startswith(old)
    assert "1591" in new and "1591" not in old
    changed = [line for line in HANDLER.splitlines() if line not in OLD_HANDLER.splitlines()]
    assert changed == ["from chainstream.callbacks import AsyncIteratorCallbackHandler"]


def test_the_routes_that_it_names_are_there() -> None:
    text = DOCUMENT.read_text()
    ours = re.findall(r"`(?:GET|POST) (/[^`? ]*)", text)
    paths = set(create_app(Settings(_env_file=None)).openapi()["paths"])
    theirs = {path for path in ours if path.startswith("/joke/")}
    assert len(theirs) > 3 and set(ours) - theirs <= paths

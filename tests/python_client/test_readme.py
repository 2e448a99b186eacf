"""The code in the package's README runs as it stands, but for the port."""

import re
from contextlib import redirect_stdout
from io import StringIO

import chainstream_client
import pytest

from tests.docs.documents import ROOT, blocks, commands
from tests.graphs.approving import SENT
from tests.serving import Served

README = ROOT / "clients" / "python" / "README.md"
CODE = blocks(README, "python")
SHOWS = [
    r"\[calculator: 37\*43 = 1591\].*\ncost 0\.0",
    r"^run\ntoken\n.*done\n",
    r"^run\n.*done\n3\n",
    r"^$",
    r"age=42.*\d+ None\n$",
]


@pytest.mark.parametrize(("code", "shows"), [*zip(CODE, SHOWS, strict=True)])
def test_an_example_shows_what_it_says(service: Served, code: str, shows: str) -> None:
    SENT.clear()
    with redirect_stdout(StringIO()) as shown:
        exec(code.replace("http://localhost:8000", service.url), {})  # noqa: S102 - ours
    assert re.search(shows, shown.getvalue(), re.DOTALL), shown.getvalue()
    assert SENT == (["ann: hi"] if "decide" in code else [])


def test_it_installs_as_it_says() -> None:
    assert commands(README) == [
        "pip install ./clients/python"
    ]  # as tests/python_client/test_installed.py does


def test_every_name_in_it_that_is_a_class_is_exported() -> None:
    named = set(re.findall(r"`([A-Z]\w+)\b", README.read_text())) - {"Retry"}
    assert len(named) > 15
    assert named - {"Retry-After"} - set(chainstream_client.__all__) == set()


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README.read_text()):
        assert (README.parent / target).exists(), target

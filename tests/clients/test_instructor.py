"""instructor on /v1: values of a class, whole and while they grow, from models and from chains."""

import itertools
import json
import subprocess
from typing import Any

import pytest

from tests.needs import INSTRUCTOR
from tests.serving import Served

pytestmark = pytest.mark.needs("instructor")

ANN = {"name": "Ann Lee", "age": 34, "email": "ann@example.com"}
ASKED = [
    "offline:demo=TOOLS",
    "offline:demo=JSON_SCHEMA",
    "chat@offline:demo=JSON_SCHEMA",
    "agent@offline:demo=JSON_SCHEMA",
]


@pytest.fixture(scope="module")
def answers(service: Served) -> dict[str, Any]:
    """All in one process, which takes seconds to start."""
    ran = subprocess.run(
        [
            *(INSTRUCTOR / ".venv" / "bin" / "python", "-W", "ignore", INSTRUCTOR / "asking.py"),
            *(f"{service.url}/v1", *ASKED),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(zip(ASKED, json.loads(ran.stdout), strict=True))


@pytest.mark.parametrize("asked", ASKED)
def test_a_value_comes_whole_and_in_partials_that_grow(answers: dict[str, Any], asked: str) -> None:
    told = answers[asked]
    assert told["whole"] == ANN
    for partials in (told["partials"], told["asynchronous"]):
        assert len(partials) > 3 and partials[-1] == ANN
        names = [each["name"] for each in partials if each.get("name")]
        assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(names))


def test_several_values_come_one_by_one(answers: dict[str, Any]) -> None:
    assert ANN in answers["offline:demo=TOOLS"]["several"]

"""The route that searches, over the whole app and a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.api.search import MAX_OFFSET
from service.app import create_app
from service.database import open_database
from service.database_url import parse_database_url
from service.migrations import migrate
from service.settings import Settings
from tests.history.runs import add, row

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    url = f"sqlite:///{tmp_path}/x.db"
    async with open_database(parse_database_url(url)) as database:
        await migrate(database)
        await add(database, *(row(number, f"fox {number}", "<b>an answer</b>") for number in range(5)))
    app = create_app(Settings(_env_file=None, database_url=url))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


async def test_a_search_answers_with_a_page_of_runs(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/search", params={"query": "fox answer", "limit": 2, "offset": 1})
    whole: dict[str, Any] = answer.json()
    first, second = whole.pop("items")
    assert answer.status_code == 200 and whole == {"total": 5, "limit": 2, "offset": 1}
    assert first["score"] > 0 and second["prompt"] == "fox 2"
    del first["score"]
    assert first == {
        "run_id": f"{3:026}",
        "thread_id": None,
        "prompt": "fox 3",
        "response": "<b>an answer</b>",
        "status": "succeeded",
        "model": "offline:small",
        "chain": "chat",
        "created_at": "2026-01-01T00:00:03+00:00",
        "snippet": "<mark>fox</mark> 3",
    }


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"query": "x", "limit": 0}, 422, "invalid_request"),
        ({"query": "x", "offset": MAX_OFFSET + 1}, 422, "invalid_request"),
        ({"query": "x" * 10_000}, 400, "bad_query"),
        ({"query": "x", "lang": "xx"}, 400, "unknown_lang"),
    ],
)
async def test_what_cannot_be_searched_is_a_problem_that_says_so(
    client: httpx2.AsyncClient, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = await client.get("/search", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("query", ["", '"', "(", "fox AND (", "\x00", "-", "or", "🎉"])
async def test_a_search_for_no_word_finds_nothing(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get("/search", params={"query": query})
    assert (answer.status_code, answer.json()["items"]) == (200, [])

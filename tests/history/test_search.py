"""Searching runs: the same table of cases on both databases, and no text that it cannot take."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from service.database import Database
from service.errors import InvalidRequest
from service.history import search as search_module
from service.history.search import SEARCHED_CHARS, SHOWN_CHARS, Found, search
from service.history.search_query import MAX_CHARS, MAX_WORDS, searched_text
from service.history.tables import RUNS
from tests.history.runs import BEGAN, add, add_thread, row

pytestmark = pytest.mark.anyio

# Each by its first letter; half is asked, half answered, so that words of one search lie in both.
TEXTS = {
    "a": ("What is the capital of France?", "Paris is the capital of France."),
    "b": ("Crème brûlée, s'il vous plaît", "Zoë's naïve café in Łódź"),
    "c": ("Read https://example.com/docs/a_b?x=1 for me", "Write to ann@example.org, it has co-operated"),
    "d": ("Running dogs run", "The dog ran 3.14 times; 42 cats were running too"),
    "e": ("Что такое данные?", "Йод и ДАННЫЕ"),
    "f": ("AND or NOT NEAR(x) \"quoted\" 'words' *", "NULL; DROP TABLE runs --"),
    "g": ("數據庫 한국어 검색", "資料, 東京タワー。 🎉 party"),
    "h": ("the quick brown fox", "jumps over the lazy dog"),
}

SIMPLE = [
    ("capital", "a"),
    ("CAPITAL france", "a"),
    ("france plait", ""),
    ("creme", "b"),
    ("crème BRULEE", "b"),
    ("cre\u0300me", "b"),
    ("cafe naive", "b"),
    ("example", "c"),
    ("example.com", "c"),
    ("ann@example.org", "c"),
    ("docs/a_b", "c"),
    ("co-operated", "c"),
    ("operated -example", ""),
    ("3.14", "d"),
    ("42", "d"),
    ("dog", "dh"),
    ("dogs", "d"),
    ("running", "d"),
    ("dog -fox", "d"),
    ("dog -the", ""),
    ("fox or capital", "ah"),
    ("fox OR france paris", "ah"),
    ("fox or france -paris", "h"),
    ("france -paris or fox", "h"),
    ('"quick brown"', "h"),
    ('"brown quick"', ""),
    ('dog -"lazy dog"', "d"),
    ('"lazy dog', "h"),
    ("данные", "e"),
    ("ЙОД", "e"),
    ("иод", ""),
    ("數據庫", "g"),
    ("한국어", "g"),
    ("party 資料", "g"),
    ("東京タワー", "g"),
    ("AND", "f"),
    ("or", ""),
    ("not near", "f"),
    ("table runs", "f"),
    ("'words'", "f"),
    ("quoted*", "f"),
    ('"or not"', "f"),
    ("prompt:france", ""),
    ("-france", ""),
    ("", ""),
    ('"', ""),
    ("🎉", ""),
    ("* ^ : ( ) { } + - '' \"\"", ""),
    ("\x00", ""),
    ("fox\x00dog", "h"),
    ("x" * MAX_CHARS, ""),
    ("or " * (MAX_CHARS // 3), ""),
]
ENGLISH = [
    ("runs", "df"),
    ("dogs", "dh"),
    ("jump", "h"),
    ('"run dog"', "d"),
    ("creme", "b"),
    ("the capital", "a"),
    ("capitals -fox", "a"),
    ("co-operate", "c"),
    ("данные", "e"),
]
INTEGRITY = "INSERT INTO search_LANG(search_LANG, rank) VALUES ('integrity-check', 1)"


@pytest.fixture
async def filled(database: Database) -> Database:
    await add(database, *(row(number, *texts) for number, texts in enumerate(TEXTS.values())))
    return database


async def found_by(database: Database, query: str, lang: str = "simple", owner: str = "") -> list[Found]:
    items, total = await search(database, query=query, owner=owner, limit=100, lang=lang)
    assert len(items) == total
    return items


def letters(items: list[Found]) -> str:
    return "".join(sorted("abcdefgh"[int(item.run_id)] for item in items))


async def test_the_same_is_found_on_either_database(filled: Database) -> None:
    for lang, cases in (("simple", SIMPLE), ("english", ENGLISH)):
        found = {query: letters(await found_by(filled, query, lang)) for query, _ in cases}
        assert found == dict(cases)


async def test_what_changes_and_goes_is_found_as_it_is_now(filled: Database) -> None:
    async with filled.writing() as connection:
        await connection.execute(
            RUNS.update().where(RUNS.c.run_id == f"{7:026}").values(response="a wolf", status="failed")
        )
        await connection.execute(RUNS.update().where(RUNS.c.run_id == f"{0:026}").values(status="failed"))
        await connection.execute(RUNS.delete().where(RUNS.c.run_id == f"{3:026}"))
    for query, expected in (("lazy", ""), ("wolf fox", "h"), ("times", ""), ("capital", "a")):
        assert letters(await found_by(filled, query)) == expected
        assert letters(await found_by(filled, query, "english")) == expected
    await check_index(filled)


async def test_a_run_is_found_while_it_waits_and_once_it_is_over(filled: Database) -> None:
    await add(filled, row(8, "an aardvark?", "", status="queued"))
    for status, answer, found in (
        ("queued", "", False),
        ("running", "aard", False),
        ("waiting", "aard", True),
        ("waiting", "an aardvark", True),
        ("running", "an aardvark eats", False),
        ("succeeded", "an aardvark eats", True),
        ("succeeded", "an aardvark eats ants", True),
    ):
        async with filled.writing() as connection:
            run = RUNS.update().where(RUNS.c.run_id == f"{8:026}")
            await connection.execute(run.values(status=status, response=answer))
        for word in {"aardvark", *answer.split()} - {"an", "aard"}:
            assert len(await found_by(filled, word)) == found
        await check_index(filled)


async def check_index(database: Database) -> None:
    """Raises where SQLite's index is not that of the texts."""
    if database.dialect == "sqlite":
        async with database.writing() as connection:
            for lang in search_module.LANGS:
                await connection.execute(text(INTEGRITY.replace("LANG", lang)))


async def test_only_the_owners_runs_are_found_and_counted(database: Database) -> None:
    await add(database, *(row(number, "mine or yours", "", owner=str(number % 2)) for number in range(10)))
    items, total = await search(database, query="mine", owner="1", limit=3)
    assert total == 5 and {int(item.run_id) % 2 for item in items} == {1}
    assert await found_by(database, "mine", owner="2") == []


async def test_the_best_comes_first_and_of_equals_the_newest(database: Database) -> None:
    await add(
        database,
        *(row(number, "filler", "of nothing in particular") for number in range(10)),
        row(10, "tell me of many things", "and a zebra " + "besides much else " * 50),
        row(11, "zebra", "zebra zebra"),
        *(row(number, "something", "one zebra here") for number in (12, 13)),
    )
    found = await found_by(database, "zebra")
    assert [int(item.run_id) for item in found] == [11, 13, 12, 10]
    scores = [item.score for item in found]
    assert scores == sorted(scores, reverse=True) and scores[-1] > 0


async def test_pages_follow_one_another_and_have_the_same_total(database: Database) -> None:
    await add(database, *(row(number, "word " * (number % 3 + 1), "x") for number in range(25)))
    whole = [item.run_id for item in await found_by(database, "word")]
    pages = [await search(database, query="word", owner="", limit=10, offset=at) for at in (0, 10, 20, 30)]
    assert [item.run_id for items, _ in pages for item in items] == whole
    assert [(len(items), total) for items, total in pages] == [(10, 25), (10, 25), (5, 25), (0, 25)]


async def test_of_very_many_the_newest_are_ranked_and_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "RANKED", 7)
    await add(database, *(row(number, "word", "x") for number in range(20)))
    assert [int(item.run_id) for item in await found_by(database, "word")] == [19, 18, 17, 16, 15, 14, 13]


async def test_a_snippet_has_the_words_as_they_were_written_and_only_marks(
    database: Database,
) -> None:
    script = "<script>alert('café & \"co\"')</script>"
    await add(database, row(1, "hi", f"before {script} after"), row(2, "x", f"{'lead ' * 200}{script}"))
    for found in await found_by(database, "cafe"):
        assert "&lt;script&gt;alert(&#x27;<mark>café</mark> &amp; &quot;co&quot;&#x27;)&lt;/" in found.snippet
        assert "<" not in found.snippet.replace("<mark>", "").replace("</mark>", "")
        assert len(found.snippet) < 400
    assert found.snippet.startswith("…" if found.run_id.endswith("2") else "before")


async def test_marks_of_the_texts_own_do_no_harm(database: Database) -> None:
    await add(database, row(1, "\x03 odd \x02", "\x02<b>fox</b>\x03 \x03\x02 fox <mark> \x02"))
    (found,) = await found_by(database, "fox")
    assert "<b>" not in found.snippet and found.snippet.count("<mark>") == found.snippet.count("</mark>") > 0


async def test_items_say_what_a_list_shows_with_long_texts_cut(database: Database) -> None:
    await add_thread(database, "t1")
    await add(database, row(1, "word " * 1000, "é" * 5000, thread_id="t1", model=None, status="failed"))
    (found,) = await found_by(database, "word")
    assert (len(found.prompt), found.response) == (SHOWN_CHARS, "é" * SHOWN_CHARS)
    assert (found.thread_id, found.model, found.status, found.chain) == ("t1", None, "failed", "chat")
    assert found.created_at == BEGAN + timedelta(seconds=1)
    assert found.created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "piece",
    [
        "\U00010330 ",
        "\U0001d552\U0001d553 ",
        "Ⱥ ",
        "a",
        "a-b",
        "/a",
        "\u0301",
        "e\u0301",
        "1.",
        "한",
        "\u1100\u1161",
    ],
)
async def test_texts_of_megabytes_are_kept_and_their_beginning_is_found(
    database: Database, piece: str
) -> None:
    """Of letters that take the most room too: a tsvector holds no more than 1 MB."""
    letters = [chr(0x10000 + number) for number in range(0x400) if chr(0x10000 + number).isalpha()]
    unique = " ".join(one + two for one in letters[:200] for two in letters[:200])
    long = "needle " + (piece * 2_000_000)[:2_000_000] + " last"
    await add(database, row(1, long, long), row(2, "needle " + unique[: SEARCHED_CHARS - 7], unique))
    assert [int(item.run_id) for item in await found_by(database, "needle")] in ([1, 2], [2, 1])
    assert await found_by(database, "last") == []


async def test_a_search_that_is_too_long_is_refused_with_the_bound(database: Database) -> None:
    with pytest.raises(InvalidRequest, match=f"{MAX_CHARS}"):
        await search(database, query="x" * 10_000, owner="", limit=1)
    with pytest.raises(InvalidRequest, match=f"{MAX_WORDS} words"):
        await search(database, query=" ".join(map(str, range(MAX_WORDS + 1))), owner="", limit=1)
    for joint in (" ", " or ", " -"):
        query = joint.join(map(str, range(MAX_WORDS)))
        assert await search(database, query=query, owner="", limit=1) == ([], 0)


async def test_an_unknown_language_is_refused_with_those_that_are_known(database: Database) -> None:
    with pytest.raises(InvalidRequest, match="simple, english"):
        await search(database, query="x", owner="", limit=1, lang="klingon'); DROP TABLE runs")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
QUERY = st.text(st.characters(), max_size=60) | st.lists(
    st.sampled_from(
        ["or", "-", '"', "fox", "AND", "NOT", "(", ")", "*", "NEAR", ":", "^", "é", " ", "\x00", "🎉"]
    ),
    max_size=12,
).map(" ".join)
UNHURRIED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(prompt=TEXT, query=QUERY, lang=st.sampled_from(["simple", "english"]))
@example(prompt='"', query='"" " -"" or -or', lang="simple")
@UNHURRIED
async def test_any_text_can_be_kept_and_any_text_asked_for(
    database: Database, prompt: str, query: str, lang: str
) -> None:
    async with database.writing() as connection:
        await connection.execute(RUNS.delete())
        await connection.execute(
            RUNS.insert(), row(1, prompt, query.encode(errors="ignore").decode().replace("\x00", ""))
        )
    for asked in (query, prompt):
        for found in await found_by(database, asked, lang):
            assert "<" not in found.snippet.replace("<mark>", "").replace("</mark>", "")


@pytest.mark.parametrize("dialect", [pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
@given(
    whole=st.text(
        st.characters(max_codepoint=0x3100, exclude_categories=["Cs", "Cn"], exclude_characters="\x00")
    )
)
@example(whole="Crème — Йод c\u0327\u0301 한국\u1100\u1161 …「」")
@UNHURRIED
async def test_the_server_searches_a_text_as_it_is_read_here(database: Database, whole: str) -> None:
    async with database.reading() as connection:
        there = await connection.scalar(text("SELECT search_text(CAST(:whole AS text))"), {"whole": whole})
        assert there == searched_text(whole)

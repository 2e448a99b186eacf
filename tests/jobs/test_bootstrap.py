"""`jobs bootstrap` makes what a first job needs; a second time it changes nothing."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.__main__ import main
from tests.jobs.working import Team, code_in
from tests.serving import serving

Said = tuple[dict[str, str], str]  # what a program reads of it, and what people do
Bootstrap = Callable[..., Said]


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/x.db"


@pytest.fixture
def bootstrap(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bootstrap:
    """The command, with these arguments."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", sys.path.copy())  # which gets the folder
    monkeypatch.setenv("DATABASE_URL", address)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr("sys.argv", ["service", "jobs", "bootstrap", *arguments])
        main()
        told = capsys.readouterr()
        return dict(line.split("=", 1) for line in told.out.splitlines()), told.err

    return run


def test_it_makes_a_team_a_key_and_a_group_that_work(bootstrap: Bootstrap, address: str) -> None:
    made, _ = bootstrap("--team", "red", "--credits", "2")
    assert list(made) == ["TEAM_ID", "MODEL_GROUP", "VIRTUAL_KEY"]
    assert (made["TEAM_ID"], made["MODEL_GROUP"]) == ("red", "chat-fast")
    with serving(database_url=address) as served:
        team = Team(served, "red", made["VIRTUAL_KEY"])
        job = team.create()
        team.call(job, group=made["MODEL_GROUP"])
        assert team.complete(job)["costs"]["credits_remaining"] == 1
        assert code_in(Team(served, "red", None).ask("GET", job)) == (401, "no_key")


def test_a_second_time_it_gives_neither_credits_nor_a_key_unless_one_is_wanted(bootstrap: Bootstrap) -> None:
    key = bootstrap()[0]["VIRTUAL_KEY"]
    again, said = bootstrap("--credits", "5")
    assert again == {"TEAM_ID": "demo", "MODEL_GROUP": "chat-fast"}
    assert "1000 credits" in said and key[:7] in said and key not in said
    another = bootstrap("--new-key")[0]["VIRTUAL_KEY"]
    assert another.startswith("cs_") and another != key


def test_what_cannot_be_is_told_in_one_sentence(bootstrap: Bootstrap, address: str) -> None:
    for arguments in (["--team", "a/b"], ["--team", ""], ["--credits", f"{10**16}"]):
        with pytest.raises(SystemExit, match=r"^A team"):
            bootstrap(*arguments)
    with serving(database_url=address), pytest.raises(SystemExit, match="POST /admin/teams"):
        bootstrap()

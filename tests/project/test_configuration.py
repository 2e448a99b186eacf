"""`config` tells the settings in effect: each with its source, none that is secret."""

import subprocess
import sys
from pathlib import Path

from service.settings import Settings
from tests.project.commands import users_environment
from tests.project.test_command import ELSEWHERE

CANARY = "canary-" + "4711" * 7


def told(folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "service", "config"],
        cwd=folder,
        env=users_environment(**ELSEWHERE, **settings),
        capture_output=True,
        text=True,
        check=False,
    )


def rows(text: str) -> dict[str, tuple[str, str]]:
    """Of each setting its value and its source."""
    parted = [line.partition("  # ") for line in text.splitlines()]
    pairs = [(setting.strip().partition("="), source.strip()) for setting, _, source in parted]
    return {name: (value, source) for (name, _, value), source in pairs}


def test_each_setting_is_told_with_what_it_is_and_where_that_comes_from(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PING_SECONDS=7\nMAX_STREAMS_PER_KEY=3\n")
    shown = rows(
        told(tmp_path, MAX_STREAMS_PER_KEY="4", cors_origins="https://a.example, https://b.example").stdout
    )
    assert list(shown) == [name.upper() for name in Settings.model_fields]
    assert shown["PING_SECONDS"] == ("7", ".env")
    assert shown["MAX_STREAMS_PER_KEY"] == ("4", "environment")
    assert shown["CORS_ORIGINS"] == ("https://a.example,https://b.example", "environment")
    assert shown["MAX_PROMPT_CHARS"] == ("200000", "default")


def test_no_secret_is_told_wherever_it_stands(tmp_path: Path) -> None:
    secrets = {
        name.upper(): CANARY
        for name, field in Settings.model_fields.items()
        if "Secret" in str(field.annotation)
    }
    secrets["REDIS_URL"] = f"redis://:{CANARY}@cache:6379"
    addresses = {
        "OPENAI_BASE_URL": f"https://me:{CANARY}@models.example/v1",
        "OLLAMA_HOST": f"http://{CANARY}@gpu:1",
    }
    said = told(tmp_path, **secrets, **addresses)
    assert len(secrets) > 5 and CANARY not in said.stdout + said.stderr
    shown = rows(said.stdout)
    assert all(shown[name] == ("(set, not shown)", "environment") for name in secrets)
    assert shown["OPENAI_BASE_URL"][0] == "https://…@models.example/v1"


def test_a_setting_that_is_wrong_is_told_in_one_sentence(tmp_path: Path) -> None:
    wrong = {
        "RATE_LIMIT_ROUTES": "/search",
        "TRUSTED_PROXIES": "10.0.0.1/8, proxy.example",
        "MAX_HEADERS": "many",
        "REDIS_URL": f"redis://:{CANARY}#@cache:6379",
    }
    for name, value in wrong.items():
        said = told(tmp_path, **{name: value})
        assert said.returncode != 0 and len(said.stderr.splitlines()) == 1
        assert name in said.stderr and ".env.example" in said.stderr and CANARY not in said.stderr

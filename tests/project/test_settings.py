"""The settings are told in full, and the same, in code, .env.example and README."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.settings import LogSettings, Settings

ROOT = Path(__file__).parents[2]


def spelled(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_env_example_lists_every_setting_with_its_default_and_nothing_else() -> None:
    listed = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    defaults = {name.upper(): spelled(field.default) for name, field in Settings.model_fields.items()}
    assert listed == defaults


def test_env_example_says_what_each_setting_is_for() -> None:
    text = (ROOT / ".env.example").read_text()
    for name, field in Settings.model_fields.items():
        assert f"# {field.description}\n# {name.upper()}=" in text


def test_the_readme_names_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in readme] == []


@pytest.mark.parametrize("written", ["WARNING", "Warning", "warning"])
def test_log_level_is_taken_as_python_writes_it_too(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", written)
    assert LogSettings().log_level == "warning"

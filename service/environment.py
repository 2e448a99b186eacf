"""What a process that serves has of its environment: the `.env` file, the current folder, the settings."""

import sys
from pathlib import Path

from dotenv import load_dotenv
from pydantic import ValidationError

from .settings import LogSettings, Settings


def enter_environment() -> Settings:
    """The settings; and the `.env` file is there for chains' clients too, the current folder for imports."""
    load_dotenv(".env")  # what the environment has stays
    if (here := str(Path.cwd())) not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    return read_settings()


def read_log_settings() -> LogSettings:
    """Those of LOG_JSON and LOG_LEVEL that are right: what is wrong with the others is told by them."""
    try:
        return LogSettings()
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors()}
        return LogSettings(**{name: LogSettings.model_fields[name].default for name in wrong})


def read_settings() -> Settings:
    """Where they are wrong, one sentence ends the process."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc'])).upper() or 'settings'}: {each['msg']}"
            for each in error.errors()
        )
        sys.exit(f"The settings are not right: {problems}. .env.example lists them all.")

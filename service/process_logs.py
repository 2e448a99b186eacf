"""The logs of this process, as its environment asks: opened before all else, so that all is told there."""

from .environment import read_log_settings
from .observability.logs import Logs


def open_logs() -> Logs:
    """Those that LOG_JSON and LOG_LEVEL ask for."""
    chosen = read_log_settings()
    return Logs(as_json=chosen.log_json, level=chosen.log_level)

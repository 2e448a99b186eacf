"""What one run may take: of time, and of room in its log."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds, 0 for none; sizes as their names say."""

    run_timeout: float
    first_token_timeout: float
    silence_timeout: float
    log_max_bytes: int
    output_max_chars: int
    tool_output_max_chars: int

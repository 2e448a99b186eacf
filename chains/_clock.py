"""The tool that tells the time: the date and time now in a time zone of the IANA database."""

from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from langchain_core.tools import StructuredTool, ToolException

MAX_NAME = 64


def tell_time(timezone: str = "UTC") -> str:
    """Tell the current date and time in a time zone: what time, day or date it is now in a place.

    Args:
        timezone: The IANA time zone, for example "Asia/Tokyo" or "America/New_York". UTC where left out.
    """
    zone = zone_named(timezone)
    return time_in(zone, datetime.now(UTC))


def time_in(zone: str, now: datetime) -> str:
    """The moment `now` as a clock on the wall of that zone shows it, with the distance to UTC."""
    local = now.astimezone(ZoneInfo(zone))
    offset = local.isoformat()[-6:]
    return f"It is {local:%H:%M:%S} on {local:%A}, {local.day} {local:%B %Y} in {zone} (UTC{offset})."


def zone_named(name: str) -> str:
    """The zone of this name, or of the city of this name. Raises ToolException that names close ones."""
    key = _key(name)
    if zone := _zones().get(key):
        return zone
    close = get_close_matches(key, _zones(), n=4, cutoff=0.7)
    hint = (
        ", ".join(dict.fromkeys(_zones()[match] for match in close)) or "Europe/Paris, America/New_York, UTC"
    )
    raise ToolException(f"There is no time zone {name[:MAX_NAME]!r}. Like it, or of its form: {hint}.")


def _key(name: str) -> str:
    return name[:MAX_NAME].strip().lower().replace(" ", "_")


@cache
def _zones() -> dict[str, str]:
    """Zones by full name and by city, in lower case; a city in several regions means the first of them."""
    names = sorted(available_timezones(), key=lambda name: ("/" not in name, name))
    cities = {_key(name.rpartition("/")[2]): name for name in reversed(names) if "/" in name}
    return cities | {_key(name): name for name in names}


current_time = StructuredTool.from_function(
    func=tell_time, name="current_time", parse_docstring=True, handle_tool_error=True
)

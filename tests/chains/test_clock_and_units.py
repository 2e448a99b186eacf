"""The clock and the conversion of units."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.tools import ToolException

from chains._clock import time_in, zone_named
from chains._units import convert

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_the_clock_tells_time_date_and_distance_to_utc() -> None:
    told = time_in("Asia/Tokyo", NOON)
    assert told == "It is 21:00:00 on Saturday, 21 November 2026 in Asia/Tokyo (UTC+09:00)."


@pytest.mark.parametrize(
    ("name", "zone"),
    [("Asia/Tokyo", "Asia/Tokyo"), ("Tokyo", "Asia/Tokyo"), ("new york", "America/New_York"), ("utc", "UTC")],
)
def test_a_zone_is_found_by_its_name_or_its_city(name: str, zone: str) -> None:
    assert zone_named(name) == zone


def test_an_unknown_zone_is_told_with_close_ones() -> None:
    with pytest.raises(ToolException, match=r"no time zone 'Tokio'.*Asia/Tokyo"):
        zone_named("Tokio")


@given(st.text(max_size=200))
def test_any_zone_is_found_or_refused(name: str) -> None:
    try:
        assert time_in(zone_named(name), NOON)
    except ToolException as refusal:
        assert "no time zone" in str(refusal)


@pytest.mark.parametrize(
    ("value", "source", "target", "shown"),
    [
        (5, "miles", "km", "5 miles = 8.04672 km"),
        (100, "fahrenheit", "celsius", "100 fahrenheit = 37.77777778 celsius"),
        (-40, "°C", "°F", "-40 °C = -40 °F"),
        (100, "F", "C", "100 F = 37.77777778 C"),
        (60, "mph", "km/h", "60 mph = 96.56064 km/h"),
        (1, "square feet", "square meters", "1 square feet = 0.09290304 square meters"),
        (1, "nautical miles", "km", "1 nautical miles = 1.852 km"),
        (2, "cups", "ml", "2 cups = 473.176473 ml"),
        (1, "sq ft", "m2", "1 sq ft = 0.09290304 m2"),
        (1, "GB", "MB", "1 GB = 1000 MB"),
    ],
)
def test_units_are_converted_by_the_names_that_people_use(
    value: float, source: str, target: str, shown: str
) -> None:
    assert convert(value, source, target) == shown


@pytest.mark.parametrize(
    ("value", "source", "target", "reason"),
    [
        (5, "dollars", "euros", "is a currency"),
        (5, "flurbs", "km", "no unit 'flurbs'"),
        (5, "kg", "km", "different kinds"),
        (float("inf"), "m", "km", "finite"),
        (9, "9**9**9 m", "km", "not the name of a unit"),
        (9, "1e999 m", "km", "not the name of a unit"),
        (9, "__import__('os')", "km", "not the name of a unit"),
        (9, "m" * 1_000_000, "km", "not the name of a unit"),
    ],
)
def test_what_is_no_unit_is_refused_with_the_reason(
    value: float, source: str, target: str, reason: str
) -> None:
    with pytest.raises(ToolException, match=reason):
        convert(value, source, target)


@given(st.text(max_size=60), st.text(alphabet="abcdefgkmst/^*23 °_()", max_size=30))
def test_any_unit_is_converted_or_refused(source: str, target: str) -> None:
    try:
        convert(1, source, target)
    except ToolException as refusal:
        assert str(refusal).startswith("Not converted")


def test_pint_is_not_imported_before_a_conversion() -> None:
    code = "import sys; from chains import agent; sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The table of limits says what the settings and the code say."""

import re

from service.access.limits import READS_PER_START
from service.access.parties import TEAM_SHARE
from service.access.window_counts import MOST
from service.api.bodies import MAX_DEPTH
from service.api.browsers import OPEN_FILES, OPEN_PATHS
from service.http_protocol import LONGEST_URL
from service.settings import Settings
from tests.docs.documents import ROOT
from tests.project.test_settings import spelled

DOCUMENT = (ROOT / "docs" / "limits.md").read_text()
ROWS = re.findall(r"^\| (.+?) \| (.*?) \| (.*?) \|", DOCUMENT, re.MULTILINE)
ELSEWHERE = {"provider_max_retries", "tool_output_max_chars", "run_logs_max_bytes"}  # they refuse nothing


def test_each_default_in_the_table_is_that_of_its_setting() -> None:
    for _, default, settings in ROWS:
        for name in re.findall(r"`([A-Z_]+)`", settings):
            shown = spelled(Settings.model_fields[name.lower()].default)
            assert shown in default or (shown == "0" and default == "none"), name


def test_every_setting_that_bounds_what_callers_do_is_in_the_table() -> None:
    named = {name.lower() for *_, settings in ROWS for name in re.findall(r"`([A-Z_]+)`", settings)}
    bounds = {name for name in Settings.model_fields if re.match(r"rate_limit|max_|.*_max_", name)}
    assert bounds - ELSEWHERE - {"rate_limit_enabled"} <= named


def test_what_no_setting_changes_is_as_in_the_code() -> None:
    assert READS_PER_START == TEAM_SHARE == 10 and DOCUMENT.count("ten times") == 2
    assert f"{LONGEST_URL} bytes" in DOCUMENT and f"{MAX_DEPTH} deep" in DOCUMENT and f"{MOST:,}" in DOCUMENT
    for path in OPEN_PATHS & {"/", "/docs", "/openapi.json", "/health"} | {f"{OPEN_FILES}*"}:
        assert f"`{path}`" in DOCUMENT

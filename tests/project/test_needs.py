"""The plugin for tests that need something which a machine may lack."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from tests import needs
from tests.needs import Part, chromium_path

pytest_plugins = ["pytester"]

ABSENT = Part(name="a crystal ball", present=lambda: False, install="sudo apt-get install -y crystal-ball")
PRESENT = Part(name="a table", present=lambda: True, install="sudo apt-get install -y table")
SENTENCE = "a crystal ball is not installed; install it with: sudo apt-get install -y crystal-ball"

TRIES = 100

Outcome = Callable[[str], pytest.RunResult]


@pytest.fixture
def pytester(pytester: pytest.Pytester) -> pytest.Pytester:
    """Puts the modules back as they were, again where a thread of another test's imports one meanwhile."""
    snapshot = pytester._sys_modules_snapshot
    restore = snapshot.restore

    def patiently() -> None:
        for _ in range(TRIES):
            with suppress(RuntimeError):
                return restore()
        restore()

    vars(snapshot)["restore"] = patiently
    return pytester


@pytest.fixture
def outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Runs a test file under the plugin, where "ball" is missing and "table" is not, and CI is not set."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr(needs, "NEEDS", {"ball": (PRESENT, ABSENT), "table": (PRESENT,)})

    def run(source: str) -> pytest.RunResult:
        pytester.makepyfile(f"import pytest\n\n{source}")
        return pytester.runpytest("-p", "tests.needs", "--strict-markers", "-p", "no:cacheprovider")

    return run


def test_a_test_runs_where_what_it_needs_is_there(outcome: Outcome) -> None:
    result = outcome("@pytest.mark.needs('table')\ndef test_it(): pass")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*install*")


def test_a_test_is_skipped_where_what_it_needs_is_missing(outcome: Outcome) -> None:
    result = outcome("@pytest.mark.needs('ball')\ndef test_it(): assert False\n\ndef test_other(): pass")
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == pytest.ExitCode.OK


def test_one_line_at_the_end_counts_the_skipped_tests_and_names_the_command(outcome: Outcome) -> None:
    result = outcome("""
@pytest.mark.needs("ball")
@pytest.mark.parametrize("n", range(3))
def test_it(n): pass
""")
    assert [line for line in result.outlines if "crystal" in line] == [f"3 tests skipped: {SENTENCE}"]


def test_a_single_test_is_counted_in_the_singular(outcome: Outcome) -> None:
    result = outcome("@pytest.mark.needs('ball')\ndef test_it(): pass")
    result.stdout.fnmatch_lines([f"1 test skipped: {SENTENCE}"])


@pytest.mark.needs("xdist")
def test_tests_that_run_side_by_side_are_counted_together(
    outcome: Outcome, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    pytester.makeini("[pytest]\naddopts = -p xdist --numprocesses 2")
    result = outcome("""
@pytest.mark.needs("make")
@pytest.mark.parametrize("n", range(4))
def test_it(n): pass
""")
    result.assert_outcomes(skipped=4)
    result.stdout.fnmatch_lines(["4 tests skipped: make is not installed; *"])


def test_no_fixture_starts_for_a_test_that_lacks_something(outcome: Outcome) -> None:
    result = outcome("""
@pytest.fixture(scope="session", autouse=True)
def browser(): raise RuntimeError("started without a browser")

@pytest.mark.needs("ball")
def test_it(browser): pass
""")
    result.assert_outcomes(skipped=1)


def test_the_marker_holds_for_a_whole_module(outcome: Outcome) -> None:
    outcome("pytestmark = pytest.mark.needs('ball')\n\ndef test_it(): pass").assert_outcomes(skipped=1)


def test_in_ci_a_test_fails_where_what_it_needs_is_missing(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = outcome("@pytest.mark.needs('ball')\ndef test_it(): pass")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"*Nothing may be skipped in CI*{SENTENCE}", f"1 test failed: {SENTENCE}"])


@pytest.mark.parametrize(
    "source",
    [
        "def test_it(): pytest.skip('not today')",
        "@pytest.mark.skip(reason='not today')\ndef test_it(): pass",
        "@pytest.mark.skipif(True, reason='not today')\ndef test_it(): pass",
        "@pytest.fixture\ndef day(): pytest.skip('not today')\n\ndef test_it(day): pass",
        "pytest.skip('not today', allow_module_level=True)",
    ],
    ids=["inside", "marked", "conditionally", "in a fixture", "whole module"],
)
def test_in_ci_a_skip_for_any_reason_fails_and_says_why(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("CI", "true")
    result = outcome(source)
    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    result.stdout.fnmatch_lines(["*Nothing may be skipped in CI*not today*"])


def test_in_ci_an_expected_failure_is_no_skip(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    outcome("@pytest.mark.xfail\ndef test_it(): assert False").assert_outcomes(xfailed=1)


@pytest.mark.parametrize("off", ["", "0", "false"])
def test_ci_switched_off_is_no_ci(outcome: Outcome, monkeypatch: pytest.MonkeyPatch, off: str) -> None:
    monkeypatch.setenv("CI", off)
    outcome("def test_it(): pytest.skip('not today')").assert_outcomes(skipped=1)


def test_a_need_that_the_table_does_not_have_is_an_error_that_lists_the_table(outcome: Outcome) -> None:
    result = outcome("@pytest.mark.needs('tabel')\ndef test_it(): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs('tabel'): tests/needs.py knows only ball, table"])


@pytest.mark.parametrize("browser", needs.BROWSERS)
def test_chromium_is_found_under_each_of_its_names(
    browser: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", str(folder))
    assert chromium_path() is None
    (folder / browser).touch(mode=0o755)
    assert chromium_path() == str(folder / browser)


def test_what_a_python_package_lacks_is_installed_by_the_lock_of_developers() -> None:
    browser, package = needs.NEEDS["chromium"]
    assert str(browser).endswith(" chromium")
    assert str(package) == "playwright is not installed; install it with: pip install -r requirements-dev.txt"

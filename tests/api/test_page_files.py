"""The files of the page: kept for ever at an address with their version, asked for anew at any other."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api import pages
from service.api.file_version import FileVersion
from tests.serving import Served, serving

HTML = {"Accept": "text/html"}
FOREVER = "public, max-age=31536000, immutable"
OTHER = "0123456789abcdef"  # a version that no files of ours have


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of static/, to change."""
    copy = tmp_path / "static"
    shutil.copytree(pages.STATIC, copy)
    monkeypatch.setattr(pages, "STATIC", copy)
    return copy


@pytest.fixture
def changing(folder: Path) -> Iterator[Served]:
    with serving() as changing:
        yield changing


def addresses_on(served: Served, page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(static/[^"]+)"', served.get(page, HTML).text)


def version_on(served: Served, page: str = "/") -> str:
    (version,) = {address.split("/")[1] for address in addresses_on(served, page)}
    return version


def kept_for(served: Served, path: str) -> str:
    answer = served.get(path)
    assert (answer.status, answer.headers["x-content-type-options"]) == (200, "nosniff")
    return answer.headers["cache-control"]


def edit(file: Path, text: str) -> None:
    """With a time of its own, however coarse the clock of the file system is."""
    before = file.stat().st_mtime_ns
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000, before + 1_000_000))


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_a_pages_own_files_have_one_version_in_their_addresses_and_are_kept_for_ever(
    served: Served, page: str
) -> None:
    addresses = addresses_on(served, page)
    assert len(addresses) >= 4
    assert {address.split("/")[1] for address in addresses} == {version_on(served)}
    assert re.fullmatch("[0-9a-f]{16}", version_on(served))
    assert {kept_for(served, f"/{address}") for address in addresses} == {FOREVER}
    assert served.get(page, HTML).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("folder_of", ["/static", f"/static/{OTHER}"])
@pytest.mark.parametrize("name", ["app.js", "vendor/swagger-ui/swagger-ui-bundle.js"])
def test_without_the_version_a_file_is_asked_for_anew_and_not_sent_again(
    served: Served, folder_of: str, name: str
) -> None:
    first = served.get(f"{folder_of}/{name}")
    assert (first.status, first.headers["cache-control"]) == (200, "no-cache")
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.body == (pages.STATIC / name).read_bytes()
    again = served.get(f"{folder_of}/{name}", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.headers["cache-control"]) == (304, "no-cache")


def test_with_the_version_too_a_file_that_is_known_is_not_sent_again(served: Served) -> None:
    path = f"/static/{version_on(served)}/app.js"
    again = served.get(path, {"If-None-Match": served.get(path).headers["etag"]})
    assert (again.status, again.headers["cache-control"]) == (304, FOREVER)


def test_after_an_edit_the_page_leads_to_it_and_an_open_page_goes_on(folder: Path, changing: Served) -> None:
    before = version_on(changing)
    edit(folder / "tabs.js", "changed();")
    after = version_on(changing)
    assert after != before
    assert changing.get(f"/static/{after}/tabs.js").text == "changed();"
    assert kept_for(changing, f"/static/{after}/tabs.js") == FOREVER
    assert kept_for(changing, f"/static/{before}/tabs.js") == "no-cache"
    assert kept_for(changing, f"/static/{before}/app.js") == "no-cache"


def test_an_edit_is_not_kept_at_the_address_of_what_was_there_before(folder: Path, changing: Served) -> None:
    """Also while nobody has asked for the page since: contents never stay where others belong."""
    before = version_on(changing)
    edit(folder / "tabs.js", "changed();")
    assert changing.get(f"/static/{before}/tabs.js").text == "changed();"
    assert kept_for(changing, f"/static/{before}/tabs.js") == "no-cache"
    (folder / "new.js").write_text("")
    assert kept_for(changing, f"/static/{before}/new.js") == "no-cache"
    assert kept_for(changing, f"/static/{before}/app.js") == FOREVER


def test_a_file_is_kept_for_ever_also_from_a_replica_that_nobody_asked_for_the_page(
    served: Served, folder: Path, changing: Served
) -> None:
    for name in folder.glob("*.js"):
        os.utime(name, ns=(1, 1))  # a replica has its files from another day
    assert kept_for(changing, f"/static/{version_on(served)}/app.js") == FOREVER


def test_files_that_are_the_same_have_one_version_and_others_have_others(tmp_path: Path) -> None:
    def version_of(name: str, **contents: str) -> str:
        folder = tmp_path / name
        (folder / "deep").mkdir(parents=True)
        for file, content in contents.items():
            (folder / "deep" / file).write_text(content)
        return FileVersion(folder).newest()

    first = version_of("first", a="1", b="2")
    os.utime(tmp_path / "first" / "deep" / "a", ns=(1, 1))
    assert FileVersion(tmp_path / "first").newest() == version_of("second", a="1", b="2") == first
    others = [{"a": "1"}, {"a": "2", "b": "1"}, {"a": "12", "b": ""}, {"a": "1", "c": "2"}, {}]
    versions = {version_of(str(n), **contents) for n, contents in enumerate(others)}
    assert len(versions | {first}) == len(others) + 1


def test_files_are_read_again_only_where_one_looks_changed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    version = FileVersion(tmp_path)
    before, time = version.newest(), file.stat().st_mtime_ns
    file.write_text("2")
    os.utime(file, ns=(time, time))
    assert version.newest() == before
    os.utime(file, ns=(time, time + 1_000_000))
    assert version.newest() != before


def test_what_an_editor_leaves_beside_a_file_is_no_obstacle(folder: Path, changing: Served) -> None:
    before = version_on(changing)
    (folder / ".#app.js").symlink_to("nobody@nowhere")
    (folder / "empty").mkdir()
    assert version_on(changing) == before
    assert kept_for(changing, f"/static/{before}/app.js") == FOREVER


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nowhere.js",
        "/vendor",
        "/{version}/app.js",
        "//etc/passwd",
        "/../../pyproject.toml",
        "/../../../pyproject.toml",
        "/%2e%2e/%2e%2e/pyproject.toml",
        "/..%2f..%2fpyproject.toml",
        "/vendor/../../pyproject.toml",
        "/vendor/../../../pyproject.toml",
    ],
)
def test_a_version_leads_to_no_file_that_is_not_of_the_page(served: Served, path: str) -> None:
    version = version_on(served)
    answer = served.get(f"/static/{version}{path.format(version=version)}")
    assert (answer.status, answer.headers.get("cache-control")) == (404, None)


def test_a_file_with_a_version_is_as_open_as_one_without(served: Served) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    with serving(api_key="a-key-of-this-test") as keyed:
        answer = keyed.get(f"/static/{version_on(keyed)}/app.js", foreign)
    assert (answer.status, answer.headers["cache-control"]) == (200, FOREVER)
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"

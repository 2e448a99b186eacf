"""What exists is documented: routes, events, formats, chains, error codes, make targets."""

import re
from dataclasses import fields
from typing import cast, get_args

from starlette.routing import WebSocketRoute

from service.api import websocket
from service.api.socket_messages import Said
from service.app import create_app
from service.events import EVENTS
from service.providers import PROVIDERS
from service.settings import Settings
from service.wire import FORMATS
from tests.docs.documents import ROOT

PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
README = (ROOT / "README.md").read_text()


def test_every_event_and_each_of_its_fields_is_in_the_protocol() -> None:
    rows = [line for line in PROTOCOL.splitlines() if line.startswith("| `")]
    for name, event in EVENTS.items():
        row = next(line for line in rows if f"`{name}`" in line.split(" | ")[0])
        for field in {field.name for field in fields(event)} - {*getattr(event, "local", ())}:
            assert field == "t" or field.removesuffix("_") in row, (name, field)


def test_every_format_is_in_the_protocol_and_in_the_readme() -> None:
    for name in FORMATS:
        assert f"| `{name}` |" in PROTOCOL and f"| `{name}` |" in README


def test_every_route_is_in_the_protocol() -> None:
    app = create_app(Settings(_env_file=None))
    for path in app.openapi()["paths"]:
        assert path.replace("{run_id}", "{id}") in PROTOCOL, path


def test_every_websocket_and_what_it_says_is_in_the_protocol() -> None:
    (route,) = websocket.router.routes
    assert f"`WS {cast(WebSocketRoute, route).path}`" in PROTOCOL
    for message in get_args(get_args(Said)[0]):
        (kind,) = get_args(message.model_fields["type"].annotation)
        (row,) = [line for line in PROTOCOL.splitlines() if line.startswith(f'| `{{"type": "{kind}"')]
        assert [name for name in message.model_fields if name not in row] == []


def test_every_code_that_ends_a_run_is_in_the_protocol() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    executions = (ROOT / "service" / "executor" / "execution.py").read_text()
    codes = re.findall(r'RunFailed\(\s*"(\w+)"', sources) + re.findall(r'"(\w+_timeout)"', executions)
    assert len(codes) > 7
    assert [code for code in codes if f"`{code}`" not in PROTOCOL] == []


def test_every_provider_and_each_code_of_a_failed_call_is_in_its_document() -> None:
    document = (ROOT / "docs" / "providers.md").read_text()
    for provider in PROVIDERS.values():
        row = next(line for line in document.splitlines() if f"`{provider.default}`" in line)
        assert all(f"`{name}`" in row for name in (provider.key, provider.url) if name)
    source = (ROOT / "service" / "provider_failures.py").read_text()
    source += (ROOT / "service" / "providers" / "checked.py").read_text()
    codes = set(re.findall(r'RunFailed\(\s*"(\w+)"', source))
    assert len(codes) > 10
    assert [code for code in codes if f"| `{code}` |" not in document] == []


def test_links_between_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", ROOT / "AGENTS.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"

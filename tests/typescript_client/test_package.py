"""The package itself: its unit tests, its types, which are the service's, and that it installs elsewhere."""

import shutil
from pathlib import Path

import orjson
import pytest

from service.app import create_app
from service.settings import Settings
from tests.docs.documents import blocks
from tests.typescript_client.package import MODULES, PACKAGE, run, tsc, vitest

pytestmark = pytest.mark.needs("typescript-client")

USES_ALL = """
import { ProblemError, streamChat, streamChatSSE, WebSocketChat } from "chainstream-client";
import type { ChatState, RunEvent } from "chainstream-client";

const tools = (state: ChatState): string[] => state.toolCalls.map((call) => call.name);
const onEvent = (event: RunEvent): void => {
  if (event.event === "tool_end") console.log(event.data.tool_call_id, event.data.duration_ms.toFixed());
};
const onToken = (text: string): void => console.log(text);
export const asked: Promise<string[]> = streamChat("hi", onToken, { onEvent }).then(tools);
const run = { chain: "agent", params: { temperature: 0 } };
export const failed = streamChatSSE("hi", onToken, { run }).catch((error: unknown) => {
  return error instanceof ProblemError ? error.status : null;
});
const chat = new WebSocketChat("ws://localhost:8000/ws/me", console.log, (state, error) => {
  console.log(state.content, error?.code);
});
chat.send("hi");
chat.cancel();
chat.close();
// @ts-expect-error: there is no such option
void streamChat("hi", console.log, { run: { chian: "agent" } });
"""
USES_HOOK = """
import { useStreamingChat } from "chainstream-client/react";

export function useLength(): number {
  const { content, toolCalls, isStreaming, error, send, cancel, reset, resume } = useStreamingChat({
    onToken: (text) => console.log(text.length),
    onDone: ({ status }) => console.log(status),
    onError: ({ message }) => console.log(message),
  });
  void [toolCalls[0]?.name, isStreaming, error?.message, send("hi"), cancel(), reset(), resume()];
  return content.length;
}
"""
IMPORTS = """
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Fold, streamChat, streamChatSSE, WebSocketChat } from "chainstream-client";

for (const each of [Fold, streamChat, streamChatSSE, WebSocketChat]) assert.equal(typeof each, "function");
await assert.rejects(import("chainstream-client/react"), /Cannot find package 'react'/); // an optional peer
await assert.rejects(import("chainstream-client/dist/fold.js"), /not defined by "exports"/);
const { version } = JSON.parse(readFileSync("node_modules/chainstream-client/package.json", "utf8"));
const nowhere = { baseUrl: "http://127.0.0.1:1", retries: 0 };
await assert.rejects(streamChat("hi", () => {}, nowhere), { code: "unreachable" });
console.log(version);
"""
STRICT = {
    "module": "NodeNext",
    "target": "ES2022",
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "exactOptionalPropertyTypes": True,
    "skipDefaultLibCheck": True,  # those of the compiler; what is installed is checked
    "noEmit": True,
}


def test_its_unit_tests_pass(tmp_path: Path) -> None:
    results = vitest(tmp_path / "results.json")
    assert len(results) > 80
    assert {name: error for name, error in results.items() if error} == {}


def test_its_source_and_tests_are_of_the_types_that_they_say() -> None:
    tsc()


def test_its_types_are_those_of_the_service() -> None:
    document = create_app(Settings(_env_file=None)).openapi()
    made = run("node", "scripts/generate.mjs", given=orjson.dumps(document))
    assert made.decode() == (PACKAGE / "src" / "schema.ts").read_text(), (
        "the service's schemas have changed: make schema"
    )


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm pack` makes, built from a copy of the source."""
    source = tmp_path_factory.mktemp("source")
    for name in ("package.json", "tsconfig.json", "tsconfig.build.json", "README.md", "LICENSE"):
        shutil.copy(PACKAGE / name, source)
    shutil.copytree(PACKAGE / "src", source / "src")
    (source / "node_modules").symlink_to(MODULES)
    run("npm", "pack", "--silent", cwd=source)
    (archive,) = source.glob("*.tgz")
    return archive


@pytest.fixture(scope="module")
def elsewhere(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with the package and the one that it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "package.json").write_text('{"type": "module"}')
    needed = MODULES / "eventsource-parser"
    run("npm", "install", "--offline", "--install-links", "--silent", packed, needed, cwd=folder)
    return folder


def test_it_holds_what_it_exports_and_nothing_besides(elsewhere: Path) -> None:
    installed = elsewhere / "node_modules" / "chainstream-client"
    names = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert {"package.json", "README.md", "LICENSE", "dist/index.js", "dist/react.d.ts"} <= names
    assert all(name.startswith("dist/") for name in names - {"package.json", "README.md", "LICENSE"})
    assert orjson.loads((installed / "package.json").read_bytes())["dependencies"].keys() == {
        "eventsource-parser"
    }
    listed = {path.name for path in (elsewhere / "node_modules").iterdir() if not path.name.startswith(".")}
    assert listed == {"chainstream-client", "eventsource-parser"}


def test_it_is_imported_from_an_empty_folder(elsewhere: Path) -> None:
    (elsewhere / "program.js").write_text(IMPORTS)
    version = orjson.loads((PACKAGE / "package.json").read_bytes())["version"]
    assert run("node", "program.js", cwd=elsewhere).decode() == f"{version}\n"


def checked(folder: Path, elsewhere: Path, kind: str, files: dict[str, str]) -> None:
    """A strict program of these files, with the types of browsers and React, or of Node.js and no DOM."""
    modules = folder / "node_modules"
    (modules / "@types").mkdir(parents=True)
    for name in ("chainstream-client", "eventsource-parser"):
        (modules / name).symlink_to(elsewhere / "node_modules" / name)
    in_node = kind == "node"
    for name in ["@types/node", "undici-types"] if in_node else ["@types/react", "csstype"]:
        (modules / name).symlink_to(MODULES / name)
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "package.json").write_text('{"type": "module"}')
    options = STRICT | {
        "lib": ["ES2022"] if in_node else ["ES2022", "DOM"],
        "types": ["node"] if in_node else [],
        "jsx": "react-jsx",
        "preserveSymlinks": True,
    }
    (folder / "tsconfig.json").write_bytes(orjson.dumps({"compilerOptions": options, "files": list(files)}))
    tsc(cwd=folder)


def test_a_strict_program_in_node_is_checked_against_its_types(elsewhere: Path, tmp_path: Path) -> None:
    checked(tmp_path, elsewhere, "node", {"program.ts": USES_ALL})


def test_so_is_one_for_browsers_and_all_that_its_readme_shows(elsewhere: Path, tmp_path: Path) -> None:
    readme = PACKAGE / "README.md"
    shown = [(kind, text) for kind in ("ts", "tsx") for text in blocks(readme, kind)]
    assert len(shown) == readme.read_text().count("```ts")
    files = {f"shown{at}.{kind}": text for at, (kind, text) in enumerate(shown)}
    checked(tmp_path, elsewhere, "browser", {"program.ts": USES_ALL, "hook.ts": USES_HOOK} | files)

"""The client of docs/ag-ui.md, as it stands there, over connections that break."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.test_ag_ui import NODE, numbered
from tests.docs.documents import ROOT, blocks
from tests.serving import Served, serving

pytestmark = pytest.mark.needs("node")

CHAINS = ("tests.graphs.approving:mailer", "tests.served_chains:numbered_agent")

# Connections end early, some in the middle of a frame, the first before any; the client does not wait then.
CUTTING = """
const whole = globalThis.fetch;
let connections = 0;
process.on("exit", () => connections > 3 || process.exit(9)); // else nothing was shown
globalThis.fetch = async (...request) => {
  const response = await whole(...request);
  if (!response.ok || response.status === 204 || ++connections % 9 === 0) return response;
  let left = connections * 200;
  const cut = new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) BROKEN;
    },
  });
  return new Response(response.body.pipeThrough(cut), { headers: response.headers });
};
const later = globalThis.setTimeout;
globalThis.setTimeout = (then, after, ...more) => later(then, after === 200 ? 0 : after, ...more);
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(chains=CHAINS) as served:
        yield served


def run(tmp_path: Path, served: Served, chain: str, content: str, said: str = "", cutting: str = "") -> str:
    (example,) = blocks(ROOT / "docs" / "ag-ui.md", "js")
    program = NODE / f".example-{tmp_path.name}.mjs"  # beside the node_modules that it imports from
    before = tmp_path / "before.mjs"
    before.write_text(CUTTING.replace("BROKEN", cutting) if cutting else "")
    program.write_text(example)
    try:
        ended = subprocess.run(
            ["node", "--import", str(before), program.name, f"{served.url}/ag-ui/{chain}", content],
            cwd=NODE,
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        program.unlink()
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("cutting", ["", "controller.terminate()", "controller.error(new Error('cut'))"])
def test_it_shows_a_whole_run_however_its_connections_end(
    tmp_path: Path, served: Served, cutting: str
) -> None:
    shown = run(tmp_path, served, "numbered_agent", "tool=gated tokens=9", cutting=cutting)
    assert shown == f"[gated] {{ prompt: 'gated tokens=9' }}\n[=] let through\n{numbered(9)}\n"


def test_it_asks_a_person_and_goes_on_with_the_answer(tmp_path: Path, served: Served) -> None:
    shown = run(tmp_path, served, "mailer", "write", said="y\n")
    assert shown == "[send_email] { to: 'ann', body: 'hi' }\n[=] sent to ann\nAll done. \n"
    refused = run(tmp_path, served, "mailer", "write", said="n\n")
    assert "[=] sent to ann" not in refused
    assert refused.endswith("All done. \n")

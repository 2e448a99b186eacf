"""The story of a job in docs/jobs.md works as it stands, but for the port, and names all that is told."""

import re
import subprocess

import orjson

from service.jobs.costs import JobCall, JobCosts
from tests.docs.documents import ROOT, blocks
from tests.serving import Served

DOCUMENT = ROOT / "docs" / "jobs.md"


def test_the_commands_of_a_job_work_one_after_the_other(served: Served) -> None:
    (script,) = blocks(DOCUMENT, "bash")
    ended = subprocess.run(
        ["bash", "-ec", script.replace("localhost:8000", f"127.0.0.1:{served.port}")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "data: [DONE]" in ended.stdout and '"detail"' not in ended.stdout
    assert '"metadata":{"file":"a.pdf","pages":12}' in ended.stdout
    costs = orjson.loads(ended.stdout[ended.stdout.rindex('{"job_id"') :])["costs"]
    assert (costs["total_calls"], costs["credit_applied"]) == (2, True)


def test_every_field_of_a_completion_and_every_code_of_jobs_is_in_the_document() -> None:
    document = DOCUMENT.read_text()
    names = [*JobCosts.__annotations__, *JobCall.__annotations__]
    assert [name for name in names if f'"{name}"' not in document] == []
    sources = [ROOT / "service" / "jobs" / f"{name}.py" for name in ("jobs", "model_groups")]
    sources.append(ROOT / "service" / "api" / "jobs.py")
    codes = re.findall(
        r'(?:Conflict|NotFound|NoCredits|TooLarge|Forbidden|Overloaded)\("(\w+)"',
        "".join(map(str, [source.read_text() for source in sources])),
    )
    assert len(codes) > 8
    assert [code for code in codes if f" {code}`" not in document and code != "model_group_exists"] == []

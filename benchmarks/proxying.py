"""What a call costs that is only passed on, through /v1 and through LiteLLM's proxy, to the same provider."""

from dataclasses import replace
from statistics import median

from .chain import MODEL
from .cpu import resident_mb
from .environments import Missing, litellm_python
from .outcome import put
from .processes import ROOT, Cores
from .sizes import Sizes
from .systems import OURS, System, serving, uvicorn
from .table import figure, markdown

ASKED = f"openai:{MODEL}"

PROXYING = replace(
    OURS,
    posts="/v1/chat/completions",
    asks=lambda prompt: {
        "model": ASKED,
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
    },
)
LITELLM = replace(
    PROXYING,
    name="LiteLLM's proxy",
    command=uvicorn("litellm.proxy.proxy_server:app"),
    env={
        "CONFIG_FILE_PATH": str(ROOT / "benchmarks" / "litellm.yaml"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # it would fetch prices
        "LITELLM_LOG": "ERROR",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # ours asks for no key either
    },
)


def proxying(sizes: Sizes, cores: Cores) -> str:
    """The table: a row a system, the medians of its runs, and the ratio taken within each run."""
    try:
        systems = [replace(LITELLM, python=litellm_python(install=sizes.installs)), PROXYING]
    except Missing as why:
        return f"### A call that is passed on\n\nLeft out, since LiteLLM's proxy is not here: {why}.\n"
    runs = [[_measure(system, sizes, cores) for system in systems] for _ in range(sizes.runs)]
    columns = list(runs[0][0])
    rows = [
        [system.name, *(figure(median(run[at][column] for run in runs)) for column in columns)]
        for at, system in enumerate(systems)
    ]
    ratios = [f"{median(run[1][column] / run[0][column] for run in runs):.2f}" for column in columns]
    title = f"A call that is passed on, medians of {sizes.runs}"
    return markdown(title, ["", *columns], [*rows, ["ours / LiteLLM's proxy", *ratios]])


def _measure(system: System, sizes: Sizes, cores: Cores) -> dict[str, float]:
    with serving(system, cores) as server:
        put(sizes.warm_up, system, server)
        together = put(sizes.together, system, server)
        unpaced = put(sizes.unpaced, system, server)
        paced = put(sizes.paced, system, server)
        return {
            f"CPU µs/token, {unpaced.load.name}": unpaced.us_per_token,
            f"CPU µs/token, {paced.load.name}": paced.us_per_token,
            "CPU ms/run of one token": together.ms_per_run,
            f"first token ms, {together.load.streams} at once": together.first_ms,
            "RSS MB": resident_mb(server.pid),
        }

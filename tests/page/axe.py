"""axe-core in a tab: what it finds of weight."""

from functools import cache
from pathlib import Path

from tests.page.tab import Tab

VENDORED = Path(__file__).parent / "vendor" / "axe-core"
RUN = """
async (rules) => {
    const only = rules.length ? { runOnly: { type: "rule", values: rules } } : {};
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...only });
    return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary: how }) => `${id}: ${html} ${how}`));
}
"""


@cache
def _axe() -> str:
    return (VENDORED / "axe.min.js").read_text()


def grave_findings(tab: Tab, *rules: str) -> list[str]:
    """What axe calls serious or critical, a sentence for each element; by these rules, or by all."""
    if not tab.page.evaluate("'axe' in window"):
        tab.page.evaluate(_axe())  # not bound by the page's policy, as a script element would be
    return list(tab.page.evaluate(RUN, rules))

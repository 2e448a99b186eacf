"""What deploy/ has asks only for what there is: each metric and label, as a service really exposes them."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.installed import ROOT
from tests.observability.alert_cases import CASES, promtool_tests
from tests.observability.exposed import Exposed, wait_for
from tests.observability.promql import Query
from tests.observability.traffic import busy_service

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "chainstream.json").read_text())
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
OF_PROMETHEUS = {"job", "instance"}  # labels that it puts on what it scrapes
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}


@pytest.fixture(scope="module")
def exposed() -> Iterator[Exposed]:
    with busy_service() as served:
        yield wait_for(
            served,
            lambda now: (
                now.sum("chainstream_event_loop_lag_seconds_count") > 0
                and now.sum("chainstream_readers_dropped_total") > 0
            ),
        )


def targets() -> list[tuple[str, str, str]]:
    """Of each panel's queries: the panel's title, the expression, the legend."""
    return [
        (panel["title"], each["expr"], each["legendFormat"]) for panel in PANELS for each in panel["targets"]
    ]


def check(exposed: Exposed, expression: str) -> Query:
    query = Query.of(expression)
    assert query.metrics, expression
    known: set[str] = set(OF_PROMETHEUS)
    for name, labels in query.metrics.items():
        assert name == "up" or name in exposed.samples, f"{name} is not exposed: {expression}"
        has = exposed.labels_of(name) | OF_PROMETHEUS
        assert labels <= has, f"{name} has no {labels - has}: {expression}"
        known |= has
    assert query.groupings <= known, f"nothing has {query.groupings - known}: {expression}"
    return query


def test_every_query_of_the_dashboard_asks_for_what_is_exposed(exposed: Exposed) -> None:
    assert len(targets()) > 20
    for title, expression, legend in targets():
        query = check(exposed, expression)
        kept = query.groupings if query.groupings - {"le"} else query.groupings | OF_PROMETHEUS
        assert set(re.findall(r"{{(\w+)}}", legend)) <= kept, title


def test_every_alert_asks_for_what_is_exposed_and_tells_of_labels_that_it_has(exposed: Exposed) -> None:
    for alert in ALERTS:
        query = check(exposed, alert["expr"])
        told = set(re.findall(r"\$labels\.(\w+)", " ".join(alert["annotations"].values())))
        assert told <= (query.groupings or OF_PROMETHEUS), alert["alert"]


def test_every_value_that_is_asked_for_is_one_that_there_is(exposed: Exposed) -> None:
    """A label's value that nothing has makes an alert that never fires."""
    later = {"budget", "5..", "queued"}  # not in this traffic, but each in a test of its own
    texts = [alert["expr"] for alert in ALERTS] + [expression for _, expression, _ in targets()]
    for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", " ".join(texts)):
        for label, value in re.findall(r'(\w+)=~?"([^"$.][^"$]*)"', matchers):
            if label != "job" and value not in later:
                assert value in exposed.values_of(name, label), (name, label, value)


def test_alerts_say_how_grave_they_are_and_what_to_do() -> None:
    assert len({alert["alert"] for alert in ALERTS}) == len(ALERTS) > 8
    for alert in ALERTS:
        assert alert["alert"].startswith("Chainstream")
        assert alert["labels"]["severity"] in ("critical", "warning", "info")
        assert len(alert["annotations"]["summary"]) < 80 < len(alert["annotations"]["description"])
        assert 'job="chainstream"' in alert["expr"]
        for document in re.findall(r"docs/\w+\.md", alert["annotations"]["description"]):
            assert (ROOT / document).exists()


def test_the_dashboard_s_panels_have_units_meanings_and_no_place_in_common(exposed: Exposed) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        unit = panel["fieldConfig"]["defaults"]["unit"]
        seconds = [each["expr"] for each in panel["targets"] if "_seconds_bucket" in each["expr"]]
        assert unit and (not seconds or unit == "s"), panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_dashboard_s_variables_are_used_and_ask_for_what_is_exposed(exposed: Exposed) -> None:
    text = json.dumps(DASHBOARD["panels"])
    for name, variable in VARIABLES.items():
        assert f"${name}" in text or f"${{{name}}}" in text
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((\w+)(?:\{[^}]*\})?, (\w+)\)", variable["query"]["query"])
            assert asked and asked[2] in exposed.labels_of(asked[1]) | OF_PROMETHEUS, name


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )


@pytest.mark.needs("promtool")
@pytest.mark.parametrize(
    "arguments", [("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml")], ids=" ".join
)
def test_prometheus_own_tool_takes_rules_and_configuration(arguments: tuple[str, ...]) -> None:
    ran = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert f"{len(ALERTS)} rules found" in ran.stdout


@pytest.mark.needs("promtool")
def test_every_alert_fires_on_what_it_is_for_and_none_on_a_service_that_is_well(tmp_path: Path) -> None:
    assert CASES.keys() == {alert["alert"] for alert in ALERTS}
    file = tmp_path / "cases.yml"
    rules = [str(PROMETHEUS / "alerts.yml")]
    file.write_text(json.dumps({"rule_files": rules, "evaluation_interval": "1m", "tests": promtool_tests()}))
    ran = promtool("test", "rules", str(file))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("expression", "metrics", "groupings"),
    [
        ("up", {"up": set()}, set()),
        (
            'sum by (a, b) (rate(x_total{job="$job", c!="by"}[$__rate_interval]))',
            {"x_total": {"job", "c"}},
            {"a", "b"},
        ),
        ("histogram_quantile(.95, sum by (le) (rate(y_bucket[5m]))) > 5", {"y_bucket": set()}, {"le"}),
        ('a{b=~"x{2}"} / on (c) d and absent(e)', {"a": {"b"}, "d": set(), "e": set()}, {"c"}),
    ],
)
def test_the_names_in_a_query_are_found(
    expression: str, metrics: dict[str, set[str]], groupings: set[str]
) -> None:
    assert Query.of(expression) == Query(metrics, groupings)

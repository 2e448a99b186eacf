"""What each alert is for, as series that Prometheus would have, a value a minute; and a service that is well.

Names are `metric label=value …`, all of the job `chainstream`.
"""

from typing import Any

UP = "up instance=a"
STARTED = "process_start_time_seconds instance=a"
FAILED = "chainstream_runs_total chain=chat outcome=failed code=chain_failed"
FIRST = "chainstream_first_token_seconds_bucket chain=chat"
LAG = "chainstream_event_loop_lag_seconds_bucket instance=a"
REQUESTS = "http_server_request_duration_seconds_count"
COST = "chainstream_cost_usd_total chain=chat model=m"
QUEUED = "chainstream_runs_active state=queued"
FILES = "process_open_fds instance=a"

WELL = {
    UP: "1x180",
    STARTED: "1000x180",
    "chainstream_runs_total chain=chat outcome=succeeded": "0+100x180",
    FAILED: "0+1x180",
    "chainstream_runs_total chain=chat outcome=cancelled code=user": "0+50x180",
    QUEUED: "0x180",
    f"{REQUESTS} http_response_status_code=200": "0+99x180",
    f"{FIRST} le=2.56": "0+100x180",
    f"{FIRST} le=+Inf": "0+100x180",
    f"{LAG} le=0.01": "0+120x180",
    f"{LAG} le=+Inf": "0+120x180",
    COST: "0+0.1x180",
    "chainstream_circuit_open provider=openai instance=a": "0x180",
    FILES: "100x180",
    "process_max_fds instance=a": "1024x180",
}

# Beside a service that is well: what is wrong, in place of what it had.
CASES: dict[str, dict[str, str]] = {
    "ChainstreamDown": {UP: "0x180"},
    "ChainstreamRestarts": {STARTED: "1000+300x180"},
    "ChainstreamRunsFail": {FAILED: "0+9x180"},
    "ChainstreamRequestsFail": {f"{REQUESTS} http_response_status_code=503": "0+2x180"},
    "ChainstreamFirstTokenSlow": {
        f"{FIRST} le=10.24": "0+200x180",
        f"{FIRST} le=+Inf": "0+200x180",
    },
    "ChainstreamProviderAway": {"chainstream_circuit_open provider=openai instance=a": "1x180"},
    "ChainstreamRunsQueue": {QUEUED: "3x180"},
    "ChainstreamEventLoopLags": {f"{LAG} le=0.5": "0+240x180", f"{LAG} le=+Inf": "0+240x180"},
    "ChainstreamReadersDropped": {"chainstream_readers_dropped_total format=tokens": "0+2x180"},
    "ChainstreamGaps": {"chainstream_gaps_total reason=ahead_of_log": "0+2x180"},
    "ChainstreamCostHigh": {COST: "0+0.5x180"},
    # A count is there once there is something to count.
    "ChainstreamBudgetsUsedUp": {
        "chainstream_runs_total chain=chat outcome=cancelled code=budget": "_x120 1x60"
    },
    "ChainstreamCostUnknown": {"chainstream_unpriced_calls_total chain=chat model=m": "0+1x180"},
    "ChainstreamFilesRunOut": {FILES: "900x180"},
}


def promtool_tests() -> list[dict[str, Any]]:
    """One for each, and one for what is well: after two hours and a half its alert fires, and no other."""
    return [_test(WELL | wrong, name) for name, wrong in CASES.items()] + [_test(WELL, None)]


def _test(series: dict[str, str], fires: str | None) -> dict[str, Any]:
    firing = [{"labels": f'{{alertname="{fires}"}}', "value": 1}] if fires else []
    return {
        "interval": "1m",
        "input_series": [{"series": _series(name), "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "150m",
                "exp_samples": firing,
            }
        ],
    }


def _series(name: str) -> str:
    metric, *labels = name.split()
    told = ", ".join(f'{label}="{value}"' for label, value in (each.split("=") for each in labels))
    return f'{metric}{{job="chainstream", {told}}}'

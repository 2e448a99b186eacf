"""Any request that the OpenAPI document allows, and many that it does not, is answered as it says."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.access.secured import SECRET
from tests.amounts import REQUESTS
from tests.api.planted import BODIES, CHAINS, KEY, QUERIES, plant
from tests.serving import Served, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
HEADERS = {"X-API-Key": KEY}


# Hypothesis takes it for the strategies' doing when the service, in a thread of this process, uses `random`.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_any_request_is_answered_as_documented() -> None:
    with serving(jwt_secret=SECRET, chains=CHAINS) as served:
        schema = schemathesis.openapi.from_dict(served.app.openapi())
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        assert len(operations) > 20
        examples = REQUESTS // len(operations) + 1
        assert [each.label for each in operations if not _is_answered(served, each, examples)] == []


def _is_answered(served: Served, operation: Any, examples: int) -> bool:
    """Asked in all ways, for what is there too; whether what it then hands over was looked at."""
    planted = plant(served)
    statuses = {_answer(served, _for(operation, each)).status_code for each in planted}
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    positive, negative = (operation.as_strategy(generation_mode=mode) for mode in modes)
    there = st.builds(_at, positive, st.sampled_from(plant(served)))

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(positive, negative, there))
    def ask(case: Case[Any]) -> None:
        _answer(served, case)

    ask()
    return any(status < 300 for status in statuses)


def _for(operation: Any, place: dict[str, str]) -> Case[Any]:
    """A request that must succeed, if this place has what it wants."""
    parameters = {each.name: place[each.name] for each in operation.path_parameters}
    given: dict[str, Any] = {"path_parameters": parameters, "query": QUERIES.get(operation.label, {})}
    if operation.label in BODIES:
        given |= {"body": BODIES[operation.label], "media_type": "application/json"}
    made: Case[Any] = operation.Case(**given)
    return made


def _at(case: Case[Any], place: dict[str, str]) -> Case[Any]:
    case.path_parameters = {name: place[name] for name in case.path_parameters or {}}
    return case


def _answer(served: Served, case: Case[Any]) -> Any:
    return case.call_and_validate(base_url=served.url, headers=HEADERS, checks=CHECKS, timeout=20)

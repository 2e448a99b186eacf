"""Any request that the OpenAPI document allows, and many that it does not, is answered as it says."""

from typing import Any

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

from tests.amounts import REQUESTS
from tests.serving import serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_any_request_is_answered_as_documented() -> None:
    with serving() as served:
        schema = schemathesis.openapi.from_dict(served.app.openapi())
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        assert len(operations) > 20
        for operation in operations:
            modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

            @settings(
                max_examples=REQUESTS // len(operations) + 1,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(cases)
            def ask(case: Case[Any]) -> None:
                case.call_and_validate(base_url=served.url, checks=CHECKS)

            ask()

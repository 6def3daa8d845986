"""Generated requests over every operation: no crash, and every answer is one the schema admits."""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import NewUser
from tests.system import System

LONG = os.environ.get("SENTINELA_TEST_LONG") == "1"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def api(system: System, new_user: NewUser) -> BaseSchema:
    """The live schema, asked with a user's token; the same requests each time unless the run is a long one."""
    config = schemathesis.Config.from_dict(
        {
            "headers": new_user().headers,
            "generation": {"max-examples": 200 if LONG else 15, "deterministic": not LONG},
            "phases": {"coverage": {"enabled": False}, "stateful": {"enabled": False}},
        }
    )
    return schemathesis.openapi.from_url(f"{system.url}/openapi.json", config=config)


# Logout would end the session that asks for everything else; test_sessions.py covers it.
everything = schemathesis.pytest.from_fixture("api").exclude(path="/auth/logout")


@pytest.mark.timeout(900 if LONG else 180)
@everything.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_schema_admits(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(checks=CHECKS, timeout=30)

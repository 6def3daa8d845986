"""Generated requests over every operation: no crash, and every answer is one the schema admits."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode as Mode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import Server, User
from tests.contract.calls import bearer, new_key, session_of, stamp
from tests.system import System

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Requests that fit the schema, and as many again that break it somewhere.
EACH_WAY, EACH_WAY_LONG = 3, 100
# What httptools takes of a URL.
LONGEST_URL = 65_536
# What would end the session that asks for everything else, or delete its workspace (other tests cover these), and the
# stream, which has no end.
LEFT_OUT = [
    ("POST", "/auth/logout"),
    ("DELETE", "/auth/sessions"),
    ("DELETE", "/workspaces/{workspace_ulid}"),
    ("GET", "/data/stream"),
]
WORKSPACE = "Sentinela-Workspace"

Operation = APIOperation[Any, Any, Any, Any]


@pytest.fixture
def api(system: System, user: User) -> BaseSchema:
    """The live schema, asked with a user's token."""
    config = schemathesis.Config.from_dict({"headers": user.headers})
    schema = schemathesis.openapi.from_url(f"{system.url}/openapi.json", config=config)
    for method, path in LEFT_OUT:
        schema = schema.exclude(method=method, path=path)
    return schema


def ways(operation: Operation) -> list[Mode]:
    """Where nothing is asked for, nothing can be wrong."""
    takes = list(operation.iter_parameters()) or operation.body
    return list(Mode) if takes else [Mode.POSITIVE]


@pytest.fixture
def known(client: httpx.Client, user: User, server: Server) -> dict[str, str]:
    """What generated text would never hit: identifiers of things that are there, by parameter."""
    spare = session_of(client, user)
    me = client.get("/auth/me", headers=user.headers).json()
    content = f"server_ulid,timestamp,temperature\n{server.ulid},{stamp()},1\n"
    job = client.post("/imports", content=content, headers={**user.headers, "Content-Type": "text/csv"}).json()
    return {
        "server_ulid": server.ulid,
        "key_id": new_key(client, user)["key_id"],
        "job_id": job["job_id"],
        "workspace_ulid": me["workspaces"][0]["workspace_ulid"],
        "user_id": user.id,
        "session_id": client.get("/auth/sessions", headers=bearer(spare["access_token"])).json()[0]["session_id"],
        WORKSPACE: me["workspaces"][0]["workspace_ulid"],
    }


def requests_of(operation: Operation, way: Mode, known: dict[str, str]) -> SearchStrategy[schemathesis.Case[Any]]:
    if way is not Mode.POSITIVE:
        return operation.as_strategy(generation_mode=way)
    asked = {parameter.name for parameter in operation.iter_parameters()}
    path = {name: known[name] for name in asked & known.keys() - {WORKSPACE}}
    headers = {WORKSPACE: known[WORKSPACE]} if WORKSPACE in asked else {}
    return operation.as_strategy(generation_mode=way, path_parameters=path or None, headers=headers or None)


def fault(label: str, requests: SearchStrategy[schemathesis.Case[Any]], count: int, surprise: bool) -> str | None:
    """What is wrong with the answers to `count` generated requests; None when nothing is."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=not surprise,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests)
    def answers_are_admitted(case: schemathesis.Case[Any]) -> None:
        response = case.call(timeout=30)
        # Refused by the parser of HTTP, before there is a route: no operation's schema could say so.
        assume(len(response.request.url or "") < LONGEST_URL)
        case.validate_response(response, checks=CHECKS)

    try:
        answers_are_admitted()
    except FailureGroup as failures:
        return f"{label}: " + "; ".join(str(failure) for failure in failures.exceptions)
    return None


@pytest.mark.timeout(3600)
def test_every_answer_is_one_that_the_schema_admits(api: BaseSchema, known: dict[str, str], long_run: bool) -> None:
    """The same requests each time, unless the run is a long one: that one looks for new ones."""
    results = list(api.get_all_operations())
    operations = [result.ok() for result in results if isinstance(result, Ok)]
    assert len(operations) == len(results) > 20, "each of them could be read"
    count = EACH_WAY_LONG if long_run else EACH_WAY
    faults = [
        fault(each.label, requests_of(each, way, known), count, surprise=long_run)
        for each in operations
        for way in ways(each)
    ]
    found = [text for text in faults if text]
    assert not found, "\n\n".join(found)

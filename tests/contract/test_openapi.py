"""/openapi.json: every operation explains itself, shows an example and admits its errors."""

from typing import Any

import httpx
import pytest

from tests.contract.test_isolation import PROTECTED

REQUESTED = {
    ("post", "/auth/register"), ("post", "/auth/login"), ("post", "/auth/refresh"), ("post", "/auth/logout"),
    ("get", "/auth/me"), ("post", "/servers"), ("get", "/servers"), ("get", "/servers/{server_ulid}"),
    ("patch", "/servers/{server_ulid}"), ("post", "/servers/{server_ulid}/keys"),
    ("get", "/servers/{server_ulid}/keys"), ("delete", "/servers/{server_ulid}/keys/{key_id}"),
    ("post", "/data"), ("get", "/data"), ("get", "/health/{server_ulid}"),
    ("get", "/health/all"), ("post", "/cache/set"), ("get", "/cache/get/{key}"), ("post", "/keys"), ("get", "/keys"),
    ("delete", "/keys/{key_id}"), ("get", "/users"), ("post", "/imports"), ("get", "/jobs/{job_id}"), ("get", "/livez"),
    ("get", "/readyz"), ("get", "/metrics"), ("get", "/jobs"), ("get", "/jobs/{job_id}/log"),
    ("post", "/rules/backtest"), ("get", "/rules/{rule_id}/explain"),
    ("get", "/servers/{server_ulid}/presence"), ("post", "/jobs/{job_id}/cancel"), ("post", "/jobs/{job_id}/retry"),
}  # fmt: skip

Node = dict[str, Any]


@pytest.fixture(scope="module")
def schema(client: httpx.Client) -> Node:
    response = client.get("/openapi.json")
    assert response.status_code == 200
    found: Node = response.json()
    return found


def operations(schema: Node) -> dict[tuple[str, str], Node]:
    return {
        (method, path.replace(":path", "")): operation
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def resolve(schema: Node, node: Node) -> Node:
    while "$ref" in node:
        found: Any = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def bare(schema: Node, node: Node, where: str) -> list[str]:
    """The parts of a parameter, media type or schema that no example shows, neither their own nor a whole's."""
    node = resolve(schema, node)
    if "example" in node or node.get("examples") or "const" in node or "default" in node or "enum" in node:
        return []
    if node.get("format") == "binary":
        return []
    if "schema" in node:
        return bare(schema, node["schema"], where)
    if node.get("type") == "array":
        return bare(schema, node["items"], f"{where}[]")
    children = {f"{where}.{name}": child for name, child in node.get("properties", {}).items()}
    for choice in node.get("anyOf") or node.get("oneOf") or []:
        if choice != {"type": "null"}:
            children[f"{where}|{len(children)}"] = choice
    return [part for name, child in children.items() for part in bare(schema, child, name)] if children else [where]


def successes(operation: Node) -> list[Node]:
    return [answer for status, answer in operation["responses"].items() if status.startswith("2")]


def test_every_requested_operation_is_described(schema: Node) -> None:
    assert set(operations(schema)) >= REQUESTED


def test_every_operation_has_an_example(schema: Node) -> None:
    found = []
    for (method, path), operation in operations(schema).items():
        body = resolve(schema, operation.get("requestBody", {}))
        for kind, media in body.get("content", {}).items():
            found += bare(schema, media, f"{method} {path} takes {kind}: ")
        for answer in successes(operation):
            for kind, media in resolve(schema, answer).get("content", {}).items():
                found += bare(schema, media, f"{method} {path} gives {kind}: ")
    assert not found, "without an example:\n" + "\n".join(found)


def test_every_parameter_in_a_path_has_an_example(schema: Node) -> None:
    found = [
        part
        for (method, path), operation in operations(schema).items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "path"
        for part in bare(schema, parameter, f"{method} {path}: {parameter['name']}")
    ]
    assert not found, found


def test_every_operation_says_what_it_does(schema: Node) -> None:
    names = [name for name, operation in operations(schema).items() if not operation.get("description")]
    assert names == []
    identifiers = [operation["operationId"] for operation in operations(schema).values()]
    assert len(set(identifiers)) == len(identifiers)


def test_every_operation_that_asks_for_a_credential_says_so(schema: Node) -> None:
    described = operations(schema)
    for method, path in PROTECTED:
        template = path.replace("/cache/get/a", "/cache/get/{key}")
        (operation,) = [
            operation
            for (verb, pattern), operation in described.items()
            if verb == method.lower() and matches(pattern, template)
        ]
        assert operation["security"], (method, path)
        assert "401" in operation["responses"], (method, path)


def matches(pattern: str, path: str) -> bool:
    ours, theirs = pattern.split("/"), path.split("/")
    pairs = zip(ours, theirs, strict=False)
    return len(ours) == len(theirs) and all(
        a == b or (a.startswith("{") and (b.startswith("01") or b == a)) for a, b in pairs
    )


def test_every_error_is_described_as_a_problem(schema: Node) -> None:
    for name, operation in operations(schema).items():
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                # What Prometheus' clients ask is answered in their own shape, but for what comes before the route.
                theirs = name[1].startswith("/api/v1/") and status != "413"
                kind = "application/json" if theirs else "application/problem+json"
                assert list(resolve(schema, answer)["content"]) == [kind], (name, status)


def test_input_that_can_be_wrong_is_described_with_its_422(schema: Node) -> None:
    for name, operation in operations(schema).items():
        if operation.get("requestBody"):
            assert "422" in operation["responses"], name

"""The OpenAPI description as a collection for Postman (format 2.1), which Insomnia, Bruno and Hoppscotch read too.

A folder for each tag, in their order; requests carry the examples of the description. `base_url`, `token`,
`server_ulid` and `device_key` are variables of the collection: logging in and registering a server fill the last three.
"""

import json
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
METHODS = ("get", "post", "put", "patch", "delete")
BASE_URL = "http://localhost:8000"
VARIABLES = ("token", "server_ulid", "device_key")
# What an answer leaves for the requests after it.
KEPT = {
    ("post", "/auth/login"): {"token": "access_token"},
    ("post", "/servers"): {"server_ulid": "server_ulid", "device_key": "device_key"},
}
# A credential is taken and not needed; an empty one would be refused.
FOR_ANYBODY = {("post", "/auth/register")}
_DEEPEST = 8


def collection(api: Node) -> Node:
    """The collection of an OpenAPI 3.1 description."""
    folders: dict[str, Node] = {
        tag["name"]: {"name": tag["name"], "description": tag.get("description", ""), "item": []}
        for tag in api.get("tags", ())
    }
    for path, method, operation in _operations(api):
        for tag in operation.get("tags", ["other"])[:1]:
            folder = folders.setdefault(tag, {"name": tag, "item": []})
            folder["item"].append(_item(api, path, method, operation))
    info = {"name": api["info"]["title"], "description": api["info"].get("description", "").strip(), "schema": FORMAT}
    return {
        "info": info,
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [
            {"key": "base_url", "value": BASE_URL},
            *({"key": name, "value": ""} for name in VARIABLES),
        ],
        "item": [folder for folder in folders.values() if folder["item"]],
    }


def _operations(api: Node) -> Iterator[tuple[str, str, Node]]:
    for path, methods in api["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _item(api: Node, path: str, method: str, operation: Node) -> Node:
    parameters = operation.get("parameters", [])
    request: Node = {
        "method": method.upper(),
        "description": operation.get("description", ""),
        "header": [_entry(api, each) for each in parameters if each["in"] == "header"],
        "url": _url(api, path, parameters),
    }
    if not operation.get("security") or (method, path) in FOR_ANYBODY:
        request["auth"] = {"type": "noauth"}
    request |= _body(api, operation.get("requestBody", {}).get("content", {}), request["header"])
    item: Node = {"name": f"{method.upper()} {path}", "request": request, "response": []}
    if kept := KEPT.get((method, path)):
        item["event"] = [_keeping(kept)]
    return item


def _url(api: Node, path: str, parameters: list[Node]) -> Node:
    parts = [f":{part[1:-1].split(':')[0]}" if part.startswith("{") else part for part in path.split("/")[1:]]
    url: Node = {"raw": "/".join(["{{base_url}}", *parts]), "host": ["{{base_url}}"], "path": parts}
    if inside := [_entry(api, each) for each in parameters if each["in"] == "path"]:
        url["variable"] = inside
    if query := [_entry(api, each) for each in parameters if each["in"] == "query"]:
        url["query"] = query
    return url


def _entry(api: Node, parameter: Node) -> Node:
    """A parameter as Postman shows it; one that may be left out is there to be switched on."""
    name, schema = parameter["name"], parameter.get("schema", {})
    value = parameter["example"] if "example" in parameter else example(api, schema)
    if name in VARIABLES:
        value = f"{{{{{name}}}}}"
    elif isinstance(value, list):
        value = value[0] if value else ""
    entry = {"key": name, "value": _text(value), "description": parameter.get("description", "")}
    if not parameter.get("required"):
        entry["disabled"] = True
    return entry


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _body(api: Node, content: Node, header: list[Node]) -> Node:
    """The body in the first type that has an example; a file where none can be shown."""
    if not content:
        return {}
    media_type = next((name for name in content if "json" in name), next(iter(content)))
    header.append({"key": "Content-Type", "value": media_type})
    media = content[media_type]
    if media.get("schema", {}).get("format") == "binary":
        return {"body": {"mode": "file", "file": {}}}
    named = media.get("examples", {}).values()
    value = media["example"] if "example" in media else next((each["value"] for each in named), None)
    value = example(api, media["schema"]) if value is None else value
    if media_type == "application/x-www-form-urlencoded":
        fields = [{"key": key, "value": _text(each)} for key, each in _with_variables(value).items()]
        return {"body": {"mode": "urlencoded", "urlencoded": fields}}
    raw = value if isinstance(value, str) else json.dumps(_with_variables(value), indent=2, ensure_ascii=False)
    language = "json" if "json" in media_type else "text"
    return {"body": {"mode": "raw", "raw": raw, "options": {"raw": {"language": language}}}}


def _with_variables(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return value | ({"server_ulid": "{{server_ulid}}"} if isinstance(value.get("server_ulid"), str) else {})


def _keeping(kept: dict[str, str]) -> Node:
    lines = [f'pm.collectionVariables.set("{name}", pm.response.json().{field});' for name, field in kept.items()]
    script = ["if (pm.response.code < 300) {", *(f"  {line}" for line in lines), "}"]
    return {"listen": "test", "script": {"type": "text/javascript", "exec": script}}


def example(api: Node, schema: Node, depth: int = 0) -> Any:
    """What a schema shows of itself: its example, its default, else what its parts show; None when nothing does."""
    if "$ref" in schema:
        return example(api, api["components"]["schemas"][schema["$ref"].rpartition("/")[2]], depth)
    for name in ("example", "const", "default"):
        if schema.get(name) is not None:
            return schema[name]
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    return None if depth > _DEEPEST else _of_parts(api, schema, depth + 1)


def _of_parts(api: Node, schema: Node, depth: int) -> Any:
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        if choice.get("type") != "null":
            return example(api, choice, depth)
    if "properties" in schema:
        needed = schema.get("required", ())
        return {name: example(api, part, depth) for name, part in schema["properties"].items() if name in needed}
    if schema.get("type") == "array":
        return [example(api, schema.get("items", {}), depth)]
    return None

"""Writes `src/api/schema.ts`, the types of those operations that the page uses, from the API's OpenAPI document.

    .venv/bin/python web/api_types.py           # write it anew
    .venv/bin/python web/api_types.py --check   # fail when it is out of date

Only operations named in the sources (`"GET /servers"`) are written, so that the file changes with what the page needs.
"""

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parent
TARGET = WEB / "src" / "api" / "schema.ts"
NAMED = re.compile(r'"((?:GET|POST|PUT|PATCH|DELETE) /[^"]*)"')
HEAD = """// Written by web/api_types.py from the OpenAPI document: do not edit, run it again.
"""
Document = dict[str, Any]


def main() -> None:
    text = render(openapi(), used())
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        sys.exit("web/src/api/schema.ts is out of date: run .venv/bin/python web/api_types.py")


def openapi() -> Document:
    """The document of the app in this checkout."""
    import os

    # What importing the app counts goes into files of the data folder: not into a real one.
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="sentinela-types-")
    sys.path.insert(0, str(WEB.parent))
    from app.main import api

    return api.openapi()


def used() -> list[str]:
    """The operations that the sources name, sorted."""
    sources = [path for path in (WEB / "src").rglob("*.ts*") if path != TARGET]
    return sorted({name for path in sources for name in NAMED.findall(path.read_text())})


def render(document: Document, operations: list[str]) -> str:
    wanted: dict[str, str] = {}
    lines = [f"  {json.dumps(name)}: {operation(document, name, wanted)};" for name in operations]
    while missing := sorted(name for name, text in wanted.items() if not text):
        for name in missing:
            wanted[name] = type_of(document["components"]["schemas"][name], wanted)
    shapes = [f"export type {name} = {text};\n" for name, text in sorted(wanted.items())]
    return HEAD + "\n" + "\n".join(shapes) + "\nexport interface Operations {\n" + "\n".join(lines) + "\n}\n"


def operation(document: Document, name: str, wanted: dict[str, str]) -> str:
    method, path = name.split(" ")
    found = document["paths"].get(path, {}).get(method.lower())
    if found is None:
        sys.exit(f"the page asks for {name}, which the API does not have")
    query = [p for p in found.get("parameters", []) if p["in"] == "query"]
    fields = [f"{p['name']}?: {type_of(p['schema'], wanted)}" for p in query]
    body = found.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return (
        f"{{ query: {{ {'; '.join(fields)} }}; "
        f"body: {type_of(body, wanted, sent=True) if body else 'undefined'}; answer: {answer(found, wanted)} }}"
    )


def answer(found: Document, wanted: dict[str, str]) -> str:
    for status, response in found["responses"].items():
        if status.startswith("2"):
            schema = response.get("content", {}).get("application/json", {}).get("schema")
            return type_of(schema, wanted) if schema else "undefined"
    return "undefined"


def type_of(schema: Document, wanted: dict[str, str], *, sent: bool = False) -> str:
    """The TypeScript type of a schema; names that it refers to are added to `wanted`."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        wanted.setdefault(name, "")
        return f"Partial<{name}>" if sent else name
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " | ".join(dict.fromkeys(type_of(part, wanted, sent=sent) for part in schema[word]))
    return plain(schema, wanted)


def plain(schema: Document, wanted: dict[str, str]) -> str:
    kind = schema.get("type")
    if kind == "array":
        return f"({type_of(schema.get('items', {}), wanted)})[]"
    if kind == "object" and "properties" in schema:
        required = schema.get("required", [])
        fields = [
            f"{json.dumps(name)}{'' if name in required else '?'}: {type_of(part, wanted)}"
            for name, part in schema["properties"].items()
        ]
        return "{ " + "; ".join(fields) + " }"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {type_of(values, wanted) if isinstance(values, dict) else 'unknown'}>"
    names = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}
    return names.get(str(kind), "unknown")


if __name__ == "__main__":
    main()

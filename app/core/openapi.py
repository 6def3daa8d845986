"""The OpenAPI document: every 422 is a problem, every operation names its errors in one shape."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.core.problems import MEDIA_TYPE, ProblemModel

PROBLEM = {"$ref": "#/components/schemas/ProblemModel"}


def install(app: FastAPI) -> None:
    """Replace the app's document by ours, made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = document["components"]["schemas"]
    problem = ProblemModel.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemModel"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            _state_problems(operation)
    return document


def _state_problems(operation: dict[str, Any]) -> None:
    """Input that is too large or no JSON, and a database that is away, can happen to any operation."""
    responses = operation["responses"]
    general = {"422": "Invalid input", "503": "Temporarily unavailable"}
    if "requestBody" in operation:
        general["413"] = "Request too large"
    for status, title in general.items():
        if _has_its_own_shape(responses.get(status, {})):
            continue
        responses[status] = {"description": title, "content": {MEDIA_TYPE: {"schema": PROBLEM}}}


def _has_its_own_shape(response: dict[str, Any]) -> bool:
    """Whether an operation answers an error as the clients of another protocol read it."""
    content = response.get("content", {})
    return bool(content) and MEDIA_TYPE not in content and "HTTPValidationError" not in str(content)

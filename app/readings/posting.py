"""What a `POST /data` may carry beside its body, read from the request and described for the OpenAPI."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.auth.deps import WORKSPACE_HEADER
from app.core.errors import TooLarge, invalid
from app.core.identifiers import ULID_EXAMPLE
from app.core.language import prefers_portuguese
from app.core.problems import TOO_LARGE_DETAIL
from app.core.settings import Settings
from app.core.text import MAX_NAME, NO_CONTROL_CHARACTERS
from app.readings import formats
from app.readings.bodies import Body, spooled
from app.readings.intake import Submission
from app.readings.quantities import NAMES, QUANTITIES
from app.readings.receipts import IDEMPOTENCY_HEADER, MAX_KEY, bad_key
from app.readings.schemas import ReadingIn

# Takes a quarter of a millisecond; that of the largest body takes two seconds, in which nobody else would be served.
HASHED_INLINE_BYTES = 128 * 1024
# What senders say who have nothing to say: curl's default, and none at all.
_JSON_BY_DEFAULT = ("", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream")


def _column(default: str, meaning: str) -> str:
    field: str = Field(
        default=default, min_length=1, max_length=MAX_NAME, pattern=NO_CONTROL_CHARACTERS, description=meaning
    )
    return field


class StoreOptions(BaseModel):
    """The query of a `POST /data`; the columns count for CSV, Arrow and Parquet."""

    model_config = ConfigDict(extra="forbid")

    atomic: bool = Field(default=False, description="All readings or none: one bad reading is a 422.")
    server_ulid: str | None = Field(
        default=None, max_length=100, description="The server of rows that name none.", examples=[ULID_EXAMPLE]
    )
    server_column: str = _column("server_ulid", "Column with the server's ULID.")
    timestamp_column: str = _column("timestamp", "Column with the instant.")
    temperature_column: str = _column("temperature", "Column with the temperature, °C.")
    humidity_column: str = _column("humidity", "Column with the humidity, %.")
    voltage_column: str = _column("voltage", "Column with the voltage, V.")
    current_column: str = _column("current", "Column with the current, A.")

    def decoding(self) -> formats.Options:
        """As the decoders take them."""
        columns = {name: getattr(self, f"{name}_column") for name in NAMES}
        return formats.Options(self.server_column, self.timestamp_column, columns, self.server_ulid)


@asynccontextmanager
async def submitted(request: Request) -> AsyncIterator[Submission]:
    """The request, its body spooled. Raises: Invalid, TooLarge."""
    settings: Settings = request.app.state.settings
    headers = request.headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in _JSON_BY_DEFAULT:
        media_type = formats.JSON
    limit = settings.max_body_bytes if media_type == formats.JSON else settings.max_stream_bytes
    options = _options(request)
    key = _idempotency_key(headers.get(IDEMPOTENCY_HEADER))
    if _announced(headers.get("content-length", "")) > limit:
        raise TooLarge(TOO_LARGE_DETAIL, limit=limit)
    async with spooled(request.stream(), limit) as body:
        yield Submission(
            body=body,
            media_type=media_type,
            encoding=headers.get("content-encoding"),
            max_bytes=limit,
            options=options.decoding(),
            atomic=options.atomic,
            idempotency_key=key,
            request_hash=await _request_hash(body, media_type, options) if key else b"",
            portuguese=prefers_portuguese(headers.get("accept-language", "")),
        )


def _announced(length: str) -> int:
    return int(length) if length.isascii() and length.isdigit() else 0


def _options(request: Request) -> StoreOptions:
    try:
        return StoreOptions.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise invalid(error.errors(), ("query",)) from None


def _idempotency_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise bad_key(f"must have 1 to {MAX_KEY} printable characters", "idempotency_key")
    return key


async def _request_hash(body: Body, media_type: str, options: StoreOptions) -> bytes:
    whole = await asyncio.to_thread(body.sha256) if body.size > HASHED_INLINE_BYTES else body.sha256()
    return hashlib.sha256(whole + media_type.encode() + options.model_dump_json().encode()).digest()


_EXAMPLE: dict[str, Any] = {
    "server_ulid": ULID_EXAMPLE,
    "timestamp": "2026-01-31T12:00:00Z",
    **{quantity.name: quantity.example for quantity in QUANTITIES},
}
_READING_SCHEMA = ReadingIn.model_json_schema()
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def _query_parameters() -> list[dict[str, Any]]:
    schema = StoreOptions.model_json_schema()
    return [
        {"name": name, "in": "query", "required": False, "description": field.pop("description", ""), "schema": field}
        for name, field in schema["properties"].items()
    ]


def _header(name: str, description: str, max_length: int) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": max_length}
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


STORE_OPENAPI: dict[str, Any] = {
    "security": [{"User": []}, {"Key": []}],
    "parameters": [
        *_query_parameters(),
        _header(WORKSPACE_HEADER, "The workspace to act on; by default the first one joined.", 64),
        _header(IDEMPOTENCY_HEADER, "Your own name for this request: sent again, it gets the same answer.", MAX_KEY),
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_READING_SCHEMA, {"type": "array", "items": _READING_SCHEMA}]},
                "examples": {
                    "one": {"summary": "One reading", "value": _EXAMPLE},
                    "array": {"summary": "An array of readings", "value": [_EXAMPLE]},
                },
            },
            "application/x-ndjson": {"schema": {"type": "string"}, "example": json.dumps(_EXAMPLE) + "\n"},
            "text/csv": {
                "schema": {"type": "string"},
                "example": f"server_ulid,timestamp,temperature\n{ULID_EXAMPLE},2026-01-31T12:00:00Z,25.3\n",
            },
            "application/vnd.apache.arrow.stream": _BINARY,
            "application/vnd.apache.parquet": _BINARY,
        },
    },
}

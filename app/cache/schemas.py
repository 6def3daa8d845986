"""Shapes of the cache on the wire."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.core.numbers import Whole

MAX_VALUE_BYTES = 64 * 1024
MAX_TTL_SECONDS = 10 * 365 * 86_400


def _fits(value: Any) -> Any:
    try:
        text = value if isinstance(value, str) else json.dumps(value, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except ValueError:
        raise PydanticCustomError("finite_number", "Must be JSON: finite numbers and valid Unicode") from None
    if size > MAX_VALUE_BYTES:
        raise PydanticCustomError(
            "too_large", "Must be at most {limit} bytes, not {size}", {"limit": MAX_VALUE_BYTES, "size": size}
        )
    return value


class Entry(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"key": "greeting", "value": "olá", "ttl": 60}}
    )

    key: str = Field(min_length=1, max_length=1024, description="Any text.")
    value: Annotated[Any, AfterValidator(_fits)] = Field(description="Any JSON value, up to 64 KiB.")
    ttl: Whole | None = Field(default=None, ge=1, le=MAX_TTL_SECONDS, description="Lifetime, seconds; else 3600.")


class EntrySet(BaseModel):
    message: str = Field(examples=["Stored."])
    key: str = Field(examples=["greeting"])
    expires_in: int = Field(description="Seconds.", examples=[3600])


class EntryRead(BaseModel):
    key: str = Field(examples=["greeting"])
    value: Any = Field(examples=["olá"])

"""Shapes of presence on the wire."""

from typing import Literal

from pydantic import BaseModel, Field

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant


class Presence(BaseModel):
    server_ulid: str = Field(examples=[ULID_EXAMPLE])
    server_name: str = Field(examples=["Dolly #1"])
    status: Literal["online", "offline"]
    last_seen: Instant | None = Field(description="When something last arrived; null: never.")

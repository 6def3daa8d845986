"""Shapes of presence on the wire."""

from typing import Literal

from pydantic import BaseModel, Field

from app.core.instants import Instant


class Presence(BaseModel):
    server_ulid: str = Field(examples=["01KA2V0C8T3J9X5N7Q1W4Z6Y8B"])
    server_name: str = Field(examples=["Dolly #1"])
    status: Literal["online", "offline"]
    last_seen: Instant | None = Field(description="When something last arrived; null: never.")

"""Shapes of saved views on the wire."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant
from app.core.text import NO_CONTROL_CHARACTERS, Name

EXAMPLE = f"s={ULID_EXAMPLE}&range=24h&f=p95"
# Eight servers, ten quantities and a window are some 600 characters.
Query = Annotated[
    str,
    Field(
        max_length=2000,
        pattern=NO_CONTROL_CHARACTERS,
        description="The query of the page's address, without `?`: servers, quantities, window, function, zone.",
        examples=[EXAMPLE],
    ),
]


class ViewSave(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "cold rooms by day", "query": EXAMPLE}}
    )

    name: Name
    query: Query


class ViewRead(BaseModel):
    view_id: str = Field(examples=[ULID_EXAMPLE])
    name: str = Field(examples=["cold rooms by day"])
    query: Query
    saved_at: Instant

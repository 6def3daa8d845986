"""Shapes of jobs on the wire."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant


class JobRead(BaseModel):
    job_id: str = Field(examples=[ULID_EXAMPLE])
    kind: str = Field(examples=["import"])
    state: Literal["queued", "running", "done", "failed"]
    progress: float = Field(description="From 0 to 1.", examples=[0.42])
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    error: str | None = Field(description="Why it failed.", examples=["The file is not CSV."])
    result: dict[str, Any] | None = Field(
        description="What it did; of an import the receipt.",
        examples=[
            {"rows": 29702, "accepted": 29698, "duplicates": 4, "updated": 0, "rejected_count": 0, "rejected": []}
        ],
    )

"""Shapes of jobs on the wire."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from app.core.identifiers import ULID_EXAMPLE
from app.core.instants import Instant

State = Literal["queued", "running", "done", "failed", "cancelled"]
StateFilter = Annotated[
    list[State] | None, Query(description="Only jobs in one of these states; repeat it for several.")
]
KindFilter = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]] | None,
    Query(description="Only jobs of one of these kinds, such as `import`; repeat it for several."),
]


class JobOwner(BaseModel):
    """Who started the job."""

    kind: Literal["user", "api_key", "device_key", "system"]
    id: str = Field(examples=[ULID_EXAMPLE])
    name: str | None = Field(examples=["ana"])


class JobRead(BaseModel):
    job_id: str = Field(examples=[ULID_EXAMPLE])
    kind: str = Field(examples=["import"])
    state: State
    progress: float = Field(description="From 0 to 1.", examples=[0.42])
    owner: JobOwner | None = Field(description="Who started it; null: of old, or whoever deleted their account by it.")
    attempts: int = Field(
        description="How often a worker began it since it last got on; after 5 without getting on it fails.",
        examples=[1],
    )
    cancel_requested: bool = Field(
        description="Somebody asked it to stop; it does so at its next slice.", examples=[False]
    )
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    error: str | None = Field(description="Why it failed.", examples=["The file is not CSV."])
    result: dict[str, Any] | None = Field(
        description="What it did; of an import the receipt. Also when it failed or was cancelled on the way.",
        examples=[
            {"rows": 29702, "accepted": 29698, "duplicates": 4, "updated": 0, "rejected_count": 0, "rejected": []}
        ],
    )


class JobLogLine(BaseModel):
    """Something that happened to a job."""

    at: Instant
    event: Literal["queued", "begun", "sent_again", "cancel_requested", "done", "failed", "cancelled", "retried"]
    text: str = Field(examples=["A worker began it."])

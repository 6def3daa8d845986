"""Queries of InfluxDB's write endpoints; what is not known is passed over, as InfluxDB does."""

from typing import Literal

from pydantic import BaseModel, Field


def _unused() -> str | None:
    field: str | None = Field(
        default=None, max_length=200, description="Taken and not used: the key decides where points go."
    )
    return field


class WriteQuery1(BaseModel):
    """Of InfluxDB 1."""

    precision: Literal["n", "ns", "u", "us", "ms", "s", "m", "h"] = Field(
        default="ns", description="The unit of instants."
    )
    db: str | None = _unused()
    rp: str | None = _unused()
    consistency: str | None = _unused()
    u: str | None = _unused()
    p: str | None = Field(default=None, max_length=1000, description="Refused: no secret stands in a URL.")


class WriteQuery2(BaseModel):
    """Of InfluxDB 2."""

    precision: Literal["ns", "us", "ms", "s"] = Field(default="ns", description="The unit of instants.")
    org: str | None = _unused()
    orgID: str | None = _unused()  # noqa: N815 - InfluxDB's name
    bucket: str | None = _unused()

"""Time zones by their IANA name."""

import zoneinfo
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

# Debian lists them; they name no place, or another one on each machine.
_PLACEHOLDERS = {"localtime", "Factory", "posixrules"}


@lru_cache
def _names() -> frozenset[str]:
    """Listing them reads the folder of zones, some 20 ms; they change with the installation."""
    return frozenset(zoneinfo.available_timezones()) - _PLACEHOLDERS


def _is_zone(value: str) -> str:
    if value not in _names():
        raise PydanticCustomError("time_zone", "Must be a time zone of the IANA database, such as America/Sao_Paulo")
    return value


Zone = Annotated[str, AfterValidator(_is_zone), Field(max_length=64, examples=["America/Sao_Paulo"])]

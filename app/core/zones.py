"""Time zones by their IANA name, from the `tzdata` package: the same on every machine."""

import zoneinfo
from functools import lru_cache
from importlib import resources
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

# The package lists it; it names no place.
_PLACEHOLDERS = {"Factory"}


@lru_cache
def _names() -> frozenset[str]:
    """The zones of the installed package."""
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split()) - _PLACEHOLDERS


@lru_cache(maxsize=512)
def load(name: str) -> zoneinfo.ZoneInfo:
    """The zone of this name, whatever zone data the machine has. Raises: KeyError for an unknown name."""
    if name not in _names():
        raise KeyError(name)
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with file.open("rb") as opened:
        return zoneinfo.ZoneInfo.from_file(opened, key=name)


def _is_zone(value: str) -> str:
    if value not in _names():
        raise PydanticCustomError("time_zone", "Must be a time zone of the IANA database, such as America/Sao_Paulo")
    return value


Zone = Annotated[str, AfterValidator(_is_zone), Field(max_length=64, examples=["America/Sao_Paulo"])]

"""Identifiers on the wire: ULIDs, 26 characters of Crockford's base 32."""

from fastapi import Path

from app.core.text import NO_CONTROL_CHARACTERS

ULID_EXAMPLE = "01KA2V0C8T3J9X5N7Q1W4Z6Y8B"
# An identifier in a path: whatever its form, one that does not exist is a 404.
IdPath = Path(max_length=100, pattern=NO_CONTROL_CHARACTERS, examples=[ULID_EXAMPLE])

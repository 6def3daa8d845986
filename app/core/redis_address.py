"""Where Redis is and whether it will do; apart from the client, for `up`, which must not touch metrics yet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.core.settings import Settings

# Older ones lack commands of the queue's library. Valkey calls itself Redis 7.2, so it passes.
OLDEST_REDIS = (6, 2)


def too_old(info: Mapping[str, Any]) -> str | None:
    """What is wrong with the version in the answer to `INFO server`; None when it will do."""
    found = str(info.get("redis_version", "0"))
    if tuple(int(part) for part in found.split(".")[:2]) >= OLDEST_REDIS:
        return None
    return f"Redis {found} is too old; {'.'.join(map(str, OLDEST_REDIS))} or newer, or Valkey, is needed"


def url_with_password(url: str, file: Path | None) -> str:
    """The URL with the password of `REDIS_PASSWORD_FILE`, when that is set; its user stays."""
    if file is None:
        return url
    scheme, rest = url.split("://", 1)
    user, _, place = rest.rpartition("@")
    password = quote(file.read_text().strip(), safe="")
    return f"{scheme}://{user.partition(':')[0]}:{password}@{place}"


def cache_url(settings: Settings) -> str:
    return url_with_password(settings.cache_url or settings.redis_url, settings.redis_password_file)


def broker_url(settings: Settings) -> str:
    return url_with_password(settings.broker_url or settings.redis_url, settings.redis_password_file)

"""Where the system is, and how it is spoken to."""

import ssl
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def options(url: str, key: str | None, timeout: float, verify: ssl.SSLContext | bool) -> dict[str, Any]:
    """Arguments for httpx.Client and httpx.AsyncClient alike. Raises: ValueError."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None:
        raise ValueError(f"{url!r} is not an address such as https://sentinela.example")
    if key is not None and not (key and key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("the key holds characters that no key has")
    headers = {"User-Agent": f"sentinela-client/{_version()}"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return {
        "base_url": url.rstrip("/") + "/",
        "headers": headers,
        "timeout": timeout,
        "verify": verify,
        # A proxy of the environment cannot reach this machine's own loopback.
        "trust_env": parts.hostname not in _LOOPBACK,
    }


def _version() -> str:
    try:
        return version("sentinela-client")
    except PackageNotFoundError:
        return "source"

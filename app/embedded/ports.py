"""TCP ports: who may listen where."""

import errno
import os
import socket

from app.embedded.errors import StartError

ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - a table of names, nothing binds


def free_port(preferred: int | None = None) -> int:
    """A port on 127.0.0.1 that nobody listens on: `preferred` if it is free, else one the kernel picks."""
    for port in ([preferred] if preferred else []) + [0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise StartError("no free port on 127.0.0.1")


def require_free(host: str, port: int) -> None:
    """Raise StartError, naming the mend, when the API could not listen on host and port."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StartError(f"--host {host} is not an address of this machine: {error.strerror}") from error
    with socket.socket(family, kind, proto) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            raise StartError(_reason(host, port, error)) from error


def _reason(host: str, port: int, error: OSError) -> str:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken on {host}; choose another with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is not an address of this machine"
    return f"cannot listen on {where}: {os.strerror(error.errno or 0)}; choose another with --port"


def reachable_host(host: str) -> str:
    """The host for a URL that this machine can open: a wildcard becomes the loopback, IPv6 gets brackets."""
    host = ANY_HOST.get(host, host)
    return f"[{host}]" if ":" in host else host

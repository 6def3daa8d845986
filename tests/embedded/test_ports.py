import socket

import pytest

from app.embedded.errors import StartError
from app.embedded.ports import free_port, reachable_host, require_free


def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_preferred_port_is_kept_while_it_is_free() -> None:
    port = free_port()
    assert free_port(port) == port


def test_taken_port_is_replaced_by_another() -> None:
    with listener() as server:
        taken = server.getsockname()[1]
        assert free_port(taken) != taken


def test_taken_port_is_refused_by_name() -> None:
    with listener() as server:
        taken = server.getsockname()[1]
        with pytest.raises(StartError, match=f"port {taken} is taken on 127.0.0.1; choose another with --port"):
            require_free("127.0.0.1", taken)
    require_free("127.0.0.1", taken)


def test_foreign_address_is_refused_by_name() -> None:
    with pytest.raises(StartError, match=r"--host 192.0.2.1 is not an address of this machine"):
        require_free("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("fe80::1", "[fe80::1]"), ("box", "box")]
)
def test_urls_name_a_host_that_can_be_opened(host: str, shown: str) -> None:
    assert reachable_host(host) == shown

"""Wrong passwords are counted, with Redis and without."""

from collections.abc import AsyncIterator

import pytest

from app.auth.throttle import WIDER, Throttle
from app.core import origin
from app.core.errors import TooManyRequests
from app.core.redis import Cache
from app.core.settings import Settings
from tests.contract.calls import unique
from tests.system import System, free_port

ATTEMPTS = 3


@pytest.fixture(params=["with Redis", "without Redis"])
async def throttle(system: System, request: pytest.FixtureRequest) -> AsyncIterator[Throttle]:
    url = system.redis_url if request.param == "with Redis" else f"redis://127.0.0.1:{free_port()}"
    settings = Settings(redis_url=url, login_attempts=ATTEMPTS, data_dir=system.data_dir)
    cache = Cache(settings)
    yield Throttle(cache, settings)
    await cache.close()


def come_from(address: str | None) -> None:
    origin.enter("request", address)


async def fail(throttle: Throttle, account: str, times: int = ATTEMPTS) -> None:
    for _ in range(times):
        await throttle.attempt(account)


async def test_a_guesser_is_refused_after_some_attempts(throttle: Throttle) -> None:
    account = unique("ana")
    come_from("192.0.2.1")
    await fail(throttle, account)
    with pytest.raises(TooManyRequests) as refused:
        await throttle.attempt(account)
    assert 0 < int(refused.value.headers["Retry-After"]) <= 900


async def test_the_owner_gets_in_from_elsewhere(throttle: Throttle) -> None:
    account = unique("ana")
    come_from("192.0.2.2")
    await fail(throttle, account)
    come_from("192.0.2.3")
    await throttle.attempt(account)


async def test_a_right_password_takes_the_attempts_back(throttle: Throttle) -> None:
    account = unique("ana")
    come_from("192.0.2.4")
    for _ in range(3):
        await fail(throttle, account)
        await throttle.succeeded(account)


async def test_many_addresses_do_not_guess_at_one_account_for_ever(throttle: Throttle) -> None:
    account = unique("ana")
    for number in range(WIDER * ATTEMPTS):
        come_from(f"198.51.{number // 250}.{number % 250 + 1}")
        await throttle.attempt(account)
    come_from("198.51.100.1")
    with pytest.raises(TooManyRequests):
        await throttle.attempt(account)


@pytest.mark.parametrize("network", ["203.0.113.9", "2001:db8:{:x}::"])
async def test_one_party_does_not_guess_at_many_accounts_for_ever(throttle: Throttle, network: str) -> None:
    """An IPv6 customer holds 2**64 addresses, and is one party all the same."""
    own = network.format(int(unique("")[1:5], 16))
    for number in range(WIDER * ATTEMPTS):
        come_from(f"{own}{number + 1:x}" if ":" in own else own)
        await throttle.attempt(unique("ana"))
    with pytest.raises(TooManyRequests):
        await throttle.attempt(unique("ana"))


async def test_a_client_without_an_address_is_counted_too(throttle: Throttle) -> None:
    account = unique("ana")
    come_from(None)
    await fail(throttle, account)
    with pytest.raises(TooManyRequests):
        await throttle.attempt(account)

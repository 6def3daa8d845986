"""What arrives shows at once; what is away is said, and comes back by itself."""

import shlex
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import SLACK, TakeSeat
from tests.conftest import NewServer, Server, User
from tests.system import System, scratch_folder

BANNER = "No live data from the platform"


async def test_a_posted_value_shows_within_a_second(
    take_seat: TakeSeat, user: User, server: Server, send: Callable[..., Any]
) -> None:
    send(server, {"temperature": 21.5})
    seat = await take_seat(user, f"/?q={server.name}")
    value = seat.page.locator("table.fleet .number").first
    await expect(value).to_contain_text("21.5")
    await expect(seat.page.locator(".link-state")).to_have_text("Live")
    send(server, {"temperature": 33.3})
    await expect(value).to_contain_text("33.3", timeout=SLACK * 1000)


async def test_a_server_that_falls_silent_is_seen_to_be_offline(
    take_seat: TakeSeat, user: User, server: Server, send: Callable[..., Any], client: httpx.Client
) -> None:
    """Also one that has sent nothing since its page was opened."""
    path = f"/servers/{server.ulid}"
    client.patch(path, json={"offline_after_seconds": 4}, headers=user.headers).raise_for_status()
    seat = await take_seat(user)
    send(server, {"temperature": 21.5})
    await seat.open(path)
    state = seat.page.locator("#content .title .state")
    await expect(state).to_have_text("Online")
    await expect(state).to_have_text("Offline", timeout=SLACK * 5000)


async def test_a_fleet_of_several_pages_is_shown_whole(take_seat: TakeSeat, user: User, new_server: NewServer) -> None:
    servers = [new_server(user) for _ in range(3)]
    seat = await take_seat(user, "/profile")

    async def one_a_page(route: Route) -> None:
        await route.continue_(url=route.request.url.replace("limit=1000", "limit=1"))

    await seat.page.route("**/fleet?*", one_a_page)
    await seat.open("/")
    for server in servers:
        await expect(seat.page.locator("table.fleet")).to_contain_text(server.name)


async def test_the_first_reading_turns_the_waiting_page_into_charts(
    take_seat: TakeSeat, user: User, server: Server, send: Callable[..., Any]
) -> None:
    seat = await take_seat(user, f"/servers/{server.ulid}")
    await expect(seat.page.get_by_role("heading", name="Waiting for the first reading")).to_be_visible()
    await expect(seat.page.locator("pre")).to_contain_text(server.ulid)
    await expect(seat.page.locator(".link-state")).to_have_text("Live")
    send(server, {"temperature": 21.5, "humidity": 50})
    await expect(seat.page.locator(".panel")).to_have_count(2, timeout=SLACK * 2000)
    await expect(seat.page.locator(".big-number").first).to_have_text("21.5")


async def test_the_ready_command_sends_a_first_reading(take_seat: TakeSeat, user: User, server: Server) -> None:
    seat = await take_seat(user, f"/servers/{server.ulid}")
    await seat.page.get_by_role("button", name="Create a device key").click()
    await expect(seat.page.locator("pre")).to_contain_text("snt_d_")
    words = shlex.split((await seat.page.locator("pre").inner_text()).replace("\\\n", " "))
    headers = dict(word.split(": ", 1) for word in words if ": " in word and not word.startswith("{"))
    answer = httpx.post(words[3], headers=headers, content=words[-1], trust_env=False)
    assert answer.status_code == 201, answer.text
    await expect(seat.page.locator(".panel")).to_have_count(4, timeout=SLACK * 2000)


@pytest.fixture
def mortal() -> Iterator[System]:
    """A system that may be killed."""
    machine = System(scratch_folder())
    try:
        yield machine.start()
    finally:
        machine.close()


async def test_a_killed_platform_is_said_and_its_return_leaves_no_hole(take_seat: TakeSeat, mortal: System) -> None:
    person = {"username": "ana", "password": "violet-otter-42"}
    with httpx.Client(base_url=mortal.url, trust_env=False, timeout=30) as client:
        client.post("/auth/register", json=person).raise_for_status()
        token = client.post("/auth/login", json=person).json()["access_token"]
        made = client.post("/servers", json={"server_name": "one"}, headers={"Authorization": f"Bearer {token}"}).json()
    headers = {"Authorization": f"Bearer {made['device_key']}"}

    def post(temperature: float) -> None:
        body = {"server_ulid": made["server_ulid"], "temperature": temperature}
        httpx.post(f"{mortal.url}/data", json=body, headers=headers, trust_env=False).raise_for_status()

    post(20.5)
    ana = User("", person["username"], person["password"], token, {})
    seat = await take_seat(ana, f"/servers/{made['server_ulid']}?range=5m", url=mortal.url)
    await expect(seat.page.locator(".link-state")).to_have_text("Live")
    await expect(seat.page.locator(".big-number").first).to_have_text("20.5")
    mortal.stop()
    await expect(seat.page.get_by_role("alert")).to_contain_text(BANNER, timeout=SLACK * 5000)
    mortal.start()
    started = time.monotonic()
    post(30.5)
    await expect(seat.page.get_by_role("alert")).to_have_count(0, timeout=SLACK * 10_000)
    assert time.monotonic() - started < SLACK * 10
    await expect(seat.page.locator(".big-number").first).to_have_text("30.5", timeout=SLACK * 2000)
    await expect(seat.page.locator(".reading-head dd").first).to_have_text("20.5")

"""What holds on every page: the keyboard reaches everything, nobody sees what is not for them, paper is white."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import TakeSeat
from tests.conftest import NewServer, NewUser, Server, User
from tests.contract.calls import unique
from tests.faults import processes
from tests.system import System

# Marks what a pointer could reach, and says how much of it the keyboard has not reached yet.
REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
  .filter((one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility() && one.getClientRects().length > 0)
  .map((one) => { one.dataset.wanted = ''; return one; }).length"""
HERE = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return 'body';
  const style = getComputedStyle(one);
  const marked = style.outlineStyle !== 'none' || one.closest('label, .button')?.matches(':has(input:focus-visible)');
  const isNew = 'wanted' in one.dataset;
  delete one.dataset.wanted;
  return marked ? (isNew ? 'new' : 'again') : `unmarked ${one.outerHTML.slice(0, 120)}`;
}"""
MISSED = "() => [...document.querySelectorAll('[data-wanted]')].map((one) => one.outerHTML.slice(0, 120))"
MOST_TABS = 300


@pytest.fixture(scope="module")
def shown(client: httpx.Client, user: User, new_server: NewServer) -> Server:
    """A server with two readings, an incident, a rule and a channel."""
    server = new_server(user)
    body = {"name": unique("channel"), "url": "https://example.com/hook"}
    client.post("/channels", json=body, headers=user.headers).raise_for_status()
    condition = {"kind": "threshold", "quantity": "humidity", "above": 60}
    rule = {"name": unique("rule"), "condition": condition, "server_ulids": [server.ulid]}
    client.post("/rules", json=rule, headers=user.headers).raise_for_status()
    for humidity in (50, 70):
        reading = {"server_ulid": server.ulid, "temperature": 21.5, "humidity": humidity}
        client.post("/data", json=reading, headers=server.headers).raise_for_status()
    while not client.get("/incidents", headers=user.headers).json():
        time.sleep(0.1)
    return server


def pages(client: httpx.Client, user: User, server: Server) -> dict[str, str]:
    """Every page, and what is there when it is ready."""
    (incident,) = client.get(f"/incidents?server_ulid={server.ulid}", headers=user.headers).json()
    return {
        "/": "table.fleet",
        f"/servers/{server.ulid}?range=1h": ".panel canvas",
        f"/explore?s={server.ulid}&range=1h": ".compare canvas",
        "/alerts": ".incidents",
        f"/alerts/incidents/{incident['incident_id']}": ".evidence canvas",
        "/alerts/rules": ".rules",
        f"/alerts/rules/new?server={server.ulid}": ".evidence canvas",
        "/alerts/channels": "#notifications-title",
        "/alerts/silences": ".tabs ~ .card",
        "/jobs": ".drop",
        "/admin": "#audit-title ~ .scroll",
        "/profile": ".rows",
    }


async def test_the_keyboard_reaches_everything_on_every_page_and_shows_where_it_is(
    take_seat: TakeSeat, client: httpx.Client, user: User, shown: Server
) -> None:
    seat = await take_seat(user)
    missed: dict[str, Any] = {}
    for path, ready in pages(client, user, shown).items():
        await seat.open(path)
        await seat.page.locator(ready).first.wait_for()
        await expect(seat.page.locator(".skeleton")).to_have_count(0)
        await seat.page.evaluate("document.activeElement.blur()")
        wanted = await seat.page.evaluate(REACHABLE)
        found, unmarked = 0, []
        for _ in range(MOST_TABS):
            await seat.page.keyboard.press("Tab")
            here = await seat.page.evaluate(HERE)
            found += here == "new"
            if here.startswith("unmarked"):
                unmarked.append(here)
            if found >= wanted:
                break
        left = await seat.page.evaluate(MISSED)
        if left or unmarked:
            missed[path] = (left, unmarked)
    assert missed == {}


async def test_a_viewer_finds_no_way_to_change_anything(
    take_seat: TakeSeat, client: httpx.Client, user: User, new_user: NewUser, shown: Server
) -> None:
    viewer = new_user()
    (mine,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    path = f"/workspaces/{mine['workspace_ulid']}/invitations"
    token = client.post(path, json={"role": "viewer"}, headers=user.headers).raise_for_status().json()["token"]
    client.post("/invitations/accept", json={"token": token}, headers=viewer.headers).raise_for_status()
    seat = await take_seat(viewer)
    page = seat.page
    await page.evaluate("ulid => localStorage.setItem('workspace', ulid)", mine["workspace_ulid"])
    for address in ("/admin", "/alerts/channels", "/alerts/rules/new"):
        await seat.open(address)
        await expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()
        await expect(page.get_by_role("link", name="To the fleet")).to_be_visible()
    await seat.open("/alerts/rules")
    await page.locator(".rules").wait_for()
    await expect(page.get_by_role("button", name="Switch off")).to_have_count(0)
    await expect(page.get_by_role("link", name="New rule")).to_have_count(0)
    await expect(page.get_by_role("link", name="Channels")).to_have_count(0)
    await page.get_by_role("link", name="Incidents").click()
    await page.locator(".incidents a").first.click()
    await expect(page.locator(".timeline")).to_be_visible()
    await expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await expect(page.get_by_label("Comment")).to_have_count(0)
    await seat.open("/jobs")
    await expect(page.get_by_text("may not import")).to_be_visible()
    await expect(page.get_by_role("heading", name="Export")).to_be_visible()


async def test_paper_is_white_and_has_no_buttons(take_seat: TakeSeat, user: User, shown: Server) -> None:
    page = (await take_seat(user, f"/servers/{shown.ulid}?range=24h", theme="dark")).page
    await page.locator(".panel canvas").first.wait_for()
    await page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".top", ".actions", ".ranges"):
        await expect(page.locator(hidden).first).to_be_hidden()
    await expect(page.locator(".toolbar .shown")).to_be_visible()
    await expect(page.locator("h1")).to_have_css("color", "rgb(22, 24, 29)")
    line = "getComputedStyle(document.querySelector('.panel .swatch')).backgroundColor"
    assert await page.evaluate(line) == "rgb(213, 94, 0)"
    assert (await page.pdf()).startswith(b"%PDF")


async def rows_of_day(page: Page) -> list[str]:
    await page.get_by_text("Show values as a table").click()
    found: list[str] = await page.locator(".values tbody td:first-child").all_inner_texts()
    return found


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-01", 24)])
async def test_a_day_has_as_many_hourly_buckets_as_its_zone_says(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client, day: str, hours: int
) -> None:
    midnight = datetime.fromisoformat(f"{day}T05:00:00+00:00" if day < "2026-03-09" else f"{day}T04:00:00+00:00")
    rows = [
        {
            "server_ulid": server.ulid,
            "timestamp": (midnight + timedelta(minutes=5 * step)).isoformat(),
            "temperature": 20,
        }
        for step in range(12 * hours)
    ]
    client.post("/data", json=rows, headers=server.headers).raise_for_status()
    end = midnight + timedelta(hours=hours)
    window = f"from={midnight:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
    address = f"/explore?s={server.ulid}&{window}&step=hour&tz=America/New_York"
    page = (await take_seat(user, address)).page
    found = await rows_of_day(page)
    assert len(found) == hours
    assert found[0].endswith("00:00:00")
    assert found[-1].endswith("23:00:00")
    assert len(set(found)) == min(hours, 24), "of 25 hours two are called alike"


async def test_the_quality_of_a_window_is_told(
    take_seat: TakeSeat, user: User, server: Server, send: Callable[..., Any]
) -> None:
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    stamps = [begin + timedelta(seconds=second) for second in (*range(60), *range(120, 180))]
    send(server, *[{"timestamp": stamp.isoformat(), "temperature": 20.5} for stamp in stamps])
    window = "from=2026-03-01T12:00:00Z&to=2026-03-01T12:03:00Z"
    page = (await take_seat(user, f"/servers/{server.ulid}?{window}")).page
    await page.get_by_text("Quality of the data").click()
    figures = page.locator("details[open] dl")
    await expect(figures).to_contain_text("120 of ")
    await expect(figures).to_contain_text("1 (6")
    await expect(page.locator("details[open] tbody tr")).to_contain_text("Temperature")


async def test_a_device_key_is_made_shown_once_and_revoked(
    take_seat: TakeSeat, user: User, server: Server, send: Callable[..., Any]
) -> None:
    send(server, {"temperature": 20.5})
    page = (await take_seat(user, f"/servers/{server.ulid}")).page
    await page.get_by_text("Device keys").click()
    rows = page.locator("details[open] .rows tr")
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Create a device key").click()
    key = await page.locator(".secret").inner_text()
    await expect(rows).to_have_count(2)
    headers = {"Authorization": f"Bearer {key}"}
    body = {"server_ulid": server.ulid, "temperature": 21.5}
    url = page.url.split("/ui")[0] + "/data"
    assert httpx.post(url, json=body, headers=headers, trust_env=False).status_code == 201
    page.on("dialog", lambda dialog: dialog.accept())
    prefix = (await rows.last.locator("code").inner_text()).rstrip("…")
    which = rows.last if key.startswith(prefix) else rows.first
    await which.get_by_role("button", name="Revoke").click()
    await expect(rows).to_have_count(1)
    # A second is promised.
    deadline = time.monotonic() + 5
    while httpx.post(url, json=body, headers=headers, trust_env=False).status_code != 401:
        assert time.monotonic() < deadline, "the revoked key still opens"
        await asyncio.sleep(0.1)


async def test_a_job_is_cancelled_and_tried_again(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client, system: System
) -> None:
    text = f"server_ulid,timestamp,temperature\n{server.ulid},2026-01-01T00:00:00Z,20.5\n"
    page = (await take_seat(user, "/jobs")).page
    headers = {**user.headers, "Content-Type": "text/csv"}
    row = page.locator("section[aria-labelledby=jobs-title] tbody tr").first
    with processes.frozen(processes.get(system, processes.WORKER)):
        client.post("/imports", content=text, headers=headers).raise_for_status()
        await page.reload()
        await row.get_by_role("button", name="Cancel").click()
        await expect(row).to_contain_text("Cancelled", timeout=30_000)
    await row.get_by_role("button", name="Try again").click()
    await expect(row).to_contain_text("Done", timeout=60_000)


async def test_a_forgotten_password_is_set_anew_by_its_link(
    take_seat: TakeSeat, new_user: NewUser, system: Any, client: httpx.Client
) -> None:
    person = new_user()
    seat = await take_seat(None)
    await seat.page.locator("[name=username]").fill(person.username)
    await seat.page.get_by_role("button", name="Forgot the password?").click()
    await expect(seat.page.get_by_role("alert")).to_contain_text("administrator")
    admin = {"Authorization": f"Bearer {system.admin_key}"}
    made = client.post("/users/reset", json={"username": person.username}, headers=admin).raise_for_status().json()
    await seat.open("/" + made["link"].split("/ui/", 1)[1])
    await seat.page.locator("[type=password]").first.fill("brand-new-otter-43")
    await seat.page.keyboard.press("Enter")
    await seat.page.get_by_role("link", name="Sign in").click()
    changed = User(person.id, person.username, "brand-new-otter-43", "", {})
    await seat.sign_in(changed)
    await expect(seat.page.locator("h1")).to_have_text("No servers yet")

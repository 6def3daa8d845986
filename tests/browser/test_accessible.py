"""Every page in both themes: no violation that axe knows, and usable by keyboard alone."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import Seat, TakeSeat
from tests.conftest import Server, User
from tests.contract.calls import unique

RUN = """async (script) => {
  if (!window.axe) new Function(script)();
  const found = await window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3)}`);
}"""


# A rule whose form shows all that it can.
SEVERAL = {
    "kind": "all",
    "conditions": [
        {"kind": "threshold", "quantity": "humidity", "outside": {"low": 30, "high": 60}},
        {"kind": "rate", "quantity": "temperature", "above": 2},
        {"kind": "deviation", "quantity": "voltage", "above": 4},
        {"kind": "nodata", "quantity": "current"},
    ],
}


async def violations(seat: Seat, axe: str) -> list[str]:
    # Evaluated by the debugger, so that the page's policy stays as it is.
    await seat.page.evaluate(f"() => {{ {axe} }}")
    found: list[str] = await seat.page.evaluate(RUN, "")
    return found


@pytest.mark.parametrize(
    ("theme", "width"),
    [
        ("light", 1280),
        ("dark", 390),
        pytest.param("dark", 1280, marks=pytest.mark.long),
        pytest.param("light", 390, marks=pytest.mark.long),
    ],
)
async def test_no_page_violates_accessibility(
    take_seat: TakeSeat,
    user: User,
    server: Server,
    client: httpx.Client,
    send: Callable[..., Any],
    axe: str,
    theme: str,
    width: int,
) -> None:
    rule = {"name": unique("several"), "condition": SEVERAL, "schedule": {"start": "08:00", "end": "18:00"}}
    made = client.post("/rules", json=rule | {"server_ulids": [server.ulid]}, headers=user.headers).json()
    send(server, {"temperature": 21.5, "humidity": 50.1, "voltage": 220.2, "current": 1.5})
    seat = await take_seat(user, theme=theme, width=width)
    pages = {
        "/": "table.fleet",
        f"/servers/{server.ulid}": ".panel canvas",
        f"/servers/{server.ulid}?range=24h": ".panel canvas",
        f"/explore?s={server.ulid}&range=1h": ".compare canvas",
        "/alerts": ".tabs ~ .card",
        "/alerts/rules": ".rules",
        f"/alerts/rules/new?server={server.ulid}": ".evidence canvas",
        f"/alerts/rules/{made['rule_id']}": ".evidence canvas",
        "/alerts/channels": "#notifications-title",
        "/alerts/silences": ".tabs ~ .card",
        "/jobs": ".drop",
        "/admin": "#audit-title ~ .scroll",
        "/profile": ".rows",
        "/nowhere": "h1",
    }
    found = {}
    for path, ready in pages.items():
        await seat.open(path)
        await seat.page.locator(ready).first.wait_for()
        if faults := await violations(seat, axe):
            found[path] = faults
    assert found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_signing_in_violates_no_accessibility(take_seat: TakeSeat, axe: str, theme: str) -> None:
    seat = await take_seat(None, theme=theme)
    await seat.page.locator("form").wait_for()
    assert await violations(seat, axe) == []


async def test_keyboard_alone_reaches_a_server_and_walks_its_readings(
    take_seat: TakeSeat, user: User, server: Server, send: Callable[..., Any]
) -> None:
    send(server, {"temperature": 21.5}, {"temperature": 22.5, "timestamp": "2024-05-01T10:00:00Z"})
    seat = await take_seat(user)
    page = seat.page
    await page.locator("table.fleet").wait_for()
    await page.keyboard.press("/")
    await expect(page.locator("#find")).to_be_focused()
    await page.keyboard.type(server.name)
    await expect(page.locator("table.fleet tbody tr")).to_have_count(1)
    await page.keyboard.press("Tab")
    while not await page.evaluate("document.activeElement.closest('td.name') !== null"):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.locator(".panel canvas").first.wait_for()
    await page.locator(".plot").first.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator(".panels [aria-live]")).to_contain_text("Temperature 21.5 °C")


async def test_keys_open_help_palette_theme_and_utc(take_seat: TakeSeat, user: User, server: Server) -> None:
    seat = await take_seat(user)
    page = seat.page
    await page.locator("table.fleet").wait_for()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.keyboard.press("u")
    await expect(page.locator(".menu-button")).to_contain_text("UTC")
    await page.keyboard.press("Control+k")
    await page.keyboard.type(server.name)
    await expect(page.get_by_role("option", name=server.name)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{seat.url}/ui/servers/{server.ulid}")

"""Alerts from beginning to end, all in the page: a rule made, backtested, enabled, fired, acknowledged."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.alerts.receiver import Receiver, running
from tests.browser.conftest import SLACK, TakeSeat
from tests.conftest import NewServer, Server, User
from tests.contract.calls import unique

# A rule is judged within two seconds of a reading's arrival.
FIRES_MS = SLACK * 2000


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running() as receiver:
        yield receiver


@pytest.fixture
def oven(client: httpx.Client, user: User, new_server: NewServer) -> Server:
    """A server with two hours of history at 20 °C that was at 40 °C three times for five minutes."""
    server = new_server(user)
    start = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    hot = {minute for begin in (20, 50, 90) for minute in range(begin, begin + 5)}
    rows = [
        {
            "server_ulid": server.ulid,
            "timestamp": (start + timedelta(minutes=minute)).isoformat(),
            "temperature": 40 if minute in hot else 20,
        }
        for minute in range(120)
    ]
    client.post("/data", json=rows, headers=server.headers).raise_for_status()
    return server


async def write_rule(page: Page, name: str, server: Server) -> None:
    form = page.locator("form.card")
    await form.locator("[name=name]").fill(name)
    await form.locator("[name=servers]").select_option(server.ulid)
    await form.get_by_label("Level, °C").fill("30")
    await form.get_by_label("For at least, seconds").fill("0")


async def test_a_rule_is_made_backtested_enabled_fired_and_acknowledged_in_the_page(
    take_seat: TakeSeat, user: User, oven: Server, send: Callable[..., Any]
) -> None:
    name = unique("hot")
    page = (await take_seat(user, "/alerts")).page
    await page.get_by_role("link", name="New rule").click()
    await write_rule(page, name, oven)
    await expect(page.get_by_text("would have fired 3 times")).to_be_visible(timeout=SLACK * 3000)
    await page.locator(".evidence canvas").wait_for()
    await page.get_by_role("button", name="Create, switched off").click()
    row = page.locator(".rules li", has_text=name)
    await expect(row).to_contain_text("Temperature above 30.0 °C")
    await expect(row.locator(".how")).to_have_text("Off")
    await page.get_by_role("button", name=f"Switch on: {name}").click()
    await expect(row.locator(".how")).to_have_text("On")
    await page.get_by_role("link", name="Incidents").click()
    await expect(page.get_by_role("button", name="Firing now")).to_have_attribute("aria-pressed", "true")
    send(oven, {"temperature": 45.5})
    incident = page.get_by_role("link", name=name)
    await expect(incident).to_be_visible(timeout=FIRES_MS)
    await incident.click()
    await expect(page.locator("dd").first).to_have_text("45.5 °C")
    await page.locator(".evidence canvas").wait_for()
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.locator(".timeline li[data-event=acknowledged]")).to_contain_text(user.username)
    await expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


async def test_an_incident_is_commented_on_silenced_and_resolved(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client, send: Callable[..., Any]
) -> None:
    rule = {"name": unique("damp"), "severity": "critical", "server_ulids": [server.ulid]}
    condition = {"kind": "threshold", "quantity": "humidity", "above": 60}
    client.post("/rules", json={**rule, "condition": condition}, headers=user.headers).raise_for_status()
    page = (await take_seat(user, f"/?q={server.name}")).page
    await page.locator("table.fleet").wait_for()
    send(server, {"humidity": 70})
    await expect(page.locator("table.fleet tbody tr").first).to_contain_text("Alerting", timeout=FIRES_MS)
    await page.get_by_role("link", name="Alerts").click()
    await page.get_by_role("link", name=str(rule["name"])).click()
    await page.get_by_label("Comment").fill("The door was open.")
    await page.keyboard.press("Enter")
    await expect(page.locator(".timeline")).to_contain_text("The door was open.")
    await page.get_by_role("button", name="Silence").click()
    await page.get_by_label("Reason").fill("Maintenance")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Silenced until")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Resolve").click()
    await expect(page.locator(".timeline li[data-event=resolved]")).to_contain_text(user.username)
    await page.get_by_role("link", name="All incidents").click()
    await page.get_by_role("link", name="Silences").click()
    row = page.get_by_role("row", name="Maintenance").first
    await row.get_by_role("button", name="End now").click()
    await expect(row).to_contain_text("Ended")


async def test_a_suggested_level_is_taken_over(take_seat: TakeSeat, user: User, oven: Server) -> None:
    page = (await take_seat(user, "/alerts/rules/new")).page
    await write_rule(page, unique("hot"), oven)
    await page.get_by_label("Level, °C").fill("10")
    await page.get_by_label("Suggest a level").fill("5")
    await page.get_by_role("button", name="Suggest").click()
    await page.get_by_role("button", name="Use it").click(timeout=SLACK * 3000)
    level = float(await page.get_by_label("Level, °C").input_value())
    assert level > 10
    await expect(page.locator(".would")).not_to_contain_text("not", timeout=SLACK * 3000)


async def test_a_channel_is_made_tested_and_its_dead_letters_sent_again(
    take_seat: TakeSeat, user: User, receiver: Receiver
) -> None:
    page = (await take_seat(user, "/alerts/channels")).page

    async def make(name: str, url: str) -> None:
        await page.get_by_role("button", name="New channel").click()
        await page.get_by_label("Name", exact=True).fill(name)
        await page.get_by_label("Address (URL)").fill(url)
        await page.keyboard.press("Enter")
        await expect(page.locator(".secret")).to_contain_text("whsec_")
        await page.get_by_role("button", name="Close").click()

    good, bad = unique("good"), unique("bad")
    await make(good, receiver.url("/ok"))
    await page.get_by_role("button", name=f"Test: {good}").click()
    await expect(page.locator("li", has_text=good).get_by_role("status")).to_have_text("Delivered.", timeout=30_000)
    # An address that nobody may be reached at is given up at once.
    await make(bad, "http://169.254.169.254/")
    await page.get_by_role("button", name=f"Test: {bad}").click()
    await expect(page.locator("li", has_text=bad).get_by_role("status")).to_contain_text("address", timeout=30_000)
    await page.get_by_role("button", name="Given up").click()
    await expect(page.get_by_role("row", name=bad)).to_be_visible()
    await page.get_by_role("button", name="Send all again").click()
    await expect(page.get_by_text("1 is sent again.")).to_be_visible()


async def test_mail_goes_through_a_server_of_the_channels_own(
    take_seat: TakeSeat, user: User, client: httpx.Client
) -> None:
    name = unique("mail")
    page = (await take_seat(user, "/alerts/channels")).page
    await page.get_by_role("button", name="New channel").click()
    await page.get_by_label("Kind").select_option("email")
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("To (addresses").fill("ana@example.com, rui@example.com")
    await page.get_by_label("Send through a mail server of its own").check()
    await page.get_by_label("Mail server", exact=True).fill("smtp.example.com")
    await page.get_by_label("Encryption").select_option("tls")
    await expect(page.get_by_label("Port", exact=True)).to_have_value("465")
    await page.get_by_label("From (address)").fill("sentinela@example.com")
    await page.get_by_label("User", exact=True).fill("sentinela")
    # Without its password the API refuses, in words.
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("username and password")
    await page.get_by_label("Password").fill("a secret")
    await page.keyboard.press("Enter")
    row = page.locator("li", has_text=name)
    await expect(row).to_contain_text("through smtp.example.com")
    (made,) = (one for one in client.get("/channels", headers=user.headers).json() if one["name"] == name)
    assert made["to"] == ["ana@example.com", "rui@example.com"]
    assert (made["smtp"]["port"], made["smtp"]["security"], made["smtp"]["username"]) == (465, "tls", "sentinela")
    assert "a secret" not in str(made)

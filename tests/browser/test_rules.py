"""The form of rules: every kind is made in the page, opens again as it was, and what is wrong stands at its field."""

import re
from typing import Any

import httpx
from playwright.async_api import Page, expect

from tests.browser.conftest import SLACK, TakeSeat
from tests.conftest import Server, User
from tests.contract.calls import unique

# A field's name, and what is written into it or chosen.
Filling = dict[str, str]
PREVIEWED_MS = SLACK * 3000
RATE: Filling = {"kind": "rate", "side": "outside", "low": "-0,5", "high": "1.5", "per": "hour", "window": "600"}
UNUSUAL: Filling = {"kind": "deviation", "quantity": "humidity", "level": "4", "days": "7", "zone": "Asia/Tokyo"}
LEVELS = {"above": None, "below": None, "outside": None, "inside": None}
WAITS = {"hysteresis": 0, "hold_seconds": 60, "no_data_seconds": 3600}
RATE_OF = {"outside": {"low": -0.5, "high": 1.5}, "hysteresis": 0.25, "per": "hour", "window_seconds": 600}
UNUSUAL_OF = {"above": 4, "days": 7, "zone": "Asia/Tokyo"}
PARTS: list[dict[str, Any]] = [
    {"kind": "rate", "quantity": "temperature", **LEVELS, **WAITS, **RATE_OF},
    {"kind": "deviation", "quantity": "humidity", **LEVELS, **WAITS, **UNUSUAL_OF},
    {"kind": "offline", "hold_seconds": 30},
    {"kind": "nodata", "quantity": "voltage", "for_seconds": 90},
]
CONDITION = {"kind": "any", "conditions": PARTS}
SCHEDULE = {"zone": "America/Sao_Paulo", "weekdays": ["mon", "sat"], "start": "22:00", "end": "24:00"}


async def fill(page: Page, values: Filling, of: str = "") -> None:
    for name, value in values.items():
        field = page.locator(f'form.card [name="{of}{name}"]')
        if await field.evaluate("(one) => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)


async def fill_part(page: Page, index: int, values: Filling) -> None:
    if index > 0:
        await page.get_by_role("button", name="Add a condition").click()
    await fill(page, values, f"parts.{index}.")


def stored(client: httpx.Client, user: User, name: str) -> dict[str, Any]:
    (rule,) = (one for one in client.get("/rules", headers=user.headers).json() if one["name"] == name)
    return {key: value for key, value in rule.items() if key not in ("rule_id", "created_at")}


async def test_a_rule_of_several_kinds_with_hours_and_a_tag_is_made_in_the_page(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client
) -> None:
    name, channel = unique("several"), unique("told")
    body = {"name": channel, "url": "https://example.com/hook"}
    told = client.post("/channels", json=body, headers=user.headers).json()["channel_id"]
    page = (await take_seat(user, f"/alerts/rules/new?server={server.ulid}")).page
    await fill(page, {"name": name, "tagName": "site", "tagValue": "Lisboa", "severity": "critical", "reopen": "0"})
    await fill_part(page, 0, RATE | {"hysteresis": "0,25"})
    await fill_part(page, 1, UNUSUAL)
    await fill_part(page, 2, {"kind": "offline", "hold": "30"})
    await fill_part(page, 3, {"kind": "nodata", "quantity": "voltage", "silence": "90"})
    await fill(page, {"every": "any"})
    await page.get_by_label("Only at certain hours").check()
    for day in ("Tue", "Wed", "Thu", "Fri"):
        await page.get_by_label(day, exact=True).uncheck()
    await page.get_by_label("Sat", exact=True).check()
    await fill(page, {"start": "22:00", "end": "00:00", "zone": "America/Sao_Paulo"}, "hours.")
    await page.get_by_label(channel).check()
    await expect(page.locator(".would")).to_have_text("would not have fired", timeout=PREVIEWED_MS)
    await page.get_by_role("button", name="Create, switched off").click()
    row = page.locator(".rules li", has_text=name)
    await expect(row).to_contain_text("Change of temperature outside -0.5 to 1.5 °C an hour")
    await expect(row).to_contain_text("or unusual humidity above 4 σ")
    await expect(row).to_contain_text("Mon, Sat 22:00–24:00, America/Sao Paulo")
    await expect(row).to_contain_text(f"{server.name} · site: Lisboa")
    assert stored(client, user, name) == {
        "name": name,
        "severity": "critical",
        "condition": CONDITION,
        "schedule": SCHEDULE,
        "server_ulids": [server.ulid],
        "tag": {"name": "site", "value": "Lisboa"},
        "channel_ids": [told],
        "reopen_seconds": 0,
        "enabled": False,
    }


async def test_a_rule_opens_in_the_form_as_it_is_and_what_is_changed_changes(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client
) -> None:
    name, other = unique("whole"), unique("renamed")
    # Browsers know this zone by another name.
    usual = PARTS[1] | {"zone": "Asia/Kathmandu"}
    condition = {"kind": "any", "conditions": [PARTS[0], usual, *PARTS[2:]]}
    rule = {"name": name, "condition": condition, "schedule": SCHEDULE, "tag": {"name": "site", "value": "Porto"}}
    client.post("/rules", json=rule | {"server_ulids": [server.ulid]}, headers=user.headers).raise_for_status()
    before = stored(client, user, name)
    page = (await take_seat(user, "/alerts/rules", locale="pt-BR", width=390)).page
    await page.get_by_role("link", name=f"Editar: {name}").click()
    form = page.locator("form.card")
    await expect(form.locator('[name="parts.0.low"]')).to_have_value("-0,5")
    await expect(form.get_by_label("Mínimo, °C por hora")).to_have_value("-0,5")
    await expect(form.locator('[name="parts.1.zone"]')).to_have_value("Asia/Kathmandu")
    await expect(form.locator('[name="hours.end"]')).to_have_value("00:00")
    await expect(form.get_by_label("sáb.")).to_be_checked()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await fill(page, {"name": other})
    await page.get_by_role("button", name="Salvar").click()
    await expect(page.locator(".rules li", has_text=other)).to_be_visible()
    assert stored(client, user, other) == before | {"name": other}
    await page.get_by_role("link", name=f"Editar: {other}").click()
    for part in ("Condição 4", "Condição 3", "Condição 1"):
        await form.get_by_role("button", name=f"Remover: {part}").click()
    await form.get_by_label("Só em certas horas").uncheck()
    await form.get_by_role("button", name=f"Tirar {server.name}").click()
    await fill(page, {"tagName": "", "tagValue": "", "severity": "info"})
    await page.get_by_role("button", name="Salvar").click()
    await expect(page.locator(".rules li", has_text=other)).to_contain_text("todos os servidores")
    only = {"condition": usual, "schedule": None, "server_ulids": None, "tag": None}
    assert stored(client, user, other) == before | only | {"name": other, "severity": "info"}


async def test_what_the_api_refuses_stands_at_its_field_in_the_readers_words(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client
) -> None:
    taken = {"name": unique("taken"), "condition": {"kind": "offline"}}
    client.post("/rules", json=taken, headers=user.headers).raise_for_status()
    page = (await take_seat(user, f"/alerts/rules/new?server={server.ulid}", locale="pt-BR")).page
    form = page.locator("form.card")
    await fill(page, {"name": str(taken["name"])})
    await fill(page, {"side": "outside", "low": "30", "high": "20,5", "hold": "604801"}, "parts.0.")
    await form.get_by_label("Só em certas horas").check()
    await fill(page, {"start": "08:00", "end": "08:00"}, "hours.")
    # Told by the preview already, before anybody saves it.
    hold = form.get_by_label("Por pelo menos, segundos")
    await expect(hold).to_have_accessible_description(
        re.compile("Deve ser menor ou igual a 604800"), timeout=PREVIEWED_MS
    )
    await expect(form.get_by_label("Mínimo, °C")).to_have_accessible_description("low deve ser menor que high")
    await expect(form.get_by_label("Até", exact=True)).to_have_accessible_description(
        "start e end devem diferir; um dia inteiro é 00:00 a 24:00"
    )
    await page.get_by_role("button", name="Criar e ligar").click()
    await expect(form.locator("[aria-invalid]").first).to_be_focused()
    await fill(page, {"low": "10", "hold": "60"}, "parts.0.")
    await fill(page, {"end": "18:00"}, "hours.")
    await expect(form.locator("[aria-invalid]")).to_have_count(0, timeout=PREVIEWED_MS)
    await page.get_by_role("button", name="Criar e ligar").click()
    await expect(form.get_by_label("Nome", exact=True)).to_have_accessible_description(
        f"Já existe uma regra chamada '{taken['name']}' neste workspace."
    )

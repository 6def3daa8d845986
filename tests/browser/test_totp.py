"""Signing in with a code: set up, used and turned off by keyboard, in both languages."""

import re

import httpx
from playwright.async_api import expect

from tests.browser.conftest import TakeSeat
from tests.browser.test_accessible import violations
from tests.conftest import NewUser, User
from tests.contract.authenticator import Authenticator, log_in_with, turn_on
from tests.contract.calls import join


async def test_a_code_is_set_up_asked_for_and_turned_off(take_seat: TakeSeat, new_user: NewUser, axe: str) -> None:
    person = new_user()
    seat = await take_seat(person, "/profile", own_session=True)
    card = seat.page.get_by_role("region", name="Sign-in with a code")
    await card.get_by_label("Password").fill(person.password)
    await seat.page.keyboard.press("Enter")
    picture = card.get_by_role("img")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.complete && image.naturalWidth > 100"), "the QR code is drawn"
    device = Authenticator(await card.locator(".secret").inner_text())
    assert await violations(seat, axe) == []
    await card.get_by_label("Code").fill(device.code())
    await seat.page.keyboard.press("Enter")
    await expect(card.locator("li")).to_have_count(10)
    assert await violations(seat, axe) == []

    other = await take_seat(None, "/", locale="pt-BR", own_session=True)
    await other.page.locator("[name=username]").fill(person.username)
    await other.page.locator("[name=password]").fill(person.password)
    await other.page.keyboard.press("Enter")
    await expect(other.page.get_by_label("Código")).to_be_focused()
    assert await violations(other, axe) == []
    await other.page.keyboard.type(device.wrong())
    await other.page.keyboard.press("Enter")
    await expect(other.page.get_by_role("alert")).to_contain_text("código")
    await other.page.get_by_label("Código").fill(device.code())
    await other.page.keyboard.press("Enter")
    await other.page.locator("#content").wait_for()

    recovery = await card.locator("li").first.inner_text()
    await card.get_by_label("Password").fill(person.password)
    await card.get_by_label("Code", exact=True).fill(device.wrong())
    off = card.get_by_role("button", name="Turn off")
    await off.press("Enter")
    await expect(card.get_by_role("alert")).to_be_visible()
    await card.get_by_label("Code", exact=True).fill(recovery)
    await off.press("Enter")
    await expect(card).to_contain_text(re.compile("no code any more"))
    await expect(card.get_by_role("button", name="Set up")).to_be_visible()


async def test_an_administrator_helps_who_lost_the_device(
    take_seat: TakeSeat, client: httpx.Client, user: User, new_user: NewUser
) -> None:
    person = new_user()
    join(client, user, person)
    turn_on(client, person)
    seat = await take_seat(user, "/admin")
    row = seat.page.get_by_role("row", name=person.username)
    said: list[str] = []
    seat.page.once("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss())[1])
    await row.get_by_role("button", name="Lost device").click()
    assert [person.username in question for question in said] == [True]
    assert log_in_with(client, person, None).status_code == 401, "who thought better of it changed nothing"
    seat.page.once("dialog", lambda dialog: dialog.accept())
    await row.get_by_role("button", name="Lost device").click()
    await expect(seat.page.get_by_role("status").filter(has_text=person.username)).to_contain_text("without a code")
    assert log_in_with(client, person, None).status_code == 200

"""Who sees what, in which language; and that the page is let do nothing else."""

import re
import secrets

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import TakeSeat
from tests.conftest import NewUser, Server, User
from tests.system import System


async def test_portuguese_words_and_decimal_comma(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client
) -> None:
    body = {"server_ulid": server.ulid, "temperature": 21.5}
    client.post("/data", json=body, headers=server.headers).raise_for_status()
    seat = await take_seat(user, f"/?q={server.name}", locale="pt-BR")
    await expect(seat.page.get_by_role("heading", name="Frota")).to_be_visible()
    await expect(seat.page.locator("html")).to_have_attribute("lang", "pt-BR")
    await expect(seat.page.locator("table.fleet")).to_contain_text("Temperatura")
    await expect(seat.page.locator("table.fleet .number").first).to_contain_text("21,5")


async def test_errors_of_the_api_come_in_the_chosen_language(take_seat: TakeSeat) -> None:
    seat = await take_seat(None, locale="pt-BR")
    await seat.page.locator("[name=username]").fill("ninguem")
    await seat.page.locator("[name=password]").fill("errada-demais")
    await seat.page.keyboard.press("Enter")
    await expect(seat.page.get_by_role("alert")).to_contain_text("senha")


async def test_the_language_changes_without_loading_anew(take_seat: TakeSeat, user: User) -> None:
    seat = await take_seat(user)
    await seat.page.evaluate("window.stayed = true")
    await seat.page.get_by_role("button", name="Menu").click()
    await seat.page.get_by_label("Language").select_option("pt-BR")
    await expect(seat.page.locator("html")).to_have_attribute("lang", "pt-BR")
    await expect(seat.page.get_by_role("link", name="Frota")).to_be_visible()
    assert await seat.page.evaluate("window.stayed")


@pytest.fixture
def viewer(client: httpx.Client, user: User, new_user: NewUser) -> User:
    """Somebody who may only look at the user's workspace, and has it chosen."""
    guest = new_user()
    (mine,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    path = f"/workspaces/{mine['workspace_ulid']}/invitations"
    token = client.post(path, json={"role": "viewer"}, headers=user.headers).raise_for_status().json()["token"]
    client.post("/invitations/accept", json={"token": token}, headers=guest.headers).raise_for_status()
    return guest


async def test_a_viewer_sees_no_admin_links_and_the_api_refuses(
    take_seat: TakeSeat, user: User, viewer: User, server: Server, client: httpx.Client
) -> None:
    (mine,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    seat = await take_seat(viewer)
    await seat.page.evaluate("ulid => localStorage.setItem('workspace', ulid)", mine["workspace_ulid"])
    await seat.open("/")
    await expect(seat.page.locator("table.fleet")).to_contain_text(server.name)
    await expect(seat.page.get_by_role("link", name="Admin")).to_have_count(0)
    await expect(seat.page.get_by_role("button", name="Add a server")).to_have_count(0)
    await seat.open("/admin")
    await expect(seat.page.get_by_role("heading", name="Not for your role")).to_be_visible()
    headers = {**viewer.headers, "Sentinela-Workspace": mine["workspace_ulid"]}
    assert client.get("/keys", headers=headers).status_code == 403
    assert client.get("/audit", headers=headers).status_code == 403


async def test_an_invitation_link_lets_somebody_in(
    take_seat: TakeSeat, user: User, new_user: NewUser, client: httpx.Client
) -> None:
    host = await take_seat(user, "/admin")
    await host.page.get_by_role("button", name="Invite").click()
    link = await host.page.locator(".secret").inner_text()
    guest = new_user()
    seat = await take_seat(guest, link.removeprefix(f"{host.url}/ui"))
    await seat.page.get_by_role("button", name="Join").click()
    await expect(seat.page.locator("h1")).to_have_text(re.compile("Fleet|No servers yet"))
    assert len(client.get("/auth/me", headers=guest.headers).json()["workspaces"]) == 2


async def test_whoever_is_invited_and_has_no_account_makes_one_in_that_workspace(
    take_seat: TakeSeat, user: User, client: httpx.Client
) -> None:
    (mine,) = client.get("/auth/me", headers=user.headers).json()["workspaces"]
    path = f"/workspaces/{mine['workspace_ulid']}"
    token = client.post(f"{path}/invitations", json={}, headers=user.headers).raise_for_status().json()["token"]
    seat = await take_seat(None, f"/invitation#{token}")
    name = f"guest-{secrets.token_hex(4)}"
    await seat.page.get_by_role("button", name="Create an account").click()
    await seat.page.locator("[name=username]").fill(name)
    await seat.page.locator("[name=password]").fill("violet-otter-42")
    await seat.page.keyboard.press("Enter")
    await expect(seat.page.locator("h1")).to_have_text(re.compile("Fleet|No servers yet"))
    members = client.get(f"{path}/members", headers=user.headers).json()
    assert members[-1]["username"] == name
    await seat.open(f"/invitation#{token}")
    await seat.page.reload()
    await expect(seat.page.get_by_role("alert")).to_have_text("This link is not valid any more.")


async def test_a_mistyped_password_signs_nobody_out(take_seat: TakeSeat, user: User) -> None:
    seat = await take_seat(user, "/profile")
    await seat.page.locator("[name=old]").fill("not this one")
    await seat.page.locator("[name=new]").fill("amber-heron-17")
    await seat.page.get_by_role("button", name="Change password").click()
    await expect(seat.page.get_by_role("alert")).to_contain_text("Wrong username or password")
    await expect(seat.page.get_by_role("heading", name="Profile")).to_be_visible()


async def test_registering_and_adding_the_first_server(take_seat: TakeSeat) -> None:
    seat = await take_seat(None)
    page = seat.page
    await page.get_by_role("button", name="Create an account").click()
    await page.locator("[name=username]").fill(f"person-{secrets.token_hex(4)}")
    await page.locator("[name=password]").fill("violet-otter-42")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Add a server").click()
    await page.get_by_role("textbox", name="Name").fill("Dolly #1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Waiting for the first reading")).to_be_visible()
    await expect(page.locator("pre")).to_contain_text("Bearer snt_d_")


async def test_signing_out_everywhere_ends_the_other_browser_too(take_seat: TakeSeat, new_user: NewUser) -> None:
    person = new_user()
    here = await take_seat(person, "/profile", own_session=True)
    there = await take_seat(person, own_session=True)
    await here.page.get_by_role("button", name="Sign out everywhere").click()
    await expect(here.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await there.page.reload()
    await expect(there.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_page_may_load_nothing_from_elsewhere_and_run_no_foreign_script(client: httpx.Client) -> None:
    answer = client.get("/ui/", headers={"Accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = client.get("/ui/", headers={"Accept": "text/html", "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["content-security-policy"]) == (304, policy)


def test_a_deep_link_is_the_page_and_a_missing_file_is_not(client: httpx.Client, system: System) -> None:
    page = client.get("/ui/")
    deep = client.get("/ui/servers/01HZY3V8E4M9Q2R5T7W0X6B1CD", headers={"Accept": "text/html"})
    assert (deep.status_code, deep.text) == (200, page.text)
    missing = client.get("/ui/assets/nothing.js")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    script = page.text.split('src="', 1)[1].split('"', 1)[0]
    assert "immutable" in client.get(script).headers["cache-control"]

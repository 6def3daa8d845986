"""Signing in by an OIDC provider in a real browser: there and back, by keyboard, in both languages."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Seat
from tests.browser.test_accessible import violations
from tests.conftest import User
from tests.contract.calls import unique
from tests.contract.oidc_provider import NAME, Provider, installation
from tests.system import System


@pytest_asyncio.fixture
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that, unlike others', may leave the origin: to the provider."""
    opened = await chromium.new_context(locale="pt-BR")
    yield opened
    await opened.close()


async def agree(page: Page, subject: str) -> None:
    """What somebody does at the provider."""
    field = page.locator("input[name=sub]")
    await field.fill(subject)
    await field.press("Enter")


async def test_the_button_leads_to_the_provider_and_back_to_the_page_that_was_asked_for(
    context: BrowserContext, system: System, user: User, tmp_path: Path, axe: str
) -> None:
    provider = Provider(tmp_path)
    api = installation(tmp_path, system, provider)
    try:
        page = await context.new_page()
        # The provider's own pages would fetch a style sheet from elsewhere.
        await page.route(
            "**/*.css", lambda route: route.continue_() if "127.0.0.1" in route.request.url else route.abort()
        )
        await page.goto(f"{api.url}/ui/jobs?x=1")
        button = page.get_by_role("button", name=f"Entrar com {NAME}")
        await button.press("Enter")
        await agree(page, provider.person(preferred_username=user.username))
        await expect(page.get_by_role("alert")).to_contain_text("Outra conta daqui já tem o seu nome")
        assert await violations(Seat(page, api.url), axe) == []
        await page.reload()
        await expect(button).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)

        name = unique("lia")
        await page.goto(f"{api.url}/ui/jobs?x=1")
        await button.press("Enter")
        await agree(page, provider.person(preferred_username=name))
        await page.locator("#content").wait_for()
        assert page.url == f"{api.url}/ui/jobs?x=1"
        cookies = {cookie["name"]: cookie for cookie in await context.cookies()}
        assert set(cookies) == {"sentinela_session"}, "what was needed on the way is gone"
        assert (cookies["sentinela_session"]["httpOnly"], cookies["sentinela_session"]["sameSite"]) == (True, "Strict")
    finally:
        api.stop()
        provider.stop()


async def test_without_a_provider_there_is_no_button(context: BrowserContext, client: httpx.Client) -> None:
    page = await context.new_page()
    await page.goto(f"{client.base_url}/ui/")
    await expect(page.get_by_role("button", name="Entrar", exact=True)).to_be_visible()
    await expect(page.get_by_text("Entrar com")).to_have_count(0)

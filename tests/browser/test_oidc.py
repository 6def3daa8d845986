"""Signing in by an OIDC provider in a real browser: there and back, by keyboard, in both languages."""

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request, expect

from tests.browser.conftest import Seat, TakeSeat
from tests.browser.test_accessible import violations
from tests.conftest import NewUser, User
from tests.contract.alone import Alone
from tests.contract.calls import unique
from tests.contract.oidc_provider import NAME, Provider, installation
from tests.system import System


@pytest_asyncio.fixture
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that, unlike others', may leave the origin: to the provider."""
    opened = await chromium.new_context(locale="pt-BR")
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    running = Provider(tmp_path_factory.mktemp("provider"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, system: System, provider: Provider) -> Iterator[Alone]:
    """An installation where people sign in by it."""
    running = installation(tmp_path_factory.mktemp("oidc"), system, provider)
    yield running
    running.stop()


async def agree(page: Page, subject: str) -> None:
    """What somebody does at the provider."""
    field = page.locator("input[name=sub]")
    await field.fill(subject)
    await field.press("Enter")


async def no_foreign_styles(page: Page) -> None:
    """The provider's own pages would fetch a style sheet from elsewhere."""
    await page.route("**/*.css", lambda route: route.continue_() if "127.0.0.1" in route.request.url else route.abort())


async def session_of(context: BrowserContext) -> str:
    """The secret of the browser's session, its only cookie."""
    (cookie,) = await context.cookies()
    assert cookie["name"] == "sentinela_session"
    return cookie["value"]


async def test_the_button_leads_to_the_provider_and_back_to_the_page_that_was_asked_for(
    context: BrowserContext, provider: Provider, api: Alone, user: User, axe: str
) -> None:
    page = await context.new_page()
    await no_foreign_styles(page)
    await page.goto(f"{api.url}/ui/jobs?x=1")
    button = page.get_by_role("button", name=f"Entrar com {NAME}")
    await button.press("Enter")
    await agree(page, provider.person(preferred_username=user.username))
    await expect(page.get_by_role("alert")).to_contain_text("conecte-a em Perfil")
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


async def test_an_account_with_a_password_is_connected_opened_by_it_and_disconnected(
    context: BrowserContext, provider: Provider, api: Alone, new_user: NewUser, axe: str
) -> None:
    person = new_user()
    page = await context.new_page()
    await no_foreign_styles(page)
    seat = Seat(page, api.url)
    await seat.open("/profile")
    await seat.sign_in(person)
    secret = await session_of(context)
    card = page.get_by_role("region", name="Entrada por um provedor")
    connect = card.get_by_role("button", name=f"Conectar {NAME}")
    await expect(connect).to_be_visible()
    assert await violations(seat, axe) == []
    await card.get_by_label("Senha").fill("not this one")
    await page.keyboard.press("Enter")
    await expect(card.get_by_role("alert")).to_contain_text("incorretos")
    await card.get_by_label("Senha").fill(person.password)
    await page.keyboard.press("Enter")
    subject = provider.person(preferred_username=person.username)
    await agree(page, subject)
    await expect(card.get_by_role("status")).to_contain_text("Conectada")
    await expect(card).to_contain_text(subject)
    await expect(connect).to_have_count(0)
    assert page.url == f"{api.url}/ui/profile"
    assert await session_of(context) == secret, "the session is the one that began"
    assert await violations(seat, axe) == []

    await context.clear_cookies()
    await page.goto(f"{api.url}/ui/profile")
    await page.get_by_role("button", name=f"Entrar com {NAME}").press("Enter")
    await agree(page, subject)
    await expect(page.get_by_role("heading", name=person.username)).to_be_visible()
    await card.get_by_label("Senha").fill(person.password)
    await page.keyboard.press("Tab")
    await expect(card.get_by_role("button", name="Desconectar")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(card.get_by_role("status")).to_contain_text("Desconectada")
    await expect(connect).to_be_visible()


async def test_a_way_back_that_is_not_this_browsers_is_told_to_who_is_signed_in(
    context: BrowserContext, api: Alone, new_user: NewUser, axe: str
) -> None:
    person = new_user()
    page = await context.new_page()
    seat = Seat(page, api.url)
    await seat.open("/")
    await seat.sign_in(person)
    await page.goto(f"{api.url}/auth/oidc/callback?code=a&state=b")
    told = page.get_by_role("alert").filter(has_text="não foi iniciada neste navegador")
    await expect(told).to_be_visible()
    await expect(page.locator("h1")).to_be_visible()
    assert await violations(seat, axe) == []
    await page.goto(f"{api.url}/ui/profile?connect=provider-refused")
    await expect(page.get_by_role("alert")).to_contain_text("não autorizou")
    assert page.url == f"{api.url}/ui/profile"
    await page.goto(f"{api.url}/ui/profile?connect=proved")
    await expect(page.get_by_role("alert")).to_contain_text("comece de novo")


async def test_without_a_provider_there_is_no_button(context: BrowserContext, client: httpx.Client) -> None:
    page = await context.new_page()
    await page.goto(f"{client.base_url}/ui/")
    await expect(page.get_by_role("button", name="Entrar", exact=True)).to_be_visible()
    await expect(page.get_by_text("Entrar com")).to_have_count(0)


async def test_without_a_provider_there_is_nothing_to_connect(take_seat: TakeSeat, user: User) -> None:
    seat = await take_seat(user)
    asked = [seat.page.expect_request_finished(is_for(path)) for path in ("/auth/ways", "/auth/me/identities")]
    async with asked[0], asked[1]:
        await seat.open("/profile")
    await expect(seat.page.get_by_role("region", name="Sign-in with a code")).to_be_visible()
    await seat.page.evaluate("() => new Promise(requestAnimationFrame)")
    await expect(seat.page.get_by_role("region", name="Sign-in by a provider")).to_have_count(0)


def is_for(path: str) -> Callable[[Request], bool]:
    return lambda request: request.url.endswith(path)

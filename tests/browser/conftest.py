"""A real Chromium before the running system; what a page may never do is looked for in every test."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from app.core.pages import DIST
from tests.conftest import Server, User
from tests.system import System

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
ZONE = "America/Sao_Paulo"
# A promise is asserted with fivefold slack: two cores may be busy with other tests.
SLACK = 5
_left_out: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested."""
    if _left_out:
        terminalreporter.section("THE DASHBOARD WAS NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(_left_out[0])


def _chromium(own: str) -> str | None:
    """Chromium from the PATH, else Playwright's own when that is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or (own if Path(own).exists() else None)


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser, once for all tests."""
    async with async_playwright() as playwright:
        program = _chromium(playwright.chromium.executable_path)
        if program is None or not (DIST / "index.html").exists():
            missing = "its page was not built (build/web.log)" if program else "no Chromium on the PATH"
            _left_out.append(f"Left out: every test in tests/browser, because there is {missing}.")
            pytest.skip(_left_out[0])
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Seat:
    """Somebody before a browser, and what their page did that it may not."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.url}/ui{path}")

    async def sign_in(self, user: User) -> None:
        """Sign in through the form; the address stays."""
        await self.page.locator("[name=username]").fill(user.username)
        await self.page.locator("[name=password]").fill(user.password)
        await self.page.keyboard.press("Enter")
        await self.page.locator("#content").wait_for()


TakeSeat = Callable[..., Awaitable[Seat]]
Cookies = dict[tuple[str, str], list[Any]]


@pytest.fixture(scope="session")
def cookies() -> Cookies:
    """The cookies of who has signed in, by address and name: argon2 is slow on purpose, once a person will do."""
    return {}


@pytest_asyncio.fixture
async def take_seat(chromium: Browser, system: System, cookies: Cookies) -> AsyncIterator[TakeSeat]:
    """A function that opens a page in a fresh browser, signed in as a user; at the end nothing may be wrong with any.

    Options: `path`, `theme`, `locale`, `width`; `own_session` where it is ended or counted.
    """
    seats: list[Seat] = []

    async def take(
        user: User | None,
        path: str = "/",
        theme: Any = "light",
        locale: str = "en-US",
        width: int = 1280,
        url: str = system.url,
        own_session: bool = False,
    ) -> Seat:
        context = await chromium.new_context(
            color_scheme=theme,
            locale=locale,
            timezone_id=ZONE,
            viewport={"width": width, "height": 860},
            accept_downloads=True,
        )
        seat = Seat(await context.new_page(), url)
        _watch(seat)
        seats.append(seat)
        who = (url, user.username if user else "")
        if who in cookies and not own_session:
            await context.add_cookies(cookies[who])
        await seat.open(path)
        if user:
            await seat.page.locator("#content, [name=password]").first.wait_for()
            if not await seat.page.locator("#content").count():
                await seat.sign_in(user)
            if not own_session:
                cookies[who] = list(await context.cookies())
        return seat

    yield take
    for seat in seats:
        await seat.page.context.close()
    assert [fault for seat in seats for fault in seat.faults] == []


def _watch(seat: Seat) -> None:
    def told(kind: str, text: str) -> None:
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            seat.faults.append(f"{kind}: {text}")

    seat.page.on("console", lambda message: told("policy", message.text))
    seat.page.on("pageerror", lambda error: seat.faults.append(f"script: {error}"))
    seat.page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((seat.url, "data:", "blob:"))
            else seat.faults.append(f"left the origin: {request.url}")
        ),
    )


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility engine's script."""
    return (DIST.parent / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def send(client: httpx.Client) -> Callable[..., Any]:
    """A function that posts readings of a server with its own key."""

    def post(server: Server, *readings: dict[str, Any]) -> Any:
        body = [{"server_ulid": server.ulid, **reading} for reading in readings]
        answer = client.post("/data", json=body[0] if len(body) == 1 else body, headers=server.headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return post

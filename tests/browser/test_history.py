"""From a wide window down to each reading: the URL holds it, Back undoes one step, a copied link shows the same."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import TakeSeat
from tests.conftest import NewServer, Server, User

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = "from=2026-03-01T12:00:00.000Z&to=2026-03-01T13:00:00.000Z"
# Readings of each of these minutes; nothing from minute 20 to 40.
MINUTES = [*range(20), *range(40, 60)]


@pytest.fixture(scope="module")
def recorded(client: httpx.Client, user: User, new_server: NewServer) -> Server:
    """A server with an hour of history that has a hole."""
    server = new_server(user)
    rows = [
        {
            "server_ulid": server.ulid,
            "timestamp": (START + timedelta(minutes=minute, seconds=second)).isoformat(),
            "temperature": 20 + minute / 10,
            "humidity": 50 + second / 60,
        }
        for minute in MINUTES
        for second in range(0, 60, 10)
    ]
    client.post("/data", json=rows, headers=server.headers).raise_for_status()
    return server


async def drag(page: Page, from_share: float, to_share: float) -> None:
    box = await page.locator(".u-over").first.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + box["width"] * from_share, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * (from_share + to_share) / 2, middle)
    await page.mouse.move(box["x"] + box["width"] * to_share, middle)
    await page.mouse.up()


async def zoom(page: Page, from_share: float, to_share: float) -> None:
    """Drag, then wait for the window's own readings."""
    before = await page.locator(".panels").get_attribute("data-drawn")
    await drag(page, from_share, to_share)
    await page.locator(f'.panels:not([data-drawn="{before}"])').wait_for()


def window(page: Page) -> tuple[datetime, datetime]:
    query = parse_qs(urlsplit(page.url).query)
    return datetime.fromisoformat(query["from"][0]), datetime.fromisoformat(query["to"][0])


async def test_drag_zooms_the_url_holds_it_and_back_undoes_one_step(
    take_seat: TakeSeat, user: User, recorded: Server
) -> None:
    seat = await take_seat(user, f"/servers/{recorded.ulid}?{WINDOW}")
    page = seat.page
    await page.locator(".panel canvas").first.wait_for()
    await zoom(page, 0.0, 0.25)
    first = window(page)
    assert abs((first[1] - first[0]) - timedelta(minutes=15)) < timedelta(minutes=1)
    await zoom(page, 0.5, 0.75)
    second = window(page)
    assert second[1] - second[0] < timedelta(minutes=5)
    await page.go_back()
    assert window(page) == first
    await page.go_back()
    assert WINDOW in page.url


async def test_a_copied_link_shows_the_same_in_a_fresh_browser(
    take_seat: TakeSeat, user: User, recorded: Server
) -> None:
    seat = await take_seat(user, f"/servers/{recorded.ulid}?{WINDOW}&tz=UTC")
    await seat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await expect(seat.page.locator(".toolbar .shown")).to_contain_text("Mar 1, 2026, 12:00:00")
    await seat.page.get_by_role("button", name="Copy link").click()
    link = await seat.page.evaluate("navigator.clipboard.readText()")
    shown = await seat.page.locator(".toolbar .shown").inner_text()
    other = await take_seat(user, link.removeprefix(f"{seat.url}/ui"))
    await expect(other.page.locator(".toolbar .shown")).to_have_text(shown.replace("\n", ""))
    await expect(other.page.locator(".menu-button")).to_contain_text("UTC")
    await expect(other.page.locator(".panel")).to_have_count(2)


async def test_the_cursor_stands_at_the_same_x_in_all_panels(take_seat: TakeSeat, user: User, recorded: Server) -> None:
    seat = await take_seat(user, f"/servers/{recorded.ulid}?{WINDOW}")
    box = await seat.page.locator(".u-over").first.bounding_box()
    assert box
    for step in range(3):
        await seat.page.mouse.move(box["x"] + 200 + step, box["y"] + 40)
    places = await seat.page.evaluate(
        "[...document.querySelectorAll('.u-cursor-x')].map((line) => line.getBoundingClientRect().x)"
    )
    assert len(places) == 2
    assert abs(places[0] - places[1]) < 1.5
    await expect(seat.page.locator(".toolbar .shown")).to_contain_text("Mar 1, 2026")


async def test_a_plain_wheel_scrolls_and_ctrl_zooms(take_seat: TakeSeat, user: User, recorded: Server) -> None:
    seat = await take_seat(user, f"/servers/{recorded.ulid}?{WINDOW}")
    page = seat.page
    await page.set_viewport_size({"width": 1000, "height": 400})
    box = await page.locator(".u-over").first.bounding_box()
    assert box
    await page.mouse.move(box["x"] + 100, box["y"] + 40)
    before = page.url
    await page.mouse.wheel(0, 200)
    await expect(page.locator("h1")).not_to_be_in_viewport()
    assert page.url == before
    await page.keyboard.down("Control")
    await page.mouse.wheel(0, -100)
    await page.keyboard.up("Control")
    await expect(page).not_to_have_url(before)


async def test_a_hole_is_not_joined(take_seat: TakeSeat, user: User, recorded: Server) -> None:
    """Between the readings before and after, no pixel has the line's colour; the lane has two pieces."""
    seat = await take_seat(user, f"/servers/{recorded.ulid}?{WINDOW}")
    page = seat.page
    await page.locator(".panel canvas").first.wait_for()
    await expect(page.locator(".lane i")).to_have_count(2)
    lit = await page.evaluate(
        """() => {
          const canvas = document.querySelector('.panel[data-quantity=temperature] canvas');
          const over = document.querySelector('.u-over').getBoundingClientRect();
          const box = canvas.getBoundingClientRect();
          const scale = canvas.width / box.width;
          const count = (from, to) => {
            const x = (over.left - box.left + over.width * from) * scale;
            const width = over.width * (to - from) * scale;
            const { data } = canvas.getContext('2d').getImageData(x, 0, width, canvas.height);
            let lit = 0;
            // The line is orange: red far above blue.
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 128 && data[i] - data[i + 2] > 90) lit += 1;
            return lit;
          };
          return [count(0.1, 0.3), count(0.36, 0.64), count(0.7, 0.9)];
        }"""
    )
    assert lit[0] > 50
    assert lit[2] > 50
    assert lit[1] == 0


async def test_the_downloaded_csv_equals_what_the_api_says(
    take_seat: TakeSeat, user: User, recorded: Server, client: httpx.Client, tmp_path: Path
) -> None:
    seat = await take_seat(user, f"/servers/{recorded.ulid}?{WINDOW}")
    await seat.page.locator(".panel canvas").first.wait_for()
    async with seat.page.expect_download() as download:
        await seat.page.get_by_role("button", name="Download CSV").click()
    file = tmp_path / "shown.csv"
    await (await download.value).save_as(file)
    found = list(csv.DictReader(io.StringIO(file.read_text())))
    asked = {"server_ulid": recorded.ulid, "start_time": "2026-03-01T12:00:00Z", "end_time": "2026-03-01T13:00:00Z"}
    expected = client.get("/data", params=asked, headers=user.headers).json()
    assert [{**row, **{name: float(row[name]) for name in ("temperature", "humidity")}} for row in found] == expected


async def test_a_table_holds_the_same_values(
    take_seat: TakeSeat, user: User, recorded: Server, send: Callable[..., Any]
) -> None:
    seat = await take_seat(user, f"/servers/{recorded.ulid}?{WINDOW}&tz=UTC")
    await seat.page.get_by_text("Show values as a table").click()
    first = seat.page.locator(".values tbody tr").first
    await expect(first).to_contain_text("Mar 1, 2026, 12:00:00")
    await expect(first).to_contain_text("20.0")

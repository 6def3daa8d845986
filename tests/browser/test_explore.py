"""Comparing servers: what is shown stands in the address, comes back by link or saved view, and can be taken along."""

import asyncio
import csv
import io
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
import pytest
from playwright.async_api import Page, Request, Route, expect

from tests.browser.conftest import Seat, TakeSeat
from tests.conftest import NewServer, Server, User

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOURS = 6
WINDOW = "from=2026-03-01T12:00:00.000Z&to=2026-03-01T18:00:00.000Z"


@pytest.fixture(scope="module")
def pair(client: httpx.Client, user: User, new_server: NewServer) -> list[Server]:
    """Two servers with some hours of history: a reading every ten seconds, the third hour missing."""
    servers = [new_server(user), new_server(user)]
    steps = [step for step in range(HOURS * 360) if not 720 <= step < 1080]
    for number, server in enumerate(servers):
        rows = [
            {
                "server_ulid": server.ulid,
                "timestamp": (START + timedelta(seconds=10 * step)).isoformat(),
                "temperature": 20 + 5 * number + step % 60 / 10,
                "humidity": 50 + step % 30 / 10,
            }
            for step in steps
        ]
        client.post("/data", json=rows, headers=server.headers).raise_for_status()
    return servers


def path(pair: list[Server], more: str = WINDOW) -> str:
    return f"/explore?s={','.join(server.ulid for server in pair)}&{more}"


async def compared(seat: Seat, panels: int = 2) -> Page:
    await expect(seat.page.locator(".compare canvas")).to_have_count(panels)
    return seat.page


async def test_function_step_and_quantities_stand_in_the_address(
    take_seat: TakeSeat, user: User, pair: list[Server]
) -> None:
    page = await compared(await take_seat(user, path(pair)))
    await page.get_by_label("Function").select_option("p95")
    await page.get_by_label("Step").select_option("15m")
    await expect(page.locator(".chip")).to_have_text("95th percentile · 15 min")
    await page.get_by_role("button", name="Humidity").click()
    await expect(page.locator(".compare canvas")).to_have_count(1)
    for part in ("f=p95", "step=15m", "q=temperature"):
        assert part in page.url
    await page.go_back()
    await expect(page.locator(".compare canvas")).to_have_count(2)
    await page.get_by_role("button", name=f"Take {pair[1].name} out").click()
    await expect(page.locator(".end-labels").first.locator("b")).to_have_count(1)


async def test_a_saved_view_brings_everything_back_in_a_fresh_browser(
    take_seat: TakeSeat, user: User, pair: list[Server]
) -> None:
    name = f"rooms {secrets.token_hex(3)}"
    page = await compared(await take_seat(user, path(pair, f"{WINDOW}&f=max&q=humidity&tz=UTC")), panels=1)
    await page.get_by_role("button", name="Saved views").click()
    await page.get_by_label("Save what is shown as").fill(name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name=name)).to_be_visible()
    other = (await take_seat(user, "/explore")).page
    await other.get_by_role("button", name="Saved views").click()
    await other.get_by_role("link", name=name).click()
    await expect(other.locator(".compare canvas")).to_have_count(1)
    await expect(other.locator(".chip")).to_have_text("Highest · 1 min")
    await expect(other.locator(".toolbar .shown")).to_contain_text("Mar 1, 2026, 12:00:00")
    await expect(other.locator(".menu-button")).to_contain_text("UTC")
    await other.get_by_role("button", name="Saved views").click()
    await other.get_by_role("button", name=f"Delete {name}").click()
    await expect(other.get_by_role("link", name=name)).to_have_count(0)


async def test_a_copied_link_freezes_window_series_and_zone(
    take_seat: TakeSeat, user: User, pair: list[Server]
) -> None:
    seat = await take_seat(user, path(pair, "range=1y&q=temperature&f=min&step=day"))
    await seat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await compared(seat, panels=1)
    await seat.page.get_by_role("button", name="Copy link").click()
    link = await seat.page.evaluate("navigator.clipboard.readText()")
    for part in ("from=", "to=", "tz=America%2FSao_Paulo", "q=temperature", "f=min", "step=day", pair[1].ulid):
        assert part in link
    other = await take_seat(user, link.removeprefix(f"{seat.url}/ui"))
    await compared(other, panels=1)
    await expect(other.page.locator(".chip")).to_have_text("Lowest · daily")


async def taken(page: Page, button: str, file: Path) -> bytes:
    async with page.expect_download() as download:
        await page.get_by_role("button", name=button).click()
    await (await download.value).save_as(file)
    return file.read_bytes()


async def test_csv_and_parquet_hold_the_rows_of_the_api(
    take_seat: TakeSeat, user: User, pair: list[Server], client: httpx.Client, tmp_path: Path
) -> None:
    page = await compared(await take_seat(user, path(pair, f"{WINDOW}&f=p95&step=5m&q=temperature&tz=UTC")), panels=1)
    found = list(csv.DictReader(io.StringIO((await taken(page, "Download CSV", tmp_path / "a.csv")).decode())))
    table = pyarrow.parquet.read_table(io.BytesIO(await taken(page, "Parquet", tmp_path / "a.parquet")))
    asked = {
        "server_ulid": [server.ulid for server in pair],
        "start_time": "2026-03-01T12:00:00Z",
        "end_time": "2026-03-01T17:59:59.999Z",
        "aggregation": "5m",
        "function": "p95",
        "sensor_type": "temperature",
        "group_by": "server",
    }
    expected = client.get("/data", params=asked, headers=user.headers).raise_for_status().json()
    assert len(expected) == 2 * 12 * (HOURS - 1)
    assert [{**row, "temperature": float(row["temperature"])} for row in found] == expected
    assert table.column("temperature").to_pylist() == pytest.approx([row["temperature"] for row in expected])


async def test_the_brush_moves_and_widens_the_window(take_seat: TakeSeat, user: User, pair: list[Server]) -> None:
    page = await compared(await take_seat(user, path(pair)))
    await expect(page.locator(".overview path")).to_have_count(2)
    box = await page.locator(".brush").bounding_box()
    grip = await page.get_by_role("slider", name="End of the window").bounding_box()
    assert box
    assert grip
    before = page.url
    await page.mouse.move(grip["x"] + 4, grip["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(grip["x"] + 4 + box["width"] * 0.1, grip["y"] + 20, steps=3)
    assert page.url == before, "the charts follow when it is let go"
    await page.mouse.up()
    await expect(page).not_to_have_url(before)
    assert "from=2026-03-01T12%3A00%3A00.000Z" in page.url
    wider = page.url
    await page.get_by_role("slider", name="Window", exact=True).focus()
    await page.keyboard.press("ArrowRight")
    await expect(page).not_to_have_url(wider)
    assert "from=2026-03-01T12%3A00%3A00.000Z" not in page.url


async def test_the_neighbouring_zoom_level_is_there_before_it_is_wanted(
    take_seat: TakeSeat, user: User, pair: list[Server]
) -> None:
    seat = await take_seat(user, "/explore")
    page, asked, wider = seat.page, list[str](), "start_time=2026-03-01T09%3A00%3A00.000Z"

    def note(request: Request) -> None:
        # The overview asks for one quantity.
        if wider in request.url and "sensor_type" not in request.url:
            asked.append(request.url)

    page.on("request", note)
    async with page.expect_event("requestfinished", lambda request: request.url in asked):
        await seat.open(path(pair[:1], f"{WINDOW}&q=temperature"))
    await page.evaluate("document.querySelector('.compare .u-over').dataset.old = ''")
    await page.get_by_role("button", name="Zoom out").click()
    await page.locator(".compare .u-over:not([data-old])").wait_for()
    await expect(page.locator(".toolbar .shown")).to_contain_text("Mar 1, 2026, 06:00:00")
    assert len(asked) == 1


async def test_requests_are_cancelled_when_the_view_moves_on(
    take_seat: TakeSeat, user: User, pair: list[Server]
) -> None:
    seat = await take_seat(user, "/explore")
    page, failed, begun = seat.page, list[str](), asyncio.Event()

    async def slowly(route: Route) -> None:
        begun.set()
        await asyncio.sleep(1)
        await route.continue_()

    def note(request: Request) -> None:
        failed.append(request.url)

    page.on("requestfailed", note)
    await page.route("**/data?*max_points*", slowly)
    await seat.open(path(pair, "from=2026-03-01T12:00:00Z&to=2026-03-01T12:30:00Z"))
    await begun.wait()
    await page.get_by_role("button", name="1y", exact=True).click()
    await compared(seat)
    assert len([url for url in failed if "max_points" in url]) == len(pair)


async def test_a_hole_is_not_joined_between_several_servers(
    take_seat: TakeSeat, user: User, pair: list[Server]
) -> None:
    page = await compared(await take_seat(user, path(pair, f"{WINDOW}&q=temperature")), panels=1)
    dark: Any = await page.evaluate(
        """() => {
          const canvas = document.querySelector('.compare canvas');
          const over = document.querySelector('.u-over').getBoundingClientRect();
          const box = canvas.getBoundingClientRect();
          const scale = canvas.width / box.width;
          const coloured = (from, to) => {
            const [x, width] = [(over.left - box.left + over.width * from) * scale, over.width * (to - from) * scale];
            const { data } = canvas.getContext('2d').getImageData(x, 0, width, canvas.height);
            let found = 0;
            for (let i = 0; i < data.length; i += 4) {
              const spread = Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
              if (data[i + 3] > 128 && spread > 60) found += 1;
            }
            return found;
          };
          return [coloured(0.05, 0.3), coloured(0.35, 0.48), coloured(0.55, 0.9)];
        }"""
    )
    assert dark[0] > 50
    assert dark[2] > 50
    assert dark[1] == 0

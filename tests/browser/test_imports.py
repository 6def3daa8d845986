"""A file dropped on the page: its columns are guessed, its progress shown, and a bad row named where it is."""

from pathlib import Path

import httpx
from playwright.async_api import expect

from tests.browser.conftest import TakeSeat
from tests.conftest import Server, User

DROP = """([zone, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], "readings.csv", { type: "text/csv" }));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


async def test_a_dropped_file_is_imported_and_its_bad_row_shown(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client
) -> None:
    text = (
        "node,time,temp,hum\n"
        f"{server.name},2026-03-01T12:00:00Z,21.5,50\n"
        f"{server.name},2026-03-01T12:01:00Z,21.6,250\n"
        f"{server.name},2026-03-01T12:02:00Z,21.7,51\n"
    )
    seat = await take_seat(user, "/jobs")
    page = seat.page
    zone = await page.locator(".drop").element_handle()
    await page.evaluate(DROP, [zone, text])
    await expect(page.get_by_label("Holds: temp")).to_have_value("temperature")
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", name="Done")).to_be_visible(timeout=30_000)
    await expect(page.locator("section[aria-live] .rows tbody tr")).to_have_count(1)
    await expect(page.locator("section[aria-live] .rows tbody")).to_contain_text("umidity")
    rows = client.get("/data", params={"server_ulid": server.ulid}, headers=user.headers).json()
    assert [row["temperature"] for row in rows] == [21.5, 21.7]


async def test_a_file_without_a_server_column_cannot_start(take_seat: TakeSeat, user: User, tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("timestamp,temperature\n2026-03-01T12:00:00Z,21.5\n")
    seat = await take_seat(user, "/jobs")
    await seat.page.locator("input[type=file]").set_input_files(file)
    await expect(seat.page.get_by_text("Say which columns")).to_be_visible()
    await expect(seat.page.get_by_role("button", name="Import", exact=True)).to_be_disabled()

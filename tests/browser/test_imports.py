"""Files dropped on the page and files made by it: what a file holds is seen, a bad row shown where it is."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.async_api import Page, expect

from tests.browser.conftest import TakeSeat
from tests.conftest import NewUser, Server, User

DROP = """([zone, name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
DONE_MS = 30_000


async def drop(page: Page, name: str, content: bytes) -> None:
    zone = await page.locator(".drop").element_handle()
    await page.evaluate(DROP, [zone, name, list(content)])
    await expect(page.get_by_text(name)).to_be_visible()


async def start(page: Page) -> None:
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", name="Import: Done")).to_be_visible(timeout=DONE_MS)


def temperatures(client: httpx.Client, user: User, server: Server) -> list[float]:
    rows = client.get("/data", params={"server_ulid": server.ulid}, headers=user.headers).json()
    return [row["temperature"] for row in rows]


async def test_a_bad_row_of_a_dropped_file_is_shown_where_it_is(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client
) -> None:
    text = (
        "node,time,temp,hum\n"
        f"{server.name},2026-03-01T12:00:00Z,21.5,50\n"
        f"{server.name},2026-03-01T12:01:00Z,21.6,250\n"
        f"{server.name},yesterday,21.7,51\n"
        f"{server.name},2026-03-01T12:02:00Z,21.8,51\n"
    )
    page = (await take_seat(user, "/jobs")).page
    await drop(page, "readings.csv", text.encode())
    await expect(page.get_by_label("Holds: temp")).to_have_value("temperature")
    await start(page)
    rows = page.locator(".refused tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.first.locator("td").first).to_have_text("2")
    assert await rows.locator(".wrong").all_inner_texts() == ["250", "yesterday"]
    assert temperatures(client, user, server) == [21.5, 21.8]


async def test_every_format_is_imported_packed_or_not(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client
) -> None:
    page = (await take_seat(user, "/jobs")).page
    stamps = [f"2026-03-0{day}T12:00:00Z" for day in range(1, 5)]
    line = {"server_ulid": server.name, "timestamp": stamps[0], "temperature": 1.5}
    table = pa.table({"server_ulid": [server.name], "timestamp": [stamps[2]], "temperature": [3.5]})
    parquet, arrow = io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet)
    with pa.ipc.new_stream(arrow, table.schema) as writer:
        writer.write_table(table.set_column(1, "timestamp", [[stamps[3]]]))
    packed = gzip.compress(f"server,when,temp\n{server.name},{stamps[1]},2.5\n".encode())
    files = {"a.ndjson": json.dumps(line).encode(), "b.csv.gz": packed}
    for name, content in {**files, "c.parquet": parquet.getvalue(), "d.arrow": arrow.getvalue()}.items():
        await drop(page, name, content)
        if name == "b.csv.gz":
            # Its columns are seen through the packing.
            await page.get_by_label("Holds: when").select_option("timestamp")
        await start(page)
        await page.get_by_role("button", name="Back").click()
    assert temperatures(client, user, server) == [1.5, 2.5, 3.5, 3.5]


async def test_a_file_without_a_server_column_cannot_start(take_seat: TakeSeat, user: User, tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("timestamp,temperature\n2026-03-01T12:00:00Z,21.5\n")
    seat = await take_seat(user, "/jobs")
    await seat.page.locator("input[type=file]").set_input_files(file)
    await expect(seat.page.get_by_text("Say which columns")).to_be_visible()
    await expect(seat.page.get_by_role("button", name="Import", exact=True)).to_be_disabled()


async def test_an_export_is_made_downloaded_and_kept_for_a_day(
    take_seat: TakeSeat, user: User, server: Server, client: httpx.Client, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    readings = [{"timestamp": (now - timedelta(minutes=n)).isoformat(), "temperature": 20 + n} for n in range(3, 0, -1)]
    body = [{"server_ulid": server.ulid, **reading} for reading in readings]
    client.post("/data", json=body, headers=server.headers).raise_for_status()
    page = (await take_seat(user, "/jobs")).page
    await page.get_by_label("Servers").select_option(label=server.name)
    await page.get_by_label("Period").select_option("1h")
    await page.get_by_role("button", name="Export", exact=True).click()
    await expect(page.get_by_role("heading", name="Export: Done")).to_be_visible(timeout=DONE_MS)
    await expect(page.get_by_text("Kept until")).to_be_visible()
    section = page.locator("section[aria-live]")
    async with page.expect_download() as download:
        await section.get_by_role("link", name="Download").click()
    await (await download.value).save_as(tmp_path / "export.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "export.csv").read_text())))
    assert [float(row["temperature"]) for row in rows] == [23, 22, 21]
    listed: Any = page.locator("section[aria-labelledby=jobs-title] tbody tr").first
    await expect(listed).to_contain_text(user.username)
    await expect(listed.get_by_role("link", name="Download")).to_be_visible()


async def test_an_export_of_another_workspace_is_downloaded_by_a_link(
    take_seat: TakeSeat, new_user: NewUser, client: httpx.Client, tmp_path: Path
) -> None:
    person = new_user()
    own = client.post("/workspaces", json={"name": "farm"}, headers=person.headers).json()["workspace_ulid"]
    there = person.headers | {"Sentinela-Workspace": own}
    made = client.post("/servers", json={"server_name": "barn"}, headers=there).json()
    reading = {"server_ulid": made["server_ulid"], "temperature": 21.5}
    client.post("/data", json=reading, headers={"Authorization": f"Bearer {made['device_key']}"}).raise_for_status()
    seat = await take_seat(person, "/jobs")
    await seat.page.evaluate(f"localStorage.setItem('workspace', '{own}')")
    await seat.open("/jobs")
    await seat.page.get_by_label("Period").select_option("1h")
    await seat.page.get_by_role("button", name="Export", exact=True).click()
    async with seat.page.expect_download(timeout=DONE_MS) as download:
        await seat.page.locator("section[aria-live]").get_by_role("link", name="Download").click(timeout=DONE_MS)
    await (await download.value).save_as(tmp_path / "export.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "export.csv").read_text()))
    assert float(row["temperature"]) == 21.5

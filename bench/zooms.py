"""How long each step of zoom takes on the page, from a year of history down to single readings."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx
import numpy as np
import pyarrow as pa
from playwright.async_api import Page

YEAR_SECONDS = 365 * 86_400
# Three million readings of four quantities.
EVERY_SECONDS = 10
BASES = {"temperature": 20.0, "humidity": 50.0, "voltage": 220.0, "current": 1.5}
RANGES = ("30d", "7d", "24h", "1h", "15m")
# A person looks before the next step; what lies on either side has been asked for meanwhile.
LOOK_SECONDS = 0.7
# From the step to a frame with its own readings. `act`: a key on a plot, a range's name, or a drag over its middle.
STEP = """(act) => new Promise((resolve) => {
  const panels = document.querySelector(".panels");
  const before = panels.dataset.drawn;
  const drag = () => {
    const over = document.querySelector(".u-over");
    const box = over.getBoundingClientRect();
    const mouse = (type, share) => new MouseEvent(type, {
      bubbles: true, view: window, clientX: box.left + box.width * share, clientY: box.top + 20, movementX: 1,
    });
    over.dispatchEvent(mouse("mousedown", 0.25));
    over.dispatchEvent(mouse("mousemove", 0.6));
    over.dispatchEvent(mouse("mousemove", 0.77));
    return () => over.dispatchEvent(mouse("mouseup", 0.77));
  };
  const plot = document.querySelector(".plot");
  const range = [...document.querySelectorAll(".ranges button")].find((one) => one.textContent === act);
  const begin = act === "drag" ? drag() : act === "+"
    ? () => plot.dispatchEvent(new KeyboardEvent("keydown", { key: "+", bubbles: true })) : () => range.click();
  const began = performance.now();
  begin();
  const look = () => {
    if (panels.dataset.drawn !== before) {
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
    } else setTimeout(look, 1);
  };
  look();
})"""


def prepare(client: httpx.Client, headers: dict[str, str]) -> str:
    """A server with a year of history; its ULID."""
    made = client.post("/servers", json={"server_name": "a year"}, headers=headers).raise_for_status().json()
    ulid = str(made["server_ulid"])
    end = int(time.time())
    seconds = np.arange(end - YEAR_SECONDS, end, EVERY_SECONDS)
    day = seconds / 86_400 * 2 * np.pi
    noise = np.random.default_rng(7)
    columns = {
        "server_ulid": pa.array([ulid]).dictionary_encode().take(pa.array(np.zeros(len(seconds), np.int64))),
        "timestamp": pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC")),
    } | {
        name: pa.array((base * (1 + np.sin(day) / 20) + noise.normal(0, base / 200, len(seconds))).round(1))
        for name, base in BASES.items()
    }
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.table(columns).schema) as writer:
        writer.write_table(pa.table(columns))
    kind = {"Content-Type": "application/vnd.apache.arrow.stream"}
    job = (
        client.post("/imports", content=sink.getvalue().to_pybytes(), headers=headers | kind).raise_for_status().json()
    )
    while job["state"] in ("queued", "running"):
        time.sleep(0.2)
        job = client.get(f"/jobs/{job['job_id']}", headers=headers).raise_for_status().json()
    if job["state"] != "done":
        raise RuntimeError(f"the import {job['state']}: {job['error']}")
    return ulid


@dataclass(frozen=True, slots=True)
class Slowest:
    """The slowest step's median, milliseconds: halved by key to a minute and halved by a drag to some minutes, which
    nothing can foresee, from a year, and by its ranges.
    """

    by_key: float
    by_drag: float
    by_range: float


async def measure(page: Page, url: str, ulid: str, rounds: int) -> Slowest:
    """Each way from a year of history down to single readings."""
    by_key, by_drag, by_range = [], [], []
    for number in range(rounds):
        # Not the same instants again: nothing that was kept of the round before may help.
        end = datetime.now(UTC) - timedelta(minutes=20 + 7 * number)
        window = f"from={end - timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
        by_key.append(await _steps(page, f"{url}/ui/servers/{ulid}?{window}", ["+"] * 18))
        by_drag.append(await _steps(page, f"{url}/ui/servers/{ulid}?{window}", ["drag"] * 15))
        by_range.append(await _steps(page, f"{url}/ui/servers/{ulid}?range=1y", RANGES))
    return Slowest(_slowest(by_key), _slowest(by_drag), _slowest(by_range))


async def _steps(page: Page, address: str, acts: list[str] | tuple[str, ...]) -> list[float]:
    await page.goto(address)
    await page.locator(".panel canvas").nth(3).wait_for()
    taken = []
    for act in acts:
        await asyncio.sleep(LOOK_SECONDS)
        taken.append(float(await page.evaluate(STEP, act)))
    return taken


def _slowest(rounds: list[list[float]]) -> float:
    return max(float(median(step)) for step in zip(*rounds, strict=True))

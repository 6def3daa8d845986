"""`./sentinela bench ui`: the budgets of the dashboard, in headless Chromium on a system of its own.

What each page weighs, when it shows something, how long 4 × 100,000 points take to pixels and each step of zoom from a
year to single readings, how smooth the fleet is with 50 servers at 10 Hz, and whether the heap grows while a page is
live.
"""

import asyncio
import gzip
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import pyarrow as pa
from playwright.async_api import Browser, Page, Route, async_playwright
from rich.console import Console
from rich.table import Table

from app.core.pages import DIST
from bench import zooms
from tests.browser.conftest import FLAGS
from tests.system import System, scratch_folder

POINTS = 100_000
HOUR = datetime(2026, 3, 1, 12, tzinfo=UTC)
PERSON = {"username": "ana", "password": "violet-otter-42"}
# Marks when a chart's rows are there as objects, so that the network and the API are not in the figure.
MARK = """
const json = Response.prototype.json;
Response.prototype.json = async function () {
  const found = await json.call(this);
  if (this.url.includes("/data?")) window.arrivedAt = performance.now();
  return found;
};
"""
PAINTED = """() => new Promise((resolve) => {
  const look = () => document.querySelectorAll(".panel canvas").length === 4 && window.arrivedAt
    ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - window.arrivedAt)))
    : setTimeout(look, 1);
  look();
})"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
SCRIPTS = """performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname)
  .filter((path) => path.startsWith("/ui/assets/") && path.endsWith(".js")).map((path) => path.slice(4))"""
PAGES = ("/", "/explore", "/jobs", "/admin", "/profile")
ALERTS = ("/alerts", "/alerts/rules", "/alerts/rules/new", "/alerts/channels", "/alerts/silences")
FRAMES = """(seconds) => new Promise((resolve) => {
  let frames = 0;
  const started = performance.now();
  const next = () => {
    frames += 1;
    const passed = (performance.now() - started) / 1000;
    if (passed < seconds) requestAnimationFrame(next); else resolve(frames / passed);
  };
  requestAnimationFrame(next);
})"""


@dataclass(frozen=True, slots=True)
class Options:
    """How often things are measured, and how long a live page is watched."""

    rounds: int = 5
    minutes: float = 1.0
    json_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """kB gzipped; milliseconds; frames a second; MB. Of pages the one that does worst."""

    script_kb: float
    page_kb: float
    first_paint_ms: float
    page_paint_ms: float
    points_ms: float
    zoom_ms: float
    drag_ms: float
    range_ms: float
    frames: float
    heap_growth_mb: float


BUDGETS = (
    ("script_kb", "JavaScript of the first page, kB gzipped", "≤ 70"),
    ("page_kb", "JavaScript of the heaviest page, kB gzipped", "≤ 70"),
    ("first_paint_ms", "first contentful paint of the sign-in, ms", "≤ 1000"),
    ("page_paint_ms", "first contentful paint of the slowest page, ms", "≤ 1000"),
    ("points_ms", "4 × 100,000 points to pixels, ms", "≤ 300"),
    ("zoom_ms", "slowest step of zoom from a year to readings, ms", "≤ 150"),
    ("drag_ms", "slowest drag into a chart from a year to readings, ms", "≤ 150"),
    ("range_ms", "slowest change of range from a year to 15 minutes, ms", "≤ 150"),
    ("frames", "frames a second, 50 servers at 10 Hz", "≥ 50"),
    ("heap_growth_mb", "heap growth of a live page, MB", "< 5"),
)


def run(options: Options) -> None:
    """Measure and print."""
    system = System(scratch_folder(), workers=2)
    try:
        figures = asyncio.run(_measure(system.start(), options))
    finally:
        system.close()
    table = Table("figure", "measured", "budget")
    for name, title, budget in BUDGETS:
        table.add_row(title, f"{getattr(figures, name):.1f}", budget)
    Console().print(table)
    if options.json_file:
        options.json_file.write_text(json.dumps(asdict(figures), indent=2))


def first_page_kb() -> float:
    """Scripts that the page loads before anything is clicked, gzipped, in kB of 1,000 bytes."""
    page = (DIST / "index.html").read_text()
    names = re.findall(r'(?:src|href)="/ui/(assets/[^"]+\.js)"', page)
    return _gzipped_kb(names)


def _gzipped_kb(names: Iterable[str]) -> float:
    return sum(len(gzip.compress((DIST / name).read_bytes(), 9)) for name in names) / 1000


async def _measure(system: System, options: Options) -> Figures:
    with httpx.Client(base_url=system.url, timeout=60, trust_env=False) as client:
        client.post("/auth/register", json=PERSON).raise_for_status()
        headers = _headers(client)
        ulid, year = _prepare(client, headers), zooms.prepare(client, headers)
        incident = _incident(client, headers, ulid)
    async with _browser() as browser:
        first_paint = [await _first_paint(browser, system) for _ in range(options.rounds)]
        page_kb, page_paint = await _pages(browser, system, ulid, incident, options.rounds)
        points = [await _points(browser, system, ulid) for _ in range(options.rounds)]
        page = await _signed_in(browser, system)
        steps = await zooms.measure(page, system.url, year, options.rounds)
        await page.context.close()
        with _simulation(system):
            frames, growth = await _live(browser, system, options)
    paints = median(first_paint), page_paint
    of_steps = steps.by_key, steps.by_drag, steps.by_range
    return Figures(first_page_kb(), page_kb, *paints, median(points), *of_steps, frames, growth)


def _headers(client: httpx.Client) -> dict[str, str]:
    token = client.post("/auth/login", json=PERSON).raise_for_status().json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def _prepare(client: httpx.Client, headers: dict[str, str]) -> str:
    """A server that has 100,000 readings in one hour."""
    made = client.post("/servers", json={"server_name": "busy"}, headers=headers).raise_for_status().json()
    step = timedelta(hours=1) / POINTS
    table = pa.table(
        {
            "timestamp": pa.array([HOUR + step * number for number in range(POINTS)], pa.timestamp("us", "UTC")),
            **{name: [base + number % 97 / 40 for number in range(POINTS)] for name, base in _BASES.items()},
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    kind = {"Content-Type": "application/vnd.apache.arrow.stream"}
    url = f"/data?server_ulid={made['server_ulid']}"
    client.post(url, content=sink.getvalue().to_pybytes(), headers=headers | kind).raise_for_status()
    return str(made["server_ulid"])


def _incident(client: httpx.Client, headers: dict[str, str], ulid: str) -> str:
    """An incident that is open at the server; its identifier."""
    condition = {"kind": "threshold", "quantity": "temperature", "above": 90}
    client.post("/rules", json={"name": "hot", "condition": condition}, headers=headers).raise_for_status()
    client.post("/data", json={"server_ulid": ulid, "temperature": 99}, headers=headers).raise_for_status()
    while not (found := client.get("/incidents", headers=headers).raise_for_status().json()):
        time.sleep(0.1)
    return str(found[0]["incident_id"])


_BASES = {"temperature": 20.0, "humidity": 50.0, "voltage": 220.0, "current": 1.5}


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        program = shutil.which("chromium") or playwright.chromium.executable_path
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


async def _signed_in(browser: Browser, system: System, path: str = "/") -> Page:
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.add_init_script(MARK)
    await page.goto(f"{system.url}/ui{path}")
    await page.locator("[name=username]").fill(PERSON["username"])
    await page.locator("[name=password]").fill(PERSON["password"])
    await page.keyboard.press("Enter")
    await page.locator("#content").wait_for()
    return page


async def _first_paint(browser: Browser, system: System) -> float:
    page = await browser.new_page()
    await page.goto(f"{system.url}/ui/")
    await page.locator("form").wait_for()
    paint: float = await page.evaluate(FIRST_PAINT)
    await page.close()
    return paint


async def _pages(browser: Browser, system: System, ulid: str, incident: str, rounds: int) -> tuple[float, float]:
    """What the heaviest page loads, kB gzipped, and when the slowest shows something, milliseconds."""
    page = await _signed_in(browser, system)
    weights, paints = [], []
    of_servers = (f"/servers/{ulid}?range=24h", f"/explore?s={ulid}&range=24h", f"/alerts/rules/new?server={ulid}")
    for address in (*PAGES, *ALERTS, f"/alerts/incidents/{incident}", *of_servers):
        times = []
        for _ in range(rounds):
            await page.goto(f"{system.url}/ui{address}")
            await page.locator("#content h1").first.wait_for()
            times.append(float(await page.evaluate(FIRST_PAINT)))
        paints.append(median(times))
        weights.append(_gzipped_kb(await page.evaluate(SCRIPTS)))
    await page.context.close()
    return max(weights), max(paints)


async def _points(browser: Browser, system: System, ulid: str) -> float:
    page = await _signed_in(browser, system)

    async def all_of_them(route: Route) -> None:
        # The page asks for at most what its width shows; here it gets every reading.
        await route.continue_(url=re.sub(r"&max_points=\d+", "", route.request.url))

    await page.route(re.compile(r"/data\?"), all_of_them)
    window = f"from={HOUR:%Y-%m-%dT%H:%M:%SZ}&to={HOUR + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    await page.goto(f"{system.url}/ui/servers/{ulid}?{window}")
    painted: float = await page.evaluate(PAINTED)
    await page.context.close()
    return painted


async def _live(browser: Browser, system: System, options: Options) -> tuple[float, float]:
    page = await _signed_in(browser, system)
    await page.locator("table.fleet tbody tr").nth(49).wait_for(timeout=60_000)
    await asyncio.sleep(5)
    frames: float = await page.evaluate(FRAMES, 10)
    session = await page.context.new_cdp_session(page)

    async def heap() -> float:
        await session.send("HeapProfiler.collectGarbage")
        usage = await session.send("Runtime.getHeapUsage")
        return float(usage["usedSize"]) / 1e6

    before = await heap()
    await asyncio.sleep(options.minutes * 60)
    return frames, await heap() - before


@contextmanager
def _simulation(system: System) -> Iterator[None]:
    """Fifty servers at 10 Hz of the person who looks."""
    with httpx.Client(base_url=system.url, timeout=60, trust_env=False) as client:
        headers = _headers(client)
        key = client.post("/keys", json={"name": "bench", "scopes": ["admin"]}, headers=headers).json()["key"]
    command = [sys.executable, "-m", "app.cli", "simulate", "--servers", "50", "--rate", "10", "--quiet"]
    env = system.environment | {"SENTINELA_URL": system.url, "SENTINELA_KEY": key}
    process = subprocess.Popen(command, env=env, cwd=system.folder, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()

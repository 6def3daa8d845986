"""A Prometheus of Debian's, over readings of ours: what it answers is what we must answer."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.contract.calls import Row
from tests.system import free_port

MISSING = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]


def exposition(series: list[tuple[Row, list[tuple[int, float]]]]) -> str:
    """OpenMetrics: labels, and samples by milliseconds; the series of a metric stand together."""
    by_name: dict[str, list[str]] = {}
    for labels, samples in series:
        shown = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
        name = str(labels["__name__"])
        lines = by_name.setdefault(name, [f"# TYPE {name} gauge"])
        lines += [f"{name}{{{shown}}} {value!r} {ts / 1000}" for ts, value in samples]
    return "\n".join(line for lines in by_name.values() for line in lines) + "\n# EOF\n"


@contextmanager
def prometheus(folder: Path, text: str) -> Iterator[httpx.Client]:
    """A client of a Prometheus that holds these samples and scrapes nothing."""
    (folder / "samples.txt").write_text(text)
    (folder / "prometheus.yml").write_text("global: {}\n")
    importing = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"]
    subprocess.run(importing, cwd=folder, check=True, capture_output=True)
    port = free_port()
    command = [
        *("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"),
        *("--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            _wait(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def _wait(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError("Prometheus did not start")

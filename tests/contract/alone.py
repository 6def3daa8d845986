"""The API by itself: `uvicorn app.main:app` with settings of a test's choice, beside the running system."""

import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.system import clean_environment, free_port

# Five times what a start with migrations takes.
READY_WITHIN = 25.0


class Alone:
    """One API process in a folder of its own, configured by environment and by the folder's `.env`."""

    def __init__(self, folder: Path, *arguments: str, port: int | None = None, **settings: str) -> None:
        """`arguments` are more of uvicorn's."""
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / f"api-{self.port}.log"
        (folder / ".env").touch()
        command = [sys.executable, "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(self.port)]
        command += arguments
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=clean_environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def until_ready(self) -> "Alone":
        """Wait for /readyz; raises RuntimeError with what was printed when it does not come."""
        deadline = time.monotonic() + READY_WITHIN
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the API did not get ready\n{self.printed()}")
            time.sleep(0.05)
        return self

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def printed(self) -> str:
        return self.output.read_text(errors="replace")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

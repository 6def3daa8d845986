"""Two API processes and two workers on one `up`'s databases, behind nginx; each can be stopped, killed and started."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx

from app.core.process import die_with_parent
from tests.cluster.valkeys import wait_until
from tests.system import System, free_port

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "sentinela.conf"
WORKER = ["celery", "--quiet", "-A", "app.worker", "worker", "-Q", "default,bulk,notify", "-c", "1"]


class Part:
    """One process that is started again as it was."""

    def __init__(self, system: System, name: str, command: list[str], environment: dict[str, str]) -> None:
        self._system = system
        self._name = name
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._system.folder / f"{self._name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._system.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, signal.SIGTERM, parent=os.getpid()),
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, or kill it and its children; returns when it is gone."""
        if self._process is None:
            return
        if number is signal.SIGKILL:
            os.killpg(self._process.pid, number)
        else:
            self._process.send_signal(number)
        self._process.wait(60)
        self._process = None


class Api(Part):
    """An API process on a port of its own."""

    def __init__(self, system: System, name: str, environment: dict[str, str]) -> None:
        self.port = free_port()
        api = ["uvicorn", "app.main:app", "--port", str(self.port), "--http", "app.readings.protocol:IngestProtocol"]
        api += ["--no-access-log", "--log-level", "warning", "--no-proxy-headers", "--no-server-header"]
        command = [sys.executable, "-m", *api, "--timeout-graceful-shutdown", "8"]
        super().__init__(system, name, command, environment)

    def start(self) -> None:
        super().start()
        wait_until(self.is_ready)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


class Front:
    """nginx with the configuration that is delivered; `port` is where clients come."""

    def __init__(self, system: System) -> None:
        self.port = free_port()
        own = {"DATABASE_URL": system.database_url, "REDIS_URL": system.redis_url, "DATA_DIR": str(system.data_dir)}
        environment = system.environment | own | {"RATE_LIMIT_KEY": "0", "RATE_LIMIT_WORKSPACE": "0"}
        self.apis = [Api(system, f"api-{n}", environment) for n in (1, 2)]
        self.workers = [
            Part(system, f"worker-{n}", [sys.executable, "-m", *WORKER, "-n", f"{n}@here"], environment) for n in (1, 2)
        ]
        self._nginx = Part(system, "nginx", ["nginx", "-c", str(self._configure(system.folder))], environment)

    def __enter__(self) -> "Front":
        for part in (*self.apis, *self.workers, self._nginx):
            part.start()
        return self

    def __exit__(self, *_: object) -> None:
        for part in (self._nginx, *self.workers, *self.apis):
            part.end()

    def _configure(self, folder: Path) -> Path:
        text = CONFIGURATION.read_text(encoding="utf-8")
        places = {"app:8000": f"127.0.0.1:{self.apis[0].port}", "app-2:8000": f"127.0.0.1:{self.apis[1].port}"}
        for name, place in {**places, "listen 80": f"listen 127.0.0.1:{self.port}"}.items():
            assert text.count(f"{name} ") + text.count(f"{name};") == 1
            text = text.replace(name, place, 1)
        (folder / "sentinela.conf").write_text(text)
        user = "user root;\n" if os.geteuid() == 0 else ""
        temporary = "".join(
            f"{kind}_temp_path {folder}/nginx-{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = (
            f"{user}daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;\n"
            f"events {{ worker_connections 512; }}\n"
            f"http {{ access_log off; {temporary} include {folder}/sentinela.conf; }}\n"
        )
        (folder / "nginx.conf").write_text(main)
        return folder / "nginx.conf"

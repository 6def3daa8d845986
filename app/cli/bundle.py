"""`bundle`: one archive from which `up` installs where there is no network."""

import errno
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from app import __version__
from app.cli.console import CommandFailed, one_line_errors, stderr
from app.cli.progress import Line, live_line, share_bar
from app.core.settings import PROJECT

# The launcher looks for these names.
WHEELS = "wheels"
MADE_FOR = "made-for"
# What pip builds the project with, beside what the lock pins: as pyproject.toml says, and its editable installs.
BUILD_PACKAGES = ("hatchling>=1.27", "editables")
# Wheels are compressed already; the rest is small.
COMPRESSION = 1


@one_line_errors
def bundle(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to write.", show_default="named by version, platform and Python"),
    ] = None,
) -> None:
    """Make one archive from which `up` installs without any network.

    It holds the source, the built page, and the packages for machines with
    the same system, processor and version of Python as this one.

    Example: sentinela bundle
    """
    path = (target or Path(f"{name()}.tar.gz")).absolute()
    sources = list(_sources())
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder) / WHEELS
        _fetch(wheels)
        (wheels / MADE_FOR).write_text(made_for() + "\n")
        _pack(path, sources, sorted(wheels.iterdir()))
    stderr().print(f"{path}: {path.stat().st_size / 2**20:.0f} MB, for {made_for()}.", markup=False, soft_wrap=True)


def name() -> str:
    """The archive's name without its ending."""
    return f"sentinela-{__version__}-{sys.platform}-{platform.machine()}-python{_python()}"


def made_for() -> str:
    """The machines that these packages fit; the launcher holds it against its own."""
    return f"Python {_python()} on {platform.system()} {platform.machine()}"


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _sources() -> Iterator[Path]:
    """The files of the checkout, and the page that was built of them."""
    dist = PROJECT / "web" / "dist"
    if not (dist / "index.html").exists():
        raise CommandFailed("the page is not built here: build/web.log says why; mend that and run the command again")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        raise CommandFailed("a bundle is made of a git checkout, and this is none") from None
    files = (PROJECT / os.fsdecode(each) for each in listed.stdout.split(b"\0") if each)
    yield from (path for path in files if path.is_file())
    yield from (path for path in sorted(dist.rglob("*")) if path.is_file())
    yield PROJECT / "web" / "dist.stamp"


def _fetch(wheels: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--only-binary", ":all:", "--dest", str(wheels)]
    with live_line() as line:
        _run([*command, "--require-hashes", "-r", str(PROJECT / "requirements.lock")], line)
        _run([*command, *BUILD_PACKAGES], line)


def _run(command: list[str], line: Line) -> None:
    begun = time.monotonic()
    due = begun
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)  # noqa: S603
        try:
            while process.poll() is None:
                if time.monotonic() >= due:
                    line.show(f"Fetching packages … {time.monotonic() - begun:.0f} s")
                    due += line.period
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        lines = [line.strip() for line in said.read().splitlines() if "ERROR" in line]
    if process.returncode:
        raise CommandFailed(f"cannot fetch the packages: {lines[-1] if lines else 'pip said nothing'}")


def _pack(path: Path, sources: list[Path], wheels: list[Path]) -> None:
    names = [(source, source.relative_to(PROJECT)) for source in sources]
    names += [(wheel, Path(WHEELS) / wheel.name) for wheel in wheels]
    total = sum(source.stat().st_size for source, _ in names)
    part = path.with_name(f".{path.name}.part")
    done = 0
    try:
        with share_bar("Packing") as progress, tarfile.open(part, "w:gz", compresslevel=COMPRESSION) as archive:
            for source, inside in names:
                archive.add(source, f"sentinela-{__version__}/{inside}", recursive=False, filter=_anonymous)
                done += source.stat().st_size
                progress(done / total)
        part.replace(path)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        reason = f"the disk of {path} is full" if full else f"cannot write {path}: {error.strerror}"
        raise CommandFailed(reason) from None
    finally:
        part.unlink(missing_ok=True)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whoever unpacks owns the files; that somebody else made them here says nothing there."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    return member

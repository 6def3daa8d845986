"""`service`: Sentinela as a systemd service, of the machine for root, else of the user."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import CommandFailed, one_line_errors, stderr
from app.core.settings import PROJECT, get_settings

NAME = "sentinela.service"
service = typer.Typer(no_args_is_help=True, help="Run as a service of systemd: started at boot, again after a crash.")

# Root's supervisor changes to PostgreSQL's user, so privileges may only shrink; the launcher updates `.venv`, so that
# nothing beyond the system's own folders is read-only.
UNIT = """\
[Unit]
Description=Sentinela, sensor data of on-premise servers
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
ExecStart={command}
WorkingDirectory={folder}
{account}Environment=LOG_FORMAT=json PYTHONUNBUFFERED=1
Restart=on-failure
RestartSec=2
# The supervisor stops its children in order; what is left after that is killed.
KillMode=mixed
TimeoutStopSec=15
# The first start installs packages.
TimeoutStartSec=600
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes

[Install]
WantedBy={target}
"""

User = Annotated[str | None, typer.Option("--user", help="The account to run as; for root only.", show_default="root")]


@service.command("install")
@one_line_errors
def install(
    host: Annotated[str, typer.Option(help="Address to listen on, as of `up`.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on, as of `up`.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve the API.")] = 1,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder for databases and secrets.", show_default="DATA_DIR, or the folder that `up` uses"),
    ] = None,
    user: User = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print the unit and change nothing.")] = False,
) -> None:
    """Write a systemd unit that runs `up`, enable it, and start it.

    As root it is a service of the machine; otherwise one of this user, who
    may have to `loginctl enable-linger` to have it at boot.

    Example: sentinela service install --host 0.0.0.0 --data-dir /srv/sentinela
    """
    folder = (data_dir or get_settings().data_dir).expanduser().absolute()
    options = ["--host", host, "--port", str(port), "--workers", str(workers), "--data-dir", str(folder)]
    text = unit(options, user)
    if only_print:
        sys.stdout.write(text)
        return
    path = _unit_path()
    _require_systemd()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    except OSError as error:
        raise CommandFailed(f"cannot write {path}: {error.strerror}") from None
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", NAME)
    stderr().print(f"{path} is enabled and started; journalctl {_scope()}-u sentinela -f shows its log.", markup=False)


@service.command("remove")
@one_line_errors
def remove() -> None:
    """Stop the service and remove its unit; data and settings stay.

    Example: sentinela service remove
    """
    path = _unit_path()
    if not path.exists():
        raise CommandFailed(f"there is no service here: {path} does not exist")
    _require_systemd()
    _systemctl("disable", "--now", NAME)
    path.unlink()
    _systemctl("daemon-reload")


def unit(options: list[str], user: str | None) -> str:
    """The unit's text. Raises: CommandFailed for an account that there is not, or that this user may not choose."""
    if user:
        if os.geteuid() != 0:
            raise CommandFailed("--user is for root; without it the service is this user's own")
        try:
            pwd.getpwnam(user)
        except KeyError:
            raise CommandFailed(
                f"there is no account {user}: useradd --system --create-home --home-dir /var/lib/{user} {user}"
            ) from None
    return UNIT.format(
        command=" ".join(_quoted(word) for word in [*_program(), "up", *options]),
        folder=_escaped(str(PROJECT)),
        account=f"User={user}\n" if user else "",
        target="multi-user.target" if os.geteuid() == 0 else "default.target",
    )


def _program() -> list[str]:
    """The launcher, by the Python that `.venv` was made of: what stands on a service's PATH nobody knows."""
    launcher = PROJECT / "sentinela"
    if launcher.exists():
        return [
            str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"),
            str(launcher),
        ]
    return [sys.executable, "-P", "-m", "app.cli"]


def _quoted(word: str) -> str:
    """A word of a command line of systemd."""
    escaped = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"' if escaped != word or " " in word else word


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _unit_path() -> Path:
    if os.geteuid() == 0:
        return Path("/etc/systemd/system") / NAME
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / NAME


def _require_systemd() -> None:
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        raise CommandFailed("systemd does not run this machine; --print shows the unit, for another one")


def _scope() -> str:
    return "" if os.geteuid() == 0 else "--user "


def _systemctl(*arguments: str) -> None:
    command = ["systemctl", *_scope().split(), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise CommandFailed(f"{' '.join(command)} failed: {lines[0] if lines else 'it said nothing'}")

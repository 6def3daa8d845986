"""Running a command as a person would: a process of its own, told by the environment whom to talk to."""

import subprocess
import sys
from typing import NamedTuple

import typer
from typer.testing import CliRunner

from tests.system import clean_environment

# A command on a busy machine: it takes a second; the test's own limit is far above.
PATIENCE = 90


class Done(NamedTuple):
    """What a command that has ended left: its exit code and what it printed."""

    code: int
    out: str
    err: str


def start(url: str, key: str, *arguments: str) -> subprocess.Popen[str]:
    """Start `sentinela ARGUMENTS` against the system at `url`."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        env=clean_environment(SENTINELA_URL=url, SENTINELA_KEY=key),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Bytes that are no UTF-8, such as gzip, go in unchanged.
        encoding="utf-8",
        errors="surrogateescape",
    )


def run(url: str, key: str, *arguments: str, stdin: str | bytes = "") -> Done:
    """Run `sentinela ARGUMENTS` to its end."""
    text = stdin if isinstance(stdin, str) else stdin.decode(errors="surrogateescape")
    process = start(url, key, *arguments)
    out, err = process.communicate(text, timeout=PATIENCE)
    return Done(process.returncode, out, err)


def run_here(group: typer.Typer, url: str, key: str, *arguments: str, stdin: str | bytes = "") -> Done:
    """Run a command of `group` in this process, which saves the second that a start takes."""
    environment = {"SENTINELA_URL": url, "SENTINELA_KEY": key}
    result = CliRunner().invoke(group, arguments, input=stdin, env=environment, catch_exceptions=False)
    return Done(result.exit_code, result.stdout, result.stderr)


def last_line(text: str) -> str:
    return text.splitlines()[-1]

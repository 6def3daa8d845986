"""`sbom` and `audit`: what Sentinela is made of, and whether something is known against it."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from app import __version__
from app.cli.console import CommandFailed, one_line_errors
from app.core.settings import PROJECT

LOCK = PROJECT / "requirements.lock"


@one_line_errors
def sbom(output: Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")] = None) -> None:
    """Print the software bill of materials as CycloneDX 1.6, in JSON.

    It holds every locked package with its hashes, and what the page is built
    of and with. The same locks give the same bill; no network is asked.

    Example: sentinela sbom --output sentinela.cdx.json
    """
    _require("cyclonedx_py")
    command = ["requirements", str(LOCK), "--pyproject", str(PROJECT / "pyproject.toml"), "--output-reproducible"]
    made = subprocess.run(  # noqa: S603 - a list made here
        [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *command], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise CommandFailed(f"cannot make the bill of materials: {made.stderr.strip().splitlines()[-1]}")
    bill: dict[str, Any] = json.loads(made.stdout)
    bill["metadata"]["component"]["version"] = __version__
    bill["components"] += page_components()
    text = json.dumps(bill, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise CommandFailed(f"cannot write {output}: {error.strerror}") from None


@one_line_errors
def audit() -> None:
    """Look every locked package up among the known vulnerabilities.

    It asks the Python Package Index and sends it names and versions. The exit
    code is 1 when something is found.

    Example: sentinela audit
    """
    _require("pip_audit")
    command = ["--disable-pip", "--require-hashes", "--requirement", str(LOCK)]
    answer = subprocess.run([sys.executable, "-m", "pip_audit", *command], check=False)  # noqa: S603
    raise typer.Exit(answer.returncode)


def page_components() -> list[dict[str, Any]]:
    """The npm packages that the page is built of and with; what only checks and tests it is left out."""
    packages: dict[str, Any] = json.loads((PROJECT / "web" / "package-lock.json").read_text())["packages"]
    shipped = {path: facts for path, facts in packages.items() if path and not facts.get("dev")}
    components = [_component(path.rpartition("node_modules/")[2], facts) for path, facts in sorted(shipped.items())]
    # A package may lie at several places.
    return list({component["purl"]: component for component in components}.values())


def _component(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    purl = f"pkg:npm/{name.replace('@', '%40')}@{facts['version']}"
    return {"bom-ref": purl, "name": name, "purl": purl, "type": "library", "version": facts["version"]}


def _require(module: str) -> None:
    if not LOCK.exists():
        raise CommandFailed("the locks are in the checkout, and this is none")
    if find_spec(module) is None:
        raise CommandFailed("this needs the tests' packages: `./sentinela test --collect-only` installs them")

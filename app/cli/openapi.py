"""`openapi`: the API's description, without a running system."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import CommandFailed, one_line_errors
from app.cli.postman import collection


@one_line_errors
def openapi(
    output: Annotated[Path | None, typer.Option(help="Write to this file.", show_default="print to stdout")] = None,
    postman: Annotated[
        bool, typer.Option("--postman", help="Print a collection for Postman, which kindred programs read too.")
    ] = False,
) -> None:
    """Print the OpenAPI description of the API as JSON.

    It works without a running system; a running one serves the same at /openapi.json.

    Example: sentinela openapi --output openapi.json
    """
    # Imported here because the whole application takes a second to load, which no other command needs.
    from app.main import api

    described = collection(api.openapi()) if postman else api.openapi()
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"cannot write {output}: {error.strerror}") from None

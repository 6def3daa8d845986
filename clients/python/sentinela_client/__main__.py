"""Looks into a buffer whose Sender does not run.

python -m sentinela_client BUFFER [status | dead-letters | resend [ID …] | discard ID …]
"""

import argparse
import sys
from pathlib import Path

from sentinela_client.buffer import Buffer
from sentinela_client.errors import BufferFault

# It adds nothing, so it needs no bound.
_NO_BOUND = sys.maxsize
_SHOWN = 1000


def main(words: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    arguments = _parser().parse_args(words)
    if not arguments.buffer.exists():
        print(f"there is no {arguments.buffer}", file=sys.stderr)
        return 1
    try:
        buffer = Buffer(arguments.buffer, _NO_BOUND)
    except BufferFault as error:
        print(error, file=sys.stderr)
        return 1
    try:
        _run(buffer, arguments.command, arguments.ids)
    finally:
        buffer.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sentinela_client", description="What a buffer holds.")
    parser.add_argument("buffer", type=Path, metavar="BUFFER", help="The file that was given to the Sender.")
    parser.add_argument(
        "command",
        nargs="?",
        default="status",
        choices=("status", "dead-letters", "resend", "discard"),
        help="status: counts; dead-letters: each with its reason; resend: the next Sender sends them again; "
        "discard: forget those named.",
    )
    parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="Of dead letters; resend without: all.")
    return parser


def _run(buffer: Buffer, command: str, ids: list[int]) -> None:
    if command == "resend":
        print(f"{buffer.requeue(ids or None)} will be sent again")
    elif command == "discard":
        print(f"{buffer.discard(ids)} forgotten")
    elif command == "dead-letters":
        for number, line, reason, at in buffer.letters(_SHOWN):
            print(f"{number}\t{at}\t{line.decode()}\t{reason}")
    else:
        waiting, dead_letters, used = buffer.counts()
        print(f"{waiting} readings wait, {dead_letters} dead letters, {used:,} bytes")


if __name__ == "__main__":
    sys.exit(main())

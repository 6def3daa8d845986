"""A process of its own in which many ask at once: `python -m bench.crowd …`.

Each asker has a connection of its own, reads its answer to the end, and asks again after a refusal, as a client does
that heeds `Retry-After`. What was answered is printed as JSON: how often each status came, and bytes. In the field
askers have processors of their own; here they get what others leave.
"""

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence

PIECE_BYTES = 2**18
NICENESS = 19
# In a path: another number each time.
EACH = "EACH"


def started(port: int, key: str, paths: Sequence[str], askers: int, seconds: float) -> "subprocess.Popen[str]":
    """The crowd, asking for these in turn for so long; it ends by itself."""
    command = [sys.executable, "-m", "bench.crowd", str(port), key, str(askers), str(seconds), *paths]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def tallied(crowd: "subprocess.Popen[str]") -> dict[str, int]:
    """Once the crowd has ended: how often each status came, answers read to their end (`whole`), their `bytes`."""
    said, _ = crowd.communicate()
    found: dict[str, int] = json.loads(said)
    return found


async def ask(port: int, request: bytes, seen: Counter[str]) -> None:
    """One question to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=PIECE_BYTES)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = head[9:12].decode()
        pause = next((float(line[13:]) for line in head.lower().split(b"\r\n") if line.startswith(b"retry-after: ")), 0)
        seen[status] += 1
        while piece := await reader.read(PIECE_BYTES):
            seen["bytes"] += len(piece)
        seen["whole"] += status == "200"
    finally:
        writer.close()
    await asyncio.sleep(pause or (status != "200"))


async def keep_asking(port: int, request: Callable[[], bytes], seen: Counter[str]) -> None:
    while True:
        try:
            await ask(port, request(), seen)
        except (OSError, asyncio.IncompleteReadError):
            seen["broken"] += 1
            await asyncio.sleep(1)


async def crowd(port: int, key: str, paths: Sequence[str], askers: int, seconds: float) -> Counter[str]:
    """All of them, for so long."""
    seen: Counter[str] = Counter()
    numbers = itertools.count(1)

    def request() -> bytes:
        number = next(numbers)
        path = paths[number % len(paths)].replace(EACH, f"{number:06}")
        head = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
        return head.encode()

    asking = [asyncio.create_task(keep_asking(port, request, seen)) for _ in range(askers)]
    await asyncio.sleep(seconds)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    return seen


def main() -> None:
    os.nice(NICENESS)
    parser = argparse.ArgumentParser()
    for name, kind in (("port", int), ("key", str), ("askers", int), ("seconds", float)):
        parser.add_argument(name, type=kind)
    parser.add_argument("paths", nargs="+")
    print(json.dumps(asyncio.run(crowd(**vars(parser.parse_args())))))


if __name__ == "__main__":
    main()

"""Sends a reading a second to Sentinela and loses none, whatever the network does.

    pip install ./clients/python
    SENTINELA_URL=http://localhost:8000 SENTINELA_KEY=snt_d_… SENTINELA_SERVER=01J… python examples/python/send.py

The key and the server's ULID are what `POST /servers` answered. An argument ends it after so many readings.
"""

import logging
import os
import random
import sys
import time

from sentinela_client import Sender

SECONDS = float(os.environ.get("SECONDS_BETWEEN", "1"))


def measure() -> dict[str, float]:
    """Put your sensor in here."""
    return {
        "temperature": round(random.gauss(22, 0.3), 1),
        "humidity": round(random.gauss(48, 1), 1),
        "voltage": round(random.gauss(220, 2), 1),
        "current": round(random.uniform(1, 2), 2),
    }


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else sys.maxsize
    url, key, server = (os.environ[name] for name in ("SENTINELA_URL", "SENTINELA_KEY", "SENTINELA_SERVER"))
    buffer = os.environ.get("SENTINELA_BUFFER", "readings.db")
    # Leaving the block sends what waits; what cannot be sent then stays in the buffer for the next run.
    with Sender(url, key, buffer, server_ulid=server) as sender:
        for _ in range(count):
            sender.add(**measure())
            time.sleep(SECONDS)
        if not sender.flush(30):
            print("not sent yet:", sender.status(), file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

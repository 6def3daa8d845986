"""Sends readings to Sentinela through a durable buffer on disk, and reads them back.

    from sentinela_client import Sender

    with Sender("https://sentinela.example", key="snt_d_…", buffer="readings.db") as sender:
        sender.add(server_ulid="01J…", temperature=25.3, humidity=48.2)

`add` returns when the reading is on disk; a thread sends it, however long the network is away. `AsyncSender` is the
same for asyncio; `Reader` and `AsyncReader` ask for what is stored.
"""

from sentinela_client.async_reader import AsyncReader
from sentinela_client.async_sender import AsyncSender
from sentinela_client.dead_letters import DeadLetter
from sentinela_client.errors import (
    BadReading,
    BufferFault,
    BufferFull,
    BufferInUse,
    BufferUnusable,
    Closed,
    Refused,
    SentinelaError,
    Unreachable,
)
from sentinela_client.reader import Reader
from sentinela_client.sender import Sender
from sentinela_client.status import Status

__version__ = "0.1.0"

__all__ = [
    "Sender", "AsyncSender", "Status", "DeadLetter",
    "Reader", "AsyncReader",
    "SentinelaError", "BadReading", "BufferFault", "BufferFull", "BufferInUse", "BufferUnusable", "Closed",
    "Refused", "Unreachable",
]  # fmt: skip

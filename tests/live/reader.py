"""A reader of `GET /data/stream` that listens in the background and remembers every frame."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx

# Five times what is promised, because test machines are slow and busy.
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Frame:
    """One event as it came."""

    kind: str
    id: str
    data: Any
    arrived: float


class Reader:
    """Listens until it is closed or the stream ends."""

    def __init__(self, client: httpx.Client, headers: dict[str, str], **params: Any) -> None:
        self.frames: list[Frame] = []
        self.comments = 0
        self.last_id = ""
        self.ended = threading.Event()
        self._response = client.send(
            client.build_request("GET", "/data/stream", headers=headers, params=params), stream=True
        )
        assert self._response.status_code == 200, self._response.read()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def of(self, kind: str) -> list[Any]:
        """What came in frames of this kind, one behind the other."""
        return [item for frame in list(self.frames) if frame.kind == kind for item in frame.data]

    def kinds(self) -> list[str]:
        return [frame.kind for frame in list(self.frames)]

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Until it is true; fails with what has come when it does not become so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{self.frames[-5:]}, ended: {self.ended.is_set()}"
            time.sleep(0.02)

    def close(self) -> None:
        """Go away at once; closing the response alone would wait for the next frame."""
        connection: socket.socket = self._response.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._response.close()

    def _listen(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self._response.iter_lines():
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                else:
                    self._dispatch(fields)
                    fields = {}
        except (httpx.HTTPError, httpx.StreamError):
            pass
        finally:
            self.ended.set()

    def _dispatch(self, fields: dict[str, str]) -> None:
        self.last_id = fields.get("id", self.last_id)
        if "data" in fields:
            self.frames.append(Frame(fields["event"], fields["id"], json.loads(fields["data"]), time.monotonic()))


@contextmanager
def listening(url: str, headers: dict[str, str], last: str = "", **params: Any) -> Iterator[Reader]:
    """A reader that has been told `ready`, or `reset`, on a connection of its own."""
    more = {"Last-Event-ID": last} if last else {}
    with httpx.Client(base_url=url, trust_env=False, timeout=httpx.Timeout(10.0, read=60.0)) as client:
        reader = Reader(client, {**headers, **more}, **params)
        try:
            reader.wait(lambda: bool(reader.frames))
            yield reader
        finally:
            reader.close()

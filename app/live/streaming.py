"""The response of a stream: it ends when its reader goes, is too slow, may no longer see it, or the process stops."""

import asyncio

from fastapi import Response
from starlette.types import Receive, Scope, Send

from app.core import metrics
from app.core.connections import abort
from app.live.service import Stream

# A reader that takes nothing for so long holds a connection and its buffers for nobody.
SEND_SECONDS = 10.0


class EventStream(Response):
    """`text/event-stream`."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(self._until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._send_frames(send)
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            metrics.STREAMS_DROPPED.inc()
            if abort(scope):
                await gone
        finally:
            gone.cancel()
            self._stream.close()

    async def _send_frames(self, send: Send) -> None:
        async for frame in self._stream.frames():
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": frame, "more_body": True})

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.reader.end()

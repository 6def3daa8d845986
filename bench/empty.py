"""What a server costs that does nothing: an empty ASGI endpoint, and an empty FastAPI route.

Serve with `uvicorn bench.empty:asgi` or `bench.empty:api`. Both read the body and answer as many bytes
as Sentinela does.
"""

from typing import Any

from fastapi import FastAPI, Request, Response

ANSWER = (
    b'{"timestamp":"2026-01-31T12:00:00.000001Z","server_ulid":"01KA2V0C8T3J9X5N7Q1W4Z6Y8B",'
    b'"temperature":25.3,"humidity":48.25,"voltage":219.7,"current":1.42}'
)
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 201, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


api = FastAPI()


@api.post("/data", status_code=201)
async def store(request: Request) -> Response:
    await request.body()
    return Response(ANSWER, 201, media_type="application/json")

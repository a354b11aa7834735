"""An ASGI application that answers with what it was given, and has something to start and to end."""

import asyncio
import json
import os

TEXT = "one"
started = []


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await run_lifespan(receive, send)
        return
    await asyncio.sleep(0.05)
    names = ("RELEASE", "GREETING", "TOKEN", "APP_ENV", "PORT", "STATE_DIRECTORY")
    seen = {name: os.environ.get(name) for name in names}
    body = json.dumps({"text": TEXT, "pid": os.getpid(), "started": started, "scheme": scope["scheme"], **seen})
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


async def run_lifespan(receive, send):
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await start()
            except RuntimeError as problem:
                await send({"type": "lifespan.startup.failed", "message": str(problem)})
                return
            started.append(TEXT)
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return


async def start():
    """Where an application opens its connections."""
    await asyncio.sleep(0.2)

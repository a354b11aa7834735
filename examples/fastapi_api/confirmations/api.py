# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The API: accepts orders to confirm, and answers how far each confirmation is."""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from celery.exceptions import OperationalError
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .access import check_token
from .config import Config, read_config
from .logs import RequestLog, configure_logs
from .orders import ORDER_NUMBER, Order
from .tasks import CONFIRMATION_KEPT, send_confirmation

log = logging.getLogger(__name__)
STATES = {"SUCCESS": "sent", "FAILURE": "failed", "STARTED": "sending"}


def create_app(config: Config | None = None) -> FastAPI:
    config = config or read_config(os.environ)
    configure_logs(config.log_level)

    @asynccontextmanager
    async def open_connections(app: FastAPI) -> AsyncIterator[None]:
        """Run once in every worker process: before its first request, and after its last."""
        app.state.redis = Redis.from_url(
            config.redis_url, decode_responses=True, socket_timeout=2, socket_connect_timeout=2, **config.tls_options
        )
        log.info("started", extra={"fields": {"release": config.release}})
        yield
        await app.state.redis.aclose()
        log.info("stopped")

    app = FastAPI(title="Confirmations", version=config.release, lifespan=open_connections)
    app.state.config = config
    app.add_middleware(RequestLog)
    app.add_exception_handler(RedisError, answer_unavailable)
    app.add_exception_handler(OperationalError, answer_unavailable)

    @app.get("/health")
    async def health(request: Request) -> dict[str, str]:
        """Healthy if Redis can be reached. Otherwise the process should get no traffic."""
        await request.app.state.redis.ping()
        return {"status": "ok", "redis": "up", "release": config.release}

    @app.get("/version")
    async def version() -> dict[str, str]:
        return {"service": "confirmations", "release": config.release}

    @app.post("/confirmations", status_code=202, dependencies=[Depends(check_token)])
    async def request_confirmation(order: Order, request: Request, response: Response) -> dict[str, Any]:
        """Enqueue the confirmation of an order. A repeated request for the same order enqueues nothing."""
        redis, task_id = request.app.state.redis, str(uuid.uuid4())
        response.headers["Location"] = f"/confirmations/{order.number}"
        if not await redis.set(name_key(order.number), task_id, nx=True, ex=CONFIRMATION_KEPT):
            response.status_code = 200
            return await find_confirmation(redis, order.number)
        try:
            await enqueue(task_id, order)
        except OperationalError:
            await redis.delete(name_key(order.number))
            raise
        return {"number": order.number, "state": "queued"}

    @app.get("/confirmations/{number}", dependencies=[Depends(check_token)])
    async def read_confirmation(number: Annotated[str, Path(pattern=ORDER_NUMBER)], request: Request) -> dict[str, Any]:
        return await find_confirmation(request.app.state.redis, number)

    return app


def name_key(number: str) -> str:
    return f"confirmation:{number}"


async def enqueue(task_id: str, order: Order) -> None:
    # Celery's client blocks, and the event loop serves other requests meanwhile.
    await asyncio.to_thread(send_confirmation.apply_async, args=[order.model_dump(mode="json")], task_id=task_id)


async def find_confirmation(redis: Redis, number: str) -> dict[str, Any]:
    task_id = await redis.get(name_key(number))
    if task_id is None:
        raise HTTPException(404, f"No confirmation of the order {number} was requested.")
    task = await asyncio.to_thread(send_confirmation.backend.get_task_meta, task_id)
    answer = {"number": number, "state": STATES.get(task["status"], "queued")}
    return answer | task["result"] if task["status"] == "SUCCESS" else answer


async def answer_unavailable(request: Request, error: Exception) -> Response:
    # The message of a client may name users and hosts: it belongs in the log, not in the answer.
    log.error("redis cannot be used: %s", error)
    return Response('{"detail":"Redis cannot be used."}', 503, media_type="application/json")

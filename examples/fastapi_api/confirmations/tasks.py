# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Celery application, and its task (`celery -A confirmations.tasks worker`)."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging

from . import mail
from .config import Config, read_config
from .logs import configure_logs
from .orders import Order, write_message

CONFIRMATION_KEPT = 7 * 24 * 3600
# Below the `timeout` of the service in the topology, so that a worker that is stopped ends before it is killed.
LONGEST_TASK = 50


def create_celery(config: Config) -> Celery:
    celery = Celery("confirmations", broker=config.redis_url, backend=config.redis_url)
    celery.conf.update(
        # A task is acknowledged when it is done. If its worker is killed, Redis delivers it again after the visibility
        # timeout, which must be longer than the longest task.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        broker_transport_options={"visibility_timeout": 4 * LONGEST_TASK, "socket_connect_timeout": 5},
        # A process fetches one task at a time: the others stay in the queue while the worker stops.
        worker_prefetch_multiplier=1,
        task_soft_time_limit=LONGEST_TASK - 10,
        task_time_limit=LONGEST_TASK,
        task_track_started=True,
        result_expires=CONFIRMATION_KEPT,
        broker_connection_retry_on_startup=True,
        # Without it, publishing waits minutes for a Redis that is away, and the request with it.
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_max": 0.5},
        broker_use_ssl=config.tls_options or None,
        redis_backend_use_ssl=config.tls_options or None,
        redis_socket_connect_timeout=5,
        redis_retry_on_timeout=True,
    )
    return celery


settings = read_config(os.environ)
app = create_celery(settings)


@setup_logging.connect
def use_json_logs(**_: Any) -> None:
    """Replace the logging that Celery would set up."""
    configure_logs(settings.log_level)


@app.task(bind=True, autoretry_for=(ConnectionError,), retry_backoff=2, max_retries=5)
def send_confirmation(self: Task, order: dict[str, Any]) -> dict[str, Any]:
    """Send the confirmation of an order. It may run twice for one order, because it is acknowledged at its end."""
    checked = Order.model_validate(order)
    mail.deliver(self.request.id, checked.email, write_message(checked), settings.delivery_seconds)
    return {"total": f"{checked.total:.2f}", "release": settings.release}

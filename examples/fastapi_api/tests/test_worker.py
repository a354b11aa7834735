# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real processes of Celery: what happens to tasks when a worker stops, or is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from celery.result import AsyncResult
from confirmations.orders import Order, write_message
from confirmations.tasks import LONGEST_TASK, app, send_confirmation
from conftest import Worker, wait_for
from redis import Redis

ORDER = {"number": "A-1", "email": "a@example.org", "lines": [{"name": "Lamp", "quantity": 3, "price": "1.10"}]}


def state_of(task: AsyncResult) -> str:
    return str(app.backend.get_task_meta(task.id, cache=False)["status"])


def enqueue(count: int) -> list[Any]:
    return [send_confirmation.apply_async(args=[ORDER]) for number in range(count)]


def test_a_worker_that_stops_finishes_its_task_and_leaves_the_next(
    start_worker: Callable[..., Worker], redis: Redis
) -> None:
    running, waiting = enqueue(2)
    first = start_worker(DELIVERY_SECONDS="2", RELEASE="r1")
    wait_for(lambda: state_of(running) == "STARTED", 20, "the first task")
    first.stop()
    assert first.process.returncode == 0
    assert (state_of(running), state_of(waiting)) == ("SUCCESS", "PENDING")
    start_worker(RELEASE="r2")
    wait_for(lambda: state_of(waiting) == "SUCCESS", 20, "the second task")
    assert (running.get()["release"], waiting.get()["release"]) == ("r1", "r2")


def test_a_task_whose_process_is_killed_runs_again(start_worker: Callable[..., Worker]) -> None:
    (task,) = enqueue(1)
    worker = start_worker(DELIVERY_SECONDS="3")
    wait_for(lambda: state_of(task) == "STARTED", 20, "the task")
    children = subprocess.run(
        ["pgrep", "--parent", str(worker.process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    wait_for(lambda: state_of(task) == "SUCCESS", 30, "the second attempt")


def test_a_task_of_a_killed_worker_is_kept_for_another(start_worker: Callable[..., Worker], redis: Redis) -> None:
    (task,) = enqueue(1)
    worker = start_worker(DELIVERY_SECONDS="30")
    wait_for(lambda: state_of(task) == "STARTED", 20, "the task")
    worker.kill()
    assert redis.hlen("unacked") == 1
    assert app.conf.broker_transport_options["visibility_timeout"] > LONGEST_TASK


def test_a_worker_logs_lines_of_json(start_worker: Callable[..., Worker]) -> None:
    (task,) = enqueue(1)
    worker = start_worker()
    wait_for(lambda: state_of(task) == "SUCCESS", 20, "the task")
    assert '"logger": "confirmations.mail", "message": "delivered"' in worker.stop()


@pytest.mark.parametrize("change", [{"email": "nobody"}, {"lines": []}])
def test_a_task_with_an_invalid_order_fails(change: dict[str, Any]) -> None:
    assert send_confirmation.apply(args=[{**ORDER, **change}]).status == "FAILURE"


def test_the_message_lists_the_lines_and_the_total() -> None:
    assert write_message(Order.model_validate(ORDER)).splitlines() == [
        "Thank you for your order A-1.",
        "",
        "3 x Lamp: 3.30",
        "",
        "Total: 3.30",
    ]

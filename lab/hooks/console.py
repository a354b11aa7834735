# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GetConsoleOutput tells what the machine printed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.responses.general import General

from .patch import Hook, around

# AWS keeps the last 64 KiB.
KEPT = 65536

_reader: list[Callable[[str], str]] = []


def read_with(reader: Callable[[str], str] | None) -> None:
    """Ask this function for the output of an instance; None for no machines at all."""
    _reader[:] = [reader] if reader else []


@around(General, "get_console_output")
def get_console_output(original: Hook, response: Any) -> ActionResult:
    instance = response.ec2_backend.get_instance(response._get_param("InstanceId"))
    text = _reader[0](instance.id) if _reader else ""
    output = base64.b64encode(text.encode()[-KEPT:]).decode()
    return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": output})

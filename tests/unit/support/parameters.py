# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Parameter Store of SSM in memory, for the lock of the stack `shop`."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.backoff import Clock

PATH = "/groundwork/shop/lock/"


class Parameters:
    """SSM parameters in memory, written atomically. AWS's clock is an hour ahead of that of the runs."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.values: dict[str, tuple[str, datetime]] = {}
        self.deleted: list[str] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), timezone.utc) + timedelta(hours=1)

    def pages(self, operation: str, arguments: dict[str, str]) -> list[dict[str, Any]]:
        assert (operation, arguments["Path"]) == ("get_parameters_by_path", "/groundwork/shop/lock")
        found = [
            {"Name": name, "Value": value, "LastModifiedDate": written}
            for name, (value, written) in self.values.items()
        ]
        date = format_datetime(self.now(), usegmt=True)
        return [{"Parameters": found, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}]

    def put_parameter(self, Name: str, Value: str, Type: str, Overwrite: bool) -> None:  # noqa: N803
        with self._lock:
            if Name in self.values and not Overwrite:
                raise ClientError({"Error": {"Code": "ParameterAlreadyExists", "Message": "no"}}, "PutParameter")
            self.values[Name] = (Value, self.now())

    def delete_parameter(self, Name: str) -> None:  # noqa: N803
        if self.values.pop(Name, None) is None:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": "no"}}, "DeleteParameter")
        self.deleted.append(Name)

    def hold(self, number: int, written_before: float = 0.0, ttl: float = 60, **more: Any) -> None:
        value = {"holder": "eve@box pid 7", "nonce": "eve", "since": 0, "ttl": ttl, **more}
        self.values[f"{PATH}{number}"] = (json.dumps(value), self.now() - timedelta(seconds=written_before))

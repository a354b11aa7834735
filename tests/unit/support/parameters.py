# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Parameter Store of SSM in memory, for the lock and the ledger of the stack `shop`.

It refuses what the real one refuses: values that are empty, too long for a standard parameter or in double braces
(SSM API reference, PutParameter; the texts are those of the service), and more than 10 names in DeleteParameters.
"""

from __future__ import annotations

import json
import re
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.backoff import Clock

ROOT = "/groundwork/shop"
PATH = f"{ROOT}/lock/"
# SSM API reference: MaxResults of GetParametersByPath, and Names of DeleteParameters.
PAGE_SIZE = MOST_NAMES = 10
LONGEST_VALUE = 4096

Answer = dict[str, Any]


class Killed(BaseException):
    """The process was killed: SSM gets no further call."""


class Parameters:
    """SSM parameters in memory, written atomically. AWS's clock is an hour ahead of that of the runs."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.values: dict[str, tuple[str, datetime]] = {}
        self.versions: dict[str, int] = {}
        self.deleted: list[str] = []
        self.calls: list[str] = []
        # How many parameters were written and deleted, and after how many the process is killed.
        self.writes = 0
        self.killed_after: int | None = None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), timezone.utc) + timedelta(hours=1)

    def pages(self, operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        assert operation == "get_parameters_by_path"
        path = arguments["Path"]
        assert path.startswith(f"{ROOT}/")
        assert not path.endswith("/")
        self.calls.append(operation)
        found = [
            {"Name": name, "Value": value, "LastModifiedDate": written}
            for name, (value, written) in self.values.items()
            if name.startswith(f"{path}/") and (arguments.get("Recursive") or "/" not in name.removeprefix(f"{path}/"))
        ]
        date = format_datetime(self.now(), usegmt=True)
        return [
            {"Parameters": found[start : start + PAGE_SIZE], "ResponseMetadata": {"HTTPHeaders": {"date": date}}}
            for start in range(0, max(1, len(found)), PAGE_SIZE)
        ]

    def put_parameter(self, Name: str, Value: str, Type: str, Overwrite: bool, Tier: str = "Standard") -> Answer:  # noqa: N803
        assert (Type, Tier) == ("String", "Standard")
        self._require_valid(Name, Value)
        self.calls.append("put_parameter")
        self._count_write()
        with self._lock:
            if Name in self.values and not Overwrite:
                raise ClientError({"Error": {"Code": "ParameterAlreadyExists", "Message": "no"}}, "PutParameter")
            self.versions[Name] = self.versions.get(Name, 0) + 1 if Name in self.values else 1
            self.values[Name] = (Value, self.now())
            return {"Version": self.versions[Name]}

    def _require_valid(self, name: str, value: str) -> None:
        problem = ""
        if not value:
            problem = (
                "Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"
            )
        elif len(value.encode()) > LONGEST_VALUE:
            problem = "Standard tier parameters support a maximum parameter value of 4096 characters"
        elif re.search(r"\{\{.*\}\}", value, re.DOTALL):
            problem = 'Parameter value can\'t nest another parameter. Do not use "{{}}" in the value'
        elif not re.fullmatch(r"(/[a-zA-Z0-9_.-]+){1,15}", name):
            problem = "Parameter name must be a fully qualified name"
        if problem:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": problem}}, "PutParameter")

    def delete_parameter(self, Name: str) -> None:  # noqa: N803
        self.calls.append("delete_parameter")
        self._count_write()
        if self.values.pop(Name, None) is None:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": "no"}}, "DeleteParameter")
        self.deleted.append(Name)

    def delete_parameters(self, Names: list[str]) -> dict[str, list[str]]:  # noqa: N803
        if not 1 <= len(Names) <= MOST_NAMES:
            problem = "Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": problem}}, "DeleteParameters")
        self.calls.append("delete_parameters")
        found = []
        for name in Names:
            # AWS does not say that the call is atomic.
            self._count_write()
            if self.values.pop(name, None):
                found.append(name)
        self.deleted += found
        return {"DeletedParameters": found, "InvalidParameters": [name for name in Names if name not in found]}

    def _count_write(self) -> None:
        if self.writes == self.killed_after:
            raise Killed
        self.writes += 1

    def hold(self, number: int, written_before: float = 0.0, ttl: float = 60, **more: Any) -> None:
        value = {"holder": "eve@box pid 7", "nonce": "eve", "since": 0, "ttl": ttl, **more}
        self.values[f"{PATH}{number}"] = (json.dumps(value), self.now() - timedelta(seconds=written_before))

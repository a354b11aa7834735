# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policies that AWS publishes, which moto reads anew for every account and every reset, read once.

`tests/bench/lab_speed.py` measures what that saves.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.iam import models as iam
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.settings import load_iam_aws_managed_policies

from .patch import remake


@functools.cache
def published_policies() -> dict[str, dict[str, Any]]:
    """The policies that AWS publishes: the arguments from which moto makes each, by its name."""
    return {
        name: {
            "default_version_id": policy["DefaultVersionId"],
            "path": policy["Path"],
            "document": json.dumps(policy["Document"]),
            "create_date": datetime.fromisoformat(policy["CreateDate"]),
            "update_date": datetime.fromisoformat(policy["UpdateDate"]),
        }
        for name, policy in json.loads(aws_managed_policies_data).items()
    }


@remake(iam.IAMBackend, "_init_aws_policies")
def read_policies_once(_original: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    make: Any = iam.AWSManagedPolicy

    def policies(backend: Any) -> list[Any]:
        if not load_iam_aws_managed_policies():
            return []
        place = {"account_id": backend.account_id, "region": backend.region_name}
        return [make(name, **place, **described) for name, described in published_policies().items()]

    return policies

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What moto does for every request or account, done once: it answers the same, several times as fast."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto import backends
from moto.core import responses
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam import models as iam
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.settings import load_iam_aws_managed_policies

from .patch import remake


@remake(backends, "list_of_moto_modules")
def list_directory_once(original: Callable[[], Any]) -> Callable[[], tuple[str, ...]]:
    modules = tuple(original())
    return lambda: modules


@remake(responses, "method_names_from_class")
def look_through_class_once(original: Callable[[type], list[str]]) -> Callable[[type], list[str]]:
    return functools.cache(original)


@functools.cache
def published_policies() -> dict[str, dict[str, Any]]:
    """The thousand policies of AWS: what moto makes each from, by its name."""
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
        return [make(name, **place, **told) for name, told in published_policies().items()]

    return policies


@remake(iam, "get_account_id_from")
def look_where_something_is(_original: Callable[[str], str]) -> Callable[[str], str]:
    """moto makes an IAM for every partition of AWS, only to see that it has no such access key."""

    def account_of(access_key: str) -> str:
        # Others may come while this one looks.
        for number, partitions in list(iam.iam_backends.items()):
            if any(access_key in backend.access_keys for backend in list(partitions.values())):
                return number
        return DEFAULT_ACCOUNT_ID

    return account_of

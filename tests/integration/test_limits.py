# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS refuses: the requests of every test are held against the service models (rig/constraints.py); here are those
with the longest names that a document may have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from rig.constraints import violations
from rig.runs import CHECKOUT
from rig.stacks import WHOLE, Base, Stacks

NAME, THING, ROLE = 32, 40, 64
NAMED = ("services", "instances", "databases", "caches", "secrets")
# Keys whose values are words that may equal the name of something.
WORDS = ("engine", "name", "route", "runtime")


def longest(name: str, length: int) -> str:
    return f"{name}-{'x' * (length - len(name) - 1)}"


def with_longest_names(document: dict[str, Any], stack: str) -> dict[str, Any]:
    """A document in which everything that a person names has as long a name as it may have. Names of services stand in
    those of IAM roles, together with that of the stack and the region."""
    in_roles = min(THING, ROLE - len(f"{stack}-{document['region']}-"))
    names = {tier: longest(tier, THING) for tier in document["network"]["subnets"]}
    names |= {name: longest(name, THING) for key in NAMED for name in document.get(key, ())}
    # A database may have the name of its service.
    for key in ("services", "instances"):
        names |= {name: longest(name, in_roles) for name in document.get(key, ())}

    def renamed(value: Any) -> Any:
        if isinstance(value, Mapping):
            # YAML 1.1 reads the key `on` as a truth value.
            keys = {key: "on" if key is True else key for key in value}
            return {keys[key]: item if key in WORDS else renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        kind, slash, name = value.rpartition("/") if isinstance(value, str) else ("", "", value)
        return f"{kind}{slash}{names[name]}" if name in names and kind in ("", "database", "cache") else value

    whole = renamed(document)
    for part in (whole["network"]["subnets"], *(whole[key] for key in NAMED if key in whole)):
        for name in list(part):
            part[names[name]] = part.pop(name)
    return {**whole, "name": stack}


@pytest.mark.parametrize("name", ["single_instance", "three_tier", "ecommerce"])
@pytest.mark.parametrize(
    "is_stack_name_long", [pytest.param(True, id="stack"), pytest.param(False, id="services", marks=pytest.mark.long)]
)
def test_aws_accepts_the_longest_names(name: str, is_stack_name_long: bool, stacks: Stacks, tmp_path: Path) -> None:
    """Either the stack or its services have the longest names, which share the names of roles."""
    document = yaml.safe_load((CHECKOUT / "topologies" / f"{name}.yml").read_text(encoding="utf-8"))
    whole = with_longest_names(document, longest(document["name"], NAME) if is_stack_name_long else "s")
    if name == "three_tier":
        whole["monitoring"]["notify"] = ["ops@shop.test"]
    path = tmp_path / "longest.yml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    stack = stacks(Base(whole["name"], str(path), WHOLE))
    made = stack.present()
    assert made.ok, str(made)
    assert [address for address in made.actions if "xxx" in address]
    stack.assert_quiet()
    down = stack.absent(allow_destroy=list(made.actions))
    assert down.ok, str(down)


REFUSED = [
    ("iam", "CreateRole", {"RoleName": "x" * 65}, "RoleName has 65, more than 64"),
    ("iam", "CreateRole", {"RoleName": "a b"}, "RoleName 'a b' does not match"),
    ("iam", "CreateRole", {"Tags": [{"Key": "a!", "Value": ""}]}, "Tags[].Key 'a!' does not match"),
    ("cloudwatch", "PutMetricAlarm", {"ComparisonOperator": "Over"}, "'Over' is none of"),
    ("cloudwatch", "PutMetricAlarm", {"EvaluationPeriods": 0}, "EvaluationPeriods is 0, less than 1"),
    ("elbv2", "CreateLoadBalancer", {"Name": "x" * 33}, "has 33 characters, more than 32"),
    ("rds", "CreateDBInstance", {"DBInstanceIdentifier": "a--b"}, "'a--b' does not match"),
    ("ec2", "CreateSecurityGroup", {"Description": "who's"}, "Description"),
    ("ec2", "CreateVpc", {"TagSpecifications": [{"Tags": [{"Key": "aws:x"}]}]}, "TagSpecifications[].Tags[].Key"),
]


@pytest.mark.parametrize(("service", "operation", "params", "message"), REFUSED)
def test_requests_that_the_models_forbid_are_rejected(
    service: str, operation: str, params: dict[str, Any], message: str
) -> None:
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    found = list(violations(model, params))
    assert len(found) == 1
    assert message in found[0]

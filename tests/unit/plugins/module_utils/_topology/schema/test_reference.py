# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples of docs/topology.md work, and its messages are the actual ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.documents import CHECKOUT

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import Layer
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.parse import parse_text
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError

PAGE = (CHECKOUT / "docs" / "topology.md").read_text(encoding="utf-8")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f someone"


def block_with(text: str) -> Any:
    """The data of the example that contains this text."""
    (found,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if text in block]
    problems: list[Any] = []
    data = parse_text(found, lambda *problem: problems.append(problem)).data
    assert problems == []
    return data


def test_the_smallest_document_is_one() -> None:
    document = load(block_with("name: shop"))
    assert compile_stack(document).outputs["url"][0] == "http://"


def test_the_example_of_a_layer_is_one() -> None:
    layer = block_with("stack_overrides:")["stack_overrides"]
    # A variable of inventories/aws.
    assert layer["access"] == "{{ aws_access }}"
    layer["access"] = {"public_key": KEY}
    document = load("single_instance", [layer])
    assert document["instances"]["app"]["type"] == "t3.small"
    assert document["services"]["web"]["memory"] is None


def test_the_example_of_secrets_is_one() -> None:
    document = load(block_with("name: shop"), [block_with("PAYMENT_KEY: payment")])
    assert "secret/jwt" in [resource.address for resource in compile_stack(document).resources]
    assert document["secrets"]["payment"] == {
        "length": None,
        "existing": "payment-provider",
        "key": "api_key",
        "description": None,
        "protect": True,
    }


def test_the_example_of_monitoring_is_one() -> None:
    stack = compile_stack(load(block_with("name: shop"), [block_with("topic: ")]))
    made = [resource.address for resource in stack.resources if resource.type in ("alarm", "sns_topic", "dashboard")]
    assert made == ["sns_topic/alarms", "alarm/instances-app-cpu", "dashboard/overview"]


def test_the_table_of_alarms_has_them_all() -> None:
    change = {
        "network": {
            "zones": ["eu-central-1a", "eu-central-1b"],
            "subnets": {"public": {"cidrs": ["10.0.1.0/24", "10.0.2.0/24"]}},
        },
        "proxy": None,
        "load_balancer": {"subnets": "public"},
        "databases": {"main": {"engine": "mysql", "subnets": "public"}},
        "caches": {"redis": {"engine": "redis", "subnets": "public"}},
        "monitoring": {},
    }
    stack = compile_stack(load(block_with("name: shop"), [change]))
    names = [resource.name for resource in stack.resources if resource.type == "alarm"]
    words = {"<service>": "api", "<group>": "app", "<n>": "1", "<database>": "main", "<cache>": "redis"}
    rows = re.findall(r"(?m)^\| (`[a-z-]+-[^|]*`) \|", PAGE.split("## Monitoring")[1].split("\n## ")[0])
    named = [name for row in rows for name in re.findall("`(.+?)`", row)]
    for word, value in words.items():
        named = [name.replace(word, value) for name in named]
    assert [name.replace("…", "database-main") for name in named] == names


def test_the_example_of_a_raw_resource_is_one() -> None:
    stack = compile_stack(load(block_with("name: shop"), [block_with("security_group/office")]))
    assert stack.resources[-1].address == "security_group/office"


def test_the_example_of_errors_matches_the_messages(tmp_path: Path) -> None:
    (text,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "name: shop" in block]
    bad = tmp_path / "shop.yml"
    text = text.replace("10.0.1.0/24", "10.1.1.0/24").replace('["/*"]', '["api"]')
    bad.write_text(f"{text}    prot: 1\n", encoding="utf-8")
    (example,) = re.findall(r"cannot be used:\n(.*?)```", PAGE, re.DOTALL)
    with pytest.raises(TopologyError) as raised:
        load(bad, [Layer({"services": {"api": {"port": 99999}}}, "stack_overrides of the extra variables")])
    said = [error.replace(str(bad), "topologies/shop.yml") for error in raised.value.errors]
    assert sorted(said) == sorted(line[2:] for line in example.splitlines())


def test_the_names_of_resources_are_those() -> None:
    change = {"access": {"public_key": KEY}, "instances": {"app": {"address": "elastic"}}}
    balanced = {
        "network": {
            "zones": ["eu-central-1a", "eu-central-1b"],
            "subnets": {"public": {"cidrs": ["10.0.1.0/24", "10.0.2.0/24"]}},
        },
        "proxy": None,
        "load_balancer": {"subnets": "public"},
        "services": {"api": {"routes": ["/api/*"]}},
    }
    for layers in ([change], [change, balanced]):
        for resource in compile_stack(load(block_with("name: shop"), layers)).resources:
            name = re.sub("app-[0-9]", "<group>-<n>", resource.address).replace("app", "<group>")
            name = re.sub("public-[0-9]", "<tier>-<n>", name).replace("public", "<tier>")
            name = re.sub("api-1$", "<service>-<n>", name).replace("api", "<service>")
            assert f"`{name}`" in PAGE

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role app accepts every service that the inventory describes, because its options spell out all keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import service_variables
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load

CHECKOUT = Path(__file__).resolve().parents[3]
SPECS = yaml.safe_load((CHECKOUT / "roles/app/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
SERVICE = SPECS["main"]["options"]["app_services"]
TOPOLOGIES = [
    str(path)
    for directory in ("topologies", "examples/topologies")
    for path in sorted((CHECKOUT / directory).glob("*.yml"))
]


def find_errors(services: list[dict[str, Any]]) -> list[str]:
    validated = ArgumentSpecValidator({"app_services": SERVICE}).validate({"app_services": services})
    return list(validated.error_messages)


def describe_services(topology: str) -> list[dict[str, Any]]:
    document = load(topology)
    return [service_variables(document, name) for name in document["services"]]


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_services_of_the_topologies_are_accepted(topology: str) -> None:
    assert find_errors(describe_services(topology)) == []


def test_every_key_of_the_inventory_is_an_option_and_no_other() -> None:
    assert set(describe_services(TOPOLOGIES[0])[0]) == set(SERVICE["options"])


def test_a_misspelled_key_is_rejected() -> None:
    (service, *_) = describe_services(TOPOLOGIES[0])
    assert "helth" in " ".join(find_errors([{**service, "helth": {}}]))


def test_every_entry_point_is_a_task_file() -> None:
    assert [name for name in SPECS if not (CHECKOUT / f"roles/app/tasks/{name}.yml").is_file()] == []

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scenario on the stand-in tells the roles what the inventory would tell them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import placement_variables
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.placement import find_placements

CHECKOUT = Path(__file__).resolve().parents[3]
VARIABLES = CHECKOUT / "molecule/al2023/group_vars/groundwork.yml"


def render_scenario(checkout: str) -> dict[str, Any]:
    """The scenario's variables, with the checkout at another place."""
    text = VARIABLES.read_text().replace("{{ lookup('ansible.builtin.env', 'MOLECULE_PROJECT_DIRECTORY') }}", checkout)
    return yaml.safe_load(text)


def test_the_scenario_has_the_variables_of_the_inventory() -> None:
    document = load(str(CHECKOUT / "topologies/single_instance.yml"))
    inventory = placement_variables(document, find_placements(document)["app"])
    scenario = render_scenario(str(CHECKOUT))
    for service in inventory["groundwork_services"]:
        # The scenario has no AWS: `app_secrets` has what a deploy reads from Secrets Manager.
        variables = {secret["variable"] for secret in service["secrets"]}
        assert set(scenario["app_secrets"].get(service["name"], {})) == variables
        service["secrets"] = []
    assert {key: scenario[key] for key in inventory} == inventory

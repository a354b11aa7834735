# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory of a stack: its EC2 instances by service, with what the topology document says of them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ec2_services
short_description: EC2 instances of stacks, by service, tier and zone
version_added: 0.1.0
author: The groundwork.aws authors (@groundwork-aws)
description:
  - Lists the EC2 instances that carry the tag C(groundwork:stack), and groups them by service, stack, tier, zone and
    group of instances.
  - With a topology document, only the instances of its stack are listed. Hosts then carry what the document says of
    their services (C(groundwork_services), C(groundwork_proxy)), and every host, the implicit localhost included, has
    the effective document (C(stack_document), C(stack_name), C(stack_region)) and its source (C(stack_topology)).
  - The document is layered with C(stack_overrides) from C(group_vars/all) beside the inventory source, then with
    C(stack_overrides) from the extra variables. An extra variable C(topology) takes the place of the option.
  - A stack that does not exist yet gives an inventory without hosts.
  - A run with C(--limit localhost) has the controller as a host, since ansible does not count the implicit localhost
    among the hosts that a limit leaves.
  - Files are named C(ec2_services.yml), C(ec2_services.yaml) or end in C(.ec2_services.yml) or C(.ec2_services.yaml).
requirements:
  - boto3
extends_documentation_fragment:
  - inventory_cache
  - constructed
notes:
  - The cache holds what AWS answered, and only that. The document is read anew each time.
  - Credentials, region and endpoint that no option names come from boto3's own environment variables and files.
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices: [groundwork.aws.ec2_services]
  topology:
    description:
      - The topology document. A bare name is one of those that come with the collection, anything else a path, which
        counts from the current directory and then from the directory of the inventory source. A mapping is the
        document itself.
      - Without it, the playbook of an architecture such as C(groundwork.aws.ecommerce) brings its own topology.
        In any other run the instances of all stacks are listed, and grouped by their tags.
    type: raw
    env:
      - name: GROUNDWORK_TOPOLOGY
  regions:
    description: Regions to look in. By default that of the document, else the one that boto3's configuration names.
    type: list
    elements: str
    default: []
  address:
    description:
      - The address that ansible connects to. V(ssm) makes it the id of the instance, for the connection plugin
        P(amazon.aws.aws_ssm#connection).
      - By default, the public address where there is one, else the private one.
    type: str
    choices: [public, private, ssm]
  hostname:
    description:
      - What hosts are called. V(name) is the tag C(Name), V(tag:KEY) another tag.
      - Where an instance does not have it, its id takes the place.
    type: str
    default: name
  filters:
    description: More filters of DescribeInstances, each with a value or a list of values.
    type: dict
    default: {}
  statuses:
    description: States in which instances are listed. Those that are going, or gone, never are.
    type: list
    elements: str
    choices: [pending, running, stopping, stopped]
    default: [pending, running, stopping, stopped]
  profile:
    description: Profile of the AWS configuration files.
    type: str
  access_key:
    description: AWS access key id.
    type: str
  secret_key:
    description: AWS secret access key.
    type: str
  session_token:
    description: AWS session token.
    type: str
  endpoint_url:
    description: Address of an API endpoint to use instead of AWS's own.
    type: str
  validate_certs:
    description: Whether TLS certificates are checked.
    type: bool
    default: true
"""

EXAMPLES = r"""
# The stack of a document of your own, reached at public addresses.
plugin: groundwork.aws.ec2_services
topology: ../../topologies/shop.yml

---
# Private addresses; running instances only; groups by type as well.
plugin: groundwork.aws.ec2_services
topology: single_instance
address: private
statuses: [running]
keyed_groups:
  - key: ec2_instance_type
    prefix: type

---
# Every stack of two regions, cached for ten minutes.
plugin: groundwork.aws.ec2_services
regions: [eu-central-1, us-east-1]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/groundwork
cache_timeout: 600
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars

from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, Connection
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import TopologyError, load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.hosts import (
    CHANGING,
    group_name,
    group_of_instance,
    group_variables,
    host_groups,
    instance_variables,
    stack_variables,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.locate import describe_source
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory import command_line, layers, listing, naming

Instance = dict[str, Any]
FILE_NAME = re.compile(r"(?:^|\.)ec2_services\.ya?ml$")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads the document, asks AWS (or the cache), and fills ansible's inventory."""

    NAME = "groundwork.aws.ec2_services"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and FILE_NAME.search(os.path.basename(path)) is not None

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        document = self._document(path)
        self._publish(document, path)
        self._add_localhost()
        if listing.MISSING is not None:
            raise AnsibleParserError(f"boto3 cannot be imported: {listing.MISSING} (pip install boto3)")
        try:
            instances = self._instances(path, cache, document)
            hosts = naming.named(instances, self.get_option("hostname"))
        except (listing.ListingError, naming.NamingError) as error:
            raise AnsibleParserError(str(error)) from None  # a chain would say the same again
        for name, instance in hosts.items():
            self._add(name, instance, document)

    def _document(self, path: str) -> dict[str, Any] | None:
        extra = self._vars or {}
        topology = self._topology()
        if not topology:
            return None
        found = layers.inventory_variables(self.loader, self.inventory.groups["all"], path)
        try:
            overrides = layers.layers(self.templar, found, extra, path)
            return load(topology, list(overrides.values()), Path(path).absolute().parent, list(overrides))
        except TopologyError as error:
            raise AnsibleParserError(str(error)) from None

    def _topology(self) -> Any:
        """The topology that the run names explicitly, else that of the architecture whose playbook it starts."""
        explicit = (self._vars or {}).get("topology") or self.get_option("topology")
        return explicit or command_line.select_architecture(context.CLIARGS)

    def _publish(self, document: dict[str, Any] | None, path: str) -> None:
        """What all hosts have in common; the group `all` reaches the implicit localhost as well."""
        # They are named by playbooks, and may be without hosts.
        for group in ("groundwork", *CHANGING):
            self.inventory.add_group(group)
        if document is not None:
            source = describe_source(self._topology(), Path(path).absolute().parent)
            self._set("all", {**stack_variables(document), "stack_topology": source})

    def _add_localhost(self) -> None:
        """Add the controller where the limit names it. In other runs it is not one of the hosts in `all`."""
        if not command_line.names_localhost(context.CLIARGS):
            return
        if any(name in self.inventory.hosts for name in command_line.LOCALHOST):
            return  # another source of the inventory says how to reach it
        self.inventory.add_host("localhost")
        self.inventory.set_variable("localhost", "ansible_connection", "local")
        self.inventory.set_variable("localhost", "ansible_python_interpreter", sys.executable)

    def _instances(self, path: str, cache: bool, document: Mapping[str, Any] | None) -> list[Instance]:
        connection = Connection.of({name: self.get_option(name) for name in ARGUMENTS if name != "region"})
        regions = self._regions(connection, document)
        stack = document["name"] if document else None
        filters = listing.server_side_filters(stack, self.get_option("statuses"), self.get_option("filters"))
        keys = {
            region: f"{self.get_cache_key(path)}_{listing.fingerprint(replace(connection, region=region), filters)}"
            for region in regions
        }
        cached = self._cached(keys) if cache and self.get_option("cache") else {}
        fresh = listing.list_regions(connection, [region for region in regions if region not in cached], filters)
        if self.get_option("cache"):
            for region, instances in fresh.items():
                self._cache[keys[region]] = instances
        found = {**cached, **fresh}
        return [instance for region in regions for instance in found[region]]

    def _regions(self, connection: Connection, document: Mapping[str, Any] | None) -> list[str]:
        named = self.get_option("regions") or ([document["region"]] if document else [])
        regions = named or [listing.default_region(connection)]
        if None in regions:
            raise AnsibleParserError("no region is known (set regions or topology, or AWS_REGION in the environment)")
        return list(dict.fromkeys(regions))

    def _cached(self, keys: Mapping[str, str]) -> dict[str, list[Instance]]:
        found = {}
        for region, key in keys.items():
            try:
                found[region] = self._cache[key]
            except KeyError:  # never asked, or expired
                continue
        return found

    def _add(self, name: str, instance: Instance, document: Mapping[str, Any] | None) -> None:
        self.inventory.add_host(name)
        address = naming.address(instance, self.get_option("address"))
        if self.get_option("address") == "public" and not instance["public_ip"]:
            self.display.warning(f"{name} ({instance['id']}) has no public address; its private one is used")
        self._set(name, {**({"ansible_host": address} if address else {}), **instance_variables(instance)})
        for group in host_groups(document, instance):
            self.inventory.add_group(group)
            self.inventory.add_child(group, name)
        of_group = self._of_group(document, instance)
        self._construct(name, of_group)

    def _of_group(self, document: Mapping[str, Any] | None, instance: Instance) -> dict[str, Any]:
        """What the hosts of one group of instances share is kept once, as variables of their inventory group."""
        group = group_of_instance(document, instance)
        if document is None or group is None:
            return {}
        inventory_group = self.inventory.groups[group_name("group", group)]
        if "groundwork_services" not in inventory_group.vars:
            self._set(inventory_group.name, group_variables(document, group))
        return {**stack_variables(document), **inventory_group.vars}

    def _construct(self, name: str, of_group: Mapping[str, Any]) -> None:
        """Templates cost more than everything else here: none is made unless the options ask for it."""
        compose, groups, keyed = (self.get_option(key) for key in ("compose", "groups", "keyed_groups"))
        if not (compose or groups or keyed):
            return
        strict = self.get_option("strict")
        host = self.inventory.get_host(name)
        self._set_composite_vars(compose, combine_vars(dict(of_group), host.get_vars()), name, strict=strict)
        self._add_host_to_composed_groups(groups, dict(of_group), name, strict=strict)
        self._add_host_to_keyed_groups(keyed, dict(of_group), name, strict=strict)

    def _set(self, entity: str, variables: Mapping[str, Any]) -> None:
        for key, value in variables.items():
            self.inventory.set_variable(entity, key, naming.inert(value))

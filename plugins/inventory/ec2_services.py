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
  - Where the command line runs C(validate.yml) of this collection and nothing else, AWS is not asked, no hosts are
    listed, and the document is left to that playbook.
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
  - How AWS is reached is said once, for the inventory and for the playbooks of the collection. Either by the options
    below, which hosts then have in the variable C(groundwork_connection) without the keys. Or by a variable
    C(groundwork_connection) of your own, with the same names, in C(group_vars/all) or in the extra variables.
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices: [groundwork.aws.ec2_services]
  topology:
    description:
      - The topology document. A bare name is one of those that come with the collection, anything else a path. Here it
        counts from the directory of the inventory source; in the environment and in an extra variable from the current
        directory. A mapping is the document itself.
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
      - The address that ansible connects to.
      - With V(ssm) it is the id of the instance, and C(groundwork_ssh_arguments) has the C(ProxyCommand) that leads
        there through a session of AWS Systems Manager. That takes the AWS CLI with its Session Manager plugin, and no
        open port.
      - By default V(ssm) where the document says C(connect) V(ssm) under C(access). Else the public address where there
        is one, and the private one of all others.
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
    description: Profile of the AWS configuration files. It excludes the keys.
    type: str
    aliases: [aws_profile]
  access_key:
    description:
      - AWS access key id.
      - Keys are used by the inventory alone, and not handed on to playbooks. Set them in the environment instead.
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description: AWS secret access key.
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description: AWS session token.
    type: str
    aliases: [aws_session_token]
  assume_role_arn:
    description: A role to assume with the credentials.
    type: str
    aliases: [iam_role_arn]
  endpoint_url:
    description: Address of an API endpoint to use instead of AWS's own.
    type: str
    aliases: [aws_endpoint_url]
  validate_certs:
    description: Whether TLS certificates are checked.
    type: bool
    default: true
  aws_ca_bundle:
    description: A file with the certificate authorities that may have signed the certificate of the API.
    type: path
  aws_config:
    description: Settings of botocore's C(Config), such as C(proxies) or C(connect_timeout).
    type: dict
  account:
    description:
      - The account (12 digits) that the credentials must belong to. By default the C(account) of the topology, if any.
      - Nothing is listed with credentials of another account.
    type: str
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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, KEYS, Connection
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import TopologyError, examine
from ansible_collections.groundwork.aws.plugins.module_utils._topology.hosts import (
    CHANGING,
    group_name,
    group_of_instance,
    group_variables,
    host_groups,
    instance_variables,
    stack_variables,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.layers import findings_of, read_layer
from ansible_collections.groundwork.aws.plugins.module_utils._topology.locate import describe_source, is_bare_name
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory import command_line, layers, listing, naming
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.connection import (
    VARIABLE,
    choose_connection,
    given_options,
    published_options,
)
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.ssh import session_command, ssh_arguments

Instance = dict[str, Any]
FILE_NAME = re.compile(r"(?:^|\.)ec2_services\.ya?ml$")


@dataclass(frozen=True)
class Source:
    """The topology: a name, a path or the document itself, and the directory that its relative paths count from."""

    topology: Any
    near: Path | None

    def described(self) -> dict[str, Any]:
        """As a variable holds it: a path is absolute."""
        topology = self.topology
        if isinstance(topology, str) and not is_bare_name(topology):
            topology = os.path.normpath(Path(self.near or Path.cwd(), os.path.expanduser(topology)))
        return {"topology": topology, "directory": str(self.near) if self.near else None}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads the document, asks AWS (or the cache), and fills ansible's inventory."""

    NAME = "groundwork.aws.ec2_services"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and FILE_NAME.search(os.path.basename(path)) is not None

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        try:
            self._fill(path, cache)
        except AnsibleError as error:
            # By default ansible warns and goes on without the hosts. The playbooks refuse to (check_run.yml).
            self._set("all", {"groundwork_inventory_error": f"{path}: {error}"})
            raise

    def _fill(self, path: str, cache: bool) -> None:
        """Fill the inventory from the document and from AWS."""
        said = self._read_config_data(path)
        found = layers.inventory_variables(self.loader, self.inventory.groups["all"], path)
        source = self._source(path, said)
        only_validates = command_line.runs_only_validate(context.CLIARGS)
        document = None
        if source.topology:
            overrides = self._read_inventory(path, source, found)
            document = None if only_validates else self._document(source, overrides)
        self._publish(document, source)
        self._add_localhost()
        if only_validates:
            return
        if listing.MISSING is not None:
            raise AnsibleParserError(f"boto3 cannot be imported: {listing.MISSING} (pip install boto3)")
        try:
            connection = self._choose_connection(path, found).for_account(document["account"] if document else None)
            instances = self._instances(path, cache, document, connection)
            hosts = naming.named(instances, self.get_option("hostname"))
            for name, instance in hosts.items():
                self._add(name, instance, document, connection)
        except (listing.ListingError, naming.NamingError, StackError) as error:
            raise AnsibleParserError(str(error)) from None  # a chain would say the same again

    def _choose_connection(self, path: str, found: Mapping[str, Any]) -> Connection:
        """How AWS is reached; playbooks learn of it by a variable, unless that is where it came from."""
        options = {name: self.get_option(name) for name in ARGUMENTS if name != "region"}
        variable = layers.read_variable(self.templar, found, self._vars or {}, path, VARIABLE)
        connection = choose_connection(options, variable)
        if variable is None and published_options(options):
            self._set("all", {VARIABLE: published_options(options)})
        if variable is None and any(name in KEYS for name in given_options(options)):
            self.display.warning(
                f"{path}: access_key and secret_key are used by the inventory alone. Playbooks find theirs in the "
                f"environment (AWS_ACCESS_KEY_ID …), or both find them in the variable {VARIABLE}"
            )
        return connection

    def _source(self, path: str, said: Mapping[str, Any]) -> Source:
        """The topology that the run names, else that of the architecture whose playbook it starts.

        A path in the inventory source counts from its directory, any other from the current one.
        """
        near = Path(path).absolute().parent
        extra = (self._vars or {}).get("topology")
        if extra or not said.get("topology"):
            topology = extra or self.get_option("topology") or command_line.select_architecture(context.CLIARGS)
            return Source(topology, None if isinstance(topology, Mapping) else Path.cwd())
        return Source(self.get_option("topology"), near)

    def _read_inventory(self, path: str, source: Source, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The overrides. They and all else that validation looks at become variables of all hosts."""
        extra = self._vars or {}
        overrides = layers.layers(self.templar, self.loader, found, extra, path)
        described = layers.describe_inventory(self.templar, self.loader, found, extra, path)
        self._set(
            "all",
            {
                "stack_source": source.described(),
                "stack_layers": overrides,
                "stack_inventory": {**described, "address": self.get_option("address")},
            },
        )
        return overrides

    def _document(self, source: Source, overrides: list[dict[str, Any]]) -> dict[str, Any]:
        read = [read_layer(item) for item in overrides]
        known = [finding for item in overrides for finding in findings_of(item)]
        found = examine(source.topology, read, source.near, known)
        if found.errors:
            raise AnsibleParserError(str(TopologyError(found.errors, found.name)))
        return found.document

    def _publish(self, document: dict[str, Any] | None, source: Source) -> None:
        """What all hosts have in common; the group `all` reaches the implicit localhost as well."""
        # They are named by playbooks, and may be without hosts.
        for group in ("groundwork", *CHANGING):
            self.inventory.add_group(group)
        if document is not None:
            self._require_one_stack(document)
            name = describe_source(source.topology, source.near)
            self._set("all", {**stack_variables(document), "stack_topology": name})

    def _require_one_stack(self, document: Mapping[str, Any]) -> None:
        """Two sources of one run must be about one stack: variables of all hosts are those of the last source."""
        known = self.inventory.groups["all"].vars
        other = (known.get("stack_name"), known.get("stack_region"))
        this = (document["name"], document["region"])
        if other[0] is not None and other != this:
            raise AnsibleParserError(
                f"this source is about the stack {this[0]} in {this[1]}, and another one of the same run about "
                f"{other[0]} in {other[1]}: their hosts would be mixed up. Run once with each of them (-i)"
            )

    def _add_localhost(self) -> None:
        """Add the controller where the limit names it. In other runs it is not one of the hosts in `all`."""
        if not command_line.names_localhost(context.CLIARGS):
            return
        if any(name in self.inventory.hosts for name in command_line.LOCALHOST):
            return  # another source of the inventory says how to reach it
        self.inventory.add_host("localhost")
        self.inventory.set_variable("localhost", "ansible_connection", "local")
        self.inventory.set_variable("localhost", "ansible_python_interpreter", sys.executable)

    def _instances(
        self, path: str, cache: bool, document: Mapping[str, Any] | None, connection: Connection
    ) -> list[Instance]:
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

    def _add(self, name: str, instance: Instance, document: Mapping[str, Any] | None, connection: Connection) -> None:
        self.inventory.add_host(name)
        by_session = document is not None and document["access"]["connect"] == "ssm"
        chosen = self.get_option("address") or ("ssm" if by_session else None)
        address = naming.address(instance, chosen)
        session = session_command(instance, connection) if chosen == "ssm" else None
        if self.get_option("address") == "public" and not instance["public_ip"]:
            self.display.warning(f"{name} ({instance['id']}) has no public address; its private one is used")
        self._set(name, {**({"ansible_host": address} if address else {}), **instance_variables(instance)})
        self._set(name, {"groundwork_ssh_arguments": ssh_arguments(instance, session)})
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

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory of a stack: its EC2 instances by service, with their settings in the topology document."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ec2_services
short_description: EC2 instances of stacks, by service, tier and zone
version_added: 0.1.0
author: The groundwork.aws authors (@groundwork-aws)
description:
  - Lists the EC2 instances that carry the tag C(groundwork:stack), and groups them by service, stack, tier, zone and
    group of instances.
  - With a topology document, only the instances of its stack are listed. Hosts then have the settings of their
    services (C(groundwork_services), C(groundwork_proxy)), and every host, the implicit localhost included, has
    the effective document (C(stack_document), C(stack_name), C(stack_region)) and its source (C(stack_topology)).
  - The document is layered with C(stack_overrides) from C(group_vars/all) next to the inventory source, then with
    C(stack_overrides) from the extra variables. An extra variable C(topology) overrides the option.
  - Where the command line runs only C(validate.yml) of this collection, AWS is not called, no hosts are listed, and
    that playbook reads the document.
  - Where the document has errors and the command line runs other playbooks of this collection, these report the errors
    as C(validate.yml) does and end. In any other run the errors are those of the inventory.
  - A stack that does not exist yet gives an inventory without hosts.
  - A run with C(--limit localhost) has the controller as a host, because ansible does not apply a limit to the implicit
    localhost.
  - Files are named C(ec2_services.yml), C(ec2_services.yaml) or end in C(.ec2_services.yml) or C(.ec2_services.yaml).
requirements:
  - boto3
extends_documentation_fragment:
  - inventory_cache
  - constructed
notes:
  - The cache holds only the answers of AWS. The document is read each time.
  - Credentials, region and endpoint that no option names come from boto3's own environment variables and files.
  - The connection to AWS is configured once, for the inventory and for the playbooks of the collection. Either by the
    options below, which hosts then have in the variable C(groundwork_connection) without the keys. Or by a variable
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
      - With V(ssm) it is the id of the instance, and C(groundwork_ssh_arguments) has the C(ProxyCommand) that
        connects through a session of AWS Systems Manager. That needs the AWS CLI with its Session Manager plugin, and
        no open port.
      - By default V(ssm) where the document has C(connect) V(ssm) under C(access). Else the public address where there
        is one, and the private one of all others.
    type: str
    choices: [public, private, ssm]
  hostname:
    description:
      - The names of hosts. V(name) is the tag C(Name), V(tag:KEY) another tag.
      - An instance without it is named by its id.
    type: str
    default: name
  filters:
    description: More filters of DescribeInstances, each with a value or a list of values.
    type: dict
    default: {}
  statuses:
    description: States in which instances are listed. Terminating and terminated instances never are.
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
      - Only the inventory uses keys; playbooks do not get them. Set them in the environment instead.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars

from ansible_collections.groundwork.aws.plugins.module_utils._aws.access import find_profile
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, KEYS, Connection
from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import (
    CHANGING,
    REPLACING,
    find_placement_of,
    group_name,
    host_groups,
    instance_variables,
    placement_variables,
    stack_variables,
)
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import examine
from ansible_collections.groundwork.aws.plugins.module_utils._provision.requests import UNDEFINED
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import read_findings, read_layer
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.locate import (
    describe_source,
    is_bare_name,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory import command_line, layers, listing, naming
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.connection import (
    VARIABLE,
    choose_connection,
    find_option_problems,
    select_public_options,
    select_set_options,
)
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.ssh import (
    build_session_command,
    build_ssh_arguments,
)

Instance = dict[str, Any]
FILE_NAME = re.compile(r"(?:^|\.)ec2_services\.ya?ml$")


@dataclass(frozen=True)
class Source:
    """The topology: a name, a path or the document itself, and the directory that its relative paths count from."""

    topology: Any
    near: Path | None

    def as_variable(self) -> dict[str, Any]:
        """The source as a variable: its path is absolute."""
        topology = self.topology
        if isinstance(topology, str) and not is_bare_name(topology):
            topology = os.path.normpath(Path(self.near or Path.cwd(), os.path.expanduser(topology)))
        return {"topology": topology, "directory": str(self.near) if self.near else None}


def _reject_other_topology(source: Source) -> None:
    """Raise if the environment names another document than the inventory source: the run would use only one of them.

    The Makefile always exports a topology. Where the user has named none, it exports that as the default as well.
    """
    named = os.environ.get("GROUNDWORK_TOPOLOGY", "")
    if named in ("", os.environ.get("GROUNDWORK_DEFAULT_TOPOLOGY", "")):
        return
    of_run, of_source = describe_source(named), describe_source(source.topology, source.near)
    if os.path.realpath(of_run) != os.path.realpath(of_source):
        raise AnsibleParserError(
            f"GROUNDWORK_TOPOLOGY names the topology {of_run}, and the option topology of this source {of_source}: "
            "leave one of them out, or let them name the same (-e topology=… replaces both)"
        )


class InvalidDocumentError(AnsibleParserError):  # type: ignore[misc]
    """The document has errors. Validation reports all of them, with those of the sources."""


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads the document, lists the instances (from AWS or the cache), and fills ansible's inventory."""

    NAME = "groundwork.aws.ec2_services"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and FILE_NAME.search(os.path.basename(path)) is not None

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        try:
            self._fill(path, cache)
        except AnsibleError as error:
            # By default ansible warns and goes on without hosts. The playbooks fail then (check_run.yml).
            self._set_variables("all", {"groundwork_inventory_error": f"{path}: {error}"})
            # The playbooks report an invalid document as validate.yml does, if one of their plays can run.
            if not (isinstance(error, InvalidDocumentError) and command_line.reports_problems(context.CLIARGS)):
                raise
        finally:
            # Without any host ansible skips every play that the limit leaves without hosts, and ends with 0. With the
            # controller as a host, such a limit is an error.
            if context.CLIARGS.get("subset") and not self.inventory.hosts:
                self._add_controller()

    def _fill(self, path: str, cache: bool) -> None:
        """Fill the inventory from the document and from AWS."""
        config = self._read_config_data(path)
        found = layers.read_inventory_variables(self.loader, self.inventory.groups["all"], path)
        # Their names: the playbooks reject misspellings of their own variables.
        self._set_variables("all", {"stack_extra_variables": sorted(map(str, self._vars or {}))})
        source = self._find_source(path, config)
        only_validates = command_line.runs_only_validate(context.CLIARGS)
        self._add_groups()
        self._add_localhost()
        unusable = list(find_option_problems(config, self.get_options()))
        connection, problem = self._try_connection(path, found)
        document = None
        if source.topology:
            published = self._read_inventory(path, source, found, problem, unusable)
            document = None if only_validates else self._load_document(source, published)
        self._publish_document(document, source)
        if only_validates:
            return
        if connection is None or unusable:
            raise AnsibleParserError("\n".join([*(f"{key}: {text}" for key, text in unusable), problem]).rstrip())
        if listing.MISSING is not None:
            raise AnsibleParserError(f"boto3 cannot be imported: {listing.MISSING} (pip install boto3)")
        try:
            connection = connection.for_account(document["account"] if document else None)
            instances = self._list_instances(path, cache, document, connection)
            hosts = naming.name_hosts(instances, self.get_option("hostname"))
            for name, instance in hosts.items():
                self._add_instance(name, instance, document, connection)
        except (listing.ListingError, naming.NamingError, StackError) as error:
            raise AnsibleParserError(str(error)) from None  # a chain would repeat the message

    def _try_connection(self, path: str, found: Mapping[str, Any]) -> tuple[Connection | None, str]:
        """The connection to AWS, or None and the problem of its options."""
        try:
            return self._choose_connection(path, found), ""
        except (StackError, AnsibleParserError) as error:
            return None, str(error)

    def _choose_connection(self, path: str, found: Mapping[str, Any]) -> Connection:
        """The connection to AWS. Options of the source become a variable, from which playbooks read them."""
        options = {name: self.get_option(name) for name in ARGUMENTS if name != "region"}
        variable = layers.read_variable(self.templar, found, self._vars or {}, path, VARIABLE)
        connection = choose_connection(options, variable)
        if variable is None and select_public_options(options):
            self._set_variables("all", {VARIABLE: select_public_options(options)})
        if variable is None and any(name in KEYS for name in select_set_options(options)):
            self.display.warning(
                f"{path}: access_key and secret_key are used only by the inventory. Playbooks read theirs from the "
                f"environment (AWS_ACCESS_KEY_ID …), or both read them from the variable {VARIABLE}"
            )
        return connection

    def _find_source(self, path: str, config: Mapping[str, Any]) -> Source:
        """The topology that the run names, else that of the architecture whose playbook runs.

        A path in the inventory source counts from its directory, any other from the current one.
        """
        near = Path(path).absolute().parent
        extra = (self._vars or {}).get("topology")
        if isinstance(extra, str) and "{{" in extra:
            extra = self._render_topology(extra)
        if extra or not config.get("topology"):
            topology = extra or self.get_option("topology") or command_line.select_architecture(context.CLIARGS)
            return Source(topology, None if isinstance(topology, Mapping) else Path.cwd())
        source = Source(self.get_option("topology"), near)
        _reject_other_topology(source)
        return source

    def _render_topology(self, text: str) -> Any:
        """The extra variable `topology` where it is a template."""
        self.templar.available_variables = self._vars or {}
        try:
            return self.templar.template(text)
        except AnsibleError as error:
            raise AnsibleParserError(f"topology of the extra variables: {UNDEFINED}: {error}") from None

    def _read_inventory(
        self,
        path: str,
        source: Source,
        found: Mapping[str, Any],
        connection_problem: str,
        option_problems: Sequence[tuple[str, str]],
    ) -> dict[str, Any]:
        """The data that validation reads, with the overrides. It becomes variables of all hosts."""
        extra = self._vars or {}
        overrides = layers.describe_layers(self.templar, self.loader, found, extra, path)
        described = layers.describe_inventory(self.templar, self.loader, found, extra, path)
        described |= {
            "address": self.get_option("address"),
            "connection_problem": connection_problem or None,
            "option_problems": [list(one) for one in option_problems],
            "has_connection_variable": extra.get(VARIABLE, found.get(VARIABLE)) is not None,
        }
        variables = {"stack_source": source.as_variable(), "stack_layers": overrides, "stack_inventory": described}
        self._set_variables("all", variables)
        return variables

    def _load_document(self, source: Source, published: Mapping[str, Any]) -> dict[str, Any]:
        overrides = published["stack_layers"]
        read = [read_layer(item) for item in overrides]
        known = [finding for item in overrides for finding in read_findings(item)]
        found = examine(source.topology, read, source.near, known)
        if found.errors:
            # In a variable of its own, because the variables above are those of the last source of the run.
            invalid = {name.removeprefix("stack_"): value for name, value in published.items()}
            self._set_variables("all", {"groundwork_invalid_topology": invalid})
            raise InvalidDocumentError(str(TopologyError(found.errors, found.name)))
        return found.document

    def _add_groups(self) -> None:
        """Add the groups that playbooks name, because they may have no hosts."""
        for group in ("groundwork", *CHANGING, REPLACING):
            self.inventory.add_group(group)

    def _publish_document(self, document: dict[str, Any] | None, source: Source) -> None:
        """Set the variables of all hosts in the group `all`, which the implicit localhost has too."""
        if document is not None:
            self._require_one_stack(document)
            name = describe_source(source.topology, source.near)
            self._set_variables("all", {**stack_variables(document), "stack_topology": name})

    def _require_one_stack(self, document: Mapping[str, Any]) -> None:
        """Raise if two sources of one run have different stacks, because the variables of all hosts are shared."""
        known = self.inventory.groups["all"].vars
        other = (known.get("stack_name"), known.get("stack_region"))
        this = (document["name"], document["region"])
        if other[0] is not None and other != this:
            raise AnsibleParserError(
                f"this source has the stack {this[0]} in {this[1]}, and another one of the same run has "
                f"{other[0]} in {other[1]}: their hosts would be mixed up. Run once with each of them (-i)"
            )

    def _add_localhost(self) -> None:
        """Add the controller where the limit names it. In other runs it is not a host of `all`."""
        if not command_line.names_localhost(context.CLIARGS):
            return
        if any(name in self.inventory.hosts for name in command_line.LOCALHOST):
            return  # another source of the inventory configures it
        self._add_controller()

    def _add_controller(self) -> None:
        # Ansible puts hosts without a group into `ungrouped` itself only when the whole source was read.
        self.inventory.add_host("localhost", group="ungrouped")
        self.inventory.set_variable("localhost", "ansible_connection", "local")
        self.inventory.set_variable("localhost", "ansible_python_interpreter", sys.executable)

    def _list_instances(
        self, path: str, cache: bool, document: Mapping[str, Any] | None, connection: Connection
    ) -> list[Instance]:
        regions = self._find_regions(connection, document)
        stack = document["name"] if document else None
        filters = listing.build_filters(stack, self.get_option("statuses"), self.get_option("filters"))
        keys = {}
        for region in regions:
            key = listing.compute_cache_key(replace(connection, region=region), filters)
            keys[region] = f"{self.get_cache_key(path)}_{key}"
        cached = self._read_cache(keys) if cache and self.get_option("cache") else {}
        fresh = listing.list_regions(connection, [region for region in regions if region not in cached], filters)
        if self.get_option("cache"):
            for region, instances in fresh.items():
                self._cache[keys[region]] = instances
        found = {**cached, **fresh}
        return [instance for region in regions for instance in found[region]]

    def _find_regions(self, connection: Connection, document: Mapping[str, Any] | None) -> list[str]:
        named = self.get_option("regions") or ([document["region"]] if document else [])
        regions = named or [listing.find_default_region(connection)]
        if None in regions:
            profile, source = find_profile(connection)
            profile_note = f', and the profile "{profile}" ({source}) names none' if profile else ""
            raise AnsibleParserError(
                f"no region is known{profile_note} (set regions or topology, or AWS_REGION in the environment)"
            )
        return list(dict.fromkeys(regions))

    def _read_cache(self, keys: Mapping[str, str]) -> dict[str, list[Instance]]:
        found = {}
        for region, key in keys.items():
            try:
                found[region] = self._cache[key]
            except KeyError:  # not cached, or expired
                continue
        return found

    def _add_instance(
        self, name: str, instance: Instance, document: Mapping[str, Any] | None, connection: Connection
    ) -> None:
        self.inventory.add_host(name)
        by_session = document is not None and document["access"]["connect"] == "ssm"
        chosen = self.get_option("address") or ("ssm" if by_session else None)
        address = naming.find_address(instance, chosen)
        session = build_session_command(instance, connection) if chosen == "ssm" else None
        if self.get_option("address") == "public" and not instance["public_ip"]:
            self.display.warning(f"{name} ({instance['id']}) has no public address; its private one is used")
        self._set_variables(name, {**({"ansible_host": address} if address else {}), **instance_variables(instance)})
        self._set_variables(name, {"groundwork_ssh_arguments": build_ssh_arguments(instance, session)})
        for group in host_groups(document, instance):
            self.inventory.add_group(group)
            self.inventory.add_child(group, name)
        shared = self._share_placement_variables(document, instance)
        self._compose_variables(name, shared)

    def _share_placement_variables(self, document: Mapping[str, Any] | None, instance: Instance) -> dict[str, Any]:
        """Set the variables that hosts of a placement share once, in their inventory group, and return them."""
        placement = find_placement_of(document, instance)
        if document is None or placement is None:
            return {}
        inventory_group = self.inventory.groups[group_name("group", placement.name)]
        if "groundwork_services" not in inventory_group.vars:
            self._set_variables(inventory_group.name, placement_variables(document, placement))
        return {**stack_variables(document), **inventory_group.vars}

    def _compose_variables(self, name: str, shared: Mapping[str, Any]) -> None:
        """Add the variables and groups of `compose`, `groups` and `keyed_groups`. Templates are slow."""
        compose, groups, keyed = (self.get_option(key) for key in ("compose", "groups", "keyed_groups"))
        if not (compose or groups or keyed):
            return
        strict = self.get_option("strict")
        host = self.inventory.get_host(name)
        self._set_composite_vars(compose, combine_vars(dict(shared), host.get_vars()), name, strict=strict)
        self._add_host_to_composed_groups(groups, dict(shared), name, strict=strict)
        self._add_host_to_keyed_groups(keyed, dict(shared), name, strict=strict)

    def _set_variables(self, entity: str, variables: Mapping[str, Any]) -> None:
        # Ansible renders only templates that are marked as trusted: tags and documents are data.
        for key, value in variables.items():
            self.inventory.set_variable(entity, key, value)

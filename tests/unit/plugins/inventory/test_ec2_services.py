# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin: files, options, names, cache, layers. A function replaces AWS."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import context
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, inventory_loader

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 all text is a template
    trust_as_template = str

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory import listing, naming

pytestmark = pytest.mark.filterwarnings("ignore:AnsibleCollectionFinder has already been configured")

TAGS = {"groundwork:stack": "single-instance", "groundwork:group": "app", "groundwork:tier": "public"}
Listing = dict[str, list[dict[str, Any]]]


def instance(number: int, region: str = "us-east-1", **said: Any) -> dict[str, Any]:
    tags = {**TAGS, "Name": f"single-instance-app-{number}", "groundwork:resource": f"instance/app-{number}"}
    return {
        "id": f"i-{number}",
        "type": "t3.micro",
        "state": "running",
        "image": "ami-1",
        "region": region,
        "zone": f"{region}a",
        "private_ip": f"10.0.1.{number}",
        "public_ip": f"203.0.113.{number}",
        "private_dns": f"ip-10-0-1-{number}.ec2.internal",
        "public_dns": None,
        **said,
        "tags": {**tags, **said.get("tags", {})},
    }


class Cloud:
    """A replacement of AWS: it answers by region and records the calls."""

    def __init__(self) -> None:
        self.instances: Listing = {}
        self.asked: list[tuple[Connection, list[str], list[dict[str, Any]]]] = []

    def list_regions(self, connection: Connection, regions: list[str], filters: list[dict[str, Any]]) -> Listing:
        self.asked.append((connection, list(regions), filters))
        return {region: self.instances.get(region, []) for region in regions}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud()
    monkeypatch.setattr(listing, "list_regions", made.list_regions)
    for name in ("GROUNDWORK_TOPOLOGY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    made.instances["us-east-1"] = [instance(1), instance(2)]
    return made


Parse = Callable[..., InventoryData]


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> Parse:
    """Parse a source with the options given, as ansible does. `group_vars` go to group_vars/all next to it."""
    init_plugin_loader()

    def run(
        options: Mapping[str, Any] | None = None,
        group_vars: str = "",
        extra: Mapping[str, Any] | None = None,
        cache: bool = True,
    ) -> InventoryData:
        source = tmp_path / "inventory" / "ec2_services.yml"
        (source.parent / "group_vars").mkdir(parents=True, exist_ok=True)
        (source.parent / "group_vars" / "all.yml").write_text(group_vars, encoding="utf-8")
        said = {"plugin": "groundwork.aws.ec2_services", "topology": "single_instance", **(options or {})}
        source.write_text(yaml.safe_dump({key: value for key, value in said.items() if value is not None}))
        monkeypatch.setattr("ansible.plugins.inventory.load_extra_vars", lambda loader: dict(extra or {}))
        plugin = inventory_loader.get("groundwork.aws.ec2_services")
        assert plugin.verify_file(str(source))
        inventory = InventoryData()
        plugin.parse(inventory, DataLoader(), str(source), cache=cache)
        if hasattr(plugin, "_cache"):
            plugin.update_cache_if_changed()
        inventory.reconcile_inventory()
        return inventory

    return run


def hosts(inventory: InventoryData) -> list[str]:
    return list(inventory.hosts)


class TestSource:
    @pytest.mark.parametrize(
        ("name", "fits"),
        [
            ("ec2_services.yml", True),
            ("ec2_services.yaml", True),
            ("shop.ec2_services.yml", True),
            ("shop_ec2_services.yml", False),
            ("ec2_services.json", False),
            ("aws_ec2.yml", False),
        ],
    )
    def test_file_names(self, name: str, fits: bool, tmp_path: Path) -> None:
        init_plugin_loader()
        (tmp_path / name).write_text("plugin: groundwork.aws.ec2_services\n", encoding="utf-8")
        assert inventory_loader.get("groundwork.aws.ec2_services").verify_file(str(tmp_path / name)) is fits

    def test_hosts_and_groups(self, parse: Parse) -> None:
        inventory = parse()
        assert hosts(inventory) == ["single-instance-app-1", "single-instance-app-2"]
        groups = inventory.get_groups_dict()
        both = ["single-instance-app-1", "single-instance-app-2"]
        for name in ("groundwork", "service_api", "service_web", "stack_single_instance", "tier_public", "group_app"):
            assert groups[name] == both

    def test_variables(self, parse: Parse) -> None:
        inventory = parse()
        host = inventory.hosts["single-instance-app-2"]
        assert host.vars["ansible_host"] == "203.0.113.2"
        assert host.vars["groundwork_host"] == "app-2"
        assert host.vars["ec2_tags"]["groundwork:group"] == "app"
        everyone = inventory.groups["all"].vars
        assert everyone["stack_name"] == "single-instance"
        assert everyone["stack_region"] == "us-east-1"
        assert everyone["stack_document"]["services"]["api"]["timeout"] == 30

    def test_variables_of_a_placement_are_kept_once(self, parse: Parse) -> None:
        inventory = parse()
        shared = inventory.groups["group_app"].vars
        assert [service["name"] for service in shared["groundwork_services"]] == ["api", "web"]
        assert shared["groundwork_proxy"]["port"] == 80
        assert all("groundwork_services" not in host.vars for host in inventory.hosts.values())

    def test_no_instances_yet(self, parse: Parse, cloud: Cloud) -> None:
        cloud.instances.clear()
        inventory = parse()
        assert hosts(inventory) == []
        assert inventory.groups["all"].vars["stack_name"] == "single-instance"

    def test_hosts_are_in_natural_order(self, parse: Parse, cloud: Cloud) -> None:
        cloud.instances["us-east-1"] = [instance(10), instance(9), instance(100), instance(1)]
        assert [name.rpartition("-")[2] for name in hosts(parse())] == ["1", "9", "10", "100"]


class TestTopology:
    def test_the_region_is_that_of_the_document(self, parse: Parse, cloud: Cloud) -> None:
        parse()
        ((_connection, regions, _filters),) = cloud.asked
        assert regions == ["us-east-1"]

    def test_aws_is_asked_for_the_stack_only(self, parse: Parse, cloud: Cloud) -> None:
        parse({"statuses": ["running"], "filters": {"instance-type": "t3.micro", "tag:team": ["a", "b"]}})
        ((_connection, _regions, filters),) = cloud.asked
        assert {item["Name"]: item["Values"] for item in filters} == {
            "tag:groundwork:stack": ["single-instance"],
            "instance-state-name": ["running"],
            "instance-type": ["t3.micro"],
            "tag:team": ["a", "b"],
        }

    def test_filters_do_not_undo_our_own(self, parse: Parse, cloud: Cloud) -> None:
        parse({"filters": {"instance-state-name": ["terminated"], "tag:groundwork:stack": "other"}})
        found = {item["Name"]: item["Values"] for item in cloud.asked[0][2]}
        assert found["tag:groundwork:stack"] == ["single-instance"]
        assert "terminated" not in found["instance-state-name"]

    def test_without_a_topology_all_stacks_are_listed(self, parse: Parse, cloud: Cloud) -> None:
        other = {"groundwork:stack": "other", "groundwork:services": "web", "Name": "other-app-1"}
        cloud.instances["us-east-1"] = [instance(1), instance(2, tags=other)]
        inventory = parse({"topology": None, "regions": ["us-east-1"]})
        assert {item["Name"] for item in cloud.asked[0][2]} == {"tag-key", "instance-state-name"}
        groups = inventory.get_groups_dict()
        assert (groups["stack_single_instance"], groups["stack_other"]) == (["single-instance-app-1"], ["other-app-1"])
        assert groups["service_web"] == ["other-app-1"]
        assert "stack_document" not in inventory.groups["all"].vars

    def test_without_topology_and_regions_the_region_is_that_of_the_environment(
        self, parse: Parse, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        parse({"topology": None})
        assert cloud.asked[0][1] == ["eu-west-1"]

    def test_no_region_at_all(self, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError, match=r"no region is known \(set regions or topology"):
            parse({"topology": None})

    def test_the_environment_names_the_topology(self, parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GROUNDWORK_TOPOLOGY", "single-instance")
        assert parse({"topology": None}).groups["all"].vars["stack_name"] == "single-instance"

    def test_the_environment_and_the_source_must_name_the_same_topology(
        self, parse: Parse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GROUNDWORK_TOPOLOGY", "three-tier")
        with pytest.raises(
            AnsibleParserError,
            match=r"names the topology three_tier, and the option .* single_instance: leave",
        ):
            parse({"topology": "single_instance"})
        extra = parse({"topology": "single_instance"}, extra={"topology": "single_instance"})
        assert extra.groups["all"].vars["stack_name"] == "single-instance"

    @pytest.mark.parametrize("default", ["", "three-tier"])
    def test_the_environment_may_name_the_same_topology_or_a_default(
        self, default: str, parse: Parse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GROUNDWORK_TOPOLOGY", default or "single-instance")
        monkeypatch.setenv("GROUNDWORK_DEFAULT_TOPOLOGY", default)
        inventory = parse({"topology": "single_instance"})
        assert inventory.groups["all"].vars["stack_name"] == "single-instance"

    def test_an_extra_variable_names_the_topology(self, parse: Parse) -> None:
        inventory = parse({"topology": "nothing"}, extra={"topology": "single_instance"})
        assert inventory.groups["all"].vars["stack_name"] == "single-instance"

    def test_a_topology_whose_template_is_undefined_is_rejected(self, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError, match="topology of the extra variables: its template refers to"):
            parse({"topology": "single_instance"}, extra={"topology": trust_as_template("{{ nope }}")})

    def test_the_names_of_extra_variables_are_published(self, parse: Parse) -> None:
        variables = parse({"topology": "single_instance"}, extra={"service": "api"}).groups["all"].vars
        assert variables["stack_extra_variables"] == ["service"]

    def test_a_path_counts_from_the_source_as_well(self, parse: Parse, tmp_path: Path) -> None:
        (tmp_path / "shop.yml").write_text("name: 7\n", encoding="utf-8")
        with pytest.raises(AnsibleParserError, match=f'{tmp_path}/shop.yml:1: name: "7" is not a name'):
            parse({"topology": "../shop.yml"})

    def test_all_errors_of_the_document_are_reported(self, parse: Parse) -> None:
        change = {"services": {"api": {"prot": 1, "port": 0}}}
        with pytest.raises(AnsibleParserError) as raised:
            parse(extra={"stack_overrides": change})
        assert str(raised.value).splitlines()[1:] == [
            '- services.api.prot: unknown key; did you mean "port"? [from stack_overrides of the extra variables]',
            "- services.api.port: 0 is not a port (1-65535) [from stack_overrides of the extra variables]",
        ]

    @pytest.mark.parametrize("playbook", ["groundwork.aws.site", "groundwork.aws.deploy"])
    def test_playbooks_of_the_collection_get_the_errors_of_the_document_to_report(
        self, playbook: str, parse: Parse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ansible.context.CLIARGS", {"args": (playbook,), "subset": None})
        variables = parse(extra={"stack_overrides": {"region": 7}}).groups["all"].vars
        assert "region" in variables["groundwork_inventory_error"]
        invalid = variables["groundwork_invalid_topology"]
        assert invalid["source"]["topology"] == "single_instance"
        assert invalid["layers"][0]["values"] == {"region": 7}
        assert invalid["inventory"]["variables"] == {}
        assert "stack_document" not in variables

    @pytest.mark.parametrize(
        "arguments", [{"args": ("mine.yml",)}, {"args": ("groundwork.aws.site",), "subset": "shop-app-1"}, {}]
    )
    def test_any_other_run_ends_with_the_inventory(
        self, arguments: Any, parse: Parse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ansible.context.CLIARGS", arguments)
        with pytest.raises(AnsibleParserError, match="region"):
            parse(extra={"stack_overrides": {"region": 7}})

    def test_an_error_of_aws_is_no_document_error(self, parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ansible.context.CLIARGS", {"args": ("groundwork.aws.site",), "subset": None})

        def fail(*_given: Any) -> Any:
            raise listing.ListingError("AccessDenied")

        monkeypatch.setattr(listing, "list_regions", fail)
        with pytest.raises(AnsibleParserError, match="AccessDenied"):
            parse()

    def test_secrets_in_files_of_groups_and_hosts_are_described_without_values(
        self, parse: Parse, tmp_path: Path
    ) -> None:
        folder = tmp_path / "inventory"
        files = {
            "group_vars/web.yml": "app_secrets: {api: {TOKEN: hunter2}}\n",
            "group_vars/jobs/one.yaml": "app_secrets: {api: {A: '{{ number }}'}}\nnumber: [1]\n",
            "group_vars/jobs/deep/two": "app_secrets: {api: [hunter2]}\n",
            "group_vars/plain.json": '{"app_secrets": "hunter2"}',
            "group_vars/other.yml": "port: 1\n",
            "group_vars/all/more.yml": "app_secrets: {api: {B: x}}\n",
            "group_vars/broken.yml": "app_secrets: {\n",
            "group_vars/encrypted.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
            "group_vars/.hidden.yml": "app_secrets: {api: {C: x}}\n",
            "group_vars/old.yml~": "app_secrets: {api: {D: x}}\n",
            "host_vars/shop-app-1.yml": "app_secrets: {apo: {E: !vault hunter2}}\n",
            "host_vars/all.yml": "app_secrets: {api: {F: x}}\n",
        }
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        found = parse().groups["all"].vars["stack_inventory"]["secrets_of_files"]
        assert {one["name"]: (one["group"], one["app_secrets"]) for one in found} == {
            "group_vars/web.yml": ("web", {"api": {"TOKEN": None}}),
            "group_vars/jobs/one.yaml": (
                "jobs",
                {"api": {"A": "its value is a list or mapping (write text, for example as JSON in quotes)"}},
            ),
            "group_vars/jobs/deep/two": ("jobs", {"api": False}),
            "group_vars/plain.json": ("plain", False),
            "host_vars/shop-app-1.yml": (None, {"apo": {"E": None}}),
            "host_vars/all.yml": (None, {"api": {"F": None}}),
        }
        assert "hunter2" not in str(found)

    @pytest.mark.parametrize("text", ["app_secrets: {api: {A: 012345, B: '012345', C: 1.5}}", "x: 1"])
    def test_numbers_in_secrets_that_lose_digits_are_described(
        self, text: str, parse: Parse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In group_vars/all, in the file of a group, and on the command line."""
        group = tmp_path / "inventory" / "group_vars" / "web.yml"
        group.parent.mkdir(parents=True)
        group.write_text(text, encoding="utf-8")
        given = {"group_vars": text}
        if text == "x: 1":
            argument = '{"app_secrets": {"api": {"A": 1.10, "B": "1.10", "C": 1.5}}}'
            monkeypatch.setattr(context, "CLIARGS", {"extra_vars": (argument, "d=1")})
            given = {"extra": json.loads(argument)}
        found = parse(**given).groups["all"].vars["stack_inventory"]
        (*of_files, of_all) = [*(one["app_secrets"] for one in found["secrets_of_files"]), found["app_secrets"]]
        assert len(of_files) == (text != "x: 1")
        assert found["extra_variables"] == ([] if of_files else ["app_secrets"])
        for described in (*of_files, of_all):
            assert described["api"] | {"A": None} == {"A": None, "B": None, "C": None}
            assert described["api"]["A"].startswith("is read as a number, and the service would get other text")

    def test_a_layer_that_is_no_mapping(self, parse: Parse) -> None:
        with pytest.raises(
            AnsibleParserError, match='stack_overrides of the extra variables: "port=1" is not a mapping'
        ):
            parse(extra={"stack_overrides": "port=1"})

    def test_errors_of_the_inventory_name_its_directory(self, parse: Parse, tmp_path: Path) -> None:
        with pytest.raises(AnsibleParserError) as raised:
            parse(group_vars="stack_overrides: {region: 1}\n")
        assert f"[from stack_overrides of {tmp_path}/inventory]" in str(raised.value)


class TestLayers:
    def services(self, inventory: InventoryData) -> Any:
        return inventory.groups["all"].vars["stack_document"]["services"]

    def test_group_vars_next_to_the_source_are_a_layer(self, parse: Parse) -> None:
        text = 'number: 5005\nstack_overrides: {services: {api: {on: app, port: "{{ number }}"}}}\n'
        assert self.services(parse(group_vars=text))["api"]["port"] == 5005

    def test_extra_variables_come_on_top(self, parse: Parse) -> None:
        text = "stack_overrides: {services: {api: {port: 5005, workers: 3}}}\n"
        api = self.services(parse(group_vars=text, extra={"stack_overrides": {"services": {"api": {"port": 5006}}}}))
        assert (api["api"]["port"], api["api"]["workers"]) == (5006, 3)

    def test_templates_see_extra_variables_and_where_the_inventory_is(self, parse: Parse, tmp_path: Path) -> None:
        text = (
            "number: 5005\n"
            "stack_overrides: {services: {api: {port: '{{ number }}', build: 'ls {{ inventory_dir }}'}}}\n"
        )
        api = self.services(parse(group_vars=text, extra={"number": 5007}))["api"]
        assert (api["port"], api["build"]) == (5007, f"ls {tmp_path / 'inventory'}")

    def test_templates_may_use_lookups(self, parse: Parse, tmp_path: Path) -> None:
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f someone"
        (tmp_path / "key.pub").write_text(f"{key}\n", encoding="utf-8")
        text = f"stack_overrides: {{access: {{public_key: \"{{{{ lookup('file', '{tmp_path}/key.pub') }}}}\"}}}}\n"
        document = parse(group_vars=text).groups["all"].vars["stack_document"]
        assert document["access"]["public_key"] == key

    @pytest.mark.parametrize(
        ("hint", "problem"),
        [
            (
                "aws_from is not set: name networks (here, or with -e)",
                "aws_from is not set (name networks (here, or with -e))",
            ),
            (
                "aws_key is not set, and no /x.pub is there: set it to yours",
                "aws_key is not set, and no /x.pub is there (set it to yours; ssh-keygen -t ed25519 makes a key pair)",
            ),
        ],
    )
    def test_the_fix_of_a_template_is_that_of_its_hint(self, hint: str, problem: str, parse: Parse) -> None:
        variables = {"stack_overrides": {"access": {"public_key": f"{{{{ undef(hint={hint!r}) }}}}"}}}
        with pytest.raises(AnsibleParserError) as raised:
            parse(group_vars=json.dumps(variables))
        assert f"access.public_key: its template cannot be rendered: {problem} [from" in str(raised.value)

    def test_a_template_that_cannot_be_rendered(self, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError) as raised:
            parse(group_vars="stack_overrides:\n  name: '{{ nothing }}'\n  region: 1\n")
        lines = str(raised.value).splitlines()[1:]
        assert re.fullmatch(r"- .*/group_vars/all.yml:2: name: its template cannot be rendered: .*nothing.*", lines[0])
        assert re.fullmatch(r'- .*/group_vars/all.yml:3: region: "1" is not a region like .*', lines[1])


class TestNames:
    def test_two_hosts_with_the_same_name_are_rejected_by_their_ids(self, parse: Parse, cloud: Cloud) -> None:
        cloud.instances = {
            "us-east-1": [instance(1)],
            "eu-west-1": [instance(1, "eu-west-1", id="i-9", state="stopped")],
        }
        with pytest.raises(AnsibleParserError) as raised:
            parse({"regions": ["us-east-1", "eu-west-1"]})
        assert str(raised.value).startswith(
            'i-1 (us-east-1, running) and i-9 (eu-west-1, stopped) are both called "single-instance-app-1"'
        )

    @pytest.mark.parametrize(
        ("hostname", "name"),
        [
            ("name", "single-instance-app-1"),
            ("instance_id", "i-1"),
            ("private_ip", "10.0.1.1"),
            ("public_ip", "203.0.113.1"),
            ("private_dns", "ip-10-0-1-1.ec2.internal"),
            ("public_dns", "i-1"),
            ("tag:groundwork:resource", "instance/app-1"),
            ("tag:nothing", "i-1"),
        ],
    )
    def test_names_of_hosts(self, hostname: str, name: str, parse: Parse, cloud: Cloud) -> None:
        cloud.instances["us-east-1"] = [instance(1)]
        assert hosts(parse({"hostname": hostname})) == [name]

    def test_an_unknown_hostname_option_is_rejected(self, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError, match='hostname: "nick" is not one of name, instance_id'):
            parse({"hostname": "nick"})

    @pytest.mark.parametrize(
        ("option", "public", "host"),
        [
            (None, "203.0.113.1", "203.0.113.1"),
            (None, None, "10.0.1.1"),
            ("public", "203.0.113.1", "203.0.113.1"),
            ("public", None, "10.0.1.1"),
            ("private", "203.0.113.1", "10.0.1.1"),
            ("ssm", "203.0.113.1", "i-1"),
        ],
    )
    def test_addresses(self, option: str | None, public: str | None, host: str, parse: Parse, cloud: Cloud) -> None:
        cloud.instances["us-east-1"] = [instance(1, public_ip=public)]
        assert parse({"address": option}).hosts["single-instance-app-1"].vars["ansible_host"] == host

    def test_an_instance_without_any_address(self, parse: Parse, cloud: Cloud) -> None:
        cloud.instances["us-east-1"] = [instance(1, public_ip=None, private_ip=None, state="pending")]
        assert "ansible_host" not in parse().hosts["single-instance-app-1"].vars

    @pytest.mark.parametrize("name", ["app-²", "٣", "", "1a", "a1b2"])
    def test_odd_names_can_be_sorted(self, name: str) -> None:
        assert naming.name_hosts([instance(1), instance(2, tags={"Name": name})], "name")


class TestConstructed:
    def test_groups_and_variables_see_the_document(self, parse: Parse) -> None:
        inventory = parse(
            {
                "keyed_groups": [{"key": "ec2_instance_type", "prefix": "type"}],
                "groups": {"proxied": "groundwork_proxy is defined"},
                "compose": {"ansible_port": "22 + groundwork_services | length"},
            }
        )
        groups = inventory.get_groups_dict()
        assert len(groups["type_t3_micro"]) == len(groups["proxied"]) == 2
        assert inventory.hosts["single-instance-app-1"].vars["ansible_port"] == 24

    def test_strict(self, parse: Parse) -> None:
        with pytest.raises(Exception, match="nothing"):
            parse({"strict": True, "compose": {"x": "nothing"}})

    def test_no_template_is_rendered_unless_asked_for(self, parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_arguments: Any, **_options: Any) -> None:
            raise AssertionError("a template was rendered")

        for name in ("_compose", "_set_composite_vars", "_add_host_to_composed_groups", "_add_host_to_keyed_groups"):
            monkeypatch.setattr(f"ansible.plugins.inventory.Constructable.{name}", fail)
        parse()


ROLE = "arn:aws:iam::123456789012:role/deploy"
SESSIONS = {"stack_overrides": {"access": {"connect": "ssm"}}}


class TestConnection:
    """The connection to AWS is configured once, and playbooks get it."""

    def test_options_reach_aws_and_playbooks(self, parse: Parse, cloud: Cloud) -> None:
        options = {"aws_profile": "shop", "iam_role_arn": ROLE, "aws_config": {"connect_timeout": 3}}
        published = parse(options).groups["all"].vars["groundwork_connection"]
        assert published == {"profile": "shop", "assume_role_arn": ROLE, "aws_config": {"connect_timeout": 3}}
        connection = cloud.asked[0][0]
        assert (connection.profile, connection.assume_role_arn) == ("shop", ROLE)

    def test_without_options_no_connection_is_published(self, parse: Parse) -> None:
        assert "groundwork_connection" not in parse().groups["all"].vars

    def test_no_key_is_published(self, parse: Parse, cloud: Cloud) -> None:
        inventory = parse({"access_key": "AKIA", "secret_key": "hunter2", "validate_certs": False})
        assert inventory.groups["all"].vars["groundwork_connection"] == {"validate_certs": False}
        assert cloud.asked[0][0].secret_key == "hunter2"
        assert "hunter2" not in str([group.vars for group in inventory.groups.values()])

    @pytest.mark.parametrize("where", ["group_vars", "extra"])
    def test_a_variable_is_used_by_inventory_and_playbooks(self, where: str, parse: Parse, cloud: Cloud) -> None:
        variable = {"groundwork_connection": {"aws_profile": "shop", "validate_certs": "no"}}
        given = {"group_vars": yaml.safe_dump(variable)} if where == "group_vars" else {"extra": variable}
        inventory = parse(**given)
        assert (cloud.asked[0][0].profile, cloud.asked[0][0].validate_certs) == ("shop", False)
        assert "groundwork_connection" not in inventory.groups["all"].vars

    def test_a_template_in_it_is_rendered(self, parse: Parse, cloud: Cloud) -> None:
        parse(group_vars="shop: a\ngroundwork_connection: {profile: '{{ shop }}-b'}\n")
        assert cloud.asked[0][0].profile == "a-b"

    @pytest.mark.parametrize(
        ("variable", "problem"),
        [
            ("shop", "groundwork_connection: is text, and a mapping is expected"),
            ('{"profile": "shop"}', "groundwork_connection: is text, and a mapping is expected"),
            (["profile"], "groundwork_connection: is a list"),
            (7, "groundwork_connection: is a number"),
            (False, "groundwork_connection: is a boolean"),
            ({"profile": ["shop"]}, "groundwork_connection.profile: is a mapping or list"),
            ({"profile": 5}, r"groundwork_connection.profile: is a number, and text is expected \(put it in quotes\)"),
            ({"aws_profile": True}, "groundwork_connection.profile: is a boolean, and text is expected"),
            ({"session_token": 1.5}, "groundwork_connection.session_token: is a number"),
            ({"assume_role_arn": "deploy"}, 'assume_role_arn: "deploy" is not the ARN of a role'),
            ({"proffile": "shop"}, "unknown proffile"),
            ({"region": "us-east-1"}, "unknown region"),
            ({"profile": "a", "aws_profile": "b"}, r"groundwork_connection.aws_profile: is the same option as profile"),
            ({"aws_config": "x"}, "aws_config: is not a mapping"),
            ({"validate_certs": "perhaps"}, "validate_certs"),
            ({"profile": "shop", "access_key": "AKIA"}, "profile and access_key exclude each other"),
        ],
    )
    def test_a_variable_that_cannot_be_used(self, variable: Any, problem: str, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError, match=problem):
            parse(extra={"groundwork_connection": variable})

    def test_all_problems_of_a_variable_are_reported_at_once(self, parse: Parse) -> None:
        variable = {
            "proffile": "shop",
            "validate_certs": "perhaps",
            "aws_config": 1,
            "profile": ["shop"],
            "account": "12",
            "assume_role_arn": "deploy",
        }
        with pytest.raises(AnsibleParserError) as raised:
            parse(extra={"groundwork_connection": variable})
        assert [line.partition(": ")[0] for line in str(raised.value).splitlines()] == [
            "groundwork_connection",
            "groundwork_connection.validate_certs",
            "groundwork_connection.aws_config",
            "groundwork_connection.profile",
            "account",
            "assume_role_arn",
        ]

    @pytest.mark.parametrize("empty", ["", "  ", {}])
    def test_an_empty_answer_is_no_connection(self, empty: Any, parse: Parse, cloud: Cloud) -> None:
        parse(extra={"groundwork_connection": empty})
        assert cloud.asked[0][0].profile is None
        with pytest.raises(AnsibleParserError, match="are both given"):
            parse({"profile": "shop"}, extra={"groundwork_connection": empty})

    def test_validation_gets_the_problem_of_the_connection(self, parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ansible.context.CLIARGS", {"args": ("groundwork.aws.validate",)})
        found = parse(extra={"groundwork_connection": "shop"}).groups["all"].vars["stack_inventory"]
        assert found["connection_problem"].startswith("groundwork_connection: is text")
        assert found["has_connection_variable"]
        found = parse({"assume_role_arn": "deploy"}).groups["all"].vars["stack_inventory"]
        assert found["connection_problem"].startswith("assume_role_arn: ")
        assert not found["has_connection_variable"]
        assert parse().groups["all"].vars["stack_inventory"]["connection_problem"] is None

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"proflie": "shop"}, 'proflie: unknown option of the inventory source; did you mean "profile"?'),
            ({"adress": "public"}, 'adress: unknown option of the inventory source; did you mean "address"?'),
            ({"profile": "a", "aws_profile": "b"}, r"profile: is the same option as \w*profile, which is set as well"),
            ({"endpoint_url": "foo"}, 'endpoint_url: "foo" is not an address'),
            ({"aws_endpoint_url": "ftp://foo"}, 'endpoint_url: "ftp://foo" is not an address'),
        ],
    )
    def test_options_that_are_none(self, options: dict[str, Any], text: str, parse: Parse, cloud: Cloud) -> None:
        with pytest.raises(AnsibleParserError, match=text.replace("?", r"\?")):
            parse(options)
        assert cloud.asked == []

    def test_options_of_every_kind_are_known(self, parse: Parse) -> None:
        options = {
            "cache_timeout": 5,
            "strict": True,
            "compose": {"a": "1"},
            "keyed_groups": [],
            "use_extra_vars": False,
            "aws_profile": "",
            "statuses": ["running"],
        }
        assert hosts(parse(options))

    def test_all_problems_of_options_are_published_for_validation(
        self, parse: Parse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arguments = {**context.CLIARGS, "args": ["groundwork.aws.validate"]}
        monkeypatch.setattr(context, "CLIARGS", arguments)
        found = parse({"proflie": "shop", "endpoint_url": "foo"}).groups["all"].vars["stack_inventory"]
        assert [name for name, _text in found["option_problems"]] == ["proflie"]
        assert found["connection_problem"].startswith("endpoint_url: ")

    def test_options_and_variable_exclude_each_other(self, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError, match=r"options of the inventory source \(profile\) are both given"):
            parse({"profile": "shop"}, extra={"groundwork_connection": {"profile": "other"}})

    def test_the_account_of_the_document_is_expected(self, parse: Parse, cloud: Cloud) -> None:
        inventory = parse(extra={"stack_overrides": {"account": "123456789012"}})
        assert cloud.asked[0][0].account == "123456789012"
        assert inventory.groups["all"].vars["stack_account"] == "123456789012"

    def test_accounts_that_differ(self, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError, match="names 210987654321, and the document 123456789012"):
            parse({"account": "210987654321"}, extra={"stack_overrides": {"account": "123456789012"}})


class TestSessions:
    @pytest.mark.parametrize("given", [{"options": {"address": "ssm"}}, {"extra": SESSIONS}])
    def test_every_host_has_its_session(self, given: dict[str, Any], parse: Parse) -> None:
        inventory = parse(**given)
        for number, name in enumerate(hosts(inventory), 1):
            variables = inventory.hosts[name].vars
            assert variables["ansible_host"] == f"i-{number}"
            arguments = shlex.split(variables["groundwork_ssh_arguments"])
            assert arguments[1::2] == [
                f"HostKeyAlias=i-{number}",
                "CheckHostIP=no",
                f"ProxyCommand=aws ssm start-session --target i-{number} --document-name AWS-StartSSHSession "
                "--region us-east-1 --parameters portNumber=%p",
            ]

    def test_an_option_goes_before_the_document(self, parse: Parse) -> None:
        variables = parse({"address": "private"}, extra=SESSIONS).hosts["single-instance-app-1"].vars
        assert variables["ansible_host"] == "10.0.1.1"
        assert "ProxyCommand" not in variables["groundwork_ssh_arguments"]

    def test_the_command_has_the_options_of_the_connection(self, parse: Parse) -> None:
        options = {"profile": "100%", "endpoint_url": "http://x", "aws_ca_bundle": "/ca.pem", "validate_certs": False}
        variables = parse({"address": "ssm", **options}).hosts["single-instance-app-1"].vars
        command = shlex.split(variables["groundwork_ssh_arguments"])[-1]
        assert "--profile 100%% --endpoint-url http://x --ca-bundle /ca.pem --no-verify-ssl --parameters" in command

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            ({"access_key": "AKIA", "secret_key": "hunter2"}, "access_key or secret_key"),
            ({"assume_role_arn": ROLE}, "assume_role_arn"),
            ({"aws_config": {"connect_timeout": 3}}, "aws_config"),
        ],
    )
    def test_options_that_the_aws_command_lacks_are_rejected(self, options: Any, name: str, parse: Parse) -> None:
        with pytest.raises(AnsibleParserError, match=f"has no option for {name}: name a profile") as raised:
            parse({"address": "ssm", **options})
        assert "hunter2" not in str(raised.value)


class TestCache:
    @pytest.fixture
    def cached(self, tmp_path: Path) -> dict[str, Any]:
        return {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}

    def test_a_listing_is_kept(self, parse: Parse, cloud: Cloud, cached: dict[str, Any]) -> None:
        first = parse(cached)
        cloud.instances.clear()
        assert hosts(parse(cached)) == hosts(first)
        assert [regions for _connection, regions, _filters in cloud.asked] == [["us-east-1"], []]

    def test_a_refresh_lists_again(self, parse: Parse, cloud: Cloud, cached: dict[str, Any]) -> None:
        parse(cached)
        cloud.instances.clear()
        assert hosts(parse(cached, cache=False)) == []
        assert hosts(parse(cached)) == []

    def test_the_document_is_never_cached(self, parse: Parse, cached: dict[str, Any]) -> None:
        parse(cached)
        inventory = parse(cached, extra={"stack_overrides": {"services": {"api": {"port": 5009}}}})
        assert inventory.groups["group_app"].vars["groundwork_services"][0]["port"] == 5009

    @pytest.mark.parametrize(
        "other",
        [
            {"regions": ["eu-west-1"]},
            {"endpoint_url": "http://127.0.0.1:1"},
            {"profile": "other"},
            {"access_key": "OTHER", "secret_key": "x"},
            {"filters": {"tag:team": "a"}},
            {"statuses": ["running"]},
        ],
    )
    def test_other_options_are_listed_again(
        self, other: Any, parse: Parse, cloud: Cloud, cached: dict[str, Any]
    ) -> None:
        parse(cached)
        parse({**cached, **other})
        assert all(regions for _connection, regions, _filters in cloud.asked)
        parse({**cached, **other})
        assert cloud.asked[-1][1] == []

    def test_only_regions_that_are_not_cached_are_listed(
        self, parse: Parse, cloud: Cloud, cached: dict[str, Any]
    ) -> None:
        parse(cached)
        parse({**cached, "regions": ["us-east-1", "eu-west-1"]})
        assert cloud.asked[-1][1] == ["eu-west-1"]

    def test_no_secret_is_cached(self, parse: Parse, cached: dict[str, Any], tmp_path: Path) -> None:
        parse({**cached, "access_key": "AKIAEXAMPLE", "secret_key": "very-secret", "session_token": "also-secret"})
        files = list((tmp_path / "cache").iterdir())
        assert files
        assert not any("secret" in file.name + file.read_text(encoding="utf-8") for file in files)


class TestListing:
    def test_regions_are_listed_in_parallel(self, monkeypatch: pytest.MonkeyPatch) -> None:
        together = threading.Barrier(3, timeout=20)

        class Region:
            """The clients of a region, whose instances are listed only while those of the others are."""

            def __init__(self, connection: Connection, region: str) -> None:
                assert connection.region == region

            def __call__(self, _service: str) -> Region:
                return self

            def check_caller(self) -> None:
                """Credentials are valid."""

            def pages(self, _operation: str, _arguments: Any, read: Callable[[Any], Any]) -> list[Any]:
                together.wait()
                return [read({"Reservations": [{"Instances": [{"InstanceId": "i-1"}]}]})]

        monkeypatch.setattr(listing, "Clients", Region)
        found = listing.list_regions(Connection(), ["a", "b", "c"], [])
        assert {name: [one["id"] for one in instances] for name, instances in found.items()} == {
            "a": ["i-1"],
            "b": ["i-1"],
            "c": ["i-1"],
        }

    def test_no_region_is_no_call(self) -> None:
        assert listing.list_regions(Connection(), [], []) == {}

    def test_every_region_that_failed_is_reported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_connection: Connection, region: str) -> Any:
            raise StackError(f"no answer from {region}")

        monkeypatch.setattr(listing, "Clients", fail)
        with pytest.raises(listing.ListingError) as raised:
            listing.list_regions(Connection(), ["a", "b"], [])
        assert str(raised.value).splitlines() == [
            "the instances of a cannot be listed: no answer from a",
            "the instances of b cannot be listed: no answer from b",
        ]

    def test_only_the_attributes_of_hosts_are_kept(self) -> None:
        raw = {
            "InstanceId": "i-1",
            "State": {"Name": "running", "Code": 16},
            "Placement": {"AvailabilityZone": "us-east-1a", "Tenancy": "default"},
            "PrivateIpAddress": "10.0.1.1",
            "PublicDnsName": "",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda"}],
            "NetworkInterfaces": [{"Groups": []}],
            "Tags": [{"Key": "Name", "Value": "a"}],
        }
        kept = listing.trim_instance(raw, "us-east-1")
        assert kept == {
            "id": "i-1",
            "type": None,
            "state": "running",
            "image": None,
            "region": "us-east-1",
            "zone": "us-east-1a",
            "private_ip": "10.0.1.1",
            "public_ip": None,
            "private_dns": None,
            "public_dns": None,
            "tags": {"Name": "a"},
        }

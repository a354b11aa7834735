# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The effective document: defaults, references, paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from support.documents import CHECKOUT, HERE, TOPOLOGIES, base_of, document_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import Layer, read_sources
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.merge import merge
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import (
    TopologyError,
    format_path,
)


def test_defaults() -> None:
    document = document_of({})
    limits = {"strategy": "rolling", "batches": [1, "25%"], "minimum_healthy": "50%", "bake": 0, "deadline": 900}
    on_host: dict[str, Any] = {"before_host": [], "after_host": []}
    elsewhere: dict[str, Any] = {
        name: [] for name in ("before_rollout", "before_batch", "after_batch", "after_rollout")
    }
    rollout = {**limits, "gates": {}, "hooks": on_host}
    assert document["instances"]["app"] == {
        "type": "t3.micro",
        "image": "al2023",
        "subnets": "public",
        "count": 1,
        "min": None,
        "max": None,
        "address": "public",
        "volume": {"size": 8},
        "protect": False,
        "user_data": None,
    }
    assert document["services"]["api"] == {
        "runtime": "gunicorn",
        "process_manager": "systemd",
        "interface": "wsgi",
        "on": "app",
        "instances": None,
        "port": 5000,
        "socket": False,
        "entry": "wsgi:app",
        "workers": "auto",
        "threads": 1,
        "timeout": 30,
        "memory": None,
        "uses": [],
        "routes": [],
        "priority": None,
        "drain": 30,
        "health": {"path": "/health", "interval": 30, "timeout": 5, "healthy": 2, "unhealthy": 3},
        "static": {},
        "websocket": False,
        "allow_from": [],
        "calls": [],
        "environment": {},
        "secrets": {},
        "source": {"directory": None, "git": "https://git.example/shop.git", "ref": None, "archive": None},
        "build": None,
        "aws_access": False,
        "install_scripts": False,
        "migrate": None,
        "rollout": rollout,
    }
    rest = {key: document[key] for key in ("tags", "access", "proxy", "rollout", "resources")}
    assert rest == {
        "rollout": {**rollout, "hooks": {**elsewhere, **on_host}, "approval": False, "notify": None},
        "tags": {},
        "access": {"connect": "ssh", "ssh_from": [], "public_key": None},
        "proxy": None,
        "resources": {},
    }


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        ({"instances": {"app": {"subnets": "private"}}}, "instances.app.address", "private"),
        ({"instances": {"app": {"subnets": "public", "address": "private"}}}, "instances.app.address", "private"),
        (
            {"services": {"api": {"runtime": "pm2", "entry": "server.js"}}},
            "services.api.process_manager",
            "pm2",
        ),
        ({"services": {"api": {"process_manager": "pm2"}}}, "services.api.process_manager", "pm2"),
        ({"proxy": {"on": "app", "tls": {"certificate": "/c", "key": "/k"}}}, "proxy.tls.port", 443),
        ({"secrets": {"jwt": {}}}, "secrets.jwt.length", 48),
        ({"secrets": {"jwt": {"existing": "shop/jwt"}}}, "secrets.jwt.length", None),
        ({"proxy": {"on": "app"}}, "proxy.allow_from", ["0.0.0.0/0"]),
        ({"rollout": {"batches": [2, 2]}}, "services.api.rollout.batches", [2, 2]),
        ({"rollout": {"batches": "1, 50%"}}, "services.api.rollout.batches", [1, "50%"]),
        ({"rollout": {"bake": 30}, "services": {"api": {"rollout": None}}}, "services.api.rollout.bake", 30),
        ({"rollout": {"bake": 30}, "services": {"api": {"rollout": {"bake": 0}}}}, "services.api.rollout.bake", 0),
    ],
)
def test_defaults_that_are_derived_from_other_values(change: Any, path: str, value: Any) -> None:
    found: Any = document_of({"change": change})
    for step in path.split("."):
        found = found[step]
    assert found == value


@pytest.mark.parametrize("source", [*TOPOLOGIES, base_of({})], ids=str)
def test_an_effective_document_is_a_document(source: Any) -> None:
    document = load(source)
    assert load(document) == document


def test_loading_changes_nothing_that_it_is_given() -> None:
    base, change = base_of({}), {"services": {"api": {"port": 5001}}}
    before = repr((base, change))
    load(base, [change])
    assert repr((base, change)) == before


def test_defaults_are_not_shared_between_documents() -> None:
    document_of({})["access"]["ssh_from"].append("0.0.0.0/0")
    assert document_of({})["access"]["ssh_from"] == []


def test_a_service_does_not_share_the_sizes_of_batches_with_the_document() -> None:
    document = document_of({})
    document["rollout"]["batches"].append(2)
    assert document["services"]["api"]["rollout"]["batches"] == [1, "25%"]


def test_the_proxy_may_run_on_the_instances_of_a_service() -> None:
    own = {"on": None, "instances": {"subnets": "public"}, "routes": ["/*"]}
    document = document_of({"change": {"instances": None, "proxy": {"on": "api"}, "services": {"api": own}}})
    assert document["proxy"]["on"] == "api"


class TestPaths:
    """Relative paths count from the file that sets them, never from another directory."""

    @pytest.fixture
    def tree(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A document and an override in folders of their own; `app` is in the current directory and above as well."""
        for name in ("here/app", "checkout/topologies", "checkout/app", "inventory/group_vars"):
            (tmp_path / name).mkdir(parents=True)
        text = (HERE / "small.yml").read_text(encoding="utf-8")
        document = tmp_path / "checkout" / "topologies" / "shop.yml"
        document.write_text(text.replace('git: "https://git.example/shop.git"', "directory: app"), encoding="utf-8")
        monkeypatch.chdir(tmp_path / "here")
        return tmp_path

    def load(self, tree: Path, change: Any = None, **said: Any) -> dict[str, Any]:
        layers = [Layer(change, "override", **said)] if change else []
        return load(tree / "checkout" / "topologies" / "shop.yml", layers)

    def directory(self, tree: Path, change: Any = None, **said: Any) -> str:
        document = self.load(tree, change and {"services": {"api": {"source": change}}}, **said)
        return str(document["services"]["api"]["source"]["directory"])

    def test_paths_of_a_document_count_from_its_directory_whatever_else_exists(self, tree: Path) -> None:
        assert self.directory(tree) == str(tree / "checkout" / "topologies" / "app")

    @pytest.mark.parametrize(("text", "found"), [(".", "."), ("..", ".."), ("./app/../web", "web")])
    def test_paths_with_dots_count_from_the_same_directory(self, tree: Path, text: str, found: str) -> None:
        path = tree / "checkout" / "topologies" / "shop.yml"
        path.write_text(path.read_text(encoding="utf-8").replace("directory: app", f"directory: {text}"))
        assert self.directory(tree) == os.path.normpath(tree / "checkout" / "topologies" / found)

    def test_paths_of_an_override_count_from_the_file_that_sets_them(self, tree: Path) -> None:
        text = "stack_overrides: {services: {api: {source: {directory: web}}}}"
        file = tree / "inventory" / "group_vars" / "all.yml"
        file.write_text(text, encoding="utf-8")
        change = {"directory": "web"}
        found = self.directory(tree, change, sources=read_sources([str(file)], "stack_overrides"), directory=tree)
        assert found == str(file.parent / "web")

    def test_paths_of_an_override_without_a_file_count_from_the_directory_of_its_layer(self, tree: Path) -> None:
        assert self.directory(tree, {"directory": "web"}, directory=tree / "inventory") == str(
            tree / "inventory" / "web"
        )

    def test_a_relative_path_of_the_command_line_is_rejected(self, tree: Path) -> None:
        with pytest.raises(TopologyError) as raised:
            self.directory(tree, {"directory": "app"})
        assert raised.value.problems[0].key == "services.api.source.directory"
        assert "(write an absolute path)" in raised.value.problems[0].text

    def test_absolute_paths_stay(self, tree: Path) -> None:
        assert self.directory(tree, {"directory": "/srv/app"}) == "/srv/app"

    def test_home_is_known(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/someone")
        assert self.directory(tree, {"directory": "~/app/../web"}) == "/home/someone/web"

    def test_archives_and_certificates_are_paths_too(self, tree: Path) -> None:
        change = {
            "services": {"api": {"source": {"directory": None, "archive": "app.tar.gz"}}},
            "proxy": {"on": "app", "tls": {"certificate": "tls/chain.pem", "key": "tls/key.pem"}},
        }
        document = self.load(tree, change, directory=tree)
        assert document["services"]["api"]["source"]["archive"] == str(tree / "app.tar.gz")
        assert document["proxy"]["tls"]["certificate"] == str(tree / "tls" / "chain.pem")

    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ("../shop.git", "{tree}/shop.git"),
            ("shop", "{tree}/inventory/shop"),
            ("git@git.example:shop.git", None),
            ("https://git.example/shop.git", None),
            ("file:///srv/shop.git", None),
        ],
    )
    def test_a_git_address_that_is_a_path_is_one(self, tree: Path, address: str, found: str | None) -> None:
        change = {"services": {"api": {"source": {"directory": None, "git": address}}}}
        document = self.load(tree, change, directory=tree / "inventory")
        assert document["services"]["api"]["source"]["git"] == (found or address).format(tree=tree)

    def test_the_path_of_a_document_counts_from_where_it_is_named(self, tree: Path) -> None:
        assert load("topologies/shop.yml", near=tree / "checkout")["name"] == "shop"
        assert load("../checkout/topologies/shop.yml")["name"] == "shop"
        with pytest.raises(TopologyError, match="there is no such file"):
            load("../checkout/topologies/shop.yml", near=tree)

    def test_paths_of_a_document_inside_an_inventory_count_from_the_inventory(self, tree: Path) -> None:
        change = {"services": {"api": {"source": {"git": None, "directory": "web"}}}}
        document = load(merge(base_of({}), change), near=tree / "inventory")
        assert document["services"]["api"]["source"]["directory"] == str(tree / "inventory" / "web")


def test_the_example_applications_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = load("single_instance")
    found = {name: service["source"]["directory"] for name, service in document["services"].items()}
    assert found == {"api": str(CHECKOUT / "examples/flask_api"), "web": str(CHECKOUT / "examples/express_web")}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), "document"),
        (("services", "api", "routes", 0), "services.api.routes[0]"),
        (("line 3",), "line 3"),
        (("tags", "two words"), 'tags."two words"'),
        (("tags", "line\nbreak"), 'tags."line\\nbreak"'),
    ],
)
def test_paths_are_formatted_with_dots_and_brackets(path: Any, name: str) -> None:
    assert format_path(path) == name

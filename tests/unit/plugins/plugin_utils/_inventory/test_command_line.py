# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory reads the command line: the architecture, and whether localhost is a host of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.locate import (
    TOPOLOGIES,
    describe_source,
)
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.command_line import (
    CHECKED,
    PLAYBOOKS,
    list_architectures,
    names_localhost,
    reports_problems,
    select_architecture,
)


def test_every_topology_of_the_collection_has_a_playbook() -> None:
    assert list_architectures() == sorted(path.stem for path in TOPOLOGIES.glob("*.yml"))


@pytest.mark.parametrize(
    ("playbooks", "found"),
    [
        (("groundwork.aws.ecommerce",), "ecommerce"),
        (("groundwork.aws.ecommerce.yml",), "ecommerce"),
        ((str(PLAYBOOKS / "three_tier.yml"),), "three_tier"),
        (("first.yml", "groundwork.aws.three_tier"), "three_tier"),
        (("groundwork.aws.site",), None),
        (("other.aws.ecommerce",), None),
        (("ecommerce.yml",), None),
        ((), None),
        (None, None),
        ("groundwork.aws.ecommerce", None),  # the pattern of `ansible` and of `ansible-inventory`
    ],
)
def test_the_architecture_is_that_of_the_playbook(playbooks: Any, found: str | None) -> None:
    assert select_architecture({"args": playbooks}) == found
    assert select_architecture({}) is None


def test_a_playbook_is_known_by_any_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PLAYBOOKS)
    assert select_architecture({"args": ["ecommerce.yml"]}) == "ecommerce"
    (tmp_path / "link.yml").symlink_to(PLAYBOOKS / "ecommerce.yml")
    assert select_architecture({"args": [str(tmp_path / "link.yml")]}) == "ecommerce"


@pytest.mark.parametrize(
    ("playbooks", "limit", "reports"),
    [
        (("groundwork.aws.site",), None, True),
        (("groundwork.aws.ecommerce",), "", True),
        (("groundwork.aws.deploy", "groundwork.aws.status"), None, True),
        ((str(PLAYBOOKS / "provision.yml"),), None, True),
        ((str(PLAYBOOKS.parent / "site.yml"),), None, True),
        (("groundwork.aws.site",), "localhost", True),
        (("groundwork.aws.site",), "shop-app-1,localhost", True),
        (("groundwork.aws.site",), "shop-app-1", False),
        (("groundwork.aws.show_url",), None, False),  # it does not check the run
        (("groundwork.aws.site", "mine.yml"), None, False),
        (("mine.yml",), None, False),
        ((), None, False),
        ("groundwork.aws.site", None, False),
    ],
)
def test_playbooks_of_the_collection_report_the_problems_of_the_inventory(
    playbooks: Any, limit: str | None, reports: bool
) -> None:
    assert reports_problems({"args": playbooks, "subset": limit}) is reports


def test_playbooks_that_check_the_run_do_it_first() -> None:
    for name in CHECKED:
        first = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8"))[0]
        assert first.get("ansible.builtin.import_playbook") == "check_run.yml", name


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("shop-1,localhost", True),
        ("shop-1:localhost", True),
        ("all:!shop-1", False),
        ("all:!localhost", False),
        ("localhost.example.org", False),
        ("", False),
        (None, False),
    ],
)
def test_localhost_is_a_host_where_the_limit_names_it(limit: str | None, named: bool) -> None:
    assert names_localhost({"subset": limit}) is named


def test_a_limit_may_be_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "site.retry").write_text("shop-1\nlocalhost\n")
    assert names_localhost({"subset": f"@{tmp_path}/site.retry"})
    assert not names_localhost({"subset": f"@{tmp_path}/missing.retry"})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("three-tier", "three_tier"),
        ("three_tier", "three_tier"),
        (str(TOPOLOGIES / "three_tier.yml"), "three_tier"),
        ("shelf.yml", "shelf.yml"),
        ({"name": "shop"}, "a document in the inventory or the extra variables"),
    ],
)
def test_a_source_is_named_by_its_name_or_path(source: Any, said: str) -> None:
    assert describe_source(source) == said


def test_a_path_counts_from_the_directory_of_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "three_tier.yml").write_text("name: mine\n")
    assert describe_source("./three_tier.yml", tmp_path) == str(tmp_path / "three_tier.yml")

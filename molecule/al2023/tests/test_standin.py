# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The roles on the stand-in for Amazon Linux 2023, and the stand-in itself."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

TABLE = yaml.safe_load((Path(__file__).resolve().parents[3] / "lab/al2023/packages.yml").read_text())["packages"]
VARIABLES = yaml.safe_load((Path(__file__).resolve().parents[1] / "group_vars/groundwork.yml").read_text())
PREINSTALLED = sorted(name for name, row in TABLE.items() if row.get("preinstalled"))
# The packages of the roles and their dependencies.
INSTALLED = [
    "nftables",
    "nginx",
    "nginx-core",
    "nginx-filesystem",
    "nodejs24",
    "nodejs24-npm",
    "python3.13",
    "python3.13-pip",
]
COMMANDS = sorted({v for row in TABLE.values() for c in row["claims"] if c["about"] == "commands" for v in c["values"]})


def fetch(host: Any, path: str, *options: str) -> str:
    """Return the body of a page through nginx; fail unless its status is 2xx."""
    return host.check_output(f"curl --silent --show-error --fail {' '.join(options)} http://127.0.0.1{path}")


def test_ansible_reports_amazon_linux(host: Any) -> None:
    facts = host.ansible("setup", "gather_subset=min,pkg_mgr")["ansible_facts"]
    seen = {key: facts[f"ansible_{key}"] for key in ("distribution", "distribution_version", "os_family", "pkg_mgr")}
    assert seen == {
        "distribution": "Amazon",
        "distribution_version": "2023",
        "os_family": "RedHat",
        "pkg_mgr": "dnf",
    }


@pytest.mark.parametrize("command", ["apt-get", "apt", "dpkg", "adduser"])
def test_package_managers_of_debian_are_removed(host: Any, command: str) -> None:
    assert not host.exists(command)


def test_os_release_names_the_stand_in(host: Any) -> None:
    assert 'VARIANT_ID="stand-in"' in host.file("/etc/os-release").content_string


@pytest.mark.parametrize("name", PREINSTALLED + INSTALLED)
def test_rpm_lists_the_package(host: Any, name: str) -> None:
    assert ".standin." in host.check_output(f"rpm --query {name}")


def test_only_settings_differ_from_the_packages(host: Any) -> None:
    changed = host.run(f"rpm --verify --nomtime {' '.join(INSTALLED)}").stdout.splitlines()
    assert [line for line in changed if line.split()[-2:-1] != ["c"]] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_command_exists(host: Any, command: str) -> None:
    assert host.exists(command)


def test_alternatives_select_the_namespaced_commands(host: Any) -> None:
    assert host.check_output("readlink -f /usr/bin/node") == "/usr/bin/node-24"
    assert host.check_output("readlink /etc/alternatives/npm") == "/usr/bin/npm-24"
    assert host.check_output("node --version").startswith("v24.")


@pytest.mark.parametrize(
    "unit", ["nginx.service", "groundwork-api.service", "groundwork-web.service", "logrotate.timer"]
)
def test_unit_runs_now_and_at_boot(host: Any, unit: str) -> None:
    assert host.service(unit).is_enabled
    assert host.service(unit).is_running


def test_clock_synchronization_is_enabled_at_boot(host: Any) -> None:
    assert host.service("chronyd.service").is_enabled


def test_nginx_runs_as_the_user_of_its_package(host: Any) -> None:
    assert {process.user for process in host.process.filter(comm="nginx")} == {"root", "nginx"}


def test_the_api_answers_through_nginx(host: Any) -> None:
    assert json.loads(fetch(host, "/api/health"))["status"] == "ok"


def test_the_api_stores_an_item(host: Any) -> None:
    body = '--header content-type:application/json --data \'{"name": "bolt", "quantity": 3}\''
    token = f"--header 'authorization: Bearer {VARIABLES['app_secrets']['api']['API_TOKEN']}'"
    assert json.loads(fetch(host, "/api/items", body, token))["name"] == "bolt"
    assert "bolt" in {item["name"] for item in json.loads(fetch(host, "/api/items"))["items"]}


def test_the_front_end_answers_through_nginx(host: Any) -> None:
    assert json.loads(fetch(host, "/health"))["status"] == "ok"
    assert "<html" in fetch(host, "/")


def test_nginx_serves_static_files(host: Any) -> None:
    names = host.file("/srv/web/current/public").listdir()
    assert names
    fetch(host, f"/static/{sorted(name for name in names if '.' in name)[0]}")


def test_the_api_runs_on_the_newer_python(host: Any) -> None:
    assert host.check_output("readlink -f /srv/api/current/.venv/bin/python") == "/usr/bin/python3.13"


def test_npm_reads_the_settings_of_the_role(host: Any) -> None:
    assert host.check_output("npm config get save-exact") == "true"


def test_ports_of_the_applications_listen_on_loopback_only(host: Any) -> None:
    assert not host.socket("tcp://0.0.0.0:5000").is_listening
    assert not host.socket("tcp://0.0.0.0:3000").is_listening


def test_updates_are_found_and_not_installed(host: Any) -> None:
    before = host.check_output("rpm --query logrotate")
    inventory, playbook = os.environ["MOLECULE_INVENTORY_FILE"], Path(__file__).parents[1] / "updates.yml"
    subprocess.run(["ansible-playbook", "--inventory", inventory, str(playbook)], check=True)
    assert host.check_output("rpm --query logrotate") == before


def test_dnf_upgrades_and_removes(host: Any) -> None:
    """Needs the container as it was converged: a package is upgraded only once."""
    assert host.ansible("dnf", "name=logrotate state=latest", check=False, become=True)["changed"]
    assert "-2.standin." in host.check_output("rpm --query logrotate")
    assert host.ansible("dnf", "name=git state=present", check=False, become=True)["changed"]
    assert host.exists("git")
    assert host.ansible("dnf", "name=git,git-core state=absent", check=False, become=True)["changed"]
    assert not host.exists("git")


def test_curl_minimal_stays_unless_it_is_swapped(host: Any) -> None:
    refused = host.run("dnf --assumeyes --quiet install curl")
    assert refused.rc != 0
    assert "curl-minimal" in refused.stderr

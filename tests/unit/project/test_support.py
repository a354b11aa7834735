# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/support.md against everything else that states a supported version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.parent.parent.name for path in CHECKOUT.glob("roles/*/meta/main.yml"))
Row = dict[str, str]


def read(path: str) -> str:
    return (CHECKOUT / path).read_text(encoding="utf-8")


def read_table(heading: str) -> list[Row]:
    """The rows of the table below a heading of the page, by the names of its columns."""
    section = read("docs/support.md").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def read_jobs(workflow: str) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(read(f".github/workflows/{workflow}"))["jobs"]
    return jobs


CONTROLLERS = read_table("Controllers")
HOSTS = read_table("Managed hosts")
CORES = [row["ansible-core"] for row in CONTROLLERS]
PYTHONS = sorted({python for row in CONTROLLERS for python in row["Python"].split(", ")}, key=as_numbers)
OLDEST_BOTOCORE = CONTROLLERS[0]["boto3 and botocore"].partition(" ")[0]


def requirement(name: str) -> SpecifierSet:
    lines = [line for line in read("requirements.txt").splitlines() if line and not line.startswith("#")]
    return next(item.specifier for item in map(Requirement, lines) if item.name == name)


def successor(series: str) -> str:
    major, minor = as_numbers(series)
    return f"{major}.{minor + 1}"


def test_the_tables_are_found() -> None:
    assert CORES
    assert PYTHONS
    assert HOSTS


def test_the_oldest_core_is_the_one_that_ansible_and_galaxy_ask_for() -> None:
    assert yaml.safe_load(read("meta/runtime.yml"))["requires_ansible"] == f">={CORES[0]}.0"


@pytest.mark.parametrize("role", ROLES)
def test_roles_ask_for_the_oldest_core(role: str) -> None:
    assert yaml.safe_load(read(f"roles/{role}/meta/main.yml"))["galaxy_info"]["min_ansible_version"] == CORES[0]


def test_the_requirement_of_ansible_core_has_the_same_bounds() -> None:
    assert requirement("ansible-core") == SpecifierSet(f">={CORES[0]},<{successor(CORES[-1])}")


@pytest.mark.parametrize("name", ["boto3", "botocore"])
def test_the_requirement_of_the_client_is_the_oldest_botocore(name: str) -> None:
    assert {row["boto3 and botocore"] for row in CONTROLLERS} == {f"{OLDEST_BOTOCORE} and later"}
    assert requirement(name) == SpecifierSet(f">={OLDEST_BOTOCORE}")


def read_versions() -> dict[str, tuple[str, str]]:
    """Python and requirements of each series in scripts/versions."""
    found = re.findall(r"(?:\w+ \| )?([\d.]+)\) exercise ([\d.]+) ([\d.]+) (.*?) ;;", read("scripts/versions"))
    assert all(series == name for series, name, _, _ in found)
    return {series: (python, requirements) for series, _, python, requirements in found}


@pytest.mark.parametrize("row", CONTROLLERS, ids=CORES)
def test_versions_are_tested_with_what_the_page_says(row: Row) -> None:
    series = row["ansible-core"]
    python, requirements = read_versions()[series]
    client = f"boto3=={OLDEST_BOTOCORE}.0 botocore=={OLDEST_BOTOCORE}.0" if series == CORES[0] else "boto3 botocore"
    assert requirements == f"'ansible-core>={series},<{successor(series)}' {client}"
    said = f"boto3 and botocore {OLDEST_BOTOCORE}.0" if series == CORES[0] else "the newest boto3 and botocore"
    assert row["tested with"] == f"Python {python}, {said}"
    assert python in row["Python"].split(", ")


def test_every_version_of_the_page_is_in_the_script_and_no_other() -> None:
    assert list(read_versions()) == CORES


def test_the_workflow_tests_every_version() -> None:
    rows = read_jobs("ci.yml")["versions"]["strategy"]["matrix"]["include"]
    assert [(row["core"], row["python"]) for row in rows] == [(core, read_versions()[core][0]) for core in CORES]


def test_the_workflow_runs_unit_tests_with_every_python() -> None:
    assert read_jobs("ci.yml")["unit"]["strategy"]["matrix"]["python"] == PYTHONS


def test_tools_assume_the_oldest_python() -> None:
    settings = tomllib.loads(read("pyproject.toml"))["tool"]
    assert settings["mypy"]["python_version"] == PYTHONS[0]
    assert settings["ruff"]["target-version"] == "py" + PYTHONS[0].replace(".", "")
    assert f"Python {PYTHONS[0]} or later is needed" in read("scripts/setup")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_pages_for_people_name_the_same_pythons(page: str) -> None:
    assert set(re.findall(r"Python (3\.\d+ to 3\.\d+)", read(page))) == {f"{PYTHONS[0]} to {PYTHONS[-1]}"}


def read_hosts() -> list[tuple[str, str, str]]:
    """Distribution, version and the name of the release that Galaxy has for it."""
    found = []
    for row in HOSTS:
        version, _, codename = row["release"].partition(" ")
        found.append((row["distribution"], version, codename.strip("()") or "all"))
    return found


def test_the_readme_has_the_same_controllers_and_hosts() -> None:
    text = read("README.md")
    assert f"ansible-core {CORES[0]} to {CORES[-1]} on Python" in text
    assert f"boto3 and botocore {OLDEST_BOTOCORE} and later" in text
    assert f"| hosts | {', '.join(f'{name} {version}' for name, version, _ in read_hosts())} |" in text


@pytest.mark.parametrize("role", ROLES)
def test_roles_are_published_for_the_same_hosts(role: str) -> None:
    expected: dict[str, list[str]] = {}
    for name, _, codename in read_hosts():
        expected.setdefault(name.split(" ")[0], []).append(codename)
    platforms = yaml.safe_load(read(f"roles/{role}/meta/main.yml"))["galaxy_info"]["platforms"]
    assert {item["name"]: item["versions"] for item in platforms} == expected


@pytest.mark.parametrize(("name", "version"), [(name, version) for name, version, _ in read_hosts()])
def test_roles_accept_the_hosts_of_the_page(name: str, version: str) -> None:
    pattern = yaml.safe_load(read("roles/common/vars/main.yml"))["common_supported"]
    assert re.match(pattern, f"{name.split(' ')[0]} {version}")


@pytest.mark.parametrize("host", ["Amazon 2", "Debian 11", "Debian 13", "Ubuntu 20.04", "Ubuntu 23.10", "RedHat 9"])
def test_roles_refuse_hosts_that_are_not_on_the_page(host: str) -> None:
    pattern = yaml.safe_load(read("roles/common/vars/main.yml"))["common_supported"]
    assert not re.match(pattern, host)


def test_the_oldest_python_of_hosts_is_the_one_that_their_modules_are_checked_with() -> None:
    oldest = min((row["its Python"] for row in HOSTS), key=as_numbers)
    assert f"--target-version py{oldest.replace('.', '')}" in read("scripts/lint")

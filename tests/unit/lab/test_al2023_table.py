# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-in confirms what its table says, and the table says nothing without a source."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from lab.al2023.table import HERE, OF_IMAGE, OF_PACKAGE, Package, read_table

TABLE = read_table()
PACKAGES = sorted(TABLE.packages.values(), key=lambda package: package.name)
TRUSTED = {"docs.aws.amazon.com", "github.com", "src.fedoraproject.org"}


def spec_packages() -> set[str]:
    """The names of the packages that the specs make."""
    found = set()
    for path in (HERE / "specs").glob("*.spec"):
        text = path.read_text()
        (name,) = re.findall(r"^Name:\s+(\S+)", text, re.MULTILINE)
        major = re.search(r"^%global major (\S+)", text, re.MULTILINE)
        name = name.replace("%{major}", major[1] if major else "")
        found |= set(re.findall(r"^%files -n (\S+)", text, re.MULTILINE))
        found |= {f"{name}-{part}" for part in re.findall(r"^%files ([a-z]\S*)", text, re.MULTILINE)}
        if re.search(r"^%files( -f .*)?$", text, re.MULTILINE):
            found.add(name)
    return found


def of_package(package: Package) -> object:
    return pytest.param(package, id=package.name)


def test_every_package_is_in_the_table_and_made_by_a_spec() -> None:
    assert spec_packages() == set(TABLE.packages)


@pytest.mark.parametrize("package", map(of_package, PACKAGES))
def test_every_name_has_a_source(package: Package) -> None:
    assert "name" in {claim.about for claim in package.claims}


@pytest.mark.parametrize("package", map(of_package, PACKAGES))
def test_every_claim_is_checked(package: Package) -> None:
    for claim in package.claims:
        assert claim.about in OF_PACKAGE | OF_IMAGE
        assert bool(claim.values) == (claim.about not in {"name", "preinstalled", "absent"})


@pytest.mark.parametrize("package", map(of_package, PACKAGES))
def test_preinstalled_packages_match_the_ami(package: Package) -> None:
    said = {claim.about for claim in package.claims if claim.source == "ami"}
    assert ("preinstalled" in said) == package.preinstalled
    assert not (package.preinstalled and "absent" in said)


def test_every_source_is_known_and_used() -> None:
    used = {claim.source for package in PACKAGES for claim in package.claims}
    assert used == set(TABLE.sources)


@pytest.mark.parametrize("key", sorted(TABLE.sources))
def test_every_source_is_a_page_of_amazon_or_of_fedora(key: str) -> None:
    page = urlsplit(TABLE.sources[key].url)
    assert page.scheme == "https"
    assert page.hostname in TRUSTED
    assert TABLE.sources[key].says


def test_what_the_specs_unpack_is_downloaded() -> None:
    text = "".join(path.read_text() for path in (HERE / "specs").glob("*.spec"))
    unpacked = set(re.findall(r"%\{(?:unpacked|version_of) ([^}]+)\}", text))
    unpacked |= {line.split()[2] for line in text.splitlines() if line.startswith("lay ")}
    downloaded = {line.split()[1].partition("==")[0] for line in TABLE.list_desired()}
    assert unpacked == downloaded


def test_wheels_are_pinned() -> None:
    wheels = [line for line in TABLE.list_desired() if line.startswith("wheel ")]
    assert wheels
    assert all("==" in wheel for wheel in wheels)

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an image takes from the machine, and what names it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lab.image.machine import MachineConfiguration, debian_sources, npm_configuration, pip_configuration
from lab.image.recipe import recipe_digest

DEB822 = """Types: deb
# a comment
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://deb.example/debian
Suites: bookworm

Types: deb
URIs: https://other.example/node
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/other.gpg

Types: deb
Enabled: no
URIs: http://deb.example/debian
Suites: bookworm
"""
LINES = """# deb http://old.example/debian bookworm main
deb http://deb.example/debian bookworm main
deb [arch=amd64 signed-by=/k/debian-archive-keyring.gpg] http://deb.example/security bookworm-security main
deb [signed-by=/etc/apt/keyrings/docker.gpg] https://docker.example bookworm stable
deb http://deb.example/debian trixie main
"""


def sources(tmp_path: Path, **files: str) -> str:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        place = tmp_path / name.replace("__", "/").replace("_dot_", ".")
        place.write_text(text)
    return debian_sources(tmp_path)


def test_only_debians_own_sources(tmp_path: Path) -> None:
    found = sources(tmp_path, **{"sources.list.d__debian_dot_sources": DEB822})
    assert found.splitlines() == [
        "Types: deb",
        "URIs: http://deb.example/debian",
        "Suites: bookworm bookworm-updates",
        "Components: main contrib",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
    ]


def test_sources_in_the_older_form(tmp_path: Path) -> None:
    found = sources(tmp_path, sources_dot_list=LINES)
    assert found.count("Types: deb\n") == 2
    assert "URIs: http://deb.example/debian\nSuites: bookworm\n" in found
    assert "URIs: http://deb.example/security\nSuites: bookworm-security\n" in found
    assert "docker" not in found


def test_another_distribution_has_none(tmp_path: Path) -> None:
    assert sources(tmp_path, sources_dot_list="deb http://ubuntu.example noble main\n") == ""


def test_pip_keeps_what_a_guest_can_reach() -> None:
    settings = {"index-url": "https://index.example/simple", "extra-index-url": "file:///opt/a https://b.example"}
    lines = pip_configuration({**settings, "find-links": "/opt/wheels"}).splitlines()
    assert "index-url = https://index.example/simple" in lines
    assert "extra-index-url = https://b.example" in lines
    assert not any("opt" in line for line in lines)


def test_npm_keeps_the_registry_and_no_secrets() -> None:
    text = npm_configuration({"registry": "https://npm.example/", "//npm.example/:_authToken": "hush"})
    assert "registry=https://npm.example/" in text.splitlines()
    assert "hush" not in text


@pytest.mark.parametrize(
    "change", [{"apt_sources": "b"}, {"bundle": b"b"}, {"pip": "b"}, {"certificates": {"x": b"y"}}]
)
def test_the_digest_distinguishes_images(change: dict[str, object]) -> None:
    machine = MachineConfiguration(apt_sources="a")
    assert recipe_digest(machine) == recipe_digest(MachineConfiguration(apt_sources="a"))
    assert recipe_digest(machine) != recipe_digest(dataclasses.replace(machine, **change))  # type: ignore[arg-type]


def test_the_hosts_that_packages_come_from() -> None:
    machine = MachineConfiguration(
        apt_sources="Types: deb\nURIs: http://apt.example:3142/debian\n",
        apt_settings='Acquire::http::Proxy "http://proxy.example:8080";\n',
        pip="index-url = https://who:secret@pip.example/simple\n",
        npm="registry=https://npm.example/\n",
    )
    assert machine.hosts == {"apt.example", "proxy.example", "pip.example", "npm.example"}


SECRET = "s3c:r@t"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("pip", f"index-url = https://user:{SECRET}@a.example/simple\n", "index-url = https://a.example/simple\n"),
        ("pip", f"extra-index-url = https://b.example https://{SECRET}@a.example:8443/x@y\n", None),
        ("pip", f"proxy = user:{SECRET}@a.example:3128\n", "proxy = a.example:3128\n"),
        ("npm", f"registry=https://user:{SECRET}@a.example/\n", "registry=https://a.example/\n"),
        ("npm", f"https-proxy=http://user:{SECRET}@a.example\n", "https-proxy=http://a.example\n"),
        ("npm", f"proxy=user:{SECRET}@a.example:1\n", "proxy=a.example:1\n"),
        ("apt_sources", f"URIs: https://user:{SECRET}@a.example/debian\n", "URIs: https://a.example/debian\n"),
        ("apt_sources", f"URIs: mirror+https://{SECRET}@a.example/list\n", "URIs: mirror+https://a.example/list\n"),
        (
            "apt_settings",
            f'Acquire::http::Proxy "http://user:{SECRET}@a.example:3128";\n',
            'Acquire::http::Proxy "http://a.example:3128";\n',
        ),
        ("apt_settings", f'Acquire::http::Proxy "{SECRET}@a.example";\n', 'Acquire::http::Proxy "a.example";\n'),
    ],
)
def test_no_user_and_password_of_a_url_is_in_the_image(name: str, before: str, after: str | None) -> None:
    expected = after or "extra-index-url = https://b.example https://a.example:8443/x@y\n"
    machine = MachineConfiguration(**{"apt_sources": "", name: before})
    assert getattr(machine, name) == expected
    assert machine.without_passwords == {"a.example"}
    assert not any(SECRET.encode() in content for content in machine.files().values())
    assert "a.example" in machine.hosts or "://" not in expected
    assert recipe_digest(machine) == recipe_digest(MachineConfiguration(**{"apt_sources": "", name: expected}))


def test_settings_without_passwords_stay_as_they_are() -> None:
    settings = {
        "apt_sources": "Types: deb\nURIs: http://deb.example/debian\nSigned-By: /usr/share/keyrings/a@b.gpg\n",
        "apt_settings": 'Acquire::http::Proxy "DIRECT";\n',
        "pip": "[global]\nindex-url = https://pip.example/a@b/simple\n",
        "npm": "cafile=/etc/a@b\nregistry=https://npm.example/@scope/\nnoproxy=a,b\n",
    }
    machine = MachineConfiguration(**settings)  # type: ignore[arg-type]
    assert {name: getattr(machine, name) for name in settings} == settings
    assert machine.without_passwords == frozenset()


def test_pip_shares_no_wheels() -> None:
    """It would take one that another guest has put there."""
    assert "cache-dir" not in pip_configuration({})
    assert "cache=/var/cache/groundwork-lab/npm" in npm_configuration({})

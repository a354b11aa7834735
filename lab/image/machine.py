# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an image takes from the machine that it is built on: where packages come from, and whom to trust.

Nothing of it is stored anywhere but in the image. Passwords and tokens are left out: those of npm's registries, and the
user and password of every URL, with the name of the host or of a proxy.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..packages import MOUNT
from ..shell import run

SUITES = frozenset({"bookworm", "bookworm-updates", "bookworm-security"})
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
APT_SETTINGS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::http::Proxy", "Acquire::https::Proxy")
NPM_PLACES = ("usr/etc/npmrc", "usr/local/etc/npmrc", "etc/npmrc")
HOST = re.compile(r"https?://([^/:\s\";]+)")
# User and password of a URL, or of the address of a proxy without a scheme. The last "@" before the path ends them.
USER = re.compile(r"(?<=[\s\"'=,])(?![\"'])(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^/\s]*@(?P<host>[^/:\s\"';,]+)")
ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")


@dataclass(frozen=True)
class MachineConfiguration:
    """Everything that was read from the machine, as text."""

    apt_sources: str
    apt_settings: str = ""
    pip: str = ""
    npm: str = ""
    bundle: bytes = b""
    certificates: dict[str, bytes] = field(default_factory=dict)
    # Hosts for which a user or password was left out.
    without_passwords: frozenset[str] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        found: set[str] = set()
        for name in ("apt_sources", "apt_settings", "pip", "npm"):
            text = getattr(self, name)
            found |= {match["host"] for match in USER.finditer(text)}
            object.__setattr__(self, name, USER.sub(r"\g<scheme>\g<host>", text))
        object.__setattr__(self, "without_passwords", frozenset(found))

    def files(self) -> dict[str, bytes]:
        """The files of the image that say it, by their path from the root."""
        found = {
            "etc/apt/apt.conf.d/91machine": self.apt_settings.encode(),
            "etc/pip.conf": self.pip.encode(),
            **{place: self.npm.encode() for place in NPM_PLACES},
            "etc/ssl/certs/machine-bundle.crt": self.bundle,
            **{f"usr/local/share/ca-certificates/{name}": text for name, text in self.certificates.items()},
        }
        if self.apt_sources:
            found["etc/apt/sources.list.d/debian.sources"] = self.apt_sources.encode()
        return {path: content for path, content in found.items() if content}

    @property
    def hosts(self) -> set[str]:
        """The names of the hosts that packages come from, or through."""
        return set(HOST.findall(self.apt_sources + self.apt_settings + self.pip + self.npm))


def read_machine(root: Path = Path("/")) -> MachineConfiguration:
    """Read this machine's package sources, certificates and package manager settings."""
    bundle = root / BUNDLE.relative_to("/")
    local = root / LOCAL_CERTIFICATES.relative_to("/")
    return MachineConfiguration(
        apt_sources=debian_sources(root / "etc/apt"),
        apt_settings=_apt_settings(),
        pip=pip_configuration(_pip_settings()),
        npm=npm_configuration(_npm_settings(root)),
        bundle=bundle.read_bytes() if bundle.exists() else b"",
        certificates={path.name: path.read_bytes() for path in sorted(local.glob("*.crt"))},
    )


def debian_sources(directory: Path) -> str:
    """Debian 12's own package sources among those of the machine, in apt's deb822 form."""
    stanzas: list[str] = []
    lists = [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.exists():
            stanzas += _from_lines(path.read_text().splitlines())
    for path in sorted((directory / "sources.list.d").glob("*.sources")):
        stanzas += _from_stanzas(path.read_text())
    return "\n".join(stanzas)


def _from_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        match = ONE_LINE.match(line.strip())
        if not match or match["suite"] not in SUITES:
            continue
        signed = re.search(r"signed-by=(\S+)", match["options"] or "")
        if _is_debian(signed[1] if signed else ""):
            yield _stanza(match["uri"], match["suite"], match["components"], signed[1] if signed else "")


def _from_stanzas(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            if ":" in line and not line.startswith(("#", " ", "\t")):
                key, value = line.split(":", 1)
                fields[key.strip().lower()] = value.strip()
        suites = [suite for suite in fields.get("suites", "").split() if suite in SUITES]
        is_enabled = "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no"
        if is_enabled and suites and _is_debian(fields.get("signed-by", "")):
            signed = fields.get("signed-by", "")
            yield _stanza(fields.get("uris", ""), " ".join(suites), fields.get("components", "main"), signed)


def _is_debian(keyring: str) -> bool:
    return not keyring or "debian-archive" in keyring


def _stanza(uris: str, suites: str, components: str, keyring: str) -> str:
    lines = ["Types: deb", f"URIs: {uris}", f"Suites: {suites}", f"Components: {components.strip()}"]
    if keyring:
        lines.append(f"Signed-By: {keyring}")
    return "\n".join(lines) + "\n"


def _apt_settings() -> str:
    dump = run("apt-config", "dump", *APT_SETTINGS, check=False).stdout
    return "".join(f"{line}\n" for line in dump.splitlines() if not line.endswith(' "";'))


def _pip_settings() -> dict[str, str]:
    """`pip config list` as a mapping without the scopes: a setting of the environment wins."""
    settings: dict[str, str] = {}
    for line in run(sys.executable, "-m", "pip", "config", "list", check=False).stdout.splitlines():
        key, _, value = line.partition("=")
        words = shlex.split(value)
        if words:
            settings[key.rpartition(".")[2]] = words[0]
    return settings


def pip_configuration(settings: dict[str, str]) -> str:
    """The pip.conf of a guest; indexes that are files of the machine are not there, so they are left out."""
    lines = ["[global]", f"cert = {BUNDLE}", "disable-pip-version-check = true"]
    for key in ("index-url", "extra-index-url", "trusted-host", "proxy"):
        kept = [word for word in settings.get(key, "").split() if not word.startswith(("file:", "/"))]
        if kept:
            lines.append(f"{key} = {' '.join(kept)}")
    return "\n".join(lines) + "\n"


def _npm_settings(root: Path) -> dict[str, str]:
    settings: dict[str, str] = {}
    for path in [*(root / place for place in NPM_PLACES), Path.home() / ".npmrc"]:
        if path.exists():
            for line in path.read_text().splitlines():
                key, found, value = line.partition("=")
                if found and not line.lstrip().startswith(("#", ";")):
                    settings[key.strip()] = value.strip().strip('"')
    for name, value in os.environ.items():
        if name.lower().startswith("npm_config_"):
            settings[name.lower().removeprefix("npm_config_").replace("_", "-")] = value
    return settings


def npm_configuration(settings: dict[str, str]) -> str:
    """The npmrc of a guest."""
    lines = [f"cafile={BUNDLE}", f"cache={MOUNT}/npm", "update-notifier=false", "audit=false", "fund=false"]
    lines += [f"{key}={settings[key]}" for key in ("registry", "proxy", "https-proxy", "noproxy") if settings.get(key)]
    return "\n".join(lines) + "\n"

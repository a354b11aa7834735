# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of names: what the stand-in claims of Amazon Linux 2023, and where that is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
TABLE = HERE / "packages.yml"
# What a claim may be about. The build compares what is said of a package with the package; whether it is there from the
# start, and which commands it gives, is said of the image, which molecule/al2023 looks at.
OF_PACKAGE = frozenset({"name", "paths", "units", "users", "requires", "provides", "conflicts"})
OF_IMAGE = frozenset({"preinstalled", "absent", "commands"})


@dataclass(frozen=True)
class Source:
    """A page, and what of it was used."""

    url: str
    says: str


@dataclass(frozen=True)
class Claim:
    """Something that is said of a package, and the key of the source that says it."""

    about: str
    source: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Package:
    """One row."""

    name: str
    claims: tuple[Claim, ...]
    preinstalled: bool = False
    debian: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """All of it."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    packages: Mapping[str, Package] = field(default_factory=dict)

    def preinstalled(self) -> list[str]:
        """The names that a host has from the start."""
        return [name for name, package in self.packages.items() if package.preinstalled]

    def list_desired(self) -> list[str]:
        """What has to be downloaded, as lines for download.sh."""
        packages = self.packages.values()
        debian = sorted({name for package in packages for name in package.debian})
        wheels = sorted({name for package in packages for name in package.wheels})
        return [f"debian {name}" for name in debian] + [f"wheel {name}" for name in wheels]

    def as_json(self) -> str:
        """The claims of each package, for check.py."""
        return json.dumps({name: [asdict(claim) for claim in row.claims] for name, row in self.packages.items()})


def read_table(path: Path = TABLE) -> Table:
    """Read the table; what it must not say is the unit tests' business."""
    content = yaml.safe_load(path.read_text())
    return Table(
        sources={key: Source(**value) for key, value in content["sources"].items()},
        packages={name: _package(name, row) for name, row in content["packages"].items()},
    )


def _package(name: str, row: Mapping[str, Any]) -> Package:
    claims = tuple(
        Claim(claim["about"], claim["source"], tuple(claim.get("values", ()))) for claim in row.get("claims", ())
    )
    return Package(
        name=name,
        claims=claims,
        preinstalled=row.get("preinstalled", False),
        debian=tuple(row.get("debian", ())),
        wheels=tuple(row.get("wheels", ())),
        assumed=tuple(row.get("assumed", ())),
    )

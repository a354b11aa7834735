# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions of database engines, of which moto knows ancient ones, and their families of parameters."""

from __future__ import annotations

from typing import Any

from moto.rds.exceptions import RDSClientError

# Of each series of versions the one that AWS takes when only the series is named.
VERSIONS = {
    "mysql": {"8.0": "8.0.42", "8.4": "8.4.5"},
    "postgres": {"14": "14.18", "15": "15.13", "16": "16.9", "17": "17.5"},
}


def rds_error(code: str, message: str) -> RDSClientError:
    """An error of RDS that moto has no class for."""
    return RDSClientError(code, message)


def whole_version(engine: str, version: str | None) -> str | None:
    """The version that AWS makes of what was asked for."""
    series = VERSIONS.get(engine)
    if series is None:
        return version
    name = version or max(series, key=lambda one: [int(part) for part in one.split(".")])
    if name not in series and not any(name.startswith(f"{one}.") for one in series):
        raise rds_error("InvalidParameterCombination", f"Cannot find version {name} for {engine}")
    return series.get(name, name)


def check_family(backend: Any, group_name: str | None, engine: str, version: str | None) -> None:
    """Refuse a parameter group that was made for another series."""
    group = backend.db_parameter_groups.get(group_name) if group_name else None
    families = [f"{engine}{one}" for one in VERSIONS.get(engine, ()) if f"{version}.".startswith(f"{one}.")]
    if group is not None and families and group.family not in families:
        raise rds_error(
            "InvalidParameterCombination",
            f"The parameter group {group_name} with DBParameterGroupFamily {group.family} can't be used for this "
            f"instance. Please use a parameter group with DBParameterGroupFamily {families[0]}",
        )


def upgrade(database: Any, given: dict[str, Any]) -> str:
    """The version that a database is to go on to."""
    version = str(whole_version(database.engine, given["engine_version"]))
    parts = 2 if database.engine == "mysql" else 1
    new, old = ([int(part) for part in one.split(".")] for one in (version, database.engine_version))
    if new < old:
        message = f"Cannot upgrade {database.engine} from {database.engine_version} to {version}"
        raise rds_error("InvalidParameterCombination", message)
    if new[:parts] != old[:parts] and not given.get("allow_major_version_upgrade"):
        raise rds_error(
            "InvalidParameterCombination",
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        )
    return version

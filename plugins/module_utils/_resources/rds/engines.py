# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What RDS accepts for an engine: versions, instance classes and names. Documents are judged by it too."""

from __future__ import annotations

import re
from collections.abc import Mapping

TITLES = {"mysql": "MySQL", "postgres": "PostgreSQL"}

# RDS User Guide, "MySQL on Amazon RDS versions" (a major version is X.Y: 5.7, 8.0, 8.4, 9.7) and "Available PostgreSQL
# database versions" (a major version is X since 10; 11 is the oldest that is left). Newer ones are left to RDS.
# 9.0 to 9.6 are innovation releases of MySQL, which only the database preview environment has had.
MAJOR_VERSIONS: Mapping[str, str] = {
    "mysql": r"(?:5\.7|8\.[04]|9\.[7-9]|[1-9][0-9]\.[0-9])",
    "postgres": r"(?:1[1-9]|2[0-9])",
}
VERSIONS = {engine: rf"{major}(?:\.(?:0|[1-9][0-9]*))?" for engine, major in MAJOR_VERSIONS.items()}
VERSION_EXAMPLES = {
    "mysql": "write a major version like 8.4, or a whole one like 8.4.5",
    "postgres": "write a major version like 17, or a whole one like 17.4",
}


def find_version_problem(engine: str | None, version: str | None) -> str | None:
    """Why RDS has no such version of an engine, None where it may have it."""
    if engine is None or engine not in VERSIONS or version is None or re.fullmatch(VERSIONS[engine], version):
        return None
    return f'"{version}" is no version of {TITLES[engine]} on RDS ({VERSION_EXAMPLES[engine]})'


# RDS API Reference, CreateDBParameterGroup, DBParameterGroupFamily: the engine and its major version.
FAMILY = "|".join(f"{engine}{major}" for engine, major in MAJOR_VERSIONS.items())


def find_family_problem(engine: str, version: str | None, family: str) -> str | None:
    """Why a database cannot have a parameter group of a family, None where nothing is known. RDS chooses no version."""
    major = MAJOR_VERSIONS[engine] if version is None else re.escape(read_major_version(engine, version))
    if re.fullmatch(f"{engine}{major}", family):
        return None
    title = f"{TITLES[engine]}{'' if version is None else f' {version}'}"
    wanted = f"{engine}{'…' if version is None else read_major_version(engine, version)}"
    return f"is of the family {family}, and {title} takes one of {wanted} (name such a group, or leave it out)"


def read_major_version(engine: str, version: str) -> str:
    """The part of a version within which an upgrade is a minor one: ``8.0`` of MySQL, ``16`` of PostgreSQL."""
    return ".".join(version.split(".")[: 2 if engine == "mysql" else 1])


CLASS = r"db\.[a-z0-9-]+\.[a-z0-9-]+"
# Families that RDS does not offer any more, with their successors. RDS User Guide, "DB instance class types" and
# "Supported DB engines for DB instance classes", which have none of them.
WITHDRAWN = {"t1": "t3", "m1": "m5", "m2": "r5", "m3": "m5", "cr1": "r5", "r3": "r5"}
# Families that ended later: RDS moved the databases of MySQL and PostgreSQL that used them to the successors in 2024
# (AWS re:Post, "Reserved Instances end of life"). The manual had them for PostgreSQL lower than 13; whether versions as
# old as that can still use them is left to RDS.
WITHDRAWN_SINCE_2024 = {"t2": "t3", "m4": "m5", "r4": "r5"}
VERSIONS_LEFT_TO_RDS = {"mysql": ("5.7",), "postgres": ("11", "12")}
# Graviton processors need MySQL 8.0.23 and PostgreSQL 12.7 (RDS User Guide, "Supported DB engines for DB instance
# classes").
GRAVITON = re.compile(r"[a-z]+[0-9]+g[a-z]*")
WITHOUT_GRAVITON = {"mysql": ("5.7",), "postgres": ("11",)}
# The sizes of the successors.
_LARGE = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
SIZES = {"t3": ("micro", "small", "medium", "large", "xlarge", "2xlarge"), "m5": _LARGE, "r5": _LARGE}


def find_class_problem(engine: str, version: str | None, name: str) -> str | None:
    """Why no database of an engine can have an instance class, None where nothing is known. RDS chooses no version."""
    _db, _dot, rest = name.partition(".")
    family, _dot, size = rest.partition(".")
    title = TITLES.get(engine, engine)
    successor = WITHDRAWN.get(family)
    if successor is None and not _is_series(version, VERSIONS_LEFT_TO_RDS.get(engine, ())):
        successor = WITHDRAWN_SINCE_2024.get(family)
    if successor is not None:
        text = f"RDS does not offer db.{family} any more for {title}{'' if version is None else f' {version}'}"
        return f"{text} (write db.{successor}.{_choose_size(successor, size)})"
    if GRAVITON.fullmatch(family) and _is_series(version, WITHOUT_GRAVITON.get(engine, ())):
        text = f"db.{family} is of Graviton processors, on which RDS does not have {title} {version}"
        return f"{text} (write a class like db.t3.micro, or a newer version)"
    return None


# RDS User Guide, "Amazon RDS DB engine, Region, and instance class support for Database Insights", which has replaced
# Performance Insights.
WITHOUT_INSIGHTS: Mapping[str, tuple[str, ...]] = {
    "mysql": tuple(f"db.{family}.{size}" for family in ("t2", "t3", "t4g") for size in ("micro", "small")),
}


def find_insights_problem(engine: str, name: str) -> str | None:
    """Why a database of an engine and an instance class cannot have Performance Insights, None where it may."""
    if name not in WITHOUT_INSIGHTS.get(engine, ()):
        return None
    return f"{TITLES[engine]} on {name} cannot have it (write false, or a class like db.t3.medium)"


def _is_series(version: str | None, series: tuple[str, ...]) -> bool:
    return version is not None and any(f"{version}.".startswith(f"{one}.") for one in series)


def _choose_size(family: str, size: str) -> str:
    """The size of a successor: the same one, or the nearest below it that the family has."""
    sizes = SIZES[family]
    if size in sizes:
        return size
    smaller = [one for one in sizes if one.endswith("xlarge") and _count_units(one) < _count_units(size)]
    return smaller[-1] if smaller else sizes[0]


def _count_units(size: str) -> int:
    """How many times as large as xlarge a size is; 0 for a smaller one."""
    number = size.removesuffix("xlarge") or "1"
    return int(number) if number.isdecimal() else 0


# The key words that PostgreSQL reserves (PostgreSQL documentation, appendix C, column "PostgreSQL"): RDS rejects them
# as names of databases.
_POSTGRES_KEY_WORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
unique user using variadic verbose when where window with
"""

# AWS publishes no list of the other words that it rejects. Each word here was rejected by CreateDBInstance or
# CreateDBCluster with "cannot be used. It is a reserved word for this engine" in public reports.
_POSTGRES_SEEN = "admin catalog comments db dispatch flag identity"

# The databases of every instance (PostgreSQL documentation, "Template Databases"; RDS User Guide, "Common DBA tasks").
_POSTGRES_DATABASES = "postgres rdsadmin template0 template1"

# MySQL 8.4 Reference Manual, "Keywords and Reserved Words", those marked (R), with those of 8.0.
_MYSQL_KEY_WORDS = """
accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case
change char character check collate column condition constraint continue convert create cross cube cume_dist
current_date current_time current_timestamp current_user cursor database databases day_hour day_microsecond day_minute
day_second dec decimal declare default delayed delete dense_rank desc describe deterministic distinct distinctrow div
double drop dual each else elseif empty enclosed escaped except exists exit explain false fetch first_value float
float4 float8 for force foreign from fulltext function generated get grant group grouping groups having high_priority
hour_microsecond hour_minute hour_second if ignore in index infile inner inout insensitive insert int int1 int2 int3
int4 int8 integer intersect interval into io_after_gtids io_before_gtids is iterate join json_table key keys kill lag
last_value lateral lead leading leave left like limit linear lines load localtime localtimestamp lock long longblob
longtext loop low_priority manual master_bind master_ssl_verify_server_cert match maxvalue mediumblob mediumint
mediumtext middleint minute_microsecond minute_second mod modifies natural not no_write_to_binlog nth_value ntile null
numeric of on optimize optimizer_costs option optionally or order out outer outfile over parallel partition
percent_rank precision primary procedure purge qualify range rank read reads read_write real recursive references
regexp release rename repeat replace require resignal restrict return revoke right rlike row rows row_number schema
schemas second_microsecond select sensitive separator set show signal smallint spatial specific sql sqlexception
sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result ssl starting stored straight_join system table
tablesample terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock unsigned
update usage use using utc_date utc_time utc_timestamp values varbinary varchar varcharacter varying virtual when where
while window with write xor year_month zerofill
"""

# The schemas of every instance (MySQL 8.4 Reference Manual, "Server Logs and Data Directory"; RDS adds innodb and tmp).
_MYSQL_DATABASES = "information_schema innodb mysql performance_schema sys tmp"

DATABASE_NAMES: Mapping[str, frozenset[str]] = {
    "postgres": frozenset(f"{_POSTGRES_KEY_WORDS} {_POSTGRES_SEEN} {_POSTGRES_DATABASES}".split()),
    "mysql": frozenset(f"{_MYSQL_KEY_WORDS} {_MYSQL_DATABASES}".split()),
}
# Names of the master user that RDS rejects as reserved words.
MASTER_NAMES: Mapping[str, frozenset[str]] = {
    "postgres": frozenset(f"{_POSTGRES_KEY_WORDS} admin rdsadmin".split()),
    "mysql": frozenset(["rdsadmin"]),
}


def suggest_database_name(engine: str, name: str) -> str:
    """A name like another one that the engine does not reserve."""
    others = (f"{name}{end}" for end in ("s", "_db", "_data"))
    return next(other for other in others if other.lower() not in DATABASE_NAMES[engine])


def find_database_name_problem(engine: str, name: str) -> str | None:
    """Why RDS rejects the name of a database, None where it accepts it. It compares names without regard to case."""
    if name.lower() not in DATABASE_NAMES.get(engine, ()):
        return None
    text = f'"{name}" is a reserved word of {TITLES[engine]}, which AWS rejects'
    return f"{text} (for example, give it the name {suggest_database_name(engine, name)})"

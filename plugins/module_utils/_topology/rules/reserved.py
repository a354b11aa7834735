# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that engines and daemons reserve, each with its source. All in lower case."""

from __future__ import annotations

from collections.abc import Mapping

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

# Users of a new database: the master user (`_resources/rds/db_instance.py`), and those of the engine and of RDS.
# PostgreSQL accepts neither "public" nor "none" as the name of a role, and reserves names that begin with "pg_"
# (documentation, "CREATE ROLE"). RDS for PostgreSQL has rds_superuser, rds_replication, rds_iam and others (User Guide,
# "Understanding PostgreSQL roles and permissions"), RDS for MySQL rds_superuser_role (User Guide, "Role-based privilege
# model"); both have rdsadmin, and rdsrepladmin, rdsproxyadmin and others for RDS itself.
USER_NAMES: Mapping[str, frozenset[str]] = {
    "postgres": frozenset(["postgres", "public", "none"]),
    "mysql": frozenset(["admin", "root"]),
}
_RDS_USERS = ("rds_", "rdsadmin", "rdsrepladmin", "rdsproxyadmin", "rdstopmgr", "rdswriteforwarduser")
USER_PREFIXES: Mapping[str, tuple[str, ...]] = {"postgres": ("pg_", *_RDS_USERS), "mysql": _RDS_USERS}

# Variables that the launcher of gunicorn, the unit of PM2 or the deploy steps set for every process, and the one in
# which each release has its version.
PROCESS_VARIABLES = frozenset(["PATH", "HOME", "STATE_DIRECTORY", "RELEASE"])

# Variables by which systemd, PM2, Node.js and the launcher pass data to a process.
MANAGER_VARIABLES = frozenset(
    [
        *("GROUNDWORK_CONTROL", "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID"),
        *("MAINPID", "NODE_APP_INSTANCE", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE", "NODE_UNIQUE_ID"),
        *("NOTIFY_SOCKET", "PM2_DISCRETE_MODE", "PM2_HOME", "PM2_INTERACTOR_PROCESSING", "PM2_JSON_PROCESSING"),
        *("PM2_USAGE", "SILENT", "SYSTEMD_EXEC_PID", "WATCHDOG_PID", "WATCHDOG_USEC"),
    ]
)

# The path and port that nginx answers itself on the hosts of the proxy (defaults of the role nginx).
NGINX_HEALTH_PATH = "/nginx-health"
NGINX_STATUS_PORT = 8088

# The TCP ports on which the images of the supported distributions listen. systemd-resolved listens on 127.0.0.53:53
# (resolved.conf, DNSStubListener), so that no service can listen on port 53 of all addresses.
SYSTEM_PORTS: Mapping[int, str] = {22: "sshd", 53: "systemd-resolved"}

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that engines and daemons reserve, each with its source. All in lower case."""

from __future__ import annotations

from collections.abc import Mapping

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

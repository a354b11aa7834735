# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runtimes: how the processes of a service are started, replaced and stopped.

Schema, rules, validation of sources, alarms and host variables read this table, and playbooks and roles read the host
variables. A new runtime is a row here, a role of that name, and its tests (docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# `pm2 delete all` means every application, and `pm2 delete default` those of the namespace default, which is every
# application that names no other (PM2 documentation, "Process Management"; tried with PM2 7.0.4).
PM2_APPLICATIONS = frozenset(["all", "default"])

# PM2 sets each of its options and measurements as a variable of a Node.js process, and `--env-file` does not override
# existing variables. Read from process.env under PM2 7.0.4. The last two lines are options that are not set, which PM2
# takes from a variable of the same name.
_PM2_VARIABLES = """
LOGNAME PWD SHELL USER _pm2_version args automation autorestart autostart axm_actions axm_dynamic axm_monitor
axm_options created_at cwd env error_file exec_interpreter exec_mode exit_code exp_backoff_restart_delay filter_env
instance_var instances kill_retry_time kill_timeout km_link listen_timeout max_memory_restart merge_logs min_uptime
name namespace node_args node_version out_file pm_cwd pm_err_log_path pm_exec_path pm_id pm_out_log_path
pm_pid_path pm_uptime pmx prev_restart_delay restart_time script status treekill unique_id unstable_restarts
username version versioning vizion vizion_running wait_ready watch windowsHide
cron_restart disable_logs gid log_date_format log_type max_restarts pm_log_path pmx_module restart_delay restart_task
shutdown_with_message stop_exit_codes uid
"""


@dataclass(frozen=True)
class ProcessManager:
    """What starts the processes of services, and starts them again when they end.

    ``title`` is its name in messages. ``log_command`` shows the log of a service on its hosts; ``{name}`` is the
    service. ``service_names`` cannot be names of services.
    """

    name: str
    title: str
    log_command: str
    service_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Runtime:
    """One row of the table.

    - ``description``: what the reference of the document says about it.
    - ``roles``: the process managers that it works under, the default first. For each, the roles that set up a host, in
      order. The last is the one with the tasks ``load``, ``stop``, ``logs``, ``status`` and ``withdraw``.
    - ``builder``: what makes a release runnable, a key of `app_builds` of the role app and of the source checks.
    - ``artifact``: what a release is made from, which is a ``tree`` of files so far.
    - ``entry``: the form of the key ``entry`` of its services, as ``rules/entries.py`` has them.
    - ``serves``: whether its services listen: ``always``, ``optional`` (without a port it is a worker) or ``never``.
    - ``binds_itself``: whether the application opens its port, and therefore gets ``HOST``.
    - ``options``: the keys of a service that only some runtimes have.
    - ``packages``: the packages that a release has to bring, by interface.
    - ``stop_signal``: the signal with which a process is asked to finish its work and end.
    - ``variables``: the environment variables that it sets for every process.
    - ``overriding``: the environment variables that would replace its settings.
    """

    name: str
    description: str
    roles: Mapping[str, tuple[str, ...]]
    builder: str
    entry: str
    serves: str
    stop_signal: str
    artifact: str = "tree"
    binds_itself: bool = False
    options: frozenset[str] = frozenset()
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()
    overriding: frozenset[str] = frozenset()

    @property
    def default_manager(self) -> str:
        return next(iter(self.roles))


MANAGERS: Mapping[str, ProcessManager] = {
    one.name: one
    for one in (
        ProcessManager("systemd", "systemd", "journalctl -u groundwork-{name}"),
        ProcessManager("pm2", "PM2", "pm2 logs {name}", service_names=PM2_APPLICATIONS),
    )
}

RUNTIMES: Mapping[str, Runtime] = {
    one.name: one
    for one in (
        Runtime(
            name="gunicorn",
            description="Python web applications (WSGI, or ASGI with `interface`)",
            roles={"systemd": ("gunicorn",), "pm2": ("gunicorn", "nodejs", "pm2")},
            builder="python",
            entry="callable",
            serves="always",
            stop_signal="SIGTERM",
            options=frozenset(["interface", "socket", "threads", "workers"]),
            packages={"wsgi": ("gunicorn",), "asgi": ("gunicorn", "uvicorn-worker")},
            overriding=frozenset(["GUNICORN_CMD_ARGS"]),
        ),
        Runtime(
            name="pm2",
            description="Node.js",
            roles={"pm2": ("nodejs", "pm2")},
            builder="node",
            entry="script",
            serves="optional",
            stop_signal="SIGINT",
            binds_itself=True,
            options=frozenset(["install_scripts", "workers"]),
            variables=frozenset(_PM2_VARIABLES.split()),
        ),
        Runtime(
            name="python",
            description="a command of a Python application that serves no requests, such as a Celery worker",
            roles={"systemd": ("python",)},
            builder="python",
            entry="command",
            serves="never",
            stop_signal="SIGTERM",
        ),
    )
}


def runtime_of(service: Mapping[str, Any]) -> Runtime | None:
    """The runtime of a service; None in a document with an unknown one."""
    return RUNTIMES.get(service["runtime"])


def roles_of(service: Mapping[str, Any]) -> tuple[str, ...]:
    """The roles that set up a host for a service of a valid document, in order."""
    return RUNTIMES[service["runtime"]].roles[service["process_manager"]]


def is_worker(service: Mapping[str, Any]) -> bool:
    """Whether a service listens neither on a port nor on a socket."""
    return service["port"] is None and not service["socket"]

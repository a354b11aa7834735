# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sandbox of services: one list of properties for units and commands, and the rules of the firewall."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = CHECKOUT / "roles"
METADATA = "IPAddressDeny=169.254.169.254/32 fd00:ec2::254/128"


def render(template: str, **variables: Any) -> str:
    """A template of a role, as its tasks render it."""
    known = {"ansible_managed": "managed", "template": str(ROLES / template), **variables}
    names = ", ".join(f"'{name}': {name}" for name in variables)
    lookup = f"{{{{ lookup('ansible.builtin.template', template, template_vars={{{names}}}) }}}}"
    return str(Templar(loader=DataLoader(), variables=known).template(trust_as_template(lookup)))


def hardening(**service: Any) -> list[str]:
    text = render("common/templates/hardening.conf.j2", service={"name": "web", **service})
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def sandbox(**service: Any) -> list[str]:
    text = render("common/templates/sandbox.conf.j2", service={"name": "web", **service}, user="app-web")
    return [line for line in text.splitlines() if re.match("[A-Z]", line)]


SERVICES: list[dict[str, Any]] = [
    {"runtime": "pm2", "process_manager": "pm2", "port": 3000},
    {"runtime": "pm2", "process_manager": "pm2", "port": 81},
    {"runtime": "pm2", "process_manager": "pm2", "aws_access": True},
    {"runtime": "gunicorn", "process_manager": "pm2", "port": 5001},
    {"runtime": "gunicorn", "process_manager": "systemd", "port": 5000},
    {"runtime": "python", "process_manager": "systemd", "port": None},
]


@pytest.mark.parametrize("service", SERVICES, ids=str)
def test_a_command_has_every_property_of_the_unit(service: dict[str, Any]) -> None:
    found = sandbox(**service)
    assert [line for line in hardening(**service) if line not in found] == []
    assert {"User=app-web", "Group=app-web", "NoNewPrivileges=yes", "ProtectSystem=strict"} <= set(found)


def test_shared_memory_is_that_of_the_service_alone() -> None:
    found = hardening()
    assert "PrivateIPC=yes" in found
    (directory,) = [line for line in found if line.startswith("TemporaryFileSystem=/dev/shm:")]
    assert "nr_inodes=64k" in directory


@pytest.mark.parametrize(
    ("service", "ports"),
    [
        ({"runtime": "pm2", "process_manager": "pm2", "port": 3000}, ["SocketBindAllow=tcp:3000"]),
        ({"runtime": "gunicorn", "process_manager": "pm2", "port": 5001}, ["SocketBindAllow=tcp:5001"]),
        # systemd listens for it.
        ({"runtime": "gunicorn", "process_manager": "systemd", "port": 5000}, []),
        ({"runtime": "gunicorn", "process_manager": "pm2", "socket": "/run/web/web.sock"}, []),
        ({"runtime": "pm2", "process_manager": "pm2"}, []),
        ({"runtime": "python", "process_manager": "systemd"}, []),
    ],
)
def test_a_service_may_listen_on_its_own_port_only(service: dict[str, Any], ports: list[str]) -> None:
    found = [line for line in hardening(**service) if line.startswith("SocketBind")]
    # Port 0 stays allowed: clients and test servers leave the choice to the kernel.
    assert found == ["SocketBindDeny=tcp:1-65535", *ports]


@pytest.mark.parametrize(("port", "capability"), [(80, "CAP_NET_BIND_SERVICE"), (1024, ""), (None, "")])
def test_only_a_low_port_needs_a_capability(port: int | None, capability: str) -> None:
    found = hardening(runtime="pm2", process_manager="pm2", port=port)
    assert [line for line in found if "Capabilit" in line] == [
        f"CapabilityBoundingSet={capability}",
        f"AmbientCapabilities={capability}",
    ]


@pytest.mark.parametrize(("aws_access", "denied"), [(True, False), (False, True), (None, True)])
def test_the_metadata_service_is_denied_to_commands_as_well(aws_access: bool | None, denied: bool) -> None:
    for service in SERVICES:
        assert (METADATA in sandbox(**{**service, "aws_access": aws_access})) is denied


@pytest.mark.parametrize("service", SERVICES, ids=str)
def test_no_service_reaches_the_bus_of_the_system(service: dict[str, Any]) -> None:
    """By default logind starts a service manager for any user that asks, outside of every sandbox (set-self-linger)."""
    assert "InaccessiblePaths=-/run/dbus" in hardening(**service)
    # The socket of such a service manager.
    assert "ProtectHome=yes" in hardening(**service)


def test_no_build_reaches_the_bus_of_the_system() -> None:
    variables = yaml.safe_load((ROLES / "app/vars/main.yml").read_text(encoding="utf-8"))
    hidden = {"InaccessiblePaths=-/run/dbus", "InaccessiblePaths=-/run/user"}
    assert hidden <= set(variables["app_build_properties"])


# `/proc/<pid>/root` of a process of the same user, outside of the sandbox, is a way out of it.
@pytest.mark.parametrize("path", sorted(ROLES.glob("*/tasks/*.yml")), ids=lambda path: str(path.relative_to(ROLES)))
def test_no_task_runs_a_command_as_the_user_of_a_service_outside_of_its_sandbox(path: Path) -> None:
    assert not re.search(r"\b(runuser|setpriv|su|sudo)\b", path.read_text(encoding="utf-8"))


def test_every_step_that_is_no_build_has_the_sandbox() -> None:
    variables = yaml.safe_load((ROLES / "app/vars/main.yml").read_text(encoding="utf-8"))
    known = {
        "app_sandbox": ["A=1"],
        "app_state": "/s",
        "app_record": "/r",
    }
    for step, ports in (("migrate", []), ("trial", ["SocketBindAllow=tcp:20000-65535"])):
        templar = Templar(loader=DataLoader(), variables={**known, "app_step": step})
        found = templar.template(trust_as_template(variables["app_service_properties"]))
        assert found == ["A=1", "Environment=HOME=/s", "EnvironmentFile=/r/environment", *ports]


def firewall(*services: dict[str, Any]) -> str:
    return render("common/templates/firewall.nft.j2", common_firewall_services=list(services))


def test_a_port_belongs_to_the_user_of_its_service() -> None:
    rules = firewall({"name": "web", "user": "app-web", "port": 3000}, {"name": "api", "user": "app-api", "port": 5000})
    assert "tcp sport 3000 tcp flags & (syn | ack) == (syn | ack) jump listener_3000" in rules
    chains = dict(re.findall(r"chain listener_(\d+) \{\n *(.*)\n *drop\n", rules))
    assert chains == {
        "3000": 'meta skuid { "root", "app-web" } return',
        "5000": 'meta skuid { "root", "app-api" } return',
    }


def test_workers_and_sockets_have_no_rule_for_a_port() -> None:
    rules = firewall(
        {"name": "a", "user": "app-a", "port": None}, {"name": "b", "user": "app-b", "socket": "/run/b.sock"}
    )
    assert "jump" not in rules
    assert "chain listener" not in rules


def test_only_services_with_aws_access_reach_the_metadata_service() -> None:
    shared = {"name": "c", "user": "app-b", "port": 1, "aws_access": False}
    rules = firewall({"name": "a", "user": "app-a"}, {"name": "b", "user": "app-b", "aws_access": True}, shared)
    assert re.findall(r'skuid "([\w-]+)" (ip6?) daddr', rules) == [("app-a", "ip"), ("app-a", "ip6")]


def test_a_host_without_services_has_a_table_without_rules() -> None:
    assert "skuid" not in firewall()


def test_a_table_that_exists_is_replaced_in_one_transaction() -> None:
    assert firewall().index("\ndelete table inet groundwork\n") < firewall().index("table inet groundwork {")


def trust(value: Any) -> Any:
    """Templates in a value of a file, as Ansible trusts them."""
    if isinstance(value, dict):
        return {key: trust(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trust(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def evaluate(role: str, text: str, **known: Any) -> Any:
    """An expression of a role, with its variables."""
    variables: dict[str, Any] = {"role_path": str(ROLES / role), "app_stable_time": 10, "ansible_check_mode": False}
    for name in ("defaults/main.yml", "vars/main.yml"):
        variables.update(trust(yaml.safe_load((ROLES / role / name).read_text("utf-8"))))
    return Templar(loader=DataLoader(), variables={**variables, **known}).template(trust_as_template(text))


def read_argv(role: str, tasks: str, name: str) -> str:
    found = yaml.safe_load((ROLES / role / "tasks" / tasks).read_text("utf-8"))
    (task,) = [task for task in found if task["name"] == name]
    return str(task["groundwork.aws.service_command"]["argv"])


WEB = {"name": "web", "user": "app-web", "process_manager": "pm2", "runtime": "gunicorn", "port": 3000}
IN_UNIT = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect"]


@pytest.mark.parametrize(
    ("role", "tasks", "name", "variable", "control"),
    [
        ("gunicorn", "status.yml", "Watch the processes", "app_service", "/run/groundwork-web/control"),
        ("pm2", "status.yml", "Watch the processes of the launcher", "app_service", "/var/lib/groundwork/web/control"),
        (
            "gunicorn",
            "configure.yml",
            "Reload services of other process managers whose settings have changed",
            "gunicorn_service",
            "/var/lib/groundwork/web/control",
        ),
    ],
)
def test_the_launcher_is_asked_in_the_sandbox(role: str, tasks: str, name: str, variable: str, control: str) -> None:
    known = {variable: WEB, "gunicorn_asked": WEB}
    argv = evaluate(role, read_argv(role, tasks, name), **known)
    assert argv[:5] == IN_UNIT
    properties, command = argv[5 : argv.index("--")], argv[argv.index("--") + 1 :]
    expected = sandbox(**WEB)
    assert [f"--property={line}" for line in expected if f"--property={line}" not in properties] == []
    assert command[:2] == ["/usr/bin/python3", "/usr/local/lib/groundwork/gunicorn_launcher.py"]
    assert control in command
    # The answer comes to a socket next to that of the launcher.
    assert "--property=ReadWritePaths=-/run/groundwork-web" in properties


def test_pm2_may_write_the_logs_of_its_service() -> None:
    found = evaluate("pm2", "{{ pm2_sandbox }}", app_service=WEB, groundwork_stack="shop")
    assert "ReadWritePaths=-/var/log/groundwork/shop" in found
    assert {"User=app-web", "StateDirectory=groundwork/web", "SocketBindAllow=tcp:3000"} <= set(found)


def test_the_command_of_administrators_reads_one_property_a_line() -> None:
    text = (ROLES / "pm2/templates/files.yml.j2").read_text("utf-8")
    (block,) = re.findall(r"content: (\{\{ lookup\([^\n]*sandbox\.conf\.j2.*?\}\})", text, re.DOTALL)
    content = yaml.safe_load(evaluate("pm2", block, service=WEB, user="app-web", groundwork_stack="shop"))
    assert content.splitlines() == evaluate("pm2", "{{ pm2_sandbox }}", app_service=WEB, groundwork_stack="shop")
    assert content.endswith("\n")


@pytest.mark.parametrize("step", ["build", "migrate", "trial"])
def test_each_step_runs_as_the_user_of_the_service(step: str) -> None:
    known = {
        "app_service": {**WEB, "builder": "python"},
        "app_step": step,
        "app_release": {"number": 3, "path": "/srv/web/releases/3"},
        "app_commands": ["echo $HOME"],
        "app_step_properties": ["WorkingDirectory=/srv/web/releases/3"],
    }
    argv = evaluate("app", read_argv("app", "run_step.yml", "Run the step: {{ app_step }}"), **known)
    properties = argv[: argv.index("--")]
    assert {"--property=User=app-web", "--property=Group=app-web", "--property=NoNewPrivileges=yes"} <= set(properties)
    assert ("--property=ProtectSystem=strict" in properties) is (step != "build")
    assert ("--property=PrivateUsers=yes" in properties) is (step == "build")
    assert argv[-1] == "echo $$HOME"


@pytest.mark.parametrize(
    ("static", "public"), [(None, []), ({}, []), ({"/s/": "public", "/t/": "a/b"}, ["public", "a/b"])]
)
def test_the_directories_of_static_files_are_public(static: Any, public: list[str]) -> None:
    assert evaluate("app", "{{ app_public }}", app_service={**WEB, "static": static}) == public

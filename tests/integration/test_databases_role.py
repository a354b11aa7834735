# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tasks of the role databases, with a stack whose database is a real server."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rig.database_servers import Server, serve_postgres
from rig.runs import BIN, CHECKOUT, environment
from rig.stacks import Stack, Stacks, base_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import service_variables
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import connect

GIVEN = base_of("given", "db_instance/main", "secret/jwt")
SERVICE = service_variables(load(GIVEN.topology), "api")
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Set up the user
      ansible.builtin.include_role:
        name: groundwork.aws.databases
        tasks_from: configure
      vars:
        databases_service: "{{ service }}"
        databases_database: "{{ service.databases[0] }}"
        databases_retries: 1
        databases_pause: 1
"""
# What a resolver of AWS would do: the endpoint of the database leads to the server.
RESOLVER = """
import socket
connect = socket.create_connection
def create_connection(address, *args, **kwargs):
    if address[0].endswith(".rds.amazonaws.com"):
        address = ("127.0.0.1", {port})
    return connect(address, *args, **kwargs)
socket.create_connection = create_connection
"""


@dataclass
class Play:
    """Runs the play in a directory."""

    stack: Stack
    server: Server
    directory: Path

    def run(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        (self.directory / "sitecustomize.py").write_text(RESOLVER.format(port=self.server.port))
        (self.directory / "play.yml").write_text(PLAY)
        known = {
            "ansible_python_interpreter": str(BIN / "python"),
            "stack_name": "given",
            "stack_region": "us-east-1",
            "service": SERVICE,
            "databases_python": str(BIN / "python"),
            "databases_authorities_file": self.server.ca_cert,
            **variables,
        }
        # As extra variables, which take precedence over those of the role.
        (self.directory / "known.json").write_text(json.dumps(known))
        return subprocess.run(
            [str(BIN / "ansible-playbook"), "-c", "local", "play.yml", "-e", "@known.json", "-vvv", *arguments],
            env={
                **environment(self.stack.proxy.url),
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "HOME": str(self.directory),
                "PYTHONPATH": str(self.directory),
                "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
            },
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def read_secret(stack: Stack, name: str) -> dict[str, str]:
    text = stack.account.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    return dict(json.loads(text))


def test_the_user_is_set_up_once_and_the_master_user_is_read_only_then(stacks: Stacks, tmp_path: Path) -> None:
    stack = stacks(GIVEN)
    stack.made()
    (database,) = stack.account.client("rds").describe_db_instances()["DBInstances"]
    address, master_secret = database["Endpoint"]["Address"], database["MasterUserSecret"]["SecretArn"]
    master, user = read_secret(stack, master_secret), read_secret(stack, "given-main-api")
    with serve_postgres(names=[address], master=master["username"], password=master["password"]) as server:
        play = Play(stack, server, tmp_path)
        options = {**server.options(database="shop"), "host": "localhost"}
        with closing(connect(options, master["username"], master["password"])) as connection:
            connection.autocommit = True
            connection.cursor().execute("create database main")

        checked = play.run("--check")
        assert checked.returncode == 0, checked.stdout
        first = play.run()
        assert first.returncode == 0, first.stdout
        assert "changed=1" in first.stdout, first.stdout
        options["database"] = "main"
        with closing(connect(options, user["username"], user["password"])) as connection:
            cursor = connection.cursor()
            cursor.execute("create table public.t (n int)")
            cursor.execute("select tableowner from pg_tables where tablename = 't'")
            assert cursor.fetchall() == (["main_owner"],)
            connection.commit()

        stack.proxy.forget()
        second = play.run()
        assert second.returncode == 0, second.stdout
        assert "changed=0" in second.stdout, second.stdout
        # One secret: that of the service.
        assert stack.proxy.names().count("GetSecretValue") == 1

        # A user of a service that was renamed.
        with closing(connect(options, master["username"], master["password"])) as connection:
            connection.autocommit = True
            for statement in (
                "create role gone login",
                "grant main_owner to gone",
                "comment on role gone is 'groundwork.aws stack given'",
            ):
                connection.cursor().execute(statement)
        warned = play.run()
        assert "gone of the database main has no service any more" in warned.stdout + warned.stderr
        disabled = play.run(databases_disabled_users="gone,api")
        assert disabled.returncode == 0, disabled.stdout
        assert "changed=1" in disabled.stdout, disabled.stdout
        quiet = play.run()
        assert "no service any more" not in quiet.stdout + quiet.stderr
        with closing(connect(options, user["username"], user["password"])):
            """The user of a service of the document is never disabled."""

        refused = play.run(databases_authorities_file="/nowhere/ca.pem")
        assert refused.returncode == 2
        assert "the file /nowhere/ca.pem with the authorities" in refused.stdout, refused.stdout
        printed = "".join(one.stdout + one.stderr for one in (checked, first, second, warned, disabled, quiet, refused))
        assert not [text for text in (master["password"], user["password"]) if text in printed]


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_tests_use_the_drivers_that_the_role_installs(engine: str) -> None:
    locked = (CHECKOUT / f"roles/databases/files/{engine}.txt").read_text().splitlines()
    pinned = {line.partition(" ")[0] for line in locked if "==" in line}
    tested = {line.lower() for line in (CHECKOUT / "requirements-dev.txt").read_text().splitlines()}
    drivers = {"mysql": {"pymysql"}, "postgres": {"pg8000", "scramp"}}[engine]
    assert drivers == {one.partition("==")[0] for one in pinned & tested if one.partition("==")[0] in drivers}

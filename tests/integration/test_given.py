# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a stack gives to a service, from the account to the role that deploys it."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

from rig.runs import BIN, CHECKOUT, Outcome, environment
from rig.stacks import Stack, Stacks, base_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import service_variables
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load

GIVEN = base_of("given", "db_instance/main", "secret/jwt")
SERVICE = service_variables(load(GIVEN.topology), "api")
KEY = "sk_live_4f1e2d"
# One list call a type, and one for the value of each secret.
CALLS = {
    "DescribeDBInstances": 1,
    "DescribeReplicationGroups": 1,
    "DescribeCacheClusters": 1,
    "ListTagsForResource": 1,
    "ListSecrets": 1,
    "GetSecretValue": 5,
}
PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Put the environment of the service together
      ansible.builtin.include_role:
        name: groundwork.aws.app
        tasks_from: configure
    - name: Keep what the release would get
      ansible.builtin.copy:
        content: "{{ {'given': app_given.environment, 'plain': app_variables} | to_json }}"
        dest: "{{ result_file }}"
        mode: "0600"
      no_log: true
    - name: Do so where there is nothing
      ansible.builtin.include_role:
        name: groundwork.aws.app
        tasks_from: configure
      vars:
        stack_name: nothing
"""


def kept_by_hand(stack: Stack) -> None:
    vault = stack.account.client("secretsmanager")
    vault.create_secret(Name="payment-provider", SecretString=json.dumps({"api_key": KEY, "account": "shop"}))
    vault.create_secret(Name="provider-url", SecretString="https://provider.example/")


def run_module(stack: Stack) -> Outcome:
    parts = {key: SERVICE[key] for key in ("databases", "caches", "secrets")}
    options = {"stack": "given", "region": "us-east-1", "service": "api", **parts}
    return stack.modules.run("service_environment", options)


def password(stack: Stack) -> str:
    held = stack.account.client("secretsmanager").get_secret_value(SecretId="given-main-api")["SecretString"]
    return str(json.loads(held)["password"])


def token(stack: Stack) -> str:
    return str(stack.account.client("secretsmanager").get_secret_value(SecretId="given-cache-redis")["SecretString"])


def expected(stack: Stack) -> dict[str, str]:
    (database,) = stack.account.client("rds").describe_db_instances()["DBInstances"]
    (cache,) = stack.account.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    redis = cache["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    jwt = stack.account.client("secretsmanager").get_secret_value(SecretId="given-jwt")["SecretString"]
    return {
        "DATABASE_URL": f"postgresql://api:{password(stack)}@{database['Endpoint']['Address']}:5432/main",
        "REDIS_URL": f"rediss://:{token(stack)}@{redis}:6379/0",
        "JWT_SECRET": jwt,
        "PAYMENT_KEY": KEY,
        "PAYMENT_URL": "https://provider.example/",
    }


def play(stack: Stack, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the role's part with everything shown that ansible has to show."""
    (directory / "play.yml").write_text(PLAY)
    inventory = {"stack_name": "given", "stack_region": "us-east-1", "app_service": SERVICE}
    inventory["app_database_authorities"] = "/nowhere/ca.pem"
    (directory / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"localhost": inventory}}}))
    command = [str(BIN / "ansible-playbook"), "-i", "hosts.yml", "-c", "local", "play.yml", "-vvv"]
    return subprocess.run(
        [*command, "-e", f"result_file={directory / 'result.json'}"],
        env={
            **environment(stack.proxy.url),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(directory),
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def assert_silent(stack: Stack, played: subprocess.CompletedProcess[str]) -> None:
    """No value is shown. URLs of databases and caches have passwords in them."""
    secrets = [password(stack), token(stack), expected(stack)["JWT_SECRET"], KEY]
    assert not [value for value in secrets if value in played.stdout + played.stderr]


def test_the_environment_has_existing_values_and_errors_name_missing_ones(stacks: Stacks, tmp_path: Path) -> None:
    """One story, for the stack takes longer to make than all of it to read."""
    stack = stacks(GIVEN)
    before = run_module(stack)
    assert before.refused, str(before)
    for address in ("db_instance/main", "secret/main-api", "cache/redis", "secret/jwt"):
        assert f"{address} of stack given does not exist" in before.message
    assert before.message.endswith("Nothing was changed. Run the playbook provision.yml")
    stack.made()

    without = run_module(stack)
    assert without.refused, str(without)
    assert "payment-provider (secrets.payment of the document) cannot be read" in without.message

    kept_by_hand(stack)
    stack.proxy.forget()
    outcome = run_module(stack)
    assert outcome.ok, str(outcome)
    assert outcome.result["environment"] == expected(stack)
    assert outcome.result["changed"] is False
    assert Counter(stack.proxy.names()) == CALLS
    assert len(outcome.result["environment"]["JWT_SECRET"]) == 48

    played = play(stack, tmp_path)
    environment_of = json.loads((tmp_path / "result.json").read_text())
    assert environment_of["given"] == expected(stack)
    assert environment_of["plain"]["DATABASE_CA"] == "/etc/groundwork/databases.pem"
    assert environment_of["plain"]["PGSSLMODE"] == "verify-full"
    assert environment_of["plain"]["PGSSLROOTCERT"] == "/etc/groundwork/databases.pem"
    assert "db_instance/main of stack nothing does not exist; secret/main-api" in played.stdout
    assert (played.returncode, "rescued=1" in played.stdout) == (2, True)
    assert_silent(stack, played)

    vault = stack.account.client("secretsmanager")
    rotated = json.dumps({"username": "api", "password": "another"})
    vault.put_secret_value(SecretId="given-main-api", SecretString=rotated)
    again = run_module(stack).result["environment"]
    assert again["DATABASE_URL"].startswith("postgresql://api:another@")
    assert again == expected(stack)

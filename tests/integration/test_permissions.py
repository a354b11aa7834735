# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policies of docs/permissions.md, compared with what playbooks and modules really call, in both directions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from rig.runs import CHECKOUT
from rig.stacks import Stack, Stacks, base_of
from support.policies import PAGE, actions_of

from ansible_collections.groundwork.aws.plugins.module_utils._topology.runtimes import RUNTIMES

DATABASE = "db_instance/main"
# Who may call what a module calls, besides those who look. `stack` is compared with its code, which has more cases
# than a test could run (tests/unit/plugins/test_permissions.py).
POLICIES = {
    "stack": {"provision"},
    "stack_info": set(),
    "database_recovery_info": set(),
    "rollout": {"deploy"},
    "rollout_info": set(),
    "target": {"deploy"},
    "target_info": set(),
    "metric_gate": {"deploy"},
    "service_environment": {"deploy"},
    "database_login": {"deploy"},
    "database_snapshot": {"back up"},
    "database_restore": {"restore"},
}
# What AWS asks for in addition to the operation that is called: for tags of a new object, for final snapshots, and for
# the secrets of master users that RDS makes.
IMPLIED = {
    "back up": {"rds:AddTagsToResource"},
    "deploy": set(),
    "restore": {
        "kms:CreateGrant",
        "kms:DescribeKey",
        "rds:CreateDBSnapshot",
        "secretsmanager:CreateSecret",
        "secretsmanager:TagResource",
    },
}
RUNTIME_ROLES = {role for runtime in RUNTIMES.values() for roles in runtime.roles.values() for role in roles}
SERVICES = {"monitoring": "cloudwatch", "tagging": "tag"}


def policy(name: str) -> list[str]:
    """The actions that a policy of the page allows."""
    return actions_of(f"To {name}")


def matches(action: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in patterns)


def calls(stack: Stack) -> set[str]:
    """The actions that reached AWS since the proxy forgot."""
    operations = (call.operation for call in stack.proxy.calls)
    return {f"{SERVICES.get(one.service, one.service)}:{one.name}" for one in operations}


def run(made: Stack, module: str, **options: Any) -> dict[str, Any]:
    outcome = made.modules.run(module, options)
    assert outcome.ok, str(outcome)
    return dict(outcome.result)


def record_deploy(stacks: Stacks) -> Iterator[tuple[str, set[str]]]:
    """What playbooks that deploy have modules do."""
    stack = stacks(base_of("scaled"))
    stack.made()
    web = {
        "stack": "scaled",
        "region": "us-east-1",
        "service": "web",
        "instance": stack.id_of_instance("instance/web-1"),
    }
    for state in ("drained", "absent", "healthy"):
        outcome = stack.modules.run("target", {**web, "state": state, "timeout": 1})
        assert outcome.ok or "not healthy" in outcome.message or "initial" in outcome.message, str(outcome)
    yield "target", calls(stack)
    stack.proxy.forget()
    metric = {"namespace": "AWS/EC2", "metric": "CPUUtilization"}
    run(stack, "metric_gate", region="us-east-1", cloudwatch=metric, limit={"below": 90}, unmeasured="pass")
    yield "metric_gate", calls(stack)
    stack.proxy.forget()
    record_rollout(stack)
    yield "rollout", calls(stack)
    stack.proxy.forget()
    run(stack, "rollout_info", stack="scaled", region="us-east-1")
    yield "rollout_info", calls(stack)
    given = stacks(base_of("given", DATABASE, "secret/jwt"))
    given.made()
    service = {"stack": "given", "region": "us-east-1", "service": "api"}
    run(
        given,
        "service_environment",
        **service,
        databases=[{"name": "main", "variable": "DATABASE_URL"}],
        caches=[{"name": "redis", "variable": "REDIS_URL"}],
        secrets=[{"name": "jwt", "variable": "JWT"}],
    )
    yield "service_environment", calls(given)
    given.proxy.forget()
    run(given, "database_login", **service, database="main", master=True)
    yield "database_login", calls(given)


def record_rollout(stack: Stack) -> None:
    """A rollout of one host, which also removes what a killed one has left, and is reported."""
    left = "/groundwork/scaled/rollouts/20260101T000000Z-ab/batch/1"
    stack.account.client("ssm").put_parameter(Name=left, Value="{}", Type="String")
    common = {"stack": "scaled", "region": "us-east-1", "holder_pid": os.getpid()}
    begun = run(stack, "rollout", **common, state="begun")["rollout"]
    move = {
        "host": "web-1", "instance": stack.id_of_instance("instance/web-1"), "zone": "", "service": "web", "before": 1,
        "after": 2, "moving": True, "version": "2", "commit": "", "identity": "a", "balanced": True, "calls": [],
        "migrate": False, "migrated": False, "rollout": {},
    }  # fmt: skip
    planned = run(stack, "rollout", **common, state="planned", rollout=begun, moves=[move])
    recorded = bool(planned["batches"])
    run(stack, "rollout", **common, state="finished", rollout=begun, recorded=recorded, verdict=planned["verdict"])
    topic = stack.account.client("sns").create_topic(Name="releases")["TopicArn"]
    stack.account.client("ses").verify_email_identity(EmailAddress="deploy@example.org")
    notify = {"sns": topic, "email": {"from": "deploy@example.org", "to": ["ops@example.org"]}}
    told = run(stack, "rollout", **common, state="notified", rollout=begun, event="finished", notify=notify)
    assert told["sent"] == ["sns", "email"], told


def record_recovery(stacks: Stacks) -> Iterator[tuple[str, set[str]]]:
    """What playbooks that back up and restore have modules do."""
    stack = stacks(base_of("data", DATABASE, "secret/app"))
    stack.made()
    topology = {"topology": stack.base.topology}
    for _time in range(2):
        run(stack, "database_snapshot", **topology, keep=1)
    yield "database_snapshot", calls(stack)
    stack.proxy.forget()
    run(stack, "database_recovery_info", **topology)
    yield "database_recovery_info", calls(stack)
    stack.proxy.forget()
    rds = stack.account.client("rds")
    for request in ({"snapshot": "newest"}, {"time": "latest"}):
        resolved = run(stack, "database_restore", **topology, **request)["resolved"]
        (kept,) = run(stack, "database_restore", **topology, **resolved, state="switched")["kept"][-1:]
    rds.modify_db_instance(DBInstanceIdentifier=kept, DeletionProtection=False)
    rds.stop_db_instance(DBInstanceIdentifier=kept)
    run(stack, "database_restore", **topology, instance=kept)
    (other,) = run(stack, "database_restore", **topology, instance=kept, state="switched")["kept"][-1:]
    run(stack, "database_restore", **topology, instance=other, state="absent")
    yield "database_restore", calls(stack)


@pytest.fixture
def recorded(stacks: Stacks, request: pytest.FixtureRequest) -> dict[str, set[str]]:
    return dict({"deploying": record_deploy, "recovering": record_recovery}[request.param](stacks))


@pytest.mark.parametrize(
    ("recorded", "names"),
    [("deploying", {"deploy"}), ("recovering", {"back up", "restore"})],
    indirect=["recorded"],
)
def test_policies_allow_what_modules_call_and_no_more(recorded: dict[str, set[str]], names: set[str]) -> None:
    called: dict[str, set[str]] = {name: set() for name in names}
    for module, actions in recorded.items():
        more = {action for action in actions if not matches(action, policy("look"))}
        assert not more or POLICIES[module], f"{module} calls more than those who look may: {sorted(more)}"
        for name in POLICIES[module]:
            called[name] |= more
    for name, actions in called.items():
        assert {action for action in actions if not matches(action, policy(name))} == set(), f"is missing to {name}"
        surplus = {action for action in policy(name) if action not in actions} - IMPLIED[name]
        assert surplus == set(), f"is allowed to {name}, and not called"


def modules_of(path: Path, seen: set[Path]) -> Iterator[str]:
    """The modules that a playbook or a file of tasks uses, with all that it includes."""
    if path in seen:
        return
    seen.add(path)
    for item in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        yield from _modules_of(item, path, seen)


def _modules_of(item: dict[str, Any], path: Path, seen: set[Path]) -> Iterator[str]:
    for key, value in item.items():
        name = key.removeprefix("groundwork.aws.")
        if key.startswith("groundwork.aws."):
            yield name
        elif key == "ansible.builtin.import_playbook":
            yield from modules_of(path.parent / value, seen)
        elif key in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
            for file in _files_of_role(value):
                yield from modules_of(file, seen)
        elif key in ("ansible.builtin.include_tasks", "ansible.builtin.import_tasks"):
            name = value if isinstance(value, str) else value["file"]
            # A name that a template makes may be any of the role.
            for file in [path.parent / name] if "{{" not in name else sorted(path.parent.glob("*.yml")):
                yield from modules_of(file, seen)
        elif key in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always", "handlers"):
            for inner in value:
                yield from _modules_of(inner, path, seen)


def _files_of_role(role: dict[str, str]) -> list[Path]:
    name, tasks = role["name"].removeprefix("groundwork.aws."), role.get("tasks_from", "main")
    pattern = f"tasks/{'*' if '{{' in tasks else tasks.removesuffix('.yml')}.yml"
    # A name that a template makes is that of the role of a runtime.
    names = RUNTIME_ROLES if "{{" in name else {name}
    return sorted(path for role_name in names for path in (CHECKOUT / "roles" / role_name).glob(pattern))


def is_another_one(path: Path) -> bool:
    """Whether a playbook only imports one other, and so needs what that needs."""
    return [[*play.keys() - {"name", "vars", "tags"}] for play in yaml.safe_load(path.read_text())] == [
        ["ansible.builtin.import_playbook"]
    ]


def test_the_page_says_which_policies_each_playbook_needs() -> None:
    rows = re.findall(r"^\| (`.*?) \| (look.*?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name: set(needed.split(", ")) for names, needed in rows for name in re.findall(r"`([a-z_]+)`", names)}
    needed: dict[str, set[str]] = {}
    for path in sorted((CHECKOUT / "playbooks").glob("*.yml")):
        used = set(modules_of(path, set()))
        if used & POLICIES.keys() and not is_another_one(path):
            needed[path.stem] = {"look"}.union(*(POLICIES[module] for module in used & POLICIES.keys()))
    assert documented == needed


def test_every_module_that_reaches_aws_has_its_policies() -> None:
    """So has the group of `module_defaults`."""
    extending = "groundwork.aws.aws\n"
    paths = (CHECKOUT / "plugins" / "modules").glob("*.py")
    modules = {path.stem for path in paths if extending in path.read_text(encoding="utf-8")}
    assert modules == POLICIES.keys()
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert set(runtime["action_groups"]["aws"]) == modules


@pytest.mark.parametrize("path", sorted((CHECKOUT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_plays_take_the_connection_of_the_inventory(path: Path) -> None:
    for play in yaml.safe_load(path.read_text(encoding="utf-8")):
        if "hosts" in play and set(_modules_of(play, path, set())) & POLICIES.keys():
            defaults = play.get("module_defaults", {}).get("group/groundwork.aws.aws")
            assert defaults == "{{ groundwork_connection | default({}, true) }}", play["name"]


@pytest.mark.parametrize("path", sorted((CHECKOUT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_plays_take_the_document_of_the_inventory(path: Path) -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    readers = set(runtime["action_groups"]["topology"])
    for play in yaml.safe_load(path.read_text(encoding="utf-8")):
        if "hosts" in play and set(_modules_of(play, path, set())) & readers:
            defaults = play.get("module_defaults", {}).get("group/groundwork.aws.topology")
            assert defaults == {
                "topology": "{{ stack_document }}",
                "overrides": "{{ stack_overrides | default({}) }}",
            }, play["name"]


def test_the_interpreter_of_the_controller_is_set_in_one_file() -> None:
    files = [path for folder in ("playbooks", "roles") for path in (CHECKOUT / folder).rglob("*.yml")]
    named = [path for path in files if "ansible_playbook_python" in path.read_text(encoding="utf-8")]
    assert named == [CHECKOUT / "playbooks" / "host_vars" / "localhost.yml"]

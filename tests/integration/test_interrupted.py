# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible-playbook that is interrupted, ended or killed: its worker does not go on with the run, and the next run
completes it. Two runs at once: the second waits, or names the holder of the lock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rig.faults import Call, Delay, Do, When, named
from rig.runs import BIN, CHECKOUT, environment
from rig.stacks import DOCUMENT, NAME, WHOLE, Stack, Stacks, assert_same, base_of
from test_lock import hold

pytestmark = pytest.mark.long

PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - groundwork.aws.%s: "{{ given }}"
"""
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
DATA = base_of("data", "db_instance/main", "secret/app")


@dataclass
class Play:
    """A run of ansible-playbook that can be sent signals."""

    process: subprocess.Popen[str]
    # The workers that a fault has found, by the lock that they held.
    workers: list[int] = field(default_factory=list)

    def finish(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=120)
        return self.process.returncode, output

    def workers_end(self, seconds: float = 60) -> bool:
        """Whether no worker is left after some time."""
        deadline = time.monotonic() + seconds
        while any(is_alive(pid) for pid in self.workers):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def start(stack: Stack, directory: Path, module: str = "stack", **options: Any) -> Play:
    playbook = directory / f"{module}.yml"
    playbook.write_text(PLAY % module)
    extra = {"given": {"topology": DOCUMENT, "overrides": WHOLE, **options}}
    known = {
        **environment(stack.proxy.url),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(directory),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    process = subprocess.Popen(
        [str(BIN / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(playbook), "-e", json.dumps(extra)],
        env=known, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    return Play(process)


def end_at(stack: Stack, when: When, number: signal.Signals, directory: Path, module: str, **options: Any) -> Play:
    """Start a run and send ansible-playbook a signal at a call, which is obeyed all the same."""
    running: list[Play] = []

    def send(_call: Call) -> None:
        running[0].workers += children(running[0].process.pid)
        os.kill(running[0].process.pid, number)
        # As a terminal would do, which the worker of a task is not in.
        time.sleep(0.3)

    stack.proxy.forget()
    stack.proxy.faults.add(when, Do(send), times=1)
    running.append(start(stack, directory, module, **options))
    code, output = running[0].finish()
    assert code != 0, output
    assert running[0].workers, f"the run did not get to that call\n{output}"
    return running[0]


def changes(stack: Stack) -> list[str]:
    return [call.name for call in stack.proxy.mutations if call.operation.service != "ssm"]


def again(stack: Stack, directory: Path, module: str = "stack", **options: Any) -> str:
    stack.proxy.faults.clear()
    code, output = start(stack, directory, module, **options).finish()
    assert code == 0, output
    return output


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("moment", ["PutParameter", "CreateVpc", "RunInstances", "AssociateAddress"])
def test_a_run_that_is_ended_stops_and_the_next_one_completes_it(
    stacks: Stacks, tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    play = end_at(stack, named(moment), number, tmp_path, "stack", parallel=1)
    assert play.workers_end(), "a worker goes on although ansible-playbook has ended"
    made = changes(stack)
    # At most the rest of one step: a VPC is made, and then two of its attributes are set.
    after = made[made.index(moment) + 1 :] if moment in made else made
    assert len(after) <= 3, made
    stack.proxy.settle()
    again(stack, tmp_path, lock_wait=0)
    assert_same(stack.account.state(), expected.account.state())
    stack.assert_quiet()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_run_that_is_ended_while_it_waits_for_the_lock_does_not_begin(
    stack: Stack, tmp_path: Path, number: signal.Signals
) -> None:
    hold(stack, expires_in=12)
    asked: list[str] = []

    def third(call: Call) -> bool:
        asked.append(call.name)
        return asked.count("GetParametersByPath") == 3

    play = end_at(stack, third, number, tmp_path, "stack", lock_wait=60)
    assert play.workers_end(), "a worker goes on although ansible-playbook has ended"
    assert stack.proxy.mutations == []


def test_a_second_playbook_names_the_holder_of_the_lock_or_waits_for_it(stack: Stack, tmp_path: Path) -> None:
    stack.proxy.faults.add(named("RunInstances"), Delay(12), times=1)
    first = start(stack, tmp_path)
    deadline = time.monotonic() + 60
    while "RunInstances" not in stack.proxy.names():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (holder,) = children(first.process.pid)
    code, output = start(stack, tmp_path, lock_wait=0).finish()
    assert code == 2
    said = " ".join(output.split())
    assert f"stack {NAME} is locked by" in said
    assert f"pid {holder}" in said
    assert "Nothing was changed" in said
    code, output = start(stack, tmp_path, lock_wait=60).finish()
    assert code == 0, output
    assert first.finish()[0] == 0
    assert stack.proxy.names().count("RunInstances") == 1


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_backup_that_is_ended_is_completed_by_the_next_one(
    stacks: Stacks, tmp_path: Path, number: signal.Signals
) -> None:
    stack = stacks(DATA)
    stack.made()
    options = {"topology": DATA.topology, "overrides": {}}
    play = end_at(stack, named("CreateDBSnapshot"), number, tmp_path, "database_snapshot", **options)
    assert play.workers_end()
    stack.proxy.settle()
    again(stack, tmp_path, "database_snapshot", **options, lock_wait=0)
    rds = stack.account.client("rds")
    taken = rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert {one["Status"] for one in taken} == {"available"}


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("moment", ["RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance", "RemoveTagsFromResource"])
def test_a_restore_that_is_ended_is_completed_by_the_next_one(
    stacks: Stacks, tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    stack = stacks(DATA)
    stack.made()
    options = {"topology": DATA.topology, "overrides": {}}
    again(stack, tmp_path, "database_snapshot", **options)
    old = {one["DbiResourceId"] for one in stack.account.client("rds").describe_db_instances()["DBInstances"]}
    options["snapshot"] = "newest"
    states = ["restored", "switched"]
    if moment != "RestoreDBInstanceFromDBSnapshot":
        again(stack, tmp_path, "database_restore", **options)
        states = ["switched"]
    play = end_at(stack, named(moment), number, tmp_path, "database_restore", **options, state=states[0], lock_wait=0)
    assert play.workers_end()
    assert len(changes(stack)) <= 8
    stack.proxy.settle()
    for state in states:
        again(stack, tmp_path, "database_restore", **options, state=state, lock_wait=0)
    found = stack.account.client("rds").describe_db_instances()["DBInstances"]
    assert len(found) == 2
    assert next(one for one in found if one["DBInstanceIdentifier"] == "data-main")["DbiResourceId"] not in old
    stack.assert_quiet()

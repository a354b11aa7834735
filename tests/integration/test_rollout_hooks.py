# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hooks of the document in real rollouts: when they run, what they know, and what their failure does."""

from __future__ import annotations

from typing import Any

import pytest
from rig.rollouts import RolloutRig
from support.http_server import HttpServer, answer

MOMENTS = ("before_rollout", "before_batch", "before_host", "after_host", "after_batch", "after_rollout")
RETURNED = "Every host that was moved serves the release that it had before"
VARIABLES = ("ACTION", "SERVICES", "VERSIONS", "HOSTS", "BATCH", "VERDICT")


def write(rig: RolloutRig, moment: str, code: int = 0) -> dict[str, Any]:
    """A step that writes down its moment and what it knows, prints a secret, and ends with a code."""
    known = " ".join(f"${{ROLLOUT_{name}:--}}" for name in VARIABLES)
    script = f'echo "{moment} {known}" >> {rig.directory}/served.log; echo "s3cret; $HOME"; exit {code}'
    return {"command": ["/bin/sh", "-c", script]}


def test_every_moment_has_its_place_and_knows_what_moves(rig: RolloutRig) -> None:
    rig.rollout = {"hooks": {moment: [write(rig, moment)] for moment in MOMENTS}}
    rig.service = {"rollout": {"hooks": {"after_host": [write(rig, "own")]}}}
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output

    def batch(number: int) -> list[str]:
        host = f"web-{number}"
        known = f"deploy web web=v2 {host} {number} -"
        return [
            f"before_batch {known}",
            f"before_host {known}",
            f"{host} serves 2",
            f"after_host {known}",
            f"own {known}",
            f"after_batch {known}",
        ]

    assert rig.log == [
        "before_rollout deploy web web=v2 web-1 web-2 - -",
        *batch(1),
        *batch(2),
        "after_rollout deploy web web=v2 web-1 web-2 - finished",
    ]
    assert (rig.read_ledger().status.value, rig.locks) == ("finished", [])


@pytest.mark.long
@pytest.mark.parametrize(("program", "directory"), [("bin/warm", "bin"), ("warm", ".venv/bin")])
def test_a_host_runs_a_program_of_its_release(rig: RolloutRig, program: str, directory: str) -> None:
    """By its path in the release, or by its name where the path of the service has it."""
    file = rig.directory / "release" / directory / "warm"
    file.parent.mkdir(parents=True)
    file.write_text(f'#!/bin/sh\necho "$PWD $1" >> {rig.directory}/served.log\n')
    file.chmod(0o755)
    rig.rollout = {"hooks": {"before_host": [{"command": [program, "$HOME; x"]}]}}
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    known = f"{rig.directory}/release $HOME; x"
    assert rig.log == [known, "web-1 serves 2", known, "web-2 serves 2"]


@pytest.mark.parametrize(
    ("moment", "moved", "status"),
    [
        ("before_rollout", [], "failed"),
        ("before_batch", [], "failed"),
        ("before_host", ["web-1 serves 1 again"], "rolled_back"),
        ("after_host", ["web-1 serves 2", "web-1 serves 1 again"], "rolled_back"),
        ("after_batch", ["web-1 serves 2", "web-1 serves 1 again"], "rolled_back"),
    ],
)
def test_a_hook_that_fails_ends_the_rollout(rig: RolloutRig, moment: str, moved: list[str], status: str) -> None:
    rig.rollout = {
        "hooks": {moment: [write(rig, moment, code=3), write(rig, "never")], "after_rollout": [write(rig, "after")]}
    }
    deploy = rig.deploy()
    assert deploy.code != 0
    assert [line for line in rig.log if "serves" in line] == moved
    assert not [line for line in rig.log if line.startswith("never")]
    assert rig.log[-1] == f"after deploy web web=v2 web-1 web-2 - {status}"
    assert f"hook {moment}" in deploy.said, deploy.output
    assert "it ended with 3" in deploy.said
    record = rig.read_ledger()
    assert (record.status.value, rig.locks) == (status, [])
    assert f"hook {moment}" in record.reason
    # What a command prints is shown, and recorded nowhere.
    assert "s3cret" in deploy.output
    assert "s3cret" not in repr(record)


@pytest.mark.long
def test_a_hook_that_fails_after_the_rollout_changes_nothing(rig: RolloutRig) -> None:
    rig.rollout = {"hooks": {"after_rollout": [write(rig, "after", code=3)]}}
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    assert "The deploy has ended, but its hook after_rollout (/bin/sh): it ended with 3" in deploy.said
    assert rig.read_ledger().status.value == "finished"


def test_a_smoke_test_of_a_batch_is_asked_until_it_is_good(rig: RolloutRig, web: HttpServer) -> None:
    web.script(answer(503), answer(200))
    rig.rollout = {"hooks": {"after_batch": [{"request": {"url": f"{web.url}/smoke"}, "timeout": 10}]}}
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    assert [one.target for one in web.asked] == ["/smoke"] * 3


@pytest.mark.long
def test_a_smoke_test_that_fails_returns_the_hosts(rig: RolloutRig, web: HttpServer) -> None:
    web.script(answer(200, b"broken"))
    step = {"request": {"url": f"{web.url}/smoke", "body": "^ok$"}, "timeout": 1}
    rig.rollout = {"hooks": {"after_batch": [step]}}
    deploy = rig.deploy()
    assert deploy.code != 0
    assert rig.log == ["web-1 serves 2", "web-1 serves 1 again"]
    assert f"hook after_batch (GET {web.url}/smoke): no good answer within 1 s." in deploy.said
    assert RETURNED in deploy.said


@pytest.mark.long
def test_a_path_of_a_host_is_asked_at_its_service(rig: RolloutRig, web: HttpServer) -> None:
    rig.service = {
        "port": int(web.url.rpartition(":")[2]),
        "rollout": {"hooks": {"after_host": [{"request": {"path": "/smoke", "method": "HEAD"}, "timeout": 5}]}},
    }
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    assert [(one.method, one.target) for one in web.asked] == [("HEAD", "/smoke")] * 2


@pytest.mark.long
def test_check_mode_and_rollbacks_run_no_hook_that_could_stop_them(rig: RolloutRig) -> None:
    rig.rollout = {"hooks": {moment: [write(rig, moment)] for moment in MOMENTS}}
    check = rig.deploy("--check")
    assert check.code == 0, check.output
    assert rig.log == []
    rollback = rig.play("rollback")
    assert rollback.code == 0, rollback.output
    assert rig.log == [
        "web-1 serves 1 again",
        "web-2 serves 1 again",
        "after_rollout rollback web web=v1 web-1 web-2 - finished",
    ]


def test_a_request_that_can_never_be_sent_moves_no_host(rig: RolloutRig) -> None:
    rig.rollout = {"hooks": {"after_batch": [{"request": {"path": "/smoke"}}]}}
    deploy = rig.deploy()
    assert deploy.code != 0
    assert "hook after_batch: the stack has no URL yet at which /smoke could be asked" in deploy.said
    assert rig.log == []


@pytest.mark.long
def test_a_trial_that_fails_on_one_host_moves_none(rig: RolloutRig) -> None:
    rig.variables = {"rig_unfit": ["web-2"]}
    deploy = rig.deploy()
    assert deploy.code != 0
    assert "The deploy" in deploy.said
    assert "web-2: the release does not start on a port of its own" in deploy.said
    assert "No host was moved: all serve as before" in deploy.said
    assert rig.log == []
    assert rig.read_ledger().status.value == "failed"

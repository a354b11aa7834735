# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's command line and its process, without machines."""

from __future__ import annotations

import errno
import os
import signal
import socket
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from labtools import KEYS, Lab, client, refused

from lab.description import Description, write_description
from lab.paths import LabPaths
from lab.ports import read_local_ports


@pytest.fixture(scope="module")
def api(new_lab: Callable[..., Lab]) -> Iterator[Lab]:
    """A lab that is only an API."""
    lab = new_lab("--no-guests")
    yield lab
    lab.down()
    assert not (lab.home / lab.name).exists()


def test_up_again_does_nothing(api: Lab) -> None:
    before = api.pid
    api.up()
    assert api.pid == before
    other = api.run("up", "--port", "1", check=False)
    assert other.returncode == 1
    assert "runs already, on port" in other.stderr


def test_what_was_answered_survives_a_kill(api: Lab) -> None:
    account = api.account()
    account.make_network()
    instance = account.launch(
        ClientToken="one",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9, "Encrypted": True}}],
    )
    account.wait(instance, "running")
    account.ec2.allocate_address(Domain="vpc")
    account.ssm.put_parameter(Name="/groundwork/s/lock/1", Value="me", Type="String")
    account.ec2.create_tags(Resources=[instance], Tags=[{"Key": "last", "Value": "change"}])
    os.kill(api.pid, signal.SIGKILL)
    api.up()
    after = api.account()
    for name in ("vpc", "subnet", "group"):
        setattr(after, name, getattr(account, name))
    found = after.instance(instance)
    assert {"Key": "last", "Value": "change"} in found["Tags"]
    assert found["State"]["Name"] == "running"
    assert len(after.ec2.describe_addresses()["Addresses"]) == 1
    assert after.ssm.get_parameter(Name="/groundwork/s/lock/1")["Parameter"]["Value"] == "me"
    again = after.launch(PrivateIpAddress="10.0.1.20")
    assert after.wait(again, "running")["PrivateIpAddress"] == "10.0.1.20"
    assert after.instance(after.launch())["PrivateIpAddress"] not in (found["PrivateIpAddress"], "10.0.1.20")
    after.terminate(instance)
    assert after.image.startswith("ami-")


def test_a_port_that_is_taken(api: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Lab("taken", api.home).run("up", "--no-guests", "--port", str(port), check=False)
    assert refused.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use by" in refused.stderr
    mine = api.exports["AWS_ENDPOINT_URL"].rpartition(":")[2]
    refused = Lab("taken", api.home).run("up", "--no-guests", "--port", mine, check=False)
    assert f'in use by the lab "{api.name}"' in refused.stderr


def test_its_port_is_none_that_outgoing_connections_get(api: Lab) -> None:
    port = int(api.exports["AWS_ENDPOINT_URL"].rpartition(":")[2])
    assert port not in read_local_ports()


def test_a_port_that_is_taken_while_the_process_starts(api: Lab) -> None:
    """`lab up` chooses another one when the process ends with this status."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = Lab("busy", api.home)
        write_description(LabPaths(api.home / busy.name), Description(busy.name, taken.getsockname()[1], guests=False))
        assert busy.run("serve", check=False).returncode == errno.EADDRINUSE
    busy.run("down", "--keep-engine")


def test_it_listens_on_loopback_only(api: Lab) -> None:
    port = int(api.exports["AWS_ENDPOINT_URL"].rpartition(":")[2])
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/groundwork-lab/health", timeout=5) as answer:
        assert answer.status == 200
    with open("/proc/net/tcp") as table:
        listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    assert [one for one in listening if one.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_state_of_another_version_is_refused(api: Lab) -> None:
    os.kill(api.pid, signal.SIGKILL)
    state = api.home / api.name / "state"
    kept = state.read_bytes()
    state.write_bytes(b"not a state")
    refused = api.run("up", check=False)
    assert refused.returncode == 1
    assert "cannot read the lab's state" in refused.stderr
    state.write_bytes(kept)
    api.up()


def test_the_key_of_a_lab_is_for_its_user_and_stays_the_same(api: Lab) -> None:
    directory = api.home / api.name
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "credentials").stat().st_mode & 0o777 == 0o600
    before = api.exports
    os.kill(api.pid, signal.SIGKILL)
    # As an earlier version has left it.
    directory.chmod(0o755)
    api.up()
    assert directory.stat().st_mode & 0o777 == 0o700
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert [api.exports[name] for name in names] == [before[name] for name in names]
    assert api.account().ec2.describe_vpcs()["Vpcs"]


def test_the_key_of_another_lab_is_rejected(api: Lab, new_lab: Callable[..., Lab]) -> None:
    other = new_lab("--no-guests")
    key = KEYS[other.exports["AWS_ENDPOINT_URL"]]
    assert key != KEYS[api.exports["AWS_ENDPOINT_URL"]]
    assert refused(client("ec2", api.exports["AWS_ENDPOINT_URL"], **key).describe_vpcs) == "AuthFailure"
    other.down()


def test_a_lab_without_a_key_says_what_to_do(api: Lab) -> None:
    """One that an earlier version has started and that still runs."""
    path = api.home / api.name / "credentials"
    kept = path.read_text()
    path.unlink()
    shown = api.run("env", check=False)
    path.write_text(kept)
    assert shown.returncode == 1
    assert "`lab down` and `lab up` make a lab with a new access key" in shown.stderr
    assert shown.stdout == ""


def test_status(api: Lab) -> None:
    shown = api.run("status").stdout
    assert api.exports["AWS_ENDPOINT_URL"] in shown
    assert str(api.pid) in shown

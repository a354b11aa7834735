# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's decisions: what to do about an instance, which addresses a lab has, how a guest is wired."""

from __future__ import annotations

import io
import tarfile
from itertools import islice

import pytest

from lab.guests.seed import seed
from lab.guests.wiring import addresses, namespace_name, port_name
from lab.machines import Machine, Power
from lab.ranges import choose
from lab.reconcile import Action, decide


@pytest.mark.parametrize(
    ("state", "power", "reboot", "action"),
    [
        ("pending", Power.ABSENT, False, Action.BOOT),
        ("pending", Power.OFF, False, Action.BOOT),
        ("pending", Power.RUNNING, False, Action.BOOT),
        ("running", Power.RUNNING, False, Action.WIRE),
        ("running", Power.RUNNING, True, Action.REBOOT),
        ("running", Power.REBOOTING, False, Action.BOOT),
        ("running", Power.CRASHED, False, Action.BOOT),
        ("running", Power.OFF, False, Action.SWITCHED_OFF),
        ("running", Power.ABSENT, False, Action.LOST),
        ("stopping", Power.RUNNING, False, Action.SHUT_DOWN),
        ("stopping", Power.OFF, False, Action.STOPPED),
        ("stopping", Power.ABSENT, False, Action.STOPPED),
        ("stopped", Power.OFF, False, Action.NOTHING),
        ("stopped", Power.RUNNING, False, Action.NOTHING),
        ("shutting-down", Power.RUNNING, False, Action.REMOVE),
        ("shutting-down", Power.ABSENT, False, Action.REMOVE),
        ("terminated", Power.ABSENT, False, Action.NOTHING),
    ],
)
def test_what_an_instance_needs(state: str, power: Power, reboot: bool, action: Action) -> None:
    assert decide(state, power, reboot) is action


def test_first_lab_gets_the_first_range() -> None:
    chosen = next(choose([]))
    assert str(chosen.network) == "198.51.100.0/24"
    assert (chosen.gateway, chosen.containers) == ("198.51.100.1", "198.51.100.128/25")
    assert (chosen.first, chosen.last) == (4, 127)


def test_ranges_in_use_are_passed_over() -> None:
    used = ["198.51.100.0/25", "192.0.2.2", "203.0.113.80/32", "198.18.0.0/23"]
    assert str(next(choose(used)).network) == "198.18.2.0/24"


def test_there_are_many_ranges() -> None:
    assert len({one.network for one in islice(choose([]), 100)}) == 100


def test_names_of_networks_and_ports() -> None:
    assert namespace_name("a", "vpc-1") != namespace_name("b", "vpc-1")
    assert namespace_name("a", "vpc-1") != namespace_name("a", "vpc-2")
    assert not namespace_name("a-b", "vpc-1").startswith("gwlab.a.")
    assert len(port_name("i-0123456789abcdef0")) <= 15


def machine(**more: object) -> Machine:
    whole = {"vpc_cidrs": ("10.0.0.0/16", "10.9.0.0/16"), "private_ip": "10.0.1.4", **more}
    return Machine(id="i-1", region="us-east-1", **whole)  # type: ignore[arg-type]


def script(**more: object) -> list[str]:
    return addresses(machine(**more), "198.51.100.1", "198.51.100.0/24").splitlines()


def test_a_public_instance_goes_out_with_its_address() -> None:
    lines = script(public_ip="198.51.100.9", egress=True)
    assert "ip address replace 10.0.1.4/16 dev ens5" in lines
    assert "ip route replace 10.9.0.0/16 dev ens5 src 10.0.1.4" in lines
    assert "ip address replace 198.51.100.9/32 dev eth0 label eth0:public" in lines
    assert lines[-1] == "ip route replace default via 198.51.100.1 dev eth0 src 198.51.100.9"


def test_an_instance_whose_routes_lead_nowhere_does_not_go_out() -> None:
    lines = script()
    assert lines[-1].startswith("ip route delete default")
    assert not any("label eth0:public" in line and " replace " in line for line in lines)


def unpacked(archive: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as found:
        return {one.name: one for one in found.getmembers()}


def test_the_key_is_for_admin_alone() -> None:
    entries = unpacked(seed(machine(public_key="ssh-ed25519 AAAA")))
    keys = entries["home/admin/.ssh/authorized_keys"]
    assert (keys.mode, keys.uid, keys.size) == (0o600, 1000, len("ssh-ed25519 AAAA\n"))
    assert entries["home/admin/.ssh"].mode == 0o700


def test_nothing_to_log_in_with_and_nothing_to_run() -> None:
    entries = unpacked(seed(machine()))
    assert not any(name.startswith("home") or name.endswith("user-data.txt") for name in entries)

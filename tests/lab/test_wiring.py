# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports of a VPC, with network namespaces of the kernel in the place of containers."""

from __future__ import annotations

import contextlib
import subprocess
import textwrap
import uuid
from collections.abc import Iterator

import pytest
from labtools import until

from lab.guests import wiring
from lab.guests.firewall import name_servers, port_guard, ruleset
from lab.guests.namespaces import check_network, inside
from lab.machines import Machine, Rule
from lab.metadata.service import listen_inside
from lab.shell import LabError

# Network namespaces need root.
pytestmark = pytest.mark.docker

ALL = (Rule("-1", None, None, ("0.0.0.0/0",)),)
# Who asks, and for whom: an answer of ARP that nobody asked for.
CLAIM = """
    import socket
    claim = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    claim.bind(("ens5", 0))
    mac, address = bytes.fromhex("{mac}".replace(":", "")), socket.inet_aton("{address}")
    body = b"\\0\\1\\10\\0\\6\\4\\0\\2" + mac + address + b"\\xff" * 6 + address
    for _ in range(3):
        claim.send(b"\\xff" * 6 + mac + b"\\x08\\x06" + body)
"""
CONNECT = """
    import socket
    try:
        socket.create_connection(("{address}", 8), timeout=1)
    except ConnectionRefusedError:
        print("refused")
    except OSError:
        print("lost")
"""
ECHO = """
    import socket
    connection, _ = socket.create_server(("198.51.100.1", 7)).accept()
    while data := connection.recv(100):
        connection.send(data)
"""
# A connection that is used once for each line of the input.
KEEP = """
    import socket, sys
    connection = socket.create_connection(("198.51.100.1", 7))
    connection.settimeout(2)
    print("connected", flush=True)
    for line in sys.stdin:
        connection.send(line.encode())
        try:
            print(connection.recv(100).decode().strip(), flush=True)
        except TimeoutError:
            print("lost", flush=True)
"""
HEAR = """
    import socket
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind(("0.0.0.0", 9))
    print("hears", flush=True)
    while True:
        print(*port.recvfrom(100), flush=True)
"""
SEND = """
    import socket
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind(("{source}", 0))
    port.sendto(b"{word}", ("{to}", 9))
"""


class Stand:
    """A namespace in the place of a guest's container, as Docker makes it: with an interface of the public network."""

    def __init__(self, number: int, lab: str, vpc: str) -> None:
        self.name = f"{lab}-{number}"
        self.path = f"/run/netns/{self.name}"
        self.machine = Machine(
            id=f"i-{number}",
            region="us-east-1",
            mac=f"02:00:00:00:00:{number:02x}",
            vpc=vpc,
            vpc_cidrs=("10.0.0.0/16",),
            private_ip=f"10.0.1.{number}",
            ingress=ALL,
            outgoing=ALL,
        )
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "docker0")
        self.run("ip", "link", "set", "docker0", "up")
        self.run("ip", "link", "set", "eth0", "up")

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program with all power over the namespace, which no guest has."""
        return subprocess.run(inside(self.path, *command), capture_output=True, text=True, timeout=20, check=check)

    def python(self, script: str) -> None:
        self.run("python3", "-c", textwrap.dedent(script))

    def reaches(self, address: str) -> bool:
        """Whether a connection is refused, not lost: nothing listens."""
        done = self.run("python3", "-c", textwrap.dedent(CONNECT.format(address=address)), check=False)
        assert done.stdout in ("refused\n", "lost\n"), done.stderr
        return done.stdout == "refused\n"


@pytest.fixture
def stands() -> Iterator[list[Stand]]:
    """Three guests of a VPC."""
    lab = f"t{uuid.uuid4().hex[:6]}"
    plugs = wiring.Plugs(lab, "198.51.100.1", "198.51.100.0/24")
    made = []
    try:
        for number in (4, 5, 6):
            made.append(Stand(number, lab, "vpc-1"))
            plugs.wire(made[-1].machine, made[-1].path)
        yield made
    finally:
        wiring.remove_namespaces(
            [*(path.name for path in wiring.NAMESPACES.glob(f"{lab}-*")), *wiring.lab_namespaces(lab)]
        )


def test_guests_of_a_vpc_reach_each_other(stands: list[Stand]) -> None:
    for one in stands:
        assert [other.machine.private_ip for other in stands if not one.reaches(other.machine.private_ip)] == []


def test_a_guest_with_power_over_its_network_cannot_take_an_address(stands: list[Stand]) -> None:
    thief, victim, client = stands
    address = victim.machine.private_ip
    assert client.reaches(address)
    thief.run("nft", "flush", "ruleset")
    thief.run("ip", "address", "add", f"{address}/32", "dev", "ens5")
    thief.python(CLAIM.format(mac=thief.machine.mac, address=address))
    known = client.run("ip", "neighbour", "show", "to", address).stdout
    assert victim.machine.mac in known
    assert thief.machine.mac not in known
    # Also when the client does not know it yet.
    client.run("ip", "neighbour", "flush", "dev", "ens5")
    thief.python(CLAIM.format(mac=thief.machine.mac, address=address))
    assert client.reaches(address)
    assert victim.machine.mac in client.run("ip", "neighbour", "show", "to", address).stdout


def test_packets_from_the_address_of_another_guest_do_not_arrive(stands: list[Stand]) -> None:
    thief, victim, client = stands
    thief.run("nft", "flush", "ruleset")
    thief.run("ip", "address", "add", f"{victim.machine.private_ip}/32", "dev", "ens5")
    command = inside(client.path, "python3", "-c", textwrap.dedent(HEAR))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as hearing:
        try:
            assert hearing.stdout
            assert hearing.stdout.readline() == "hears\n"
            to = client.machine.private_ip
            thief.python(SEND.format(source=victim.machine.private_ip, word="false", to=to))
            thief.python(SEND.format(source=thief.machine.private_ip, word="true", to=to))
            assert hearing.stdout.readline().startswith(f"b'true' ('{thief.machine.private_ip}'")
        finally:
            hearing.kill()


def test_a_port_passes_no_frame_with_the_hardware_address_of_another(stands: list[Stand]) -> None:
    thief, victim, client = stands
    assert thief.reaches(client.machine.private_ip)
    thief.run("ip", "link", "set", "ens5", "address", victim.machine.mac)
    assert not thief.reaches(client.machine.private_ip)
    thief.run("ip", "link", "set", "ens5", "address", thief.machine.mac)
    until("it is itself again", lambda: thief.reaches(client.machine.private_ip))


def test_an_address_that_moves_to_another_guest_is_reached_there(stands: list[Stand]) -> None:
    """As those of network interfaces that are replaced."""
    before, after, client = stands
    lab = before.name.rpartition("-")[0]
    vpc = wiring.namespace_name(lab, "vpc-1")
    moved = Machine(**{**vars(after.machine), "private_ip": "10.0.1.9"})
    assert not client.reaches("10.0.1.9")
    wiring.Plugs(lab, "198.51.100.1", "198.51.100.0/24").wire(moved, after.path)
    until("the new address answers", lambda: client.reaches("10.0.1.9"))
    assert not client.reaches(after.machine.private_ip)
    # What is loaded again, as after a restart of the lab, breaks nothing.
    wiring.apply_guard(vpc, port_guard(before.machine, wiring.port_name(before.machine.id)))
    assert client.reaches(before.machine.private_ip)
    assert client.reaches("10.0.1.9")


@contextlib.contextmanager
def running(one: Stand, script: str) -> Iterator[subprocess.Popen[str]]:
    command = inside(one.path, "python3", "-c", textwrap.dedent(script))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.mark.parametrize(("outgoing", "answer"), [(ALL, "later"), ((), "lost")], ids=["allowed", "closed"])
def test_a_connection_from_before_the_rules_ends_unless_groups_allow_it(
    outgoing: tuple[Rule, ...], answer: str, stands: list[Stand]
) -> None:
    early, _, world = stands
    # As after the start of a container: no rules of the lab, but Docker's address translation for its name server.
    for one in (early, world):
        one.run("nft", "flush", "ruleset")
    early.run("nft", "add table ip docker; add chain ip docker names { type nat hook output priority -100; }")
    early.run("nft", "add rule ip docker names ip daddr 127.0.0.11 udp dport 53 dnat ip to 127.0.0.11:5353")
    early.run("ip", "link", "set", "docker0", "down")
    early.run("ip", "link", "set", "docker0", "name", "outside")
    early.run("ip", "link", "set", "outside", "netns", world.path)
    world.run("ip", "address", "add", "198.51.100.1/32", "dev", "outside")
    world.run("ip", "link", "set", "outside", "up")
    world.run("ip", "route", "replace", "198.51.100.130/32", "dev", "outside")
    early.run("ip", "address", "add", "198.51.100.130/24", "dev", "eth0")
    rules = ruleset(Machine(**{**vars(early.machine), "egress": True, "outgoing": outgoing}))
    with running(world, ECHO):
        until("the server listens", lambda: ":7 " in world.run("ss", "-Hltn").stdout)
        with running(early, KEEP) as client:
            assert client.stdout
            assert client.stdout.readline() == "connected\n"
            assert say(client, "before") == "before"
            wiring.apply_ruleset(early.path, rules)
            assert say(client, "later") == answer
            # As after a restart of the lab.
            wiring.apply_ruleset(early.path, rules)
            assert say(client, "later") == answer


def test_metadata_is_served_in_the_network_of_the_guest(stands: list[Stand]) -> None:
    with listen_inside(stands[0].path):
        listening = "ss -Hltn src 169.254.169.254"
        assert ":45080" in stands[0].run(*listening.split()).stdout
        assert stands[1].run(*listening.split()).stdout == ""
        assert subprocess.run(listening.split(), capture_output=True, text=True, check=True).stdout == ""


def test_name_servers_of_the_machine_can_be_a_rule(stands: list[Stand]) -> None:
    """The kernel takes what `name_servers` finds, and examples where it finds none."""
    for servers in (name_servers(), ("192.0.2.1", "192.0.2.2")):
        rules = ruleset(Machine(id="i-4", region="us-east-1", egress=True), servers)
        wiring.apply_ruleset(stands[0].path, rules)


def test_a_network_that_belongs_to_a_guest_is_rejected() -> None:
    with subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE
    ) as owner:
        try:
            assert owner.stdout
            assert owner.stdout.readline()
            with pytest.raises(LabError, match="belongs to another user namespace"):
                check_network(f"/proc/{owner.pid}/ns/net")
        finally:
            owner.kill()

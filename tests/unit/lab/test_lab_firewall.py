# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security groups as rulesets."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lab.guests.firewall import name_servers, port_guard, ruleset
from lab.machines import Appliance, Machine, Rule

EVERYBODY = ("0.0.0.0/0",)
MACHINE = Machine(
    id="i-1",
    region="us-east-1",
    mac="02:00:00:00:00:01",
    private_ip="10.0.1.4",
    public_ip="198.51.100.9",
    egress=True,
    outgoing=(Rule("-1", None, None, EVERYBODY),),
)
BALANCER = Appliance("lb", (), "vpc-1", ("10.0.0.0/16",), "02:00:00:00:00:02", ("10.0.1.5", "10.0.2.5"))


def chain(rules: str, name: str) -> list[str]:
    body = rules.partition(f"chain {name} {{")[2].partition("}\nchain")[0].partition("\n}\n")[0]
    return [line.strip() for line in body.strip().splitlines()]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (Rule("tcp", 80, 80, EVERYBODY), "tcp dport 80 accept"),
        (Rule("tcp", 8000, 8100, ("10.0.0.0/8",)), "ip saddr { 10.0.0.0/8 } tcp dport 8000-8100 accept"),
        (
            Rule("udp", 53, 53, ("10.0.1.4/32", "10.0.1.5/32")),
            "ip saddr { 10.0.1.4/32, 10.0.1.5/32 } udp dport 53 accept",
        ),
        (Rule("6", 22, 22, EVERYBODY), "tcp dport 22 accept"),
        (Rule("icmp", None, None, EVERYBODY), "meta l4proto icmp accept"),
        (Rule("icmp", 8, None, EVERYBODY), "meta l4proto icmp icmp type 8 accept"),
        (Rule("-1", None, None, ("10.0.0.0/16",)), "ip saddr { 10.0.0.0/16 } accept"),
        (Rule("-1", None, None, EVERYBODY), "accept"),
        (Rule("50", None, None, EVERYBODY), "meta l4proto 50 accept"),
    ],
)
def test_each_kind_of_rule(rule: Rule, line: str) -> None:
    arriving = chain(ruleset(dataclasses.replace(MACHINE, ingress=(rule,))), "arriving")
    assert arriving[-2:] == [line, "counter drop"]


def test_no_rules_let_nothing_in() -> None:
    arriving = chain(ruleset(MACHINE), "arriving")
    assert arriving[-1] == "counter drop"
    assert [line for line in arriving if line.endswith("accept")] == [
        'iifname != { "eth0", "ens5" } accept',
        "ct state established,related accept",
    ]


def test_ipv6_peers_match_nothing() -> None:
    rules = ruleset(dataclasses.replace(MACHINE, ingress=(Rule("tcp", 80, 80, ("::/0",)),)))
    assert "tcp dport 80 accept" not in rules


def test_only_the_public_address_is_reached_from_outside() -> None:
    assert 'iifname "eth0" ip daddr != 198.51.100.9 counter drop' in ruleset(MACHINE)
    assert 'iifname "eth0" counter drop' in ruleset(dataclasses.replace(MACHINE, public_ip=""))


def test_outgoing_rules_are_held_too() -> None:
    closed = dataclasses.replace(MACHINE, outgoing=(Rule("tcp", 443, 443, EVERYBODY),))
    leaving = chain(ruleset(closed), "leaving")
    assert leaving[-3:] == ["ct state established,related accept", "tcp dport 443 accept", "counter drop"]


@pytest.mark.parametrize("servers", [(), ("192.0.2.1",), ("192.0.2.1", "192.0.2.2")])
def test_only_the_name_servers_of_the_machine_are_exempt_from_groups(servers: tuple[str, ...]) -> None:
    closed = dataclasses.replace(MACHINE, outgoing=())
    leaving = chain(ruleset(closed, servers), "leaving")
    assert [line for line in leaving if "dport 53" in line] == [
        f'oifname "eth0" ip daddr {server} meta l4proto {{ tcp, udp }} th dport 53 accept' for server in servers
    ]
    assert leaving[-1] == "counter drop"


def test_a_guest_without_a_way_out_opens_no_connection_on_the_public_network() -> None:
    """This machine and other guests are on it, also without a default route."""
    private = dataclasses.replace(MACHINE, public_ip="", egress=False)
    leaving = chain(ruleset(private, ("192.0.2.1",)), "leaving")
    dropped = leaving.index('oifname "eth0" counter drop')
    # Answers go out; what the groups accept comes after it.
    assert leaving.index("ct state established,related accept") < dropped < leaving.index("accept")
    assert not [line for line in leaving if "dport 53" in line]
    assert 'oifname "eth0" counter drop' not in chain(ruleset(MACHINE), "leaving")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["nameserver 192.0.2.2\nnameserver 192.0.2.1\nnameserver 192.0.2.1\n"], ("192.0.2.1", "192.0.2.2")),
        (["# nameserver 192.0.2.9\nsearch example.org\nnameserver 127.0.0.1\nnameserver 192.0.2.1\n"], ("192.0.2.1",)),
        (["nameserver fe80::1%eth0\nnameserver\n"], ()),
        (["nameserver 127.0.0.53\n", "nameserver 192.0.2.1\n"], ("192.0.2.1",)),
        (["nameserver 192.0.2.1\n", "nameserver 192.0.2.2\n"], ("192.0.2.1",)),
        (["nameserver 127.0.0.53\n"], ()),
        ([], ()),
    ],
    ids=["two", "loopback", "ipv6", "systemd-resolved", "first-file", "no-second-file", "no-file"],
)
def test_name_servers_are_those_that_docker_asks(texts: list[str], expected: tuple[str, ...], tmp_path: Path) -> None:
    files = [tmp_path / "etc", tmp_path / "run"]
    for path, text in zip(files, texts, strict=False):
        path.write_text(text)
    assert name_servers(files) == expected


@pytest.mark.parametrize(
    ("one", "addresses"), [(MACHINE, "{ 10.0.1.4 }"), (BALANCER, "{ 10.0.1.5, 10.0.2.5 }")], ids=["guest", "balancer"]
)
def test_a_port_passes_frames_from_its_own_addresses_only(one: Machine | Appliance, addresses: str) -> None:
    lines = port_guard(one, "v123").splitlines()
    rules = [
        line.partition("groundwork_lab v123 ")[2] for line in lines if line.startswith("add rule") and "v123" in line
    ]
    assert rules == [
        f"ether saddr != {one.mac} counter drop",
        f"ether type ip ip saddr {addresses} accept",
        f"ether type arp arp saddr ether {one.mac} arp saddr ip {addresses} accept",
        "counter drop",
    ]


def test_ports_without_a_guard_pass_nothing() -> None:
    guard = port_guard(MACHINE, "v123")
    assert (
        "add chain bridge groundwork_lab arriving { type filter hook prerouting priority -300; policy drop; }" in guard
    )
    assert guard.count("add element") == 1


def test_loading_a_guard_again_leaves_those_of_other_ports() -> None:
    flushed = [line for line in port_guard(MACHINE, "v123").splitlines() if not line.startswith("add ")]
    assert flushed == ["flush chain bridge groundwork_lab arriving", "flush chain bridge groundwork_lab v123"]


def test_connections_from_before_the_rules_are_not_established() -> None:
    """Docker connects a container before the lab can load the rules."""
    rules = ruleset(MACHINE)
    assert chain(rules, "zone_output")[-1] == 'oifname != "lo" ct zone set 1'
    assert chain(rules, "zone_prerouting")[-1] == 'iifname != "lo" ct zone set 1'
    # Connection tracking comes at -200.
    assert "priority -300;" in chain(rules, "zone_output")[0]
    assert "priority -300;" in chain(rules, "zone_prerouting")[0]


def test_loading_replaces_in_one_step() -> None:
    first, second, third, *_ = ruleset(MACHINE).splitlines()
    assert (first, second, third) == (
        "table inet groundwork_lab",
        "delete table inet groundwork_lab",
        "table inet groundwork_lab {",
    )


def test_metadata_leaves_port_80_to_the_guest() -> None:
    rules = ruleset(MACHINE)
    assert rules.count("ip daddr 169.254.169.254 tcp dport 80 dnat ip to 169.254.169.254:45080") == 2


def test_neighbours_do_not_get_the_metadata() -> None:
    """Not even with a rule for the port: the service would take them for the instance itself."""
    arriving = chain(ruleset(dataclasses.replace(MACHINE, ingress=(Rule("tcp", 80, 80, EVERYBODY),))), "arriving")
    assert arriving.index("ip daddr 169.254.169.254 counter drop") < arriving.index("tcp dport 80 accept")

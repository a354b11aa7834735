# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security groups as rulesets."""

from __future__ import annotations

import dataclasses

import pytest

from lab.guests.firewall import ruleset
from lab.machines import Machine, Rule

EVERYBODY = ("0.0.0.0/0",)
MACHINE = Machine(id="i-1", region="us-east-1", public_ip="198.51.100.9", outgoing=(Rule("-1", None, None, EVERYBODY),))


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
    assert leaving[-3:] == ["meta l4proto { tcp, udp } th dport 53 accept", "tcp dport 443 accept", "counter drop"]


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

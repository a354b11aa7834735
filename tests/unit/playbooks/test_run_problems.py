# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the first step of the playbooks refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.run_problems import run_problems

GIT, DIRECTORY = {"git": "https://git.test/shop.git"}, {"directory": "api", "git": None}
DOCUMENT = {
    "name": "shop",
    "services": {"web": {"source": GIT}, "user-api": {"source": DIRECTORY}, "jobs": {"source": DIRECTORY}},
}
RUNNING = {"shop-app-1": ["web", "user-api"], "shop-app-2": ["web", "user-api"], "shop-old-1": None}
BOTH = ("services", "ref")
EVERYWHERE = ("localhost", *RUNNING)


def problems(
    asked: dict[str, Any] | None = None,
    needs: tuple[str, ...] = ("hosts",),
    takes: tuple[str, ...] = BOTH,
    hosts: tuple[str, ...] = EVERYWHERE,
    known: tuple[str, ...] = tuple(RUNNING),
    document: dict[str, Any] = DOCUMENT,
) -> list[str]:
    hostvars: dict[str, dict[str, Any]] = {
        host: {} if names is None else {"groundwork_services": [{"name": name} for name in names]}
        for host, names in RUNNING.items()
    }
    return run_problems(asked or {}, needs, takes, hosts, {"groundwork": known}, hostvars, document)


@pytest.mark.parametrize("services", [None, "", [], "web", " web , user-api ", ["web", "web"], ("user-api",)], ids=str)
def test_services_of_the_stack_are_accepted_in_every_form(services: Any) -> None:
    assert problems({"services": services}) == []


@pytest.mark.parametrize(
    ("services", "text"),
    [
        ("wbe", 'services: there is no service "wbe" in the stack shop; did you mean "web"?'),
        ("user_api", 'services: there is no service "user_api" in the stack shop; did you mean "user-api"?'),
        ("xyz", 'services: there is no service "xyz" in the stack shop; known here: web, user-api, jobs'),
        (["web", 7], 'services: there is no service "7" in the stack shop; known here: web, user-api, jobs'),
        ({"web": 1}, "services: {'web': 1} is neither a list of names nor names separated by commas"),
        ([["web"]], "services: [['web']] is neither a list of names nor names separated by commas"),
        (5, "services: 5 is neither a list of names nor names separated by commas"),
        ("jobs", "services: no host has jobs yet: run site.yml first"),
        ("web,", "services: 'web,' ends with a comma (write the names without spaces: services=a,b)"),
    ],
)
def test_services_that_cannot_be_taken_are_refused(services: Any, text: str) -> None:
    assert problems({"services": services}) == [text]


def test_every_wrong_name_is_told_at_once() -> None:
    assert len(problems({"services": "wbe,jobz,web"})) == 2


def test_a_service_whose_hosts_are_left_out_is_refused() -> None:
    found = problems({"services": "web"}, hosts=("localhost", "shop-old-1"))
    assert found == ["services: web runs on shop-app-1, shop-app-2, which --limit leaves out"]
    assert problems({"services": "web"}, hosts=("shop-app-2",)) == []
    assert problems({"services": "web"}, needs=(), hosts=("localhost",)) == []


def test_names_are_checked_before_there_are_hosts() -> None:
    assert problems({"services": "web"}, needs=(), known=()) == []
    assert len(problems({"services": "wbe"}, needs=(), known=())) == 1


def test_a_playbook_without_services_or_ref_refuses_both() -> None:
    found = problems({"services": "web", "ref": "v1"}, takes=())
    assert [text.partition(":")[0] for text in found] == ["services", "ref"]


@pytest.mark.parametrize("ref", [None, "", "v1.4", "1.10", "refs/tags/v1", "0123456789abcdef"])
def test_a_ref_is_taken_of_services_with_a_git_source(ref: Any) -> None:
    assert problems({"services": "web", "ref": ref}) == []


@pytest.mark.parametrize(
    ("services", "text"),
    [
        ("user-api", "ref: user-api has no git source to take v1 of; name the services that have one: -e services=web"),
        (
            "web,user-api",
            "ref: user-api has no git source to take v1 of; name the services that have one: -e services=web",
        ),
        ("", "ref: user-api, jobs have no git source to take v1 of; name the services that have one: -e services=web"),
    ],
)
def test_a_ref_of_services_without_a_git_source_is_refused(services: str, text: str) -> None:
    assert problems({"services": services, "ref": "v1"}) == [text]


def test_where_no_service_has_a_git_source_the_document_is_the_remedy() -> None:
    document = {"name": "shop", "services": {"web": {"source": DIRECTORY}}}
    (found,) = problems({"ref": "v1"}, document=document)
    assert found.endswith("give the document `source: {git: …}`, or leave ref out")


@pytest.mark.parametrize("ref", [1.1, 7, ["v1"], True])
def test_a_ref_that_is_no_text_is_refused(ref: Any) -> None:
    (found,) = problems({"services": "web", "ref": ref})
    assert found == f"ref: {ref!r} is not a text, so digits may have been lost: put it in quotes"


@pytest.mark.parametrize(
    ("needs", "hosts", "text"),
    [
        (("controller",), ("shop-app-1",), "--limit leaves out localhost"),
        (("hosts",), ("localhost",), "--limit leaves out every host of the stack shop (shop-app-1, "),
        (("all_hosts",), ("localhost", "shop-app-1"), "--limit leaves out shop-app-2, shop-old-1, and this playbook"),
    ],
)
def test_a_limit_that_leaves_nothing_to_do_is_refused(
    needs: tuple[str, ...], hosts: tuple[str, ...], text: str
) -> None:
    (found,) = problems(needs=needs, hosts=hosts)
    assert found.startswith(text)
    assert problems(needs=needs) == []


def test_hosts_are_needed_that_exist() -> None:
    assert problems(known=()) == ["the stack shop has no instances yet: run site.yml first"]
    assert problems(needs=("all_hosts", "controller"), known=()) == []


def test_without_a_document_nothing_else_is_asked() -> None:
    (found,) = problems({"services": "wbe", "architecture": "ecommerce"}, document={})
    assert found.startswith("the inventory has no topology document")
    assert found.endswith("(GROUNDWORK_TOPOLOGY=ecommerce)")


def test_the_playbook_of_an_architecture_refuses_another_topology() -> None:
    (found,) = problems({"architecture": "ecommerce", "topology": "three_tier"})
    assert found.startswith("this playbook is for the topology ecommerce, and the inventory has three_tier")
    assert problems({"architecture": "ecommerce", "topology": "ecommerce"}) == []


@pytest.mark.parametrize("timeout", [300, "300", 1])
@pytest.mark.parametrize("interrupt", [True, False, "true", "no", ""])
def test_values_that_other_steps_can_read(timeout: Any, interrupt: Any) -> None:
    assert problems({"wait_timeout": timeout, "interrupt": interrupt}) == []


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"wait_timeout": "abc"}, "wait_timeout: 'abc' is no number of seconds"),
        ({"wait_timeout": -5}, "wait_timeout: '-5' is no number of seconds"),
        ({"wait_timeout": 0}, "wait_timeout: '0' is no number of seconds"),
        ({"wait_timeout": 1.5}, "wait_timeout: '1.5' is no number of seconds"),
        ({"interrupt": "maybe"}, "interrupt: 'maybe' is neither true nor false"),
    ],
)
def test_values_that_other_steps_cannot_read(asked: dict[str, Any], text: str) -> None:
    (found,) = problems(asked)
    assert found.startswith(text)


def test_an_inventory_that_could_not_be_read_is_the_only_problem() -> None:
    found = problems({"inventory_error": "hosts.yml: AccessDenied", "services": "nope"}, document={})
    assert found == ["the inventory could not be read. hosts.yml: AccessDenied"]

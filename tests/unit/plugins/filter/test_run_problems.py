# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first step of the playbooks rejects a run that cannot start, with one sentence for each problem."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.run_problems import run_problems, select_names
from ansible_collections.groundwork.aws.plugins.filter.split_names import split_names

GIT, DIRECTORY = {"git": "https://git.test/shop.git"}, {"directory": "api", "git": None}
DOCUMENT = {
    "name": "shop",
    "services": {"web": {"source": GIT}, "user-api": {"source": DIRECTORY}, "jobs": {"source": DIRECTORY}},
}
PLACED = {**DOCUMENT, "region": "us-east-1", "instances": {"app": {"count": 1}}}
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
        (
            {"web": 1},
            "services: {'web': 1} is neither a list of names nor names separated by commas (write services=a,b)",
        ),
        (
            [["web"]],
            "services: [['web']] is neither a list of names nor names separated by commas (write services=a,b)",
        ),
        (5, "services: 5 is neither a list of names nor names separated by commas (write services=a,b)"),
        ("jobs", "services: no host has jobs yet: run site.yml first"),
        ("web,", "services: 'web,' ends with a comma (write the names without spaces: services=a,b)"),
    ],
)
def test_invalid_services_are_rejected(services: Any, text: str) -> None:
    assert problems({"services": services}) == [text]


def test_every_wrong_name_is_reported_at_once() -> None:
    assert len(problems({"services": "wbe,jobz,web"})) == 2


def test_a_service_whose_hosts_are_left_out_is_rejected() -> None:
    found = problems({"services": "web"}, hosts=("localhost", "shop-old-1"))
    assert found == ["services: web runs on shop-app-1, shop-app-2, which --limit leaves out"]
    assert problems({"services": "web"}, hosts=("shop-app-2",)) == []
    assert problems({"services": "web"}, needs=(), hosts=("localhost",)) == []


def test_names_are_checked_before_there_are_hosts() -> None:
    assert problems({"services": "web"}, needs=(), known=()) == []
    assert len(problems({"services": "wbe"}, needs=(), known=())) == 1


def test_a_playbook_without_services_or_ref_rejects_both() -> None:
    found = problems({"services": "web", "ref": "v1"}, takes=())
    assert [text.partition(":")[0] for text in found] == ["services", "ref"]


@pytest.mark.parametrize("ref", [None, "", "v1.4", "1.10", "refs/tags/v1", "0123456789abcdef0123456789abcdef01234567"])
def test_a_ref_is_accepted_for_services_with_a_git_source(ref: Any) -> None:
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
def test_a_ref_of_services_without_a_git_source_is_rejected(services: str, text: str) -> None:
    assert problems({"services": services, "ref": "v1"}) == [text]


def test_without_git_sources_the_fix_is_in_the_document() -> None:
    document = {"name": "shop", "services": {"web": {"source": DIRECTORY}}}
    (found,) = problems({"ref": "v1"}, document=document)
    assert found.endswith("give the document `source: {git: …}`, or leave ref out")


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        ("a b", "ref: 'a b' is no branch, tag or commit (write its name as git has it"),
        ("HEAD~1", "ref: 'HEAD~1' is no branch, tag or commit"),
        ("3e4214f", "ref: '3e4214f' looks like a short commit id, which git does not fetch (write all 40 digits"),
    ],
)
def test_a_ref_that_git_does_not_fetch_is_rejected(ref: str, text: str) -> None:
    (found,) = problems({"services": "web", "ref": ref})
    assert found.startswith(text)


@pytest.mark.parametrize("ref", [1.1, 7, ["v1"], True])
def test_a_ref_that_is_not_text_is_rejected(ref: Any) -> None:
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
def test_a_limit_without_needed_hosts_is_rejected(needs: tuple[str, ...], hosts: tuple[str, ...], text: str) -> None:
    (found,) = problems(needs=needs, hosts=hosts)
    assert found.startswith(text)
    assert problems(needs=needs) == []


@pytest.mark.parametrize("needs", [("hosts",), ("instances",), ("controller", "all_hosts", "instances")], ids=str)
def test_a_stack_without_instances_is_reported(needs: tuple[str, ...]) -> None:
    found = problems(needs=needs, known=(), document=PLACED)
    assert found == ["the stack shop has no instances in us-east-1: run site.yml first"]
    assert problems(needs=("all_hosts", "controller"), known=(), document=PLACED) == []


def test_instances_may_be_left_out_by_the_limit() -> None:
    assert problems(needs=("instances",), hosts=("localhost",), document=PLACED) == []


def test_a_document_without_instances_is_no_reason_to_run_site() -> None:
    found = problems(needs=("hosts",), known=())
    assert found == ["the topology of the stack shop has no instances, so that this playbook has nothing to do"]
    assert problems(needs=("instances",), known=()) == []


def test_a_missing_document_is_the_only_problem() -> None:
    (found,) = problems({"services": "wbe", "architecture": "ecommerce"}, document={})
    assert found.startswith("the inventory has no topology document")
    assert found.endswith("(GROUNDWORK_TOPOLOGY=ecommerce)")


def test_the_playbook_of_an_architecture_rejects_another_topology() -> None:
    (found,) = problems({"architecture": "ecommerce", "topology": "three_tier"})
    assert found.startswith("this playbook is for the topology ecommerce, and the inventory has three_tier")
    assert problems({"architecture": "ecommerce", "topology": "ecommerce"}) == []


@pytest.mark.parametrize("timeout", [300, "300", 1, "", None])
@pytest.mark.parametrize("interrupt", [True, False, "true", "no", ""])
def test_values_that_other_steps_can_read(timeout: Any, interrupt: Any) -> None:
    assert problems({"wait_timeout": timeout, "interrupt": interrupt}) == []


@pytest.mark.parametrize("adopt", [None, "", {}, {"vpc/main": "vpc-1"}, "vpc/main=vpc-1", '{"vpc/main": "vpc-1"}'])
def test_objects_that_can_be_adopted(adopt: Any) -> None:
    assert problems({"adopt": adopt}) == []


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"wait_timeout": "abc"}, "wait_timeout: 'abc' is no number of seconds"),
        ({"wait_timeout": -5}, "wait_timeout: '-5' is no number of seconds"),
        ({"wait_timeout": 0}, "wait_timeout: '0' is no number of seconds"),
        ({"wait_timeout": 1.5}, "wait_timeout: '1.5' is no number of seconds"),
        ({"wait_timeout": []}, "wait_timeout: '[]' is no number of seconds"),
        ({"wait_timeout": {}}, "wait_timeout: '{}' is no number of seconds"),
        ({"wait_timeout": False}, "wait_timeout: 'False' is no number of seconds"),
        ({"wait_timeout": "²"}, "wait_timeout: '²' is no number of seconds"),
        ({"interrupt": []}, "interrupt: '[]' is neither true nor false (write one of them)"),
        ({"adopt": "vpc/main"}, 'adopt: "vpc/main" is text, and a mapping of ids by address is expected (write -e'),
        ({"adopt": []}, 'adopt: a list is not a mapping of ids by address (write -e \'{"adopt": {"vpc/main":'),
        ({"adopt": ["vpc/main"]}, "adopt: a list is not a mapping of ids by address"),
        ({"adopt": 7}, "adopt: 7 is not a mapping of ids by address"),
        ({"adopt": {"vpc/main": None}}, 'adopt: "vpc/main" has no id (write the id of the object, as in {"vpc/main"'),
        ({"adopt": {"vpc/main": ""}}, 'adopt: "vpc/main" has no id'),
        ({"adopt": {"vpc/main": 7}}, 'adopt: "vpc/main": 7 is not the id of an object (write text'),
        ({"adopt": {"main": "vpc-1"}}, 'adopt: "main" is no address of a resource (write type/name, as in {"vpc/main"'),
        ({"adopt": {"vcp/main": "vpc-1"}}, 'adopt: "vcp/main": there is no resource type "vcp"; did you mean "vpc"?'),
        ({"interrupt": "maybe"}, "interrupt: 'maybe' is neither true nor false"),
    ],
)
def test_values_that_other_steps_cannot_read(asked: dict[str, Any], text: str) -> None:
    (found,) = problems(asked)
    assert found.startswith(text)


@pytest.mark.parametrize(
    "names",
    ["web,user-api", "web, user-api", "web\nuser-api", "web\r\nuser-api\n", "  web user-api ", ["web", "user-api "]],
)
def test_names_are_separated_as_a_survey_separates_them(names: Any) -> None:
    assert select_names(names) == (["web", "user-api"], [])
    assert split_names(names) == ["web", "user-api"]


@pytest.mark.parametrize("names", [None, "", " \n", [], ["", " "]])
def test_empty_values_have_no_names(names: Any) -> None:
    assert split_names(names) == []


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("profile=shop", "text"),
        ('{"profile": "hunter2"}', "text"),
        (["a"], "a list"),
        (5, "a number"),
        (True, "a boolean"),
    ],
)
def test_a_connection_that_is_not_a_mapping_is_rejected(value: Any, what: str) -> None:
    (found,) = problems({"connection": value})
    assert found.startswith(
        f"groundwork_connection: is {what}, and a mapping is expected (in a file of variables write"
    )
    assert "hunter2" not in found


@pytest.mark.parametrize("value", [None, "", "  ", {}, {"profile": "shop"}])
def test_an_empty_connection_is_accepted(value: Any) -> None:
    assert problems({"connection": value}) == []


def test_an_inventory_that_could_not_be_read_is_the_only_problem() -> None:
    found = problems({"inventory_error": "hosts.yml: AccessDenied", "services": "nope"}, document={})
    assert found == ["the inventory could not be read. hosts.yml: AccessDenied"]


STORES = {**DOCUMENT, "databases": {"user": {}, "order": {}}}
ONE_STORE = {**DOCUMENT, "databases": {}, "resources": {"db_instance/main": {}, "sns_topic/x": {}}}


def of_recovery(recovery: str, document: dict[str, Any] = STORES, **asked: Any) -> list[str]:
    return problems({"recovery": recovery, **asked}, needs=(), takes=(), document=document)


@pytest.mark.parametrize(
    ("recovery", "asked"),
    [
        ("backup", {}),
        ("backup", {"databases": "user , order", "backup_keep": "30"}),
        ("backup", {"databases": ["user"], "backup_keep": 1}),
        ("backup", {"databases": "user order"}),
        ("backup", {"databases": "user\norder\n"}),
        ("backup", {"databases": None}),
        ("restore", {"database": "user"}),
        ("restore", {"database": "user", "restore_time": "2026-03-01T04:05:00Z", "restore_again": True}),
        ("restore", {"database": "user", "restore_time": "latest", "restore_unseen": "yes"}),
        ("restore", {"database": "user", "restore_time": datetime(2026, 3, 1, 4, 5, tzinfo=timezone.utc)}),
        ("restore", {"database": "user", "restore_expects": ["orders", "lines"]}),
        ("restore", {"database": "user", "restore_expects": "orders,lines"}),
        ("restore", {"database": "user", "restore_snapshot": "newest", "restore_time": "", "restore_instance": None}),
        ("discard", {"database": "user", "discard_instance": "shop-user-before"}),
    ],
)
def test_valid_variables_of_backup_restore_and_discard_are_accepted(recovery: str, asked: dict[str, Any]) -> None:
    assert of_recovery(recovery, **asked) == []


@pytest.mark.parametrize(
    ("recovery", "asked", "text"),
    [
        (
            "backup",
            {"databases": "usr"},
            'databases: there is no database "usr" in the stack shop; did',
        ),
        ("backup", {"backup_keep": 0}, "backup_keep: '0' is no number of snapshots (write a whole number above 0)"),
        ("backup", {"backup_keep": "many"}, "backup_keep: 'many' is no number of snapshots"),
        ("restore", {}, "database: is not given, and the stack has several; name one of user, order"),
        ("restore", {"database": "x"}, 'database: there is no database "x" in the stack shop; known here: user, order'),
        (
            "restore",
            {"database": "user", "restore_snapshot": "newest", "restore_time": "latest"},
            "restore_snapshot and restore_time exclude each other: keep the one to restore",
        ),
        ("restore", {"database": "user", "restore_time": "noon"}, "restore_time: 'noon' is no point in time"),
        ("restore", {"database": "user", "restore_again": "maybe"}, "restore_again: 'maybe' is neither true nor false"),
        ("restore", {"database": "user", "restore_unseen": 2}, "restore_unseen: '2' is neither true nor false"),
        ("backup", {"databases": {"user": 1}}, "databases: {'user': 1} is neither a list of names nor"),
        ("backup", {"databases": 5}, "databases: 5 is neither a list of names nor"),
        ("restore", {"database": ["user"]}, "database: is a list, and text is expected (write one name, in quotes)"),
        ("restore", {"database": "user", "restore_instance": 12}, "restore_instance: is a number, and text is"),
        ("restore", {"database": "user", "restore_snapshot": {"a": "b"}}, "restore_snapshot: is a mapping, and text"),
        ("restore", {"database": "user", "restore_time": True}, "restore_time: is a boolean, and text is expected"),
        ("restore", {"database": "user", "restore_expects": {"a": 1}}, "restore_expects: {'a': 1} is neither a list"),
        ("restore", {"database": "user", "restore_expects": "orders,"}, "restore_expects: 'orders,' ends with a comma"),
        ("discard", {"database": "user", "discard_instance": ["a"]}, "discard_instance: is a list, and text is"),
        ("discard", {"database": "user"}, "discard_instance: is not given; name an instance"),
        ("discard", {"database": "user", "discard_instance": " "}, "discard_instance: is not given; name an instance"),
    ],
)
def test_invalid_variables_of_backup_restore_and_discard_are_reported_by_name(
    recovery: str, asked: dict[str, Any], text: str
) -> None:
    (problem,) = of_recovery(recovery, **asked)
    assert problem.startswith(text)


@pytest.mark.parametrize("recovery", ["backup", "restore", "discard"])
def test_a_stack_without_databases_has_nothing_to_recover(recovery: str) -> None:
    found = of_recovery(recovery, document=DOCUMENT)
    verb = "back up" if recovery == "backup" else recovery
    assert found == [f"the stack shop has no databases, so that there is nothing to {verb}"]
    assert of_recovery(recovery, document=ONE_STORE, discard_instance="x") == []


@pytest.mark.parametrize(
    "allowed",
    [
        None,
        "",
        [],
        "instance/app-1",
        "db_instance/main, secret/main-backend\ninstance/gone-1",
        ["instance/app-1", "instance/app-1@i-0123456789abcdef0"],
        ("db_instance/main",),
    ],
    ids=str,
)
def test_addresses_in_allow_destroy_may_be_gone_from_the_document(allowed: Any) -> None:
    assert problems({"allow_destroy": allowed}) == []


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        ("nope/app-1", 'allow_destroy: "nope/app-1": there is no resource type "nope"; known here: '),
        (["instnce/app-1"], '"instnce/app-1": there is no resource type "instnce"; did you mean "instance"?'),
        ("true", 'allow_destroy: "true" is no address of a resource (write type/name, as in db_instance/main)'),
        ("app-1", 'allow_destroy: "app-1" is no address of a resource (write type/name'),
        ("instance/", 'allow_destroy: "instance/" is no address of a resource (write type/name'),
        ("db_instance/main,", "allow_destroy: 'db_instance/main,' ends with a comma (write"),
        (True, "allow_destroy: True is neither a list of addresses nor addresses separated by commas"),
        (5, "allow_destroy: 5 is neither a list of addresses"),
        ({"instance/app-1": True}, "is neither a list of addresses"),
        ([["instance/app-1"]], "is neither a list of addresses"),
    ],
    ids=str,
)
def test_addresses_in_allow_destroy_that_can_name_nothing_are_rejected(allowed: Any, text: str) -> None:
    (found,) = problems({"allow_destroy": allowed})
    assert text in found
    assert found.startswith("allow_destroy: ")


def test_every_wrong_address_in_allow_destroy_is_reported_at_once() -> None:
    assert len(problems({"allow_destroy": "nope/a, instance/app-1, true"})) == 2


WITH_CACHES = {**DOCUMENT, "caches": {"redis": {}}, "resources": {"cache/raw": {}, "vpc/other": {}}}


@pytest.mark.parametrize("required", [None, "", [], "cache/redis", "cache/redis cache/raw", ["cache/raw"]], ids=str)
def test_caches_of_the_document_may_be_required_to_authenticate(required: Any) -> None:
    assert problems({"require_auth": required}, document=WITH_CACHES) == []


@pytest.mark.parametrize(
    ("required", "text"),
    [
        ("redis", 'there is no cache "redis" in the stack shop; did you mean "cache/redis"?'),
        (["cache/sessions"], 'there is no cache "cache/sessions" in the stack shop; '),
        ("vpc/other", 'there is no cache "vpc/other" in the stack shop; known here: cache/redis, cache/raw'),
        (True, "True is neither a list of addresses nor addresses separated by commas"),
        ("cache/redis,", "'cache/redis,' ends with a comma (write the addresses without spaces"),
    ],
    ids=str,
)
def test_other_addresses_cannot_be_required_to_authenticate(required: Any, text: str) -> None:
    (found,) = problems({"require_auth": required}, document=WITH_CACHES)
    assert found.startswith("require_auth: ")
    assert text in found


def test_a_stack_without_caches_has_none_to_authenticate_at() -> None:
    (found,) = problems({"require_auth": "cache/redis"})
    assert found.endswith('there is no cache "cache/redis" in the stack shop; there is none yet')


ROLLBACK = (*BOTH, "to")


@pytest.mark.parametrize("to", [None, "", "v1.4", "main-0123456789ab", "release/1.4", "0123456", "1.10", "tag"])
def test_the_release_to_return_to(to: Any) -> None:
    assert problems({"to": to}, takes=ROLLBACK) == []


@pytest.mark.parametrize(
    ("to", "text"),
    [
        (1.1, "to: 1.1 is not a text, so digits may have been lost: put it in quotes"),
        (14, "to: 14 is not a text"),
        (True, "to: True is not a text"),
        (["a"], "to: ['a'] is not a text"),
        ({"a": 1}, "to: {'a': 1} is not a text"),
        ("../x", "to: '../x' is no version or commit (write one that status.yml shows, such as v1.4)"),
        ("a/../b", "is no version or commit"),
        ("-x", "is no version or commit"),
        ("v1 v2", "is no version or commit"),
    ],
)
def test_an_invalid_release_to_return_to(to: Any, text: str) -> None:
    (found,) = problems({"to": to}, takes=ROLLBACK)
    assert text in found


def test_only_a_rollback_takes_a_release_to_return_to() -> None:
    (found,) = problems({"to": "v1"})
    assert found.startswith("to: this playbook returns to no earlier release")


@pytest.mark.parametrize("wait", [0, "0", 600, "600", " 5 "])
def test_seconds_to_wait_for_the_lock(wait: Any) -> None:
    assert problems({"rollout_lock_wait": wait}) == []


@pytest.mark.parametrize("wait", ["abc", -1, "-1", [1], 1.5, True, "", {"a": 1}])
def test_invalid_seconds_to_wait_for_the_lock(wait: Any) -> None:
    (found,) = problems({"rollout_lock_wait": wait})
    assert found.startswith(f"rollout_lock_wait: {wait!r} is no number of seconds")


def test_a_template_that_refers_to_an_undefined_variable_is_no_missing_variable() -> None:
    unset = {name: "(unset)" for name in ("services", "ref", "to", "wait_timeout", "rollout_lock_wait", "adopt")}
    assert problems({**unset, "given": []}) == []
    text = "its template refers to a variable that is not defined (define that, or leave this variable out)"
    found = problems({**unset, "ref": "main", "services": "wbe", "given": ["services", "ref", "to", "adopt"]})
    assert [one for one in found if text in one] == [f"to: {text}", f"adopt: {text}"]
    assert any(one.startswith("services: there is no service") for one in found)


@pytest.mark.parametrize("value", [False, 0, {}])
def test_a_value_that_is_empty_but_no_list_or_text_is_rejected(value: Any) -> None:
    assert len(problems({"services": value})) == 1
    assert len(problems({"allow_destroy": value})) == 1


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("service", "services"),
        ("sevices", "services"),
        ("servcies", "services"),
        ("Services", "services"),
        ("stack_override", "stack_overrides"),
        ("stack_overides", "stack_overrides"),
        ("reff", "ref"),
        ("refs", "ref"),
        ("stack-overrides", "stack_overrides"),
        ("allow_destory", "allow_destroy"),
        ("topologyy", "topology"),
        ("wait_timeouts", "wait_timeout"),
    ],
)
def test_a_misspelt_variable_of_the_command_line_is_rejected(name: str, meant: str) -> None:
    text = f"{name}: no playbook has such a variable, so it would be ignored (write {meant})"
    assert problems({"extra": [name, "other"]}) == [text]


@pytest.mark.parametrize(
    "name", ["service_name", "services", "database", "databases", "rev", "too", "adapt", "stack", "my_services", "time"]
)
def test_other_variables_of_the_command_line_are_accepted(name: str) -> None:
    assert problems({"extra": [name]}) == []

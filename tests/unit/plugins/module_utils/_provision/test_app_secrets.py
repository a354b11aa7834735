# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names in `app_secrets` are checked against the document. Their values never reach validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from support.documents import base_of

from ansible_collections.groundwork.aws.plugins.module_utils._provision.validate import validate
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.layers import describe_inventory
from plugins.module_utils._provision.test_validate import errors, run, service

SECRET = "hunter2secret"


def check(app_secrets: Any, **keys: Any) -> dict[str, str]:
    inventory = {"variables": {"ansible_connection": "local"}, "app_secrets": app_secrets}
    return errors(run(service({"git": "https://git.example/x"}, **keys), inventory=inventory))


@pytest.mark.parametrize("app_secrets", [None, {}, {"api": {}}, {"api": {"DB_PASS": None, "_x1": None}}])
def test_names_that_fit(app_secrets: Any) -> None:
    assert check(app_secrets) == {}


@pytest.mark.parametrize(
    ("app_secrets", "path", "text"),
    [
        (False, "app_secrets", "is not a mapping (write it as service: {NAME: value})"),
        ({"api": False}, "app_secrets.api", "is not a mapping (write it as NAME: value)"),
        ({"apo": {"A": None}}, "app_secrets.apo", '"apo" is not a service of this document (did you mean "api"?)'),
        ({"api": {"DB-PASS": None}}, "app_secrets.api.DB-PASS", '"DB-PASS" is not the name of an environment variable'),
        ({"api": {"1A": None}}, "app_secrets.api.1A", '"1A" is not the name of an environment variable'),
        ({"api": {f"A={SECRET}": None}}, "app_secrets.api", "one of its keys is not the name of an environment"),
        ({f"api={SECRET}": {}}, "app_secrets", "one of its keys is not a service"),
        ({"api": {"PORT": None}}, "app_secrets.api.PORT", "the service gets 5000 as PORT"),
        ({"api": {"PATH": None}}, "app_secrets.api.PATH", "is set by the process manager of the service"),
        ({"api": {"LISTEN_FDS": None}}, "app_secrets.api.LISTEN_FDS", "is set by the process manager of the service"),
        ({"api": {"MODE": None}}, "app_secrets.api.MODE", "is in environment of services.api as well (remove one)"),
        ({"api": {"A": "its value is bad (fix it)"}}, "app_secrets.api.A", "its value is bad (fix it)"),
        ({"api": "its name is bad (fix it)"}, "app_secrets.api", "its name is bad (fix it)"),
    ],
)
def test_names_that_do_not_fit(app_secrets: Any, path: str, text: str) -> None:
    found = check(app_secrets, environment={"MODE": "x"})
    assert list(found) == [path]
    assert text in found[path]
    assert SECRET not in str(found)


def test_a_variable_that_the_service_gets_for_its_database_or_secret(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----", encoding="utf-8")
    change = {
        "databases": {"main": {"engine": "mysql", "subnets": "private"}},
        "secrets": {"jwt": {}},
        **service({"git": "https://git.example/x"}, uses=["database/main"], secrets={"JWT": "jwt"}),
    }
    names = {"api": {"DATABASE_URL": None, "JWT": None}}
    variables = {"ansible_connection": "local", "app_database_authorities": str(tmp_path / "ca.pem")}
    inventory = {"variables": variables, "app_secrets": names}
    assert errors(run(change, inventory=inventory)) == {
        "app_secrets.api.DATABASE_URL": "is derived from uses of the service (remove it)",
        "app_secrets.api.JWT": "is in secrets of services.api as well (remove one)",
    }


def test_an_error_has_the_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    file.write_text(f"app_secrets:\n  api:\n    OK: {SECRET}\n    PORT: {SECRET}\n", encoding="utf-8")
    inventory = {"variables": {}, "files": [str(file)], "app_secrets": {"api": {"OK": None, "PORT": None}}}
    inventory["variables"] = {"ansible_connection": "local"}
    outcome = run(service({"git": "https://git.example/x"}), inventory=inventory)
    assert [(item["path"], item["file"], item["line"]) for item in outcome["errors"]] == [
        ("app_secrets.api.PORT", str(file), 4)
    ]
    assert SECRET not in str(outcome)


class Templar:
    """Renders the templates of these tests."""

    available_variables: Any = None

    def template(self, value: Any) -> Any:
        if value == "{{ broken }}":
            raise ValueError(value)
        return {"A": SECRET} if value == "{{ mapping }}" else value


MISSING = object()


def describe(
    folder: Path, app_secrets: Any, text: str | bytes = "x: 1\n", loader: DataLoader | None = None
) -> dict[str, Any] | object:
    """The description of `app_secrets` as validation gets it; ``text`` is in the file of the group `all`."""
    file = folder / "group_vars" / "all.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    given = {"app_secrets": app_secrets}
    source = str(folder / "ec2_services.yml")
    described = describe_inventory(Templar(), loader or DataLoader(), given, {}, source)
    found: dict[str, Any] | object = described.get("app_secrets", MISSING)
    return found


def test_values_are_described_by_the_reason_why_hosts_reject_them(tmp_path: Path) -> None:
    given = {
        "api": {
            "GOOD": SECRET,
            "NUMBER": 1,
            "NOTHING": None,
            "FLAG": True,
            "LATER": "{{ broken }}",
            "CONTROL": f"{SECRET}\x07",
            "MIXED": f"{SECRET}'$",
            "SURROGATE": f"{SECRET}\ud800",
            "LIST": [SECRET],
            "MAPPING": {"a": SECRET},
            "A-B": SECRET,
        },
        "rendered": "{{ mapping }}",
        "later": "{{ broken }}",
        "none": None,
        "text": SECRET,
    }
    found: Any = describe(tmp_path, given)
    assert SECRET not in str(found)
    api = found.pop("api")
    assert found == {"rendered": {"A": None}, "later": {}, "none": {}, "text": False}
    assert [name for name, problem in api.items() if problem] == ["CONTROL", "MIXED", "SURROGATE", "LIST", "MAPPING"]
    assert "the value of CONTROL holds a control character (encode it" in api["CONTROL"]
    assert describe(tmp_path, None) is MISSING
    assert describe(tmp_path, "{{ broken }}") is MISSING
    assert describe(tmp_path, SECRET) is False
    assert describe(tmp_path, [SECRET]) is False


def test_a_name_that_yaml_1_1_does_not_read_as_text_is_reported(tmp_path: Path) -> None:
    """Ansible reads YES as true, and hosts would get a variable of that name."""
    text = f"app_secrets:\n  api:\n    OK: x\n    YES: {SECRET}\n    12: x\n  on: {{A: {SECRET}}}\n"
    given = {"api": {"OK": "x", True: SECRET, 12: "x"}, True: {"A": SECRET}}
    assert describe(tmp_path, given, text) == {
        "api": {
            "OK": None,
            "YES": "this name is read as a boolean (put it in quotes)",
            "12": "this name is read as a number (put it in quotes)",
        },
        "on": "this name is read as a boolean (put it in quotes)",
    }
    # Of a template it is not known how it was written.
    assert describe(tmp_path, {"api": {False: "x"}}) == {
        "api": {"false": "this name is read as a boolean (put it in quotes)"}
    }


def check_files(folder: Path, *files: tuple[str, str | None, Any], **inventory: Any) -> list[tuple[str, str, int, str]]:
    """The errors about files of an inventory: source, key, line and text."""
    described = []
    for name, group, app_secrets in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x: 1\napp_secrets:\n  api:\n    PORT: x\n    MODE: x\n", encoding="utf-8")
        described.append({"file": str(path), "name": name, "group": group, "app_secrets": app_secrets})
    given = {"variables": {"ansible_connection": "local"}, "secrets_of_files": described, **inventory}
    outcome = run(service({"git": "https://git.example/x"}, environment={"MODE": "x"}), inventory=given)
    for error in outcome["errors"]:
        assert error["file"] == str(folder / error["source"]), error
    return [(error["source"], error["path"], error["line"], error["message"]) for error in outcome["errors"]]


def test_the_secrets_of_every_group_and_host_are_checked(tmp_path: Path) -> None:
    found = check_files(
        tmp_path,
        ("group_vars/web.yml", "web", {"api": {"PORT": None}}),
        ("group_vars/jobs/a.yml", "jobs", {"apo": {}}),
        ("host_vars/shop-app-1.yml", None, {"api": {"PORT": None, "MODE": None}}),
        ("group_vars/good.yml", "good", {"api": {"TOKEN": None}}),
        ("group_vars/none.yml", "none", False),
    )
    assert [(source, path, line) for source, path, line, _text in found] == [
        ("group_vars/jobs/a.yml", "app_secrets.apo", 2),
        ("group_vars/none.yml", "app_secrets", 2),
        ("group_vars/web.yml", "app_secrets.api.PORT", 4),
        ("host_vars/shop-app-1.yml", "app_secrets.api.PORT", 4),
        ("host_vars/shop-app-1.yml", "app_secrets.api.MODE", 5),
    ]


def test_the_same_in_the_group_all_is_one_more_error(tmp_path: Path) -> None:
    wrong = {"api": {"PORT": None}}
    given = {"variables": {"ansible_connection": "local"}, "app_secrets": wrong}
    described = [{"file": str(tmp_path / "w.yml"), "name": "w.yml", "group": "web", "app_secrets": wrong}]
    outcome = run(service({"git": "https://git.example/x"}), inventory={**given, "secrets_of_files": described})
    assert {error["source"] for error in outcome["errors"]} == {"the inventory", "w.yml"}


@pytest.mark.parametrize(("group", "count"), [("stack_shop", 1), ("stack_other", 0), ("service_api", 1)])
def test_the_group_of_another_stack_is_left_out(group: str, count: int, tmp_path: Path) -> None:
    assert len(check_files(tmp_path, (f"group_vars/{group}.yml", group, {"apo": {}}))) == count


@pytest.mark.parametrize(
    ("problem", "is_variable", "path"),
    [
        ("groundwork_connection: is text (write a mapping)", True, "groundwork_connection"),
        ("groundwork_connection.aws_config: is text (write a mapping)", True, "groundwork_connection.aws_config"),
        ("account: 5 is text (write a mapping)", True, "groundwork_connection.account"),
        ("account: 5 is text (write a mapping)", False, "account"),
        ("profile and access_key is text (write a mapping)", True, "groundwork_connection"),
        ("profile and access_key is text (write a mapping)", False, ""),
    ],
)
def test_problems_of_the_connection_to_aws_are_reported(
    problem: str, is_variable: bool, path: str, tmp_path: Path
) -> None:
    source, variables = tmp_path / "ec2_services.yml", tmp_path / "all.yml"
    source.write_text("plugin: x\naccount: 5\n", encoding="utf-8")
    variables.write_text("x: 1\ngroundwork_connection:\n  account: 5\n", encoding="utf-8")
    inventory = {
        "variables": {"ansible_connection": "local"},
        "source": str(source),
        "files": [str(variables)],
        "connection_problem": problem,
        "has_connection_variable": is_variable,
    }
    (error,) = run(service({"git": "https://git.example/x"}), inventory=inventory)["errors"]
    assert (error["path"], error["fix"]) == (path, "write a mapping")
    assert error["message"].endswith("is text")
    assert error["file"] == str(variables if is_variable else source)
    assert error["line"] == {"groundwork_connection.account": 3, "account": 2, "": 1}.get(path, 2)


def test_all_problems_of_the_inventory_are_reported_at_once_with_those_of_the_document() -> None:
    inventory = {
        "variables": {"ansible_connection": "local"},
        "app_secrets": {"api": {"BAD-N": None, "BAD-M": None, "PATH": None}, "nope": {}},
        "connection_problem": "account: 5 is no id (write 12 digits)\nassume_role_arn: is no ARN (write one)",
        "has_connection_variable": True,
    }
    outcome = run(service({"git": "https://git.example/x"}, port=99999), inventory=inventory)
    assert [item["path"] for item in outcome["errors"]] == [
        "services.api.port",
        "app_secrets.api.BAD-N",
        "app_secrets.api.BAD-M",
        "app_secrets.api.PATH",
        "app_secrets.nope",
        "groundwork_connection.account",
        "groundwork_connection.assume_role_arn",
    ]
    assert outcome["errors"][1]["fix"].startswith("write its name with letters, digits and underscores")


# As they are written in a file, and the text that a service would get.
OTHER_TEXTS = [
    "012345",
    "1.10",
    "1_000",
    "0x1F",
    "12:30:00",
    "1.0e+3",
    "+5",
    ".5",
    "5.",
    "yes",
    "Off",
    "TRUE",
    "2026-06-30T12:30:00Z",
]
SAME_TEXTS = [
    "12345",
    "0.5",
    "-1",
    "true",
    "false",
    "2026-06-30",
    "08",
    "1e3",
    "1.2.3",
    "x",
    "'012345'",
    '"1.10"',
    "",
    "null",
    "!!str 0123",
    "!!str 1_000",
]


def describe_text(folder: Path, text: str, spelling: str) -> Any:
    """The description of `app_secrets` in a text, which has the spelling as the value of A."""
    found: Any = describe(folder, yaml.safe_load(text)["app_secrets"], text)
    assert len(spelling) < 3 or spelling.strip("'") not in str(found)
    return found["api"]["A"]


@pytest.mark.parametrize("spelling", OTHER_TEXTS)
@pytest.mark.parametrize(
    "text", ["app_secrets:\n  api:\n    A: VALUE\n", "x: &x {A: VALUE}\napp_secrets: {api: {<<: *x}}\n"]
)
def test_a_value_that_yaml_reads_as_another_text_is_rejected(tmp_path: Path, text: str, spelling: str) -> None:
    problem = describe_text(tmp_path, text.replace("VALUE", spelling), spelling)
    assert problem is not None
    assert problem.endswith("and the service would get other text than was written (put it in quotes)")


@pytest.mark.parametrize(
    "text",
    [
        "app_secrets: {api: {A: '{{ pin }}'}}\npin: VALUE\n",
        "app_secrets: {api: {A: '{{ pin if true else 1 }}'}}\npin: VALUE\n",
        "app_secrets: {api: '{{ all }}'}\nall: {A: VALUE}\n",
    ],
)
@pytest.mark.parametrize(("spelling", "is_rejected"), [("012345", True), ("1_000", True), ("5000", False)])
def test_a_number_of_a_variable_is_compared_with_its_file(
    tmp_path: Path, text: str, spelling: str, is_rejected: bool
) -> None:
    rendered = {"api": {"A": yaml.safe_load(spelling)}}
    found: Any = describe(tmp_path, rendered, text.replace("VALUE", spelling))
    problem = found["api"]["A"]
    assert (problem is not None) is is_rejected
    assert problem is None or problem.endswith("other text than was written (put it in quotes)")


@pytest.mark.parametrize("spelling", SAME_TEXTS)
def test_a_value_that_yaml_reads_as_the_same_text_is_accepted(tmp_path: Path, spelling: str) -> None:
    assert describe_text(tmp_path, f"app_secrets:\n  api:\n    A: {spelling}\n", spelling) is None


@pytest.mark.parametrize(
    ("value", "is_rejected"), [(1.1, True), (5.0, True), (7, False), (True, False), ("1.10", False)]
)
@pytest.mark.parametrize("text", ["app_secrets: {api: {A: '{{ version }}'}}", "app_secrets: '{{ all }}'", "x: 1"])
def test_a_fraction_of_unknown_spelling_is_rejected(tmp_path: Path, text: str, value: Any, is_rejected: bool) -> None:
    found: Any = describe(tmp_path, {"api": {"A": value}}, text)
    problem = found["api"]["A"]
    assert (problem is not None) is is_rejected
    assert problem is None or "of which digits may be lost already (put it in quotes where it is set)" in problem


def test_the_spelling_in_an_encrypted_file_is_read(tmp_path: Path) -> None:
    loader, secrets = DataLoader(), [("default", VaultSecret(b"x"))]
    loader.set_vault_secrets(secrets)
    encrypted = VaultLib(secrets).encrypt(b"app_secrets: {api: {A: 012345}}\n")
    for one, is_read in ((loader, True), (DataLoader(), False)):
        found: Any = describe(tmp_path, {"api": {"A": 5349}}, encrypted, one)
        problem = found["api"]["A"] or ""
        assert ("the service would get other text than was written" in problem) is is_read


@pytest.mark.parametrize("has_file", [True, False])
def test_an_error_of_an_extra_variable_is_not_in_a_file_that_does_not_set_it(has_file: bool, tmp_path: Path) -> None:
    all_file, extra_file, key = tmp_path / "all.yml", tmp_path / "extra.yml", "ansible_ssh_private_key_file"
    all_file.write_text(
        f"x: 1\napp_secrets:\n  api: {{PORT: x}}\n{key}: a\ngroundwork_connection: b\n", encoding="utf-8"
    )
    own = f"app_secrets:\n  api:\n    PORT: x\n{key}: k\ngroundwork_connection: shop\n"
    extra_file.write_text(own if has_file else "x: 1\n", encoding="utf-8")
    inventory = {
        "variables": {key: "k"},
        "files": [str(all_file)],
        "app_secrets": {"api": {"PORT": None}},
        "extra_variables": ["app_secrets", key, "groundwork_connection"],
        "extra_files": [str(extra_file)],
        "connection_problem": "groundwork_connection: is text (write a mapping)",
        "has_connection_variable": True,
    }
    change = {"access": {"ssh_from": ["203.0.113.7/32"]}, **service({"git": "https://git.example/x"})}
    found = {error["path"]: error for error in run(change, inventory=inventory)["errors"]}
    del found["access.public_key"]
    lines = {"app_secrets.api.PORT": 3, key: 4, "groundwork_connection": 5}
    file = str(extra_file) if has_file else None
    assert {path: (error["file"], error["line"]) for path, error in found.items()} == {
        path: (file, line if has_file else None) for path, line in lines.items()
    }
    assert {error["source"] for error in found.values()} == {"the extra variables"}


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "a:\n\t- 1"])
def test_overrides_that_are_no_yaml_are_not_an_error_of_the_document(text: str, tmp_path: Path) -> None:
    document = tmp_path / "shop.yml"
    document.write_text(yaml.safe_dump(base_of({})), encoding="utf-8")
    name = "stack_overrides of the extra variables"
    outcome = validate({"topology": str(document), "layers": [{"name": name, "values": text}]})
    (error,) = [error for error in outcome["errors"] if "source" not in error["path"]]
    assert (error["file"], error["line"], error["source"]) == (None, None, None)
    assert error["path"].startswith(f"{name}.line ")
    assert "docs/topology.md" not in error["fix"]


def test_a_secret_that_is_written_twice_is_reported_without_its_name(tmp_path: Path) -> None:
    one, other = tmp_path / "all.yml", tmp_path / "web.yml"
    one.write_text(f"app_secrets:\n  api:\n    A: x\n    A: {SECRET}\nother: {{a: 1, a: 2}}\n", encoding="utf-8")
    other.write_text(f"app_secrets: {{api: {{'{SECRET}': x, '{SECRET}': y}}}}\napp_secrets: {{}}\n", encoding="utf-8")
    inventory = {
        "variables": {"ansible_connection": "local"},
        "files": [str(one)],
        "secrets_of_files": [{"file": str(other), "name": "web.yml", "group": "web", "app_secrets": {}}],
    }
    outcome = run(service({"git": "https://git.example/x"}), inventory=inventory)
    assert [(item["file"], item["line"], item["message"], item["fix"]) for item in outcome["errors"]] == [
        (str(one), 4, "this key is in line 3 already", "remove one"),
        (str(other), 1, "this key is in line 1 already", "remove one"),
        (str(other), 2, 'the key "app_secrets" is in line 1 already', "remove one"),
    ]
    assert SECRET not in str(outcome)

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab tells its databases: parameters, access, passwords, and who issued their certificates."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from lab.databases.model import Database, Login, keep, plain, restore
from lab.databases.mysql import MySQL, native
from lab.databases.postgres import ACCESS, PostgreSQL, scram
from lab.databases.snapshot import InForce, defaults, merge
from lab.servers.authority import Authority
from lab.servers.model import CONFIGURATION

SHOP = Database("db-1", "mysql", "shop.rds", 3306, Login("boss", "it's \\ secret"), "shop", {})


def given(**parameters: str) -> Database:
    return dataclasses.replace(SHOP, parameters={name.replace("__", "."): text for name, text in parameters.items()})


def parameter(value: str, method: str = "immediate") -> dict[str, str]:
    return {"ParameterValue": value, "ApplyMethod": method}


@pytest.mark.parametrize(
    ("before", "group", "parameters", "after"),
    [
        pytest.param(
            {}, "", {"a": parameter("2", "pending-reboot"), "s": parameter("3")}, {"a": "2", "s": "3"}, id="starts"
        ),
        pytest.param({"a": "1"}, "g", {"a": parameter("2")}, {"a": "2"}, id="at once"),
        pytest.param({"a": "1"}, "g", {"a": parameter("2", "pending-reboot")}, {"a": "1"}, id="waits"),
        pytest.param({}, "g", {"a": parameter("2", "pending-reboot")}, {}, id="waits from the start"),
        pytest.param({"s": "1"}, "g", {"s": parameter("2")}, {"s": "1"}, id="static"),
        pytest.param({"a": "1", "s": "1"}, "g", {}, {"s": "1"}, id="reset"),
        pytest.param({"a": "1"}, "other", {"a": parameter("2")}, {"a": "1"}, id="another group"),
    ],
)
def test_which_parameters_are_in_force(
    before: Mapping[str, str], group: str, parameters: Mapping[str, Any], after: Mapping[str, str]
) -> None:
    found = merge(InForce(group, before), "g", parameters, lambda name: name == "s")
    assert found == InForce(group or "g", after)


@pytest.mark.parametrize(
    ("family", "told_so", "demanded"),
    [("postgres14", {}, None), ("postgres17", {}, "1"), ("postgres17", parameter("0"), "0"), ("mysql8.4", {}, None)],
)
def test_an_engine_that_demands_tls_by_default(family: str, told_so: dict[str, str], demanded: str | None) -> None:
    parameters = {**defaults(family), **({"rds.force_ssl": told_so} if told_so else {})}
    found = merge(InForce(), "g", parameters, lambda _name: False)
    assert found.values.get("rds.force_ssl") == demanded


def test_values_that_could_be_more_than_values_are_left_out() -> None:
    kept = {"a": "0.5", "b": "TABLE,FILE", "c": "+00:00"}
    assert plain({**kept, "d": "{DBInstanceClassMemory/12582880}", "e": "1\nuser=root", "f": "'; x", "g": ""}) == kept


def test_mysql_gets_what_it_knows() -> None:
    lines = MySQL().configuration(given(max_connections="33", long_query_time="0.5", innodb_file_format="x"))
    settings = lines[CONFIGURATION].splitlines()
    assert {"port=3306", "max_connections=33", "long_query_time=0.5"} <= set(settings)
    assert "innodb_file_format=x" not in settings
    script = MySQL().reload(
        {"max_connections": "33", "sql_mode": "ANSI"}, given(max_connections="34", log_output="TABLE")
    )
    changes = [line for line in script.splitlines() if line.startswith("SET")]
    assert changes == [
        "SET GLOBAL max_connections = 34;",
        "SET GLOBAL log_output = 'TABLE';",
        "SET GLOBAL sql_mode = DEFAULT;",
    ]


@pytest.mark.parametrize(("value", "way"), [("1", "hostssl"), ("0", "host"), ("", "host")])
def test_postgres_may_force_tls(value: str, way: str) -> None:
    access = PostgreSQL().configuration(given(rds__force_ssl=value))[ACCESS].splitlines()
    assert access[-2:] == ["host all rdsadmin 0.0.0.0/0 reject", f"{way} all all 0.0.0.0/0 scram-sha-256"]
    assert not any("trust" in line for line in access)


def test_postgres_gets_what_it_knows() -> None:
    found = PostgreSQL().configuration(given(max_connections="44", shared_buffers="{x}", fsync="off"))[CONFIGURATION]
    assert "max_connections = '44'\n" in found
    assert "fsync" not in found
    assert "shared_buffers = '16MB'\n" in found


@pytest.mark.parametrize("engine", [MySQL(), PostgreSQL()])
def test_a_password_never_travels_as_such(engine: MySQL | PostgreSQL) -> None:
    scripts = [engine.master(SHOP), *engine.configuration(SHOP).values(), engine.reload({}, SHOP)]
    assert "secret" not in "".join(scripts)
    assert "secret" not in repr(SHOP)
    assert "secret" not in SHOP.login.mark
    assert SHOP.login.mark != Login("boss", "other").mark


def test_what_servers_keep_of_passwords() -> None:
    # The examples of MySQL's manual for PASSWORD(), and of RFC 7677.
    assert native("mypass") == "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"
    nonce, salt = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ=="
    kept = scram("pencil", base64.b64decode(salt))
    assert kept.startswith(f"SCRAM-SHA-256$4096:{salt}$")
    said = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={salt},i=4096,c=biws,r={nonce}"
    signed = hmac.digest(base64.b64decode(kept.rpartition(":")[2]), said.encode(), "sha256")
    assert base64.b64encode(signed) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert scram("pencil") != scram("pencil")


def test_names_are_names() -> None:
    odd = dataclasses.replace(SHOP, login=Login("o'boss", "x"), initial='sh`o"p')
    assert "'o''boss'@'%'" in MySQL().master(odd)
    assert '`sh``o"p`' in MySQL().master(odd)
    assert """"sh`o""p" OWNER "o''boss\"""" in PostgreSQL().master(odd)


def test_a_copy_is_whole_or_not_there() -> None:
    lines = keep("copy-1", "copy it\n").splitlines()
    assert lines[-3:] == [
        "tar -cf /lab/copies/copy-1.part -C /lab/copying .",
        "mv /lab/copies/copy-1.part /lab/copies/copy-1.tar",
        "rm -rf /lab/copying",
    ]
    assert lines[0] == "set -eu"
    assert "tar -xf /lab/copies/copy-1.tar -C /data" in restore("/data", "mysql", "copy-1")


def test_an_authority_that_stays(tmp_path: Path) -> None:
    files = (tmp_path / "ca.crt", tmp_path / "ca.key")
    text, key = Authority(*files).issue("shop." + "c" * 80)
    assert stat.S_IMODE(files[1].stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in key
    issued, issuer = (x509.load_pem_x509_certificate(one) for one in (text, files[0].read_bytes()))
    issued.verify_directly_issued_by(issuer)
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop." + "c" * 80]
    again = x509.load_pem_x509_certificate(Authority(*files).issue("other")[0])
    again.verify_directly_issued_by(issuer)

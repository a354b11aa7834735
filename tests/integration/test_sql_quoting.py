# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quoted names and texts mean to real servers exactly what was quoted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from rig.database_servers import MASTER, MASTER_PASSWORD, Server

from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import connect
from ansible_collections.groundwork.aws.plugins.module_utils._host.sql_quoting import (
    escape_mysql_pattern,
    quote_mysql_database_in_grant,
    quote_mysql_identifier,
    quote_mysql_literal,
    quote_mysql_user,
    quote_postgres_identifier,
    quote_postgres_literal,
)

TRICKY = st.sampled_from(
    [*"'\"`\\%_$:;-*/?#@ \n\r\t\x1a\x08", "''", "\\'", "$$", "--", "/*", "%s", ":a", "ä", "𐏿", "Ω"]
)
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.lists(st.one_of(TRICKY, CHARACTERS), max_size=40).map("".join)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=32).map(str.strip)
# The connection is shared by the examples of a test, and no example leaves anything in it.
SHARED = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
INJECTIONS = ["'; drop table x; --", "\\'; drop table x; --", '"; drop role master; --', "` ; drop database shop; -- "]


@pytest.fixture(scope="module")
def postgres(postgres_server: Server) -> Iterator[Any]:
    with closing(connect(postgres_server.options(database="shop"), MASTER, MASTER_PASSWORD)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture(scope="module")
def mysql(mysql_server: Server) -> Iterator[Any]:
    with closing(connect(mysql_server.options(database="shop"), MASTER, MASTER_PASSWORD)) as connection:
        yield connection


def run(connection: Any, statement: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(statement)
    return cursor.fetchall() if cursor.description else None


@pytest.mark.parametrize("conforming", ["on", "off"])
@SHARED
@given(text=TEXTS)
@example(INJECTIONS[0])
@example(INJECTIONS[1])
def test_a_literal_of_postgres(postgres: Any, conforming: str, text: str) -> None:
    run(postgres, f"set standard_conforming_strings = {conforming}")
    run(postgres, "set escape_string_warning = off")
    rows = run(postgres, f"select {quote_postgres_literal(text)}, {quote_postgres_literal('next')}")
    assert rows == ([text, "next"],)


@SHARED
@given(name=TEXTS)
@example(INJECTIONS[2])
@example("select")
@example("ä" * 31)
def test_an_identifier_of_postgres(postgres: Any, name: str) -> None:
    assume(name and len(name.encode()) <= 63)
    role = quote_postgres_identifier(name)
    assume(not name.startswith("pg_") and name not in ("public", "none", MASTER, "rdsadmin", "rds_superuser"))
    run(postgres, f"create role {role}")
    try:
        assert run(postgres, f"select count(*) from pg_roles where rolname = {quote_postgres_literal(name)}") == ([1],)
    finally:
        run(postgres, f"drop role {role}")


@SHARED
@given(text=TEXTS)
@example(INJECTIONS[0])
@example(INJECTIONS[1])
def test_a_literal_of_mysql(mysql: Any, text: str) -> None:
    assert run(mysql, f"select {quote_mysql_literal(text)}, {quote_mysql_literal('next')}") == ((text, "next"),)


@SHARED
@given(text=TEXTS)
@example(INJECTIONS[1])
def test_a_literal_of_mysql_ends_at_its_quote_in_every_mode(mysql: Any, text: str) -> None:
    run(mysql, "set session sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'")
    try:
        rows = run(mysql, f"select {quote_mysql_literal(text)}, {quote_mysql_literal('next')}")
    finally:
        run(mysql, "set session sql_mode = 'TRADITIONAL'")
    assert rows == ((text.replace("\\", "\\\\"), "next"),)


@SHARED
@given(name=TEXTS)
@example(INJECTIONS[3])
@example("select")
def test_an_identifier_of_mysql(mysql: Any, name: str) -> None:
    try:
        table = quote_mysql_identifier(name)
    except ValueError:
        assume(False)
    run(mysql, f"create temporary table {table} (n int)")
    try:
        ((found, _statement),) = run(mysql, f"show create table {table}")
        assert found == name
    finally:
        run(mysql, f"drop temporary table {table}")


@settings(SHARED, max_examples=60)
@given(database=PRINTABLE.filter(bool), user=PRINTABLE.filter(bool))
@example("shop_1%", "it's")
@example("a`b\\_c", 'o"b\\')
def test_a_grant_of_mysql_is_for_one_database_and_one_user(mysql: Any, database: str, user: str) -> None:
    assume(user.upper() not in ("ROOT", MASTER.upper(), "PUBLIC", "MARIADB.SYS"))
    pattern, account = quote_mysql_database_in_grant(database), quote_mysql_user(user)
    run(mysql, f"create user {account}")
    try:
        run(mysql, f"grant select on {pattern}.* to {account}")
        rows = run(mysql, f"select db from mysql.db where user = {quote_mysql_literal(user)}")
        assert [row[0].lower() for row in rows] == [escape_mysql_pattern(database).lower()]
    finally:
        run(mysql, f"drop user {account}")


def test_an_escaped_name_is_no_pattern(mysql: Any, mysql_server: Server) -> None:
    for name in ("a_1", "ab1"):
        run(mysql, f"create database {name}")
    run(mysql, "create user 'one'@'%' identified by 'Geheim-1'")
    try:
        run(mysql, f"grant select on {quote_mysql_database_in_grant('a_1')}.* to 'one'@'%'")
        with closing(connect(mysql_server.options(database="a_1"), "one", "Geheim-1")) as connection:
            assert {row[0] for row in run(connection, "show databases")} == {"a_1", "information_schema"}
    finally:
        run(mysql, "drop user 'one'@'%'")
        for name in ("a_1", "ab1"):
            run(mysql, f"drop database {name}")


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        (quote_postgres_literal, "a\0b"),
        (quote_postgres_identifier, "a\0b"),
        (quote_postgres_identifier, ""),
        (quote_postgres_identifier, "x" * 64),
        (quote_postgres_identifier, "ä" * 32),
        (quote_mysql_literal, "a\0b"),
        (quote_mysql_identifier, "a\0b"),
        (quote_mysql_identifier, ""),
        (quote_mysql_identifier, "x" * 65),
        (quote_mysql_identifier, "x "),
        (quote_mysql_identifier, "x\n"),
        (quote_mysql_identifier, "𐏿"),
        (quote_mysql_database_in_grant, ""),
        (quote_mysql_user, ""),
        (quote_mysql_user, "x" * 33),
    ],
)
def test_what_a_server_would_cut_off_or_reject_is_an_error(quote: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        quote(text)

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of services on real servers: what they share, how databases of earlier versions are migrated, and TLS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from rig.database_servers import (
    MASTER,
    MASTER_PASSWORD,
    RecordingProxy,
    Server,
    make_home,
    serve_mariadb,
    serve_postgres,
)

from ansible_collections.groundwork.aws.plugins.module_utils._host import postgres_users
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import AccessError, connect
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_contents import list_tables
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_users import (
    UserOutcome,
    disable_user,
    ensure_user,
)

PASSWORDS = {"api": "Geheim-1", "web": "Geheim-2", "old": "Geheim-3", "job": "Geheim-4"}
SERVE: dict[str, Callable[..., Any]] = {"postgres": serve_postgres, "mysql": serve_mariadb}


class Database:
    """A database of its own in a server that tests share."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name

    def options(self, user: str, **more: Any) -> dict[str, Any]:
        return self.server.options(database=self.name, username=user, password=PASSWORDS.get(user, "none"), **more)

    def ensure(self, user: str, check: bool = False, **more: Any) -> UserOutcome:
        return ensure_user(self.options(user, **more), check)

    @contextmanager
    def session(self, user: str, password: str | None = None) -> Iterator[Any]:
        options = self.options(user)
        with closing(connect(options, user, password or options["password"])) as connection:
            if self.server.engine == "postgres":
                # As services have it.
                run_in(connection, "reset search_path")
            yield connection

    def run(self, user: str, *statements: str) -> list[Any]:
        """Run statements in one session of a user; returns the rows of the last."""
        with self.session(user, MASTER_PASSWORD if user == MASTER else None) as connection:
            return run_in(connection, *statements)


def run_in(connection: Any, *statements: str) -> list[Any]:
    rows: list[Any] = []
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
        rows = list(cursor.fetchall()) if cursor.description else []
    connection.commit()
    return rows


def make_database(server: Server, name: str) -> Database:
    """A new database of the master user."""
    admin = Database(server, "shop")
    with admin.session(MASTER, MASTER_PASSWORD) as connection:
        if server.engine == "postgres":
            connection.autocommit = True
        run_in(connection, f"create database {name}")
    return Database(server, name)


@pytest.fixture
def postgres(postgres_server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    database = make_database(postgres_server, f"db_{abs(hash(request.node.name)) % 10**8}")
    yield database
    # Roles belong to the whole server, so that users of the next test would exist.
    admin = Database(postgres_server, "shop")
    with admin.session(MASTER, MASTER_PASSWORD) as connection:
        connection.autocommit = True
        run_in(connection, f"drop database {database.name} with (force)")
        rows = run_in(connection, "select rolname from pg_roles where rolname !~ '^(pg_|rds|master)'")
        for (role,) in rows:
            run_in(connection, f'drop role "{role}"')


@pytest.fixture
def mysql(mysql_server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    database = make_database(mysql_server, f"db_{abs(hash(request.node.name)) % 10**8}")
    yield database
    for user in PASSWORDS:
        database.run(MASTER, f"drop user if exists '{user}'@'%'")
    database.run(MASTER, f"drop database {database.name}")


@pytest.fixture(params=["postgres", "mysql"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


def create_user_as_before(database: Database, user: str) -> None:
    """What earlier versions of the collection did."""
    if database.server.engine == "postgres":
        database.run(
            MASTER,
            f"create role \"{user}\" with login password '{PASSWORDS[user]}'",
            f"grant all on database {database.name} to {user}",
            f"grant all on schema public to {user}",
        )
    else:
        database.run(
            MASTER,
            f"create user '{user}'@'%' identified by '{PASSWORDS[user]}'",
            f"grant all on `{database.name}`.* to '{user}'@'%'",
        )


def use_everything(database: Database, user: str, table: str) -> None:
    """Read, write and alter a table, as a service and its migrations do."""
    database.run(
        user,
        f"insert into {table} values (1)",
        f"alter table {table} add column of_{user} int",
        f"alter table {table} drop column of_{user}",
        f"create index {table}_{user} on {table} (n)",
    )
    assert database.run(user, f"select count(*) > 0 from {table}")[0][0]


def test_two_services_use_and_alter_what_either_creates(database: Database) -> None:
    for user in ("api", "web"):
        assert database.ensure(user, check=True) == UserOutcome(True)
        assert database.ensure(user) == UserOutcome(True)
    database.run("api", "create table of_api (n int)")
    database.run("web", "create table of_web (n int)", "create view seen as select n from of_api")
    for user in ("api", "web"):
        for table in ("of_api", "of_web"):
            use_everything(database, user, table)
        assert database.run(user, "select count(*) from seen")[0][0] > 0
    for user in ("api", "web"):
        assert database.ensure(user) == UserOutcome(False)
    database.run("web", "drop view seen", "drop table of_api")


def test_one_service_uses_two_databases_of_a_server(postgres: Database, postgres_server: Server) -> None:
    other = make_database(postgres_server, "second")
    try:
        for one in (postgres, other):
            one.ensure("api")
            one.run("api", "create table of_api (n int)")
        for one in (postgres, other):
            assert one.ensure("api") == UserOutcome(False)
            (owner,) = one.run("api", "select tableowner from pg_tables where tablename = 'of_api'")[0]
            assert owner == f"{one.name}_owner"
    finally:
        with Database(postgres_server, "shop").session(MASTER, MASTER_PASSWORD) as connection:
            connection.autocommit = True
            run_in(connection, "drop database second with (force)")


def test_the_password_of_a_service_is_changed(database: Database) -> None:
    database.ensure("api")
    database.run("api", "create table t (n int)")
    changed = ensure_user({**database.options("api"), "password": "Ge'heim\\9"}, False)
    assert changed.changed
    with database.session("api", "Ge'heim\\9") as connection:
        run_in(connection, "insert into t values (1)")
    with pytest.raises(Exception, match=r"(?i)password|access denied"), database.session("api"):
        pass


@pytest.mark.parametrize(
    "statements",
    [
        [
            "create operator public.!~~ (leftarg = name, rightarg = name, function = public.take_over)",
            "create operator public.~~ (leftarg = name, rightarg = name, function = public.take_over)",
        ],
        [
            "create function public.pg_get_userbyid(oid) returns name language sql"
            " as $$select case when public.take_over(current_user, '') then 'api'::name end$$",
            "alter database {database} set search_path = public, pg_catalog",
        ],
    ],
    ids=["an operator that fits better", "a search path of the database"],
)
def test_the_master_user_runs_nothing_that_a_service_has_made(postgres: Database, statements: list[str]) -> None:
    postgres.ensure("api")
    postgres.run(
        "api",
        "create function public.take_over(name, name) returns bool language plpgsql as $$begin"
        f" if current_user = '{MASTER}' then execute 'alter role api createrole'; end if; return true; end$$",
        *(statement.format(database=postgres.name) for statement in statements),
    )
    postgres.ensure("web")
    assert postgres.run(MASTER, "select rolcreaterole from pg_roles where rolname = 'api'") == [[False]]


class TestMigration:
    """From users that own their tables to the owner role."""

    def test_what_a_renamed_service_created_is_usable_and_alterable(self, database: Database) -> None:
        create_user_as_before(database, "old")
        database.run("old", "create table t (n int)", "create view v as select n from t")
        database.ensure("web")
        use_everything(database, "web", "t")
        assert database.run("web", "select count(*) from v")[0][0] > 0
        # The old release still runs.
        use_everything(database, "old", "t")
        database.run("old", "create table late (n int)")
        use_everything(database, "web", "late")

    def test_all_kinds_of_objects_change_their_owner(self, postgres: Database) -> None:
        create_user_as_before(postgres, "api")
        postgres.run(
            "api",
            "create schema own",
            "create table own.serials (id serial primary key, n int generated always as identity)",
            "create table parts (n int) partition by range (n)",
            "create table parts_1 partition of parts for values from (0) to (10)",
            "create materialized view mat as select n from parts",
            "create sequence numbers",
            "create type mood as enum ('good', 'bad')",
            "create type pair as (a int, b int)",
            "create domain small as int check (value < 10)",
            "create function two() returns int language sql as 'select 2'",
            "create procedure nothing() language sql as 'select 1'",
            "create extension citext",
            'create table "odd ""name; --" (n int references own.serials (id))',
        )
        postgres.ensure("api")
        left = postgres.run(
            "api",
            "select classid::regclass::text, objid from pg_shdepend where deptype = 'o' and"
            " refobjid = 'api'::regrole and classid <> 'pg_default_acl'::regclass",
        )
        assert left == []
        assert postgres.ensure("api") == UserOutcome(False)
        postgres.ensure("web")
        postgres.run(
            "web",
            "insert into own.serials (id) values (default)",
            "select nextval('numbers')",
            "refresh materialized view mat",
            "alter type mood add value 'odd'",
            "create or replace function two() returns int language sql as 'select 3'",
            "drop extension citext",
            'drop table "odd ""name; --"',
            "drop schema own cascade",
        )

    def test_a_session_that_began_before_keeps_all_its_rights(self, postgres: Database) -> None:
        create_user_as_before(postgres, "api")
        postgres.run("api", "create table t (n int)")
        with postgres.session("api") as running:
            run_in(running, "insert into t values (1)")
            postgres.ensure("api")
            run_in(running, "insert into t values (2)", "alter table t add column m int", "create table late (n int)")
        postgres.ensure("web")
        postgres.run("web", "insert into late values (1)", "alter table late add column m int")

    def test_services_write_all_the_time_while_their_database_is_migrated(self, postgres: Database) -> None:
        create_user_as_before(postgres, "api")
        tables = [f"t{number}" for number in range(20)]
        postgres.run("api", *(f"create table {name} (n int)" for name in tables))
        done, failures, writes = threading.Event(), [], [0]

        def write() -> None:
            with postgres.session("api") as connection:
                while not done.is_set():
                    for name in tables:
                        try:
                            run_in(connection, f"insert into {name} values (1)")
                            writes[0] += 1
                        except Exception as error:
                            failures.append(str(error))
                            return

        writers = [threading.Thread(target=write) for _number in range(2)]
        for writer in writers:
            writer.start()
        try:
            outcome = postgres.ensure("api")
        finally:
            done.set()
            for writer in writers:
                writer.join()
        assert (failures, outcome.warnings) == ([], [])
        assert writes[0] > 0

    def test_a_table_that_a_transaction_locks_is_left_to_the_next_run(
        self, postgres: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres_users, "OBJECT_SECONDS", 1.0)
        create_user_as_before(postgres, "api")
        postgres.run("api", "create table t (n int)", "create table u (n int)")
        postgres.run("api", "create function one() returns int language sql as 'select 1'")
        with postgres.session("api") as long_running:
            long_running.cursor().execute("select count(*) from t")
            outcome = postgres.ensure("api")
            assert outcome.changed
            (warning,) = outcome.warnings
            assert "a long transaction locks public.t." in warning
            # Others are not held up, and both can use it.
            postgres.ensure("web")
            postgres.run("web", "insert into t values (1)", "insert into u values (1)", "alter table u add m int")
            with pytest.raises(Exception, match="must be owner of table t"):
                postgres.run("web", "alter table t add m int")
            long_running.rollback()
        assert postgres.ensure("api").changed
        postgres.run("web", "alter table t add m int", "drop function one()")
        assert postgres.ensure("api") == UserOutcome(False)

    def test_a_run_that_died_is_completed(self, postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """After each statement in turn."""
        create_user_as_before(postgres, "api")
        postgres.run("api", "create table t (n int)", "create view v as select n from t", "create schema own")
        run = postgres_users.PostgresUsers._run
        for number in range(200):
            left = [number]

            def die_later(users: Any, statement: str, left: list[int] = left) -> None:
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
                run(users, statement)

            monkeypatch.setattr(postgres_users.PostgresUsers, "_run", die_later)
            try:
                postgres.ensure("api")
            except KeyboardInterrupt:
                # A service that runs meanwhile has all it needs.
                postgres.run("api", "insert into t values (1)", "select * from v")
                continue
            break
        assert number > 10
        monkeypatch.setattr(postgres_users.PostgresUsers, "_run", run)
        assert postgres.ensure("api") == UserOutcome(False)

    def test_hosts_that_work_at_the_same_time_do_not_disturb_each_other(self, postgres: Database) -> None:
        create_user_as_before(postgres, "api")
        postgres.run("api", *(f"create table t{number} (n int)" for number in range(5)))
        problems: list[Exception] = []

        def ensure(user: str) -> None:
            try:
                postgres.ensure(user)
            except Exception as error:
                problems.append(error)

        hosts = [threading.Thread(target=ensure, args=(user,)) for user in ("api", "web", "api", "job")]
        for host in hosts:
            host.start()
        for host in hosts:
            host.join()
        assert problems == []
        for user in ("api", "web", "job"):
            postgres.run(user, "alter table t1 add column m int", "alter table t1 drop column m")

    def test_tables_of_users_that_services_never_had_stay_theirs(self, postgres: Database) -> None:
        postgres.run(
            MASTER,
            "create role alice with login password 'Geheim-4'",
            f"grant alice to {MASTER}",
            f"grant connect on database {postgres.name} to alice",
            "create schema authorization alice",
            "create table alice.private (n int)",
            "alter table alice.private owner to alice",
        )
        postgres.ensure("api")
        with pytest.raises(Exception, match="permission denied"):
            postgres.run("api", "select * from alice.private")
        postgres.run(MASTER, "drop schema alice cascade", "drop owned by alice")

    def test_the_unescaped_grant_of_earlier_versions_is_replaced(self, mysql: Database) -> None:
        """`_` is a wildcard in GRANT: a user of db_1 could use dbx1."""
        lookalike = mysql.name.replace("_", "x")
        mysql.run(MASTER, f"create database {lookalike}", f"create table {lookalike}.t (n int)")
        try:
            create_user_as_before(mysql, "api")
            assert mysql.run("api", f"select count(*) from {lookalike}.t") == [(0,)]
            assert mysql.ensure("api").changed
            with pytest.raises(Exception, match="denied"):
                mysql.run("api", f"select count(*) from {lookalike}.t")
            assert not mysql.ensure("api").changed
        finally:
            mysql.run(MASTER, f"drop database {lookalike}")


class TestRefusals:
    def test_a_user_of_another_stack_is_left_alone(self, postgres: Database) -> None:
        postgres.ensure("api")
        with pytest.raises(AccessError, match=r"api belongs to the stack shop, .* Rename the service"):
            ensure_user({**postgres.options("api"), "stack": "other", "password": "Geheim-9"}, False)
        postgres.run("api", "select 1")

    def test_a_login_with_the_name_of_the_owner_role_is_left_alone(self, postgres: Database) -> None:
        postgres.run(MASTER, f"create role {postgres.name}_owner login")
        with pytest.raises(AccessError, match="there is a user of that name"):
            postgres.ensure("api")
        with pytest.raises(AccessError, match="is the name of the owner role"):
            postgres.ensure(f"{postgres.name}_owner")

    def test_without_a_master_user_the_problem_is_named(self, database: Database) -> None:
        with pytest.raises(AccessError, match="it has no user there with this password, and there is no login_user"):
            database.ensure("api", login_user=None, login_password=None)

    def test_a_wrong_master_password_is_an_error_without_it(self, database: Database) -> None:
        with pytest.raises(AccessError) as caught:
            database.ensure("api", login_password="Falsch-1")
        assert MASTER in str(caught.value)
        assert "Falsch-1" not in str(caught.value)


class TestDisabling:
    def test_a_removed_service_cannot_log_in_and_its_objects_stay(self, database: Database) -> None:
        for user in ("old", "web"):
            database.ensure(user)
        database.run("old", "create table t (n int)", "create view v as select n from t")
        assert disable_user(database.options("old"), check=True).changed
        database.run("old", "select 1")
        assert disable_user(database.options("old"), check=False).changed
        with pytest.raises(Exception, match=r"(?i)not permitted to log in|locked|denied"):
            database.run("old", "select 1")
        use_everything(database, "web", "t")
        database.run("web", "select * from v")
        assert not disable_user(database.options("old"), check=False).changed
        # The service comes back.
        assert database.ensure("old").changed
        use_everything(database, "old", "t")

    def test_a_user_that_does_not_exist_is_no_error(self, database: Database) -> None:
        assert not disable_user(database.options("old"), check=False).changed

    def test_a_user_without_a_service_is_reported_until_it_is_disabled(self, postgres: Database) -> None:
        postgres.ensure("old")
        for changed in (True, False):
            outcome = postgres.ensure("web", members=["web", "job"])
            assert outcome.changed is changed
            (warning,) = outcome.warnings
            assert warning.startswith(f"old of the database {postgres.name} has no service any more")
        assert postgres.ensure("web", members=["web", "old"]).warnings == []
        assert postgres.ensure("web", members=["web"], stack="other").warnings == []
        disable_user(postgres.options("old"), check=False)
        assert postgres.ensure("web", members=["web"]) == UserOutcome(False)


class TestTls:
    """No password reaches a server that is not verified."""

    def test_new_users_of_mysql_cannot_connect_without_tls(self, mysql: Database) -> None:
        import pymysql

        mysql.ensure("api")
        plain = {"host": "127.0.0.1", "port": mysql.server.port, "user": "api", "password": PASSWORDS["api"]}
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            pymysql.connect(**plain, ssl_disabled=True)

    def test_an_existing_user_that_may_connect_without_tls_is_reported_until_it_is_asked_for(
        self, mysql: Database
    ) -> None:
        create_user_as_before(mysql, "api")
        for _run in range(2):
            (warning,) = mysql.ensure("api").warnings
            assert f"api may also connect to {mysql.name} without TLS" in warning
        assert mysql.ensure("api", require_tls=True) == UserOutcome(True)
        assert mysql.ensure("api") == UserOutcome(False)

    @pytest.mark.parametrize("engine", SERVE)
    def test_a_certificate_of_another_name_is_rejected(self, engine: str, request: pytest.FixtureRequest) -> None:
        server = request.getfixturevalue(f"{engine}_server")
        self._assert_nothing_is_sent(server, server.port, "certificate", host="127.0.0.1")

    @pytest.mark.parametrize("engine", SERVE)
    def test_a_certificate_of_another_authority_is_rejected(self, engine: str, request: pytest.FixtureRequest) -> None:
        server = request.getfixturevalue(f"{engine}_server")
        with make_home() as other:
            self._assert_nothing_is_sent(server, server.port, "certificate", ca_cert=str(other / "ca.pem"))

    @pytest.mark.parametrize("engine", SERVE)
    @pytest.mark.parametrize("content", [None, "", "no certificate"])
    def test_a_file_without_authorities_is_an_error(
        self, engine: str, content: str | None, request: pytest.FixtureRequest, tmp_path: Any
    ) -> None:
        server = request.getfixturevalue(f"{engine}_server")
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        sent = self._assert_nothing_is_sent(server, server.port, "app_database_authorities", ca_cert=str(path))
        assert sent == b""

    @pytest.mark.parametrize("engine", SERVE)
    def test_a_server_without_tls_gets_no_password(self, engine: str) -> None:
        expected = {"postgres": "refuses SSL", "mysql": "does not offer TLS"}[engine]
        with SERVE[engine](tls=False) as server:
            sent = self._assert_nothing_is_sent(server, server.port, expected)
            assert MASTER.encode() not in sent

    def test_an_attacker_who_hides_that_mysql_offers_tls_gets_no_password(self, mysql_server: Server) -> None:
        def strip(data: bytes) -> bytes:
            end = data.find(b"\0", 5) + 1 + 4 + 8 + 1
            return data[: end + 1] + bytes([data[end + 1] & 0xF7]) + data[end + 2 :] if data[4:5] == b"\x0a" else data

        self._assert_nothing_is_sent(mysql_server, mysql_server.port, "does not offer TLS", strip)

    def _assert_nothing_is_sent(
        self,
        server: Server,
        port: int,
        message: str,
        rewrite: Callable[[bytes], bytes] = lambda data: data,
        **more: Any,
    ) -> bytes:
        """Neither as the service, nor as the master user, nor by the module that lists tables."""
        proxy = RecordingProxy(port, rewrite)
        options = {**server.options(database="shop", username="api", password=PASSWORDS["api"]), **more}
        options["port"] = proxy.port
        try:
            for use in (
                lambda: ensure_user(options, True),
                lambda: ensure_user(options, False),
                lambda: list_tables(options),
                lambda: connect(options, MASTER, MASTER_PASSWORD),
            ):
                with pytest.raises(Exception, match=message) as caught:
                    use()
                assert MASTER_PASSWORD not in str(caught.value)
        finally:
            proxy.close()
        for secret in (MASTER_PASSWORD, PASSWORDS["api"], MASTER, "api"):
            assert secret.encode() not in proxy.sent
        return proxy.sent

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of a PostgreSQL database that share what they create. Runs on managed hosts: Python 3.9.

An owner role without a login owns the database and its objects. Each service has a user that is a member of it, and
whose sessions act as the owner role in this database (`ALTER ROLE … IN DATABASE … SET role`). So a migration of one
service can change the tables of another, and what a service created stays usable when it is renamed or removed.

Everything works for the master user of RDS, which is no superuser: it creates the roles, and becomes a member of them
to give away their objects. Databases of earlier versions are migrated while services use them: privileges come before
any owner changes, each relation changes its owner in a transaction of its own, and none waits longer than LOCK_TIMEOUT
for a lock, because queries queue behind it. What stays locked keeps its owner until the next run, and is usable
meanwhile.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .database_connection import AccessError, error_code
from .polling import SYSTEM_CLOCK, Clock, poll
from .sql_quoting import POSTGRES_NAME_BYTES, quote_postgres_identifier, quote_postgres_literal

LOCK_TIMEOUT = "1s"
# Lock not available, and deadlock detected (PostgreSQL documentation, appendix A).
LOCKED = ("55P03", "40P01")
# For one object, and for all objects of a run.
OBJECT_SECONDS, MIGRATION_SECONDS, PAUSE = 10.0, 60.0, 0.5
# Several hosts of a service do this at the same time.
QUEUE_SECONDS = 120.0
MEMBERSHIP_OPTIONS_SINCE = 160000
SCRAM_ROUNDS = 4096
MARK = "groundwork.aws stack "
OBJECT_KINDS = "tables, sequences, functions, types, schemas"


@dataclass
class UserReport:
    """Whether anything was done, and what a person should know."""

    changed: bool = True
    warnings: list[str] = field(default_factory=list)


def name_owner_role(database: str) -> str:
    """The owner role of a database; a name that is too long is cut and gets a digest."""
    name = f"{database}_owner"
    if len(name.encode()) <= POSTGRES_NAME_BYTES:
        return name
    digest = hashlib.sha256(database.encode()).hexdigest()[:8]
    return f"{database.encode()[:48].decode(errors='ignore')}_{digest}_owner"


def find_problem(connection: Any, owner: str) -> str | None:
    """Why the user of this connection is not set up completely; None when it is. Needs no privileges."""
    rows = _query(
        connection,
        "select current_user = %s, has_database_privilege(current_database(), 'create'),"
        " to_regnamespace('public') is null or has_schema_privilege('public', 'create')",
        owner,
    )
    acts_as_owner, database_is_open, schema_is_open = rows[0]
    if not acts_as_owner:
        return f"its sessions do not act as the owner role {owner}"
    if not (database_is_open and schema_is_open):
        return f"the owner role {owner} may not create objects"
    left = _query(connection, f"select count(*) from ({_relations_of_members(owner)}) as relations")[0][0]
    return f"{left} tables, views or sequences of members do not belong to the owner role {owner}" if left else None


def list_users_without_service(connection: Any, owner: str, stack: str, members: Sequence[str]) -> list[str]:
    """Users that this module made for services which the stack does not have any more, and that can still log in."""
    rows = _query(
        connection,
        "select m.rolname from pg_auth_members a join pg_roles m on m.oid = a.member"
        " join pg_roles o on o.oid = a.roleid where o.rolname = %s and m.rolcanlogin"
        " and shobj_description(m.oid, 'pg_authid') = %s order by 1",
        owner,
        f"{MARK}{stack}",
    )
    return [str(row[0]) for row in rows if row[0] not in members]


def _relations_of_members(owner: str) -> str:
    """Relations in this database that belong to users that this module has made members of its owner role."""
    return (
        "select c.oid from pg_class c"
        " join pg_db_role_setting s on s.setrole = c.relowner"
        " join pg_database d on d.oid = s.setdatabase and d.datname = current_database()"
        f" where {quote_postgres_literal(f'role={owner}')} = any(s.setconfig) and {_ALTERABLE}"
    )


# Sequences of a column change their owner with their table. Members of extensions belong to those.
_ALTERABLE = (
    "c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't'"
    " and not exists (select from pg_depend p where p.classid = 'pg_class'::regclass and p.objid = c.oid"
    " and p.deptype in ('e', case c.relkind when 'S' then 'a' end, case c.relkind when 'S' then 'i' end))"
)

_OWNED_ROUTINE = (
    "pg_get_userbyid(p.proowner) = %s and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass"
    " and d.objid = p.oid and d.deptype = 'e')"
)
# Not the types of tables and of arrays, which have no privileges of their own.
_OWNED_TYPES = (
    "from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid"
    " where pg_get_userbyid(t.typowner) = %s and t.typcategory <> 'A' and (t.typrelid = 0 or c.relkind = 'c')"
    " and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid"
    " and d.deptype in ('e', 'i'))"
)


class PostgresUsers:
    """Creates the user of a service, its owner role, and migrates what other members own; as the master user."""

    def __init__(self, connection: Any, database: str, stack: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._connection = connection
        self._connection.autocommit = True
        self._database = database
        self._stack = stack
        self._owner = name_owner_role(database)
        self._clock = clock
        self._report = UserReport()

    def ensure(self, user: str, password: str) -> UserReport:
        """Set the user up completely; every statement can be repeated after an interruption at any point."""
        self._wait_for_turn()
        self._run(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        self._has_membership_options = int(self._query("show server_version_num")[0][0]) >= MEMBERSHIP_OPTIONS_SINCE
        self._check_names(user)
        self._ensure_owner_role()
        self._ensure_login(user, password)
        self._become_member(self._owner)
        self._ensure_membership(user)
        self._give_database()
        users = [user, *self._find_earlier_users(user)]
        self._share_objects(users)
        # Only now: a session that acts as the owner role has its privileges and not those of the user.
        for one in users:
            self._set_default_role(one)
        self._give_objects(users)
        return self._report

    def disable(self, user: str) -> UserReport:
        """Take the login from a user that no service has; what it owns stays where it is."""
        self._wait_for_turn()
        found = self._query("select rolcanlogin from pg_roles where rolname = %s", user)
        self._report.changed = bool(found and found[0][0])
        if self._report.changed:
            self._run(f"alter role {quote_postgres_identifier(user)} nologin")
        return self._report

    def _wait_for_turn(self) -> None:
        """Take the lock that is held until the end of the session."""
        for _attempt in poll(QUEUE_SECONDS, PAUSE, self._clock):
            if self._query("select pg_try_advisory_lock(hashtext('groundwork'))")[0][0]:
                return
        raise AccessError(
            f"another host has been setting up users for {QUEUE_SECONDS:.0f} s. Nothing was changed. Run again"
        )

    def _check_names(self, user: str) -> None:
        if user == self._owner:
            raise AccessError(f"{user} is the name of the owner role. Nothing was changed. Rename the service")
        for name, can_login, comment in self._query(
            "select rolname, rolcanlogin, shobj_description(oid, 'pg_authid') from pg_roles where rolname in (%s, %s)",
            user,
            self._owner,
        ):
            if name == self._owner:
                if can_login:
                    raise AccessError(
                        f"the owner role of the database would be {name}, and there is a user of that name. Nothing "
                        "was changed. Rename that user"
                    )
                continue
            other = (comment or "").partition(MARK)[2]
            if self._stack and other and other != self._stack:
                raise AccessError(
                    f"{name} belongs to the stack {other}, which would lose its access with another password. Nothing "
                    "was changed. Rename the service"
                )

    def _ensure_owner_role(self) -> None:
        if not self._role_exists(self._owner):
            self._run(f"create role {quote_postgres_identifier(self._owner)} nologin")
            self._mark(self._owner)

    def _ensure_login(self, user: str, password: str) -> None:
        verb = "alter" if self._role_exists(user) else "create"
        # Memberships pass on privileges by themselves only to a role that inherits.
        verifier = quote_postgres_literal(hash_password(password))
        self._run(f"{verb} role {quote_postgres_identifier(user)} with login inherit password {verifier}")
        self._mark(user)

    def _mark(self, role: str) -> None:
        if self._stack:
            text = quote_postgres_literal(f"{MARK}{self._stack}")
            self._run(f"comment on role {quote_postgres_identifier(role)} is {text}")

    def _become_member(self, role: str) -> None:
        """Make the master user a member of a role: it is no superuser, and can only give away its own objects."""
        if not self._is_member("current_user", role):
            self._grant_role(role, "current_user")

    def _ensure_membership(self, user: str) -> None:
        if not self._is_member(quote_postgres_literal(user), self._owner):
            self._grant_role(self._owner, quote_postgres_identifier(user))

    def _is_member(self, member: str, role: str) -> bool:
        """Whether a member has the privileges of a role, and may act as it.

        PostgreSQL 16 separates both, and gives the creator of a role neither, but ADMIN OPTION alone.
        """
        kinds = ["usage", "set"] if self._has_membership_options else ["usage", "member"]
        role = quote_postgres_literal(role)
        checks = " and ".join(f"pg_has_role({member}, {role}, '{kind}')" for kind in kinds)
        return bool(self._query(f"select {checks}")[0][0])

    def _grant_role(self, role: str, member: str) -> None:
        options = " with inherit true, set true" if self._has_membership_options else ""
        self._run(f"grant {quote_postgres_identifier(role)} to {member}{options}")

    def _set_default_role(self, user: str) -> None:
        database = quote_postgres_identifier(self._database)
        role = quote_postgres_literal(self._owner)
        self._run(f"alter role {quote_postgres_identifier(user)} in database {database} set role = {role}")

    def _give_database(self) -> None:
        """Make the owner role the owner of the database and of the schema public, or give it all privileges there."""
        owner, database = quote_postgres_identifier(self._owner), quote_postgres_identifier(self._database)
        may_give = (
            "select pg_get_userbyid(datdba) = %s, pg_has_role(current_user, datdba, 'usage') and"
            " (select rolcreatedb or rolsuper from pg_roles where rolname = current_user)"
            " from pg_database where datname = current_database()"
        )
        is_owner, can_give = self._query(may_give, self._owner)[0]
        if not is_owner:
            self._run(
                f"alter database {database} owner to {owner}"
                if can_give
                else f"grant all on database {database} to {owner}"
            )
        for schema, is_owner, can_give in self._query(
            "select nspname, pg_get_userbyid(nspowner) in (%s, 'pg_database_owner'),"
            " pg_has_role(current_user, nspowner, 'usage') from pg_namespace where nspname = 'public'",
            self._owner,
        ):
            if not is_owner:
                self._run(
                    f"alter schema {schema} owner to {owner}"
                    if can_give
                    else f"grant all on schema {schema} to {owner}"
                )

    def _find_earlier_users(self, user: str) -> list[str]:
        """Other users of services in this database, whose objects the user may need.

        Earlier versions granted each user all privileges on the database. After a service was renamed no service logs
        in as its old user any more, so that only this run can give away what it owns.
        """
        return [
            str(row[0])
            for row in self._query(
                "select r.rolname from pg_roles r join pg_database d on d.datname = current_database()"
                " where r.rolname not in (%s, current_user) and not r.rolsuper and not r.rolcreaterole"
                " and r.rolname not like 'rds%%' and r.rolname not like 'pg\\_%%' and ("
                " exists (select from pg_db_role_setting s where s.setrole = r.oid and s.setdatabase = d.oid and"
                "  'role=' || %s = any(s.setconfig))"
                " or r.rolcanlogin and (select count(*) from aclexplode(d.datacl) a where a.grantee = r.oid and"
                "  a.privilege_type in ('CREATE', 'CONNECT', 'TEMPORARY')) = 3) order by 1",
                user,
                self._owner,
            )
        ]

    def _share_objects(self, users: Sequence[str]) -> None:
        """Give the owner role all privileges on what the users own and will own.

        Before any owner changes: a view whose owner has changed reads tables whose owner has not.
        """
        owner = quote_postgres_identifier(self._owner)
        for user in users:
            self._become_member(user)
            self._ensure_membership(user)
            self._share_later_objects(user)
            self._give_schemas(user)
            for schema, name, kind in self._list_relations(user):
                what = "sequence" if kind == "S" else "table"
                self._run(f"grant all on {what} {_path(schema, name)} to {owner}")
            for signature in self._query(
                f"select p.oid::regprocedure::text from pg_proc p where {_OWNED_ROUTINE}", user
            ):
                self._run(f"grant all on routine {signature[0]} to {owner}")
            for schema, name in self._query(f"select n.nspname, t.typname {_OWNED_TYPES}", user):
                self._run(f"grant all on type {_path(schema, name)} to {owner}")

    def _give_objects(self, users: Sequence[str]) -> None:
        """Give what the users own to the owner role."""
        started = self._clock.now()
        locked = []
        for schema, name, _kind in [one for user in users for one in self._list_relations(user)]:
            left = max(PAUSE, min(OBJECT_SECONDS, MIGRATION_SECONDS - (self._clock.now() - started)))
            statement = f"alter table {_path(schema, name)} owner to {quote_postgres_identifier(self._owner)}"
            if not self._run_when_unlocked(statement, left):
                locked.append(f"{schema}.{name}")
        if locked:
            self._report.warnings.append(
                f"{self._database}: a long transaction locks {', '.join(locked)}. Every service can read and write "
                f"there, but not alter it until its owner is {self._owner}: the next run tries again"
            )
            return
        for user in users:
            self._give_rest(user)

    def _share_later_objects(self, user: str) -> None:
        """Privileges on what the user creates without the owner role: in sessions that began before it had one."""
        user, owner = quote_postgres_identifier(user), quote_postgres_identifier(self._owner)
        for kind in OBJECT_KINDS.split(", "):
            self._run(f"alter default privileges for role {user} grant all on {kind} to {owner}")

    def _list_relations(self, user: str) -> Sequence[Sequence[str]]:
        """Schema, name and kind of the relations that a user owns."""
        return self._query(
            "select n.nspname, c.relname, c.relkind::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            f" where pg_get_userbyid(c.relowner) = %s and {_ALTERABLE} order by n.nspname, c.relname",
            user,
        )

    def _give_schemas(self, user: str) -> None:
        owner = quote_postgres_identifier(self._owner)
        for schema, is_own, can_grant in self._query(
            "select n.nspname, pg_get_userbyid(n.nspowner) = %s, pg_has_role(current_user, n.nspowner, 'usage')"
            " from pg_namespace n where pg_get_userbyid(n.nspowner) = %s or exists (select from pg_class c"
            " where c.relnamespace = n.oid and pg_get_userbyid(c.relowner) = %s) and n.nspname not like 'pg\\_%%'"
            " and not has_schema_privilege(%s, n.oid, 'create')",
            user,
            user,
            user,
            self._owner,
        ):
            name = quote_postgres_identifier(schema)
            if is_own:
                self._run(f"alter schema {name} owner to {owner}")
            elif can_grant:
                self._run(f"grant all on schema {name} to {owner}")

    def _give_rest(self, user: str) -> None:
        """Functions, types, extensions and others, which nothing locks for long."""
        owned = (
            "select count(*) from pg_shdepend s where s.refclassid = 'pg_authid'::regclass and s.deptype = 'o'"
            " and pg_get_userbyid(s.refobjid) = %s and s.classid <> 'pg_default_acl'::regclass and s.dbid = (select oid"
            " from pg_database where datname = current_database())"
        )
        if not self._query(owned, user)[0][0]:
            return
        others = self._query(
            "select datname from pg_database where pg_get_userbyid(datdba) = %s and datname <> current_database()", user
        )
        if others:
            # REASSIGN OWNED gives away databases as well, also those that are not of this stack.
            self._report.warnings.append(
                f"{user} owns the database {others[0][0]}, so its functions and types in {self._database} stay its "
                f"own. Give them away with ALTER … OWNER TO {self._owner}"
            )
            return
        names = f"{quote_postgres_identifier(user)} to {quote_postgres_identifier(self._owner)}"
        if not self._run_when_unlocked(f"reassign owned by {names}", OBJECT_SECONDS):
            self._report.warnings.append(
                f"{self._database}: a long transaction locks functions or types of {user}: the next run tries again"
            )

    def _run_when_unlocked(self, statement: str, seconds: float) -> bool:
        """Whether a statement was carried out; it is repeated while another transaction holds a lock."""
        for _attempt in poll(seconds, PAUSE, self._clock):
            try:
                self._run(statement)
            except Exception as error:
                if error_code("postgres", error) not in LOCKED:
                    raise
            else:
                return True
        return False

    def _role_exists(self, role: str) -> bool:
        return bool(self._query("select 1 from pg_roles where rolname = %s", role))

    def _run(self, statement: str) -> None:
        self._connection.cursor().execute(statement)

    def _query(self, text: str, *values: str) -> Sequence[Sequence[Any]]:
        return _query(self._connection, text, *values)


def _path(schema: str, name: str) -> str:
    return f"{quote_postgres_identifier(schema)}.{quote_postgres_identifier(name)}"


def _query(connection: Any, text: str, *values: str) -> Sequence[Sequence[Any]]:
    cursor = connection.cursor()
    cursor.execute(text, values)
    rows: Sequence[Sequence[Any]] = cursor.fetchall()
    return rows


def hash_password(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores of a password, so that the password does not get into its log (RFC 5803).

    A password with other characters than ASCII would need SASLprep and is sent as it is.
    """
    if not (password.isascii() and password.isprintable()):
        return password
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ROUNDS)
    client_key = hmac.new(salted, b"Client Key", "sha256").digest()
    server_key = hmac.new(salted, b"Server Key", "sha256").digest()
    texts = [base64.b64encode(one).decode() for one in (salt, hashlib.sha256(client_key).digest(), server_key)]
    return f"SCRAM-SHA-256${SCRAM_ROUNDS}:{texts[0]}${texts[1]}:{texts[2]}"

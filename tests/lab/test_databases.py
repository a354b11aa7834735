# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Databases that are real servers, as a client on an instance in the same network sees them."""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labtools import CA, KNOW, Account, Lab, client, docker, refused, start_client, until

pytestmark = pytest.mark.docker

ENGINES = {"mysql": 3306, "postgres": 5432}
# What is asked comes through standard input, and so do passwords: the first line is for the environment.
SHELLS = {
    "mysql": "read -r MYSQL_PWD; export MYSQL_PWD; exec mariadb --no-defaults --batch --skip-column-names "
    f"--connect-timeout=2 --ssl-ca={CA} --ssl-verify-server-cert --host=$1 --port=$2 --user=$3 shop",
    "postgres": f"read -r PGPASSWORD; export PGPASSWORD PGCONNECT_TIMEOUT=2 PGSSLMODE=verify-full PGSSLROOTCERT={CA}; "
    "exec psql --no-psqlrc --quiet --no-align --tuples-only --host=$1 --port=$2 --username=$3 shop",
}


PLAIN = {f"--ssl-ca={CA} --ssl-verify-server-cert": "--skip-ssl", "PGSSLMODE=verify-full": "PGSSLMODE=disable"}


@dataclass
class Site:
    """A lab with databases, and two instances: one that they let in, and one that they do not."""

    lab: Lab
    account: Account
    rds: Any
    vault: Any
    friend: str
    outsider: str

    def shown(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        return found

    def status(self, name: str) -> str:
        return str(self.shown(name)["DBInstanceStatus"])

    def wait(self, name: str, status: str = "available") -> dict[str, Any]:
        until(f"{name} is {status}", lambda: self.status(name) == status, 30)
        return self.shown(name)

    def secret(self, name: str) -> str:
        arn = self.shown(name)["MasterUserSecret"]["SecretArn"]
        return str(json.loads(self.vault.get_secret_value(SecretId=arn)["SecretString"])["password"])

    def ask(
        self, name: str, text: str, *, who: str = "", password: str = "", tls: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Ask a database from an instance; the friend, with the password that the secret has."""
        shown = self.shown(name)
        shell = KNOW + SHELLS[shown["Engine"]]
        for safe, open in () if tls else PLAIN.items():
            shell = shell.replace(safe, open)
        words = ("sh", "-c", shell, "-", shown["Endpoint"]["Address"], str(shown["Endpoint"]["Port"]), "boss")
        said = f"{password or self.secret(name)}\n{text}\n"
        return docker("exec", "--interactive", f"{who or self.friend}-client", *words, stdin=said)

    def query(self, name: str, text: str) -> str:
        """What it answers; empty when it does not."""
        return self.ask(name, text).stdout.strip()

    def container(self, name: str) -> str:
        return f"lab-{self.lab.name}-{self.shown(name)['DbiResourceId'].lower()}"


@pytest.fixture(scope="module")
def site(lab: Lab) -> Iterator[Site]:
    account = lab.account()
    account.make_network("10.4.0.0/16", "10.4.1.0/24")
    more = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.4.2.0/24", AvailabilityZone="us-east-1b")
    rds = client("rds", account.endpoint)
    rds.create_db_subnet_group(
        DBSubnetGroupName="data",
        DBSubnetGroupDescription="data",
        SubnetIds=[account.subnet, more["Subnet"]["SubnetId"]],
    )
    front = account.ec2.create_security_group(GroupName="front", Description="front", VpcId=account.vpc)["GroupId"]
    data = account.ec2.create_security_group(GroupName="data", Description="data", VpcId=account.vpc)["GroupId"]
    friends = [{"GroupId": account.group}]
    rules = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": friends}
        for port in ENGINES.values()
    ]
    account.ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=rules)
    for engine in ENGINES:
        family = "mysql8.0" if engine == "mysql" else "postgres16"
        rds.create_db_parameter_group(DBParameterGroupName=engine, DBParameterGroupFamily=family, Description="x")
        rds.create_db_instance(
            DBInstanceIdentifier=engine,
            Engine=engine,
            EngineVersion=family.removeprefix(engine),
            DBInstanceClass="db.t3.micro",
            AllocatedStorage=20,
            MasterUsername="boss",
            ManageMasterUserPassword=True,
            DBName="shop",
            DBSubnetGroupName="data",
            DBParameterGroupName=engine,
            VpcSecurityGroupIds=[data],
        )
    guests = [account.launch(), account.launch(SecurityGroupIds=[front])]
    made = Site(lab, account, rds, client("secretsmanager", account.endpoint), guests[0], guests[1])
    for guest in guests:
        account.wait(guest, "running")
        start_client(lab, guest)
    for engine in ENGINES:
        made.wait(engine)
        until(f"{engine} answers", lambda name=engine: made.query(name, "SELECT 1;") == "1")
    yield made
    docker("rm", "--force", *(f"{guest}-client" for guest in guests))
    account.terminate(*guests)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_secret_opens_it_and_nothing_else(site: Site, engine: str) -> None:
    assert site.query(engine, "CREATE TABLE kept (n INT PRIMARY KEY); INSERT INTO kept VALUES (1); SELECT n FROM kept;")
    wrong = site.ask(engine, "SELECT 1;", password="not-this-one")
    assert wrong.returncode != 0
    assert "denied" in wrong.stderr or "authentication failed" in wrong.stderr
    secret = site.secret(engine)
    container = site.container(engine)
    assert secret not in docker("inspect", container).stdout
    assert secret not in docker("logs", container).stdout + docker("logs", container).stderr
    assert secret not in (site.lab.home / site.lab.name / "daemon.log").read_text()
    keys = docker("exec", container, "stat", "--format=%a", "/lab/tls.key").stdout
    assert keys == "600\n"


def test_the_master_user_is_no_superuser(site: Site) -> None:
    mine = "CREATE USER 'app'@'%' IDENTIFIED BY 'x'; GRANT ALL ON shop.* TO 'app'@'%'; DROP USER 'app'@'%';"
    assert site.ask("mysql", f"CREATE DATABASE mine; DROP DATABASE mine; {mine}").returncode == 0
    for forbidden in ("SET GLOBAL max_connections = 5;", "SELECT 1 INTO OUTFILE '/tmp/x';"):
        assert "denied" in site.ask("mysql", forbidden).stderr
    assert (
        site.ask("postgres", "CREATE DATABASE mine;\nDROP DATABASE mine;\nCREATE ROLE app;\nDROP ROLE app;").stderr
        == ""
    )
    assert (
        site.query(
            "postgres",
            "SELECT rolsuper, pg_has_role('rds_superuser', 'member') FROM pg_roles WHERE rolname = current_user;",
        )
        == "f|t"
    )
    assert "must be superuser" in site.ask("postgres", "COPY kept TO PROGRAM 'true';").stderr


@pytest.mark.parametrize("engine", ENGINES)
def test_only_friends_reach_it(site: Site, engine: str) -> None:
    shown = site.shown(engine)
    address, port = shown["Endpoint"]["Address"], shown["Endpoint"]["Port"]
    assert port == ENGINES[engine]
    refusal = site.ask(engine, "SELECT 1;", who=site.outsider)
    assert refusal.returncode != 0
    assert "110" in refusal.stderr or "timeout" in refusal.stderr
    # The names of a VPC are known inside of it only.
    assert address not in Path("/etc/hosts").read_text()
    found = docker("exec", f"{site.outsider}-client", "sh", "-c", f"{KNOW} getent ahostsv4 {address}").stdout.split()
    assert found[0].startswith("10.4.1.")


def parameter(name: str, value: str, method: str = "immediate") -> list[dict[str, str]]:
    return [{"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}]


def test_parameters_at_once_and_after_a_reboot(site: Site) -> None:
    change = site.rds.modify_db_parameter_group
    change(DBParameterGroupName="mysql", Parameters=parameter("long_query_time", "0.5"))
    change(DBParameterGroupName="mysql", Parameters=parameter("max_connections", "33", "pending-reboot"))
    change(DBParameterGroupName="postgres", Parameters=parameter("log_min_duration_statement", "250"))
    change(DBParameterGroupName="postgres", Parameters=parameter("max_connections", "44", "pending-reboot"))
    asked = "SELECT @@GLOBAL.long_query_time, @@GLOBAL.max_connections;"
    until("mysql has the new time", lambda: site.query("mysql", asked) == "0.500000\t151")
    shown = "SELECT concat(current_setting('log_min_duration_statement'), ' ', current_setting('max_connections'));"
    until("postgres has the new time", lambda: site.query("postgres", shown) == "250ms 100")
    for engine in ENGINES:
        site.rds.reboot_db_instance(DBInstanceIdentifier=engine)
        assert site.status(engine) == "rebooting"
    for engine in ENGINES:
        assert site.wait(engine)["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"
    assert site.query("mysql", asked) == "0.500000\t33"
    assert site.query("postgres", shown) == "250ms 44"
    assert [site.query(engine, "SELECT n FROM kept;") for engine in ENGINES] == ["1", "1"]


def test_tls_is_demanded_by_postgres_and_may_be_by_mysql(site: Site) -> None:
    names = {"mysql": ("require_secure_transport", "1"), "postgres": ("rds.force_ssl", "0")}
    before = [site.ask(engine, "SELECT 1;", tls=False).returncode == 0 for engine in names]
    assert before == [True, False]
    for engine, (name, value) in names.items():
        site.rds.modify_db_parameter_group(DBParameterGroupName=engine, Parameters=parameter(name, value))
    for engine, open in zip(names, before, strict=True):
        until(
            "it is the other way", lambda e=engine, o=open: (site.ask(e, "SELECT 1;", tls=False).returncode == 0) != o
        )
        assert site.query(engine, "SELECT 1;") == "1"


def test_a_rotated_password_is_the_one_that_opens_it(site: Site) -> None:
    for engine in ENGINES:
        before = site.secret(engine)
        site.vault.rotate_secret(SecretId=site.shown(engine)["MasterUserSecret"]["SecretArn"])
        until("there is another password", lambda before=before, engine=engine: site.secret(engine) != before)
        assert site.query(engine, "SELECT 1;") == "1"
        assert site.ask(engine, "SELECT 1;", password=before).returncode != 0


def test_a_server_that_dies_comes_back(site: Site) -> None:
    docker("kill", site.container("mysql"))
    site.wait("mysql", "rebooting")
    site.wait("mysql")
    assert site.query("mysql", "SELECT n FROM kept;") == "1"


def test_the_lab_survives_a_kill(site: Site) -> None:
    begun = "SELECT pg_postmaster_start_time();"
    before = site.query("postgres", begun)
    os.kill(site.lab.pid, signal.SIGKILL)
    site.lab.up()
    assert site.status("postgres") == "available"
    assert site.query("postgres", begun) == before
    assert site.query("mysql", "SELECT n FROM kept;") == "1"


def test_stopped_and_started(site: Site) -> None:
    site.rds.stop_db_instance(DBInstanceIdentifier="postgres")
    assert site.status("postgres") == "stopping"
    site.wait("postgres", "stopped")
    until("its container is gone", lambda: docker("inspect", site.container("postgres")).returncode != 0)
    site.rds.start_db_instance(DBInstanceIdentifier="postgres")
    site.wait("postgres")
    assert site.query("postgres", "SELECT n FROM kept;") == "1"


def test_another_port(site: Site) -> None:
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 3399,
        "ToPort": 3399,
        "UserIdGroupPairs": [{"GroupId": site.account.group}],
    }
    group = site.shown("mysql")["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    site.account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    site.rds.modify_db_instance(DBInstanceIdentifier="mysql", DBPortNumber=3399, ApplyImmediately=True)
    site.wait("mysql", "modifying")
    assert site.wait("mysql")["Endpoint"]["Port"] == 3399
    until("it answers there", lambda: site.query("mysql", "SELECT n FROM kept;") == "1")


def test_snapshots_hold_what_there_was(site: Site) -> None:
    rds = site.rds
    for engine in ENGINES:
        rds.create_db_snapshot(DBInstanceIdentifier=engine, DBSnapshotIdentifier=f"{engine}-1")
        assert rds.describe_db_snapshots(DBSnapshotIdentifier=f"{engine}-1")["DBSnapshots"][0]["Status"] == "creating"
    for engine in ENGINES:
        until(
            "the snapshot is there",
            lambda name=f"{engine}-1": (
                rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]["Status"] == "available"
            ),
        )
        assert site.ask(engine, "INSERT INTO kept VALUES (2);").returncode == 0
        rds.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=f"{engine}-then",
            DBSnapshotIdentifier=f"{engine}-1",
            DBSubnetGroupName="data",
            VpcSecurityGroupIds=[one["VpcSecurityGroupId"] for one in site.shown(engine)["VpcSecurityGroups"]],
        )
    for engine in ENGINES:
        site.wait(f"{engine}-then")
        assert "MasterUserSecret" not in site.shown(f"{engine}-then")
        site.rds.modify_db_instance(
            DBInstanceIdentifier=f"{engine}-then", ManageMasterUserPassword=True, ApplyImmediately=True
        )
    for engine in ENGINES:
        site.wait(f"{engine}-then")
        assert site.secret(f"{engine}-then") != site.secret(engine)
        described = site.ask(f"{engine}-then", "SELECT n FROM kept;")
        assert described.stdout == "1\n", described.stderr
        assert site.query(engine, "SELECT count(*) FROM kept;") == "2"


def test_what_was_restored_takes_the_name_and_with_it_the_endpoint(site: Site) -> None:
    for old, new in (("", "-old"), ("-then", "")):
        for engine in ENGINES:
            site.rds.modify_db_instance(
                DBInstanceIdentifier=f"{engine}{old}", NewDBInstanceIdentifier=f"{engine}{new}", ApplyImmediately=True
            )
        for engine in ENGINES:
            copy = f"{engine}{new}"
            until(f"there is {copy}", lambda name=copy: refused(site.shown, name) != "DBInstanceNotFound")
            site.wait(copy)
    for engine in ENGINES:
        # The certificate is for the name, too.
        until(f"{engine} answers", lambda name=engine: site.query(name, "SELECT count(*) FROM kept;") == "1")
        assert site.query(f"{engine}-old", "SELECT count(*) FROM kept;") == "2"


def test_a_copy_of_now(site: Site) -> None:
    copy = {
        "SourceDBInstanceIdentifier": "postgres-old",
        "TargetDBInstanceIdentifier": "postgres-now",
        "DBSubnetGroupName": "data",
        "VpcSecurityGroupIds": [one["VpcSecurityGroupId"] for one in site.shown("postgres")["VpcSecurityGroups"]],
    }
    before = {**copy, "RestoreTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)}
    assert refused(site.rds.restore_db_instance_to_point_in_time, **before) == "InvalidRestoreFault"
    latest = site.shown("postgres-old")["LatestRestorableTime"] - datetime.timedelta(seconds=1)
    site.rds.restore_db_instance_to_point_in_time(**copy, RestoreTime=latest)
    site.wait("postgres-now")
    site.rds.modify_db_instance(
        DBInstanceIdentifier="postgres-now", ManageMasterUserPassword=True, ApplyImmediately=True
    )
    site.wait("postgres-now")
    until("it has what there is", lambda: site.query("postgres-now", "SELECT count(*) FROM kept;") == "2")


def test_nothing_is_left_of_what_is_deleted(site: Site) -> None:
    rds, copies = site.rds, Path(site.lab.home / site.lab.name / "copies")
    names = [one["DBInstanceIdentifier"] for one in rds.describe_db_instances()["DBInstances"]]
    rds.delete_db_instance(DBInstanceIdentifier="mysql", FinalDBSnapshotIdentifier="last")
    for name in names:
        if name != "mysql":
            rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    for name in names:
        until(f"{name} is gone", lambda name=name: refused(site.shown, name) == "DBInstanceNotFound", 30)
    for kind in (("ps", "--all"), ("volume", "ls")):
        filters = ("--quiet", "--filter", f"label=groundwork.lab={site.lab.mark}", "--filter", "name=db-")
        assert docker(*kind, *filters).stdout == ""
    mine = [{"Name": "vpc-id", "Values": [site.account.vpc]}]
    left = site.account.ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
    assert "RDSNetworkInterface" not in [one["Description"] for one in left]
    until("copies that no snapshot has are gone", lambda: len(list(copies.iterdir())) == 3)
    for name in ("last", "mysql-1", "postgres-1"):
        rds.delete_db_snapshot(DBSnapshotIdentifier=name)
    until("no copy is left", lambda: list(copies.iterdir()) == [])

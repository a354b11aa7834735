# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What root in a guest can do, and what it cannot do to this machine."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from labtools import CHECKOUT, Account, Lab, client, docker, refused, until

pytestmark = pytest.mark.docker

IMDS = "http://169.254.169.254/latest"
TOKEN = f"$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {IMDS}/api/token)"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}
# Which system call of which number the machine has, by what it is called in Python (os.uname().machine).
FINIT_MODULE = {"x86_64": 313, "aarch64": 273}


@pytest.fixture(scope="module")
def account(lab: Lab) -> Account:
    found = lab.account()
    found.make_network()
    found.allow(22, lab.exports["GROUNDWORK_LAB_CLIENT_CIDR"])
    public = Path(f"{lab.exports['GROUNDWORK_LAB_SSH_KEY']}.pub").read_bytes()
    found.ec2.import_key_pair(KeyName="confinement", PublicKeyMaterial=public)
    found.iam.create_role(RoleName="confined-role", AssumeRolePolicyDocument=json.dumps(TRUST))
    found.iam.create_instance_profile(InstanceProfileName="confined")
    found.iam.add_role_to_instance_profile(InstanceProfileName="confined", RoleName="confined-role")
    return found


def launch(account: Account, public: bool = True, **more: Any) -> str:
    interface = {
        "DeviceIndex": 0,
        "SubnetId": account.subnet,
        "Groups": [account.group],
        "AssociatePublicIpAddress": public,
    }
    made = account.launch(
        SubnetId=None, SecurityGroupIds=None, KeyName="confinement", NetworkInterfaces=[interface], **more
    )
    account.wait(made, "running")
    return made


@pytest.fixture(scope="module")
def guest(account: Account) -> Iterator[str]:
    made = launch(account, IamInstanceProfile={"Name": "confined"}, MetadataOptions={"HttpTokens": "required"})
    yield made
    account.terminate(made)


@pytest.fixture
def another(account: Account) -> Iterator[str]:
    """A second guest of the VPC, which the test may break."""
    made = launch(account)
    yield made
    account.terminate(made)


class Root:
    """Root in the guest, as a user gets it: through ssh and sudo."""

    def __init__(self, lab: Lab, guest: str) -> None:
        self.lab, self.guest = lab, guest

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script and return what it printed."""
        words = script.replace("'", "'\\''")
        return self.lab.ssh(self.guest, f"sudo sh -c '{words}'", seconds=60)

    def fails(self, script: str) -> str:
        """What the script says about why it failed; an error where it did not."""
        done = self.run(script)
        assert done.returncode != 0, f"{script} worked: {done.stdout}"
        return done.stderr

    def inspect(self, template: str) -> str:
        """What Docker says of the guest's container."""
        return docker("inspect", "--format", template, f"lab-{self.lab.name}-{self.guest}").stdout.strip()

    @property
    def pid(self) -> int:
        return int(self.inspect("{{.State.Pid}}"))

    @property
    def network(self) -> str:
        """The network namespace that Docker made."""
        return self.inspect("{{.NetworkSettings.SandboxKey}}")

    def connects(self, address: str, port: int) -> bool:
        """Whether a connection from the guest is accepted."""
        return self.run(f'timeout 2 bash -c "</dev/tcp/{address}/{port}" 2>/dev/null').returncode == 0

    def cache(self, name: str) -> Path:
        """The directory of this machine that is mounted into the guest."""
        container = f"lab-{self.lab.name}-{self.guest}"
        mounts = json.loads(docker("inspect", "--format", "{{json .Mounts}}", container).stdout)
        found = {one["Destination"]: Path(one["Source"]) for one in mounts}
        return found[f"/var/cache/groundwork-lab/{name}"]


@pytest.fixture
def root(lab: Lab, guest: str) -> Root:
    return Root(lab, guest)


def test_root_of_a_guest_is_not_in_the_user_namespace_of_the_machine(root: Root) -> None:
    assert root.run("id -u; cat /proc/self/uid_map").stdout.split() == ["0", "0", "0", "65536"]
    assert os.readlink(f"/proc/{root.pid}/ns/user") != os.readlink("/proc/self/ns/user")


def test_what_docker_starts_in_a_guest_has_no_capability_over_the_machine_either(root: Root) -> None:
    """The lab runs programs of the guest's disk that way, which root of the guest can exchange."""
    name = f"lab-{root.lab.name}-{root.guest}"
    for line in docker("exec", name, "grep", "^Cap[PEB]", "/proc/self/status").stdout.splitlines():
        # SETGID (6), SETUID (7) and SETFCAP (31).
        assert int(line.split()[1], 16) == 1 << 6 | 1 << 7 | 1 << 31


def test_devices_cannot_be_made(root: Root) -> None:
    disk = next(one for one in Path("/sys/class/block").iterdir() if (one / "dev").exists())
    major, minor = (disk / "dev").read_text().strip().split(":")
    assert "Operation not permitted" in root.fails(f"mknod /root/disk b {major} {minor}")
    assert "Operation not permitted" in root.fails("mknod /root/mem c 1 1")
    assert root.run("test -e /root/disk || test -e /root/mem").returncode == 1
    assert "permission denied" in root.fails("mkdir -p /mnt/dev && mount -t devtmpfs dev /mnt/dev")


def test_a_device_that_is_there_cannot_be_read(root: Root) -> None:
    """The lab's process puts the node of a real disk there."""
    found = [one for one in Path("/dev").iterdir() if stat.S_ISBLK(one.stat().st_mode)]
    if not found:
        number = next(Path("/sys/class/block").glob("*/dev")).read_text().strip().split(":")
        device = os.makedev(*map(int, number))
    else:
        device = found[0].stat().st_rdev
    node = Path(f"/proc/{root.pid}/root/root/disk")
    os.mknod(node, 0o666 | stat.S_IFBLK, device)
    try:
        assert "Operation not permitted" in root.fails("head -c 1 /root/disk")
    finally:
        node.unlink()


def test_the_control_groups_of_the_machine_stay_read_only(root: Root) -> None:
    """What docker has mounted lies below the guest's own control groups; a sandbox without these shows it."""
    # A mount namespace of its own, in which the guest's mounts are taken away.
    bare = 'unshare --mount sh -c "umount --recursive /sys/fs/cgroup; {}"'
    read_only = root.run(bare.format("grep ' /sys/fs/cgroup' /proc/self/mounts")).stdout.splitlines()
    groups = [line.split() for line in read_only if line.split()[2] in ("cgroup", "cgroup2")]
    assert groups
    for _, place, _, options, *_ in groups:
        assert options.split(",")[0] == "ro"
        assert root.run(bare.format(f"mount -o remount,rw,bind {place} && mkdir {place}/escape")).returncode != 0
        assert root.run(bare.format(f"mkdir {place}/escape")).returncode != 0
        assert root.run(bare.format(f"umount {place}")).returncode != 0


def test_a_guest_sees_no_control_groups_but_its_own(root: Root) -> None:
    outside = Path(f"/proc/{root.pid}/cgroup").read_text()
    mine = {line.split(":", 2)[2] for line in root.run("cat /proc/1/cgroup").stdout.splitlines()}
    assert mine <= {"/", "/init.scope"}, outside
    hidden = "mkdir -p /mnt/group && mount -t {} group /mnt/group && ls /mnt/group/release_agent"
    for kind in ("cgroup -o memory", "cgroup2"):
        assert root.run(f"unshare --mount sh -c '{hidden.format(kind)}'").returncode != 0
    # A hierarchy of its own would have a program that the machine runs as root.
    assert "permission denied" in root.fails(
        "mkdir -p /mnt/group && mount -t cgroup -o none,name=escape group /mnt/group"
    )
    rule = "mkdir -p /mnt/group && mount -t cgroup -o devices group /mnt/group && echo a >/mnt/group/devices.allow"
    assert root.run(f"unshare --mount sh -c '{rule}'").returncode != 0


def test_settings_of_the_kernel_cannot_be_changed(root: Root) -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    assert "Read-only file system" in root.fails("echo '|/escape' >/proc/sys/kernel/core_pattern")
    for place in ("/proc/sys", "/sys"):
        assert root.run(f"mount -o remount,rw,bind {place}").returncode != 0
    for kind in ("proc", "sysfs"):
        fresh = f"unshare --user --map-root-user --pid --fork --net --mount mount -t {kind} fresh /mnt"
        assert "permission denied" in root.fails(fresh)
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def test_modules_cannot_be_loaded(root: Root) -> None:
    number = FINIT_MODULE[os.uname().machine]
    script = (
        'import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); file = os.memfd_create("module"); '
        f'print(libc.syscall({number}, file, b"", 0), os.strerror(ctypes.get_errno()))'
    )
    assert root.run(f"python3 -c '{script}'").stdout == "-1 Operation not permitted\n"


def test_clock_and_kernel_log_are_out_of_reach(root: Root) -> None:
    assert "Operation not permitted" in root.fails("date --set 2020-01-01 >/dev/null")
    assert "Operation not permitted" in root.fails("dmesg")
    assert datetime.now(timezone.utc).year > 2020


def test_security_groups_cannot_be_lifted_from_inside(root: Root) -> None:
    assert root.run("nft flush ruleset").returncode != 0
    assert "Operation not permitted" in root.fails("ip address add 10.0.1.99/24 dev ens5")


def test_processes_of_the_machine_are_not_seen(root: Root, lab: Lab) -> None:
    command = f"/proc/{lab.pid}/cmdline"
    assert b"serve" in Path(command).read_bytes()
    assert "serve" not in root.run(f"cat {command}").stdout
    assert "init" in root.run("cat /proc/1/cmdline").stdout


@pytest.mark.parametrize("name", ["apt", "npm"])
def test_what_a_guest_leaves_in_the_cache_is_for_no_user_of_the_machine(root: Root, name: str) -> None:
    planted = f"/var/cache/groundwork-lab/{name}/planted"
    assert root.run(f"cp /bin/sh {planted} && chmod 4755 {planted}").returncode == 0
    try:
        source = root.cache(name)
        assert (source / "planted").stat().st_mode & stat.S_ISUID
        drop = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        tried = subprocess.run([*drop, "test", "-e", str(source / "planted")], check=False)
        assert tried.returncode != 0
        assert source.parent.stat().st_mode & 0o777 == 0o700
        # The locks of the lab are elsewhere: the lab would follow a link in their place.
        assert not list(source.glob("*.lock"))
    finally:
        root.run(f"rm {planted}")


def test_no_link_takes_the_place_of_a_cache(root: Root) -> None:
    """Root of the next guest, and the machine, would follow it."""
    for name in ("apt", "npm"):
        place = f"/var/cache/groundwork-lab/{name}"
        assert root.run(f"rmdir {place}").returncode != 0
        assert root.run(f"mv {place} {place}.away").returncode != 0
        assert not root.cache(name).is_symlink()
        assert root.cache(name).is_dir()
    assert {one.name for one in root.cache("apt").parent.iterdir()} <= {"apt", "npm", "packages"}


def test_a_boot_changes_nothing_that_a_link_in_the_cache_leads_to(root: Root) -> None:
    victim = "/root/victim"
    links = " && ".join(f"ln -sfT {victim} /var/cache/groundwork-lab/{name}" for name in ("apt/x.deb", "npm/x"))
    before = root.run(f"mkdir -p {victim} && chmod 0700 {victim} && {links} && stat -c %a {victim} /etc").stdout
    try:
        assert root.run("/usr/local/lib/groundwork-lab/guest-init").returncode == 0
        assert root.run(f"stat -c %a {victim} /etc").stdout == before
        assert root.run("test -e /var/cache/apt/archives/x.deb").returncode == 1
        assert root.run(f"ls {victim}").stdout == ""
    finally:
        root.run("rm -f /var/cache/groundwork-lab/apt/x.deb /var/cache/groundwork-lab/npm/x")


def test_a_package_that_another_guest_has_exchanged_is_not_installed(root: Root) -> None:
    """The size is right, which is all that apt looks at."""
    package = "hello"
    cache, archives = "/var/cache/groundwork-lab/apt", "/var/cache/apt/archives"
    install = f"DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends {package}"
    assert root.run("apt-get -qq update").returncode == 0
    first = root.run(f"rm -f {cache}/{package}_* {archives}/{package}_*; {install}")
    assert first.returncode == 0, first.stderr
    file = root.run(f"cd {cache} && ls {package}_*").stdout.strip()
    assert file.endswith(".deb")
    # As a guest that boots finds it.
    assert root.run(f"apt-get -qq purge --yes {package} && apt-get clean").returncode == 0
    exchange = f"printf X | dd of={cache}/{file} bs=1 seek=200 conv=notrunc status=none"
    assert (
        root.run(f"{exchange} && /usr/local/lib/groundwork-lab/guest-init && test -L {archives}/{file}").returncode == 0
    )
    assert f"lab: {file} in the packages that guests share" in root.fails(install)
    assert root.run(f"dpkg --status {package}").returncode != 0
    # What is wrong is gone, so that it works the second time.
    assert root.run(install).returncode == 0
    # And a good one is taken from the cache, as a copy.
    assert root.run(f"apt-get -qq purge --yes {package} && apt-get clean").returncode == 0
    assert root.run(f"/usr/local/lib/groundwork-lab/guest-init && test -L {archives}/{file}").returncode == 0
    assert root.run(f"{install} --no-download").returncode == 0
    assert root.run(f"test -f {archives}/{file} && ! test -L {archives}/{file}").returncode == 0


def test_a_malformed_request_for_metadata_is_answered(root: Root, lab: Lab) -> None:
    token, length = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"
    status = "curl -s -o /dev/null -w %{http_code}"
    # A client of an earlier test may have closed its connection in the middle of a request.
    before = count_tracebacks(lab)
    assert root.run(f"{status} -H \"{token}: $(printf '\\351')\" {IMDS}/meta-data/").stdout == "401"
    for seconds in ("$(printf '\\262')", "9" * 5000):
        assert root.run(f'{status} -X PUT -H "{length}: {seconds}" {IMDS}/api/token').stdout == "400"
    assert count_tracebacks(lab) == before


def count_tracebacks(lab: Lab) -> int:
    return lab.run("logs", "--lines", "100000").stdout.count("Traceback")


def memory(pid: int) -> int:
    """The resident memory of a process in kilobytes."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def test_a_guest_does_not_hold_the_lab_up_with_its_hosts_file(root: Root, lab: Lab, account: Account) -> None:
    other = account.launch()
    account.wait(other, "running")
    hosts = Root(lab, root.guest)
    hosts.run(f"cp /etc/hosts /root/hosts; echo '# lab {lab.mark}: begin' >>/etc/hosts")
    hosts.run("systemd-run --quiet --unit holder flock -x /etc/hosts sleep 600")
    try:
        began = time.monotonic()
        account.terminate(other)
        assert time.monotonic() - began < 20
        before = memory(lab.pid)
        hosts.run("truncate -s 200M /etc/hosts")
        until("the log says it", lambda: "is larger than 1 MB" in lab.run("logs", "--lines", "200").stdout)
        assert memory(lab.pid) - before < 100_000
        assert account.state(root.guest) == "running"
    finally:
        hosts.run("systemctl stop holder; cat /root/hosts >/etc/hosts")


def test_units_are_sandboxed_as_on_a_machine(root: Root) -> None:
    """What the roles use, and what services of others do."""
    options = (
        *(
            "User=admin",
            "PrivateUsers=yes",
            "ProtectSystem=strict",
            "ProtectHome=yes",
            "PrivateDevices=yes",
            "PrivateTmp=yes",
        ),
        *("ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes"),
        *(
            "ProtectClock=yes",
            "ProtectHostname=yes",
            "ProtectProc=invisible",
            "NoNewPrivileges=yes",
            "LockPersonality=yes",
        ),
        *("RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "SystemCallFilter=@system-service"),
        *(
            "RestrictAddressFamilies=AF_UNIX AF_INET",
            "SystemCallArchitectures=native",
            "LimitNOFILE=65536",
            "TasksMax=50",
        ),
        *("StateDirectory=sandboxed", "RuntimeDirectory=sandboxed", "IPAddressDeny=any", "CapabilityBoundingSet="),
    )
    words = " ".join(f'--property "{one}"' for one in options)
    seen = root.run(
        f"systemd-run --quiet --wait --pipe --collect {words} sh -c "
        '"id -un; touch /usr/x; touch /etc/x; ls /home; ls /dev/tty; touch \\$STATE_DIRECTORY/x && echo kept" 2>&1'
    ).stdout
    assert seen.splitlines()[0] == "admin", seen
    assert seen.count("Read-only file system") == 2, seen
    assert seen.splitlines()[-1] == "kept", seen
    dynamic = root.run("systemd-run --quiet --wait --pipe --property DynamicUser=yes id -u").stdout
    assert 61184 <= int(dynamic) <= 65519


def test_a_unit_that_takes_too_much_memory_is_killed(root: Root) -> None:
    if not root.run("grep -w memory /proc/self/cgroup /sys/fs/cgroup/cgroup.controllers").stdout:
        pytest.fail("the guest has no control group for memory")
    take = 'python3 -c "bytearray(200 << 20)"'
    run = "systemd-run --quiet --wait --pipe --property MemoryMax={} " + take
    assert root.run(run.format("64M")).returncode != 0
    assert root.run(run.format("512M")).returncode == 0


def test_services_for_which_a_container_lacks_a_capability_are_not_started(root: Root) -> None:
    """As chrony, which cannot set the clock, and would fail."""
    unit = "[Unit]\\nConditionCapability={}\\n[Service]\\nType=oneshot\\nExecStart=/bin/false\\n"
    start = f'printf "{unit}" >/run/systemd/system/picky.service && systemctl daemon-reload && systemctl start picky'
    for name in ("CAP_SYS_TIME", "CAP_SYS_MODULE", "CAP_MKNOD"):
        assert root.run(start.format(name)).returncode == 0, name
    assert root.run(start.format("CAP_CHOWN")).returncode != 0


def test_ports_below_1024_and_ping_work(root: Root) -> None:
    root.run("systemd-run --quiet --unit web --property DynamicUser=yes python3 -m http.server 80")
    until("the server listens", lambda: root.run("curl -s localhost:80").returncode == 0)
    assert root.run("ping -c 1 -W 2 127.0.0.1").returncode == 0


def credentials(root: Root) -> dict[str, str]:
    asked = f'curl -s -H "X-aws-ec2-metadata-token: {TOKEN}" {IMDS}/meta-data/iam/security-credentials/confined-role'
    found = json.loads(root.run(asked).stdout)
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["Token"],
    }


def test_credentials_of_the_role_sign_requests_also_after_a_restart_of_the_lab(
    root: Root, lab: Lab, account: Account
) -> None:
    keys = credentials(root)

    def reader(**more: str) -> Any:
        return client("ec2", lab.exports["AWS_ENDPOINT_URL"], **{**keys, **more})

    assert account.vpc in [one["VpcId"] for one in reader().describe_vpcs()["Vpcs"]]
    assert refused(reader(aws_secret_access_key="guessed").describe_vpcs) == "AuthFailure"
    os.kill(lab.pid, 9)
    lab.up()
    assert account.vpc in [one["VpcId"] for one in reader().describe_vpcs()["Vpcs"]]


def test_a_guest_does_not_reach_the_api(root: Root, lab: Lab) -> None:
    port = lab.exports["AWS_ENDPOINT_URL"].rpartition(":")[2]
    gateway = lab.exports["GROUNDWORK_LAB_CLIENT_CIDR"].partition("/")[0]
    for host in ("127.0.0.1", gateway):
        assert root.run(f"curl -s --max-time 3 http://{host}:{port}/groundwork-lab/health").returncode != 0


def test_a_guest_that_does_not_boot_is_stopped_after_a_few_attempts(lab: Lab, account: Account) -> None:
    """Its console tries to control the terminal of who reads the log."""
    guest = account.launch(KeyName="confinement")
    account.wait(guest, "running")
    enter = "/usr/local/lib/groundwork-lab/enter"
    root = Root(lab, guest)
    assert root.run(f"printf '%s\\n' '#!/bin/sh' 'printf \"\\\\033[31mred\\\\n\"' >{enter}").returncode == 0
    root.run("systemctl reboot")
    account.wait(guest, "stopped", 240)
    reason = account.instance(guest)["StateReason"]
    assert reason["Code"] == "Server.InternalError"
    assert "5 times in a row" in reason["Message"]
    log = lab.run("logs", "--lines", "500").stdout
    assert log.count(f"cannot boot {guest}") == 1
    assert f"{guest} is stopped" in log
    assert r"\x1b[31mred" in log
    assert "\x1b" not in log
    # The user may try again, which ends the same way.
    account.ec2.start_instances(InstanceIds=[guest])
    account.wait(guest, "stopped", 60)
    account.terminate(guest)


@contextlib.contextmanager
def listening(lab: Lab, port: int) -> Iterator[str]:
    """A program of this machine that listens at the gateway of the lab's network; gives its address."""
    gateway = lab.exports["GROUNDWORK_LAB_CLIENT_CIDR"].partition("/")[0]
    with socket.create_server((gateway, port), backlog=64):
        yield gateway


def test_port_53_is_subject_to_groups(root: Root, lab: Lab, account: Account) -> None:
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    with listening(lab, 53) as gateway:
        assert root.connects(gateway, 53)
        account.ec2.revoke_security_group_egress(GroupId=account.group, IpPermissions=everything)
        try:
            until("port 53 is closed", lambda: not root.connects(gateway, 53))
            # The name server of the guest itself answers all the same.
            name = f"lab-{lab.name}-{root.guest}"
            assert root.run(f"getent ahostsv4 {name}").returncode == 0
        finally:
            account.ec2.authorize_security_group_egress(GroupId=account.group, IpPermissions=everything)
        until("port 53 is open again", lambda: root.connects(gateway, 53))


def test_a_guest_without_a_way_out_does_not_reach_this_machine(root: Root, lab: Lab, account: Account) -> None:
    private = Root(lab, launch(account, public=False))
    try:
        # Through the command of the lab that connects without an address.
        assert private.run("ip route show default").stdout == ""
        for port in (53, 18081):
            with listening(lab, port) as gateway:
                assert root.connects(gateway, port)
                assert not private.connects(gateway, port)
    finally:
        account.terminate(private.guest)


def test_guests_have_no_sockets_outside_of_their_network(root: Root) -> None:
    script = (
        "import ctypes, socket; libc = ctypes.CDLL(None, use_errno=True); "
        "[socket.socket(one, socket.SOCK_DGRAM).close() for one in (1, 2, 10, 16)]; "
        # AF_PACKET, AF_ALG, AF_VSOCK, and AF_VSOCK in the lower half of the argument.
        "values = (17, 38, 40, 2**32 + 40); "
        "print(*(libc.socket(ctypes.c_long(one), 1, 0) < 0 and ctypes.get_errno() for one in values))"
    )
    assert root.run(f'python3 -c "{script}"').stdout.split() == ["97"] * 4
    executed = docker("exec", f"lab-{root.lab.name}-{root.guest}", "python3", "-c", script)
    assert executed.stdout.split() == ["97"] * 4, executed.stderr


def test_a_guest_that_boots_in_a_network_of_its_own_gets_no_port_of_the_vpc(root: Root, lab: Lab, another: str) -> None:
    """There it could lift its groups, and take the address of another guest."""
    thief = Root(lab, another)
    enter = "usr/local/lib/groundwork-lab/enter"
    text = (CHECKOUT / "lab/image/rootfs" / enter).read_text()
    leave, stage = "unshare --user", "    unset ENTER_STAGE\n"
    assert leave in text
    assert stage in text
    # With the interface on which the lab sets public addresses, so that nothing fails that would show it.
    own = "    ip link add eth0 type veth peer name ethx; ip link set eth0 up; ip link set ethx up\n"
    text = text.replace(leave, "unshare --net --user").replace(stage, stage + own)
    encoded = base64.b64encode(text.encode()).decode()
    before = thief.network
    assert thief.run(f"echo {encoded} | base64 -d >/{enter}").returncode == 0
    thief.run("systemctl reboot")
    show = ("ip", "link", "show")
    inside = ("exec", f"lab-{lab.name}-{another}", *show)
    until("it has booted in its own network", lambda: docker(*inside, "ethx").returncode == 0, 60)
    # Its processes are elsewhere; what the lab has wired is the network that Docker made.
    until("the lab follows it", lambda: thief.network != before, 60)
    assert os.stat(thief.network).st_ino != os.stat(f"/proc/{thief.pid}/ns/net").st_ino
    wired = ("nsenter", f"--net={thief.network}")
    until("it is wired", lambda: subprocess.run([*wired, *show, "ens5"], check=False).returncode == 0, 60)
    assert docker(*inside, "ens5").returncode != 0
    assert subprocess.run([*wired, "nft", "list", "table", "inet", "groundwork_lab"], check=False).returncode == 0
    assert root.run("true").returncode == 0


def test_root_of_a_guest_may_exchange_how_it_boots_and_gains_nothing(root: Root) -> None:
    """The first program comes from the guest's disk. This is the last test, for the guest does not boot any more."""
    enter = "/usr/local/lib/groundwork-lab/enter"
    lines = (
        '"#!/bin/sh"',
        '"grep CapEff /proc/self/status"',
        '"mount -t tmpfs x /mnt || echo no mount"',
        '"mknod /x b 8 0 || echo no device"',
    )
    assert root.run(f"printf '%s\\n' {' '.join(lines)} >{enter}").returncode == 0
    root.run("systemctl reboot")
    name = f"lab-{root.lab.name}-{root.guest}"
    console = until(
        "it boots its own way", lambda: (seen := docker("logs", name).stdout) and "no device" in seen and seen, 40
    )
    assert "no mount" in console
    allowed = 1 << 6 | 1 << 7 | 1 << 31
    assert all(int(line.split()[1], 16) == allowed for line in console.splitlines() if line.startswith("CapEff"))

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the image consists of, and the digest that names it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .machine import MachineConfiguration

REPOSITORY = "groundwork-lab"
LATEST = f"{REPOSITORY}:latest"
LABEL = "groundwork.lab.image"
RELEASE = "bookworm"
HERE = Path(__file__).resolve().parent
ROOTFS = HERE / "rootfs"
SETUP = HERE / "setup.sh"

PACKAGES = (
    # an init and what a login needs
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    # what ansible's modules expect on a target
    "python3",
    "python3-apt",
    "python3-packaging",
    "python3-venv",
    "python3-yaml",
    "acl",
    # what a cloud image of Debian has and roles rely on
    "ca-certificates",
    "curl",
    "git",
    "iproute2",
    "iputils-ping",
    "libcap2-bin",
    "logrotate",
    "nftables",
    "procps",
    "tzdata",
    "xz-utils",
)

# The programs of appliances, in an image of their own: a guest must not have them before they are installed.
APPLIANCE_PACKAGES = (
    "haproxy",
    # databases; no server package that would start one, or fill a directory, when it is installed
    "mariadb-server-core",
    "mariadb-client-core",
    "mariadb-backup",
    "postgresql",
    # caches
    "redis-server",
)
# An empty database of each kind: the volume of a new database begins as a copy of it, which saves seconds each time.
# The superusers are let in by who they are in the container, and only there; they have no passwords.
DATABASES = "/var/lib/lab-database"
EMPTY_DATABASES = (
    "useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mysql",
    f"install -d -o mysql -g mysql -m 0700 {DATABASES}/mysql",
    f"mariadb-install-db --user=mysql --datadir={DATABASES}/mysql --skip-test-db "
    "--auth-root-authentication-method=socket --innodb-log-file-size=16M >/dev/null",
    f"install -d -o postgres -g postgres -m 0700 {DATABASES}/postgres",
    "setpriv --reuid=postgres --regid=postgres --clear-groups /usr/lib/postgresql/*/bin/initdb "
    f"--pgdata={DATABASES}/postgres --username=rdsadmin --auth=peer --encoding=UTF8 --locale=C.UTF-8 "
    "--no-sync >/dev/null",
)

# For mmdebstrap: no recommended packages, no manuals, and the package lists stay.
BOOTSTRAP_OPTIONS = (
    "--variant=minbase",
    "--mode=root",
    "--skip=cleanup/apt/lists",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=APT::Install-Recommends "false"',
)


def appliance_recipe(base: str) -> str:
    """The Dockerfile of the image of appliances."""
    return (
        f"FROM {base}\n"
        "RUN mkdir -p /etc/postgresql-common && "
        "echo create_main_cluster = false >/etc/postgresql-common/createcluster.conf && "
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "
        f"{' '.join(APPLIANCE_PACKAGES)} && rm -rf /var/cache/apt/archives/*.deb /var/lib/apt/lists/*\n"
        f"RUN {' && '.join(EMPTY_DATABASES)}\n"
        f"LABEL {LABEL}=1\n"
    )


def recipe_digest(machine: MachineConfiguration) -> str:
    """Twelve digits that change whenever the image would come out differently."""
    digest = hashlib.sha256()
    for part in (RELEASE, *PACKAGES, *BOOTSTRAP_OPTIONS, SETUP.read_text()):
        digest.update(part.encode() + b"\0")
    for path in sorted(ROOTFS.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(ROOTFS)}\0".encode() + path.read_bytes() + b"\0")
    for name, content in sorted(machine.files().items()):
        digest.update(f"{name}\0".encode() + content + b"\0")
    return digest.hexdigest()[:12]

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Building the image: from the machine's own package sources, or from a registry's Debian where it has none."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..paths import alone
from ..shell import LabError, as_root, run
from .machine import MachineConfiguration, read_machine
from .recipe import (
    BOOTSTRAP_OPTIONS,
    LABEL,
    LATEST,
    PACKAGES,
    RELEASE,
    REPOSITORY,
    ROOTFS,
    SETUP,
    appliance_recipe,
    recipe_digest,
)


def ensure_image(say: Callable[[str], None] = print, docker: str = "docker") -> str:
    """Build the image unless there is one of this very recipe, and return its tag.

    Images of older recipes stay until `lab clean`: a lab that runs may start its next guest from one.
    """
    machine = read_machine()
    for host in sorted(machine.without_passwords):
        say(f"guests use {host} without the user and password of this machine's settings: the image holds none")
    with alone("image"):
        return _ensure(machine, say, docker)


def ensure_appliance_image(base: str, say: Callable[[str], None] = print, docker: str = "docker") -> str:
    """Build the image of appliances on that of guests, unless it is there, and return its tag."""
    recipe = appliance_recipe(base)
    tag = f"{REPOSITORY}:appliance-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    with alone("image"):
        if run(*as_root(docker, "image", "inspect", tag), check=False).returncode:
            say(f"building the image {tag} (less than a minute, once)")
            run(*as_root(docker, "build", "--quiet", "--tag", tag, "-"), stdin=recipe, timeout=900)
    return tag


def _ensure(machine: MachineConfiguration, say: Callable[[str], None], docker: str) -> str:
    tag = f"{REPOSITORY}:{recipe_digest(machine)}"
    if run(*as_root(docker, "image", "inspect", tag), check=False).returncode:
        say(f"building the image {tag} (about a minute, once)")
        with tempfile.TemporaryDirectory(prefix="groundwork-lab-image-") as directory:
            _build(Path(directory), machine, tag, docker)
    run(*as_root(docker, "tag", tag, LATEST))
    return tag


def remove_images(docker: str = "docker") -> list[str]:
    """Remove every image that this module ever made; returns their tags."""
    tags = _tags(docker)
    for tag in tags:
        run(*as_root(docker, "image", "rm", "--force", tag), check=False)
    return tags


def _tags(docker: str) -> list[str]:
    listed = run(*as_root(docker, "image", "ls", REPOSITORY, "--format", "{{.Repository}}:{{.Tag}}"), check=False)
    return [tag for tag in listed.stdout.split() if not tag.endswith(":<none>")]


def _build(directory: Path, machine: MachineConfiguration, tag: str, docker: str) -> None:
    overlay = directory / "overlay"
    shutil.copytree(ROOTFS, overlay)
    for path, content in machine.files().items():
        target = overlay / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    shutil.copy(SETUP, directory / "setup.sh")
    if machine.apt_sources and shutil.which("mmdebstrap"):
        _bootstrap(directory, machine, tag, docker)
    else:
        _from_registry(directory, tag, docker)


def _bootstrap(directory: Path, machine: MachineConfiguration, tag: str, docker: str) -> None:
    sources = directory / "debian.sources"
    sources.write_text(machine.apt_sources)
    settings = directory / "apt.conf"
    settings.write_text(machine.apt_settings)
    archive = directory / "rootfs.tar"
    command = (
        # It kills its whole process group when it fails, so it gets one of its own.
        *("setsid", "--wait", "mmdebstrap", *BOOTSTRAP_OPTIONS),
        f"--include={','.join(PACKAGES)}",
        f"--aptopt={settings}",
        f"--customize-hook=sync-in {directory / 'overlay'} /",
        f"--customize-hook=upload {directory / 'setup.sh'} /setup.sh",
        '--customize-hook=chroot "$1" sh /setup.sh && rm "$1"/setup.sh',
        # mmdebstrap's own copies of what the overlay says.
        '--customize-hook=rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/0*',
        *(RELEASE, str(archive), str(sources)),
    )
    run(*as_root(*command), timeout=900, environment={"TMPDIR": os.environ.get("TMPDIR", "/tmp")})
    changes = [f"CMD {_json_list('/sbin/init')}", "ENV container=docker", f"LABEL {LABEL}=1"]
    options = [word for change in changes for word in ("--change", change)]
    run(*as_root(docker, "import", *options, str(archive), tag), timeout=300)


def _from_registry(directory: Path, tag: str, docker: str) -> None:
    """Other distributions than Debian 12 cannot bootstrap it; there the base comes from an image registry."""
    (directory / "Dockerfile").write_text(
        "FROM debian:12\n"
        "COPY overlay/ /\n"
        "COPY setup.sh /setup.sh\n"
        "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
        f"{' '.join(PACKAGES)} && sh /setup.sh && rm /setup.sh\n"
        f"ENV container=docker\nLABEL {LABEL}=1\nCMD {_json_list('/sbin/init')}\n"
    )
    try:
        run(*as_root(docker, "build", "--tag", tag, str(directory)), timeout=900)
    except LabError as error:
        raise LabError(
            "cannot build the guests' image: this machine has no package sources of Debian 12 (or no mmdebstrap), "
            f"and debian:12 could not be had from an image registry either: {error}"
        ) from error


def _json_list(*words: str) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"

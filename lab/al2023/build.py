# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Building the stand-in's image on top of the lab's guest image."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..image import ensure_image
from ..shell import as_root, run
from .table import HERE, read_table

REPOSITORY = "groundwork-lab-al2023"
LATEST = f"{REPOSITORY}:latest"
LABEL = "groundwork.lab.al2023"
PARTS = ("Dockerfile", "guest", "specs", "packages.yml")


def recipe_digest(base: str) -> str:
    """Twelve digits that change whenever the image would come out differently; `base` is the id of the guest image."""
    digest = hashlib.sha256(base.encode() + b"\0")
    for part in PARTS:
        for path in sorted([HERE / part, *(HERE / part).rglob("*")]):
            if path.is_file():
                digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def ensure_standin(say: Callable[[str], None] = print, docker: str = "docker") -> str:
    """Build the stand-in unless there is one of this very recipe on this very guest image, and return its tag."""
    base = ensure_image(say, docker)
    base_id = run(*as_root(docker, "image", "inspect", "--format", "{{.Id}}", base)).stdout.strip()
    tag = f"{REPOSITORY}:{recipe_digest(base_id)}"
    if run(*as_root(docker, "image", "inspect", tag), check=False).returncode:
        say(f"building {tag}, the stand-in for Amazon Linux 2023 (about a minute, once)")
        with tempfile.TemporaryDirectory(prefix="groundwork-lab-al2023-") as directory:
            write_context(Path(directory))
            build = ("build", "--quiet", "--force-rm", "--build-arg", f"BASE={base}", "--tag", tag, directory)
            run(*as_root(docker, *build), timeout=900)
        _remove_older(tag, docker)
    run(*as_root(docker, "tag", tag, LATEST))
    return tag


def write_context(directory: Path) -> None:
    """Everything that the Dockerfile copies."""
    table = read_table()
    shutil.copy(HERE / "Dockerfile", directory)
    for part in ("guest", "specs"):
        shutil.copytree(HERE / part, directory / part)
    (directory / "wanted").write_text("\n".join(table.list_desired()) + "\n")
    (directory / "preinstalled").write_text("\n".join(table.preinstalled()) + "\n")
    (directory / "table.json").write_text(table.as_json())


def remove_standins(docker: str = "docker") -> list[str]:
    """Remove every image that this module ever made; returns their tags."""
    tags = _tags(docker)
    for tag in tags:
        run(*as_root(docker, "image", "rm", "--force", tag), check=False)
    return tags


def _tags(docker: str) -> list[str]:
    listed = run(*as_root(docker, "image", "ls", REPOSITORY, "--format", "{{.Repository}}:{{.Tag}}"), check=False)
    return [tag for tag in listed.stdout.split() if not tag.endswith(":<none>")]


def _remove_older(tag: str, docker: str) -> None:
    """Images of older recipes go, and so does the stage in which the packages were made."""
    for other in _tags(docker):
        if other not in (tag, LATEST):
            run(*as_root(docker, "image", "rm", other), check=False)
    run(*as_root(docker, "image", "prune", "--force", "--filter", f"label={LABEL}"), check=False)

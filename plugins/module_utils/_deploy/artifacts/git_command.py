# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run git, and never a program that the configuration of a repository names. Controller only.

The configuration of the user and of the system is honoured. That of a repository can name programs, which git would
run while it only lists files: a file system monitor, hooks, filters (gitattributes), a program for signatures.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .source_error import SourceError

# Seconds for one git command; a fetch of a large repository takes minutes.
GIT_TIMEOUT = 900.0

# What `git rev-parse --local-env-vars` lists, without the settings that a user gives by the environment: these
# variables name another repository, for example where a hook of git runs ansible.
LOCAL_VARIABLES = frozenset(
    (
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_INDEX_FILE"),
        *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE"),
        *("GIT_CONFIG", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE"),
    )
)
SAFE_SETTINGS = {"core.fsmonitor": "false", "core.hooksPath": "/dev/null", "log.showSignature": "false"}
# The settings of a repository that name a program. git compares the ends of their names without regard to case.
PROGRAMS = re.compile(
    r"filter\..+\.(?:clean|smudge|process)|core\.(?:sshcommand|gitproxy|askpass|alternaterefscommand)"
    r"|credential\..*helper|remote\..+\.(?:uploadpack|vcs)|gpg\..*program|diff\..+\.(?:command|textconv)",
    re.IGNORECASE | re.DOTALL,
)
# No protocol has this name, so that git connects to nothing.
NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "none"}


def run_git(
    arguments: Sequence[str],
    directory: Path | None = None,
    settings: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a git command and return its output. Raises `SourceError` with the message of git."""
    done = call_git(arguments, directory, settings, variables)
    if done.returncode != 0:
        raise SourceError(describe_failure(arguments, done))
    return done.stdout


def call_git(
    arguments: Sequence[str],
    directory: Path | None = None,
    settings: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a git command, which may fail."""
    place = ["-C", str(directory)] if directory is not None else []
    try:
        # Validation has no AnsibleModule, whose run_command ansible-test asks for.
        return subprocess.run(  # pylint: disable=ansible-bad-function
            ["git", *place, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            env=build_environment({**SAFE_SETTINGS, **(settings or {})}, variables or {}),
            timeout=GIT_TIMEOUT,
        )
    except FileNotFoundError:
        raise SourceError("git is not installed on the controller (install it)") from None
    except subprocess.TimeoutExpired:
        text = f"git {arguments[0]} did not end within {GIT_TIMEOUT:g} s"
        raise SourceError(f"{text} (does the repository answer?)") from None


def describe_failure(arguments: Sequence[str], done: subprocess.CompletedProcess[str]) -> str:
    reason = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
    return f"git {arguments[0]}: {reason}"


def build_environment(settings: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of git: settings as variables (git-config, GIT_CONFIG_COUNT), and messages in English."""
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    environment.update({"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "LANGUAGE": ""})
    given = environment.get("GIT_CONFIG_COUNT", "")
    count = int(given) if given.isdigit() else 0
    for key, value in settings.items():
        environment[f"GIT_CONFIG_KEY_{count}"], environment[f"GIT_CONFIG_VALUE_{count}"] = key, value
        count += 1
    return {**environment, "GIT_CONFIG_COUNT": str(count), **variables}


def find_checkout(root: Path) -> Path | None:
    """The directory at or above ``root`` that holds a `.git`, where git itself looks for one; else None."""
    ceilings = {os.path.realpath(path) for path in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(":") if path}
    real = Path(os.path.realpath(root))
    device = real.stat().st_dev
    for folder in (real, *real.parents):
        if folder.stat().st_dev != device or (folder != real and str(folder) in ceilings):
            return None
        if os.path.lexists(folder / ".git"):
            return folder
    return None


def open_checkout(root: Path) -> Checkout | None:
    """The git checkout that a directory belongs to; None outside of one.

    Raises `SourceError` where git does not read a checkout: without git, a release would have what it ignores.
    """
    folder = find_checkout(root)
    if folder is None:
        return None
    try:
        checkout = Checkout(root)
        checkout.run("rev-parse", "--git-dir")
    except SourceError as error:
        raise SourceError(
            f"{folder} is a git checkout that cannot be read: {error}. Without git, a release would also have the "
            f"files that git ignores, such as .env (correct that; or, if it is no checkout, remove {folder / '.git'})"
        ) from None
    return checkout


class Checkout:
    """A directory of a git checkout on the controller, read without network and without programs of its settings."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = self._disable_programs()

    def run(self, *arguments: str) -> str:
        return run_git(arguments, self.root, self.settings, NO_NETWORK)

    def is_successful(self, *arguments: str) -> bool:
        """Whether a command that answers by its exit status answers with yes."""
        done = call_git(arguments, self.root, self.settings, NO_NETWORK)
        if done.returncode not in (0, 1):
            raise SourceError(describe_failure(arguments, done))
        return done.returncode == 0

    def list_files(self) -> list[str]:
        """Tracked files and untracked ones that are not ignored; a submodule is one name."""
        options = ("-z", "--cached", "--others", "--exclude-standard")
        return [name for name in self.run("ls-files", *options, "--", ".").split("\0") if name]

    def list_submodules(self) -> list[str]:
        """The submodules whose files are there."""
        listed = self.run("ls-files", "-z", "--stage", "--", ".").split("\0")
        names = [entry.partition("\t")[2] for entry in listed if entry.startswith("160000 ")]
        return [name for name in names if os.path.lexists(self.root / name / ".git")]

    def is_ignored(self) -> bool:
        """Whether git ignores the directory as a whole."""
        return self.is_successful("check-ignore", "--quiet", ".")

    def read_commit(self) -> str:
        """The last commit that changed the directory; empty before the first one."""
        if not self.is_successful("rev-parse", "--quiet", "--verify", "HEAD"):
            return ""
        return self.run("log", "-1", "--format=%H", "--", ".").strip()

    def has_changes(self) -> bool:
        """Whether the directory differs from its last commit. Files inside of a submodule do not count."""
        # Looking into a submodule, git would run programs that the settings of the submodule name.
        return self.run("status", "--porcelain", "--ignore-submodules=dirty", "--", ".") != ""

    def _disable_programs(self) -> dict[str, str]:
        """Settings that replace those of the repository which name a program."""
        listed = run_git(["config", "--list", "--show-scope", "-z"], self.root, variables=NO_NETWORK).split("\0")
        disabled = {}
        for scope, entry in zip(listed[::2], listed[1::2], strict=False):
            key = entry.partition("\n")[0]
            if scope in ("local", "worktree") and PROGRAMS.fullmatch(key):
                disabled[key] = ""
                if key.startswith("filter."):
                    disabled[f"{key.rpartition('.')[0]}.required"] = "false"
        return disabled

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands of a build: what they install, and that the failure of any of them fails the build.

Python: from the lock that validation has looked at. Node.js: with the real npm, offline.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

CHECKOUT = Path(__file__).resolve().parents[3]
HASHED = "flask==3.1.3 --hash=sha256:0\n"
NPM = CHECKOUT / ".venv/bin"


def read_variables() -> dict[str, Any]:
    return dict(yaml.safe_load((CHECKOUT / "roles/app/vars/main.yml").read_text(encoding="utf-8")))


def evaluate(template: Any, **known: Any) -> Any:
    """A variable of the role, with the variables that it uses."""
    environment = NativeEnvironment()
    while isinstance(template, str) and "{{" in template:
        template = environment.from_string(template).render(**known)
    return template


def build_commands(service: dict[str, Any], uv: Path | None = None) -> list[str]:
    """The commands of a build of a service, as the role passes them to its shell."""
    variables = {**read_variables(), "common_python": "python3", "app_service": service}
    for name in ("app_install_scripts", "app_needs_development", "app_uv_install", "app_install_python"):
        variables[name] = evaluate(variables[name], **variables)
    variables["app_builds"] = {
        builder: {key: evaluate(text, **variables) for key, text in texts.items()}
        for builder, texts in variables["app_builds"].items()
    }
    commands: list[str] = evaluate(variables["app_build_commands"], **variables)
    return [command.replace("/usr/local/bin/uv", str(uv)) for command in commands]


def run_commands(commands: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = read_variables()
    shell: list[str] = variables["app_shell"]
    each = evaluate(variables["app_run_each"], app_shell=shell)
    return subprocess.run(
        [*shell, each, "build", *commands],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def build(
    folder: Path, files: dict[str, str], fail: str = "(nothing)"
) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """Run the build with an uv that only notes what it is asked, and fails on what holds the text ``fail``."""
    source, log, uv = folder / "source", folder / "log", folder / "uv"
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    source.mkdir(exist_ok=True)
    (source / ".venv").mkdir()
    uv.write_text(
        f'#!/bin/sh\necho "$*" >> {log}\ncase "$*" in *"{fail}"*) echo reason >&2; exit 3;; esac\n', encoding="utf-8"
    )
    uv.chmod(0o755)
    done = run_commands(build_commands({"builder": "python", "build": "echo built >> built"}, uv), source)
    assert (source / "built").exists() == (done.returncode == 0)
    return log.read_text(encoding="utf-8").splitlines(), done


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"requirements.txt": HASHED}, ["--require-hashes --requirement requirements.txt"]),
        ({"requirements.txt": HASHED.replace("=sha", " sha")}, ["--require-hashes --requirement requirements.txt"]),
        (
            {"requirements.txt": f"flask==3.1.3  # {HASHED}"},
            ["--python .venv/bin/python --requirement requirements.txt"],
        ),
        # More than a pipe holds, so that a reader that stops early would fail its writer.
        (
            {"requirements.txt": HASHED + "flask==3.1.3 --hash=sha256:0\n" * 50000},
            ["--require-hashes --requirement requirements.txt"],
        ),
        ({"requirements.txt": "flask==3.1.3\n"}, ["--python .venv/bin/python --requirement requirements.txt"]),
        (
            {".groundwork/requirements.txt": HASHED, "poetry.lock": "", "requirements.txt": "x"},
            ["--require-hashes --requirement .groundwork/requirements.txt"],
        ),
        (
            {"uv.lock": "", "pyproject.toml": "[project]\n", "requirements.txt": HASHED},
            ["--output-file .venv/requirements.txt", "--require-hashes --requirement .venv/requirements.txt"],
        ),
        (
            {"uv.lock": "", "pyproject.toml": "[project]\n[build-system]\n"},
            [
                "--output-file .venv/requirements.txt",
                "--require-hashes --requirement .venv/requirements.txt",
                "--no-deps --editable .",
            ],
        ),
    ],
)
def test_what_is_installed(files: dict[str, str], commands: list[str], tmp_path: Path) -> None:
    log, done = build(tmp_path, files)
    assert done.returncode == 0, done.stderr
    assert len(log) == len(commands) + 1
    assert all(line.endswith(command) for line, command in zip(log[1:], commands, strict=True)), log


@pytest.mark.parametrize(
    ("files", "text"),
    [({}, "no uv.lock, poetry.lock or requirements.txt"), ({"poetry.lock": ""}, "playbooks/validate.yml says why")],
)
def test_a_source_that_cannot_be_installed_says_so(files: dict[str, str], text: str, tmp_path: Path) -> None:
    _log, done = build(tmp_path, files)
    assert done.returncode == 1
    assert text in done.stderr


@pytest.mark.parametrize("fail", ["venv", "export", "install"])
def test_a_command_that_fails_fails_the_build(fail: str, tmp_path: Path) -> None:
    log, done = build(tmp_path, {"uv.lock": "", "pyproject.toml": "[build-system]\n"}, fail)
    assert done.returncode == 3
    assert fail in log[-1]


class TestFailures:
    @pytest.mark.parametrize(
        "command",
        [
            "false; true",
            "false | true",
            "true; false",
            "true && false; true",
            "(cd /nowhere && true); true",
            "x=$(false; echo y); true",
            "cd /nowhere; true",
            "echo $NOT_SET; true",
            "no-such-command; true",
            "if true; then false; fi; true",
            "for one in a b; do false; done; true",
            "exit 1",
            "echo 'not closed",
            "true )",
        ],
    )
    def test_a_command_that_fails_fails_the_build(self, command: str, tmp_path: Path) -> None:
        done = run_commands([command, "touch later"], tmp_path)
        assert done.returncode != 0
        assert not (tmp_path / "later").exists()

    @pytest.mark.parametrize(
        "command",
        [
            "true",
            "false || true",
            "if false; then true; fi",
            "! false",
            "test -e nowhere || touch here",
            "touch a # a note",
            "exit 0",
            'printf "%s" "$HOME" | cat',
            "set +e; false; true",
        ],
    )
    def test_a_condition_fails_nothing(self, command: str, tmp_path: Path) -> None:
        done = run_commands([command, "touch later"], tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "later").exists()

    def test_commands_do_not_change_the_directory_of_those_after_them(self, tmp_path: Path) -> None:
        assert run_commands(["cd /; x=1", "pwd", 'echo "${x:-none}"'], tmp_path).stdout == f"{tmp_path}\nnone\n"

    def test_the_status_is_that_of_the_command(self, tmp_path: Path) -> None:
        assert run_commands(["true", "exit 42", "exit 43"], tmp_path).returncode == 42


@pytest.mark.parametrize(
    ("service", "commands"),
    [
        ({}, [r"npm ci --omit=dev --ignore-scripts=true"]),
        ({"build": None, "install_scripts": None}, [r"npm ci --omit=dev --ignore-scripts=true"]),
        (
            {"build": "npm run build"},
            [r"--include=dev --ignore-scripts=true", r"npm run build", r"npm prune --omit=dev"],
        ),
        ({"install_scripts": True}, [r"--include=dev --ignore-scripts=false", r"npm prune --omit=dev"]),
        (
            {"build": "make", "install_scripts": True},
            [r"--include=dev --ignore-scripts=false", r"make", r"npm prune --omit=dev --ignore-scripts "],
        ),
    ],
)
def test_commands_of_npm(service: dict[str, Any], commands: list[str]) -> None:
    found = build_commands({"builder": "node", **service})
    assert len(found) == len(commands)
    assert all(re.search(one, command) for one, command in zip(commands, found, strict=True)), found


@pytest.mark.parametrize("build", [None, "touch built"])
def test_a_source_without_dependencies_needs_no_npm(build: str | None, tmp_path: Path) -> None:
    done = run_commands(build_commands({"builder": "node", "build": build}), tmp_path, PATH="/usr/bin:/bin")
    assert done.returncode == 0, done.stderr


class TestNpm:
    """The real npm with packages from files, offline. Each package notes that its script ran."""

    @staticmethod
    def pack(folder: Path, name: str, version: str) -> None:
        script = {"name": name, "version": version, "scripts": {"postinstall": f"touch $INIT_CWD/ran-{name}"}}
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(folder / f"{name}-{version}.tgz", "w:gz") as tar:
            info = tarfile.TarInfo("package/package.json")
            content = json.dumps(script).encode()
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        """A project with a workspace, whose development dependency differs from that of the project."""
        root = tmp_path / "shop"
        for name, version in (("prod", "1.0.0"), ("dev", "1.0.0"), ("dev", "2.0.0"), ("inner", "1.0.0")):
            self.pack(root / "vendor", name, version)
        packages = {
            "": {
                "name": "shop",
                "version": "1.0.0",
                "workspaces": ["packages/*"],
                "scripts": {"build": "ls node_modules > built && echo $NODE_ENV >> built"},
                "dependencies": {"prod": "file:vendor/prod-1.0.0.tgz"},
                "devDependencies": {"dev": "file:vendor/dev-1.0.0.tgz"},
            },
            "packages/web": {
                "name": "web",
                "version": "1.0.0",
                "dependencies": {"inner": "file:../../vendor/inner-1.0.0.tgz"},
                "devDependencies": {"dev": "file:../../vendor/dev-2.0.0.tgz"},
            },
        }
        for name, content in packages.items():
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name / "package.json").write_text(json.dumps(content), encoding="utf-8")
        self.npm(["npm install --package-lock-only --ignore-scripts --no-audit --no-fund"], root)
        return root

    @staticmethod
    def npm(commands: list[str], root: Path, **environment: str) -> None:
        done = run_commands(
            commands,
            root,
            PATH=f"{NPM}:{os.environ['PATH']}",
            HOME=str(root.parent),
            npm_config_offline="true",
            npm_config_update_notifier="false",
            **environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @staticmethod
    def installed(root: Path) -> list[str]:
        found = [*root.glob("node_modules/*"), *root.glob("packages/*/node_modules/*")]
        return sorted(str(path.relative_to(root)) for path in found if not path.name.startswith("."))

    def test_a_build_finds_development_dependencies_which_are_removed_afterwards(self, shop: Path) -> None:
        lock = (shop / "package-lock.json").read_text()
        self.npm(build_commands({"builder": "node", "build": "npm run build"}), shop, NODE_ENV="production")
        assert (shop / "built").read_text().split() == ["dev", "inner", "prod", "web", "production"]
        assert self.installed(shop) == ["node_modules/inner", "node_modules/prod", "node_modules/web"]
        assert list(shop.glob("ran-*")) == []
        assert (shop / "package-lock.json").read_text() == lock

    def test_without_a_build_they_are_not_installed(self, shop: Path) -> None:
        self.npm(build_commands({"builder": "node"}), shop)
        assert self.installed(shop) == ["node_modules/inner", "node_modules/prod", "node_modules/web"]
        assert list(shop.glob("ran-*")) == []

    def test_scripts_run_where_the_service_allows_them_whatever_the_settings_say(self, shop: Path) -> None:
        commands = build_commands({"builder": "node", "install_scripts": True})
        self.npm(commands, shop, npm_config_ignore_scripts="true", NODE_ENV="production")
        assert sorted(path.name for path in shop.glob("ran-*")) == ["ran-dev", "ran-inner", "ran-prod"]
        assert self.installed(shop) == ["node_modules/inner", "node_modules/prod", "node_modules/web"]

    def test_a_lock_without_development_dependencies(self, tmp_path: Path) -> None:
        root = tmp_path / "shop"
        self.pack(root / "vendor", "prod", "1.0.0")
        content = {"name": "shop", "version": "1.0.0", "dependencies": {"prod": "file:vendor/prod-1.0.0.tgz"}}
        (root / "package.json").write_text(json.dumps(content), encoding="utf-8")
        self.npm(["npm install --package-lock-only --ignore-scripts --no-audit --no-fund"], root)
        self.npm(build_commands({"builder": "node", "build": "true"}), root)
        assert self.installed(root) == ["node_modules/prod"]

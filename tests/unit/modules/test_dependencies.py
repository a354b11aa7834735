# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What counts as locked dependencies, and what a lock of Poetry becomes."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._release.dependencies import (
    CONVERTED,
    Dependencies,
    check_node,
    check_python,
)
from ansible_collections.groundwork.aws.plugins.module_utils._release.poetry import convert_lock
from ansible_collections.groundwork.aws.plugins.module_utils._release.source import make_archive
from ansible_collections.groundwork.aws.plugins.module_utils._release.tree import SourceProblem

HASH = "--hash=sha256:" + "0" * 64
PROJECT = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["Flask>=3", "gunicorn"]\n'
UV = """
[[package]]
name = "shop"
source = { virtual = "." }
dependencies = [{ name = "flask" }, { name = "gunicorn" }]
[package.metadata]
requires-dist = [{ name = "flask", specifier = ">=3" }, { name = "gunicorn" }]
[[package]]
name = "flask"
version = "3.1.3"
source = { registry = "https://index.example/simple" }
[[package]]
name = "gunicorn"
version = "23.0.0"
source = { registry = "https://index.example/simple" }
"""
POETRY_PROJECT = (
    '[tool.poetry]\nname = "shop"\n[tool.poetry.dependencies]\npython = "^3.11"\nFlask = "^3"\ngunicorn = "*"\n'
)


def package(name: str, **said: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "files": [{"file": "x", "hash": f"sha256:{name}"}], **said}


POETRY = """
[[package]]
name = "flask"
version = "3.1.3"
groups = ["main"]
files = [{file = "a", hash = "sha256:1"}]
[[package]]
name = "gunicorn"
version = "23.0.0"
groups = ["main", "dev"]
files = [{file = "b", hash = "sha256:2"}]
[[package]]
name = "pytest"
version = "8.0.0"
groups = ["dev"]
files = [{file = "c", hash = "sha256:3"}]
"""


def check(folder: Path, **files: str) -> Dependencies:
    write(folder, files)
    return check_python(folder, {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()})


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        known = {
            "requirements": "requirements.txt",
            "project": "pyproject.toml",
            "uv": "uv.lock",
            "poetry": "poetry.lock",
        }
        (folder / known.get(name, name)).write_text(text, encoding="utf-8")


class TestRequirements:
    @pytest.mark.parametrize(
        "text",
        [
            f"flask==3.1.3 {HASH}\ngunicorn==23.0.0 {HASH}\n",
            f"# made by uv\nflask==3.1.3 \\\n  {HASH} \\\n  {HASH}\n  # x\ngunicorn[gevent]==23.0.0 \\\n  {HASH}\n",
            f"--index-url https://index.example/simple\ngunicorn == 23.0.0 ; python_version > '3' {HASH}\n",
            f"gunicorn===23.0.0 {HASH}",
            f"gunicorn @ https://index.example/gunicorn-23.0.0.whl {HASH}",
        ],
    )
    def test_pinned_with_hashes(self, text: str, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=text)
        assert (found.errors, found.warnings) == ([], [])
        assert "gunicorn" in found.packages

    @pytest.mark.parametrize(
        "text",
        ["flask==3.1.3\ngunicorn==23.0.0\n", "gunicorn==23.0.0\n./lib\n-e .\n", f"gunicorn @ git+https://x@{'a' * 40}"],
    )
    def test_pinned_without_hashes_is_warned_of(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "lib").mkdir()
        found = check(tmp_path, requirements=text, **{"lib/pyproject.toml": "", "setup.py": ""})
        assert found.errors == []
        assert "has no hashes" in found.warnings[0]

    @pytest.mark.parametrize(
        "line",
        [
            "flask",
            "flask>=3",
            "flask~=3.1",
            "flask==3.*",
            "flask>=3,<4",
            "flask<4",
            "flask!=3.0",
            "flask[async]",
            "flask ; python_version > '3'",
            f"flask>=3 {HASH}",
            "flask @ git+https://git.example/flask@main",
            "git+https://git.example/flask#egg=flask",
        ],
    )
    def test_unpinned_is_refused(self, line: str, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"gunicorn==23.0.0\n{line}\n")
        assert found.errors[0].startswith("requirements.txt:2 (flask) is not pinned to a version")

    def test_many_are_named_by_the_first(self, tmp_path: Path) -> None:
        found = check(tmp_path, requirements="gunicorn==1\na\nb\nc\nd\ne\n")
        assert (
            "requirements.txt:2 (a), requirements.txt:3 (b), requirements.txt:4 (c) and 2 more are not"
            in found.errors[0]
        )

    def test_a_hash_that_is_missing_among_others(self, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"gunicorn==1 {HASH}\nflask==3.1.3\n")
        assert found.errors[0].startswith("requirements.txt:2 (flask) is without a hash, while others have one")

    def test_files_that_are_included(self, tmp_path: Path) -> None:
        write(tmp_path, {"base.txt": "flask\n-r requirements.txt\n", "limits.txt": "flask<4\n"})
        found = check(tmp_path, requirements="gunicorn==1\n-r base.txt\n-c limits.txt\n")
        assert found.errors[0].startswith("base.txt:1 (flask) is not pinned")
        found = check(tmp_path, requirements="gunicorn==1\n--requirement=none.txt\n")
        assert found.errors[0].startswith("none.txt is not in the source, and requirements.txt:2 includes it (")

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("-c limits.txt", "limits.txt is not in the source, and requirements.txt:2 includes it"),
            ("-r../base.txt", "../base.txt is not in the source"),
            ("-r https://me:hunter2@index.example/r.txt", "requirements.txt:2 includes an address"),
            ("-c https://me:hunter2@index.example/c.txt", "requirements.txt:2 includes an address"),
            ("--foo=hunter2", "requirements.txt:2 has the option --foo, which pip does not know"),
            ("-x hunter2", "requirements.txt:2 has the option -x"),
            (f"flask==1 --foo {HASH}", "requirements.txt:2 (flask) has the option --foo"),
            ("-e ./lib", "requirements.txt:2 names a path that is no file or Python project in the source"),
            ("-e /srv/lib", "requirements.txt:2 names a path on this machine"),
            ("~/lib", "requirements.txt:2 names a path on this machine"),
            ("../lib", "requirements.txt:2 names a path that is no file"),
            ("file:///srv/lib", "requirements.txt:2 names a path on this machine"),
            ("shop @ file:./lib", "requirements.txt:2 (shop) names a path that is no file"),
            ("shop-1.0-py3-none-any.whl", "requirements.txt:2 names a path that is no file"),
            ("./lib[extra] ; python_version > '3'", "requirements.txt:2 names a path that is no file"),
            ("flask==abc", "requirements.txt:2 (flask) is pinned to what is no version"),
            ("flask==1..2", "requirements.txt:2 (flask) is pinned to what is no version"),
            ("flask==1\nFlask==2", "requirements.txt:3 (flask) is pinned differently in requirements.txt:2"),
            ("gunicorn==22", "requirements.txt:2 (gunicorn) is pinned differently in requirements.txt:1"),
            ("flask==1 --hash=sha256:abc", "requirements.txt:2 (flask) has a hash that is none"),
            (f"flask==1 --hash=md5:{'0' * 32}", "requirements.txt:2 (flask) has a hash that is none"),
            (f"flask==1 --hash=sha256:{'g' * 64}", "requirements.txt:2 (flask) has a hash that is none"),
        ],
    )
    def test_what_no_host_could_install(self, line: str, text: str, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"gunicorn==23.0.0\n{line}\n")
        assert any(error.startswith(text) for error in found.errors), found.errors
        assert "hunter2" not in str(found)

    @pytest.mark.parametrize(
        "line",
        [
            "-c limits.txt",
            "-climits.txt",
            "--constraint limits.txt",
            "-i https://index.example/simple",
            "--extra-index-url=https://index.example/simple",
            "--find-links wheels",
            "--no-binary :all:",
            "--pre",
            "-e ./lib[dev]",
            "shop @ file:./lib",
            "wheels/shop-1.0-py3-none-any.whl",
            "flask==1.0rc1",
            "flask==1!2.0.post1+local.1",
            "flask===odd",
            "flask==1 ; python_version < '3.12'\nflask==2 ; python_version >= '3.12'",
            "flask==1\nflask==1",
            "flask==1\nflask==2 ; sys_platform == 'win32'",
            "colorama>=0.4 ; sys_platform == 'win32'",
            "tomli ; python_version < '3.8'",
            "flask==1 --config-settings=a=b",
        ],
    )
    def test_what_hosts_can_install(self, line: str, tmp_path: Path) -> None:
        for folder in ("lib", "wheels"):
            (tmp_path / folder).mkdir()
        files = {"lib/setup.py": "", "wheels/shop-1.0-py3-none-any.whl": "", "limits.txt": "flask<9\n"}
        found = check(tmp_path, requirements=f"gunicorn==23.0.0\n{line}\n", **files)
        assert found.errors == []

    @pytest.mark.parametrize(
        "marker",
        [
            "sys_platform == 'win32'",
            "sys_platform != 'linux'",
            "platform_system == 'Windows' or os_name == 'nt'",
            "python_version < '3' and sys_platform == 'linux'",
            "platform_python_implementation == 'PyPy'",
            "'win' in sys_platform",
            "extra == 'server'",
        ],
    )
    def test_a_gunicorn_that_no_host_installs(self, marker: str, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"flask==3.1.3\ngunicorn==23.0.0 ; {marker}\n")
        assert found.errors[0].startswith("requirements.txt does not have gunicorn")

    @pytest.mark.parametrize(
        "marker", ["sys_platform == 'linux'", "python_version >= '3.10'", "platform_machine == 'arm64'", "odd ("]
    )
    def test_a_gunicorn_that_hosts_may_install(self, marker: str, tmp_path: Path) -> None:
        assert check(tmp_path, requirements=f"gunicorn==23.0.0 ; {marker}\n").errors == []

    def test_gunicorn_comes_with_the_release(self, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"flask==3.1.3 {HASH}\n")
        assert found.errors[0].startswith("requirements.txt does not have gunicorn")

    def test_an_empty_file_has_no_gunicorn(self, tmp_path: Path) -> None:
        assert len(check(tmp_path, requirements="").errors) == 1

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "requirements.txt").write_bytes("flask".encode("utf-16"))
        assert "cannot be read as UTF-8" in check(tmp_path).errors[0]

    @pytest.mark.parametrize("name", ["requirements.in", "Pipfile", "pyproject.toml"])
    def test_what_is_no_lock_is_named(self, name: str, tmp_path: Path) -> None:
        (error,) = check(tmp_path, **{name: ""}).errors
        assert error.startswith(f"its source has no uv.lock, poetry.lock or requirements.txt, only {name} (")


class TestUv:
    def test_a_lock(self, tmp_path: Path) -> None:
        found = check(tmp_path, project=PROJECT, uv=UV)
        assert (found.errors, found.warnings) == ([], [])
        assert found.packages == {"flask", "gunicorn"}
        assert not found.is_installed

    def test_it_comes_before_other_files(self, tmp_path: Path) -> None:
        assert check(tmp_path, project=PROJECT, uv=UV, poetry="", requirements="flask").errors == []

    def test_a_project_that_can_be_built_is_installed(self, tmp_path: Path) -> None:
        assert check(tmp_path, project=PROJECT + "[build-system]\n", uv=UV.replace("virtual", "editable")).is_installed

    @pytest.mark.parametrize(
        ("project", "lock", "text"),
        [
            (None, UV, "uv.lock is there without pyproject.toml"),
            (PROJECT, "[", "uv.lock cannot be read as TOML"),
            ("[", UV, "pyproject.toml cannot be read as TOML"),
            (PROJECT, "", "uv.lock does not have the project itself"),
            (PROJECT.replace('"gunicorn"', '"gunicorn", "redis[x]>=5"'), UV, "they differ in redis (run uv lock)"),
            (PROJECT.replace('"Flask>=3", ', ""), UV, "they differ in flask (run uv lock)"),
            (PROJECT, UV.replace("registry", "git"), "uv.lock takes flask from a git source"),
            (PROJECT.replace(', "gunicorn"', ""), UV.replace(', { name = "gunicorn" }', ""), "does not have gunicorn"),
        ],
    )
    def test_one_that_cannot_be_used(self, project: str | None, lock: str, text: str, tmp_path: Path) -> None:
        found = check(tmp_path, uv=lock, **({} if project is None else {"project": project}))
        assert any(text in error for error in found.errors), found.errors
        assert all(error.endswith(")") for error in found.errors)


class TestPoetry:
    def test_a_lock(self, tmp_path: Path) -> None:
        found = check(tmp_path, project=POETRY_PROJECT, poetry=POETRY)
        assert (found.errors, found.warnings) == ([], [])
        assert found.packages == {"flask", "gunicorn"}

    @pytest.mark.parametrize(
        ("project", "lock", "text"),
        [
            (None, POETRY, "poetry.lock is there without pyproject.toml"),
            (POETRY_PROJECT, "[", "poetry.lock cannot be read as TOML"),
            (
                POETRY_PROJECT + 'redis = "*"\n',
                POETRY,
                "poetry.lock does not have redis of pyproject.toml (run poetry lock)",
            ),
            (POETRY_PROJECT, POETRY.replace('"sha256:1"', '""'), "poetry.lock has no hashes of flask"),
        ],
    )
    def test_one_that_cannot_be_used(self, project: str | None, lock: str, text: str, tmp_path: Path) -> None:
        found = check(tmp_path, poetry=lock, **({} if project is None else {"project": project}))
        assert any(text in error for error in found.errors), found.errors

    def test_a_release_has_the_requirements_of_its_lock(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.mkdir()
        write(source, {"project": POETRY_PROJECT, "poetry": POETRY})
        options = {
            "directory": str(source),
            "git": None,
            "archive": None,
            "ref": "HEAD",
            "exclude": [],
            "version": None,
        }
        made = make_archive({**options, "cache": str(tmp_path / "cache")})
        with tarfile.open(made["path"]) as tar:
            content = tar.extractfile(CONVERTED)
            assert content is not None
            text = content.read().decode()
        assert text == "flask==3.1.3 --hash=sha256:1\ngunicorn==23.0.0 --hash=sha256:2\n"
        assert not (source / ".groundwork").exists()
        assert make_archive({**options, "cache": str(tmp_path / "other")})["digest"] == made["digest"]

    def test_markers_are_kept(self) -> None:
        lock = {
            "package": [
                package("a", groups=["main"], markers="sys_platform == 'win32'"),
                package("b", groups=["main", "dev"], markers={"main": "x", "dev": "y"}),
                package("c", groups=["main"], optional=True),
                package("d", groups=["dev"]),
            ]
        }
        assert convert_lock({}, lock).splitlines() == [
            "a==1.0 ; sys_platform == 'win32' --hash=sha256:a",
            "b==1.0 ; x --hash=sha256:b",
        ]

    def test_of_an_older_lock_dependencies_are_followed(self) -> None:
        project = {
            "tool": {
                "poetry": {
                    "dependencies": {
                        "python": "^3.9",
                        "Top": {"version": "*", "extras": ["fast"], "markers": "m"},
                        "left-out": {"version": "*", "optional": True},
                        "loop": "*",
                    }
                }
            }
        }
        top = package(
            "top",
            extras={"fast": ["speed (>=1)"], "slow": ["snail"]},
            dependencies={
                "inner": {"version": "*", "markers": "n"},
                "speed": {"version": "*", "optional": True, "markers": 'extra == "fast"'},
                "snail": {"version": "*", "optional": True, "markers": 'extra == "slow"'},
                "other-platform": "*",
            },
        )
        names = ("inner", "speed", "snail", "left-out", "pytest")
        loop = package("loop", dependencies={"loop2": "*"})
        loop2 = package("loop2", dependencies={"loop": "*"})
        lock = {"package": [top, loop, loop2, *(package(name) for name in names)]}
        assert [line.partition(" --hash")[0] for line in convert_lock(project, lock).splitlines()] == [
            "inner==1.0 ; ((m) and (n))",
            "loop2==1.0",
            "loop==1.0",
            "speed==1.0 ; (m)",
            "top==1.0 ; (m)",
        ]

    def test_hashes_of_the_oldest_locks_stand_at_the_end(self) -> None:
        lock = {
            "package": [{"name": "a", "version": "1"}],
            "metadata": {"files": {"a": [{"file": "x", "hash": "sha256:9"}]}},
        }
        project = {"project": {"dependencies": ["a>=1 ; python_version > '3'"]}}
        assert convert_lock(project, lock) == "a==1 ; (python_version > '3') --hash=sha256:9\n"

    @pytest.mark.parametrize("kind", ["git", "url", "file", "directory"])
    def test_what_has_no_hash_is_refused(self, kind: str) -> None:
        lock = {"package": [package("a", groups=["main"], source={"type": kind})]}
        with pytest.raises(SourceProblem, match=f"takes a from a {kind}"):
            convert_lock({}, lock)

    def test_several_versions_of_an_older_lock_are_refused(self) -> None:
        with pytest.raises(SourceProblem, match="several versions"):
            convert_lock({}, {"package": [package("a"), package("a", version="2")]})


class TestNode:
    def check(self, folder: Path, **files: Any) -> Dependencies:
        names = {"package": "package.json", "lock": "package-lock.json", "shrinkwrap": "npm-shrinkwrap.json"}
        for name, data in files.items():
            text = data if isinstance(data, str) else json.dumps(data)
            (folder / names.get(name, name)).write_text(text, encoding="utf-8")
        return check_node(folder, {path.name for path in folder.iterdir()})

    LOCK: ClassVar[Any] = {"packages": {"": {}, "node_modules/express": {}, "node_modules/@a/b": {}}}
    PACKAGE: ClassVar[Any] = {"dependencies": {"express": "^5"}, "devDependencies": {"@a/b": "1"}}

    def test_a_source_without_dependencies(self, tmp_path: Path) -> None:
        assert self.check(tmp_path).errors == []

    @pytest.mark.parametrize("name", ["lock", "shrinkwrap"])
    def test_a_lock(self, name: str, tmp_path: Path) -> None:
        assert self.check(tmp_path, package=self.PACKAGE, **{name: self.LOCK}).errors == []

    def test_an_older_lock(self, tmp_path: Path) -> None:
        assert (
            self.check(tmp_path, package=self.PACKAGE, lock={"dependencies": {"express": {}, "@a/b": {}}}).errors == []
        )

    @pytest.mark.parametrize(("version", "good"), [(1, True), (3, True), (4, False), (0, False), ("3", False)])
    def test_versions_of_locks(self, version: Any, good: bool, tmp_path: Path) -> None:
        found = self.check(tmp_path, package=self.PACKAGE, lock={**self.LOCK, "lockfileVersion": version}).errors
        assert (found == []) is good
        assert good or "lockfileVersion that npm does not know" in found[0]

    @pytest.mark.parametrize(
        ("spec", "good"),
        [
            ("file:lib", True),
            ("file:./lib", True),
            ("./lib", True),
            ("^1.0", True),
            ("file:../lib", False),
            ("link:../lib", False),
            ("file:/srv/lib", False),
            ("../lib", False),
            ("~/lib", False),
            ("file:gone.tgz", False),
        ],
    )
    def test_packages_from_paths(self, spec: str, good: bool, tmp_path: Path) -> None:
        package, lock = {"dependencies": {"lib": spec}}, {"packages": {"node_modules/lib": {"link": True}}}
        for name, data in (("package.json", package), ("package-lock.json", lock)):
            (tmp_path / name).write_text(json.dumps(data), encoding="utf-8")
        found = check_node(tmp_path, {"package.json", "package-lock.json", "lib/package.json"}).errors
        assert (found == []) is good
        assert good or found[0].startswith("package.json takes lib from a path that is not in the source")

    def test_a_link_of_a_lock_out_of_the_source(self, tmp_path: Path) -> None:
        lock = {"packages": {"node_modules/lib": {"link": True, "resolved": "../lib"}, "../lib": {}}}
        (error,) = self.check(tmp_path, package={}, lock=lock).errors
        assert error.startswith("package.json takes lib from a path")

    @pytest.mark.parametrize("other", ["yarn.lock", "pnpm-lock.yaml", "bun.lock"])
    def test_no_lock_of_npm(self, other: str, tmp_path: Path) -> None:
        (error,) = self.check(tmp_path, package={}, **{other: ""}).errors
        assert f"only {other}" in error
        (tmp_path / other).unlink()
        (error,) = self.check(tmp_path, package={}).errors
        assert error.startswith(
            "package.json is there without package-lock.json or npm-shrinkwrap.json (run npm install"
        )

    @pytest.mark.parametrize(
        ("package_json", "lock", "text"),
        [
            ("{", {}, "package.json cannot be read as JSON"),
            ("[]", {}, "package.json is not a JSON object"),
            ({}, "", "package-lock.json cannot be read as JSON"),
            ({"dependencies": {"a": "1", "express": "1"}}, LOCK, "package-lock.json does not have a of package.json"),
        ],
    )
    def test_one_that_cannot_be_used(self, package_json: Any, lock: Any, text: str, tmp_path: Path) -> None:
        (error,) = self.check(tmp_path, package=package_json, lock=lock).errors
        assert error.startswith(text)
        assert error.endswith(")")

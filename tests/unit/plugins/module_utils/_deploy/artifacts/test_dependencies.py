# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What counts as locked dependencies, and what a lock of Poetry becomes."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.dependencies import (
    CONVERTED,
    Dependencies,
    check_node,
    check_python,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.poetry_lock import convert_lock
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source import make_archive
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source_error import SourceError

HASH = "--hash=sha256:" + "0" * 64
PROJECT = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["Flask>=3", "gunicorn"]\n'
UV = """
version = 1
requires-python = ">=3.11"
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
wheels = [
    { url = "flask.whl", hash = "sha256:1111111111111111111111111111111111111111111111111111111111111111" },
]
[[package]]
name = "gunicorn"
version = "23.0.0"
source = { registry = "https://index.example/simple" }
wheels = [
    { url = "gunicorn.whl", hash = "sha256:2222222222222222222222222222222222222222222222222222222222222222" },
]
"""
ONES = "sha256:" + "1" * 64  # the hash of flask in both locks
POETRY_PROJECT = (
    '[tool.poetry]\nname = "shop"\n[tool.poetry.dependencies]\npython = "^3.11"\nFlask = "^3"\ngunicorn = "*"\n'
)


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def package(name: str, **said: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "files": [{"file": "x", "hash": digest(name)}], **said}


POETRY = """
[[package]]
name = "flask"
version = "3.1.3"
groups = ["main"]
files = [{file = "a", hash = "sha256:1111111111111111111111111111111111111111111111111111111111111111"}]
[[package]]
name = "gunicorn"
version = "23.0.0"
groups = ["main", "dev"]
files = [{file = "b", hash = "sha256:2222222222222222222222222222222222222222222222222222222222222222"}]
[[package]]
name = "pytest"
version = "8.0.0"
groups = ["dev"]
files = [{file = "c", hash = "sha256:3333333333333333333333333333333333333333333333333333333333333333"}]
"""


def check(folder: Path, **files: str) -> Dependencies:
    write(folder, files)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return check_python(folder, names, ("gunicorn",))


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
        [
            "flask==3.1.3\ngunicorn==23.0.0\n",
            "gunicorn==23.0.0,>=20",
            "gunicorn (>=20, ==23.0.0)",
            "gunicorn != 22.0.0 , ===23.0.0",
            "gunicorn==23.0.0\n./lib\n-e .\n",
            f"gunicorn @ git+https://x@{'a' * 40}",
        ],
    )
    def test_pins_without_hashes_are_a_warning(self, text: str, tmp_path: Path) -> None:
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
    def test_unpinned_requirements_are_rejected(self, line: str, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"gunicorn==23.0.0\n{line}\n")
        assert found.errors[0].startswith("requirements.txt:2 (flask) is not pinned to a version")

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("flask==3.1.3,<3", "is pinned to 3.1.3, which its other conditions exclude"),
            ("flask==3.1.3,!=3.1.3", "is pinned to 3.1.3, which its other conditions exclude"),
            (f"flask==3.1.3,>=3 {HASH}", "has other conditions next to ==, which no requirement with a hash may have"),
            ("flask==3.1.3,oops", "is not pinned to a version"),
        ],
    )
    def test_conditions_next_to_a_pin(self, line: str, text: str, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"gunicorn==23.0.0\n{line}\n")
        assert found.errors[0].startswith(f"requirements.txt:2 (flask) {text}")

    def test_many_are_named_by_the_first(self, tmp_path: Path) -> None:
        found = check(tmp_path, requirements="gunicorn==1\na\nb\nc\nd\ne\n")
        assert (
            "requirements.txt:2 (a), requirements.txt:3 (b), requirements.txt:4 (c) and 2 more are not"
            in found.errors[0]
        )

    def test_a_hash_that_is_missing_among_others(self, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"gunicorn==1 {HASH}\nflask==3.1.3\n")
        assert found.errors[0].startswith("requirements.txt:2 (flask) is without a hash, while others have one")

    def test_a_path_has_no_hash(self, tmp_path: Path) -> None:
        (tmp_path / "lib").mkdir()
        found = check(tmp_path, requirements=f"gunicorn==1 {HASH}\n./lib\n", **{"lib/setup.py": ""})
        assert found.errors[0].startswith("requirements.txt:2 is without a hash, while others have one")
        assert "remove all hashes" in found.errors[0]

    def test_a_hash_in_a_comment_is_none(self, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"gunicorn==1  # {HASH}\n")
        assert found.errors == []
        assert "has no hashes" in found.warnings[0]

    def test_an_address_with_a_hash_needs_no_other(self, tmp_path: Path) -> None:
        address = f"https://index.example/flask-3-py3-none-any.whl#sha256={'0' * 64}"
        assert check(tmp_path, requirements=f"gunicorn==1 {HASH}\n{address}\n").errors == []

    def test_included_files_are_read(self, tmp_path: Path) -> None:
        write(tmp_path, {"base.txt": "flask\n", "limits.txt": "flask<4\n"})
        found = check(tmp_path, requirements="gunicorn==1\n-r base.txt\n-c limits.txt\n")
        assert found.errors[0].startswith("base.txt:1 (flask) is not pinned")
        found = check(tmp_path, requirements="gunicorn==1\n--requirement=none.txt\n")
        assert found.errors[0].startswith("none.txt is not in the source, and requirements.txt:2 includes it (")

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("-r requirements.txt", "requirements.txt:2 includes itself (remove this line)"),
            ("-c ./requirements.txt", "requirements.txt:2 includes itself"),
            ("-r more/base.txt", "more/base.txt:1 includes requirements.txt, which includes more/base.txt"),
        ],
    )
    def test_files_that_include_each_other_are_an_error(self, line: str, text: str, tmp_path: Path) -> None:
        (tmp_path / "more").mkdir()
        write(tmp_path, {"more/base.txt": "-r ../requirements.txt\n"})
        (error,) = check(tmp_path, requirements=f"gunicorn==1\n{line}\n").errors
        assert error.startswith(text)

    def test_a_file_that_two_others_include_is_no_error(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.txt": "-r c.txt\n", "b.txt": "-r c.txt\n", "c.txt": "flask==3.1.3\n"})
        assert check(tmp_path, requirements="gunicorn==23.0.0\n-r a.txt\n-r b.txt\n").errors == []

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("-c limits.txt", "limits.txt is not in the source, and requirements.txt:2 includes it"),
            ("-r../base.txt", "../base.txt is not in the source"),
            ("-r https://me:hunter2@index.example/r.txt", "requirements.txt:2 includes an address"),
            ("-c https://me:hunter2@index.example/c.txt", "requirements.txt:2 includes an address"),
            ("--foo=hunter2", "requirements.txt:2 has the option --foo, which pip does not know"),
            ("-x hunter2", "requirements.txt:2 has the option -x"),
            ("-flask==1", "requirements.txt:2 has the option -flask, which pip does not know"),
            ("-iptools==1", "requirements.txt:2 has the option -iptools"),
            (f"flask==1 --foo {HASH}", "requirements.txt:2 (flask) has the option --foo"),
            ("-e ./lib", "requirements.txt:2 names a path that is not a file or Python project in the source"),
            ("-e /srv/lib", "requirements.txt:2 names a path on this machine"),
            ("~/lib", "requirements.txt:2 names a path on this machine"),
            ("../lib", "requirements.txt:2 names a path that is not a file"),
            ("file:///srv/lib", "requirements.txt:2 names a path on this machine"),
            ("shop @ file:./lib", "requirements.txt:2 (shop) names a path that is not a file"),
            ("shop-1.0-py3-none-any.whl", "requirements.txt:2 names a path that is not a file"),
            ("./lib[extra] ; python_version > '3'", "requirements.txt:2 names a path that is not a file"),
            ("flask==abc", "requirements.txt:2 (flask) is pinned to a text that is not a version"),
            ("flask==1..2", "requirements.txt:2 (flask) is pinned to a text that is not a version"),
            ("flask==1\nFlask==2", "requirements.txt:3 (flask) is pinned differently in requirements.txt:2"),
            ("gunicorn==22", "requirements.txt:2 (gunicorn) is pinned differently in requirements.txt:1"),
            ("flask==1 --hash=sha256:abc", "requirements.txt:2 (flask) has an invalid hash"),
            (f"flask==1 --hash=md5:{'0' * 32}", "requirements.txt:2 (flask) has an invalid hash"),
            (f"flask==1 --hash=sha256:{'g' * 64}", "requirements.txt:2 (flask) has an invalid hash"),
            (f"flask==1 --hash= sha256:{'0' * 64}", "requirements.txt:2 (flask) has an invalid hash"),
            ("flask==3; ", "requirements.txt:2 (flask) has no condition after its semicolon"),
            (f"flask==3 ; {HASH}", "requirements.txt:2 (flask) has no condition after its semicolon"),
            ("flask==3 ; python_version", "requirements.txt:2 (flask) has a condition after its semicolon that no"),
            ("flask==3 ; python_version >= 3.11", "requirements.txt:2 (flask) has a condition after its semicolon"),
            ("flask==3 ; odd (", "requirements.txt:2 (flask) has a condition after its semicolon"),
            ("flask==3 ; sys_platform == 'win32' and odd", "requirements.txt:2 (flask) has a condition after its"),
            ("fläsk==3", "requirements.txt:2 is not a requirement that pip can read (write name==version; a name has"),
            ("fläsk==3 ; sys_platform == 'win32'", "requirements.txt:2 is not a requirement that pip can read"),
            ("flask_==3", "requirements.txt:2 is not a requirement that pip can read"),
            ("_flask==3", "requirements.txt:2 is not a requirement that pip can read"),
            ("flask[==3", "requirements.txt:2 is not a requirement that pip can read"),
            ("flask 3", "requirements.txt:2 is not a requirement that pip can read"),
            ("pywin32==306", "requirements.txt:2 (pywin32) works on Windows only, and hosts run Linux (remove it, or"),
            ("pyobjc-core==10 ; python_version > '3'", "requirements.txt:2 (pyobjc-core) works on macOS only"),
            (
                "wheels/shop-1.0-cp311-cp311-win_amd64.whl",
                "requirements.txt:2 is a wheel for Windows, and hosts run Linux on x86_64 or aarch64 (take the package",
            ),
            (
                "shop @ https://me.example/shop-1.0-cp311-cp311-macosx_11_0_arm64.whl#sha256=0",
                "requirements.txt:2 (shop) is a wheel for macOS",
            ),
            (
                "https://me.example/a%2Bb/shop-1.0%2Blocal-py3-none-win32.whl",
                "requirements.txt:2 is a wheel for Windows",
            ),
            (
                "https://me.example/shop-1.0-1-py3-none-musllinux_1_2_x86_64.whl",
                "requirements.txt:2 is a wheel for Linux w",
            ),
            (
                "https://me.example/shop-1.0-cp311-cp311-manylinux_2_17_i686.whl",
                "requirements.txt:2 is a wheel for manyl",
            ),
            (
                "https://me.example/shop-1.0-cp38-cp38-manylinux_2_17_x86_64.whl",
                "requirements.txt:2 is a wheel for cp38, and hosts run CPython 3.9 or later (take the package",
            ),
            (
                "https://me.example/shop-1.0-pp310-pypy310_pp73-manylinux_2_17_x86_64.whl",
                "requirements.txt:2 is a wheel fo",
            ),
            ("https://me.example/shop-1.0-py2-none-any.whl", "requirements.txt:2 is a wheel for py2"),
            (
                "-c bounds.txt\nflask==5",
                "requirements.txt:3 (flask) requires ==5, and bounds.txt:1 allows <4 (correct one)",
            ),
            (
                "-c bounds.txt\nrequests>=3",
                "requirements.txt:3 (requests) requires >=3, and bounds.txt:2 allows ==2.32.0",
            ),
            ("-c broken.txt", "broken.txt:1 is not a requirement that pip can read"),
            (
                "--require-hashes",
                "requirements.txt:1 (gunicorn) is without a hash, but the option --require-hashes is set",
            ),
            (
                "-r hashed.txt",
                "requirements.txt:1 (gunicorn) is without a hash, but the option --require-hashes is set",
            ),
        ],
    )
    def test_requirements_that_no_host_can_install(self, line: str, text: str, tmp_path: Path) -> None:
        (tmp_path / "wheels").mkdir()
        files = {
            "hashed.txt": "--require-hashes\n",
            "wheels/shop-1.0-cp311-cp311-win_amd64.whl": "",
            "bounds.txt": "flask<4\nrequests==2.32.0\nother>7\n",
            "broken.txt": "fläsk<3\n",
        }
        found = check(tmp_path, requirements=f"gunicorn==23.0.0\n{line}\n", **files)
        assert all(error.endswith(")") for error in found.errors)
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
            "pywin32==306 ; sys_platform == 'win32'",
            "https://me.example/shop-1.0-cp311-cp311-win_amd64.whl ; sys_platform == 'win32'",
            "https://me.example/shop-1.0-py2.py3-none-any.whl",
            "https://me.example/shop-1.0-cp36-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
            "https://me.example/shop-1.0-cp314-cp314t-linux_x86_64.whl",
            "https://me.example/shop-1.0-cp3-none-any.whl",
            "https://me.example/win32.tar.gz",
            # A constraint gives the version, and does not apply to other packages.
            "flask\n-c pins.txt",
            "flask>=3\n-c pins.txt",
            "-c pins.txt\nflask[async]==3.1.0",
            "flask==5 ; python_version < '3.9'\n-c pins.txt",
            "tomli ; python_version < '3.8'",
            "flask==1 --config-settings=a=b",
        ],
    )
    def test_requirements_that_hosts_can_install(self, line: str, tmp_path: Path) -> None:
        for folder in ("lib", "wheels"):
            (tmp_path / folder).mkdir()
        files = {"lib/setup.py": "", "wheels/shop-1.0-py3-none-any.whl": "", "limits.txt": "flask<9\n"}
        files["pins.txt"] = "--pre\nflask==3.1.0  # why\nflask==9 ; sys_platform == 'win32'\nother==1\n"
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
            "python_version >= '3.99'",
            "python_version > '4'",
            "python_full_version == '3.50.1'",
            "'3.99' <= python_version",
            "'3.8' > python_version",
        ],
    )
    def test_a_gunicorn_that_no_host_installs(self, marker: str, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"flask==3.1.3\ngunicorn==23.0.0 ; {marker}\n")
        assert found.errors[0].startswith("requirements.txt does not have gunicorn")

    @pytest.mark.parametrize(
        "marker",
        [
            "sys_platform == 'linux'",
            "python_version >= '3.10'",
            "'3.14' <= python_version",
            "platform_machine == 'arm64'",
        ],
    )
    def test_a_gunicorn_that_hosts_may_install(self, marker: str, tmp_path: Path) -> None:
        assert check(tmp_path, requirements=f"gunicorn==23.0.0 ; {marker}\n").errors == []

    def test_gunicorn_comes_with_the_release(self, tmp_path: Path) -> None:
        found = check(tmp_path, requirements=f"flask==3.1.3 {HASH}\n")
        assert found.errors[0].startswith("requirements.txt does not have gunicorn")

    def test_an_empty_file_has_no_gunicorn(self, tmp_path: Path) -> None:
        assert len(check(tmp_path, requirements="").errors) == 1

    def test_a_binary_file_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "requirements.txt").write_bytes("flask".encode("utf-16"))
        assert "requirements.txt:1 is not UTF-8 text" in check(tmp_path).errors[0]

    @pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "uv.lock"])
    def test_bytes_that_are_not_text_have_their_line(self, name: str, tmp_path: Path) -> None:
        if name == "uv.lock":
            write(tmp_path, {"project": PROJECT})
        elif name == "pyproject.toml":
            write(tmp_path, {"uv": UV})
        (tmp_path / name).write_bytes(b"# one\n# two \xe9\n")
        assert f"{name}:2 is not UTF-8 text" in check(tmp_path).errors[0]

    @pytest.mark.parametrize("name", ["requirements.in", "Pipfile", "pyproject.toml"])
    def test_an_invalid_lock_is_an_error(self, name: str, tmp_path: Path) -> None:
        (error,) = check(tmp_path, **{name: ""}).errors
        assert error.startswith(f"its source has no uv.lock, poetry.lock or requirements.txt, only {name} (")


class TestUv:
    def test_a_lock(self, tmp_path: Path) -> None:
        found = check(tmp_path, project=PROJECT, uv=UV)
        assert (found.errors, found.warnings) == ([], [])
        assert found.packages == {"flask", "gunicorn"}
        assert not found.is_installed

    def test_a_source_archive_alone_has_a_hash(self, tmp_path: Path) -> None:
        lock = UV.replace("wheels = [\n    {", "sdist = {").replace(" },\n]", " }")
        assert "wheels" not in lock
        assert check(tmp_path, project=PROJECT, uv=lock).errors == []

    def test_another_revision_of_the_schema_is_read(self, tmp_path: Path) -> None:
        assert (
            check(tmp_path, project=PROJECT, uv=UV.replace("version = 1", "version = 1\nrevision = 99", 1)).errors == []
        )

    def test_a_package_that_no_host_installs_needs_no_hash(self, tmp_path: Path) -> None:
        package = (
            '[[package]]\nname = "pytest"\nversion = "8"\nsource = { registry = "https://index.example/simple" }\n'
        )
        assert check(tmp_path, project=PROJECT, uv=UV + package).errors == []

    def test_a_gunicorn_that_no_host_installs(self, tmp_path: Path) -> None:
        """The marker of a dependency is in the entry of the package that requires it."""
        wanted = '{ name = "gunicorn" }'
        assert wanted in UV
        foreign = UV.replace(wanted, """{ name = "gunicorn", marker = "sys_platform == 'win32'" }""", 1)
        found = check(tmp_path, project=PROJECT, uv=foreign)
        assert found.packages == {"flask"}
        assert found.errors[-1].startswith("uv.lock does not have gunicorn")

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
            (PROJECT, UV[: UV.index("[[")], "uv.lock does not have the project itself"),
            (
                PROJECT,
                UV.replace('"shop"', '"other"'),
                "uv.lock is that of the project other, and pyproject.toml is that of",
            ),
            (PROJECT, UV.replace("version = 1", "version = 99", 1), "uv.lock has the schema version 99, and uv on the"),
            (PROJECT, UV.replace("version = 1", "", 1), "uv.lock has no schema version, and uv on the hosts reads"),
            (PROJECT, UV.replace("version = 1", 'version = "1"', 1), "uv.lock has no schema version"),
            (PROJECT, UV.replace('requires-python = ">=3.11"', ""), "uv.lock has no requires-python"),
            (PROJECT, UV.replace('">=3.11"', '">=3.99"'), "uv.lock requires Python >=3.99, which no host has"),
            (PROJECT, UV.replace('">=3.11"', '"<3.9"'), "uv.lock requires Python <3.9, which no host has"),
            (
                PROJECT,
                UV.replace("flask.whl", "https://files.example/flask-3.1.3-cp311-cp311-win_amd64.whl"),
                "uv.lock has no file of flask for hosts: each is a wheel for Windows",
            ),
            (
                PROJECT,
                UV.replace('{ name = "flask" }', '{ name = "flask", marker = "foo bar" }'),
                "uv.lock has a condition of a dependency of shop that uv cannot read",
            ),
            (PROJECT, UV.replace(ONES, "sha256:abc"), "uv.lock has an invalid hash of flask"),
            (PROJECT, UV.replace(ONES, f"md5:{'0' * 32}"), "uv.lock has no sha256 hash of flask"),
            (PROJECT, UV.replace(f', hash = "{ONES}"', ""), "uv.lock has no sha256 hash of flask"),
            (PROJECT, UV.replace("wheels", "others"), "uv.lock has no sha256 hash of gunicorn"),
            (PROJECT, UV.replace('version = "3.1.3"', ""), "uv.lock has no version of flask"),
            (
                PROJECT,
                UV.replace('{ registry = "https://index.example/simple" }', "{}"),
                "uv.lock has no source of flask",
            ),
            (PROJECT, UV.replace('name = "gunicorn"\n', 'name = "guni corn"\n'), "has a package without a valid name"),
            (
                PROJECT,
                UV.replace('{ name = "flask" }', '{ name = "flask1" }'),
                "uv.lock does not have flask1, which shop",
            ),
            (PROJECT, UV.split("[[")[0] + "package = 5", "uv.lock or pyproject.toml has a value of another kind"),
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

    @pytest.mark.parametrize(
        ("project", "lock", "text"),
        [
            (PROJECT.replace(">=3", ">=4"), UV, "it has flask >=3 (in pyproject.toml >=4)"),
            (PROJECT.replace(">=3", ""), UV, "it has flask >=3 (in pyproject.toml in any version)"),
            (PROJECT.replace(">=3", ">=3,<4"), UV, "it has flask >=3 (in pyproject.toml <4,>=3)"),
            (PROJECT.replace("Flask>=3", "Flask[async]>=3"), UV, "it has flask >=3 (in pyproject.toml [async]>=3)"),
            (
                PROJECT.replace('"gunicorn"', '"gunicorn==23.*"'),
                UV,
                "it has gunicorn in any version (in pyproject.toml",
            ),
            (
                PROJECT + '[project.optional-dependencies]\nx = ["flask>=3.1"]\n',
                UV,
                "it has flask >=3 (in pyproject.toml >=3 or >=3.1)",
            ),
            (
                PROJECT + 'requires-python = ">=3.12"\n',
                UV,
                "it has requires-python >=3.11 (in pyproject.toml >=3.12)",
            ),
        ],
    )
    def test_a_lock_with_other_ranges_is_an_error(self, project: str, lock: str, text: str, tmp_path: Path) -> None:
        (error,) = check(tmp_path, project=project, uv=lock).errors
        assert error.startswith(f"uv.lock was made from another pyproject.toml: {text}")
        assert error.endswith(" (run uv lock)")

    @pytest.mark.parametrize(
        ("declared", "locked"),
        [
            ("Flask >= 3, < 4", 'specifier = ">=3,<4"'),
            ("Flask<4,>=3", 'specifier = ">=3,<4"'),
            ("Flask (>=3.0)", 'specifier = ">=3"'),
            ("Flask>=3.0.RC1", 'specifier = ">=3.0rc1"'),
            ("Flask[Async, dotenv]>=3", 'extras = ["dotenv", "async"], specifier = ">=3"'),
            ("Flask>=3 ; python_version > '3'", 'specifier = ">=3", marker = "python_full_version >= \'4\'"'),
            ("Flask @ git+https://git.example/flask@v3", 'git = "https://git.example/flask?rev=v3"'),
            ("Flask>=3", 'git = "https://git.example/flask"'),
            ("Flask>=3", 'index = "https://index.example/simple", specifier = ">=3"'),
        ],
    )
    def test_a_range_in_another_spelling_is_the_same(self, declared: str, locked: str, tmp_path: Path) -> None:
        lock = UV.replace('specifier = ">=3"', locked)
        assert check(tmp_path, project=PROJECT.replace("Flask>=3", declared), uv=lock).errors == []

    @pytest.mark.parametrize(("declared", "locked"), [(">=3.11,<4", ">=3.11, <4"), ("~=3.11", ">=3.11, <4")])
    def test_a_python_in_another_spelling_is_the_same(self, declared: str, locked: str, tmp_path: Path) -> None:
        project, lock = f'{PROJECT}requires-python = "{declared}"\n', UV.replace('">=3.11"', f'"{locked}"')
        assert check(tmp_path, project=project, uv=lock).errors == []

    def test_many_differences_are_named_by_the_first(self, tmp_path: Path) -> None:
        names = "abcde"
        project = f"[project]\nname = 'shop'\ndependencies = ['gunicorn', {', '.join(repr(f'{n}>1') for n in names)}]\n"
        entries = "".join(f', {{ name = "{name}" }}' for name in names)
        lock = UV.replace('{ name = "flask" }, ', "").replace('{ name = "flask", specifier = ">=3" }, ', "")
        lock = lock.replace(
            'requires-dist = [{ name = "gunicorn" }', f'requires-dist = [{{ name = "gunicorn" }}{entries}'
        )
        (error,) = check(tmp_path, project=project, uv=lock).errors
        assert error.count("in any version") == 3
        assert error.endswith(" and 2 more (run uv lock)")

    def test_requirements_that_the_build_finds_are_not_compared(self, tmp_path: Path) -> None:
        project = '[project]\nname = "shop"\ndynamic = ["dependencies"]\n'
        assert check(tmp_path, project=project, uv=UV).errors == []


# The hashes are those of Poetry 1.8, 2.1 and 2.2: SHA-256 of the sorted JSON of what it depends on.
POETRY_1 = json.dumps(
    {
        "dependencies": {"Flask": "^3", "gunicorn": "*", "python": "^3.11"},
        "dev-dependencies": None,
        "extras": None,
        "source": None,
    }
)
PROJECT_2 = '[project]\nname = "shop"\nrequires-python = ">=3.11"\ndependencies = ["flask>=3", "gunicorn"]\n'
POETRY_2 = json.dumps(
    {
        "project": {"dependencies": ["flask>=3", "gunicorn"], "requires-python": ">=3.11"},
        "tool": {"poetry": {}},
    }
)
GROUPS = '[dependency-groups]\ndev = ["pytest"]\n'
POETRY_22 = json.dumps(
    {
        "dependency-groups": {"dev": ["pytest"]},
        "project": {"dependencies": ["flask>=3", "gunicorn"], "requires-python": ">=3.11"},
        "tool": {"poetry": {}},
    }
)


class TestAgeOfPoetryLocks:
    def lock(self, hashed: str) -> str:
        digest = hashlib.sha256(hashed.encode()).hexdigest()
        return f'{POETRY}[metadata]\nlock-version = "2.1"\ncontent-hash = "{digest}"\n'

    @pytest.mark.parametrize(
        ("project", "hashed"),
        [
            (POETRY_PROJECT, POETRY_1),
            (PROJECT_2, POETRY_2),
            (PROJECT_2 + GROUPS, POETRY_2),
            (PROJECT_2 + GROUPS, POETRY_22),
            (PROJECT_2.replace('"shop"', '"renamed"') + 'version = "2"\n', POETRY_2),
        ],
    )
    def test_a_lock_of_this_project_is_accepted(self, project: str, hashed: str, tmp_path: Path) -> None:
        assert check(tmp_path, project=project, poetry=self.lock(hashed)).errors == []

    @pytest.mark.parametrize(
        ("project", "hashed"),
        [
            (POETRY_PROJECT.replace("^3.11", "^3.12"), POETRY_1),
            (POETRY_PROJECT.replace('Flask = "^3"', 'Flask = "^4"'), POETRY_1),
            (PROJECT_2.replace("flask>=3", "flask>=4"), POETRY_2),
            (PROJECT_2 + GROUPS, POETRY_22.replace("pytest", "ruff")),
            (PROJECT_2, POETRY_1),
        ],
    )
    def test_a_lock_with_other_requirements_is_an_error(self, project: str, hashed: str, tmp_path: Path) -> None:
        (error,) = check(tmp_path, project=project, poetry=self.lock(hashed)).errors
        assert error.startswith(
            "poetry.lock was not made from this pyproject.toml: the requirements have changed since ("
        )
        assert "run poetry lock" in error


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
            (
                POETRY_PROJECT,
                POETRY.replace(ONES, ""),
                "poetry.lock has no valid sha256 hash of flask (run poetry lock)",
            ),
            (POETRY_PROJECT, POETRY.replace(ONES, "sha256:1"), "poetry.lock has no valid sha256 hash of flask"),
            (POETRY_PROJECT, POETRY.replace(ONES, f"md5:{'0' * 32}"), "poetry.lock has no valid sha256 hash of flask"),
            (POETRY_PROJECT, POETRY + '[metadata]\nlock-version = "3.0"', "poetry.lock has the lock-version 3.0, and"),
            (POETRY_PROJECT, "package = 5", "poetry.lock or pyproject.toml has a value of another kind"),
        ],
    )
    def test_one_that_cannot_be_used(self, project: str | None, lock: str, text: str, tmp_path: Path) -> None:
        found = check(tmp_path, poetry=lock, **({} if project is None else {"project": project}))
        assert any(text in error for error in found.errors), found.errors

    @pytest.mark.parametrize(
        ("added", "text"),
        [
            ('[metadata]\npython-versions = ">=3.99"', "poetry.lock requires Python >=3.99, which no host has ("),
            ('[metadata]\npython-versions = "<3.9"', "poetry.lock requires Python <3.9, which no host has ("),
            ('[metadata]\npython-versions = "^2.7 || ~3.6"', "poetry.lock requires Python ^2.7 || ~3.6, which no host"),
            ('[metadata]\npython-versions = "3.8.*"', "poetry.lock requires Python 3.8.*, which no host has ("),
        ],
    )
    def test_a_python_that_no_host_has(self, added: str, text: str, tmp_path: Path) -> None:
        (error,) = check(tmp_path, project=POETRY_PROJECT, poetry=f"{POETRY}{added}\n").errors
        assert error.startswith(text)

    @pytest.mark.parametrize(
        "python",
        [
            "^3.11",
            "~3.13",
            "~3.9.2",
            ">=3.8,<4.0",
            ">=3.9 <3.10",
            "3.11",
            "3.11.4",
            "*",
            "^2.7 || ^3.9",
            "!=3.12",
            "3.*",
        ],
    )
    def test_a_python_that_a_host_may_have(self, python: str, tmp_path: Path) -> None:
        lock = f'{POETRY}[metadata]\npython-versions = "{python}"\n'
        assert check(tmp_path, project=POETRY_PROJECT, poetry=lock).errors == []

    @pytest.mark.parametrize(
        ("old", "new", "text"),
        [
            (
                'file = "a"',
                'file = "flask-3.1.3-cp311-cp311-win_amd64.whl"',
                "no file of flask for hosts: each is a wheel",
            ),
            (
                'version = "3.1.3"',
                'version = "3.1.3"\nmarkers = "foo bar"',
                "a condition of flask that no tool can read",
            ),
            (
                'version = "3.1.3"',
                'version = "3.1.3"\ndependencies = {Werkzeug = ">=3", gunicorn = "*", setuptools = "*"}',
                "poetry.lock does not have werkzeug, which flask needs (run poetry lock)",
            ),
            (
                'version = "3.1.3"',
                'version = "3.1.3"\nsource = {type = "legacy", url = "https://me:hunter2@index.example/simple"}',
                "poetry.lock has the address of an index with a password or token (take it out",
            ),
        ],
    )
    def test_a_package_that_hosts_cannot_install(self, old: str, new: str, text: str, tmp_path: Path) -> None:
        assert old in POETRY
        (error,) = check(tmp_path, project=POETRY_PROJECT, poetry=POETRY.replace(old, new, 1)).errors
        assert text in error
        assert "hunter2" not in error

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('{file = "a"', '{file = "flask-3.1.3.tar.gz", hash = "x"}, {file = "flask-3-cp311-cp311-win_amd64.whl"'),
            (
                '{file = "a"',
                '{file = "f-3-cp312-cp312-manylinux_2_17_x86_64.whl", hash = "x"}, {file = "f-3-py3-none-win32.whl"',
            ),
            (
                'version = "3.1.3"',
                """version = "3.1.3"\nmarkers = "sys_platform == 'win32'"\ndependencies = {gone = "*"}""",
            ),
            (
                'version = "3.1.3"',
                """version = "3.1.3"
dependencies.a = {version = "*", markers = "python_version < '3.10'"}
dependencies.b = {version = "*", optional = true}
dependencies.c = {version = "*", markers = "sys_platform == 'win32'"}""",
            ),
            (
                'version = "3.1.3"',
                'version = "3.1.3"\nsource = {type = "legacy", url = "https://index.example/simple"}',
            ),
        ],
    )
    def test_a_package_that_hosts_can_install(self, old: str, new: str, tmp_path: Path) -> None:
        assert check(tmp_path, project=POETRY_PROJECT, poetry=POETRY.replace(old, new, 1)).errors == []

    def test_a_source_with_a_password_in_the_project(self, tmp_path: Path) -> None:
        source = '[[tool.poetry.source]]\nname = "own"\nurl = "https://me:hunter2@index.example/simple"\n'
        (error,) = check(tmp_path, project=POETRY_PROJECT + source, poetry=POETRY).errors
        assert error.startswith("pyproject.toml has the address of an index with a password or token (")

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
        assert text == f"flask==3.1.3 --hash={ONES}\ngunicorn==23.0.0 --hash=sha256:{'2' * 64}\n"
        assert not (source / ".groundwork").exists()
        assert make_archive({**options, "cache": str(tmp_path / "other")})["artifact"] == made["artifact"]

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
            f"a==1.0 ; sys_platform == 'win32' --hash={digest('a')}",
            f"b==1.0 ; x --hash={digest('b')}",
        ]

    def test_dependencies_of_an_older_lock_are_followed(self) -> None:
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

    def test_hashes_of_the_oldest_locks_are_at_the_end(self) -> None:
        lock = {
            "package": [{"name": "a", "version": "1"}],
            "metadata": {"files": {"a": [{"file": "x", "hash": digest("9")}]}},
        }
        project = {"project": {"dependencies": ["a>=1 ; python_version > '3'"]}}
        assert convert_lock(project, lock) == f"a==1 ; (python_version > '3') --hash={digest('9')}\n"

    @pytest.mark.parametrize("kind", ["git", "url", "file", "directory"])
    def test_a_package_without_a_hash_is_rejected(self, kind: str) -> None:
        lock = {"package": [package("a", groups=["main"], source={"type": kind})]}
        with pytest.raises(SourceError, match=f"takes a from a {kind}"):
            convert_lock({}, lock)

    def test_several_versions_in_an_older_lock_are_rejected(self) -> None:
        with pytest.raises(SourceError, match="several versions"):
            convert_lock({}, {"package": [package("a"), package("a", version="2")]})


class TestNode:
    def check(self, folder: Path, **files: Any) -> Dependencies:
        names = {"package": "package.json", "lock": "package-lock.json", "shrinkwrap": "npm-shrinkwrap.json"}
        for name, data in files.items():
            text = data if isinstance(data, str) else json.dumps(data)
            (folder / names.get(name, name)).write_text(text, encoding="utf-8")
        return check_node(folder, {path.name for path in folder.iterdir()})

    LOCK: ClassVar[Any] = {
        "packages": {"": {}, "node_modules/express": {"version": "5.1.0"}, "node_modules/@a/b": {"version": "1.0.0"}}
    }
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
    def test_unknown_lock_versions_are_rejected(self, version: Any, good: bool, tmp_path: Path) -> None:
        found = self.check(tmp_path, package=self.PACKAGE, lock={**self.LOCK, "lockfileVersion": version}).errors
        assert (found == []) is good
        assert good or "lockfileVersion that npm does not know" in found[0]

    @pytest.mark.parametrize(
        ("entry", "named"),
        [
            ({"os": ["win32"]}, "express (os: win32)"),
            ({"os": "darwin"}, "express (os: darwin)"),
            ({"os": ["!linux"]}, "express (os: !linux)"),
            ({"cpu": ["ia32", "arm"]}, "express (cpu: ia32, arm)"),
            ({"cpu": ["!x64", "!arm64"]}, "express (cpu: !x64, !arm64)"),
            ({"libc": ["musl"], "os": ["aix"]}, "express (os: aix; libc: musl)"),
            ({"os": ["win32", "linux"], "cpu": ["arm64"], "libc": ["glibc"]}, None),
            ({"os": ["!win32"], "cpu": ["any"]}, None),
            ({"os": [], "cpu": None, "libc": {}}, None),
            ({"os": ["win32"], "optional": True}, None),
            ({"os": ["win32"], "dev": True}, None),
        ],
    )
    def test_packages_for_another_system(self, entry: Any, named: str | None, tmp_path: Path) -> None:
        lock = {"packages": {**self.LOCK["packages"], "node_modules/express": {"version": "5.1.0", **entry}}}
        text = f"npm installs {named} on no host: they run Linux with glibc on x64 or arm64 (remove it, or move it to "
        expected = [] if named is None else [f"{text}optionalDependencies, and lock them anew)"]
        assert self.check(tmp_path, package=self.PACKAGE, lock=lock).errors == expected

    def test_a_project_for_another_system(self, tmp_path: Path) -> None:
        (error,) = self.check(tmp_path, package={**self.PACKAGE, "os": ["win32"]}, lock=self.LOCK).errors
        assert error.startswith("npm installs package.json (os: win32) on no host")

    @pytest.mark.parametrize(
        ("entry", "text"),
        [
            ({}, "package-lock.json has no valid version of express, and npm rejects it (delete it"),
            (None, "package-lock.json has no valid version of express"),
            ({"version": "five"}, "package-lock.json has no valid version of express"),
            ({"version": "5.1.0", "integrity": "sha512-abc"}, "package-lock.json has no complete hash of express"),
            ({"version": "5.1.0", "integrity": 1}, "package-lock.json has no complete hash of express"),
            ({"version": "5.1.0", "integrity": []}, "package-lock.json has no complete hash of express"),
            ({"version": "5.1.0"}, None),
            ({"version": "5.1.0+beta.1", "integrity": f"sha512-{'a' * 86}== sha1-{'a' * 27}="}, None),
            ({"version": "5.1.0", "integrity": "odd"}, None),
        ],
    )
    def test_entries_are_those_that_npm_installs(self, entry: Any, text: str | None, tmp_path: Path) -> None:
        lock = {"packages": {**self.LOCK["packages"], "node_modules/express": entry}}
        found = self.check(tmp_path, package=self.PACKAGE, lock=lock).errors
        assert [error[: len(text or "")] for error in found] == ([] if text is None else [text])

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
            ({}, {"dependencies": 5}, "package.json or package-lock.json has a value of another kind than npm reads"),
            (
                {"dependencies": ["express"]},
                LOCK,
                "dependencies of package.json is not an object of names and versions",
            ),
            ({"devDependencies": "express"}, LOCK, "devDependencies of package.json is not an object"),
            ({"dependencies": {"a": "1", "express": "5"}}, LOCK, "package-lock.json does not have a of package.json"),
        ],
    )
    def test_one_that_cannot_be_used(self, package_json: Any, lock: Any, text: str, tmp_path: Path) -> None:
        (error,) = self.check(tmp_path, package=package_json, lock=lock).errors
        assert error.startswith(text)
        assert error.endswith(")")

    def locked(self, **sections: Any) -> Any:
        entries = {f"node_modules/{name}": {"version": "1.2.3"} for one in sections.values() for name in one}
        return {"lockfileVersion": 3, "packages": {"": {"name": "shop", **sections}, **entries}}

    @pytest.mark.parametrize(
        ("package_json", "locked", "text"),
        [
            ({"dependencies": {"a": "^2"}}, {"dependencies": {"a": "^1"}}, "it has a ^1 (in package.json ^2)"),
            (
                {"devDependencies": {"a": "2.x"}},
                {"devDependencies": {"a": "1.x"}},
                "it has a 1.x (in package.json 2.x)",
            ),
            ({"dependencies": {"a": "^2"}}, {"devDependencies": {"a": "^1"}}, "it has a ^1 (in package.json ^2)"),
            ({"peerDependencies": {"a": "^2"}}, {"peerDependencies": {"a": "^1"}}, "it has a ^1 (in package.json ^2)"),
            (
                {"dependencies": {"a": "npm:b@2"}},
                {"dependencies": {"a": "npm:b@1"}},
                "it has a npm:b@1 (in package.json",
            ),
            ({}, {"dependencies": {"a": "^1"}}, "it has a, which it does not require"),
        ],
    )
    def test_a_lock_with_other_ranges_is_an_error(
        self, package_json: Any, locked: Any, text: str, tmp_path: Path
    ) -> None:
        (error,) = self.check(tmp_path, package=package_json, lock=self.locked(**locked)).errors
        assert error.startswith(f"package-lock.json was made from another package.json: {text}")
        assert error.endswith(" (run npm install --package-lock-only)")

    @pytest.mark.parametrize(
        ("package_json", "locked"),
        [
            ({"dependencies": {"a": "^1  || 2"}}, {"dependencies": {"a": "^1 || 2"}}),
            ({"dependencies": {"a": ""}}, {"dependencies": {"a": "*"}}),
            ({"dependencies": {"a": "^1"}, "optionalDependencies": {"a": "^2"}}, {"optionalDependencies": {"a": "^2"}}),
            ({"dependencies": {"a": "me/a#v1"}}, {"dependencies": {"a": "github:me/a#v1"}}),
        ],
    )
    def test_a_range_that_npm_writes_in_another_way_is_the_same(
        self, package_json: Any, locked: Any, tmp_path: Path
    ) -> None:
        assert self.check(tmp_path, package=package_json, lock=self.locked(**locked)).errors == []

    @pytest.mark.parametrize(
        ("spec", "good"),
        [("1.2.3", True), ("=1.2.3", True), ("^1.1", True), ("latest", True), ("^9", False), ("1.2.4", False)],
    )
    def test_a_range_is_compared_with_an_older_lock(self, spec: str, good: bool, tmp_path: Path) -> None:
        lock = {"lockfileVersion": 1, "dependencies": {"a": {"version": "1.2.3"}}}
        found = self.check(tmp_path, package={"dependencies": {"a": spec}}, lock=lock).errors
        text = f"package-lock.json has a 1.2.3, and package.json requires {spec} (run npm install --package-lock-only)"
        assert found == ([] if good else [text])

    TREE: ClassVar[Any] = {
        "node_modules/a": {"version": "1.2.3", "dependencies": {"b": "^2", "c": "1"}},
        "node_modules/a/node_modules/b": {"version": "2.0.1"},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"c": "~1.0"}},
        "node_modules/c": {"version": "1.0.4"},
    }

    def check_tree(self, folder: Path, package: Any, changes: Any) -> list[str]:
        tree = {path: entry for path, entry in {**self.TREE, **changes}.items() if entry is not None}
        lock = {"lockfileVersion": 3, "packages": {"": package, **tree}}
        return self.check(folder, package=package, lock=lock).errors

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({}, None),
            ({"node_modules/c": None}, "does not have c, which a requires; c, which b requires"),
            # The package next to the one that requires it comes first, then those above.
            ({"node_modules/a/node_modules/b": None}, "has b 1.0.0, and a requires ^2"),
            ({"node_modules/c": {"version": "1.1.0"}}, "has c 1.1.0, and b requires ~1.0"),
            ({"node_modules/c": {"version": "1.0.4-rc.1"}}, "has c 1.0.4-rc.1, and a requires 1; c 1.0.4-rc.1, and b"),
            ({"node_modules/a": {"version": "2.0.0"}}, "has a 2.0.0, and package.json requires ^1.2"),
            ({"node_modules/@s/d": {"version": "1.0.0", "dependencies": {"e": "*"}}}, "does not have e, which @s/d"),
            # What npm does not compare, or goes on without.
            ({"node_modules/d": {"version": "1.0.0", "optionalDependencies": {"e": "*"}}}, None),
            (
                {"node_modules/d": {"version": "1.0.0", "optionalDependencies": {"c": "2"}}},
                "has c 1.0.4, and d requires 2",
            ),
            ({"node_modules/d": {"version": "1.0.0", "optional": True, "dependencies": {"e": "*"}}}, None),
            ({"node_modules/d": {"version": "1.0.0", "peerDependencies": {"c": "9"}}}, None),
            ({"node_modules/d": {"version": "1.0.0", "devDependencies": {"e": "9"}}}, None),
            (
                {"node_modules/d": {"version": "1.0.0", "dependencies": {"e": "9"}, "bundleDependencies": ["e"]}},
                None,
            ),
            ({"node_modules/d": {"version": "1.0.0", "inBundle": True, "dependencies": {"e": "9"}}}, None),
            ({"node_modules/c": {"version": "9.0.0", "name": "other"}}, None),
            ({"node_modules/c": {"version": "9.0.0", "inBundle": True}}, None),
        ],
    )
    def test_every_package_of_a_lock_has_its_requirements(self, changes: Any, text: str | None, tmp_path: Path) -> None:
        errors = self.check_tree(tmp_path, {"dependencies": {"a": "^1.2", "b": "1"}}, changes)
        assert [error[: len(f"package-lock.json {text}")] for error in errors] == (
            [] if text is None else [f"package-lock.json {text}"]
        )
        assert all(error.endswith(" (run npm install --package-lock-only)") for error in errors)

    @pytest.mark.parametrize(
        ("spec", "good"),
        [
            *((spec, True) for spec in ("^1", "", "*", "latest", "npm:other@9", "git+https://example.org/a.git#v9")),
            *((spec, True) for spec in ("https://example.org/a-9.0.0.tgz", "me/a#v9", ">=1 <2 || >=9")),
            *((spec, False) for spec in ("^2", "1.2.4", ">1.2.3", "1.3 - 2")),
        ],
    )
    def test_a_locked_version_is_in_the_range_of_package_json(self, spec: str, good: bool, tmp_path: Path) -> None:
        errors = self.check_tree(tmp_path, {"dependencies": {"a": spec}}, {})
        text = f"package-lock.json has a 1.2.3, and package.json requires {spec} (run npm install --package-lock-only)"
        assert errors == ([] if good else [text])

    def test_overridden_requirements_are_not_compared(self, tmp_path: Path) -> None:
        package = {"dependencies": {"a": "^1.2"}, "overrides": {"a": {"b@^2": "1.0.0"}, "c": "9"}}
        changes = {"node_modules/a/node_modules/b": None, "node_modules/c": {"version": "9.0.0"}}
        assert self.check_tree(tmp_path, package, changes) == []

    def test_an_optional_package_may_be_missing(self, tmp_path: Path) -> None:
        assert self.check_tree(tmp_path, {"optionalDependencies": {"fsevents": "^2"}}, {}) == []

    @pytest.mark.parametrize(
        ("workspaces", "entries", "text"),
        [
            (["packages/*"], {}, "does not have the workspace packages/web of package.json"),
            ({"packages": ["./packages/web"]}, {}, "does not have the workspace packages/web of package.json"),
            (["**/web"], {}, "does not have the workspace packages/web of package.json"),
            (["packages/*"], {"packages/web": {"version": "1.0.0"}}, "does not have d, which packages/web requires"),
            (
                ["packages/*"],
                {"packages/web": {}, "packages/web/node_modules/d": {"version": "3.0.0"}},
                "has d 3.0.0, and packages/web requires ^4",
            ),
            (["packages/*"], {"packages/web": {}, "node_modules/d": {"version": "4.1.0"}}, None),
            (["packages/*"], {"packages/web": {}, "packages/web/node_modules/d": {"version": "4.1.0"}}, None),
            (["other/*", "packages"], {}, None),
            (["{packages,other}/*"], {}, None),
            ("packages/*", {}, None),
        ],
    )
    def test_workspaces_are_in_the_lock(self, workspaces: Any, entries: Any, text: str | None, tmp_path: Path) -> None:
        (tmp_path / "packages/web").mkdir(parents=True)
        (tmp_path / "packages/web/package.json").write_text('{"name": "web", "devDependencies": {"d": "^4"}}')
        package = {"workspaces": workspaces}
        lock = {"packages": {"": package, **entries}}
        for name, data in (("package.json", package), ("package-lock.json", lock)):
            (tmp_path / name).write_text(json.dumps(data), encoding="utf-8")
        found = check_node(tmp_path, {"package.json", "package-lock.json", "packages/web/package.json"}).errors
        assert found == ([] if text is None else [f"package-lock.json {text} (run npm install --package-lock-only)"])

    def test_a_workspace_may_require_another_one(self, tmp_path: Path) -> None:
        package = {"workspaces": ["packages/*"], "dependencies": {"web": "^1"}}
        for name, version in (("web", "1.0.0"), ("lib", "2.0.0")):
            (tmp_path / f"packages/{name}").mkdir(parents=True)
            data = {"name": name, "version": version, "dependencies": {"lib": "^2"} if name == "web" else {}}
            (tmp_path / f"packages/{name}/package.json").write_text(json.dumps(data))
        links = {f"node_modules/{name}": {"link": True, "resolved": f"packages/{name}"} for name in ("web", "lib")}
        entries = {"packages/web": {"version": "1.0.0"}, "packages/lib": {"version": "2.0.0"}}
        (tmp_path / "package.json").write_text(json.dumps(package))
        names = {"package.json", "package-lock.json", "packages/web/package.json", "packages/lib/package.json"}
        for version, good in (("2.0.0", True), ("3.0.0", False)):
            entries["packages/lib"]["version"] = version
            lock = {"packages": {"": package, **links, **entries}}
            (tmp_path / "package-lock.json").write_text(json.dumps(lock))
            assert (check_node(tmp_path, names).errors == []) is good

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validation and `release_archive` reject sources that no host could unpack or start."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.release_archive import unpack_archive
from ansible_collections.groundwork.aws.plugins.modules import release_archive
from plugins.module_utils._provision.test_validate import (
    errors,
    errors_of_source,
    flask,
    git,
    node,
    run,
    service,
    write,
)


def build_release(folder: Path, **source: Any) -> dict[str, Any]:
    options = {"directory": None, "git": None, "archive": None, "ref": "HEAD", "exclude": [], "version": None}
    return release_archive.run({**options, "cache": str(folder / "cache"), **source}, False)


def make_tar(folder: Path, name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Path:
    flask(folder / "app")
    path = folder / "app.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder / "app", "app")
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        tar.addfile(info)
    return path


class TestArchives:
    @pytest.mark.parametrize(
        ("name", "kind", "target", "text"),
        [
            ("app/out", tarfile.SYMTYPE, "/etc/passwd", "app/out -> /etc/passwd leads out of the archive"),
            ("app/out", tarfile.SYMTYPE, "../../etc/passwd", "app/out -> ../../etc/passwd leads out of the archive"),
            ("app/out", tarfile.LNKTYPE, "../secret", "app/out -> ../secret leads out of the archive"),
            ("app/out", tarfile.LNKTYPE, "/etc/passwd", "app/out -> /etc/passwd leads out of the archive"),
            ("../out", tarfile.REGTYPE, "", "../out leads out of the archive"),
            ("app/../../out", tarfile.REGTYPE, "", "app/../../out leads out of the archive"),
            ("app/pipe", tarfile.FIFOTYPE, "", "app/pipe is a device, a FIFO or another special file"),
            ("app/null", tarfile.CHRTYPE, "", "app/null is a device, a FIFO or another special file"),
            ("app/disk", tarfile.BLKTYPE, "", "app/disk is a device, a FIFO or another special file"),
            ("app/hard", tarfile.LNKTYPE, "app/missing", "cannot be unpacked"),
        ],
    )
    def test_members_that_no_release_can_have(
        self, name: str, kind: bytes, target: str, text: str, tmp_path: Path
    ) -> None:
        path = make_tar(tmp_path, name, kind, target)
        found = errors_of_source(path, "archive")
        assert list(found) == ["services.api.source.archive"]
        assert text in found["services.api.source.archive"]
        assert str(path) in found["services.api.source.archive"]
        built = build_release(tmp_path, archive=str(path))
        assert built["failed"]
        assert text in built["msg"]
        assert not (tmp_path / "out").exists()

    def test_a_link_between_two_directories_at_the_top_leads_out_of_neither(self, tmp_path: Path) -> None:
        path = make_tar(tmp_path, "other/wsgi.py", tarfile.SYMTYPE, "../app/wsgi.py")
        assert build_release(tmp_path, archive=str(path))["files"] == 3

    def test_a_link_out_of_the_only_directory_is_rejected(self, tmp_path: Path) -> None:
        path = make_tar(tmp_path, "app/out", tarfile.SYMTYPE, "../elsewhere")
        assert "out -> ../elsewhere" in errors_of_source(path, "archive")["services.api.source.archive"]
        assert "out -> ../elsewhere" in build_release(tmp_path, archive=str(path))["msg"]

    @pytest.mark.parametrize("length", [40, 200])
    def test_archives_that_end_too_early(self, length: int, tmp_path: Path) -> None:
        path = make_tar(tmp_path, "app/more")
        path.write_bytes(path.read_bytes()[:length])
        assert list(errors_of_source(path, "archive")) == ["services.api.source.archive"]
        assert build_release(tmp_path, archive=str(path))["failed"]

    def test_a_damaged_zip(self, tmp_path: Path) -> None:
        path = tmp_path / "app.zip"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("app/wsgi.py", "app = 1" * 50)
        content = bytearray(path.read_bytes())
        content[60] ^= 255
        path.write_bytes(bytes(content))
        assert "cannot be unpacked" in errors_of_source(path, "archive")["services.api.source.archive"]
        assert build_release(tmp_path, archive=str(path))["failed"]


class TestLinks:
    @pytest.mark.parametrize("target", ["/etc/hostname", "../other/file", "lib/../../x", "lib/../wsgi.py", ".."])
    @pytest.mark.parametrize("with_git", [False, True])
    def test_a_link_that_hosts_reject(self, target: str, with_git: bool, tmp_path: Path) -> None:
        root = flask(tmp_path / "app")
        write(root, {"lib/file": ""})
        (root / "out").symlink_to(target)
        kind = "directory"
        if with_git:
            git(root, "init", "--quiet")
            git(root, "add", ".")
            git(root, "commit", "--quiet", "--message=one")
        found = errors_of_source(root, kind)[f"services.api.source.{kind}"]
        assert f"out -> {target} " in found
        assert "app_exclude" in found
        assert f"out -> {target} " in build_release(tmp_path, directory=str(root))["msg"]
        assert build_release(tmp_path, directory=str(root), exclude=["out"])["files"] == 3

    def test_a_link_in_a_commit(self, tmp_path: Path) -> None:
        root = flask(tmp_path / "app")
        (root / "out").symlink_to("/etc/hostname")
        git(root, "init", "--quiet")
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--message=one")
        found = errors_of_source(root, "git")["services.api.source.git"]
        assert "its member out -> /etc/hostname leads out" in found
        assert "/groundwork-" not in found
        assert "out -> /etc/hostname" in build_release(tmp_path, git=str(root))["msg"]

    def test_many_links_are_one_error(self, tmp_path: Path) -> None:
        for number in range(5):
            (flask(tmp_path) / f"out{number}").symlink_to("/etc/hostname")
        (found,) = errors_of_source(tmp_path).values()
        assert "out2 -> /etc/hostname and 2 more" in found

    def test_links_inside_are_packed_and_unpacked(self, tmp_path: Path) -> None:
        root = flask(tmp_path / "app")
        write(root, {"lib/deep/file": "x"})
        (root / "lib/deep/up").symlink_to("../../wsgi.py")
        (root / "current").symlink_to("lib")
        assert errors_of_source(root) == {}
        unpack_archive(Path(build_release(tmp_path, directory=str(root))["path"]), tmp_path / "release")
        assert (tmp_path / "release/lib/deep/up").read_text() == (root / "wsgi.py").read_text()

    def test_an_entry_through_links(self, tmp_path: Path) -> None:
        root = node(tmp_path / "app")
        write(root, {"v1/main.js": ""})
        (root / "current").symlink_to("v1")
        (root / "start.js").symlink_to("v1/main.js")
        (root / "gone.js").symlink_to("v2/main.js")
        assert errors_of_source(root, runtime="pm2", entry="current/main.js") == {}
        assert errors_of_source(root, runtime="pm2", entry="start.js") == {}
        found = errors_of_source(root, runtime="pm2", entry="gone.js")
        assert "gone.js is a symbolic link that leads to no file of its source" in found["services.api.entry"]

    def test_a_module_that_is_a_link_to_nothing(self, tmp_path: Path) -> None:
        (flask(tmp_path) / "shop.py").symlink_to("gone.py")
        found = errors_of_source(tmp_path, entry="shop:app")["services.api.entry"]
        assert found.startswith("shop.py is a symbolic link that leads to no file of its source (correct the link")

    def test_static_files_that_are_a_link_to_nothing(self, tmp_path: Path) -> None:
        (flask(tmp_path) / "public").symlink_to("gone")
        change = {"proxy": {"on": "app"}, **service({"directory": str(tmp_path)}, static={"/static/": "public"})}
        found = errors(run(change))["services.api.static./static/"]
        assert found.startswith("public is a symbolic link that leads to no directory of its source (correct the link")

    def test_names_with_line_ends_are_escaped(self, tmp_path: Path) -> None:
        (flask(tmp_path) / "a\nb").symlink_to("/etc/hostname")
        outcome = run(service({"directory": str(tmp_path)}))
        assert all(len(line.splitlines()) == 1 for line in outcome["report"])
        assert len(build_release(tmp_path, directory=str(tmp_path))["msg"].splitlines()) == 1

    def test_files_that_may_not_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        root = flask(tmp_path / "app")
        write(root, {"private.py": ""})
        access = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: "private" not in str(path) and access(path, mode))
        found = errors_of_source(root)
        assert found["services.api.source.directory"].startswith(
            "this user cannot read private.py of the source (chmod"
        )

    def test_a_directory_that_may_not_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        root = flask(tmp_path / "app")
        write(root, {"private/x": ""})
        scan = os.scandir

        def deny(path: Any) -> Any:
            if "private" in str(path):
                raise PermissionError(13, "Permission denied", str(path))
            return scan(path)

        monkeypatch.setattr(os, "scandir", deny)
        found = errors_of_source(root)["services.api.source.directory"]
        assert found.startswith(f"the directory {root}/private cannot be read: Permission denied (chmod u+rx")

    def test_a_fifo_in_a_directory(self, tmp_path: Path) -> None:
        os.mkfifo(flask(tmp_path / "app") / "pipe")
        assert stat.S_ISFIFO((tmp_path / "app/pipe").lstat().st_mode)
        assert "special file" in errors_of_source(tmp_path / "app")["services.api.source.directory"]
        assert "special file" in build_release(tmp_path, directory=str(tmp_path / "app"))["msg"]


class TestEntries:
    @pytest.mark.parametrize("entry", ["package.json", "lib/data.JSON", "README.md", "app.yml"])
    def test_pm2_starts_scripts_only(self, entry: str, tmp_path: Path) -> None:
        write(node(tmp_path), {"lib/data.JSON": "{}", "README.md": "", "app.yml": ""})
        write(tmp_path, {"package.json": "{}", "package-lock.json": "{}"})
        found = errors_of_source(tmp_path, runtime="pm2", entry=entry)
        assert f"{entry} is not a script that Node.js runs" in found["services.api.entry"]

    @pytest.mark.parametrize("entry", ["server.js", "bin/www", "lib/app.mjs", "app.config.js", "main.ts"])
    def test_scripts_of_other_names(self, entry: str, tmp_path: Path) -> None:
        write(node(tmp_path), {"bin/www": "", "lib/app.mjs": "", "app.config.js": "", "main.ts": ""})
        assert errors_of_source(tmp_path, runtime="pm2", entry=entry) == {}

    @pytest.mark.parametrize(
        ("runtime", "entry", "fix"),
        [
            ("gunicorn", " wsgi:app", "wsgi:app"),
            ("gunicorn", "wsgi:app ", "wsgi:app"),
            ("pm2", " server.js", "server.js"),
            ("pm2", "server.js ", "server.js"),
        ],
    )
    def test_spaces_around_an_entry(self, runtime: str, entry: str, fix: str) -> None:
        found = errors(run(service({"git": "https://git.example/x"}, runtime=runtime, entry=entry)))
        assert found == {"services.api.entry": f'"{entry}" begins or ends with a space (write "{fix}")'}

    @pytest.mark.parametrize(
        ("content", "line"),
        [("def x(:\n  pass\napp = 1\n", ":1"), ("app = 1\nprint 'x'\n", ":2"), ("app = 1\n }", ":2")],
    )
    def test_a_module_with_a_syntax_error_is_a_warning(self, content: str, line: str, tmp_path: Path) -> None:
        write(flask(tmp_path), {"shop.py": content})
        outcome = run(service({"directory": str(tmp_path)}, entry="shop:app"))
        assert outcome["errors"] == []
        assert f"services.api.entry: shop.py{line} is not valid Python" in outcome["warnings"][0]

    def test_a_module_in_another_encoding_is_a_warning(self, tmp_path: Path) -> None:
        flask(tmp_path)
        (tmp_path / "shop.py").write_bytes(b"# caf\xe9\napp = 1\n")
        outcome = run(service({"directory": str(tmp_path)}, entry="shop:app"))
        assert outcome["errors"] == []
        assert "services.api.entry: shop.py" in outcome["warnings"][0]
        assert "is not valid Python" in outcome["warnings"][0]

    @pytest.mark.parametrize(
        "content",
        [
            'if __name__ == "__main__":\n    app = 1\n',
            'if "__main__" == __name__:\n    app = 1\nelse:\n    other = 1\n',
        ],
    )
    def test_an_application_of_a_script_is_none_of_its_module(self, content: str, tmp_path: Path) -> None:
        write(flask(tmp_path), {"shop.py": content})
        found = errors(run(service({"directory": str(tmp_path)}, entry="shop:app")))
        assert found["services.api.entry"].startswith("shop.py defines no app at its top level")

    @pytest.mark.parametrize(
        "content",
        [
            'if __name__ == "__main__":\n    pass\nelse:\n    app = 1\n',
            'if __name__ != "__main__":\n    app = 1\n',
            'app = 1\nif __name__ == "__main__":\n    app.run()\n',
        ],
    )
    def test_an_application_next_to_a_script_is_found(self, content: str, tmp_path: Path) -> None:
        write(flask(tmp_path), {"shop.py": content})
        assert errors(run(service({"directory": str(tmp_path)}, entry="shop:app"))) == {}

    @pytest.mark.parametrize("line", ["--find-links ./wheels", "-f wheels", "--find-links=/srv/wheels"])
    def test_wheels_that_are_not_in_the_source_are_an_error(self, line: str, tmp_path: Path) -> None:
        flask(tmp_path)
        text = (tmp_path / "requirements.txt").read_text(encoding="utf-8")
        write(tmp_path, {"requirements.txt": f"{line}\n{text}"})
        found = errors(run(service({"directory": str(tmp_path)})))
        assert "requirements.txt:1 names wheels in " in found["services.api.source"]
        if "/srv" not in line:
            write(tmp_path, {"wheels/a-1-py3-none-any.whl": ""})
            assert "services.api.source" not in errors(run(service({"directory": str(tmp_path)})))

    @pytest.mark.parametrize(
        ("file", "line"),
        [
            ("requirements-dev.txt", "x @ git+https://ghp_hunter2hunter2hunter2hunter2hunter2@git.example/x"),
            ("requirements-dev.txt", "--index-url https://me:hunter2@index.example/simple"),
            ("web/uv.lock", 'source = { git = "https://me:hunter2@git.example/x" }'),
            ("web/package-lock.json", '"resolved": "https://me:hunter2@git.example/x.tgz",'),
            (".npmrc", "//npm.example.test/:_authToken=hunter2"),
        ],
    )
    def test_a_login_in_a_file_of_a_package_manager_is_an_error_without_its_value(
        self, file: str, line: str, tmp_path: Path
    ) -> None:
        write(flask(tmp_path), {file: f"\n{line}\n"})
        outcome = run(service({"directory": str(tmp_path)}))
        (error,) = [one for one in outcome["errors"] if "password or token" in one["message"]]
        assert error["path"] == "services.api.source.directory"
        assert error["message"].startswith(f"{file}:2 has a password or token")
        assert "hunter2" not in str(outcome)

    @pytest.mark.parametrize(
        "line",
        [
            "//npm.example.test/:_authToken=${TOKEN}",
            "--index-url https://me:${PASS}@index.example/simple",
            "x @ git+ssh://git@git.example/x",
            "flask==3.0.0 --hash=sha256:0af3",
        ],
    )
    def test_other_lines_of_such_files_are_accepted(self, line: str, tmp_path: Path) -> None:
        write(flask(tmp_path), {".npmrc": line})
        assert errors(run(service({"directory": str(tmp_path)}))) == {}

    @pytest.mark.parametrize("folder", ["public/app.css", "./public/app.css", "app.css"])
    def test_static_is_a_directory(self, folder: str, tmp_path: Path) -> None:
        write(node(tmp_path), {"public/app.css": "", "app.css": ""})
        source = service({"directory": str(tmp_path)}, runtime="pm2", entry="server.js", static={"/static/": folder})
        found = errors(run({**source, "proxy": {"on": "app"}}))
        assert "is a file of its source, and nginx needs a directory" in found["services.api.static./static/"]

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Git sources and checkouts with the real git: what they hold, what fails, and what git must not run."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts import git_command, git_export, source
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.git_export import (
    add_credentials,
    find_submodule_address,
    resolve_address,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source import make_archive
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source_error import SourceError
from plugins.module_utils._deploy.artifacts.test_source import DEFAULTS

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of nobody, in a place without a checkout."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def git(folder: Path, *arguments: str) -> str:
    who = [f"GIT_{role}_{key}=a@example.org" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")]
    command = ["env", *who, "git", "-C", str(folder), "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def make(folder: Path, **options: Any) -> dict[str, Any]:
    return make_archive({**DEFAULTS, "cache": str(folder / "cache"), **options})


def contents(result: dict[str, Any]) -> dict[str, str]:
    with tarfile.open(result["path"]) as tar:
        found = {member.name: tar.extractfile(member) for member in tar if member.isreg()}
        return {name: file.read().decode() for name, file in found.items() if file is not None}


def repository(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "one")
    return folder


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", f"--message={message}")
    return git(folder, "rev-parse", "HEAD")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class TestConcurrentFetches:
    def test_each_of_many_fetches_gets_the_commit_of_its_ref(self, tmp_path: Path) -> None:
        """All hosts fetch from one address at the same time, into one mirror."""
        root = repository(tmp_path / "shop", {"version": "0"})
        expected = {}
        for number in range(6):
            (root / "version").write_text(str(number))
            expected[f"v{number}"] = commit(root, str(number))
            git(root, "tag", f"v{number}")
        refs = [*expected] * 5
        start = threading.Barrier(8)

        def fetch(job: tuple[int, str]) -> tuple[str, str]:
            if job[0] < start.parties:
                start.wait(30)
            target = tmp_path / f"out{job[0]}"
            target.mkdir()
            found = git_export.check_out(f"file://{root}", job[1], tmp_path / "cache", target)[1]
            return found, (target / "version").read_text()

        with ThreadPoolExecutor(start.parties) as pool:
            found = list(pool.map(fetch, enumerate(refs)))
        assert found == [(expected[ref], ref[1:]) for ref in refs]

    def test_no_ref_is_left_and_those_of_killed_runs_are_removed(self, tmp_path: Path) -> None:
        root = repository(tmp_path / "shop", {"file": "x"})
        make(tmp_path, git=str(root))
        mirror = next((tmp_path / "cache/git").glob("*/HEAD")).parent
        assert git(mirror, "for-each-ref") == ""
        head, now = git(root, "rev-parse", "HEAD"), int(time.time())
        for begun in (now - git_export.STALE_REF - 60, now - 60):
            git(mirror, "update-ref", f"refs/groundwork/{begun}-abc", head)
        (root / "file").write_text("y")
        commit(root, "two")
        make(tmp_path, git=str(root))
        assert git(mirror, "for-each-ref", "--format=%(refname)") == f"refs/groundwork/{now - 60}-abc"

    def test_a_commit_that_is_there_is_not_fetched_again_unless_it_is_damaged(self, tmp_path: Path) -> None:
        root = repository(tmp_path / "shop", {"file": "x"})
        head = git(root, "rev-parse", "HEAD")
        made = make(tmp_path, git=f"file://{root}", ref=head)
        Path(made["path"]).unlink()
        root.rename(tmp_path / "away")
        assert contents(make(tmp_path, git=f"file://{root}", ref=head)) == {"file": "x"}
        mirror = next((tmp_path / "cache/git").glob("*/HEAD")).parent
        for pack in mirror.glob("objects/pack/*.pack"):
            with open(pack, "rb") as packed:
                pack.rename(tmp_path / "pack")
                subprocess.run(["git", "-C", str(mirror), "unpack-objects", "-q"], stdin=packed, check=True)
        blob = git(tmp_path / "away", "rev-parse", "HEAD:file")
        (mirror / "objects" / blob[:2] / blob[2:]).unlink()
        with pytest.raises(SourceError, match="git fetch"):
            make(tmp_path, git=f"file://{root}", ref=head)
        (tmp_path / "away").rename(root)
        assert contents(make(tmp_path, git=f"file://{root}", ref=head)) == {"file": "x"}

    def test_a_failed_fetch_leaves_the_mirror_usable(self, tmp_path: Path) -> None:
        root = repository(tmp_path / "shop", {"file": "x"})
        with pytest.raises(SourceError, match=r"git fetch: .*v9"):
            make(tmp_path, git=str(root), ref="v9")
        assert contents(make(tmp_path, git=str(root))) == {"file": "x"}

    def test_a_ref_that_may_be_a_short_commit_id_of_digits_says_so(self, tmp_path: Path) -> None:
        root = repository(tmp_path / "shop", {"file": "x"})
        with pytest.raises(SourceError, match=r"write all 40 digits: git rev-parse 1234567\)"):
            make(tmp_path, git=str(root), ref="1234567")
        git(root, "tag", "1234567")
        assert contents(make(tmp_path, git=str(root), ref="1234567")) == {"file": "x"}


class TestSubmodules:
    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        """A repository with a submodule in a folder, which has a submodule of its own, both by relative addresses."""
        repository(tmp_path / "git/inner", {"inner.txt": "inner"})
        library = repository(tmp_path / "git/library", {"library.txt": "library"})
        git(library, "submodule", "--quiet", "add", "../inner", "deep/inner")
        commit(library, "with a submodule")
        shop = repository(tmp_path / "git/shop", {"shop.txt": "shop"})
        git(shop, "submodule", "--quiet", "add", "../library", "vendor/library")
        commit(shop, "with a submodule")
        return shop

    EXPECTED = {  # noqa: RUF012
        "shop.txt": "shop",
        "vendor/library/library.txt": "library",
        "vendor/library/deep/inner/inner.txt": "inner",
    }

    @staticmethod
    def without_settings(files: dict[str, str]) -> dict[str, str]:
        return {name: text for name, text in files.items() if not name.endswith(".gitmodules")}

    @pytest.mark.parametrize("prefix", ["", "file://"])
    def test_submodules_are_exported_recursively_with_relative_addresses(
        self, prefix: str, shop: Path, tmp_path: Path
    ) -> None:
        assert self.without_settings(contents(make(tmp_path, git=f"{prefix}{shop}"))) == self.EXPECTED

    def test_a_checkout_with_its_submodules_is_the_same_release(self, shop: Path, tmp_path: Path) -> None:
        git(shop, "submodule", "--quiet", "update", "--init", "--recursive")
        (shop / "vendor/library/.gitignore").write_text("*.log\n")
        (shop / "vendor/library/debug.log").write_text("x")
        made = make(tmp_path, directory=str(shop), exclude=[".gitignore"])
        assert self.without_settings(contents(made)) == self.EXPECTED
        assert made["artifact"]["commit"].endswith("-dirty")
        (shop / "vendor/library/.gitignore").unlink()
        (shop / "vendor/library/debug.log").unlink()
        clean = make(tmp_path, directory=str(shop))
        assert clean["artifact"]["commit"] == git(shop, "rev-parse", "HEAD")
        assert clean["artifact"]["digest"] == make(tmp_path, git=str(shop))["artifact"]["digest"]

    def test_a_submodule_that_was_not_initialized_is_an_error_unless_it_is_excluded(
        self, shop: Path, tmp_path: Path
    ) -> None:
        git(tmp_path, "clone", "--quiet", str(shop), "clone")
        with pytest.raises(SourceError, match="git submodule update --init --recursive"):
            make(tmp_path, directory=str(tmp_path / "clone"))
        assert "shop.txt" in contents(make(tmp_path, directory=str(tmp_path / "clone"), exclude=["vendor"]))

    def test_the_recorded_commit_counts_and_not_the_newest(self, shop: Path, tmp_path: Path) -> None:
        library = tmp_path / "git/library"
        (library / "library.txt").write_text("later")
        commit(library, "later")
        assert contents(make(tmp_path, git=str(shop)))["vendor/library/library.txt"] == "library"

    def test_a_submodule_without_an_address(self, shop: Path, tmp_path: Path) -> None:
        (shop / ".gitmodules").unlink()
        commit(shop, "lost")
        with pytest.raises(SourceError, match=r"submodule vendor/library has no address in \.gitmodules"):
            make(tmp_path, git=str(shop))

    def test_a_commit_that_the_repository_of_a_submodule_lacks(self, shop: Path, tmp_path: Path) -> None:
        other = repository(tmp_path / "git/other", {"other": "x"})
        git(shop, "config", "--file", ".gitmodules", "submodule.vendor/library.url", str(other))
        commit(shop, "wrong address")
        with pytest.raises(SourceError, match="submodule vendor/library cannot be exported: git fetch"):
            make(tmp_path, git=str(shop))

    def test_a_submodule_that_export_ignore_leaves_out_is_not_fetched(self, shop: Path, tmp_path: Path) -> None:
        (shop / ".gitattributes").write_text("vendor export-ignore\n")
        commit(shop, "without vendor")
        assert "vendor/library/library.txt" not in contents(make(tmp_path, git=str(shop)))

    @pytest.mark.parametrize(
        ("parent", "address", "expected"),
        [
            ("https://git.example/group/shop.git", "../lib.git", "https://git.example/group/lib.git"),
            ("https://git.example/group/shop.git/", "../../other/lib", "https://git.example/other/lib"),
            ("git@git.example:group/shop.git", "../lib.git", "git@git.example:group/lib.git"),
            ("git@git.example:shop.git", "../lib.git", "git@git.example:lib.git"),
            ("ssh://git@git.example/shop", "../lib", "ssh://git@git.example/lib"),
            ("/srv/git/shop", "./lib", "/srv/git/shop/lib"),
            ("file:///srv/git/shop.git", "../lib.git", "file:///srv/git/lib.git"),
            ("https://git.example/shop", "https://other.example/lib", "https://other.example/lib"),
        ],
    )
    def test_addresses_are_resolved_as_git_does(self, parent: str, address: str, expected: str) -> None:
        assert resolve_address(parent, address) == expected

    @pytest.mark.parametrize(
        ("address", "text"),
        [
            ("../../../../lib", "leads out of that of the repository"),
            ("ext::sh -c id", "runs a command"),
            ("--upload-pack=id", "begins with a dash"),
            ("/etc", "is a path of the controller"),
            ("file:///srv/secret", "is a path of the controller"),
        ],
    )
    def test_an_address_that_a_repository_must_not_have(self, address: str, text: str) -> None:
        with pytest.raises(SourceError, match=text):
            find_submodule_address("https://git.example/group/shop.git", address)

    def test_a_path_of_the_controller_is_allowed_where_the_repository_is_one(self) -> None:
        assert find_submodule_address("/srv/git/shop", "/srv/git/lib") == "/srv/git/lib"

    def test_credentials_are_used_for_the_same_server_only(self) -> None:
        parent = "https://user:token@git.example/shop.git"
        assert add_credentials(parent, "https://git.example/lib") == "https://user:token@git.example/lib"
        for other in ("https://other.example/lib", "http://git.example/lib", "https://me@git.example/lib", "git@a:b"):
            assert add_credentials(parent, other) == other


class TestLargeFiles:
    """Git LFS, whose program is played by a script that has the protocol of a smudge filter."""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        pointer = POINTER.format(hashlib.sha256(b"large").hexdigest(), 5)
        files = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin": pointer, "b.txt": "text"}
        return repository(tmp_path / "shop", files)

    @pytest.fixture
    def without_lfs(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        programs = tmp_path / "programs"
        programs.mkdir()
        for name in ("git", "sh", "env"):
            found = subprocess.run(["which", name], check=True, capture_output=True, text=True).stdout.strip()
            (programs / name).symlink_to(found)
        monkeypatch.setenv("PATH", str(programs))
        return programs

    def test_files_are_downloaded_from_the_repository(
        self, shop: Path, without_lfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = tmp_path / "log"
        text = (
            'if [ "$1" = smudge ]; then git config remote.origin.url > $log; git config lfs.url >> $log; printf large'
        )
        script(without_lfs / "git-lfs", f"log={log}\n{text}; else exit 1; fi")
        monkeypatch.delitem(git_export.LFS_FILTER, "filter.lfs.process")
        monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
        (shop / ".lfsconfig").write_text("[lfs]\n\turl = https://lfs.example/shop\n")
        commit(shop, "with settings")
        assert contents(make(tmp_path, git=str(shop)))["a.bin"] == "large"
        assert log.read_text().splitlines() == [str(shop), "https://lfs.example/shop"]

    def test_without_git_lfs_the_error_names_the_file_and_the_package(
        self, shop: Path, without_lfs: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(SourceError, match=r"in Git LFS \(a\.bin\), and git-lfs is not installed .*\(install the"):
            make(tmp_path, git=str(shop))

    def test_without_git_lfs_a_repository_without_such_files_is_exported(
        self, without_lfs: Path, tmp_path: Path
    ) -> None:
        root = repository(tmp_path / "plain", {".gitattributes": "*.bin filter=lfs\n", "b.txt": "text"})
        assert contents(make(tmp_path, git=str(root)))["b.txt"] == "text"

    def test_a_failed_download_fails(
        self, shop: Path, without_lfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script(without_lfs / "git-lfs", "echo 'no such object' >&2; exit 2")
        with pytest.raises(SourceError, match="git archive: no such object"):
            make(tmp_path, git=str(shop))

    def test_pointers_in_place_of_files_are_rejected(self, shop: Path, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "given.tar", "w") as tar:
            tar.add(shop / "a.bin", "a.bin")
        for kind in ({"directory": str(shop)}, {"archive": str(tmp_path / "given.tar")}):
            with pytest.raises(SourceError, match=r"pointers of Git LFS in place of the files a\.bin .*git lfs pull"):
                make(tmp_path, **kind)
        assert "a.bin" not in contents(make(tmp_path, directory=str(shop), exclude=["*.bin"]))

    def test_a_text_about_pointers_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop/notes").write_text("version https://git-lfs.github.com/spec/v1\nis the first line of one\n")
        assert "notes" in contents(make(tmp_path, directory=str(tmp_path / "shop")))


class TestUnreadableCheckouts:
    """A checkout that git refuses to read must not ship the files that it ignores."""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        root = repository(tmp_path / "shop", {".gitignore": ".env\n", "lib/app.py": "app"})
        (root / ".env").write_text("SECRET=1")
        return root

    @pytest.mark.parametrize("folder", ["", "lib"])
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
    def test_of_another_user(self, shop: Path, folder: str, tmp_path: Path) -> None:
        for path in (shop, shop / ".git"):
            os.chown(path, 12345, 12345)
        with pytest.raises(SourceError, match=r"dubious ownership.*git config --global --add safe\.directory"):
            make(tmp_path, directory=str(shop / folder))

    def test_of_another_user_as_git_reports_it(
        self, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        for kind in ({"directory": str(shop)}, {"git": str(shop)}):
            with pytest.raises(SourceError, match=r"dubious ownership.*git config --global --add safe\.directory"):
                make(tmp_path, **kind)

    @pytest.mark.parametrize("damage", ["empty", "moved", "head", "index", "version"])
    def test_that_is_damaged(self, shop: Path, damage: str, tmp_path: Path) -> None:
        if damage == "empty":
            (shop / ".git").rename(tmp_path / "away")
            (shop / ".git").mkdir()
        elif damage == "moved":
            (shop / ".git").rename(tmp_path / "away")
            (shop / ".git").write_text(f"gitdir: {tmp_path}/nowhere\n")
        elif damage == "head":
            (shop / ".git/HEAD").write_text("nonsense\n")
        elif damage == "index":
            (shop / ".git/index").write_bytes(b"nonsense")
        else:
            git(shop, "config", "core.repositoryformatversion", "99")
        with pytest.raises(SourceError, match=r"git [a-z-]+: (fatal|error): "):
            make(tmp_path, directory=str(shop))

    def test_without_git(self, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(SourceError, match="git is not installed on the controller"):
            make(tmp_path, directory=str(shop))

    def test_without_git_a_directory_that_is_no_checkout(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop/app.py").write_text("app")
        assert contents(make(tmp_path, directory=str(tmp_path / "shop"))) == {"app.py": "app"}

    def test_variables_of_a_hook_of_git_do_not_lead_to_another_repository(
        self, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = repository(tmp_path / "other", {"other": "x"})
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
        assert sorted(contents(make(tmp_path, directory=str(shop)))) == [".gitignore", "lib/app.py"]

    def test_settings_that_the_user_gives_by_variables_are_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in (("COUNT", "1"), ("KEY_0", "user.name"), ("VALUE_0", "me")):
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
        assert git_command.run_git(["config", "user.name"]).strip() == "me"
        assert git_command.run_git(["config", "core.fsmonitor"]).strip() == "false"


class TestProgramsOfARepository:
    """Settings of a repository name programs that git runs while it lists files."""

    SETTINGS = """
[core]
\tfsmonitor = {program}
\thooksPath = {folder}
\tsshCommand = {program}
[filter "x=y.z"]
\tclean = {program}
\tsmudge = {program}
\tprocess = {program}
\trequired = true
[log]
\tshowSignature = true
[gpg]
\tprogram = {program}
[diff "x"]
\ttextconv = {program}
"""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        root = repository(tmp_path / "shop", {"app.py": "app", ".gitattributes": "* filter=x=y.z diff=x\n"})
        program = script(tmp_path / "evil/program", f"touch {tmp_path}/ran; cat")
        for name in ("post-index-change", "post-checkout", "reference-transaction"):
            script(tmp_path / "evil" / name, f"touch {tmp_path}/ran")
        included = tmp_path / "evil/included"
        included.write_text(self.SETTINGS.format(program=program, folder=tmp_path / "evil"))
        with open(root / ".git/config", "a", encoding="utf-8") as config:
            config.write(f"[include]\n\tpath = {included}\n")
        # git reads the content of files again whose times have changed.
        (root / "app.py").write_text("changed")
        os.utime(root / ".gitattributes", (1, 1))
        return root

    def test_the_settings_run_a_program_when_git_is_called_without_care(self, shop: Path, tmp_path: Path) -> None:
        subprocess.run(["git", "-C", str(shop), "status", "--porcelain"], check=False, capture_output=True)
        assert (tmp_path / "ran").exists()

    def test_a_checkout_runs_none(self, shop: Path, tmp_path: Path) -> None:
        made = make(tmp_path, directory=str(shop))
        assert contents(made)["app.py"] == "changed"
        assert made["artifact"]["commit"].endswith("-dirty")
        assert not (tmp_path / "ran").exists()

    def test_a_submodule_of_a_checkout_runs_none(self, shop: Path, tmp_path: Path) -> None:
        outer = repository(tmp_path / "outer", {"outer.py": "x"})
        git(outer, "submodule", "--quiet", "add", str(shop), "shop")
        commit(outer, "with a submodule")
        with open(outer / ".git/modules/shop/config", "a", encoding="utf-8") as config:
            config.write(f"[include]\n\tpath = {tmp_path}/evil/included\n")
        (outer / "shop/app.py").write_text("changed")
        (tmp_path / "ran").unlink(missing_ok=True)
        assert contents(make(tmp_path, directory=str(outer)))["shop/app.py"] == "changed"
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("top", ["", "shop"])
    def test_an_archive_is_never_read_by_git(
        self, top: str, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (shop / "ignored.log").write_text("x")
        (shop / ".gitignore").write_text("*.log\n")
        with tarfile.open(tmp_path / "given.tar.gz", "w:gz") as tar:
            tar.add(shop, top or ".")
        log = tmp_path / "calls"
        script(tmp_path / "programs/git", f"echo called >> {log}")
        monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}:{os.environ['PATH']}")
        made = make(tmp_path, archive=str(tmp_path / "given.tar.gz"))
        assert sorted(contents(made)) == [".gitattributes", ".gitignore", "app.py", "ignored.log"]
        assert not (tmp_path / "ran").exists()
        assert not log.exists()

    def test_a_partial_clone_connects_to_nothing(self, tmp_path: Path) -> None:
        root = repository(tmp_path / "shop", {"app.py": "app"})
        program = script(tmp_path / "evil/program", f"touch {tmp_path}/ran")
        for key, value in (
            ("core.sshCommand", str(program)),
            ("remote.origin.url", "ssh://git.example/shop"),
            ("remote.origin.promisor", "true"),
            ("extensions.partialClone", "origin"),
            ("core.repositoryFormatVersion", "1"),
        ):
            git(root, "config", key, value)
        tree = git(root, "rev-parse", "HEAD^{tree}")
        (root / ".git/objects" / tree[:2] / tree[2:]).unlink()
        with pytest.raises(SourceError, match="git log"):
            make(tmp_path, directory=str(root))
        assert not (tmp_path / "ran").exists()


def test_archives_that_were_not_used_for_long_are_removed_from_the_cache(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    used = []
    for content in ("one", "two", "three"):
        (root / "app.py").write_text(content)
        used.append(Path(make(tmp_path, directory=str(root))["path"]))
    unfinished = used[0].with_name(f".{used[0].name}.123")
    unfinished.write_bytes(b"x")
    for path in (*used[:2], unfinished):
        os.utime(path, (time.time() - source.UNUSED_ARCHIVE - 60,) * 2)
    (root / "app.py").write_text("two")
    make(tmp_path, directory=str(root))  # uses its archive again
    (root / "app.py").write_text("four")
    make(tmp_path, directory=str(root))
    assert [path.exists() for path in (*used, unfinished)] == [False, True, True, False]
    assert stat.S_ISREG(used[1].stat().st_mode)

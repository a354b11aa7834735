# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Archives are extracted inside their directory, with every Python since 3.11.0."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.extraction import extract_archive
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source_error import SourceError


@pytest.fixture(autouse=True)
def without_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python before 3.11.4 has no extraction filters."""
    for name in ("FilterError", "SpecialFileError", "data_filter", "tar_filter", "fully_trusted_filter"):
        monkeypatch.delattr(tarfile, name, raising=False)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def make_tar(folder: Path, *members: tuple[str, bytes, str], mode: int = 0o644) -> Path:
    """An archive of members, each a name, a type, and its content or where it links to."""
    path = folder / "given.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, mode
            if kind == tarfile.REGTYPE:
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                tar.addfile(info)
    return path


def make_zip(folder: Path, *members: tuple[str, bytes, str]) -> Path:
    """The same as a zip archive, without hard links."""
    path = folder / "given.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, kind, text in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if kind == tarfile.SYMTYPE else 0o100644) << 16
            packed.writestr(info, text)
    return path


FILE, LINK, HARD, FOLDER = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


def test_files_directories_and_links_are_extracted(tmp_path: Path, target: Path) -> None:
    members = [
        ("app", FOLDER, ""),
        ("app/wsgi.py", FILE, "app"),
        ("deep/er/file", FILE, "deep"),
        ("app/link", LINK, "../deep/er/file"),
        ("app/hard", HARD, "app/wsgi.py"),
        ("empty", FOLDER, ""),
    ]
    extract_archive(make_tar(tmp_path, *members), target)
    assert (target / "app/wsgi.py").read_text() == "app"
    assert os.readlink(target / "app/link") == "../deep/er/file"
    assert (target / "app/hard").read_text() == "app"
    assert (target / "empty").is_dir()


@pytest.mark.parametrize(("mode", "expected"), [(0o755, 0o755), (0o700, 0o755), (0o4777, 0o755), (0o600, 0o644)])
def test_only_the_executable_bit_of_a_mode_is_kept(tmp_path: Path, target: Path, mode: int, expected: int) -> None:
    extract_archive(make_tar(tmp_path, ("run", FILE, "x"), mode=mode), target)
    assert (target / "run").stat().st_mode & 0o7777 == expected


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize(
    ("name", "link"),
    [("/app/wsgi.py", ""), ("../x", ""), ("a/../../x", ""), ("a", "/etc/passwd"), ("a", "../x"), ("b/a", "../../x")],
)
def test_members_that_lead_out_are_rejected(tmp_path: Path, target: Path, kind: str, name: str, link: str) -> None:
    if kind == "tar":
        path = make_tar(tmp_path, ("first", FILE, "x"), (name, LINK if link else FILE, link or "x"))
    else:
        path = make_zip(tmp_path, ("first", FILE, "x"), (name, LINK if link else FILE, link or "x"))
    with pytest.raises(SourceError, match="leads out of the archive, which a release cannot have") as raised:
        extract_archive(path, target)
    assert f"its member {name}{f' -> {link}' if link else ''} " in str(raised.value)
    assert not (tmp_path / "x").exists()


def test_links_of_a_zip_archive_are_links(tmp_path: Path, target: Path) -> None:
    extract_archive(make_zip(tmp_path, ("app/wsgi.py", FILE, "app"), ("link", LINK, "app/wsgi.py")), target)
    assert os.readlink(target / "link") == "app/wsgi.py"
    assert (target / "link").read_text() == "app"


def test_a_zip_archive_cannot_write_through_its_link(tmp_path: Path, target: Path) -> None:
    path = make_zip(tmp_path, ("up", LINK, "."), ("up/up/../../x", FILE, "x"))
    with pytest.raises(SourceError, match="leads out of the archive"):
        extract_archive(path, target)


def test_the_later_of_two_members_with_one_name_counts(tmp_path: Path, target: Path) -> None:
    extract_archive(make_tar(tmp_path, ("file", FILE, "a"), ("other", LINK, "file"), ("other", FILE, "b")), target)
    assert ((target / "file").read_text(), (target / "other").read_text()) == ("a", "b")


@pytest.mark.parametrize(
    "members",
    [
        [("../out", FILE, "x")],
        [("a/../../out", FILE, "x")],
        [("out", LINK, "/etc/passwd")],
        [("out", LINK, "../elsewhere")],
        [("a/out", LINK, "../../elsewhere")],
        [("out", HARD, "../elsewhere")],
        [("out", HARD, "/etc/passwd")],
        # Two links that stay inside, and lead out together.
        [("a", FOLDER, ""), ("a/b", FOLDER, ""), ("link", LINK, "a/b"), ("link/up", LINK, "../../..")],
    ],
)
def test_a_member_that_leads_out_is_an_error(tmp_path: Path, target: Path, members: list[Any]) -> None:
    with pytest.raises(SourceError, match=r"its member \S+( -> \S+)? leads out of the archive.*take it out"):
        extract_archive(make_tar(tmp_path, *members), target)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_a_special_file_is_an_error(tmp_path: Path, target: Path, kind: bytes) -> None:
    with pytest.raises(SourceError, match="the source: its member pipe is a device, a FIFO or another special file"):
        extract_archive(make_tar(tmp_path, ("pipe", kind, "")), target, "the source")


def test_a_file_that_is_no_archive_is_an_error(tmp_path: Path, target: Path) -> None:
    (tmp_path / "given.tar.gz").write_text("nothing of the kind")
    with pytest.raises(SourceError, match="it is not a tar or zip archive of a known kind, or damaged"):
        extract_archive(tmp_path / "given.tar.gz", target)


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tgz", "tar.bz2", "tar.xz", "zip"])
def test_every_common_kind_of_archive_is_extracted(tmp_path: Path, target: Path, suffix: str) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_text("content")
    path = tmp_path / f"given.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            packed.write(tmp_path / "source/file", "file")
    else:
        kind = {"tgz": "gz"}.get(suffix, suffix.rpartition(".")[2])
        with tarfile.open(path, f"w:{'' if kind == 'tar' else kind}") as tar:
            tar.add(tmp_path / "source/file", "file")
    extract_archive(path, target)
    assert (target / "file").read_text() == "content"
    shutil.rmtree(target)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("size", [1, 6])
def test_an_archive_that_was_cut_off_is_an_error(tmp_path: Path, target: Path, kind: Any, size: int) -> None:
    """The last bytes are the checksum, which `tarfile` does not read."""
    path = tmp_path / f"given.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as tar:
        info = tarfile.TarInfo("file")
        info.size = 100_000
        tar.addfile(info, io.BytesIO(os.urandom(100_000)))
    path.write_bytes(path.read_bytes()[:-size])
    with pytest.raises(SourceError, match=r"damaged, or was cut off: .* \(make the archive anew\)"):
        extract_archive(path, target)


def test_a_wrong_checksum_is_an_error(tmp_path: Path, target: Path) -> None:
    path = make_tar(tmp_path, ("file", FILE, "content"))
    path.write_bytes(path.read_bytes()[:-8] + b"\0" * 8)
    with pytest.raises(SourceError, match="it is damaged, or was cut off: CRC check failed"):
        extract_archive(path, target)


@pytest.mark.parametrize(
    "members",
    [
        [("a", FILE, "x"), ("a/b", FILE, "y")],
        [("a", FILE, "x"), ("a", FOLDER, "")],
        [("a/b", FILE, "x"), ("a", FILE, "y")],
        [("a", FILE, "x"), ("a/b/c", FILE, "y")],
    ],
)
def test_a_file_that_is_a_directory_as_well_is_an_error(tmp_path: Path, target: Path, members: list[Any]) -> None:
    text = f"the source: its member {members[1][0]} is a file and a directory, or in a file (make the archive anew)"
    with pytest.raises(SourceError) as raised:
        extract_archive(make_tar(tmp_path, *members), target, "the source")
    assert str(raised.value) == text

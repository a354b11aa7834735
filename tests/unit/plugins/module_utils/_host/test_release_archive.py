# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.release_archive import ArchiveError, unpack_archive


def archive(folder: Path, *members: tarfile.TarInfo) -> Path:
    path = folder / "a.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            member.size = 4 if member.isreg() else 0
            tar.addfile(member, io.BytesIO(b"text"))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def test_files_directories_and_links(tmp_path: Path) -> None:
    packed = archive(
        tmp_path,
        member("bin", tarfile.DIRTYPE),
        member("bin/run", mode=0o4777),
        member("lib/deep/file"),
        member("lib/deep/link", tarfile.SYMTYPE, "../../bin/run"),
    )
    assert unpack_archive(packed, tmp_path / "out") == 3
    assert (tmp_path / "out/bin/run").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "out/lib/deep/file").stat().st_mode & 0o7777 == 0o644
    assert (tmp_path / "out/lib/deep/link").read_text() == "text"


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil")],
        [member("/evil")],
        [member("a/../../evil")],
        [member("link", tarfile.SYMTYPE, "/etc/passwd")],
        [member("link", tarfile.SYMTYPE, "../evil")],
        [member("deep/link", tarfile.SYMTYPE, "../../evil")],
        [member("a/link", tarfile.SYMTYPE, ".."), member("b", tarfile.SYMTYPE, "a/link/..")],
        [member("link", tarfile.SYMTYPE, "sub"), member("link/file")],
        [member("hard", tarfile.LNKTYPE, "/etc/passwd")],
        [member("device", tarfile.CHRTYPE)],
        [member("pipe", tarfile.FIFOTYPE)],
        [member("twice"), member("twice")],
    ],
    ids=lambda members: "+".join(f"{one.name}>{one.linkname}" if one.linkname else one.name for one in members),
)
def test_members_outside_or_of_another_kind_are_rejected(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    with pytest.raises(ArchiveError):
        unpack_archive(archive(tmp_path, *members), tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_cut_off_archive_is_named(tmp_path: Path) -> None:
    packed = archive(tmp_path, member("file"))
    packed.write_bytes(packed.read_bytes()[:40])
    with pytest.raises(ArchiveError, match=r"a\.tar\.gz could not be unpacked"):
        unpack_archive(packed, tmp_path / "out")

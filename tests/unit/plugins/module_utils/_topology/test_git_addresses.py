# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validation accepts the addresses and refs that git fetches, and rejects others with a fix."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source import check_out
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source_error import SourceError
from ansible_collections.groundwork.aws.plugins.module_utils._topology.git_addresses import (
    REF,
    find_address_problem,
    find_ref_problem,
)
from plugins.module_utils._provision.test_validate import errors, flask, git, run, service


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example/shop.git",
        "https://git.example:8443/shop",
        "http://[::1]/shop.git",
        "http://[::1]:8080/shop.git",
        "https://user@git.example:/shop.git",
        "ssh://git@git.example:22/shop.git",
        "ssh://git@git.example/shop.git",
        "git+ssh://git.example/shop",
        "git://git.example/shop",
        "git@git.example:shop.git",
        "git.example:team/shop.git",
        "[git@git.example:22]:shop.git",
        "file:///srv/my shop.git",
        "../shop",
        "./a:b",
        "~/my shop",
        "/srv/shop.git",
        "codecommit::eu-central-1://shop",
        "codecommit://shop",
    ],
)
def test_an_address_that_git_fetches_from(address: str) -> None:
    assert find_address_problem(address) is None


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("-x", "begins with a dash"),
        ("--upload-pack=x", "begins with a dash"),
        (" https://git.example/shop", "begins or ends with a space"),
        ("/srv/shop ", "begins or ends with a space"),
        ("https://git.example/my shop", "has a space (write %20 for it)"),
        ("git example:shop", "has no valid host before its colon"),
        (":shop", "has no valid host before its colon"),
        ("git@-oProxyCommand=x:shop", "has no valid host before its colon"),
        ("git.example:", "has no path after its colon"),
        ("git.example:-x", "has no path after its colon"),
        ("file:", "has no // after file:"),
        ("file:/srv/shop", "has no // after file:, so that git takes file for a host (write file:///srv/shop.git)"),
        ("https:/git.example/shop", "has no // after https:"),
        ("file://", "has no absolute path after file://"),
        ("file://srv/shop", "has no absolute path after file://"),
        ("https://", "has no host after https://"),
        ("https:///shop", "has no host after https://"),
        ("ssh://git@:22/shop", "has no host after ssh://"),
        ("ssh://git.example", "has no path after the host"),
        ("https://git.example:abc/shop", "has something else than a port (1 to 65535) after its host"),
        ("https://git.example:0/shop", "has something else than a port"),
        ("ssh://git@git.example:99999/shop", "has something else than a port"),
        ("ssh://git.example:team/shop", "has something else than a port"),
        ("http://[::1]:x/shop", "has something else than a port"),
        ("ext::sh -c id", "runs a command or reads a pipe by ext::"),
        ("fd::3", "runs a command or reads a pipe by fd::"),
    ],
)
def test_an_address_that_git_does_not_fetch_from(address: str, problem: str, tmp_path: Path) -> None:
    found = find_address_problem(address)
    assert found is not None
    assert found.startswith(problem)
    assert found.endswith(")")
    reported = errors(run(service({"git": address})))
    assert reported["services.api.source.git"].endswith(f'" {found}')
    with pytest.raises(SourceError, match=re.escape(problem)):
        check_out(address, "HEAD", tmp_path / "cache", tmp_path / "out")


def test_a_protocol_that_git_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("foo://git.example/shop", "HTTPS://git.example/shop"):
        found = errors(run(service({"git": address})))["services.api.source.git"]
        assert found.startswith("git on this machine cannot fetch by ")
        assert "write an address that begins with https:// or ssh://" in found
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/x" if name == "git-remote-foo" else None)
    assert errors(run(service({"git": "foo://git.example/shop"}))) == {}


def test_a_file_address_is_decoded(tmp_path: Path) -> None:
    root = flask(tmp_path / "my shop")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=one")
    assert errors(run(service({"git": f"file://{tmp_path}/my%20shop"}))) == {}
    assert errors(run(service({"git": f"file://{tmp_path}/my shop"}))) == {}


@pytest.mark.parametrize(
    "ref",
    [
        "main",
        "v1.4",
        "feature/x",
        "refs/heads/main",
        "refs/tags/3e4214f",
        "HEAD",
        "@",
        "20240601",
        "deadbeef",
        "1.10",
        "é",
        "a" * 40,
        "0123456789abcdef0123456789abcdef01234567",
        "3E4214F543E2BB2C4FA17A421A02F845EF85BAE1",
    ],
)
def test_a_ref_that_git_fetches(ref: str) -> None:
    assert re.fullmatch(REF, ref)
    assert find_ref_problem(ref) is None


@pytest.mark.parametrize(
    "ref",
    [
        *("-x", "+main", "a b", "a..b", "HEAD~1", "HEAD^", "a:b", "@{u}", "a.lock", "a.lock/b", "/a", "a/", "a//b"),
        *(".a", "a/.b", "a.", "a*", "a?", "a[b", "a\\b", "tag", "a\x7fb"),
    ],
)
def test_a_ref_that_git_does_not_fetch(ref: str) -> None:
    found = errors(run(service({"git": "https://git.example/shop", "ref": ref})))
    assert list(found) == ["services.api.source.ref"]
    assert "(write its name as git has it, or the 40 digits of a commit" in found["services.api.source.ref"]


@pytest.mark.parametrize("ref", ["3e4214f", "3e4214f543e2", "3E4214F", "0123456789abcdef0123456789abcdef0123456"])
def test_a_short_commit_id_is_rejected_as_git_does_not_fetch_it(ref: str, tmp_path: Path) -> None:
    found = errors(run(service({"git": "https://git.example/shop", "ref": ref})))["services.api.source.ref"]
    assert f"looks like a short commit id, which git does not fetch (write all 40 digits: git rev-parse {ref}" in found
    with pytest.raises(SourceError, match="looks like a short commit id"):
        check_out("https://git.example/shop", ref, tmp_path / "cache", tmp_path / "out")


def test_git_itself_does_not_fetch_a_short_commit_id(tmp_path: Path) -> None:
    root = flask(tmp_path / "shop")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=one")
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    fetch = ["git", "-C", str(root), "fetch", "--quiet", "--", str(root)]
    assert subprocess.run([*fetch, commit], check=False).returncode == 0
    assert subprocess.run([*fetch, commit[:12]], capture_output=True, check=False).returncode != 0


@settings(deadline=None, max_examples=60)
@example("a/.lock")
@given(st.text(alphabet="ab@{}./-+~^:\\ é\x07lock*", min_size=1, max_size=8))
def test_git_accepts_the_form_of_every_accepted_ref(ref: str) -> None:
    if re.fullmatch(REF, ref):
        command = ["git", "check-ref-format", f"refs/heads/{ref}"]
        assert subprocess.run(command, check=False).returncode == 0

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validation of document, inventory and local sources without AWS."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from support.documents import CHECKOUT, EXAMPLES, TOPOLOGIES, base_of

from ansible_collections.groundwork.aws.plugins.module_utils._provision.validate import validate
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import VARIABLE
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.merge import merge

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f someone"
PINNED = f"flask==3.1.3 --hash=sha256:{'1' * 64}\ngunicorn==23.0.0 --hash=sha256:{'2' * 64}\n"
Errors = dict[str, str]


def git(folder: Path, *arguments: str) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a"}
    settings = {**os.environ, **who, "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": "/dev/null"}
    command = ["git", "-C", str(folder), "-c", "protocol.file.allow=always", *arguments]
    subprocess.run(command, check=True, capture_output=True, env=settings)


def flask(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wsgi.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n", encoding="utf-8")
    (folder / "requirements.txt").write_text(PINNED, encoding="utf-8")
    return folder


def node(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.js").write_text("listen()", encoding="utf-8")
    return folder


def run(change: Any, **options: Any) -> dict[str, Any]:
    base = merge(base_of({}), {"services": {"api": {"source": None}}})
    return validate({"topology": merge(base, change), **options})


def service(source: Any, **keys: Any) -> dict[str, Any]:
    return {"services": {"api": {"source": source, **keys}}}


def errors(outcome: dict[str, Any]) -> Errors:
    # The name of a page is no fix.
    assert not [item for item in outcome["errors"] if item["fix"].startswith("see ")]
    return {item["path"]: f"{item['message']} ({item['fix']})" for item in outcome["errors"]}


def errors_of_source(folder: Path, kind: str = "directory", **keys: Any) -> Errors:
    return errors(run(service({kind: str(folder)}, **keys)))


class TestOutcome:
    @pytest.mark.parametrize("path", [*TOPOLOGIES, *EXAMPLES], ids=lambda path: path.name)
    def test_the_documents_of_the_collection_are_valid(self, path: Path) -> None:
        outcome = validate({"topology": str(path)})
        assert outcome["errors"] == outcome["warnings"] == []
        assert outcome["summary"].startswith(f"{path.stem.replace('_', '-')} is valid: ")
        assert "\n" not in outcome["summary"]

    def test_everything_is_reported_at_once_in_the_order_of_the_files(self, tmp_path: Path) -> None:
        path = tmp_path / "shop.yml"
        text = (CHECKOUT / "tests/unit/support/small.yml").read_text(encoding="utf-8")
        text = text.replace("port: 5000", "port: 0\n    environment: {DB_PASS: hunter2}").replace(
            "wsgi:app", "nothing:app"
        )
        path.write_text(text.replace('git: "https://git.example/shop.git"', "directory: app"), encoding="utf-8")
        flask(tmp_path / "app")
        outcome = validate({"topology": str(path)})
        assert outcome["failed"]
        assert list(errors(outcome)) == ["services.api.port", "services.api.environment.DB_PASS", "services.api.entry"]
        assert {item["file"] for item in outcome["errors"]} == {str(path)}
        lines = [item["line"] for item in outcome["errors"]]
        assert lines == sorted(lines)
        assert "hunter2" not in str(outcome)
        assert outcome["report"][-1] == f"{path} cannot be used: 3 errors"
        assert outcome["report"][0] == f"{path}:{lines[0]}: services.api.port: 0 is not a port (1-65535)"
        assert outcome["report"][1] == "    fix: write a port (1-65535)"

    def test_a_document_that_is_not_there_is_an_error_like_any_other(self, tmp_path: Path) -> None:
        outcome = validate({"topology": str(tmp_path / "none.yml")})
        assert outcome["failed"]
        assert [item["path"] for item in outcome["errors"]] == [""]

    def test_overrides_of_the_inventory_have_their_lines(self, tmp_path: Path) -> None:
        file = tmp_path / "all.yml"
        file.write_text(f"{VARIABLE}:\n  region: nowhere\n  access:\n    public_key: '{{ x }}'\n", encoding="utf-8")
        layer = {"name": "stack_overrides of here", "values": {"region": "nowhere"}, "files": [str(file)]}
        layer["problems"] = [[["access", "public_key"], "its template cannot be rendered: x (correct it)"]]
        outcome = run(service({"git": "https://git.example/x"}), layers=[layer])
        assert [(item["path"], item["line"], item["source"]) for item in outcome["errors"]] == [
            ("region", 2, "stack_overrides of here"),
            ("access.public_key", 4, "stack_overrides of here"),
        ]

    @pytest.mark.parametrize("value", ["[a]", "text", "[services, {a: 1}]"])
    def test_overrides_that_are_no_mapping_have_their_own_line(self, value: str, tmp_path: Path) -> None:
        file = tmp_path / "all.yml"
        file.write_text(f"x: 1\n{VARIABLE}: {value}\n", encoding="utf-8")
        layer = {"name": "stack_overrides of here", "values": ["a"], "files": [str(file)]}
        (error,) = run(service({"git": "https://git.example/x"}), layers=[layer])["errors"]
        assert (error["file"], error["line"], error["path"]) == (str(file), 2, "stack_overrides of here")
        assert error["message"] == "a list is not a mapping"

    def test_the_option_overrides_is_on_top(self) -> None:
        outcome = run(service({"git": "https://git.example/x"}), overrides={"region": "nowhere"})
        assert outcome["errors"][0]["source"] == "the option overrides"


class TestWarningsAboutTheDocument:
    """What AWS may accept, but is probably a mistake."""

    @pytest.mark.parametrize(
        ("region", "similar"), [("eu-centrl-1", "eu-central-1"), ("us-est-1", "us-west-1"), ("eu-central-1", None)]
    )
    def test_a_region_that_botocore_does_not_know(self, region: str, similar: str | None) -> None:
        change = {"region": region, "network": {"zones": [f"{region}a", f"{region}b"]}}
        outcome = run(merge(service({"git": "https://git.example/x"}), change))
        assert outcome["errors"] == []
        assert [f"did you mean {similar}?" in one for one in outcome["warnings"]] == [True] * (similar is not None)

    def test_a_rule_for_a_group_of_another_network_needs_peering(self) -> None:
        rule = {"from_port": 80, "group": {"ref": "security_group/app"}}
        extra = {
            "vpc/b": {"cidr": "10.1.0.0/16"},
            "security_group/b": {"vpc": {"ref": "vpc/b"}, "description": "b", "ingress": [rule]},
            "security_group/a": {"vpc": {"ref": "vpc/main"}, "description": "a", "ingress": [rule]},
        }
        outcome = run({**service({"git": "https://git.example/x"}), "resources": extra})
        assert outcome["errors"] == []
        (warning,) = outcome["warnings"]
        assert "resources.security_group/b.ingress[0].group: security_group/app is in vpc/main" in warning
        assert "peer the VPCs before" in warning


class TestSources:
    def test_a_good_source(self, tmp_path: Path) -> None:
        outcome = run(service({"directory": str(flask(tmp_path / "app"))}))
        assert outcome["errors"] == outcome["warnings"] == []
        assert "1 local source checked" in outcome["summary"]

    def test_a_source_behind_the_network_is_not_read(self) -> None:
        outcome = run(service({"git": "https://git.example/shop.git"}))
        assert outcome["errors"] == []
        assert "the sources of api are behind the network and were not read" in outcome["summary"]

    def test_a_directory_that_is_not_there(self, tmp_path: Path) -> None:
        assert "there is no directory" in errors_of_source(tmp_path / "none")["services.api.source.directory"]

    def test_a_directory_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "app.tar").write_text("x", encoding="utf-8")
        found = errors_of_source(tmp_path / "app.tar")
        assert "is not a directory (name an archive by source.archive)" in found["services.api.source.directory"]

    def test_a_link_that_leads_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "app").symlink_to("none")
        found = errors_of_source(tmp_path / "app")["services.api.source.directory"]
        assert "app is a symbolic link to none, which does not exist (correct the link" in found

    def test_an_empty_directory(self, tmp_path: Path) -> None:
        (tmp_path / "app").mkdir()
        assert "holds no files to deploy" in errors_of_source(tmp_path / "app")["services.api.source.directory"]

    @pytest.mark.parametrize("names", [(), ("app/",), ("app/", "app/lib/")])
    def test_an_archive_without_files(self, tmp_path: Path, names: tuple[str, ...]) -> None:
        archive = tmp_path / "app.tar"
        with tarfile.open(archive, "w") as tar:
            for name in names:
                folder = tarfile.TarInfo(name)
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(folder)
        found = errors_of_source(archive, "archive")["services.api.source.archive"]
        assert found == "app.tar holds no files to deploy (name another archive)"

    def test_a_directory_that_git_ignores(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "--quiet")
        (tmp_path / ".gitignore").write_text("app/\n", encoding="utf-8")
        found = errors_of_source(flask(tmp_path / "app"))
        assert "git ignores" in found["services.api.source.directory"]

    def test_an_installed_collection_in_a_folder_that_git_ignores_can_be_deployed(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "--quiet")
        (tmp_path / ".gitignore").write_text("ansible_collections/\n", encoding="utf-8")
        assert errors_of_source(flask(tmp_path / "ansible_collections/groundwork/aws/examples/app")) == {}

    def test_a_file_that_git_ignores_is_not_in_the_source(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "--quiet")
        (tmp_path / ".gitignore").write_text("wsgi.py\n", encoding="utf-8")
        assert list(errors_of_source(flask(tmp_path))) == ["services.api.entry"]

    def test_a_submodule_is_part_of_the_source(self, tmp_path: Path) -> None:
        library, app = flask(tmp_path / "library"), flask(tmp_path / "app")
        for folder in (library, app):
            git(folder, "init", "--quiet", "--initial-branch=main")
            git(folder, "add", ".")
            git(folder, "commit", "--quiet", "--message=one")
        git(app, "submodule", "--quiet", "add", str(library), "lib")
        git(app, "commit", "--quiet", "--message=two")
        entry = {"entry": "lib.wsgi:app"}
        for source in ({"directory": str(app)}, {"git": str(app)}, {"git": f"file://{app}"}):
            assert errors(run(service(source, **entry))) == {}
        git(app, "submodule", "--quiet", "deinit", "--all")
        found = errors(run(service({"directory": str(app)}, **entry)))["services.api.source.directory"]
        assert "(git submodule update --init --recursive" in found

    @pytest.fixture
    def with_submodules(self, tmp_path: Path) -> Path:
        """A repository whose submodules `lib` and `static/theme` are behind the network."""
        app = flask(tmp_path / "app")
        write(app, {"static/local.css": "", ".gitmodules": ""})
        git(app, "init", "--quiet", "--initial-branch=main")
        for name in ("lib", "static/theme"):
            git(app, "config", "--file", ".gitmodules", f"submodule.{name}.path", name)
            git(app, "config", "--file", ".gitmodules", f"submodule.{name}.url", "git://127.0.0.1:1/lib.git")
            git(app, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{name}")
        git(app, "add", ".gitmodules", "wsgi.py", "requirements.txt", "static/local.css")
        git(app, "commit", "--quiet", "--message=one")
        return app

    @pytest.mark.parametrize(
        "keys",
        [
            {},
            {"entry": "lib.wsgi:app"},
            {"entry": "shop:app", "environment": {"PYTHONPATH": "lib"}},
            {"static": {"/a/": "lib/static", "/b/": "static", "/c/": "static/theme/css"}},
        ],
    )
    def test_submodules_behind_the_network_are_not_fetched(self, keys: dict[str, Any], with_submodules: Path) -> None:
        outcome = run({**service({"git": str(with_submodules)}, **keys), "proxy": {"on": "app"}})
        assert errors(outcome) == {}
        assert "1 local source checked" in outcome["summary"]
        assert "lib, static/theme of sources are behind the network and were not read" in outcome["summary"]

    def test_files_outside_of_submodules_behind_the_network_are_checked(self, with_submodules: Path) -> None:
        static = {"/a/": "statics"}
        change = service({"git": str(with_submodules)}, entry="other:app", static=static)
        found = errors(run({**change, "proxy": {"on": "app"}}))
        assert list(found) == ["services.api.entry", "services.api.static./a/"]

    def test_a_submodule_of_a_submodule_is_named_by_its_path(self, with_submodules: Path, tmp_path: Path) -> None:
        outer = flask(tmp_path / "outer")
        git(outer, "init", "--quiet", "--initial-branch=main")
        git(with_submodules, "rm", "--quiet", "--cached", "static/theme")
        git(with_submodules, "commit", "--quiet", "--message=two")
        git(outer, "submodule", "--quiet", "add", str(with_submodules), "inner")
        git(outer, "add", ".")
        git(outer, "commit", "--quiet", "--message=one")
        outcome = run(service({"git": str(outer)}))
        assert "the submodules and files inner/lib of sources are behind the network" in outcome["summary"]

    def test_a_path_that_the_configuration_of_git_replaces_by_an_address(
        self, with_submodules: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        config = tmp_path / "gitconfig"
        config.write_text(f'[url "git://127.0.0.1:1/"]\n\tinsteadOf = {with_submodules}\n', encoding="utf-8")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        outcome = run(service({"git": str(with_submodules)}))
        assert errors(outcome) == {}
        assert "0 local sources checked, the sources of api are behind the network" in outcome["summary"]

    def test_files_of_git_lfs_behind_the_network_are_not_fetched(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        app = flask(tmp_path / "app")
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'1' * 64}\nsize 5\n"
        lfs = "[lfs]\n\turl = https://127.0.0.1:1/shop\n"
        write(app, {".gitattributes": "*.bin filter=lfs\n", "static/a.bin": pointer, ".lfsconfig": lfs})
        git(app, "init", "--quiet", "--initial-branch=main")
        git(app, "add", ".")
        git(app, "commit", "--quiet", "--message=one")
        called = tmp_path / "called"
        program = tmp_path / "bin" / "git-lfs"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\ntouch {called}\nexit 1\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        outcome = run({**service({"git": str(app)}, static={"/a/": "static"}), "proxy": {"on": "app"}})
        assert errors(outcome) == {}
        assert "static/a.bin of sources are behind the network" in outcome["summary"]
        assert not called.exists()

    def test_a_repository_on_this_machine_is_read_at_its_ref(self, tmp_path: Path) -> None:
        app = flask(tmp_path / "app")
        git(app, "init", "--quiet", "--initial-branch=main")
        git(app, "add", ".")
        git(app, "commit", "--quiet", "--message=one")
        git(app, "tag", "v1")
        (app / "wsgi.py").unlink()
        git(app, "commit", "--quiet", "--all", "--message=two")
        assert errors(run(service({"git": str(app), "ref": "v1"}))) == {}
        assert list(errors(run(service({"git": str(app)})))) == ["services.api.entry"]
        assert list(errors(run(service({"git": str(app), "ref": "v2"})))) == ["services.api.source.git"]
        assert list(errors(run(service({"git": str(app), "ref": "1" * 40})))) == ["services.api.source.git"]
        assert list(errors(run(service({"git": str(app), "ref": "abcdef1"})))) == ["services.api.source.ref"]

    def test_an_archive(self, tmp_path: Path) -> None:
        flask(tmp_path / "app-1.0")
        with tarfile.open(tmp_path / "app.tar.gz", "w:gz") as tar:
            tar.add(tmp_path / "app-1.0", "app-1.0")
        assert errors_of_source(tmp_path / "app.tar.gz", "archive") == {}
        assert list(errors_of_source(tmp_path / "app.tar.gz", "archive", entry="other:app")) == ["services.api.entry"]

    @pytest.mark.parametrize("content", [b"", b"no archive"])
    def test_an_archive_that_is_none(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "app.tar.gz").write_bytes(content)
        assert list(errors_of_source(tmp_path / "app.tar.gz", "archive")) == ["services.api.source.archive"]
        assert list(errors_of_source(tmp_path / "none.tar.gz", "archive")) == ["services.api.source.archive"]
        assert "source.directory" in errors_of_source(tmp_path, "archive")["services.api.source.archive"]

    def test_what_app_exclude_leaves_out_is_not_in_the_source(self, tmp_path: Path) -> None:
        inventory = {"variables": {"app_exclude": ["wsgi.py"], "ansible_connection": "local"}}
        outcome = run(service({"directory": str(flask(tmp_path))}), inventory=inventory)
        assert list(errors(outcome)) == ["services.api.entry"]

    @pytest.mark.parametrize("value", [{"wsgi.py": True}, 5, True, ["*.log", 5], [["*.log"]]])
    def test_an_app_exclude_that_is_no_list_of_text_is_an_error_next_to_others(
        self, value: Any, tmp_path: Path
    ) -> None:
        inventory = {"variables": {"app_exclude": value, "ansible_connection": "local"}}
        outcome = run(service({"directory": str(flask(tmp_path))}, port=99999), inventory=inventory)
        assert list(errors(outcome)) == ["services.api.port", "app_exclude"]

    def test_all_errors_of_a_source_are_reported_at_once(self, tmp_path: Path) -> None:
        root = flask(tmp_path / "app")
        write(root, {"requirements.txt": "gunicorn==23\nflask==abc\nredis==1 --foo\n"})
        found = run(service({"directory": str(root)}, port=99999))["errors"]
        assert [item["path"] for item in found] == ["services.api.port", *["services.api.source"] * 2]
        assert [item["message"].partition(" ")[0] for item in found[1:]] == ["requirements.txt:2", "requirements.txt:3"]

    def test_a_source_of_several_services_is_read_once(self, tmp_path: Path) -> None:
        flask(tmp_path)
        (tmp_path / "requirements.txt").write_text("flask==3.1.3\ngunicorn==23.0.0\n", encoding="utf-8")
        change = service({"directory": str(tmp_path)})
        other = {
            **base_of({})["services"]["api"],
            "port": 5001,
            "entry": "none:app",
            "source": {"directory": str(tmp_path)},
        }
        change["services"]["other"] = other
        outcome = run(change)
        assert list(errors(outcome)) == ["services.other.entry"]
        assert len(outcome["warnings"]) == 1
        change["services"]["other"]["entry"] = "wsgi:app"
        assert "2 services, 1 local source checked, no inventory was checked, 1 warning" in run(change)["summary"]


class TestStart:
    @pytest.mark.parametrize(
        ("entry", "files"),
        [
            ("wsgi:app", {}),
            ("shop.wsgi:app", {"shop/wsgi.py": "app = 1"}),
            ("shop:create_app()", {"shop/__init__.py": "def create_app(): ..."}),
            ("shop:app", {"shop.py": "try:\n    app = 1\nexcept Exception:\n    raise"}),
            ("shop:app", {"shop.py": "from shop_core import app"}),
            ("shop:app", {"shop.py": "import shop_core.app as app"}),
            ("shop:app", {"shop.py": "from shop_core import *"}),
            ("shop:app", {"shop.py": "globals()['app'] = 1"}),
            ("shop:app", {"shop.py": "def start():\n    global app\n    app = 1"}),
            ("shop:app", {"shop.py": "a, (app, b) = 1, (2, 3)"}),
            ("shop:app", {"shop.py": "app: int = 1"}),
            ("shop:app", {"shop.py": "(is not Python"}),
            ("gunicorn.debug:app", {}),
        ],
    )
    def test_an_entry_that_exists(self, entry: str, files: dict[str, str], tmp_path: Path) -> None:
        write(flask(tmp_path), files)
        assert errors_of_source(tmp_path, entry=entry) == {}

    @pytest.mark.parametrize(
        ("entry", "files", "text"),
        [
            ("wsgi:application", {}, "wsgi.py defines no application at its top level"),
            ("wsgy:app", {}, "wsgy.py is not in its source (it has wsgi.py; correct the entry, or the source)"),
            ("shop.wsgi:app", {"shop/__init__.py": ""}, "shop/wsgi.py is not in its source (it has wsgi.py"),
            ("WSGI:app", {}, "WSGI.py is not in its source (it has wsgi.py"),
            ("src.wsgi:app", {"src/other.py": ""}, "src/wsgi.py is not in its source"),
            ("shop:app", {"src/shop.py": "app = 1"}, "shop.py is not in its source (it has src/shop.py"),
            ("shop:app", {"shop.py": "def start():\n    app = 1"}, "shop.py defines no app"),
            ("shop:app", {"shop.py": "class App:\n    app = 1"}, "shop.py defines no app"),
            ("shop:app", {"shop.py": "app: int"}, "shop.py defines no app"),
        ],
    )
    def test_an_entry_that_does_not_exist(self, entry: str, files: dict[str, str], text: str, tmp_path: Path) -> None:
        write(flask(tmp_path), files)
        assert text in errors_of_source(tmp_path, entry=entry)["services.api.entry"]

    def test_the_folders_of_pythonpath_are_looked_in(self, tmp_path: Path) -> None:
        write(flask(tmp_path), {"src/shop.py": "app = 1"})
        assert errors_of_source(tmp_path, entry="shop:app", environment={"PYTHONPATH": "src:/opt/lib"}) == {}

    @pytest.mark.parametrize(
        ("entry", "text"),
        [
            ("server.js", None),
            ("./server.js", None),
            ("lib/app.mjs", None),
            ("sever.js", "sever.js is not in its source (it has server.js"),
            ("server", "server is not in its source (it has server.js"),
            ("lib", "lib is a directory of its source"),
            ("Server.js", "Server.js is not in its source (it has server.js"),
            ("lib/app.py", "lib/app.py is not a script that Node.js runs"),
        ],
    )
    def test_scripts(self, entry: str, text: str | None, tmp_path: Path) -> None:
        write(node(tmp_path), {"lib/app.mjs": "", "lib/app.py": ""})
        found = errors_of_source(tmp_path, runtime="pm2", entry=entry)
        assert (text is None and found == {}) or text in found["services.api.entry"]

    @pytest.mark.parametrize(
        ("entry", "text"),
        [
            ("celery -A shop worker", None),
            ("rq worker", "no package of its dependencies is named rq"),
            ("bin/work --fast", "bin/work is not executable (chmod +x)"),
            ("./gone.sh", "gone.sh is not in its source"),
            ("bin", "no package of its dependencies is named bin"),
            ("jobs.sh", "jobs.sh is a file of its source, which a bare name does not find (write ./jobs.sh)"),
            ("/usr/bin/true", None),
            ("Celery -A shop worker", "no package of its dependencies is named Celery"),
            ("python -u -W ignore -m shop.gone", "shop.gone is neither a module"),
            ("python -mshop.jobs", None),
            ("python -m", "it runs nothing (name a module after -m)"),
            ("python -c 'import shop'", None),
            ("python -u", "it runs nothing"),
            ("python -m celery -A shop worker", None),
            ("python -m http.server", None),
            ("python -m shop.jobs", None),
            ("python -m shop.gone", "shop.gone is neither a module of its source nor of its dependencies"),
            ("python jobs.py", None),
            ("python3 job.py", "job.py is not in its source (it has jobs.py"),
        ],
    )
    def test_commands(self, entry: str, text: str | None, tmp_path: Path) -> None:
        files = {
            "requirements.txt": "celery==5.7.0 --hash=sha256:" + "0" * 64 + "\n",
            "jobs.py": "",
            "shop/jobs.py": "",
            "bin/work": "",
            "jobs.sh": "",
        }
        write(tmp_path, {**files, "shop/__init__.py": ""})
        change = service({"directory": str(tmp_path)}, runtime="python", port=None, entry=entry)
        outcome = run(change)
        assert outcome["errors"] == []
        found = [line for line in outcome["warnings"] if "services.api.entry" in line]
        assert (text is None and found == []) or text in found[0]

    @pytest.mark.parametrize("entry", ["celery -A gone worker", "python -m celery --app=gone worker"])
    def test_an_application_of_a_command_is_in_its_source_unless_a_build_may_create_it(
        self, entry: str, tmp_path: Path
    ) -> None:
        write(tmp_path, {"requirements.txt": f"celery==5.7.0 --hash=sha256:{'0' * 64}\n", "shop.py": "app = 1\n"})
        change = {"runtime": "python", "port": None, "entry": entry}
        (error,) = run(service({"directory": str(tmp_path)}, **change))["errors"]
        assert (error["path"], error["message"]) == ("services.api.entry", "gone.py is not in its source")
        assert error["fix"] == "correct the entry, or the source"
        built = run(service({"directory": str(tmp_path)}, **change, build="make"))
        assert built["errors"] == []
        assert any("gone.py is not in its source" in warning for warning in built["warnings"])

    @pytest.mark.parametrize(
        ("interface", "packages", "missing"),
        [
            ("wsgi", "gunicorn", []),
            ("asgi", "gunicorn uvicorn-worker", []),
            ("asgi", "gunicorn uvicorn", ["uvicorn-worker"]),
            ("asgi", "flask", ["gunicorn", "uvicorn-worker"]),
        ],
    )
    def test_packages_that_the_interface_needs(
        self, interface: str, packages: str, missing: list[str], tmp_path: Path
    ) -> None:
        pins = "".join(f"{name}==1 --hash=sha256:{'0' * 64}\n" for name in packages.split())
        write(tmp_path, {"requirements.txt": pins, "wsgi.py": "app = None\n"})
        found = run(service({"directory": str(tmp_path)}, interface=interface))["errors"]
        assert [one["message"] for one in found] == [
            f"requirements.txt does not have {name}, which each release brings itself" for name in missing
        ]

    @pytest.mark.parametrize(("package", "is_enough"), [("websockets", True), ("wsproto", True), ("flask", False)])
    def test_websockets_of_an_asgi_application_need_a_package(
        self, package: str, is_enough: bool, tmp_path: Path
    ) -> None:
        pins = "".join(f"{name}==1 --hash=sha256:{'0' * 64}\n" for name in ("gunicorn", "uvicorn-worker", package))
        write(tmp_path, {"requirements.txt": pins, "wsgi.py": "app = None\n"})
        found = errors_of_source(tmp_path, interface="asgi", websocket=True)
        assert list(found) == ([] if is_enough else ["services.api.websocket"])

    def test_files_that_a_build_may_create_are_warnings(self, tmp_path: Path) -> None:
        outcome = run(
            service({"directory": str(node(tmp_path))}, runtime="pm2", entry="dist/server.js", build="npm run build")
        )
        assert outcome["errors"] == []
        assert "services.api.entry: dist/server.js is not in its source" in outcome["warnings"][0]

    @pytest.mark.parametrize(
        ("keys", "texts"),
        [
            ({}, ["run the install scripts of postinstall of package.json, native (set install_scripts: true"]),
            ({"install_scripts": True}, []),
        ],
    )
    def test_packages_with_install_scripts(self, keys: dict[str, Any], texts: list[str], tmp_path: Path) -> None:
        needed = {"native": "1.0.0", "plain": "1.0.0", "extra": "1.0.0"}
        package = {"name": "shop", "dependencies": needed, "scripts": {"postinstall": "make", "start": "node ."}}
        packages: dict[str, Any] = {f"node_modules/{name}": {"version": "1.0.0"} for name in needed}
        packages["node_modules/native"]["hasInstallScript"] = True
        packages["node_modules/extra"].update(hasInstallScript=True, optional=True)
        lock = {"lockfileVersion": 3, "packages": {"": {"name": "shop", "dependencies": needed}, **packages}}
        write(node(tmp_path), {"package.json": json.dumps(package), "package-lock.json": json.dumps(lock)})
        outcome = run(service({"directory": str(tmp_path)}, runtime="pm2", entry="server.js", **keys))
        assert outcome["errors"] == []
        assert len(outcome["warnings"]) == len(texts)
        for text, warning in zip(texts, outcome["warnings"], strict=True):
            assert "services.api.install_scripts: " in warning
            assert text in warning

    def test_install_scripts_are_of_npm(self) -> None:
        found = errors(run({"services": {"api": {"install_scripts": True}}}))
        assert found["services.api.install_scripts"] == "gunicorn has no install_scripts, only pm2 (remove it)"
        found = errors(run({"services": {"api": {"runtime": "pm2", "install_scripts": "some"}}}))
        assert "services.api.install_scripts" in found

    @pytest.mark.parametrize(
        ("build", "is_error"),
        [
            ("npm run build", True),
            ("npm run-script build; true", True),
            ("npm run compile", False),
            ("npm ci && npm run build -- --prod", True),
            ("npm run build --if-present", False),
            ("npm run build --workspace web", False),
            ("make", False),
        ],
    )
    def test_a_build_by_a_script_that_package_json_lacks(self, build: str, is_error: bool, tmp_path: Path) -> None:
        lock = {"lockfileVersion": 3, "packages": {"": {"name": "shop"}}}
        package = {"name": "shop", "scripts": {"compile": "tsc"}}
        write(node(tmp_path), {"package.json": json.dumps(package), "package-lock.json": json.dumps(lock)})
        found = errors_of_source(tmp_path, runtime="pm2", entry="server.js", build=build)
        assert list(found) == (["services.api.build"] if is_error else [])
        assert "package.json has no script build" in found.get("services.api.build", "package.json has no script build")

    def test_commands_that_bash_cannot_read_and_that_run_nothing(self) -> None:
        source = {"git": "https://git.example/x"}
        outcome = run(service(source, build='echo "hunter2', migrate="if true"))
        found = errors(outcome)
        fix = "(correct it, or put it in quotes)"
        assert found == {
            "services.api.build": f'bash cannot read it: a " is missing {fix}',
            "services.api.migrate": f"bash cannot read it: its end is missing {fix}",
        }
        outcome = run(service(source, build="# only a comment", migrate=" "))
        assert outcome["errors"] == []
        assert ["runs nothing" in one for one in outcome["warnings"]] == [True, True]

    @pytest.mark.parametrize(
        ("command", "is_warning"),
        [
            ("make a && make b; make c", True),
            ("cd web && npm run build; cp -r web/dist public", True),
            ("make a; make b && make c", False),
            ("make a; make b", False),
            ("(cd web && make); make c", False),
            ("if make a && make b; then make c; fi", False),
            ("[ -e a ] && rm a; make", False),
            ("echo 'a && b; c'", False),
            ("make a && make b || exit 1; make c", False),
        ],
    )
    @pytest.mark.parametrize("key", ["build", "migrate"])
    def test_a_failure_that_the_shell_takes_for_a_condition(
        self, key: str, command: str, is_warning: bool, tmp_path: Path
    ) -> None:
        outcome = run(service({"directory": str(flask(tmp_path))}, **{key: command}))
        found = [one for one in outcome["warnings"] if f"services.api.{key}: a failure of" in one]
        assert len(found) == is_warning
        assert all("(write ; instead of &&)" in one for one in found)

    @pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
    @pytest.mark.parametrize("file", ["package.json", "package-lock.json"])
    def test_numbers_that_json_does_not_have(self, file: str, constant: str, tmp_path: Path) -> None:
        texts = {
            "package.json": '{"name": "shop"}',
            "package-lock.json": '{"lockfileVersion": 3, "packages": {"": {}}}',
        }
        write(node(tmp_path), texts | {file: texts[file][:-1] + f', "x": {constant}}}'})
        found = errors_of_source(tmp_path, runtime="pm2", entry="server.js")
        assert f"{file} cannot be read as JSON: {constant} is no number there" in found["services.api.source"]

    def test_engines_that_no_host_has(self, tmp_path: Path) -> None:
        package = {"name": "shop", "engines": {"node": ">=99"}}
        lock = {"lockfileVersion": 3, "packages": {"": package}}
        write(node(tmp_path), {"package.json": json.dumps(package), "package-lock.json": json.dumps(lock)})
        assert errors_of_source(tmp_path, runtime="pm2", entry="server.js") == {}
        write(tmp_path, {".npmrc": "engine-strict=true\n"})
        found = errors_of_source(tmp_path, runtime="pm2", entry="server.js")
        assert "does not have what package.json (engines: node >=99) requires" in found["services.api.source"]

    def test_a_package_comes_before_a_module_of_its_name(self, tmp_path: Path) -> None:
        write(flask(tmp_path), {"wsgi/__init__.py": ""})
        found = errors_of_source(tmp_path)
        assert found["services.api.entry"].startswith("wsgi/__init__.py defines no app at its top level")
        write(tmp_path, {"wsgi/__init__.py": "app = 1\n", "wsgi.py": ""})
        assert errors_of_source(tmp_path) == {}

    def test_static_directories(self, tmp_path: Path) -> None:
        write(node(tmp_path), {"public/app.css": ""})
        static = {"/static/": "public", "/media/": "media"}
        change = service({"directory": str(tmp_path)}, runtime="pm2", entry="server.js", static=static)
        found = errors(run({**change, "proxy": {"on": "app"}}))
        assert list(found) == ["services.api.static./media/"]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


class TestRequest:
    """The extra variables `services` and `ref` of the run."""

    def check(self, **options: Any) -> list[tuple[str, str, str]]:
        outcome = run(service({"git": "https://git.example/x"}), **options)
        return [(item["path"], item["message"], item["source"]) for item in outcome["errors"]]

    @pytest.mark.parametrize("inventory", [None, {"variables": {"ansible_connection": "local"}}])
    def test_names_that_are_no_services(self, inventory: Any) -> None:
        text = "is not a service of this document"
        assert self.check(services=["api", "apo", "nope"], inventory=inventory) == [
            ("services", f'"apo" {text}', "the extra variables"),
            ("services", f'"nope" {text}', "the extra variables"),
        ]

    def test_a_ref_is_an_error_because_nothing_is_deployed(self) -> None:
        text = "validation deploys nothing, so it takes no ref"
        assert self.check(ref="v1") == [("ref", text, "the extra variables")]

    @pytest.mark.parametrize("to", ["v1", 5, ["a"], True])
    def test_a_release_to_return_to_is_an_error(self, to: Any) -> None:
        text = "validation returns to no release, so it takes no to"
        assert self.check(to=to) == [("to", text, "the extra variables")]

    @pytest.mark.parametrize("value", [5, True, False, {"api": "x"}, [["api"]]])
    def test_services_of_another_form_hide_no_other_error(self, value: Any) -> None:
        found = self.check(services=value, ref=1.5)
        assert [path for path, _text, _source in found] == ["services", "ref"]
        assert "is neither a list of names nor names separated by commas" in found[0][1]

    def test_variables_whose_template_fails(self) -> None:
        problem = ["services", "its template cannot be rendered: division by zero (correct it)"]
        text = "its template cannot be rendered: division by zero"
        assert self.check(variable_problems=[problem]) == [("services", text, "the extra variables")]

    def test_a_topology_whose_template_fails_is_the_error_where_none_is_named(self) -> None:
        problem = ["topology", "its template refers to a variable that is not defined (define that)"]
        (error,) = validate({"topology": "", "variable_problems": [problem]})["errors"]
        assert (error["path"], error["source"]) == ("topology", "the extra variables")
        assert error["message"] == "its template refers to a variable that is not defined"

    def test_misspelt_variables_of_the_command_line(self) -> None:
        text = "no playbook has such a variable, so it would be ignored"
        assert self.check(extra_variables=["service", "stack_overides", "services", "mine"]) == [
            ("service", text, "the extra variables"),
            ("stack_overides", text, "the extra variables"),
        ]

    def test_a_misspelt_topology_is_reported_with_the_missing_one(self) -> None:
        found = validate({"topology": "", "extra_variables": ["topolgy"]})["errors"]
        assert [error["message"].partition(",")[0] for error in found] == [
            "no topology is named",
            "no playbook has such a variable",
        ]

    @pytest.mark.parametrize("names", [["api"], "api", " api ", [], "", None])
    def test_a_request_that_fits(self, names: Any) -> None:
        assert self.check(services=names, ref="", to=None) == []


class TestInventory:
    @pytest.fixture
    def inventory(self, tmp_path: Path) -> dict[str, Any]:
        """A valid inventory."""
        (tmp_path / "key").write_text("x", encoding="utf-8")
        (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----", encoding="utf-8")
        variables = {
            "ansible_ssh_private_key_file": str(tmp_path / "key"),
            "app_database_authorities": "ca.pem",
            "app_cache_authorities": str(tmp_path / "ca.pem"),
        }
        file = tmp_path / "all.yml"
        file.write_text("".join(f"{name}: {value}\n" for name, value in variables.items()), encoding="utf-8")
        return {"directory": str(tmp_path), "files": [str(file)], "variables": variables}

    def check(self, inventory: Any, change: Any = None) -> dict[str, Any]:
        base = {
            "access": {"ssh_from": ["203.0.113.7/32"], "public_key": KEY},
            "databases": {"main": {"engine": "postgres", "subnets": "private"}},
            "caches": {"redis": {"engine": "redis", "subnets": "private"}},
            **service({"git": "https://git.example/x"}, uses=["database/main", "cache/redis"]),
        }
        return run(merge(base, change or {}), inventory=inventory)

    def test_a_valid_inventory(self, inventory: Any) -> None:
        outcome = self.check(inventory)
        assert outcome["errors"] == outcome["warnings"] == []
        assert "no inventory" not in outcome["summary"]

    def test_the_authorities_of_caches_are_given_where_the_inventory_names_them(self, inventory: Any) -> None:
        change = {"services": {"api": {"environment": {"REDIS_CA": "/x"}}}}
        assert errors(self.check(inventory, change)) == {
            "services.api.environment.REDIS_CA": "is derived from app_cache_authorities of the inventory (remove it)"
        }
        del inventory["variables"]["app_cache_authorities"]
        assert errors(self.check(inventory, change)) == {}

    def test_ssh_that_is_open_to_no_address(self, inventory: Any) -> None:
        assert list(errors(self.check(inventory, {"access": {"ssh_from": []}}))) == ["access.ssh_from"]

    @pytest.mark.parametrize("addresses", [["203.0.113.7"], "x", ["203.0.113.7/99", "y"]])
    def test_a_wrong_address_is_not_reported_as_missing_too(self, addresses: Any, inventory: Any) -> None:
        found = self.check(inventory, {"access": {"ssh_from": addresses}})["errors"]
        assert all("port 22" not in error["message"] for error in found)
        assert len(found) == (len(addresses) if isinstance(addresses, list) else 1)

    def test_no_public_key(self, inventory: Any) -> None:
        assert list(errors(self.check(inventory, {"access": {"public_key": None}}))) == ["access.public_key"]
        custom = {"access": {"public_key": None}, "instances": {"app": {"image": "ami-0123456789abcdef0"}}}
        assert errors(self.check(inventory, custom)) == {}

    @pytest.mark.parametrize(
        "said",
        [
            {"variables": {"ansible_connection": "amazon.aws.aws_ssm"}},
            {"variables": {"ansible_connection": "local"}},
        ],
    )
    def test_hosts_that_are_not_reached_over_ssh_need_neither(self, inventory: Any, said: Any) -> None:
        change = {"access": None, **service({"git": "https://git.example/x"}, uses=[])}
        assert errors(self.check({**inventory, **said}, change)) == {}

    def test_a_session_needs_no_open_port_but_a_key(self, inventory: Any) -> None:
        change = {"access": {"ssh_from": []}}
        assert errors(self.check({**inventory, "address": "ssm"}, change)) == {}
        change = {"access": {"ssh_from": [], "public_key": None}}
        assert list(errors(self.check({**inventory, "address": "ssm"}, change))) == ["access.public_key"]

    def test_a_raw_rule_may_open_port_22(self, inventory: Any) -> None:
        rule = {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr": "203.0.113.7/32"}
        resources = {"security_group/office": {"vpc": {"ref": "vpc/main"}, "description": "x", "ingress": [rule]}}
        found = errors(self.check(inventory, {"access": {"ssh_from": []}, "resources": resources}))
        assert "access.ssh_from" not in found

    def test_a_private_key_that_is_not_there_has_the_line_of_the_inventory(
        self, inventory: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "key").unlink()
        (item,) = self.check(inventory)["errors"]
        assert (item["path"], item["file"], item["line"]) == (
            "ansible_ssh_private_key_file",
            str(tmp_path / "all.yml"),
            1,
        )

    def test_a_relative_private_key_would_depend_on_the_current_directory(self, inventory: Any) -> None:
        inventory["variables"]["ansible_ssh_private_key_file"] = "key"
        assert "is relative" in errors(self.check(inventory))["ansible_ssh_private_key_file"]

    @pytest.mark.parametrize("content", [None, "nothing of that kind"])
    def test_authorities_that_are_not_there(self, content: str | None, inventory: Any, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").unlink()
        if content is not None:
            (tmp_path / "ca.pem").write_text(content, encoding="utf-8")
        found = errors(self.check(inventory))
        assert list(found) == ["app_database_authorities", "app_cache_authorities"]
        assert "global-bundle.pem" in found["app_database_authorities"]
        assert errors(self.check(inventory, service({"git": "https://git.example/x"}, uses=[]))) == {}

    @pytest.mark.parametrize("engine", ["postgres", "mysql"])
    @pytest.mark.parametrize("value", ["", None])
    def test_databases_need_their_authorities(self, engine: str, value: str | None, inventory: Any) -> None:
        inventory["variables"]["app_database_authorities"] = value
        found = errors(self.check(inventory, {"databases": {"main": {"engine": engine}}}))
        assert list(found) == ["app_database_authorities"]
        assert "is not set" in found["app_database_authorities"]
        assert "global-bundle.pem" in found["app_database_authorities"]
        unused = service({"git": "https://git.example/x"}, uses=["cache/redis"])
        assert errors(self.check(inventory, unused)) == {}

    def test_files_of_the_proxy(self, inventory: Any, tmp_path: Path) -> None:
        (tmp_path / "chain.pem").write_text("-----BEGIN CERTIFICATE-----", encoding="utf-8")
        tls = {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "chain.pem")}
        found = errors(self.check(inventory, {"proxy": {"on": "app", "tls": tls}}))
        assert list(found) == ["proxy.tls.key"]

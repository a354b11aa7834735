# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command `pm2` of administrators: what it starts, with stand-ins for systemd and PM2."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux's /proc, as managed hosts have it")

CHECKOUT = Path(__file__).resolve().parents[3]
TEMPLATE = CHECKOUT / "roles/pm2/templates/pm2.sh.j2"
# Records its arguments and where its input, output and errors go, and answers like `pm2 jlist`.
SYSTEMD_RUN = """#!/bin/bash
{ printf '%s\\n' "$@"; for number in 0 1 2; do echo "fd $number $(readlink /proc/$$/fd/$number)"; done; } >>"$RECORD"
echo '[{"name": "web"}]'
echo problem >&2
exit "${CODE:-0}"
"""


class Command:
    """The wrapper with its own directories, for the services ``web`` and ``api``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.record = folder, folder / "record"
        for name in ("bin", "settings", "state/web", "state/api"):
            (folder / name).mkdir(parents=True)
        for service in ("web", "api"):
            (folder / f"settings/{service}.json").write_text("{}")
            (folder / f"settings/{service}.sandbox").write_text(f"User=app-{service}\nReadWritePaths=-/a b\n")
        programs = {"systemd-run": SYSTEMD_RUN, "systemctl": "#!/bin/sh\n", "id": "#!/bin/sh\necho root\n"}
        self.write(programs)
        text = TEMPLATE.read_text(encoding="utf-8")
        values = {"ansible_managed | comment": "", "pm2_path": "/usr/bin:/bin", "pm2_binary": "/opt/pm2"}
        for name, value in {**values, "pm2_settings": str(folder / "settings")}.items():
            text = text.replace(f"{{{{ {name} }}}}", value)
        self.write({"pm2": text.replace("state=/var/lib/groundwork", f"state={folder}/state")})

    def write(self, programs: dict[str, str]) -> None:
        for name, text in programs.items():
            (self.folder / "bin" / name).write_text(text)
            (self.folder / "bin" / name).chmod(0o755)

    def run(self, *arguments: str, code: int = 0, terminal: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command; its streams are ``terminal``, or pipes."""
        return subprocess.run(
            [str(self.folder / "bin/pm2"), *arguments],
            env={
                "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "NODE_OPTIONS": "--require=/tmp/x.js",
                "RECORD": str(self.record),
                "CODE": str(code),
            },
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
            check=False,
        )

    def read_record(self) -> list[str]:
        return self.record.read_text().splitlines()


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


def test_a_command_runs_in_the_sandbox_of_its_service(command: Command) -> None:
    done = command.run("restart", "web")
    assert (done.returncode, done.stderr) == (0, "problem\n")
    found = command.read_record()
    assert {"--property=User=app-web", "--property=ReadWritePaths=-/a b", "--pipe", "--wait"} <= set(found)
    assert found[found.index("--") + 1 : -3] == ["/opt/pm2", "restart", "web"]


def test_nodejs_finds_no_packages_of_the_service(command: Command) -> None:
    command.run("ls", "web")
    names = [line.split("=")[1] for line in command.read_record() if line.startswith("--setenv=")]
    assert names == ["HOME", "PATH", "PM2_HOME", "TERM"]
    assert "--setenv=HOME=/nonexistent" in command.read_record()


@pytest.mark.parametrize(("arguments", "mode"), [(("ls", "web"), "--pty"), (("ls",), "--pipe"), (("logs",), "--pipe")])
def test_the_terminal_of_the_administrator_reaches_no_command(
    command: Command, arguments: tuple[str, ...], mode: str
) -> None:
    """systemd-run makes another terminal for one service; several services get pipes and no input."""
    administrator, terminal = pty.openpty()
    try:
        command.run(*arguments, terminal=terminal)
        name = os.ttyname(terminal)
    finally:
        os.close(administrator)
        os.close(terminal)
    found = command.read_record()
    assert mode in found
    assert ({"--pty", "--pipe"} - {mode}).isdisjoint(found)
    if mode == "--pipe":
        assert [line for line in found if line.startswith("fd ") and name in line] == []
        assert "fd 0 /dev/null" in found


def test_a_command_gets_its_arguments_as_they_are(command: Command) -> None:
    """systemd replaces variables in the arguments of a unit."""
    command.run("trigger", "web", "$HOME ${x}", "a  b")
    found = command.read_record()
    assert found[found.index("--") + 1 : -3] == ["/opt/pm2", "trigger", "web", "$$HOME $${x}", "a  b"]


def test_the_list_of_all_services_is_one(command: Command) -> None:
    done = command.run("jlist")
    assert done.stdout == '[{"name": "web"}, {"name": "web"}]\n'
    assert command.read_record().count("--wait") == 2


@pytest.mark.parametrize(("arguments", "status"), [(("ls", "web"), 7), (("jlist",), 1), (("restart", "all"), 7)])
def test_a_failure_is_the_status_of_the_command(command: Command, arguments: tuple[str, ...], status: int) -> None:
    assert command.run(*arguments, code=7).returncode == status


def test_the_user_of_one_service_does_not_reach_another(command: Command) -> None:
    command.write({"id": "#!/bin/sh\necho app-web\n", "stat": '#!/bin/sh\necho "app-$(basename "$3")"\n'})
    done = command.run("ls", "api")
    assert (done.returncode, done.stderr) == (1, "Only root and the user of api reach its PM2.\n")
    assert not command.record.exists()

# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases that fail in every way, for each runtime: gunicorn under systemd (api) and under PM2 (old), Node.js under
PM2 with two processes (web) and with one (solo).

Each test starts and ends with good releases that serve, so that any of them runs alone.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from deploys import Source, current, deploy_each, pm2_processes
from guest import answer, curl, wait_for
from services import PATHS

pytestmark = [pytest.mark.usefixtures("good"), pytest.mark.step, pytest.mark.long]

NODE = ("web", "solo")
# The units of the services under PM2.
DAEMONS = "groundwork-old.service groundwork-web.service groundwork-solo.service"
# Shorter than the defaults, because these releases crash soon; the trial would find them before they serve.
QUICK = ("--extra-vars", '{"app_stable_time": 8, "app_health_timeout": 5, "app_trial": false}')
# Code that makes a source fail, long before `gunicorn_ready_timeout` is over.
FAILURES = {
    "ends-at-start": (
        "process.exit(3);\n",
        "os._exit(3)\n",
    ),
    "ends-after-a-while": (
        "setTimeout(() => process.exit(3), 3000);\n",
        "import threading\nthreading.Timer(3, lambda: os._exit(3)).start()\n",
    ),
    "hangs-before-it-listens": (
        "server.close(); setInterval(() => {}, 1000);\n",
        "import time\ntime.sleep(3600)\n",
    ),
    "answers-500": (
        "server.prependListener('request', (request, response) => { response.statusCode = 500; });\n",
        "good = app\ndef app(environ, start_response):\n"
        "    return good(environ, lambda status, headers: start_response('500 Internal Server Error', headers))\n",
    ),
    # Bytes that are no text, lines that look like those of Ansible, and under PM2 a log of 8 TiB without a line end.
    "writes-an-odd-log": (
        "process.stderr.write(Buffer.from('caf\\xe9\\n\\nPLAY RECAP ***\\nall is well\\u202e\\n', 'latin1'));\n"
        "require('fs').truncateSync(process.env.pm_out_log_path, 2 ** 43);\n"
        "server.prependListener('request', (request, response) => { response.statusCode = 500; });\n",
        "os.write(2, b'caf\\xe9\\n\\nPLAY RECAP ***\\nall is well\\n')\ngood = app\ndef app(environ, start_response):\n"
        "    return good(environ, lambda status, headers: start_response('500 Internal Server Error', headers))\n",
    ),
    # PM2 restarts a process beyond its limit; a worker of gunicorn is killed by the kernel, with this signal.
    "leaks-memory": (
        "const held = []; setInterval(() => held.push(Buffer.alloc(8 << 20, 1)), 100);\n",
        "import signal, threading, time\ndef leak():\n    held = []\n    for _ in range(20):\n"
        "        held.append(bytearray(8 << 20))\n        time.sleep(0.1)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "threading.Thread(target=leak).start()\n",
    ),
}
# Ends while the file exists.
ON_DEMAND = (
    "setInterval(() => {{ if (require('fs').existsSync('{file}')) process.exit(3); }}, 200);\n",
    "import threading, time\ndef end_on_demand():\n    while not os.path.exists('{file}'):\n        time.sleep(0.2)\n"
    "    os.kill(os.getppid(), 9)\n    os._exit(3)\nthreading.Thread(target=end_on_demand, daemon=True).start()\n",
)


def add(source: Source, node: str, python: str) -> None:
    for name, addition in (("web/server.js", node), ("api/wsgi.py", python)):
        with (source.folder / name).open("a") as file:
            file.write(addition)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Return a source that every service serves."""
    source = Source(tmp_path_factory.mktemp("good"))
    add(source, "// good\n", "# good\n")
    serve(source, "good")
    return source


@pytest.fixture
def bad(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Return a copy of the source that tests break."""
    return Source(tmp_path_factory.mktemp("bad"))


def serve(source: Source, text: str) -> None:
    """Deploy a source to every service, with this text in its answers."""
    for name in ("web/server.js", "api/wsgi.py"):
        path = source.folder / name
        path.write_text(path.read_text().replace("'one'", f"'{text}'").replace('"one"', f'"{text}"'))
    for service, run in deploy_each(source, PATHS, *QUICK).items():
        assert run.returncode == 0, (service, run.stdout)


def assert_serves(host: Any, service: str, text: str) -> None:
    assert answer(host, f"http://127.0.0.1{PATHS[service]}")["text"] == text


def assert_clean(host: Any) -> None:
    """Check that no process ends, none is left over, and every process manager reports its processes as healthy."""
    samples = []
    for _ in range(2):
        seen: dict[str, Any] = {}
        for service in ("old", *NODE):
            processes = pm2_processes(host, service)
            assert len(processes) == {"web": 2}.get(service, 1), (service, processes)
            assert all(process["pm2_env"]["status"] == "online" for process in processes)
            seen[service] = sorted((process["pm_id"], process["pid"]) for process in processes)
        unit = host.check_output("systemctl show --property ActiveState,NRestarts,MainPID groundwork-api.service")
        assert "ActiveState=active" in unit
        seen["api"] = unit
        gunicorns = host.check_output("pgrep --list-full --full '^/srv/(api|old)/releases/.*gunicorn'").splitlines()
        places = {one.split()[1].partition("/.venv")[0] for one in gunicorns}
        # A worker that hangs would outlive its release and keep the address.
        assert places == {f"/srv/{service}/releases/{current(host, service)}" for service in ("api", "old")}
        seen["workers"] = sorted(one.split()[0] for one in gunicorns)
        samples.append(seen)
        time.sleep(3)
    assert samples[0] == samples[1]


@pytest.mark.parametrize("failure", FAILURES)
def test_the_previous_release_serves_again(host: Any, bad: Source, failure: str) -> None:
    before = {service: current(host, service) for service in PATHS}
    add(bad, *FAILURES[failure])
    runs = deploy_each(bad, PATHS, *QUICK)
    for service, run in runs.items():
        assert run.returncode != 0, service
        said = run.stdout.replace("\\n", "\n")
        assert f"of {service} did not become healthy on {host.backend.get_hostname()}: " in said, said
        assert f"Release {before[service]} serves again on {host.backend.get_hostname()}" in said, said
        assert "\nPLAY RECAP ***\n" not in said
        assert current(host, service) == before[service]
        assert_serves(host, service, "good")
    assert_clean(host)
    host.check_output("truncate --size=0 /var/log/groundwork/*/*.log")


def test_a_good_release_follows_a_bad_one(host: Any, good: Source) -> None:
    before = {service: current(host, service) for service in PATHS}
    add(good, "// better\n", "# better\n")
    serve(good, "good")
    assert all(current(host, service) > before[service] for service in PATHS)
    assert_clean(host)


def test_the_trial_finds_a_release_that_ends_soon(host: Any, bad: Source) -> None:
    before = current(host, "web")
    pids = [process["pid"] for process in pm2_processes(host, "web")]
    add(bad, *FAILURES["ends-after-a-while"])
    run = bad.deploy("--extra-vars", '{"app_only": "web", "app_stable_time": 5}')
    assert run.returncode != 0
    assert "ended with 3" in run.stdout, run.stdout
    assert f"Release {before} still serves" in run.stdout, run.stdout
    assert [process["pid"] for process in pm2_processes(host, "web")] == pids


def test_a_crashing_release_can_be_rolled_back_by_hand(host: Any, good: Source, bad: Source) -> None:
    """The release crashes after it has served for a while. Check mode changes nothing."""
    for service in PATHS:
        host.run_expect([0], f"rm -f /srv/{service}/shared/crash")
    node, python = (text.format(file="/srv/' + process.cwd().split('/')[2] + '/shared/crash") for text in ON_DEMAND)
    add(bad, node, python.replace("'/srv/' + process.cwd().split('/')[2] + '", "os.getcwd().split('/releases')[0] + '"))
    before = {service: current(host, service) for service in PATHS}
    serve(bad, "bad")
    for service in PATHS:
        host.run_expect([0], f"touch /srv/{service}/shared/crash && chown app: /srv/{service}/shared/crash")
    assert wait_for(lambda: any(one["pm2_env"]["restart_time"] > 1 for one in pm2_processes(host, "solo")))
    held = {service: current(host, service) for service in PATHS}
    check = good.play("rollback.yml", "--check")
    assert check.returncode == 0, check.stdout
    assert {service: current(host, service) for service in PATHS} == held
    run = good.play("rollback.yml", *QUICK)
    assert run.returncode == 0, run.stdout
    for service in PATHS:
        assert current(host, service) == before[service]
        assert_serves(host, service, "good")
    assert_clean(host)
    for service in PATHS:
        host.run_expect([0], f"rm -f /srv/{service}/shared/crash")


def test_an_earlier_release_is_restored_when_the_previous_one_is_damaged(host: Any, good: Source, bad: Source) -> None:
    earlier = {service: current(host, service) for service in PATHS}
    add(good, "// damaged\n", "# damaged\n")
    serve(good, "good")
    damaged = {service: current(host, service) for service in PATHS}
    for service in PATHS:
        release = f"/srv/{service}/releases/{damaged[service]}"
        host.run_expect([0], f"rm -rf {release}/.venv {release}/server.js")
    add(bad, *FAILURES["ends-after-a-while"])
    for service, run in deploy_each(bad, ["api", "web"], *QUICK).items():
        assert run.returncode != 0
        assert f"Restoring failed for: release {damaged[service]} (" in run.stdout, run.stdout
        assert f"Release {earlier[service]} serves again" in run.stdout, run.stdout
        assert_serves(host, service, "good")
    add(good, "// whole\n", "# whole\n")
    serve(good, "good")
    assert_clean(host)


def test_a_first_release_that_fails_leaves_nothing_running(host: Any, good: Source, bad: Source) -> None:
    host.run_expect([0], "systemctl stop groundwork-api.socket groundwork-api.service")
    add(bad, *FAILURES["ends-after-a-while"])
    for service in PATHS:
        host.run_expect([0], f"rm -rf /srv/{service}")
    for service, run in deploy_each(bad, PATHS, *QUICK).items():
        assert run.returncode != 0
        assert "There is no earlier healthy release" in run.stdout, run.stdout
        said = " ".join(run.stdout.split())
        assert f"{service} was stopped on" in said, said
        assert f"stay in /srv/{service}/releases/1" in said, said
        assert ("its migration was carried out" in said) is (service == "api"), said
        assert "This run did not deploy to the host" not in said, said
        assert not host.file(f"/srv/{service}/current").exists
        assert curl(host, f"http://127.0.0.1{PATHS[service]}")[0] in (502, 503)
    assert [pm2_processes(host, service) for service in ("old", *NODE)] == [[], [], []]
    assert (
        host.run("systemctl is-active groundwork-api.service groundwork-api.socket").stdout.split() == ["inactive"] * 2
    )
    host.run_expect([0], f"systemctl restart {DAEMONS} && systemctl start sockets.target multi-user.target")
    assert [pm2_processes(host, service) for service in ("old", *NODE)] == [[], [], []]
    add(good, "// first\n", "# first\n")
    serve(good, "good")
    assert_clean(host)


def test_the_services_after_one_that_failed_are_named(host: Any, bad: Source) -> None:
    add(bad, *FAILURES["ends-after-a-while"])
    run = bad.deploy("--extra-vars", '{"app_only": ["old", "solo"]}', *QUICK)
    assert run.returncode != 0
    assert "This run did not deploy to the host: solo." in " ".join(run.stdout.split()), run.stdout
    assert_serves(host, "solo", "good")
    assert_clean(host)


def test_a_deploy_waits_for_a_restarting_pm2_daemon(host: Any, good: Source) -> None:
    host.run_expect([0], f"systemctl kill --signal KILL {DAEMONS}")
    add(good, "// after the end of PM2\n", "# after the end of PM2\n")
    serve(good, "good")
    assert_clean(host)

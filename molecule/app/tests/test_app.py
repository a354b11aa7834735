# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases of three small services behind nginx: gunicorn under systemd, gunicorn under PM2, Node.js under PM2.

The tests share one host, so their order counts: first the converged state, then crashes, then releases. Tests that
change the host are steps (tests/unit/support/steps.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from deploys import Source, current, pm2_processes
from guest import answer, curl, wait_for
from load import Load
from services import PATHS


def texts(load: Load) -> set[str]:
    return {json.loads(body)["text"] for body in load.bodies}


@pytest.mark.parametrize("service", ["api", "old", "web"])
def test_each_service_is_served_through_nginx(host: Any, service: str) -> None:
    said = answer(host, f"http://127.0.0.1{PATHS[service]}")
    assert said["text"] == "one"


def test_the_service_gets_its_environment_and_its_secrets(host: Any) -> None:
    said = answer(host, "http://127.0.0.1/api/x")
    assert (said["GREETING"], said["TOKEN"], said["APP_ENV"]) == ("hello world", "it's a #secret", "production")
    assert said["STATE_DIRECTORY"] == "/var/lib/groundwork/api"
    assert (said["FIRST"], said["SECOND"]) == ('it\'s 100% "$HOME" \\', "False")
    old = answer(host, "http://127.0.0.1/old/x")
    assert (old["FIRST"], old["SECOND"], old["STATE_DIRECTORY"]) == ("a  b", "True", "/var/lib/groundwork/old")
    assert len(said["RELEASE"]) == 12
    assert answer(host, "http://127.0.0.1/old/x")["PORT"] == "5001"
    assert answer(host, "http://127.0.0.1/")["environment"] == "production"


@pytest.mark.parametrize("service", ["api", "old", "web"])
def test_only_the_service_can_read_its_environment_file(host: Any, service: str) -> None:
    found = host.file(f"/etc/groundwork/{service}.env")
    assert (found.user, found.mode) == (f"app-{service}", 0o600)


def test_files_with_secrets_have_mode_0600(host: Any) -> None:
    places = "/etc/groundwork /etc/systemd/system /srv /var/log/groundwork /var/lib/groundwork"
    found = host.run(f"grep -rl -- 'a #secret' {places} | xargs -r stat --format '%a %n'").stdout.splitlines()
    assert found
    assert [line for line in found if not line.startswith("600 ")] == []
    assert host.file("/var/lib/groundwork/web/.pm2/dump.pm2").mode == 0o600


@pytest.mark.parametrize(
    ("path", "user"), [("/var/lib/api", "app-api"), ("/var/lib/old", "app-old"), ("/var/log/shop", "root")]
)
def test_directories_of_earlier_versions_are_moved_and_linked(host: Any, path: str, user: str) -> None:
    moved = path.replace("/var/lib/", "/var/lib/groundwork/").replace("/var/log/", "/var/log/groundwork/")
    assert host.file(path).is_symlink
    assert host.file(path).linked_to == moved
    assert host.file(moved).user == user
    assert host.check_output(f"cat {path}/kept {moved}/kept") == "kept\nkept"


@pytest.mark.parametrize("service", ["api", "old", "web"])
def test_a_service_cannot_read_what_belongs_to_another(host: Any, service: str) -> None:
    others = [name for name in PATHS if name != service]
    for name in others:
        release = f"/srv/{name}/current"
        files = (release, f"{release}/server.js", f"{release}/wsgi.py", f"{release}/node_modules", f"{release}/.venv")
        for path in (f"/etc/groundwork/{name}.env", f"/srv/{name}/.groundwork", f"/var/lib/groundwork/{name}", *files):
            read = f"runuser --user=app-{service} -- sh -c 'head -c 1 {path}; ls {path}/'"
            assert host.run(read).stdout == "", path
    pids = host.check_output(f"pgrep --uid {','.join(f'app-{name}' for name in others)}").split()
    environments = " ".join(f"/proc/{pid}/environ" for pid in pids)
    # In the user namespace of the container, where its processes are.
    read = f"systemd-run --quiet --wait --pipe --uid=app-{service} cat"
    assert host.run(f"{read} {environments}").stdout == ""
    own = host.check_output(f"pgrep --uid app-{service} | head -1")
    assert "PATH=" in host.check_output(f"{read} /proc/{own}/environ")


def test_nginx_reads_nothing_of_a_release_but_its_static_files(host: Any) -> None:
    """It is in the group of `api`, which listens on a socket."""
    user = host.check_output("ps -o user:32= -p $(pgrep -f '[n]ginx: worker' | head -1)").strip()
    assert "app-api" in host.user(user).groups
    for path in ("/srv/api/current/wsgi.py", "/srv/api/current/", "/srv/web/current/server.js", "/srv/web/current/"):
        assert host.run(f"test -e {path}").rc == 0
        # nginx passes through the directories, so it sees that a file is there.
        assert host.run(f"runuser --user={user} -- sh -c 'cat {path} || ls {path}/'").stdout == "", path
    assert host.run(f"runuser --user={user} -- cat /srv/web/current/public/site.css").rc == 0


def test_a_migration_writes_nothing_but_the_state_of_its_service(host: Any) -> None:
    assert host.check_output("cat /var/lib/groundwork/api/migrate-access") == "NoNewPrivs: 1"


def test_a_process_has_the_home_of_its_service(host: Any) -> None:
    for service in ("old", "web", "solo"):
        pid = host.check_output(f"pgrep --uid app-{service} --newest")
        variables = host.check_output(f"tr '\\0' '\\n' < /proc/{pid}/environ").splitlines()
        assert f"HOME=/var/lib/groundwork/{service}" in variables
    # PM2 adds the variables of the command that has started a process.
    assert answer(host, "http://127.0.0.1/")["home"] == "/var/lib/groundwork/web"


def test_only_the_user_of_a_service_answers_at_its_port(host: Any) -> None:
    """Guests of the lab may not change rules, so that only the file and its unit can be looked at."""
    rules = host.file("/etc/groundwork/firewall.nft").content_string
    assert host.service("groundwork_firewall").is_enabled
    for service, port in (("old", 5001), ("web", 3000), ("solo", 3002)):
        assert f"chain listener_{port} {{" in rules
        assert f'meta skuid {{ "root", "app-{service}" }} return' in rules
    assert "listener_5000" not in rules


def test_a_log_can_be_written_by_its_service_and_its_directory_by_none(host: Any) -> None:
    log = "/var/log/groundwork/shop/web.log"
    assert (host.file(log).user, host.file(log).mode) == ("app-web", 0o640)
    assert host.run("runuser --user=app-web -- rm /var/log/groundwork/shop/web.log").rc != 0
    assert host.run("runuser --user=app-old -- cat /var/log/groundwork/shop/web.log").rc != 0


def test_an_administrator_reaches_the_pm2_of_every_service(host: Any) -> None:
    shown = host.check_output("pm2 status --no-color")
    assert all(f" {service} " in shown for service in ("old", "web", "solo"))
    assert " old " not in host.check_output("pm2 status web --no-color")
    done = host.run("pm2 restart 0")
    assert (done.rc, done.stderr.strip()) == (
        2,
        "Each service counts its processes from 0. Name a service instead of 0: old solo web",
    )
    said = host.run("timeout 5 pm2 logs --nostream --lines 1").stdout
    assert "/var/log/groundwork/shop/web.log" in said or "web" in said


def test_only_nginx_may_connect_to_the_socket(host: Any) -> None:
    found = host.file("/run/api/api.sock")
    assert (found.user, found.group, found.mode) == ("app-api", "app-api", 0o660)
    assert not host.socket("tcp://0.0.0.0:5000").is_listening


def test_nginx_serves_static_files_of_the_release(host: Any) -> None:
    assert curl(host, "http://127.0.0.1/static/site.css")[2].strip() == "body {}"


def test_the_migration_ran_once(host: Any) -> None:
    assert host.check_output("cat /var/lib/groundwork/api/migrations") == "migrated"


def test_a_build_gets_no_secrets(host: Any) -> None:
    variables = host.file("/srv/api/current/build-environment").content_string.splitlines()
    assert "GREETING=hello world" in variables
    assert [one for one in variables if one.startswith(("TOKEN=", "STATE_DIRECTORY="))] == []
    assert host.file("/srv/api/current/build-access").content_string == "looked around\n"


@pytest.mark.parametrize(
    ("service", "victim"),
    [
        ("api", "pgrep -f '^/srv/api.*gunicorn' | tail -1"),
        ("api", "pgrep -f '^/srv/api.*gunicorn' | head -1"),
        ("api", "systemctl show --property MainPID --value groundwork-api"),
        ("old", "pgrep -f '^/srv/old.*gunicorn' | head -1"),
        ("old", "pgrep -f '[g]unicorn_launcher.py run old'"),
        ("web", "pgrep -f '[n]ode /srv/web' | head -1"),
    ],
    ids=["worker", "gunicorn", "launcher", "pm2-gunicorn", "pm2-launcher", "node"],
)
@pytest.mark.step
def test_a_killed_process_is_restarted(host: Any, service: str, victim: str) -> None:
    # The process that the previous test killed may not have restarted yet, while workers that it left behind answer.
    assert wait_for(lambda: host.run(victim).stdout.strip().isdigit(), 60)
    pid = host.run(victim).stdout.strip()
    host.run_expect([0], f"kill -9 {pid}")
    # Workers outlive their parent for a moment, and answer.
    assert wait_for(lambda: host.run(victim).stdout.strip() not in ("", "0", pid), 60)
    assert wait_for(lambda: curl(host, f"http://127.0.0.1{PATHS[service]}")[0] == 200, 60)


# Records processes of services in the mount namespace of the host. All processes of the same user reach their files.
SAMPLE = """
init=$(readlink /proc/1/ns/mnt)
while sleep 0.05; do
    for pid in $(pgrep --uid app-api,app-old,app-web,app-solo); do
        found=$(readlink /proc/$pid/ns/mnt) || continue
        [ "$found" != "$init" ] || tr '\\0' ' ' < /proc/$pid/cmdline >> /tmp/outside
        echo >> /tmp/sampled
    done
done
"""


@contextmanager
def sampling(host: Any) -> Iterator[None]:
    """Fail if a process of a service runs outside of every sandbox meanwhile."""
    host.run_expect([0], "rm -f /tmp/outside /tmp/sampled && printf %s %s > /tmp/sample", "%s", SAMPLE)
    host.run_expect([0], "systemd-run --quiet --unit=sampler sh /tmp/sample")
    try:
        yield
    finally:
        host.run("systemctl stop sampler")
    assert int(host.check_output("wc -l < /tmp/sampled")) > 100
    assert host.run("cat /tmp/outside").stdout == ""


@pytest.mark.step
def test_new_releases_are_served_and_no_request_is_lost(host: Any, source: Source, address: str) -> None:
    before = {service: current(host, service) for service in PATHS}
    # `api` and `old` share a source.
    for name in ("web/server.js", "api/wsgi.py"):
        source.change(name, "one", "two")
    with ExitStack() as stack:
        stack.enter_context(sampling(host))
        loads = {service: stack.enter_context(Load(address, path, clients=2)) for service, path in PATHS.items()}
        done = source.deploy()
    assert done.returncode == 0, done.stdout
    for service, load in loads.items():
        assert set(load.answers) == {"200"}, (service, load.answers)
        assert load.answers["200"] > 100
        assert texts(load) == {"one", "two"}
        assert current(host, service) == before[service] + 1
        assert answer(host, f"http://127.0.0.1{PATHS[service]}")["text"] == "two"


@pytest.mark.step(needs=["test_new_releases_are_served_and_no_request_is_lost"])
def test_rollback_needs_no_version(host: Any, source: Source, address: str) -> None:
    before = current(host, "api")
    with Load(address, PATHS["api"]) as load:
        done = source.play("rollback.yml", "--extra-vars", "app_only=api")
    assert done.returncode == 0, done.stdout
    assert set(load.answers) == {"200"}, load.answers
    assert current(host, "api") < before
    assert answer(host, "http://127.0.0.1/api/x")["text"] == "one"
    assert host.check_output("sort /var/lib/groundwork/api/migrations | uniq -c | wc -l") == "1"


@pytest.mark.parametrize("service", ["api", pytest.param("old", marks=pytest.mark.long)])
@pytest.mark.step
def test_a_release_that_does_not_load_fails_no_request(host: Any, source: Source, address: str, service: str) -> None:
    before = current(host, service)
    wsgi = source.folder / "api" / "wsgi.py"
    good = wsgi.read_text()
    wsgi.write_text(good + '\nraise RuntimeError("cannot find the moon")\n')
    with Load(address, PATHS[service]) as load:
        done = source.deploy("--extra-vars", f"app_only={service}")
    wsgi.write_text(good)
    assert done.returncode != 0
    assert f"Release {before} serves again" in done.stdout, done.stdout
    assert "cannot find the moon" in done.stdout, done.stdout
    assert set(load.answers) == {"200"}, load.answers
    assert current(host, service) == before


@pytest.mark.step
def test_an_unhealthy_release_never_serves(host: Any, source: Source) -> None:
    before, served = current(host, "web"), answer(host, "http://127.0.0.1/")["text"]
    source.change("web/server.js", "  response.setHeader", "  response.statusCode = 500;\n  response.setHeader")
    done = source.deploy("--extra-vars", "app_only=web")
    source.change("web/server.js", "  response.statusCode = 500;\n", "")
    assert done.returncode != 0
    assert f"Release {before} still serves" in done.stdout, done.stdout
    assert current(host, "web") == before
    assert answer(host, "http://127.0.0.1/")["text"] == served
    assert "changed=0" in source.deploy("--extra-vars", "app_only=web").stdout


@pytest.mark.step
def test_a_failed_build_does_not_change_the_current_release(host: Any, source: Source) -> None:
    requirements = source.folder / "api" / "requirements.txt"
    good = requirements.read_text()
    requirements.write_text(good.replace("sha256:", "sha256:0000", 2))
    done = source.deploy("--extra-vars", "app_only=api")
    requirements.write_text(good)
    assert done.returncode != 0
    assert "the step build ended with" in done.stdout
    assert "still serves" in done.stdout
    assert curl(host, "http://127.0.0.1/api/x")[0] == 200


@pytest.mark.long
@pytest.mark.step
@pytest.mark.parametrize("build", ["false; true", "false | true", "touch half; sh ./look-around; false"])
def test_a_build_that_fails_anywhere_is_not_used_and_does_not_fill_the_disk(
    host: Any, source: Source, monkeypatch: pytest.MonkeyPatch, build: str
) -> None:
    before = current(host, "api")
    for _attempt in range(2):
        monkeypatch.setenv("MOLECULE_BUILD", build)
        done = source.deploy("--extra-vars", "app_only=api")
        assert done.returncode != 0
        assert f"Release {before} still serves" in done.stdout, done.stdout
    releases = [int(name) for name in host.check_output("ls /srv/api/releases").split()]
    failed = [number for number in releases if not host.file(f"/srv/api/releases/{number}/build-environment").exists]
    assert len(failed) <= 2, releases
    # What serves has seen a build that looks around while the service runs.
    monkeypatch.setenv("MOLECULE_BUILD", "env > build-environment; sh ./look-around > build-access; ! ls half")
    done = source.deploy("--extra-vars", "app_only=api")
    assert done.returncode == 0, done.stdout
    assert host.file("/srv/api/current/build-access").content_string == "looked around\n"
    monkeypatch.delenv("MOLECULE_BUILD")
    assert source.deploy("--extra-vars", "app_only=api").returncode == 0
    assert curl(host, "http://127.0.0.1/api/x")[0] == 200


@pytest.mark.step
def test_a_record_that_cannot_be_read_is_reported_and_its_release_serves_on(host: Any, source: Source) -> None:
    before = current(host, "solo")
    record = f"/srv/solo/.groundwork/{before}/release.json"
    host.run_expect([0], f"truncate --size 0 {record}")
    done = source.deploy("--extra-vars", "app_only=solo")
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    assert f"{record} cannot be read" in " ".join(done.stdout.split()), done.stdout
    assert current(host, "solo") == before + 1
    assert answer(host, "http://127.0.0.1/solo/x")["text"]


@pytest.mark.step
def test_remains_of_a_killed_run_are_removed_and_the_last_releases_are_kept(host: Any, source: Source) -> None:
    host.run_expect([0], "mkdir -p /srv/web/releases/99/half /srv/web/releases/.incoming-9")
    source.change("web/server.js", "// Says", "// Once more\n// Says")
    done = source.deploy("--extra-vars", '{"app_only": "web", "app_keep": 2}')
    assert done.returncode == 0, done.stdout
    found = host.check_output("ls --almost-all /srv/web/releases").split()
    assert len(found) == 2
    assert "99" not in found
    assert str(current(host, "web")) in found


@pytest.mark.step
def test_the_next_deploy_starts_a_stopped_service(host: Any, source: Source) -> None:
    host.run_expect([0], "pm2 delete old")
    assert curl(host, "http://127.0.0.1/old/x")[0] == 503
    assert source.deploy("--extra-vars", "app_only=old").returncode == 0
    assert curl(host, "http://127.0.0.1/old/x")[0] == 200


@pytest.mark.long
@pytest.mark.step
def test_a_service_changes_to_another_node_with_its_next_release(host: Any, source: Source) -> None:
    def programs(service: str) -> set[str]:
        daemon = host.check_output(f"systemctl show --property MainPID --value groundwork-{service}.service")
        pids = [daemon, *(str(process["pid"]) for process in pm2_processes(host, service))]
        read = " ".join(f"/proc/{pid}/exe" for pid in pids)
        return set(host.check_output(f"readlink {read}").splitlines())

    node = host.check_output("readlink --canonicalize /usr/local/bin/node")
    host.run_expect([0], f"cp {node} /opt/another-node && ln -sfn /opt/another-node /usr/local/bin/node")
    try:
        source.change("web/server.js", "// Says", "// On another Node.js\n// Says")
        done = source.deploy("--extra-vars", "app_only=solo")
        assert done.returncode == 0, done.stdout
        assert programs("solo") == {"/opt/another-node"}
        assert programs("web") == {node}
        assert answer(host, "http://127.0.0.1/solo/x")["text"]
    finally:
        host.run_expect([0], f"ln -sfn {node} /usr/local/bin/node")


@pytest.mark.step
def test_all_services_start_at_boot(host: Any) -> None:
    units = " ".join(f"groundwork-{service}.service" for service in PATHS) + " groundwork-api.socket nginx.service"
    host.run_expect([0], f"systemctl stop {units} && systemctl start sockets.target multi-user.target")
    for path in PATHS.values():
        assert wait_for(lambda path=path: curl(host, f"http://127.0.0.1{path}")[0] == 200, 60), path

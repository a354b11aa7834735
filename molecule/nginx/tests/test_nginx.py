# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from typing import Any

import pytest
from guest import curl

NAME = "--resolve=shop.example.org:443:127.0.0.1"
BASE = "https://shop.example.org"


def ask(host: Any, path: str, *options: str) -> tuple[int, dict[str, str], str]:
    return curl(host, BASE + path, NAME, *options)


def echo(host: Any, path: str, *options: str) -> dict[str, str]:
    status, _, body = ask(host, path, *options)
    assert status == 200, body
    return json.loads(body)


def test_it_runs_and_starts_at_boot(host: Any) -> None:
    assert host.service("nginx").is_running
    assert host.service("nginx").is_enabled


@pytest.mark.parametrize("path", ["/", "/exact", "/deep/er?x=1", "/gone", "/files/a.txt"])
def test_routes_reach_their_service(host: Any, path: str) -> None:
    assert echo(host, path)["uri"] == path


def test_the_service_learns_who_asked_and_how(host: Any) -> None:
    said = echo(host, "/")
    assert (said["host"], said["proto"]) == ("shop.example.org", "https")
    assert said["for"].startswith("127.0.0.1")
    assert len(said["id"]) == 32
    assert (said["connection"], said["upgrade"]) == ("close", "")


def test_a_websocket_is_upgraded_where_the_service_wants_it(host: Any) -> None:
    upgrade = ("--http1.1", "--header=Connection: Upgrade", "--header=Upgrade: websocket")
    assert (echo(host, "/two/", *upgrade)["connection"], echo(host, "/two/", *upgrade)["upgrade"]) == (
        "upgrade",
        "websocket",
    )
    assert echo(host, "/", *upgrade)["upgrade"] == ""


def test_a_server_that_is_down_is_passed_over_for_its_twin(host: Any) -> None:
    assert [ask(host, "/two/")[0] for _ in range(6)] == [200] * 6


@pytest.mark.parametrize(
    ("path", "status", "title"), [("/gone/x", 503, "Back in a moment"), ("/slow/x", 504, "This takes too long")]
)
def test_a_browser_is_shown_a_page(host: Any, path: str, status: int, title: str) -> None:
    found, headers, body = ask(host, path, "--header=Accept: text/html,*/*")
    assert (found, headers["content-type"]) == (status, "text/html")
    assert f"<h1>{title}</h1>" in body
    assert headers.get("retry-after") == ("10" if status == 503 else None)


@pytest.mark.parametrize(("path", "status"), [("/gone/x", 503), ("/slow/x", 504)])
def test_everything_else_is_given_json(host: Any, path: str, status: int) -> None:
    found, headers, body = ask(host, path, "--request=POST")
    assert (found, headers["content-type"], json.loads(body)["status"]) == (status, "application/json", status)


def test_static_files_come_from_the_release(host: Any) -> None:
    status, headers, body = ask(host, "/static/site.css")
    assert (status, body.strip(), headers["cache-control"]) == (200, "body {}", "public, max-age=3600")
    assert ask(host, "/static/.hidden")[0] == 404


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/documents/a.txt", 200, "document"),
        ("/.well-known/security.txt", 200, "contact"),
        ("/.well-known/.hidden", 404, ""),
    ],
)
def test_a_service_without_routes_has_its_files_served(host: Any, path: str, status: int, said: str) -> None:
    found, _, body = ask(host, path)
    assert found == status
    assert said in body


def test_a_path_and_what_is_below_it_are_two_routes(host: Any) -> None:
    assert (echo(host, "/both")["uri"], echo(host, "/both/x")["uri"]) == ("/both", "/both/x")
    # Not "/*", which holds it as well, but the longest route that does.
    assert echo(host, "/level/one")["uri"] == "of deep"
    assert echo(host, "/level/one/x")["uri"] == "/level/one/x"
    assert ask(host, "/nginx-health")[2].strip() == "ok"


def test_headers_that_protect(host: Any) -> None:
    _, headers, _ = ask(host, "/")
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["server"] == "nginx"


def test_plain_http_is_sent_to_https(host: Any) -> None:
    status, headers, _ = curl(host, "http://127.0.0.1/a?b=c", "--header=Host: shop.example.org")
    assert (status, headers["location"]) == (308, "https://shop.example.org/a?b=c")


def test_another_name_gets_nothing_and_a_load_balancer_its_answer(host: Any) -> None:
    assert host.run("curl --silent --header 'Host: else.example.org' http://127.0.0.1/").rc == 52
    assert curl(host, "http://127.0.0.1/nginx-health")[2].strip() == "ok"
    assert host.run("curl --silent --insecure https://127.0.0.1/").rc != 0


def test_old_tls_is_refused_and_http2_is_spoken(host: Any) -> None:
    assert host.run(f"curl --silent --insecure --tls-max 1.1 {NAME.replace('=', ' ', 1)} {BASE}/").rc != 0
    assert (
        host.check_output(
            f"curl --silent --insecure {NAME.replace('=', ' ', 1)} -o /dev/null -w '%{{http_version}}' {BASE}/"
        )
        == "2"
    )


def test_the_key_is_for_root_alone(host: Any) -> None:
    keys = host.check_output("find /etc/nginx/tls -name '*.key' -printf '%m %u'")
    assert keys == "600 root"


def test_the_access_log_is_json(host: Any) -> None:
    ask(host, "/logged")
    host.run("sleep 3")
    lines = [json.loads(line) for line in host.check_output("grep /logged /var/log/nginx/access.log").splitlines()]
    # The service behind is this same nginx, and logs too, in whatever order.
    assert sorted(line["upstream"] for line in lines) == ["", "127.0.0.1:9001"]


def test_a_wrong_configuration_never_takes_the_place_of_the_right_one(host: Any) -> None:
    """What the template's validation does: the candidate is tested as a file of its own."""
    host.run_expect([0], "sed 's/server_tokens off/server_tokens maybe/' /etc/nginx/nginx.conf > /tmp/candidate.conf")
    assert host.run("nginx -t -q -c /tmp/candidate.conf").rc != 0
    assert host.run("nginx -t -q").rc == 0


def test_it_comes_back_after_a_kill(host: Any) -> None:
    host.run_expect([0], "kill -9 $(systemctl show --property MainPID --value nginx); sleep 2")
    assert host.service("nginx").is_running
    assert ask(host, "/")[0] == 200

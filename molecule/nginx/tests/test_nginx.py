# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from guest import converge, curl, wait_for
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.filter.nginx_quote import nginx_quote

NAME = "--resolve=shop.example.org:443:127.0.0.1"
BASE = "https://shop.example.org"


def ask(host: Any, path: str, *options: str) -> tuple[int, dict[str, str], str]:
    return curl(host, BASE + path, NAME, *options)


def echo(host: Any, path: str, *options: str) -> dict[str, str]:
    status, _, body = ask(host, path, *options)
    assert status == 200, body
    return json.loads(body)


def test_the_unit_runs_and_starts_at_boot(host: Any) -> None:
    assert host.service("nginx").is_running
    assert host.service("nginx").is_enabled


@pytest.mark.parametrize("path", ["/", "/exact", "/deep/er?x=1", "/gone", "/files/a.txt"])
def test_routes_reach_their_service(host: Any, path: str) -> None:
    assert echo(host, path)["uri"] == path


def test_the_service_gets_the_headers_of_the_client(host: Any) -> None:
    said = echo(host, "/")
    assert (said["host"], said["proto"]) == ("shop.example.org", "https")
    assert said["for"].startswith("127.0.0.1")
    assert len(said["id"]) == 32
    assert (said["connection"], said["upgrade"]) == ("close", "")


def test_websockets_are_upgraded_for_services_with_websocket(host: Any) -> None:
    upgrade = ("--http1.1", "--header=Connection: Upgrade", "--header=Upgrade: websocket")
    assert (echo(host, "/two/", *upgrade)["connection"], echo(host, "/two/", *upgrade)["upgrade"]) == (
        "upgrade",
        "websocket",
    )
    assert echo(host, "/", *upgrade)["upgrade"] == ""


def test_a_server_that_is_down_is_skipped(host: Any) -> None:
    assert [ask(host, "/two/")[0] for _ in range(6)] == [200] * 6


@pytest.mark.parametrize(
    ("path", "status", "title"), [("/gone/x", 503, "Back in a moment"), ("/slow/x", 504, "This takes too long")]
)
def test_a_browser_gets_an_error_page(host: Any, path: str, status: int, title: str) -> None:
    found, headers, body = ask(host, path, "--header=Accept: text/html,*/*")
    assert (found, headers["content-type"]) == (status, "text/html")
    assert f"<h1>{title}</h1>" in body
    assert headers.get("retry-after") == ("10" if status == 503 else None)


@pytest.mark.parametrize(("path", "status"), [("/gone/x", 503), ("/slow/x", 504)])
def test_other_clients_get_an_error_as_json(host: Any, path: str, status: int) -> None:
    found, headers, body = ask(host, path, "--request=POST")
    assert (found, headers["content-type"], json.loads(body)["status"]) == (status, "application/json", status)


def test_static_files_come_from_the_release(host: Any) -> None:
    status, headers, body = ask(host, "/static/site.css")
    assert (status, body.strip(), headers["cache-control"]) == (200, "body {}", "public, max-age=3600")
    assert ask(host, "/static/.hidden")[0] == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("inside.css", 200),
        ("own/upload.txt", 200),
        ("passwd", 403),
        ("chain", 403),
        ("etc/passwd", 403),
        ("other.txt", 403),
    ],
)
def test_links_of_a_service_lead_to_its_own_files_only(host: Any, path: str, status: int) -> None:
    assert host.run(f"test -r /srv/echo/current/public/{path}").rc == 0
    assert ask(host, f"/static/{path}")[0] == status


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


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/security.txt", 200),
        ("/.well-known/security.txt", 200),
        ("/.well-known/.hidden", 404),
        ("/.git/config", 404),
        ("/.git/.well-known/a.txt", 404),
        ("/.hidden", 404),
    ],
)
def test_files_at_the_root_are_served_with_well_known_and_without_hidden_ones(
    host: Any, path: str, status: int
) -> None:
    assert curl(host, f"http://127.0.0.1:9007{path}")[0] == status


def test_a_service_cannot_lead_nginx_to_another_service(host: Any) -> None:
    status, headers, body = ask(host, "/elsewhere")
    assert (status, body) == (200, "its own answer")
    assert "x-accel-redirect" not in headers


def test_the_longest_server_name_is_answered(host: Any) -> None:
    name = ".".join(["a" * 63] * 3 + ["b" * 61])
    status, _, _ = curl(host, f"https://{name}/exact", f"--resolve={name}:443:127.0.0.1")
    assert status == 200


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("shop.example.org", "shop.example.org"),
        ("SHOP.example.org:8443", "shop.example.org:8443"),
        ("shop.example.org:http", "shop.example.org"),
    ],
)
def test_the_service_gets_the_host_and_port_of_the_header(host: Any, header: str, found: str) -> None:
    assert echo(host, "/", "--http1.1", f"--header=Host: {header}")["host"] == found


def test_a_host_that_contradicts_the_request_line_does_not_reach_the_service(host: Any) -> None:
    target = "--request-target=https://shop.example.org/exact"
    assert echo(host, "/", "--http1.1", target, "--header=Host: evil.example.org")["host"] == "shop.example.org"


def test_headers_have_quotes_and_dollar_signs_as_they_are_written(host: Any) -> None:
    _, headers, _ = ask(host, "/")
    assert headers["content-security-policy"] == "default-src 'self'; report-uri \"/csp?a=$host\""
    assert headers["x-odd"] == 'a\\b\\" ${dollar_sign} $1 {x}; # y'


# A header has spaces in its middle only, and curl prints bytes.
HEADER_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).map(str.strip).filter(bool)


@settings(max_examples=3, deadline=None)
@given(st.lists(HEADER_VALUES, min_size=80, max_size=80))
def test_nginx_reads_what_was_quoted(host: Any, values: list[str]) -> None:
    locations = [
        f"location = /{number} {{ add_header X-Value {nginx_quote(value, 'dollar_sign')}; return 204; }}"
        for number, value in enumerate(values)
    ]
    server = f"server {{ listen 127.0.0.1:9008; {' '.join(locations)} }}"
    http = f'http {{ geo $dollar_sign {{ default "$"; }} access_log off; {server} }}'
    configuration = f"pid /tmp/quoted.pid; error_log stderr; events {{}} {http}"
    host.run_expect([0], "printf %s %s > /tmp/quoted.conf", "%s", configuration)
    host.run_expect([0], "nginx -q -c /tmp/quoted.conf")
    try:
        written = host.check_output("curl --silent --dump-header - %s", f"http://127.0.0.1:9008/[0-{len(values) - 1}]")
    finally:
        host.run_expect([0], "nginx -q -c /tmp/quoted.conf -s stop")
    found = [line.partition(": ")[2] for line in written.splitlines() if line.lower().startswith("x-value:")]
    assert found == values


def test_a_host_with_an_older_nginx_and_without_ipv6_is_configured(host: Any) -> None:
    """Ubuntu 22.04 has nginx 1.18, which cannot reject handshakes. The nginx of this host checks the configuration."""
    assert "[::]" in host.file("/etc/nginx/nginx.conf").content_string
    converge(nginx_release="1.18.0", nginx_has_ipv6=False)
    try:
        text = host.file("/etc/nginx/nginx.conf").content_string
        assert "ssl_reject_handshake" not in text
        assert "[::]" not in text
        assert ask(host, "/exact")[0] == 200
        assert host.run("curl --silent --insecure https://127.0.0.1/").rc != 0
    finally:
        converge()


def test_a_path_and_its_prefix_are_two_routes(host: Any) -> None:
    assert (echo(host, "/both")["uri"], echo(host, "/both/x")["uri"]) == ("/both", "/both/x")
    # The longest matching route wins, not "/*", which matches as well.
    assert echo(host, "/level/one")["uri"] == "of deep"
    assert echo(host, "/level/one/x")["uri"] == "/level/one/x"
    assert ask(host, "/nginx-health")[2].strip() == "ok"


def test_security_headers_are_added(host: Any) -> None:
    _, headers, _ = ask(host, "/")
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["server"] == "nginx"


def test_http_is_redirected_to_https(host: Any) -> None:
    status, headers, _ = curl(host, "http://127.0.0.1/a?b=c", "--header=Host: shop.example.org")
    assert (status, headers["location"]) == (308, "https://shop.example.org/a?b=c")


def test_other_host_names_are_closed_except_for_health_checks(host: Any) -> None:
    assert host.run("curl --silent --header 'Host: else.example.org' http://127.0.0.1/").rc == 52
    assert curl(host, "http://127.0.0.1/nginx-health")[2].strip() == "ok"
    assert host.run("curl --silent --insecure https://127.0.0.1/").rc != 0


def test_old_tls_is_rejected_and_http2_is_offered(host: Any) -> None:
    assert host.run(f"curl --silent --insecure --tls-max 1.1 {NAME.replace('=', ' ', 1)} {BASE}/").rc != 0
    assert (
        host.check_output(
            f"curl --silent --insecure {NAME.replace('=', ' ', 1)} -o /dev/null -w '%{{http_version}}' {BASE}/"
        )
        == "2"
    )


def test_only_root_can_read_the_key(host: Any) -> None:
    keys = host.check_output("find /etc/nginx/tls -name '*.key' -printf '%m %u'")
    assert keys == "600 root"


def test_the_access_log_is_json(host: Any) -> None:
    path = f"/logged/{uuid.uuid4()}"
    ask(host, path)
    host.run("sleep 3")
    lines = [json.loads(line) for line in host.check_output(f"grep {path} /var/log/nginx/access.log").splitlines()]
    # The service behind the proxy is the same nginx and logs too, in any order.
    assert sorted(line["upstream"] for line in lines) == ["", "127.0.0.1:9001"]


def test_an_invalid_configuration_is_rejected(host: Any) -> None:
    """The validation of the template tests the candidate as a separate file."""
    host.run_expect([0], "sed 's/server_tokens off/server_tokens maybe/' /etc/nginx/nginx.conf > /tmp/candidate.conf")
    assert host.run("nginx -t -q -c /tmp/candidate.conf").rc != 0
    assert host.run("nginx -t -q").rc == 0


def test_a_killed_daemon_is_restarted(host: Any) -> None:
    def main_pid() -> str:
        return str(host.check_output("systemctl show --property MainPID --value nginx"))

    before = main_pid()
    host.run_expect([0], f"kill -9 {before}")
    assert wait_for(lambda: main_pid() not in (before, "0"))
    assert wait_for(lambda: bool(host.service("nginx").is_running))
    assert ask(host, "/")[0] == 200


def test_a_stopped_nginx_is_started_and_started_at_boot_again(host: Any) -> None:
    host.check_output("systemctl disable --now nginx")
    converge()
    assert host.service("nginx").is_enabled
    assert ask(host, "/exact")[0] == 200

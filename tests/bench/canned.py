# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API that knows DescribeInstances and nothing else, and answers with bytes that it has made beforehand.

What an emulator takes to answer would hide what its clients take. One instance is recorded from the lab's API, with all
that it says of one, and repeated under other ids, names and addresses. Run as a program it serves until its input ends.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from urllib.parse import parse_qs, urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

# The most that AWS says in one answer.
PAGE = 1000
REGION, STACK, ACCOUNT = "ap-southeast-1", "ecommerce", "200000000001"
SERVICES = ("user", "product", "order", "payment", "notification", "gateway", "frontend")
NEXT = "<nextToken>{}</nextToken></DescribeInstancesResponse>"


def record() -> str:
    """What the lab's API says of one instance of a stack, as an item of a list."""
    from rig.account import Account
    from rig.api import serve

    tags = {
        "Name": "NAME",
        "groundwork:stack": STACK,
        "groundwork:resource": "instance/RESOURCE",
        "groundwork:group": "GROUP",
        "groundwork:services": "GROUP",
        "groundwork:tier": "public",
        "groundwork:created-with": "public_ip=true user_data=none",
        "groundwork:termination-protection": "false",
    }
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    with serve() as endpoint:
        ec2 = Account(endpoint, ACCOUNT, REGION).client("ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        specification = [{"ResourceType": "instance", "Tags": listed}]
        ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=specification)
        body = urlencode({"Action": "DescribeInstances", "Version": "2016-11-15"}).encode()
        headers = {
            "x-moto-account-id": ACCOUNT,
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ec2/aws4_request",
        }
        with urllib.request.urlopen(urllib.request.Request(endpoint, body, headers)) as answer:
            return str(answer.read().decode())


def pages(recorded: str, count: int) -> list[bytes]:
    """That many instances in pages."""
    begin, rest = recorded.split("<reservationSet>")
    item = rest.split("</reservationSet>")[0].strip()
    items = [_another(item, number) for number in range(count)]
    chunks = [items[start : start + PAGE] for start in range(0, count, PAGE)]
    made = []
    for number, chunk in enumerate(chunks, 1):
        end = NEXT.format(number) if number < len(chunks) else NEXT.format("").replace("<nextToken></nextToken>", "")
        made.append(f"{begin}<reservationSet>{''.join(chunk)}</reservationSet>{end}".encode())
    return made


def _another(item: str, number: int) -> str:
    """The recorded item with ids, a name and addresses of its own."""
    service = SERVICES[number % len(SERVICES)]
    name = f"{service}-{number // len(SERVICES) + 1}"
    fresh = re.sub(r"\b(i|r|eni|vol|eni-attach)-[0-9a-f]{8,17}\b", rf"\g<1>-{number:017x}", item)
    fresh = re.sub(r"\b10[.-]\d+[.-]\d+[.-]\d+\b", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", fresh)
    return fresh.replace("NAME", f"{STACK}-{name}").replace("RESOURCE", name).replace("GROUP", service)


def handler(answers: list[bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            answer = answers[int(asked.get("NextToken", ["0"])[0])]
            self.send_response_only(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """The log is not read."""

    return Handler


@contextmanager
def api(recorded: Path, count: int) -> Iterator[str]:
    """The endpoint of an API with that many instances, a process of its own."""
    process = Popen([sys.executable, __file__, str(recorded), str(count)], stdin=PIPE, stdout=PIPE, text=True)
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline()))
    finally:
        process.communicate("")


def main() -> None:
    answers = pages(Path(sys.argv[1]).read_text(encoding="utf-8"), int(sys.argv[2]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(answers))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(f"http://127.0.0.1:{server.server_address[1]}"), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask a URL until it gave good answers in a row."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: http_gate
short_description: Fail unless a URL gives good answers in a row
version_added: 0.1.0
description:
  - Asks a URL until it gave O(consecutive) good answers one after the other, and fails when O(timeout) is over first.
  - A good answer has the expected status, headers, body and latency.
  - A request without a response (connection refused, unknown name, rejected certificate, no answer in time) is not a
    bad answer. It could not be measured, and O(unmeasured) says what follows when no request was answered.
  - Runs on any host with Python 3.9 and needs no other package. Use it on the host of a service for its own port or
    socket, and on the controller for a public address.
  - No part of the body and no value of O(request_headers) is in the result or in a message.
  - Proxies of the environment are not used.
options:
  url:
    description:
      - The http or https URL to ask. It is part of messages, so put tokens into O(request_headers).
    type: str
    required: true
  unix_socket:
    description:
      - The path of a socket to connect to instead of the host of O(url).
    type: path
  method:
    description:
      - The method of the requests.
    type: str
    choices: [GET, HEAD]
    default: GET
  request_headers:
    description:
      - Headers to send, by name.
      - Ansible hides their values wherever they occur in the result, so that a value such as V(1) hides numbers, too.
    type: dict
    default: {}
  host:
    description:
      - The header C(Host), where it is not the host of O(url), as for a host behind a load balancer. The certificate
        must be for this name, too.
    type: str
  validate_certs:
    description:
      - Whether the certificate of an https URL must be valid.
    type: bool
    default: true
  ca_path:
    description:
      - A file or directory with the certificate authorities that may have signed the certificate. By default those of
        the system.
    type: path
  follow_redirects:
    description:
      - How many redirects to follow at most. By default none, so that a redirect is an answer with its own status.
      - Another origin (scheme, host and port) gets neither O(request_headers) nor O(host).
    type: int
    default: 0
  status:
    description:
      - The codes of which a good answer has one.
    type: list
    elements: int
    default: [200]
  body:
    description:
      - A regular expression of Python that must be found in the body of a good answer.
    type: str
  headers:
    description:
      - Headers that a good answer has, each with a regular expression of Python that must be found in its value.
    type: dict
    default: {}
  latency:
    description:
      - Milliseconds that a good answer takes at most, from the look-up of the name to the end of the body.
      - It is shorter than O(request_timeout). A server that accepts a connection and does not answer within that time
        has given a bad answer, then.
    type: int
  read_limit:
    description:
      - How many bytes of the body are read. O(body) is looked for in these.
    type: int
    default: 65536
  consecutive:
    description:
      - How many good answers must follow each other. A bad answer, and a request without a response, starts the count
        again.
    type: int
    default: 1
  timeout:
    description:
      - Seconds until the last request is sent. With V(0) there is one request.
    type: float
    default: 60
  interval:
    description:
      - Seconds between two requests.
    type: float
    default: 2
  request_timeout:
    description:
      - Seconds that a single request may take as a whole.
    type: float
    default: 10
  unmeasured:
    description:
      - Whether the module fails or passes when no request got a response within O(timeout).
    type: str
    choices: [fail, pass]
    default: fail
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
    details: >-
      Nothing is asked, because what the task waits for may not have been started. The result shows the request.
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.metric_gate
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Wait until the new release answers three times in a row
  groundwork.aws.http_gate:
    url: http://127.0.0.1:8000/health
    consecutive: 3
    timeout: 30
    interval: 1

- name: Ask a service that listens on a socket for its version
  groundwork.aws.http_gate:
    url: http://localhost/health
    unix_socket: /run/groundwork/web.sock
    body: '"version": "1\.4\.'
    headers:
      Content-Type: ^application/json

- name: Require fast answers at the public address
  groundwork.aws.http_gate:
    url: https://shop.example.com/
    status: [200, 204]
    latency: 500
    consecutive: 5
  delegate_to: localhost
  become: false

- name: Ask one host behind the load balancer, with a token
  groundwork.aws.http_gate:
    url: "http://{{ private_ip_address }}:8000/ready"
    host: shop.example.com
    request_headers:
      Authorization: "Bearer {{ probe_token }}"
"""

RETURN = r"""
passed:
  description: Whether the gate is open. None in check mode.
  returned: always
  type: bool
measured:
  description: Whether any request was answered.
  returned: always
  type: bool
verdict:
  description:
    - V(passed) after O(consecutive) good answers in a row, V(failed) without them.
    - V(unmeasured) when no request was answered, whether that passes or not, and V(not_asked) in check mode.
  returned: always
  type: str
  sample: failed
request:
  description: What was asked.
  returned: always
  type: str
  sample: GET http://127.0.0.1:8000/health
expected:
  description: What a good answer is.
  returned: always
  type: str
  sample: status 200, at most 500 ms
requests:
  description: How many requests were sent.
  returned: always
  type: int
good:
  description: How many of them had a good answer.
  returned: always
  type: int
bad:
  description: How many had another answer.
  returned: always
  type: int
unmeasured:
  description: How many had no response.
  returned: always
  type: int
consecutive:
  description: How many good answers followed each other at most.
  returned: always
  type: int
measurements:
  description: The last ten requests, the newest last.
  returned: always
  type: list
  elements: dict
  contains:
    passed:
      description: Whether the answer is good.
      type: bool
    measured:
      description: Whether there was a response, or so late that it would have been too slow.
      type: bool
    status:
      description: The status of the response. None without one.
      type: int
    latency_ms:
      description: Milliseconds until the end of the response, or until the request was given up.
      type: int
    why:
      description: How the answer differs from what is expected, or why there is none. Empty for a good answer.
      type: str
      sample: status 503
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._host.http_client import RequestError
from ansible_collections.groundwork.aws.plugins.module_utils._host.http_gate import ARGUMENTS, run_http_gate


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run_http_gate(module.params, module.check_mode)
    except RequestError as error:
        module.fail_json(msg=f"{error}. Nothing was asked.")
    (module.fail_json if result.get("failed") else module.exit_json)(**result)


if __name__ == "__main__":
    main()

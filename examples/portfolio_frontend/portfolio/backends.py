# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several back ends that are as good as one another: when one does not answer, another is asked."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.exceptions import ConnectionError, ConnectTimeout, RequestException, Timeout
from urllib3.exceptions import NewConnectionError

log = logging.getLogger(__name__)


class Unanswered(Exception):
    """No back end answered.

    ``timeout``: the last one that was asked took too long; ``sent``: it may have received the request all the same.
    """

    def __init__(self, timeout: bool, sent: bool) -> None:
        super().__init__("no back end answered")
        self.timeout, self.sent = timeout, sent


class Backends:
    def __init__(
        self,
        urls: Sequence[str],
        timeouts: tuple[float, float],
        rest: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``timeouts``: seconds to connect, and to answer; ``rest``: how many one that failed is left alone."""
        self.urls, self.timeouts, self.rest, self.clock = list(urls), timeouts, rest, clock
        self.resting_until = dict.fromkeys(self.urls, 0.0)
        self.turns = itertools.count()
        self.local = threading.local()

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> requests.Response:
        """The answer of the first that gives one, whatever it is; Unanswered when there is none."""
        failure = Unanswered(timeout=False, sent=False)
        for url in self.order():
            try:
                answer = self.ask(method, url + path, headers, body)
            except RequestException as error:
                self.resting_until[url] = self.clock() + self.rest
                log.warning("back end failed", extra={"fields": {"backend": url, "error": type(error).__name__}})
                failure = Unanswered(isinstance(error, Timeout), sent=not never_connected(error))
                # Asking again is harmless for a question; a message must not be there twice.
                if failure.sent and method != "GET":
                    break
            else:
                self.resting_until[url] = 0.0
                return answer
        raise failure

    def order(self) -> list[str]:
        """Each takes its turn in being the first. Those that failed just now come last: better than none at all."""
        first = next(self.turns) % len(self.urls)
        turned = self.urls[first:] + self.urls[:first]
        now = self.clock()
        return sorted(turned, key=lambda url: self.resting_until[url] > now)

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> requests.Response:
        # Only GET reuses connections: one may close just as a request is sent, and then it is unknown whether the
        # request arrived.
        session = self.session() if method == "GET" else new_session()
        answer = session.request(
            method, url, headers=dict(headers), data=body or None, timeout=self.timeouts, allow_redirects=False
        )
        if method != "GET":
            session.close()
        return answer

    def session(self) -> requests.Session:
        """One for each thread; sessions are not made for several."""
        if not hasattr(self.local, "session"):
            self.local.session = new_session()
        return self.local.session


def new_session() -> requests.Session:
    session = requests.Session()
    # The back ends are ours: no proxy of the environment stands between, and no cookie of a visitor is kept.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def never_connected(error: Exception) -> bool:
    """Whether there was not even a connection, so that nothing can have arrived."""
    if isinstance(error, ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, ConnectionError) and error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)

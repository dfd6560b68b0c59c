"""Who may write: operators with the token, from this page or from no page at all, a few times a minute."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.types import Scope

from monitor.api.refusals import ORIGIN, Refusal
from monitor.opslog.rate import RateLimit
from monitor.opslog.token import is_bearer

WRITES = re.compile(r"/api/v1/(?:log|alarms/[A-Za-z0-9]{1,64}/acknowledge|alertmanager)")
"""The only paths that take a POST."""

WEBHOOK = "/api/v1/alertmanager"
WEBHOOK_PER_MINUTE = 60
"""Alertmanager tells every group of alerts again and again; people do not."""


class Operators:
    """Looks at the headers of a POST, before anything of its body is read."""

    def __init__(self, token: str | None, per_minute: int, now_ns: Callable[[], int]) -> None:
        self._token = token
        self._people = RateLimit(per_minute, now_ns)
        self._webhook = RateLimit(WEBHOOK_PER_MINUTE, now_ns)

    def refusal(self, scope: Scope) -> Refusal | None:
        """Say why a POST is refused; None lets it in.

        The token is looked at first and the limits last: who does not have it can neither learn anything else nor use
        up what others may do.
        """
        headers: list[tuple[bytes, bytes]] = scope["headers"]

        def values(wanted: bytes) -> list[bytes]:
            return [value for name, value in headers if name == wanted]

        if not is_bearer(self._token, values(b"authorization")):
            return Refusal(401)
        if not _is_own_page(values(b"sec-fetch-site"), values(b"origin"), values(b"host")):
            return Refusal(403, ORIGIN)
        if [value.partition(b";")[0].strip().lower() for value in values(b"content-type")] != [b"application/json"]:
            return Refusal(415)
        limit = self._webhook if scope["path"] == WEBHOOK else self._people
        return None if limit.take() else Refusal(429)


def _is_own_page(sites: list[bytes], origins: list[bytes], hosts: list[bytes]) -> bool:
    """Whether a browser sent this from a page of this server; programs send neither header, and may come in."""
    if any(site != b"same-origin" for site in sites):
        return False
    own = [scheme + host for host in hosts for scheme in (b"http://", b"https://")]
    return all(origin.lower() in [name.lower() for name in own] for origin in origins)

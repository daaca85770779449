"""Which web pages may connect. Browsers send Origin; a page from elsewhere must not use our socket.

The page's own host is trusted only where its name cannot be rebound to us: an IP literal, localhost, or
a listed host. Exact match, nothing else.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


class OriginPolicy:
    def __init__(self, origins: Collection[str], hosts: Collection[str]) -> None:
        self._origins = frozenset(origins)
        self._hosts = frozenset(host.lower() for host in hosts)

    def allows(self, origin: str | None, host: str) -> bool:
        """`origin` and `host` are the request's headers. No Origin: not a browser, so no page lured it."""
        if origin is None or origin in self._origins:
            return True
        try:
            page = urlsplit(origin)
            same = page.scheme in ("http", "https") and page.netloc.lower() == host.lower()
            return same and page.hostname is not None and self._is_unbindable(page.hostname)
        except ValueError:
            return False

    def _is_unbindable(self, hostname: str) -> bool:
        if hostname == "localhost" or hostname in self._hosts:
            return True
        try:
            ipaddress.ip_address(hostname)
        except ValueError:
            return False
        return True

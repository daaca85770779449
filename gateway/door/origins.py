"""Which web pages may connect. Browsers send Origin; a page from elsewhere must not use our socket.

The page's own host is trusted only where its name cannot be rebound to us: an IP literal, localhost, or
a listed host. Exact match, nothing else.
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from chassis.addresses import split
from gateway.door import metrics

DEFAULT_PORTS = {"http": 80, "https": 443}
"""Browsers leave these out."""
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


class OriginPolicy:
    def __init__(self, origins: Collection[str], hosts: Collection[str]) -> None:
        self._origins = frozenset(origins)
        self._hosts = frozenset(host.lower() for host in hosts)

    def allows(self, origin: str | None, host: str) -> bool:
        """`origin` and `host` are the request's headers. No Origin: not a browser, so no page lured it."""
        return self.refusal(origin, host) is None

    def refusal(self, origin: str | None, host: str) -> tuple[str, str] | None:
        """Why a page may not connect: the reason in a word, and what an operator reads; None: it may."""
        if origin is None or origin in self._origins:
            return None
        try:
            page = urlsplit(origin)
            same = page.scheme in ("http", "https") and page.netloc.lower() == host.lower()
            if same and page.hostname is not None:
                return None if self._is_unbindable(page.hostname) else _UNKNOWN_HOST
        except ValueError:
            pass
        return _UNKNOWN_ORIGIN

    def _is_unbindable(self, hostname: str) -> bool:
        return hostname == "localhost" or hostname in self._hosts or _is_address(hostname)


_UNKNOWN_ORIGIN = (metrics.ORIGIN, "this web page may not connect; add its origin to CORS_ORIGINS")
_UNKNOWN_HOST = (
    metrics.HOST,
    "the page may not connect under this host name; add the name to ALLOWED_HOSTS (or the page's origin to "
    "CORS_ORIGINS)",
)


def read_origins(text: str) -> str:
    """A comma-separated list as browsers send its origins. Raises ValueError for what none of them sends."""
    return ",".join(_read_origin(part) for part in split(text))


def _read_origin(given: str) -> str:
    """A slash at the end, capitals and a scheme's own port can mean but one thing, and are put right."""
    parts, port = _split(given)
    if not parts.scheme or not parts.hostname:
        raise ValueError(f"{given!r} is no origin: write scheme://host or scheme://host:port")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{given!r} has more than an origin: write {parts.scheme}://{parts.hostname}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else _read_name(parts.hostname)
    shown = "" if port is None or port == DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def read_hosts(text: str) -> str:
    """A comma-separated list of host names, as they stand in a page's address. Raises ValueError."""
    return ",".join(_read_host(part) for part in split(text))


def _read_host(given: str) -> str:
    parts, _ = _split(f"//{given}")
    if "://" in given or not parts.hostname or parts.path or parts.query or parts.username is not None:
        raise ValueError(f"{given!r} is no host name: write it as voice.example.com")
    return parts.hostname if _is_address(parts.hostname) else _read_name(parts.hostname)


def _split(given: str) -> tuple[SplitResult, int | None]:
    if any(mark.isspace() for mark in given):
        raise ValueError(f"{given!r} has a blank in it: commas separate one from the next")
    try:
        parts = urlsplit(given)
        return parts, parts.port
    except ValueError:
        raise ValueError(f"{given!r} is no address, or has an impossible port") from None


def _read_name(hostname: str) -> str:
    """As browsers write it: small, in ASCII, without a dot at the end."""
    try:
        name = hostname.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{hostname!r} matches no page: names are compared whole, without * and the like")
    return name


def _is_address(hostname: str) -> bool:
    try:
        ipaddress.ip_address(hostname)
    except ValueError:
        return False
    return True

"""Where other processes are, as settings say it: checked at the start, in the same words everywhere."""

from ipaddress import IPv6Address
from urllib.parse import urlsplit

from pydantic import SecretStr

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
ALL_OF = "dns:///"
"""Before host:port: every address of that host, whatever they are at the time."""
LONGEST_LABEL = 63


def split(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated setting."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def split_port(address: str) -> tuple[str, int]:
    """The host, an IPv6 address without its brackets, and the port. Raises ValueError for anything else."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
        raise ValueError(f"{address!r} is not host:port")
    try:
        return _host(host), int(port)
    except ValueError as error:
        raise ValueError(f"{address!r} is not host:port: {error}") from None


def _host(host: str) -> str:
    """Raises ValueError, in words, for a name that nobody could be asked for."""
    if host.startswith("[") and host.endswith("]"):
        return str(IPv6Address(host[1:-1]))
    if any(mark in host for mark in "[]:"):
        raise ValueError("an IPv6 address is written [address]:port")
    try:
        host.encode("idna")  # as a resolver does
    except UnicodeError:
        raise ValueError(
            f"each part of a name between its dots has {LONGEST_LABEL} letters at most and none is empty"
        ) from None
    return host


def check_addresses(value: str) -> str:
    """A list of host:port or dns:///host:port, at least one, none both ways. Raises ValueError."""
    places: dict[bool, set[tuple[str, int]]] = {False: set(), True: set()}
    for address in split(value):
        host, port = split_port(address.removeprefix(ALL_OF))
        place = host.lower().removesuffix("."), port
        named = address.startswith(ALL_OF)
        if place in places[not named]:
            raise ValueError(
                f"{address.removeprefix(ALL_OF)!r} is given as host:port and as {ALL_OF}host:port, "
                "which would count its replicas twice; leave one of them out"
            )
        places[named].add(place)
    if not split(value):
        raise ValueError("at least one host:port is needed")
    return value


def check_redis_url(value: SecretStr) -> SecretStr:
    """Raises ValueError, without the address: it may hold a password."""
    address = value.get_secret_value()
    if not address.startswith(REDIS_SCHEMES):
        raise ValueError("it must begin with redis://, rediss:// or unix://")
    try:
        parts = urlsplit(address)
        makes_sense = parts.port != 0 and "@" not in f"{parts.path}{parts.query}{parts.fragment}"
    except ValueError:  # its words quote what it took for a port: a password with a / in it, say
        makes_sense = False
    if not makes_sense or not (parts.hostname or parts.scheme == "unix"):
        raise ValueError(
            "it must be redis://:password@host:port/0; in a password, write / as %2F, # as %23, ? as %3F, "
            "@ as %40, % as %25"
        )
    return value


def check_http_url(value: str) -> str:
    """Raises ValueError."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("its port is no number, or out of range; it must be http://host:port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable() or " " in value:
        raise ValueError("it must be http://host:port or https://host:port")
    if port == 0:
        raise ValueError("its port must not be 0")
    return value

"""Where other processes are, as settings say it: checked at the start, in the same words everywhere."""

from urllib.parse import urlsplit

from pydantic import SecretStr

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
ALL_OF = "dns:///"
"""Before host:port: every address of that host, whatever they are at the time."""


def split(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated setting."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def split_port(address: str) -> tuple[str, int]:
    """Raises ValueError for what is not host:port."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
        raise ValueError(f"{address!r} is not host:port")
    return host, int(port)


def check_addresses(value: str) -> str:
    """A list of host:port or dns:///host:port, at least one. Raises ValueError."""
    for address in split(value):
        split_port(address.removeprefix(ALL_OF))
    if not split(value):
        raise ValueError("at least one host:port is needed")
    return value


def check_redis_url(value: SecretStr) -> SecretStr:
    """Raises ValueError, without the address: it may hold a password."""
    if not value.get_secret_value().startswith(REDIS_SCHEMES):
        raise ValueError("it must begin with redis://, rediss:// or unix://")
    return value


def check_http_url(value: str) -> str:
    """Raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must be http://host:port or https://host:port")
    if parts.port == 0:
        raise ValueError("its port must not be 0")
    return value

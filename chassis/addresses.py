"""Where other processes are, as settings say it: checked at the start, in the same words everywhere."""

from pydantic import SecretStr

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


def split(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated setting."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def check_addresses(value: str) -> str:
    """A list of host:port, at least one. Raises ValueError."""
    for address in split(value):
        host, _, port = address.rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
            raise ValueError(f"{address!r} is not host:port")
    if not split(value):
        raise ValueError("at least one host:port is needed")
    return value


def check_redis_url(value: SecretStr) -> SecretStr:
    """Raises ValueError, without the address: it may hold a password."""
    if not value.get_secret_value().startswith(REDIS_SCHEMES):
        raise ValueError("it must begin with redis://, rediss:// or unix://")
    return value

"""Bearer tokens: in the Authorization header, or for browsers as the sub-protocol `bearer.<token>`."""

import hmac
from collections.abc import Collection, Mapping

_PROTOCOL = "bearer."


class KeyRing:
    """Without keys nobody is asked."""

    def __init__(self, keys: Collection[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def admits(self, headers: Mapping[str, str]) -> bool:
        if not self._keys:
            return True
        token = offered_token(headers).encode()
        # Every key is compared, in constant time, so that timing tells nothing.
        return sum(hmac.compare_digest(token, key) for key in self._keys) > 0


def offered_token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return offered_protocol(headers).removeprefix(_PROTOCOL)


def offered_protocol(headers: Mapping[str, str]) -> str:
    """The sub-protocol that carries the token; it must be echoed when the socket is accepted."""
    offered = headers.get("sec-websocket-protocol", "").split(",")
    return next((p.strip() for p in offered if p.strip().startswith(_PROTOCOL)), "")

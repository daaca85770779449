"""Bearer tokens: in the Authorization header, or for browsers as a sub-protocol.

Sub-protocols are tokens of HTTP, which have no `/`, `=` or blank in them: `bearer.<key>` can carry some keys,
`bearer64.<base64url of the key, without padding>` all.
"""

import base64
import binascii
import hmac
from collections.abc import Collection, Mapping

_PLAIN, _ENCODED = "bearer.", "bearer64."


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
    protocol = offered_protocol(headers)
    if protocol.startswith(_ENCODED):
        return _decode(protocol.removeprefix(_ENCODED))
    return protocol.removeprefix(_PLAIN)


def _decode(text: str) -> str:
    """The key; "" for what is none."""
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def offered_protocol(headers: Mapping[str, str]) -> str:
    """The sub-protocol that carries the token; it must be echoed when the socket is accepted."""
    offered = headers.get("sec-websocket-protocol", "").split(",")
    return next((p.strip() for p in offered if p.strip().startswith((_PLAIN, _ENCODED))), "")

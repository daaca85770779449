"""Bearer tokens: in the Authorization header, or for browsers as a sub-protocol.

A visitor's key opens sockets and inference. An admin key opens everything.

Sub-protocols are tokens of HTTP, which have no `/`, `=` or blank in them: `bearer.<key>` can carry some keys,
`bearer64.<base64url of the key, without padding>` all.
"""

import base64
import binascii
import hmac
from collections.abc import Collection, Mapping
from enum import Enum

_PLAIN, _ENCODED = "bearer.", "bearer64."
LEAST_CHARS = 8
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def read_keys(text: str) -> tuple[str, ...]:
    """The keys of a comma-separated setting, () where it is empty. Raises ValueError, which shows no key."""
    if not text:
        return ()
    if any(ord(mark) < ord(" ") or ord(mark) == 0x7F for mark in text):
        raise ValueError(
            "there is a control character in it, such as a line's end: keys are separated by commas"
        )
    keys = tuple(part.strip() for part in text.split(",") if part.strip())
    if not keys:
        raise ValueError("it is given, but has no key in it: name keys, or leave it out")
    for key in keys:
        if not key.isascii() or " " in key:
            raise ValueError("a key is made of letters, digits and signs of ASCII, without blanks")
        if len(key) < LEAST_CHARS:
            raise ValueError(
                f"a key has {LEAST_CHARS} characters at least, such as `openssl rand -hex 32` makes"
            )
    return keys


class Standing(Enum):
    """What somebody who wants to change the cluster is here."""

    OPERATOR = "operator"
    VISITOR = "visitor"
    """With a key, but no admin key."""
    STRANGER = "stranger"
    NOBODY_IS_ASKED_HERE = "no admin keys"
    """There are no admin keys, and others than the operator can come in: nobody may."""


class KeyRing:
    """Without `keys` nobody is asked. `private`: whoever can reach the door is the operator, keys or not."""

    def __init__(self, keys: Collection[str], admin_keys: Collection[str] = (), private: bool = True) -> None:
        self._keys = [key.encode() for key in keys]
        self._admin_keys = [key.encode() for key in admin_keys]
        self._private = private and not keys

    def admits(self, headers: Mapping[str, str]) -> bool:
        """To sockets and inference."""
        return not self._keys or _is_among(offered_token(headers), [*self._keys, *self._admin_keys])

    def standing(self, headers: Mapping[str, str]) -> Standing:
        """Not asked of the peer's address: behind a proxy on this machine everybody comes from here."""
        token = offered_token(headers)
        if not self._admin_keys:
            return Standing.OPERATOR if self._private else Standing.NOBODY_IS_ASKED_HERE
        if _is_among(token, self._admin_keys):
            return Standing.OPERATOR
        return Standing.VISITOR if _is_among(token, self._keys) else Standing.STRANGER


def _is_among(token: str, keys: Collection[bytes]) -> bool:
    """Every key is compared, in constant time, so that timing tells nothing."""
    offered = token.encode()
    return sum(hmac.compare_digest(offered, key) for key in keys) > 0


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

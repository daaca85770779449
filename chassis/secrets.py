"""Secrets of this process: refused at the start where they cannot be one, and never in anybody's sight.

Libraries put what they were given into their errors: a header, an address with its password. What they say
of a request is therefore never repeated (`words_of`), and what is a secret of ours is taken out of every
text that may carry foreign words (`hide`).
"""

import base64
import json
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from chassis.faults import Fault

LEAST_HIDDEN = 6
"""Shorter ones are part of ordinary words."""
LONGEST = 300
HIDDEN = "…"
_HTTP = {"aiohttp", "anyio", "h11", "h2", "http", "httpcore", "httptools", "httpx", "httpx2", "requests"}
_OTHERS = {"grpc", "hf_xet", "huggingface_hub", "openai", "opentelemetry", "redis", "ssl", "websockets"}
_READERS = {"pydantic", "pydantic_core", "pydantic_settings", "urllib", "urllib3", "uvicorn", "wsproto"}
WIRES = _HTTP | _OTHERS | _READERS
"""Packages that talk to others or read what others sent, and quote it in their errors."""
_known: set[str] = set()


def check_secret(value: str) -> None:
    """Raises ValueError, without the value, for what no header or address can carry."""
    if value.endswith(("\r", "\r\n")):
        raise ValueError(
            "it ends in a carriage return: the file that it comes from has Windows' line ends; "
            "save it with Unix' ones"
        )
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in value):
        raise ValueError("it has a control character (a line end, a tab, …) in it; write it without")
    if value != value.strip():
        raise ValueError("it begins or ends with a blank; write it without")
    if not value.isascii():
        raise ValueError(
            "it has a character that a header cannot carry: only letters, digits and signs of ASCII will do "
            "(in an address, %-encode the others)"
        )


def remember(value: str) -> None:
    """What `hide` takes out from now on: of an address its password, of a list each part."""
    for secret in _secrets_in(value):
        if len(secret) >= LEAST_HIDDEN:
            _known.update({secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]})


def _secrets_in(value: str) -> Iterator[str]:
    if "://" not in value:
        yield value
        for part in value.split(","):
            yield from (part.strip(), unquote(part.partition("=")[2].strip()))
        return
    try:
        user, password = urlsplit(value).username, urlsplit(value).password
    except ValueError:
        user, password = None, value
    if password:
        as_header = f"{unquote(user or '')}:{unquote(password)}".encode()
        yield from (value, password, unquote(password), base64.b64encode(as_header).decode())


def hide(text: str) -> str:
    """The text without this process's secrets."""
    for secret in sorted(_known, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def without_password(url: str) -> str:
    """An address as it may be shown: user, password, query and fragment are left out."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    place = rest.split("?")[0].split("#")[0].rpartition("@")[2]
    return f"{scheme}://{place}"


def words_of(error: BaseException) -> str:
    """What may be told of a failure, in one line: our own words, a library's about its own work, but of
    a request only what kind of failure it was.
    """
    if isinstance(error, Fault):
        return str(error)
    if (failed := _failed_request(error)) is not None:
        return f"a request failed ({type(failed).__name__})"
    return hide(" ".join(str(error).split()))[:LONGEST] or type(error).__name__


def is_about_a_request(error: BaseException) -> bool:
    """Whether its words, or those of what caused it, may quote what was sent or received."""
    return _failed_request(error) is not None


def _failed_request(error: BaseException) -> BaseException | None:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if not isinstance(link, Fault) and _is_of_a_wire(link):
            return link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return None


def _is_of_a_wire(error: BaseException) -> bool:
    if type(error).__module__.partition(".")[0] in WIRES:
        return True
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] in WIRES:
            return True
        trace = trace.tb_next
    return False

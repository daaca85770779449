"""CORS, with what it refuses in the log: a page from elsewhere fails already at its preflight."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from gateway.door import metrics
from gateway.door.refusals import REFUSALS


class LoggedCors(CORSMiddleware):
    """Starlette's, which also notes each preflight that it refuses, for the log and the metrics."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            asks = "access-control-request-method" in headers
            if asks and origin is not None and not self.is_allowed_origin(origin):
                words = "a preflight from this origin fails; add it to CORS_ORIGINS"
                REFUSALS.note(metrics.ORIGIN, HTTPConnection(scope), words)
        await super().__call__(scope, receive, send)

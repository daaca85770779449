"""The page at `/` and its files, with headers by which a browser runs no script of another origin in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from gateway.links.links import Links

WEB = Path(__file__).parents[2] / "web"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self'; script-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=()",
    "Cache-Control": "no-cache",
}


class WebFiles(StaticFiles):
    """The page's files, each with `SECURITY_HEADERS`."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(SECURITY_HEADERS)
        return response


def page_router(describe: Callable[[Links], dict[str, Any]]) -> APIRouter:
    """`describe`: the body for whoever asks for `/` and is no browser."""
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def root(request: Request) -> Response:
        """The page where HTML is asked for, else the description, as JSON."""
        if "text/html" in request.headers.get("accept", ""):
            return FileResponse(WEB / "index.html", headers=SECURITY_HEADERS)
        return JSONResponse(describe(request.app.state.gateway.links))

    return router

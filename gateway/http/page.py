"""The page at `/` and its files; nothing from elsewhere may run in it."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from gateway.http.identity import describe

WEB = Path(__file__).parent.parent / "web"
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
    """The page's files, with the headers that keep it to itself."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(SECURITY_HEADERS)
        return response


def page_router(debug: bool) -> APIRouter:
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def root(request: Request) -> Response:
        """The page for a browser; AI-Talk's description for everything else."""
        if "text/html" in request.headers.get("accept", ""):
            return FileResponse(WEB / "index.html", headers=SECURITY_HEADERS)
        return JSONResponse(describe(request.app.state.gateway.links, debug))

    return router

"""Who may call: no foreign page, a visitor with a key where keys are asked for, the operator."""

from fastapi import HTTPException, Request

from gateway.door import metrics
from gateway.door.keys import Standing
from gateway.door.refusals import REFUSALS

NO_KEY = "a bearer token is needed: Authorization: Bearer <key>"
REFUSALS_OF_ADMIN = {
    Standing.NOBODY_IS_ASKED_HERE: (
        403,
        "this is for the operator alone, and none is known here: set ADMIN_KEYS, and send one of them as "
        "Authorization: Bearer <key>",
    ),
    Standing.VISITOR: (
        403,
        "this is for the operator alone: it needs one of ADMIN_KEYS, not a visitor's key",
    ),
    Standing.STRANGER: (
        401,
        "this is for the operator alone: send one of ADMIN_KEYS as Authorization: Bearer <key>",
    ),
}


async def check_caller(request: Request) -> None:
    """A dependency of what a visitor may do. Raises HTTPException: 401 for the key, 403 for the page."""
    if (refusal := visitor_refusal(request)) is not None:
        raise HTTPException(*refusal)


async def check_admin(request: Request) -> None:
    """A dependency of what changes the cluster or tells what it is made of: the operator's alone.

    Raises HTTPException: 401 without a key, 403 for a visitor's key, a foreign page, or where none is known.
    """
    if (refusal := page_refusal(request)) is not None:
        raise HTTPException(*refusal)
    standing = request.app.state.gateway.keys.standing(request.headers)
    if standing is not Standing.OPERATOR:
        status, words = REFUSALS_OF_ADMIN[standing]
        REFUSALS.note("admin_key", request, words)
        raise HTTPException(status, words)


def visitor_refusal(request: Request) -> tuple[int, str] | None:
    """Status and words for a caller who may not; None for one who may."""
    if (refusal := page_refusal(request)) is not None:
        return refusal
    if request.app.state.gateway.keys.admits(request.headers):
        return None
    REFUSALS.note(metrics.KEY, request, NO_KEY)
    return 401, NO_KEY


def page_refusal(request: Request) -> tuple[int, str] | None:
    """403 and words for a web page of an origin that may not; None for one that may, or no page."""
    headers = request.headers
    refusal = request.app.state.gateway.origins.refusal(headers.get("origin"), headers.get("host", ""))
    if refusal is None:
        return None
    reason, words = refusal
    REFUSALS.note(reason, request, words)
    return 403, words

"""Who may call: no foreign page, a visitor with a key where keys are asked for, the operator."""

from fastapi import HTTPException, Request

from gateway.door.keys import Standing

REFUSALS = {
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
    """For what a visitor may do. Raises HTTPException."""
    check_page(request)
    if not request.app.state.gateway.keys.admits(request.headers):
        raise HTTPException(401, "a bearer token is needed: Authorization: Bearer <key>")


async def check_admin(request: Request) -> None:
    """For what changes the cluster or tells what it is made of. Raises HTTPException."""
    check_page(request)
    standing = request.app.state.gateway.keys.standing(request.headers)
    if standing is not Standing.OPERATOR:
        status, words = REFUSALS[standing]
        raise HTTPException(status, words)


def check_page(request: Request) -> None:
    """Raises HTTPException where a page from elsewhere asks."""
    headers = request.headers
    if not request.app.state.gateway.origins.allows(headers.get("origin"), headers.get("host", "")):
        raise HTTPException(403, "this web page may not do that; add its origin to CORS_ORIGINS")

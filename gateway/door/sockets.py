"""The WebSocket endpoints: refuse before the upgrade, or run a session and close it properly."""

import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace

from fastapi import WebSocket
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect, WebSocketState

from chassis.faults import BackendFault, ClientFault, Overflow, Unsupported
from chassis.logs import bound, get_logger
from gateway.conversation.agent import Agent
from gateway.conversation.effects import CloseReason
from gateway.conversation.notices import ErrorOccurred
from gateway.dialects.dialect import Dialect, Handshake
from gateway.door import metrics as door
from gateway.door.admission import Admission
from gateway.door.keys import KeyRing, offered_protocol, offered_token
from gateway.door.origins import OriginPolicy
from gateway.door.refusals import REFUSALS
from gateway.links.fitness import Mind, loaded_mind, refusal
from gateway.links.stt import Listening
from gateway.session import metrics
from gateway.session.observed import LIVE
from gateway.session.session import Session
from gateway.session.surroundings import Surroundings
from gateway.transports.websocket.socket import StarletteSocket
from gateway.transports.websocket.wire import WebSocketWire
from gateway.transports.wire import Wire, WireClosed

log = get_logger(__name__)
NO_KEY = "a bearer token is needed: Authorization: Bearer <key>"
WRONG_KEY = "this key is none of the gateway's API_KEYS"


class Door:
    """Lets clients in and keeps count of them."""

    def __init__(
        self, around: Surroundings, admission: Admission, origins: OriginPolicy, keys: KeyRing
    ) -> None:
        self._around, self.admission, self._origins, self._keys = around, admission, origins, keys
        self._sessions: set[Session] = set()

    async def welcome(self, websocket: WebSocket, make_dialect: Callable[[], Dialect]) -> None:
        """One client, from its handshake to its close."""
        if (turned_away := self.stranger(websocket)) is not None:
            status, reason, words = turned_away
            door.REFUSED.labels(reason).inc()
            REFUSALS.note(reason, websocket, words)
            await _refuse(websocket, status, words)
            return
        try:
            await self._let_in(websocket, make_dialect())
        except BackendFault as fault:
            REFUSALS.note("not_admitted", websocket, str(fault))
            await _refuse(websocket, 503, str(fault))
        except WebSocketDisconnect:
            log.info("client left during the handshake")

    def stranger(self, asked: HTTPConnection) -> tuple[int, str, str] | None:
        """HTTP's status, the reason and the words for one who may not come in; None for one who may."""
        headers = asked.headers
        if (refusal := self._origins.refusal(headers.get("origin"), headers.get("host", ""))) is not None:
            return (403, *refusal)
        if not self._keys.admits(headers):
            return 401, door.KEY, WRONG_KEY if offered_token(headers) else NO_KEY
        return None

    async def _let_in(self, websocket: WebSocket, dialect: Dialect) -> None:
        """Raises a BackendFault, before the upgrade, when no place is free."""
        protocol = offered_protocol(websocket.headers) or None
        wire = WebSocketWire(StarletteSocket(websocket))
        try:
            options = dialect.open(Handshake(websocket.url.path, websocket.query_params))
            check_agents(options.agents, loaded_mind(self._around.links.statuses["llm"]))
        except ClientFault as fault:
            door.REFUSED.labels(door.HANDSHAKE).inc()
            REFUSALS.note(door.HANDSHAKE, websocket, str(fault))
            await websocket.accept(subprotocol=protocol)
            await _turn_away(wire, dialect, str(fault))
            return
        options = replace(options, language=options.language or self._around.language)
        name = str(uuid.uuid4())
        ip = websocket.client.host if websocket.client else "?"
        asked = Listening(options.language, options.ends_speech_by)
        async with self.admission.place(ip, name, asked) as hearing:
            earlier = await self._around.memory.said(options.continues) if options.continues else ()
            await websocket.accept(subprotocol=protocol)
            session = Session(name, wire, dialect, options, self._around, hearing, earlier)
            await self._talk(session, dialect)

    async def _talk(self, session: Session, dialect: Dialect) -> None:
        self._sessions.add(session)
        reason = CloseReason.INTERNAL
        metrics.count_from_zero(dialect.name)
        counted = metrics.SESSIONS.labels(dialect.name).track_inprogress()
        with bound(session=session.id), counted, LIVE.showing(session.id, session.reading):
            try:
                log.info("session opened", dialect=dialect.name)
                reason = await session.run()
            finally:
                self._sessions.discard(session)
                metrics.note_end(dialect.name, reason, session.observed.faults)
                log.info("session ended", reason=reason.value)

    def send_all_away(self) -> None:
        for session in self._sessions:
            session.leave()


def check_agents(agents: Iterable[Agent], mind: Mind | None) -> None:
    """Raises Unsupported for an agent that must not speak with the model that is loaded."""
    for agent in agents:
        if mind is not None and (words := refusal(agent, mind)):
            raise Unsupported(words)


async def _refuse(websocket: WebSocket, status: int, words: str) -> None:
    """An HTTP answer instead of the upgrade."""
    if websocket.application_state is not WebSocketState.CONNECTING:
        return
    headers = {"Retry-After": str(random.randint(1, 10))} if status == 503 else {}
    await websocket.send_denial_response(JSONResponse({"error": words}, status, headers))


async def _turn_away(wire: Wire, dialect: Dialect, words: str) -> None:
    """The handshake's wishes cannot be met: a page can read this, unlike a refused upgrade."""
    code, _ = dialect.close(CloseReason.NOT_ALLOWED)
    try:
        for message in dialect.encode(ErrorOccurred("bad_handshake", words)):
            wire.send(message)
        await wire.close(code, words)
    except (WireClosed, Overflow):
        pass

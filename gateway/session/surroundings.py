"""What every session of a gateway shares."""

from dataclasses import dataclass

from gateway.conversation.limits import Limits
from gateway.event_log.event_logs import EventLogs
from gateway.links.links import Links
from gateway.memory.redis_memory import RedisMemory
from gateway.session.wheel import Wheel


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`owner` names this gateway in the session records. `wheel`: the clock that paces all of them."""

    links: Links
    memory: RedisMemory
    limits: Limits
    wheel: Wheel
    owner: str
    profile: str
    language: str = "en"
    """Of sessions whose client names none."""
    event_logs: EventLogs | None = None
    """Of sessions whose client asks for one; None: nobody has one."""

"""What every session of a gateway shares."""

from dataclasses import dataclass

from gateway.conversation.limits import Limits
from gateway.links.links import Links
from gateway.memory.redis_memory import RedisMemory


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`owner` names this gateway in the session records."""

    links: Links
    memory: RedisMemory
    limits: Limits
    owner: str
    profile: str

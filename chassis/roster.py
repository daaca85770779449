"""The replicas of a service: those that the settings name, and those that stand behind a name of theirs.

`dns:///stt:50051` means every address of that name. It is asked again and again, so that a cluster that
grows or shrinks is followed without a new start. The name brings replicas in, silence takes them out: one
that the name has lost but that answers still is kept, for conversations may be open there, and whether it
takes new ones it says itself. So an answer that is late, cut short, empty or not there at all harms nobody.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from chassis.addresses import ALL_OF, split_port
from chassis.deadlines import within
from chassis.faults import TooSlow
from chassis.logs import get_logger
from chassis.secrets import words_of
from chassis.tasks import end, task_group
from chassis.threads import run_beside

log = get_logger(__name__)
LOOK_AGAIN_S = 5.0
ASK_S = 5.0
NOBODY = (socket.EAI_NONAME, socket.EAI_NODATA)
"""The name server says that there is no such name, or no address of it."""


class Member(Protocol):
    """One replica, seen from a caller."""

    address: str

    @property
    def silent(self) -> bool:
        """It does not answer."""
        ...

    async def run(self) -> None:
        """Keep in touch until cancelled."""
        ...


M = TypeVar("M", bound=Member)
Find = Callable[[str], Awaitable[frozenset[str]]]


async def find(name: str) -> frozenset[str]:
    """Every host:port behind dns:///host:port, none where there is no such name.

    Of one family, that of the first answer: a process with an address of each is one replica. Raises OSError,
    TooSlow or ValueError when nobody can say.
    """
    host, port = split_port(name.removeprefix(ALL_OF))
    try:
        async with within(ASK_S, f"looking up {host}"):
            answers = await run_beside(
                lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), lambda _: None, "dns"
            )
    except socket.gaierror as error:
        if error.errno in NOBODY:
            return frozenset()
        raise
    return frozenset(
        f"[{place[0]}]:{port}" if family == socket.AF_INET6 else f"{place[0]}:{port}"
        for family, _, _, _, place in answers
        if family == answers[0][0]
    )


class Roster(Generic[M]):
    """`members` are those known now: at once those with an address of their own, the others while it runs."""

    def __init__(self, addresses: Sequence[str], make: Callable[[str], M], find: Find = find) -> None:
        self._make, self._find = make, find
        self._names = [address for address in addresses if address.startswith(ALL_OF)]
        self._fixed = frozenset(addresses) - frozenset(self._names)
        self._found: dict[str, frozenset[str]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.members = [make(address) for address in addresses if address in self._fixed]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(member.address for member in self.members)

    async def run(self) -> None:
        async with task_group() as group:
            try:
                for member in self.members:
                    self._start(member, group)
                while True:
                    async with task_group() as asking:
                        for name in self._names:
                            asking.create_task(self._ask(name))
                    self._follow(group)
                    await asyncio.sleep(LOOK_AGAIN_S)
            finally:
                await end(self._tasks)
                self._running.clear()

    async def _ask(self, name: str) -> None:
        reason = "nobody is there"
        try:
            self._found[name] = await self._find(name)
        except (OSError, TooSlow, ValueError) as error:
            # What was found before stays: a DNS server that is away is no reason to hang up.
            reason = words_of(error)
        if not self._found.get(name):
            log.warning("no replica found", peer=name, reason=reason)

    def _follow(self, group: asyncio.TaskGroup) -> None:
        named = self._fixed.union(*self._found.values())
        known = set(self.addresses)
        for member in self.members:
            if member.address not in named and member.silent:
                self._running.pop(member.address).cancel()
                log.info("replica gone", peer=member.address)
        self.members = [member for member in self.members if member.address in self._running]
        for address in sorted(named - known):
            member = self._make(address)
            self.members.append(member)
            self._start(member, group)
            log.info("replica found", peer=address)

    def _start(self, member: M, group: asyncio.TaskGroup) -> None:
        task = group.create_task(member.run())
        self._running[member.address] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

"""A reply in the making, on links in memory, and the services that make it."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from gateway.conversation import events as e
from gateway.conversation.agent import TUTOR
from gateway.conversation.items import ChatMessage
from gateway.links import llm, tts
from gateway.session.reply_run import ReplyRun
from protos.parley.v1 import llm_pb2, tts_pb2
from tests.unit.gateway.links.rigged import RiggedLink

QUESTION = (ChatMessage("system", "be kind"), ChatMessage("user", "hello"))
SOUND = tts_pb2.SpeechEvent(audio=tts_pb2.SpeechAudio(pcm=bytes(480)))
SPOKEN = tts_pb2.SpeechEvent(finished=tts_pb2.SpeechFinished(samples=240))
WRITTEN = llm_pb2.ChatEvent(finished=llm_pb2.ChatFinished(reason="stop"))


def words(text: str) -> llm_pb2.ChatEvent:
    return llm_pb2.ChatEvent(delta=text)


class Silent:
    """A playout that takes everything at once."""

    def begin(self, reply: int, turn: int) -> None: ...
    def finish(self, reply: int) -> None: ...
    def flush(self, reply: int) -> None: ...
    def play(self, reply: int, pcm: bytes, room: Callable[[], None]) -> bool:
        room()
        return bool(reply and pcm)


class Rig:
    """A reply in the making, and the services that make it."""

    def __init__(
        self, llm_slots: tuple[int, ...] = (4,), tts_slots: tuple[int, ...] = (4,), home: str = ""
    ) -> None:
        self.llm = RiggedLink("llm", llm.WIRE, llm_slots)
        self.tts = RiggedLink("tts", tts.WIRE, tts_slots)
        self.posted: list[e.Event] = []
        links: Any = SimpleNamespace(llm=self.llm, tts=self.tts)
        playout: Any = Silent()
        self.run = ReplyRun(1, 1, "s1", TUTOR, "en", links, playout, self.posted.append, lambda: 1.0, home)

    def start(self, group: asyncio.TaskGroup, messages: tuple[ChatMessage, ...] = QUESTION) -> None:
        self.run.start_text(group, messages, "beginner")
        self.run.start_speech(group)

    @property
    def alive(self) -> int:
        return self.llm.alive + self.tts.alive

    def sent_to(self, link: RiggedLink, name: str) -> list[str]:
        """The texts that wait on the lanes of one replica."""
        replica = next(replica for replica in link.rigged if replica.address == name)
        return [
            item.text
            for lane in replica.lanes.trunk.lanes.values()
            for item, _ in lane._outbox
            if item.HasField("text")
        ]


async def passes(times: int = 6) -> None:
    for _ in range(times):
        await asyncio.sleep(0)

"""History holds what a listener had heard when they spoke over a reply, to a word more or less."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from chassis.tasks import task_group
from gateway.conversation.limits import Limits
from gateway.dialects.ai_talk import AiTalkDialect
from gateway.dialects.dialect import Dialect
from gateway.dialects.parley import ParleyDialect
from protos.parley.v1 import llm_pb2, tts_pb2
from tests.support.mutants import mutated
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.links.rigged import Peer
from tests.unit.gateway.session.staged import Stage, staged
from tests.unit.gateway.session.standins import RATE, Sent, writes

SEEDS = range(12)
LIMITS = Limits(idle_s=60.0)
NOUNS = [
    *("tea", "rain", "bread", "music", "water", "summer", "garden", "window", "letter", "morning"),
    *("river", "story", "cat", "dog", "train"),
]
WORD_S = (0.15, 0.6)
BARGES_S = (0.3, 2.0)
"""After the first sound."""
REPORT_S = 0.1


@dataclass
class Voice:
    """Speaks words of random length; `starts`: where each begins, in samples."""

    rng: random.Random
    starts: list[int]
    position: int = 0

    def __call__(self, peer: Peer, lane: int, item: tts_pb2.SpeakItem) -> None:
        for word in item.text.split() if item.HasField("text") else ():
            samples = int(self.rng.uniform(*WORD_S) * RATE)
            spoken = tts_pb2.SpokenWord(text=word, start_sample=self.position)
            self.starts.append(self.position)
            self.position += samples
            audio = tts_pb2.SpeechAudio(pcm=bytes(2 * samples), words=[spoken])
            peer.say(tts_pb2.SpeechEvent(audio=audio), lane)
        if item.HasField("end"):
            finished = tts_pb2.SpeechFinished(samples=self.position)
            peer.say(tts_pb2.SpeechEvent(finished=finished), lane)


@dataclass
class Listener:
    """A client's speaker. What is sent reaches it `delay_s` later; it begins `begins_s` after the first."""

    stage: Stage
    delay_s: float
    begins_s: float

    def played(self, now: float) -> int:
        """Samples of the reply that have sounded by then."""
        played = buffered = since = 0.0
        held = False
        frames = self.stage.audio
        begins = frames[0].at + self.delay_s + self.begins_s if frames else now
        for sent in [*self.stage.socket.sent, Sent(now - self.delay_s, "{}")]:
            at = sent.at + self.delay_s
            if at > now:
                break
            sounded = 0.0 if held else min(max(at - max(since, begins), 0.0) * RATE, buffered)
            played, buffered, since = played + sounded, buffered - sounded, at
            if isinstance(sent.message, bytes):
                buffered += len(sent.message) / 2
                continue
            kind = sent.fields.get("type")
            held = kind == "hold" or (held and kind != "resume")
            if kind == "flush" or sent.fields.get("interrupted"):
                buffered = 0.0
        return int(played)

    async def report(self, turn: int) -> None:
        """Now and then, and once more at once when the sound is flushed."""
        while not self.stage.messages("flush"):
            await asyncio.sleep(REPORT_S)
            self.tell(turn)
        await asyncio.sleep(self.delay_s)
        self.tell(turn)

    def tell(self, turn: int) -> None:
        now = asyncio.get_running_loop().time()
        self.stage.socket.tell("playback", turn=turn, played_ms=self.played(now) * 1000 / RATE)


@dataclass(frozen=True)
class Client:
    make: Callable[[], Dialect]
    reports: bool
    delay_s: float
    begins_s: float = 0.0


CLIENTS = {
    "it reports": Client(ParleyDialect, reports=True, delay_s=0.06),
    "it reports, and begins late": Client(ParleyDialect, reports=True, delay_s=0.06, begins_s=1.0),
    "it does not report": Client(ParleyDialect, reports=False, delay_s=0.04),
    "it cannot": Client(AiTalkDialect, reports=False, delay_s=0.04),
}


async def barge_in(client: Client, seed: int, holds_first: bool) -> tuple[str, str, int]:
    """What history says was heard, what the reply was, and how many words of it the listener had heard."""
    rng = random.Random(seed)
    reply = " ".join(rng.sample(NOUNS, len(NOUNS))) + "."
    voice = Voice(rng, [])
    async with staged(client.make(), reply=reply, limits=LIMITS) as stage, task_group() as group:
        prompts = note_prompts(stage, reply)
        stage.tts.peers[0].script = voice
        listener = Listener(stage, client.delay_s, client.begins_s)
        await stage.say("tell me something")
        if client.reports:
            group.create_task(listener.report(1))
        await stage.later(client.begins_s + rng.uniform(*BARGES_S))
        if holds_first:
            stage.notice_voice()
            await stage.later(rng.uniform(0.05, 0.4))
            stage.dismiss_voice()
            await stage.later(rng.uniform(0.5, 2.0))
        stage.notice_voice()
        await stage.later(0.15)
        stage.interrupt("but what about me")
        await stage.later(1)
        (entry,) = stage.memory.turns
        heard = listener.played(asyncio.get_running_loop().time())
        stage.end_speech()
        stage.understand("but what about me")
        await stage.later(0.1)
        told = [message.content for message in prompts[-1].messages]
        assert told[-2:] == [entry.heard_text, "but what about me"]
        assert entry.interrupted
    return entry.heard_text, reply, sum(start < heard for start in voice.starts)


def note_prompts(stage: Stage, reply: str) -> list[llm_pb2.Prompt]:
    """What the language model is asked, each time; it always says the same."""
    prompts: list[llm_pb2.Prompt] = []
    answer = writes(reply)

    def script(peer: Peer, lane: int, item: llm_pb2.ChatItem) -> None:
        prompts.append(item.prompt)
        answer(peer, lane, item)

    stage.llm.peers[0].script = script
    return prompts


def check(client: Client, seed: int, holds_first: bool) -> None:
    heard_text, reply, words = run_virtual(barge_in(client, seed, holds_first))
    assert reply.startswith(heard_text)
    assert abs(len(heard_text.split()) - words) <= 1, f"{words} words were heard of: {heard_text}"
    assert 0 < words < len(reply.split()), "nothing was cut"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("holds_first", [False, True], ids=["at once", "held before"])
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_after_a_barge_in_history_holds_the_words_heard(client: Client, holds_first: bool, seed: int) -> None:
    check(client, seed, holds_first)


FAULTS = {
    "all that was sent counts as heard": (
        "gateway.audio.pacer",
        "max(self.sent - round(ahead_s * self.rate), 0)",
        "self.sent + 12_000",
    ),
    "reports are not believed": (
        "gateway.session.playout",
        "        if turn != self._turn:\n            return\n",
        "        return\n",
    ),
    "the cut is a second late": (
        "gateway.conversation.reply",
        "word.start_sample < self.played_samples]",
        "word.start_sample < self.played_samples + 24_000]",
    ),
    "only three words have times": (
        "gateway.conversation.reply",
        "        heard = [word.text for word in self.words if",
        "        heard = [word.text for word in self.words[:3] if",
    ),
}


def check_all() -> None:
    for seed in SEEDS:
        for client in CLIENTS.values():
            for holds_first in (False, True):
                check(client, seed, holds_first)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_history_that_says_otherwise_is_noticed(fault: str) -> None:
    with mutated(*FAULTS[fault]), pytest.raises(AssertionError, match="words"):
        check_all()

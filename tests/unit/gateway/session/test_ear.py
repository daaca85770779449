"""What nobody can hear is counted, and when a speech began is known."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis.faults import BackendFault, Fault, InvalidArgument, NoSlot, Overflow, Unsupported
from gateway.audio.microphone import Microphone
from gateway.conversation import events as e
from gateway.links import stt
from gateway.links.stt import Listening
from gateway.session.ear import Ear
from protos.parley.v1 import stt_pb2
from protos.sound import HEARD_RATE
from tests.support.leaks import run
from tests.support.measured import moving


def make(microphone: Microphone, posted: list[e.Event]) -> Ear:
    nowhere: Any = None
    return Ear(nowhere, "s1", Listening("en"), microphone, posted.append, lambda: 5.0)


def test_what_is_said_while_no_lane_is_open_is_counted_in_seconds() -> None:
    ear = make(Microphone(0.7), [])
    with moving("parley_dropped_audio_seconds_total", path="microphone") as dropped:
        ear.hear(bytes(HEARD_RATE // 2 * 2))
        ear.hear(bytes(HEARD_RATE // 4 * 2))
    assert dropped.by == pytest.approx(0.75)


def test_a_speech_began_with_its_first_voiced_sample_not_with_its_being_noticed() -> None:
    microphone, posted = Microphone(0.7), list[e.Event]()
    ear = make(microphone, posted)
    microphone.heard(HEARD_RATE, at=4.9)
    started = stt_pb2.SpeechStarted(utterance=1, sample=HEARD_RATE - HEARD_RATE // 4)
    ear._translate(stt_pb2.ListenEvent(speech_started=started))
    assert ear.voiced_at == pytest.approx(4.65)
    assert posted == [e.UserSpeechStarted(5.0, 1)]


class Lanes:
    """A link whose lanes end with these faults, one after another; the last one again and again."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = list(faults)
        self.opened = 0

    def open(self, first: stt_pb2.ListenItem, session: str) -> "Lanes":
        assert (session, first.config.language) == ("s1", "de")
        self.opened += 1
        return self

    def send(self, item: object, urgent: bool = True) -> None:
        pass

    def cancel(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[stt_pb2.ListenEvent]:
        raise self._faults.pop(0) if len(self._faults) > 1 else self._faults[0]
        yield


def listen(lanes: Lanes, posted: list[e.Event]) -> Ear:
    link: Any = lanes
    return Ear(link, "s1", Listening("de"), Microphone(0.7), posted.append, lambda: 5.0)


@pytest.mark.parametrize(
    "fault", [Unsupported("it understands en, not 'de'"), InvalidArgument("no language")]
)
def test_a_service_that_refuses_is_not_asked_again_and_what_is_said_then_is_not_dropped(fault: Fault) -> None:
    lanes, posted = Lanes(fault), list[e.Event]()
    ear = listen(lanes, posted)
    with capture_logs() as logs:
        run(ear.run(), timeout_s=5)
    assert posted == [e.HearingLost(5.0, str(fault), refused=True)]
    assert lanes.opened == 1
    assert [entry["log_level"] for entry in logs] == ["info"], "a client's fault"
    with moving("parley_dropped_audio_seconds_total", path="microphone") as dropped:
        ear.hear(bytes(HEARD_RATE * 2))
        ear.flush()
    assert dropped.by == 0


def test_a_refusal_is_told_also_to_whom_the_loss_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.session.ear.REOPEN_S", 0.001)
    lanes, posted = Lanes(NoSlot("full"), NoSlot("full"), Unsupported("not 'de'")), list[e.Event]()
    run(listen(lanes, posted).run(), timeout_s=5)
    assert posted == [e.HearingLost(5.0, "full"), e.HearingLost(5.0, "not 'de'", refused=True)]


@pytest.mark.parametrize("fault", [BackendFault("away"), Overflow("too much")])
def test_any_other_loss_is_no_refusal_and_a_lane_is_opened_anew(
    monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("gateway.session.ear.REOPEN_S", 0.001)
    lanes, posted = Lanes(fault), list[e.Event]()
    ear = listen(lanes, posted)

    async def main() -> None:
        running = asyncio.create_task(ear.run())
        async with asyncio.timeout(5):
            while lanes.opened < 3:
                await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.wait([running])

    run(main())
    assert posted == [e.HearingLost(5.0, str(fault))]
    with moving("parley_dropped_audio_seconds_total", path="microphone") as dropped:
        ear.hear(bytes(HEARD_RATE * 2))
    assert dropped.by == 1


class Living(Lanes):
    """A lane that is heard until it is cancelled."""

    peer = "old:1"

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()
        self.items: list[object] = []
        self.leaving = ""

    def is_leaving(self, address: str) -> bool:
        return address == self.leaving

    def send(self, item: object, urgent: bool = True) -> None:
        assert not urgent, "audio waits for company"
        self.items.append(item)

    def cancel(self) -> None:
        self.over.set()

    async def __aiter__(self) -> AsyncIterator[stt_pb2.ListenEvent]:
        await self.over.wait()
        return
        yield


def test_the_lane_that_was_reserved_is_the_first_to_be_heard_on() -> None:
    async def main() -> None:
        link, reserved = Living(), Living()
        any_link: Any = link
        any_lane: Any = reserved
        ear = Ear(any_link, "s1", Listening("de"), Microphone(0.7), lambda _: None, lambda: 5.0, any_lane)
        running = asyncio.create_task(ear.run())
        await asyncio.sleep(0.01)
        ear.hear(bytes(320))
        assert (len(reserved.items), link.opened) == (1, 0)
        running.cancel()
        await asyncio.wait([running])
        assert reserved.over.is_set()

    run(main())


def test_hearing_moves_at_once_and_in_silence_when_its_replica_leaves() -> None:
    async def main() -> None:
        posted = list[e.Event]()
        link, reserved = Living(), Living()
        any_link: Any = link
        any_lane: Any = reserved
        ear = Ear(any_link, "s1", Listening("de"), Microphone(0.7), posted.append, lambda: 5.0, any_lane)
        running = asyncio.create_task(ear.run())
        await asyncio.sleep(0.01)
        ear.move_if_leaving()
        assert not reserved.over.is_set(), "nobody leaves"
        link.leaving = reserved.peer
        ear.move_if_leaving()
        assert reserved.over.is_set()
        await asyncio.sleep(0.01)
        ear.hear(bytes(320))
        assert (len(link.items), link.opened, posted) == (1, 1, [])
        running.cancel()
        await asyncio.wait([running])

    run(main())


def test_the_service_is_asked_for_what_ends_the_turns_of_this_session() -> None:
    asked = stt.config(Listening("de", "manual")).config
    assert (asked.language, asked.end_of_turn) == ("de", "manual")
    assert stt.config(Listening("de")).config.end_of_turn == ""


def test_it_passes_on_that_the_recogniser_doubts_its_words() -> None:
    posted = list[e.Event]()
    ear = make(Microphone(0.7), posted)
    for utterance, unsure in ((1, True), (2, False)):
        final = stt_pb2.FinalTranscript(utterance=utterance, text="and chorus", unsure=unsure)
        ear._translate(stt_pb2.ListenEvent(final=final))
    assert posted == [
        e.TranscriptFinished(5.0, 1, "and chorus", unsure=True),
        e.TranscriptFinished(5.0, 2, "and chorus"),
    ]

"""The tests of the whole session must notice faults: each hand-made one below turns them red."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from hypothesis import strategies as st

from gateway.dialects.dialect import Dialect
from tests.support.mutants import always_alike, mutated
from tests.unit.gateway.conversation.scripts import Move
from tests.unit.gateway.session import (
    test_session,
    test_session_ends,
    test_session_played,
    test_session_services,
)
from tests.unit.gateway.session.playing import SCRIPTS
from tests.unit.gateway.session.test_session_properties import DIALECTS, play_through

SESSION = "gateway.session."
WIRE = "gateway.transports.websocket.wire"
FAULTS: dict[str, tuple[str, str, str]] = {
    "a flush leaves what waits for the socket": (
        "effects",
        "                self._playout.note_dropped(self._wire.clear(reply))\n",
        "",
    ),
    "a flush leaves the reply alive": (
        "playout",
        "            self._alive = False\n            metrics",
        "            metrics",
    ),
    "a reply that is cancelled keeps its voice's lane": (
        "reply_run",
        "        if self._speech is not None:\n            self._speech.cancel()\n",
        "",
    ),
    "a reply that is cancelled keeps its text's lane": ("reply_run", "        self.cancel_text()\n", ""),
    "the end of a session commits nothing": ("session", "            self._decider.end,\n", ""),
    "the end of a session is not remembered": ("session", '        self._remember("closed")\n', ""),
    "a turn is remembered twice": (
        "effects",
        "                self.commit(effect)\n",
        "                self.commit(effect)\n                self.commit(effect)\n",
    ),
    "an analysis outlives its session": (
        "effects",
        "group.create_task(self._analyze(utterances, variant))",
        "self._kept = asyncio.ensure_future(self._analyze(utterances, variant))",
    ),
    "a deadline stays set after the end": (
        "decider",
        "        self._disarm()\n        with suppress",
        "        with suppress",
    ),
    "the hearing keeps a lane that it has left": ("ear", "            lane.cancel()\n", ""),
    "hearing moves in the middle of a sentence": (
        "session",
        "if self._conversation.phase is Phase.LISTENING:",
        "if True:",
    ),
    "a stalled microphone is not noticed": (
        "session",
        "if self._listener.stalled():",
        "if False:",
    ),
    "floods are read as they come": ("listener", "asyncio.sleep(min(wait_s, LOOK_S))", "asyncio.sleep(0)"),
    "sound in small pieces may come at any pace": (
        "listener",
        " or not self._sound.has(PIECE_S, now)",
        "",
    ),
    "who is held back and leaves is waited for": (
        "listener",
        "        if wire.has_left():",
        "        if False:",
    ),
    "a slow reader's memory is not bounded in time": (WIRE, "within(SEND_S,", "within(1e6,"),
    "a session that should close says nothing": (
        "session",
        "                await self._wire.close(code, words)\n",
        "                pass\n",
    ),
    "the close overtakes what waits": (
        WIRE,
        "        await self.run()\n        await self._socket.close(code, reason)\n",
        "        await self._socket.close(code, reason)\n        await self.run()\n",
    ),
    "rubbish may be sent for ever": ("reader", "self._faults >= MAX_CLIENT_FAULTS", "False"),
    "controls may come at any pace": (
        "reader",
        "max(wait_s, self._controls.take(1, now))",
        "wait_s",
    ),
    "a bucket never fills again": ("rates", "self._left + (now - self._at) * self._rate", "self._left"),
    "text of a reply is not kept for another voice": (
        "speech_run",
        "            self._given.append(item)\n",
        "            pass\n",
    ),
    "nobody else is asked for a late reply": (
        "effects",
        "                run.ask_again(group, late)\n",
        "                pass\n",
    ),
    "an interruption does not ask how much was heard": (
        "decider",
        "            self._playout.tell_progress()\n        self._put(event)",
        "            pass\n        self._put(event)",
    ),
    "what the client says of a stopped reply is not listened to": (
        "playout",
        "            self._tell_played(min(samples, self._pacer.sent))",
        "            pass",
    ),
    "a deadline is never looked at again": (
        "decider",
        "            self._arm()\n        except",
        "        except",
    ),
    "a deadline that comes earlier is not seen": ("decider", " or due < self._armed_for:", ":"),
    "text that waited for company is lost": (
        "joined_text",
        "            self._tell(waits)\n",
        "            pass\n",
    ),
    "the wheel forgets who asked again": (
        "wheel",
        "            self._wheel.call_at(due, self)",
        "            pass",
    ),
    "a wire without reports waits for one": (
        "session",
        " if wire.reports_playback else 0.0",
        "",
    ),
    "sound that waits for its text is taken for one that is not played": (
        "gateway.conversation.answering",
        " and not reply.holds_sound(self._limits)",
        "",
    ),
    "the last of the sound is played out before its end is told": (
        "playout",
        'self._add(self._resampler.feed(b"", last=True))',
        'self._push(self._resampler.feed(b"", last=True))',
    ),
    "sound does not wait for the text": (
        "playout",
        "return self._awaits_text or self._held_up()",
        "return self._held_up()",
    ),
    "what waits for the text is never played": (
        "decider",
        "            self._playout.text_ended(notice.reply)\n",
        "            pass\n",
    ),
}
STORIES = [
    story
    for module in (test_session, test_session_services, test_session_ends, test_session_played)
    for name, story in vars(module).items()
    if name.startswith("test_") and not hasattr(story, "pytestmark") and "two_hours" not in name
]


MODULES = sorted({name for name, _, _ in FAULTS.values()})


def module_of(name: str) -> str:
    return name if "." in name else SESSION + name


def play_script(script: list[Move], make_dialect: Callable[[], Dialect]) -> None:
    play_through(script, make_dialect)


def play_everything() -> None:
    """What a fault has to get past: the stories, then scripts."""
    for story in STORIES:
        story()
    always_alike(200, play_script, SCRIPTS, st.sampled_from(DIALECTS))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(fault: str) -> None:
    name, old, new = FAULTS[fault]
    with mutated(module_of(name), old, new), pytest.raises(Exception):  # noqa: B017, PT011
        play_everything()


def test_files_that_are_replaced_by_themselves_are_no_fault() -> None:
    with ExitStack() as stack:
        for name in MODULES:
            stack.enter_context(mutated(module_of(name), "\n", "\n"))
        for story in STORIES:
            story()


def test_nothing_is_found_in_the_original() -> None:
    play_everything()

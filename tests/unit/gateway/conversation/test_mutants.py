"""The property tests must notice faults: each hand-made one below turns them red."""

import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import gateway.conversation.conversation as original
from tests.unit.gateway.conversation.referee import Referee
from tests.unit.gateway.conversation.scripts import SCRIPTS, Move

SOURCE = Path(original.__file__).read_text()

FAULTS: dict[str, tuple[str, str]] = {
    "stale events are let in": (
        "stale = isinstance(event, e.ReplyEvent) and (self.reply is None or event.turn != self.reply.turn)",
        "stale = isinstance(event, e.ReplyEvent) and self.reply is None",
    ),
    "barge-in does not flush": ("            self._emit(c.FlushPlayback(self.reply.turn))\n", ""),
    "barge-in does not cancel": (
        "            self._emit(c.CancelReply(self.reply.turn))\n            self._close_turn",
        "            self._close_turn",
    ),
    "a barge-in keeps the turn number": (
        "is not Phase.USER_TURN:\n            self.turn += 1\n            self._hearing",
        "is Phase.LISTENING:\n            self.turn += 1\n            self._hearing",
    ),
    "an interrupted turn is not committed": (
        "            self._close_turn(self.reply, interrupted=True)",
        "            self.reply = None",
    ),
    "an interrupted turn is committed as if all was heard": (
        "        heard = reply.heard_text()",
        "        heard = reply.heard_text() if not interrupted else reply.text + ' and more'",
    ),
    "history keeps what was written, not what was heard": (
        "        self.history.add_reply(heard)",
        "        self.history.add_reply(reply.text + '!')",
    ),
    "an empty reply passes in silence": (
        "        if not reply.text.strip():\n            self._apologise(at, reply)\n            return\n",
        "",
    ),
    "thinking has no deadline": (
        "        self._deadline = at + self.limits.first_text_s",
        "        self._deadline = None",
    ),
    "a late text is waited for ever": (
        '            self._fail_text(now, reply, "", e.Failure.LATE)',
        "            self._deadline = now + 1",
    ),
    "a lost voice leaves the turn open": (
        "(c.CancelSpeech(reply.turn))\n        if reply.text_done:\n            self._complete(at, reply)",
        "(c.CancelSpeech(reply.turn))\n        if reply.text_done:\n            self._deadline = at + 1e9",
    ),
    "speech that never ends is waited for ever": (
        "            self._emit(c.FlushPlayback(reply.turn))\n            self._complete(now, reply)",
        "            self._deadline = now + 5",
    ),
    "a client that plays nothing is waited for ever": (
        "            self._interrupt()\n            self._listen(now)\n\n    def _enter",
        "            self._deadline = now + 5\n\n    def _enter",
    ),
    "what arrived counts as heard": (
        "            self._interrupt()\n            self._listen(now)\n\n    def _enter",
        "            reply.played_samples = reply.audio_samples\n            self._interrupt()\n"
        "            self._listen(now)\n\n    def _enter",
    ),
    "replica after replica is asked": (
        "            and not (reply.text or reply.asked_again)\n",
        "            and not reply.text\n",
    ),
    "a reply that has begun is asked again": (
        "            and not (reply.text or reply.asked_again)\n",
        "            and not reply.asked_again\n",
    ),
    "a reply that has been heard is spoken again": (
        "            and not (reply.audio_samples or reply.spoken_again)\n",
        "            and not reply.spoken_again\n",
    ),
    "a cough loses the answer": ("        elif self._unanswered:\n", "        elif False:\n"),
    "a turn is completed twice": (
        "        self._close_turn(reply, interrupted=False)",
        "        self._close_turn(reply, interrupted=False)\n"
        "        self._emit(c.CompleteTurn(reply.turn, False, '', 0))",
    ),
    "the user's words are lost from the prompt": ("        self.history.add_user(text)\n", ""),
    "a missing final is waited for ever": (
        "                self._conclude_deaf(now)\n            case Phase.THINKING",
        "                self._deadline = now + 5\n            case Phase.THINKING",
    ),
    "typed text does not take the floor": (
        '            self._interrupt()\n        said = ""',
        '            pass\n        said = ""',
    ),
}


def mutate(old: str, new: str) -> Any:
    """The Conversation class of the mutated source. The fault must still fit the source."""
    assert old in SOURCE, f"this fault no longer fits the source: {old!r}"
    module = types.ModuleType("mutant")
    exec(compile(SOURCE.replace(old, new), "mutant.py", "exec"), module.__dict__)
    return module.Conversation


@contextmanager
def judged(conversation: Any) -> Iterator[Any]:
    @seed(7)
    @settings(
        max_examples=1500,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(SCRIPTS)
    def judge(script: list[Move]) -> None:
        Referee(conversation).play(script)

    yield judge


@pytest.mark.parametrize("fault", FAULTS)
def test_the_property_tests_notice(fault: str) -> None:
    with judged(mutate(*FAULTS[fault])) as judge, pytest.raises((AssertionError, AttributeError, TypeError)):
        judge()


def test_they_find_nothing_in_the_original() -> None:
    with judged(original.Conversation) as judge:
        judge()

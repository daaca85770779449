"""Around Kyutai's voice, without it: who is stepped when, and whose the sound is."""

from collections import deque
from collections.abc import Sequence

import pytest

from chassis.metrics import REGISTRY
from tts_service.engines import moshi_slots
from tts_service.engines.moshi_slots import FRAME_S, MOST_WAITING, TICK_S, Manner, Slot, SlotBoard, Spoken

AHEAD = 2


class Model:
    """Speaks one frame a word, `AHEAD` words behind; words of "-" are early, those of "~" silent."""

    device = "cpu"

    def __init__(self) -> None:
        self.words: dict[int, list[str]] = {}
        self.ended: set[int] = set()
        self.manners: dict[int, Manner] = {}
        self.steps: list[list[int]] = []

    def warm(self) -> None: ...

    def begin(self, slot: int, manner: Manner) -> None:
        self.words[slot], self.manners[slot] = [], manner
        self.ended.discard(slot)

    def add(self, slot: int, word: str) -> None:
        self.words[slot].append(word)

    def end(self, slot: int) -> None:
        self.ended.add(slot)

    def can_step(self, slot: int) -> bool:
        return slot in self.ended or len(self.words[slot]) > AHEAD

    def is_early(self, slot: int) -> bool:
        return bool(self.words[slot]) and self.words[slot][0].startswith("-")

    def step(self, slots: Sequence[int]) -> dict[int, Spoken]:
        self.steps.append(list(slots))
        return {slot: self._say(slot) for slot in slots}

    def _say(self, slot: int) -> Spoken:
        word = self.words[slot].pop(0)
        if word[0] in "-~":
            return Spoken()
        return Spoken(word.encode(), (word,), slot in self.ended and not self.words[slot])


class Rig:
    def __init__(self, slots: int = 2) -> None:
        self.model = Model()
        self.said: list[tuple[int, int, bytes]] = []
        self.board = SlotBoard(slots, self.model, self.deliver)

    def deliver(self, made: list[tuple[Slot, int, Spoken]]) -> None:
        self.said += [(slot.number, reply, spoken.pcm) for slot, reply, spoken in made]

    def begin(self, slot: int, reply: int, *words: str | None) -> Slot:
        place = self.board.slots[slot]
        place.words = deque()
        place.taken = place.made
        place.manner = Manner("anna")
        place.words.extend(words)
        place.reply = reply
        return place

    def run(self) -> None:
        for _ in range(100):
            if self.board.step() is None:
                return
        raise AssertionError("it never rests")


@pytest.fixture(autouse=True)
def no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moshi_slots, "TICK_S", 0.0)
    monkeypatch.setattr(moshi_slots, "FRAME_S", 0.0)


def test_a_slot_speaks_when_it_can_look_ahead_and_to_its_end() -> None:
    rig = Rig()
    slot = rig.begin(0, 1, "a", "b")
    rig.run()
    assert not rig.said
    slot.words.append("c")
    rig.run()
    assert rig.said == [(0, 1, b"a")]
    slot.words.append(None)
    rig.run()
    assert [pcm for _, _, pcm in rig.said] == [b"a", b"b", b"c"]
    assert slot.ended == 1


def test_a_slot_rests_while_its_sound_is_not_taken() -> None:
    rig = Rig()
    slot = rig.begin(0, 1, *(str(number) for number in range(50)), None)
    rig.run()
    assert len(rig.said) == MOST_WAITING
    slot.taken += 3
    rig.run()
    assert len(rig.said) == MOST_WAITING + 3


def test_a_reply_begins_anew_in_the_slot_of_another() -> None:
    rig = Rig()
    rig.begin(0, 1, "a", "b", "c", "d")
    rig.run()
    rig.begin(0, 2, "x", None)
    rig.run()
    assert rig.said[-1] == (0, 2, b"x")
    assert rig.model.words[0] == []


def test_a_slot_without_a_reply_is_left_alone() -> None:
    rig = Rig()
    slot = rig.begin(0, 1, "a", "b", "c", None)
    slot.reply = 0
    rig.run()
    assert not rig.said


def test_slots_speak_side_by_side() -> None:
    rig = Rig()
    rig.begin(0, 1, "a", "b", None)
    rig.begin(1, 2, "x", None)
    rig.run()
    assert sorted(rig.said) == [(0, 1, b"a"), (0, 1, b"b"), (1, 2, b"x")]


def test_a_reply_that_the_model_cannot_take_fails_alone() -> None:
    class Picky(Model):
        def add(self, slot: int, word: str) -> None:
            if word == "bad":
                raise ValueError("no such word")
            super().add(slot, word)

    rig = Rig()
    rig.model = Picky()
    rig.board._model = rig.model
    failed: list[str] = []
    rig.board._deliver = lambda made: failed.extend(spoken.failed for _, _, spoken in made)
    rig.begin(0, 1, "bad", "b", "c", None)
    rig.begin(1, 2, "x", None)
    rig.run()
    assert failed == ["ValueError", ""]


EARLY_S, WHOLE_S = 0.006, 0.030


def late_steps() -> float:
    return REGISTRY.get_sample_value("parley_tts_late_steps_total") or 0.0


class TimedModel(Model):
    """Time passes only in its steps: a whole one takes `whole_s`, one of early slots alone `EARLY_S`."""

    def __init__(self, whole_s: float) -> None:
        super().__init__()
        self.whole_s = whole_s
        self.now = 1000.0

    def step(self, slots: Sequence[int]) -> dict[int, Spoken]:
        self.now += EARLY_S if all(self.is_early(slot) for slot in slots) else self.whole_s
        return super().step(slots)


class Timed(Rig):
    """A board in made-up time, whose sound is taken at once unless `takes` is false."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, whole_s: float = WHOLE_S) -> None:
        monkeypatch.setattr(moshi_slots, "TICK_S", TICK_S)
        monkeypatch.setattr(moshi_slots, "FRAME_S", FRAME_S)
        super().__init__(3)
        self.model = self.clock = TimedModel(whole_s)
        self.board = SlotBoard(3, self.model, self.deliver, lambda: self.clock.now)
        self.takes = True
        self.frames: dict[int, list[float]] = {slot: [] for slot in range(3)}

    def deliver(self, made: list[tuple[Slot, int, Spoken]]) -> None:
        super().deliver(made)
        for slot, _, spoken in made:
            if spoken.pcm:
                slot.taken += self.takes
                self.frames[slot.number].append(self.clock.now)

    def run_for(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.clock.now < end:
            rest = self.board.step()
            self.clock.now += min(end - self.clock.now if rest is None else rest, end - self.clock.now)

    def late(self, slot: int) -> int:
        """Frames that came later than real time, counted from the first."""
        first, *others = self.frames[slot]
        return sum(at > first + FRAME_S * number + 1e-9 for number, at in enumerate(others, 1))


def speech(silent: int, frames: int) -> list[str | None]:
    return [*(f"-{number}" for number in range(silent)), *(str(number) for number in range(frames)), None]


def test_a_newcomer_steps_alone_while_those_who_are_heard_have_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Timed(monkeypatch)
    rig.begin(0, 1, *speech(0, 100))
    rig.run_for(1.0)
    rig.model.steps.clear()
    rig.begin(1, 2, *speech(16, 50))
    asked = rig.clock.now
    rig.run_for(0.5)
    assert rig.model.steps[:16] == [[1]] * 16
    assert rig.frames[1][0] - asked <= 16 * EARLY_S + 2 * WHOLE_S + 1e-9


def test_nobody_who_is_heard_waits_for_newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two come one after the other, again and again, from the moment on at which the first is heard."""
    rig = Timed(monkeypatch)
    rig.begin(0, 1, *speech(0, 80))
    for reply in range(2, 30):
        rig.begin(1 + reply % 2, reply, *speech(16, 50))
        rig.run_for(0.15)
    assert len(rig.frames[0]) > 50
    assert rig.late(0) == 0


def test_newcomers_ride_along_where_the_sound_of_others_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is only just quick enough still brings everybody on."""
    rig = Timed(monkeypatch, whole_s=0.078)
    rig.begin(0, 1, *speech(0, 100))
    rig.run_for(0.5)
    rig.begin(1, 2, *speech(16, 50))
    rig.run_for(5)
    assert rig.late(0) == 0
    assert rig.frames[1]


def test_replies_well_ahead_of_real_time_leave_the_card_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Timed(monkeypatch)
    rig.begin(0, 1, *speech(0, 300))
    rig.run_for(4.0)
    assert rig.late(0) == 0
    assert len(rig.model.steps) <= 4.0 / TICK_S + 5


def test_a_reply_whose_words_came_late_is_not_in_debt_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Timed(monkeypatch)
    slot = rig.begin(0, 1, *(str(number) for number in range(10)))
    rig.run_for(10)
    slot.words.extend(speech(0, 300))
    rig.run_for(2)
    rig.model.steps.clear()
    rig.begin(1, 2, *speech(16, 50))
    rig.run_for(0.3)
    assert rig.model.steps[:16] == [[1]] * 16


def test_who_is_nearly_heard_waits_little_for_those_who_come_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its delay, a reply has steps to make before it sounds."""
    rig = Timed(monkeypatch)
    rig.begin(0, 1, *("~" for _ in range(3)), *speech(0, 50))
    rig.begin(1, 2, *speech(16, 50))
    rig.run_for(0.4)
    assert rig.model.steps[:12] == [[1], [1], [0, 1]] * 4
    assert rig.frames[0][0] == pytest.approx(1000 + 8 * EARLY_S + 4 * WHOLE_S)


def test_replies_with_all_the_sound_they_may_have_step_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their listeners take a frame each at moments of their own; the card is stepped once for all of them."""
    rig = Timed(monkeypatch)
    rig.takes = False
    for number in range(3):
        rig.begin(number, number + 1, *speech(0, 500))
    rig.run_for(3 * FRAME_S)
    for round in range(30):
        if round == 10:
            rig.model.steps.clear()
        for slot in rig.board.slots:
            rig.run_for(FRAME_S / 3)
            slot.taken += 1
    assert 18 <= len(rig.model.steps) <= 22


def test_steps_longer_than_their_sound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    before = late_steps()
    rig = Timed(monkeypatch, whole_s=0.081)
    rig.begin(0, 1, *speech(3, 5))
    rig.run_for(1)
    assert late_steps() - before == 5

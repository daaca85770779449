"""Around Kyutai's voice, without it: who is stepped when, whose the sound is, which voices there are."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import pytest

from chassis.faults import NotReady, Unsupported
from tts_service.engines import moshi_slots
from tts_service.engines.moshi_slots import MOST_WAITING, Manner, Slot, SlotBoard, Spoken
from tts_service.engines.moshi_voices import COLLECTION, VoiceFolder

AHEAD = 2


class Model:
    """Speaks one frame a word, `AHEAD` words behind."""

    device = "cpu"

    def __init__(self) -> None:
        self.words: dict[int, list[str]] = {}
        self.ended: set[int] = set()
        self.manners: dict[int, Manner] = {}

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

    def step(self, slots: Sequence[int]) -> dict[int, Spoken]:
        return {slot: self._say(slot) for slot in slots}

    def _say(self, slot: int) -> Spoken:
        word = self.words[slot].pop(0)
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


def folder(path: Path, *names: str) -> VoiceFolder:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"")
    return VoiceFolder(path, ".sig@1.safetensors", lambda name: path / name)


def test_voices_are_the_files_of_a_checkpoint(tmp_path: Path) -> None:
    found = folder(tmp_path, "bert.sig@1.safetensors", "voices/anna.sig@1.safetensors", "other.safetensors")
    assert found.names == ("bert", "anna")
    assert found.choose("") == found.choose("default") == "bert"
    assert found.find("anna") == tmp_path / "voices" / "anna.sig@1.safetensors"
    with pytest.raises(Unsupported, match="no voice 'carl'; there are bert, anna"):
        found.choose("carl")


def test_a_checkpoint_without_voices_cannot_speak(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="has no voices"):
        folder(tmp_path)


def test_the_collection_takes_any_name_of_its_own(tmp_path: Path) -> None:
    voices = VoiceFolder(None, ".sig@1.safetensors", lambda name: tmp_path / name)
    assert voices.choose("default") == COLLECTION[0]
    assert voices.choose("vctk/p999_001.wav") == "vctk/p999_001.wav"
    assert voices.find("vctk/p999_001.wav") == tmp_path / "vctk/p999_001.wav"
    for name in ("../../etc/passwd", "nobody", "hf://evil/repo/x", "file:///dev/stdin", "/etc/x", "a/../b"):
        with pytest.raises(Unsupported):
            voices.choose(name)


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

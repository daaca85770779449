"""Around Kyutai's recogniser, without it: frames without clicks, words with times, slots stepped together."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.sound import HEARD_RATE
from stt_service.engine import HeardWord
from stt_service.engines.moshi_frames import FRAME_SAMPLES, Frame, Framer, silence
from stt_service.engines.moshi_slots import Heard, Slot, SlotBoard
from stt_service.engines.moshi_words import FRAME_SAMPLES_16K, WordWriter

PIECES = {4: "▁hel", 5: "lo", 6: "▁you", 7: "!", 8: "x"}


class Tokenizer:
    def id_to_piece(self, number: int) -> str:
        return PIECES[number]

    def decode(self, numbers: list[int]) -> str:
        return "".join(PIECES[number] for number in numbers).replace("▁", " ").strip()


def written(tokens: Sequence[int], lead: int = 0) -> WordWriter:
    writer = WordWriter(Tokenizer(), lead)
    for token in tokens:
        writer.take(token)
    return writer


def test_pieces_become_words_with_the_time_of_their_first() -> None:
    heard = written([3, 3, 4, 5, 3, 0, 6, 7, 3]).heard
    assert heard.text == "hello you!"
    assert heard.words == (
        HeardWord("hello", 2 * FRAME_SAMPLES_16K),
        HeardWord("you!", 6 * FRAME_SAMPLES_16K),
    )


def test_the_models_delay_is_taken_off_and_never_more() -> None:
    words = written([4, 3, 3, 3, 6], lead=3).heard.words
    assert [word.sample for word in words] == [0, FRAME_SAMPLES_16K]


def test_a_word_may_begin_without_a_blank_after_the_end_of_another() -> None:
    assert written([4, 5, 0, 8]).heard.text == "hello x"
    assert written([4, 8]).heard.text == "helx"


@pytest.mark.parametrize(("token", "changed"), [(4, True), (3, False), (0, False), (-2, False)])
def test_only_text_changes_the_text(token: int, changed: bool) -> None:
    assert WordWriter(Tokenizer(), 0).take(token) is changed


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=12))
def test_frames_do_not_depend_on_how_the_audio_was_cut(cuts: list[int]) -> None:
    samples = (np.sin(np.arange(HEARD_RATE) / 7) * 20_000).astype("<i2").tobytes()
    framer, frames, begin = Framer(), [], 0
    for cut in cuts:
        frames += framer.feed(samples[begin : begin + 2 * cut])
        begin += 2 * cut
    frames += framer.feed(samples[begin:])
    frames += framer.finish()
    whole = Framer()
    wanted = whole.feed(samples) + whole.finish()
    assert len(frames) == len(wanted)
    np.testing.assert_allclose(np.concatenate(frames), np.concatenate(wanted), atol=1e-4)


def test_a_second_of_audio_is_a_second_of_frames() -> None:
    framer = Framer()
    frames = framer.feed(bytes(2 * HEARD_RATE)) + framer.finish()
    assert all(len(frame) == FRAME_SAMPLES for frame in frames)
    assert len(frames) == 13  # twelve and a half, filled up


class Model:
    """Writes, for each slot, how many frames it has heard since its reset."""

    device = "cpu"

    def __init__(self, slots: int) -> None:
        self.counts = [0] * slots
        self.batches: list[set[int]] = []

    def warm(self) -> None: ...

    def reset(self, slots: Sequence[int]) -> None:
        for slot in slots:
            self.counts[slot] = 0

    def step(self, frames: Mapping[int, Frame]) -> Mapping[int, Heard]:
        self.batches.append(set(frames))
        for slot in frames:
            self.counts[slot] += 1
        return {slot: Heard(self.counts[slot]) for slot in frames}


class Rig:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, slots: int = 3) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.model = Model(slots)
        self.heard: list[tuple[int, int, int]] = []
        self.board = SlotBoard(slots, self.model, self.deliver)

    def deliver(self, answers: list[tuple[Slot, int, Heard]]) -> None:
        self.heard += [(slot.number, utterance, heard.token) for slot, utterance, heard in answers]

    def push(self, slot: int, count: int = 1) -> None:
        place = self.board.slots[slot]
        place.frames.extend((place.utterance, silence()) for _ in range(count))


def test_slots_with_a_frame_are_stepped_together_once_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    assert rig.board.step() is None
    rig.push(0)
    assert rig.board.step() == 0
    rig.push(0)
    rig.push(2)
    wait_s = rig.board.step()
    assert wait_s == pytest.approx(0.08)
    rig.now += 0.08
    assert rig.board.step() == 0
    assert rig.model.batches == [{0}, {0, 2}]


def test_a_slot_in_a_hurry_does_not_wait_for_the_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.push(1, 3)
    rig.push(0)
    assert [rig.board.step(), rig.board.step()] == [0, 0]
    assert rig.model.batches == [{0, 1}, {1}]
    assert rig.board.step() not in (0, None)  # one frame left, and no hurry
    rig.board.slots[1].hurried = True
    assert rig.board.step() == 0


def test_each_utterance_begins_in_a_fresh_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    for utterance in (1, 2):
        assert rig.board.slots[0].begin() == utterance
        rig.push(0, 2)
        rig.board.step()
        rig.now += 1
        rig.board.step()
        rig.now += 1
    assert rig.heard == [(0, 1, 1), (0, 1, 2), (0, 2, 1), (0, 2, 2)]


def test_frames_of_an_utterance_that_was_forgotten_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.push(0, 5)
    rig.board.slots[0].begin()
    assert rig.board.step() is None

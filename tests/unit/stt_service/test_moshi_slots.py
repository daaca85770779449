"""Around Kyutai's recogniser, without it: frames without clicks, words with times, slots stepped together."""

import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.sound import HEARD_RATE
from stt_service.engine import HeardWord
from stt_service.engines.moshi_frames import FRAME_SAMPLES, Framer
from stt_service.engines.moshi_slots import Answer, Heard, Mask, SlotBoard
from stt_service.engines.moshi_words import WordWriter

SOUND = np.full(FRAME_SAMPLES, 9000, np.int16)
PIECES = {4: "▁hel", 5: "lo", 6: "▁you", 7: "!", 8: "x"}


class Tokenizer:
    decoded = 0

    def id_to_piece(self, number: int) -> str:
        return PIECES[number]

    def decode(self, numbers: list[int]) -> str:
        self.decoded += len(numbers)
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
        HeardWord("hello", 2 * FRAME_SAMPLES),
        HeardWord("you!", 6 * FRAME_SAMPLES),
    )


def test_the_models_delay_is_taken_off_and_never_more() -> None:
    words = written([4, 3, 3, 3, 6], lead=3).heard.words
    assert [word.sample for word in words] == [0, FRAME_SAMPLES]


def test_a_word_may_begin_without_a_blank_after_the_end_of_another() -> None:
    assert written([4, 5, 0, 8]).heard.text == "hello x"
    assert written([4, 8]).heard.text == "helx"


@pytest.mark.parametrize(("token", "changed"), [(4, True), (3, False), (0, False), (-2, False)])
def test_only_text_changes_the_text(token: int, changed: bool) -> None:
    assert WordWriter(Tokenizer(), 0).take(token) is changed


def test_a_long_utterance_is_not_decoded_again_for_each_word() -> None:
    tokenizer = Tokenizer()
    writer = WordWriter(tokenizer, 0)
    for _ in range(300):
        for token in (4, 5, 0):
            if writer.take(token):
                assert writer.heard.text.endswith("hel" if token == 4 else "hello")
    assert len(writer.heard.words) == 300
    assert tokenizer.decoded <= 300 * 6


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
    np.testing.assert_array_equal(np.concatenate(frames), np.concatenate(wanted))


def test_a_second_of_audio_is_a_second_of_frames() -> None:
    framer = Framer()
    frames = framer.feed(bytes(2 * HEARD_RATE)) + framer.finish()
    assert all(len(frame) == FRAME_SAMPLES for frame in frames)
    assert len(frames) == 13  # twelve and a half, filled up


class Model:
    """Writes, for each slot, how many frames it has heard since its reset. `loud`: were they sound?"""

    device = "cpu"
    has_pauses = False

    def __init__(self, slots: int) -> None:
        self.audio = np.zeros((slots, FRAME_SAMPLES), np.float32)
        self.counts = np.zeros(slots, np.int64)
        self.batches: list[set[int]] = []
        self.resets: list[set[int]] = []
        self.loud: list[bool] = []

    def warm(self) -> None: ...

    def reset(self, slots: Mask) -> None:
        self.resets.append(set(np.flatnonzero(slots).tolist()))
        self.counts[slots] = 0

    def step(self, slots: Mask) -> Heard:
        self.batches.append(set(np.flatnonzero(slots).tolist()))
        self.loud.append(bool(self.audio[slots].any()))
        self.counts[slots] += 1
        return Heard(self.counts.copy())


class Rig:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, slots: int = 3, lead: int = 0) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.model = Model(slots)
        self.heard: list[tuple[int, int, int]] = []
        self.board = SlotBoard(slots, self.model, self.deliver, lead_frames=lead)

    def deliver(self, answers: list[Answer]) -> None:
        self.heard += [(slot.number, utterance, token) for slot, utterance, token, _ in answers]

    def push(self, slot: int, count: int = 1) -> None:
        place = self.board.slots[slot]
        place.frames.extend((place.utterance, SOUND) for _ in range(count))

    def run(self) -> None:
        """Until nobody has a frame."""
        while (wait_s := self.board.step()) is not None:
            self.now += wait_s


def test_slots_with_a_frame_are_stepped_together_once_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    assert rig.board.step() is None
    rig.push(0)
    assert rig.board.step() == 0
    rig.push(0)
    rig.push(2)
    wait_s = rig.board.step()
    assert wait_s == pytest.approx(0.08)
    rig.now += 0.081
    assert rig.board.step() == 0
    assert rig.model.batches == [{0}, {0, 2}]


def test_a_slot_that_is_behind_catches_up_at_double_speed_and_no_faster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(monkeypatch)
    rig.push(1, 4)
    rig.push(0)
    assert rig.board.step() == 0
    assert rig.board.step() == pytest.approx(0.04)
    rig.now += 0.041
    assert rig.board.step() == 0
    assert rig.model.batches == [{0, 1}, {1}]


def test_a_slot_that_finishes_waits_for_no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.push(1, 3)
    rig.board.slots[1].hurried = True
    rig.push(0)
    assert [rig.board.step() for _ in range(4)] == [0, 0, 0, None]
    assert rig.model.batches == [{0, 1}, {1}, {1}]


def test_each_utterance_begins_in_a_fresh_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    for utterance in (1, 2):
        assert rig.board.slots[0].begin() == utterance
        rig.push(0, 2)
        rig.run()
    assert rig.heard == [(0, 1, 1), (0, 1, 2), (0, 2, 1), (0, 2, 2)]


def test_slots_that_begin_together_are_reset_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.push(0)
    rig.push(2)
    rig.run()
    assert rig.model.resets == [{0, 2}]


def test_a_slot_hears_its_lead_of_silence_first_and_nobody_is_told_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(monkeypatch, lead=3)
    rig.push(0, 2)
    rig.run()
    assert rig.model.loud == [False, False, False, True, True]
    assert rig.heard == [(0, 0, 4), (0, 0, 5)]


def test_a_slot_that_is_begun_anew_is_led_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, lead=2)
    rig.push(0, 1)
    rig.run()
    rig.board.slots[0].restarts += 1
    rig.push(0, 1)
    rig.run()
    assert rig.model.resets == [{0}, {0}]
    assert rig.model.loud == [False, False, True] * 2
    assert [token for _, _, token in rig.heard] == [3, 3]


def test_frames_of_an_utterance_that_was_forgotten_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.push(0, 5)
    rig.board.slots[0].begin()
    assert rig.board.step() is None

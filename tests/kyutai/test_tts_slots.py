"""Kyutai's voice in a batch: each slot sounds as it would alone, whoever is or was beside it."""

from pathlib import Path

import pytest
import torch

from tts_service.engines import moshi_model
from tts_service.engines.moshi_model import MoshiVoice, load
from tts_service.engines.moshi_slots import Manner

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
SLOTS = 4
TEXTS = (
    "hello how are you today",
    "yesterday i went to the market",
    "what is the weather like",
    "please speak slowly because my english is not good",
)
FIRST_SOUND = 19
"""Steps before the first sound: 16 of delay, 2 of the codec's, and one."""


@pytest.fixture(scope="module")
def model(tts_checkpoint: Path) -> MoshiVoice:
    voice, _ = load(str(tts_checkpoint), SLOTS, "cpu", "auto", 0)
    voice.greedy()
    voice.warm()
    return voice


def begin(model: MoshiVoice, slot: int, text: str, voice: str = "anna") -> None:
    model.begin(slot, Manner(voice))
    for word in text.split():
        model.add(slot, word)
    model.end(slot)


def rest(model: MoshiVoice, slots: dict[int, bytes], limit: int = 300) -> dict[int, bytes]:
    """The sound of these slots, stepped together to their ends."""
    left = set(slots)
    for _ in range(limit):
        if not left:
            break
        for slot, spoken in model.step(sorted(left)).items():
            slots[slot] += spoken.pcm
            if spoken.ended:
                left.discard(slot)
    assert not left
    return slots


def alone(model: MoshiVoice, text: str, voice: str = "anna", slot: int = 0) -> bytes:
    begin(model, slot, text, voice)
    return rest(model, {slot: b""})[slot]


def test_texts_and_voices_sound_different(model: MoshiVoice) -> None:
    said = {alone(model, text, voice) for text in TEXTS[:2] for voice in ("anna", "bert")}
    assert len(said) == 4


def test_replies_out_of_step_sound_as_each_alone(model: MoshiVoice) -> None:
    """One begins at once, one later, one stalls in the middle, one is admitted midway, in two voices."""
    voices = ("anna", "bert", "bert", "anna")
    wanted = [
        alone(model, text, voice, slot) for slot, (text, voice) in enumerate(zip(TEXTS, voices, strict=True))
    ]
    sound = dict.fromkeys(range(SLOTS), b"")
    begins = {0: 0, 1: 4, 2: 0, 3: 17}
    ended: set[int] = set()
    for tick in range(400):
        for slot, first in begins.items():
            if tick == first:
                begin(model, slot, TEXTS[slot], voices[slot])
        stepping = [
            slot
            for slot in range(SLOTS)
            if tick >= begins[slot] and slot not in ended and not (slot == 2 and 9 <= tick < 30)
        ]
        for slot, spoken in (model.step(stepping) if stepping else {}).items():
            sound[slot] += spoken.pcm
            if spoken.ended:
                ended.add(slot)
        if len(ended) == SLOTS:
            break
    assert [sound[slot] for slot in range(SLOTS)] == wanted


def test_a_slots_successor_hears_nothing_of_it(model: MoshiVoice) -> None:
    wanted = alone(model, TEXTS[0], "anna", slot=1)
    begin(model, 1, TEXTS[3], "bert")
    for _ in range(25):
        model.step([1])
    assert alone(model, TEXTS[0], "anna", slot=1) == wanted


def test_the_first_sound_comes_after_its_steps(model: MoshiVoice) -> None:
    begin(model, 0, TEXTS[0])
    sounds = [bool(model.step([0])[0].pcm) for _ in range(FIRST_SOUND + 3)]
    assert sounds == [False] * (FIRST_SOUND - 1) + [True] * 4


def test_a_slot_waits_for_three_words_or_the_end(model: MoshiVoice) -> None:
    model.begin(0, Manner("anna"))
    steppable = []
    for word in ("one", "two", "three"):
        steppable.append(model.can_step(0))
        model.add(0, word)
    assert [*steppable, model.can_step(0)] == [False, False, False, True]
    model.begin(0, Manner("anna"))
    model.add(0, "one")
    model.end(0)
    assert model.can_step(0)


def test_words_come_with_the_sound_that_they_begin_in(model: MoshiVoice) -> None:
    begin(model, 0, TEXTS[3])
    words: list[str] = []
    ended = False
    while not ended:
        spoken = model.step([0])[0]
        assert spoken.pcm or not spoken.words
        words += spoken.words
        ended = spoken.ended
    assert words == TEXTS[3].split()


def test_slower_speech_is_longer(model: MoshiVoice) -> None:
    def length(speed: float) -> int:
        model.begin(0, Manner("anna", speed))
        for word in TEXTS[3].split():
            model.add(0, word)
        model.end(0)
        return len(rest(model, {0: b""})[0])

    assert length(0.5) >= length(1.0) >= length(2.0)
    assert length(0.5) > length(2.0)


def test_replies_that_begin_together_are_one_reset(
    model: MoshiVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU each reset is hundreds of launches. Voices of different replies are taken at once as well."""
    voices = ("anna", "bert", "bert", "anna")
    wanted = [
        alone(model, text, voice, slot) for slot, (text, voice) in enumerate(zip(TEXTS, voices, strict=True))
    ]
    resets: list[list[bool]] = []
    reset = model._reset

    def counted(mask: torch.Tensor) -> None:
        resets.append(mask.tolist())
        reset(mask)

    monkeypatch.setattr(model, "_reset", counted)
    for slot, (text, voice) in enumerate(zip(TEXTS, reversed(voices), strict=True)):
        begin(model, slot, text, voice)
    model.step(range(SLOTS))
    for slot, (text, voice) in enumerate(zip(TEXTS[:3], voices, strict=False)):
        begin(model, slot, text, voice)
    sound = rest(model, dict.fromkeys(range(3), b""))
    assert resets == [[True] * 4, [True, True, True, False]]
    assert [sound[slot] for slot in range(3)] == wanted[:3]


def test_a_voice_keeps_nothing_of_the_codecs_other_half(model: MoshiVoice) -> None:
    kept = {name.split(".")[0] for name, _ in model._mimi.named_parameters()}
    assert kept == {"decoder", "decoder_transformer", "quantizer", "upsample"}
    assert {name.split(".")[0] for name in model._mimi.get_streaming_state()} <= {"", *kept}


def test_as_many_codebooks_as_kyutais_own_server_unless_told(
    tts_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert moshi_model.USUAL_CODEBOOKS == 24
    monkeypatch.setattr(moshi_model, "USUAL_CODEBOOKS", 3)
    counts = [
        load(str(tts_checkpoint), 1, "cpu", "auto", codebooks)[0]._tts.n_q for codebooks in (0, 2, 4, 32)
    ]
    assert counts == [3, 2, 4, 4]

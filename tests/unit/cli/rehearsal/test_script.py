"""Takes made into sound: voices, pauses of the length that was asked for, levels, noises."""

from pathlib import Path

import numpy as np
import pytest

from cli.rehearsal.scenario import NOISES, Scenario
from cli.rehearsal.script import Cue, write
from cli.rehearsal.sounds import USUAL, levels
from cli.rehearsal.takes import takes
from protos.sound import HEARD_RATE
from tests.support.spoken import tone, write_wav


async def cues(*caller: dict[str, object], **more: object) -> list[tuple[Cue, ...]]:
    given = {"name": "test", "shows": "It.", "caller": caller, "expect": {"answers": 1}, **more}
    scenario = Scenario.model_validate(given)
    return [script.cues for script in await write(scenario, takes(scenario))]


def loudness(sound: np.ndarray) -> float:
    level = levels(sound.astype(np.float64))
    voiced = level[level > level.max() * 0.1]
    return float(20 * np.log10(np.sqrt((voiced**2).mean()) / USUAL))


async def test_a_pause_between_two_parts_is_as_long_as_it_says() -> None:
    ((cue,),) = await cues({"say": ["Five five five.", {"pause": 1.0}, "One two three."]})
    silent = (np.abs(cue.sound) < 30).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent, [0]])))
    longest = max(end - begin for begin, end in edges.reshape(-1, 2))
    assert longest / HEARD_RATE == pytest.approx(1.0, abs=0.06)
    assert cue.voiced[0] / HEARD_RATE < 0.1
    assert (len(cue.sound) - cue.voiced[1]) / HEARD_RATE < 0.3
    assert cue.what == "Five five five. … One two three."


async def test_every_voice_is_as_loud_as_it_is_asked_to_be() -> None:
    variants = {"voices": ["hibari", "espeak"], "loudness": [-9, 6], "words": ["Wait a moment please."]}
    said = [script[0] for script in await cues({"say": "$words"}, variants=variants)]
    assert sorted(round(loudness(cue.sound)) for cue in said) == [-9, -9, 6, 6]
    assert len({cue.sound.tobytes() for cue in said}) == 4


async def test_one_thing_may_have_a_loudness_and_a_voice_of_its_own() -> None:
    ((first, second),) = await cues({"say": "Hello."}, {"say": "Hello.", "voice": "espeak", "loudness": -6})
    assert (round(loudness(first.sound)), round(loudness(second.sound))) == (0, -6)


@pytest.mark.parametrize("kind", NOISES)
async def test_a_noise_is_another_in_each_run_and_the_same_each_time(kind: str) -> None:
    def made() -> object:
        return cues({"noise": kind, "lasts": 0.8, "loudness": -3}, runs=2)

    first, again = await made(), await made()  # type: ignore[misc]
    (one,), (other,) = first
    assert len(one.sound) == round(0.8 * HEARD_RATE)
    assert loudness(one.sound) == pytest.approx(-3, abs=1.5)
    assert one.sound.tobytes() == again[0][0].sound.tobytes() != other.sound.tobytes()
    assert not one.is_meant


async def test_a_recording_is_played_at_the_rate_of_a_call(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "tone.wav", tone(1.0), rate=8_000)
    ((cue,),) = await cues({"play": str(path)})
    assert len(cue.sound) / HEARD_RATE == pytest.approx(2.0, abs=0.01)
    assert (cue.what, cue.is_meant) == ("tone.wav", True)


async def test_what_is_typed_makes_no_sound() -> None:
    ((cue,),) = await cues({"type": "Hello.", "at": 0.5})
    assert (cue.typed, len(cue.sound), cue.voiced, cue.seconds) == ("Hello.", 0, (0, 0), 0.5)


async def test_what_is_said_in_another_language_is_spoken_in_it() -> None:
    ((english,),) = await cues({"say": "Guten Tag."}, variants={"voices": ["espeak"]})
    ((german,),) = await cues({"say": "Guten Tag."}, variants={"voices": ["espeak"]}, language="de")
    assert english.sound.tobytes() != german.sound.tobytes()

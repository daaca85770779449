"""What is wrong with a scenario is said in one sentence, with its file, its key and what to change."""

from pathlib import Path

import pytest

from cli.rehearsal.reading import BadScenario, read, read_all
from cli.rehearsal.scenario import Expected, Pause
from cli.rehearsal.takes import takes
from tests.support.spoken import silence, tone, write_wav

SHIPPED = Path(__file__).parents[4] / "scenarios"
GOOD = """name: hello
shows: A greeting is answered.
caller:
  - say: Hello there.
expect:
  answers: 1
"""
SAY, ANSWERS = "say: Hello there.", "answers: 1"


def written(folder: Path, text: str, name: str = "hello.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refused(path: Path) -> str:
    with pytest.raises(BadScenario) as reason:
        read(path)
    said = str(reason.value)
    assert "\n" not in said
    return said


def test_a_scenario_needs_few_keys(tmp_path: Path) -> None:
    scenario = read(written(tmp_path, GOOD))
    (action,) = scenario.actions
    assert (scenario.name, scenario.language, scenario.expect.answers) == ("hello", "en", 1)
    assert (action.say, action.trigger, action.is_meant) == ("Hello there.", ("then", 0.0), True)
    (take,) = takes(scenario)
    assert (take.voice, take.loudness, take.words) == ("hibari", 0.0, None)


def test_what_is_repeated_is_done_as_often(tmp_path: Path) -> None:
    text = GOOD.replace("Hello there.", "[My name is M A R., pause: 1.0, T I N.]\n    repeat: 3")
    first, *more = read(written(tmp_path, text)).actions
    assert first.say == ("My name is M A R.", Pause(pause=1.0), "T I N.")
    assert more == [first, first]


@pytest.mark.parametrize(
    ("instead", "of", "words"),
    [
        ("", "name: hello\n", "name: this key is missing"),
        ("nmae: hello", "name: hello", "nmae: there is no such key; write one of name, shows"),
        ("name: Hello there", "name: hello", "name: string should match"),
        ("noise: cow", SAY, "caller.1.noise: this should be 'cough', 'door' or 'mu"),
        ("say: [Hello, pasue: 1]", SAY, "caller.1.say.2.pasue: there is no such key"),
        ("say: [Hello, pause: -1]", SAY, "caller.1.say.2.pause: this should be greater than"),
        ("say: ''", SAY, "caller.1.say: "),
        ("say: hi\n    noise: cough", SAY, "caller.1: give exactly one of say, play"),
        ("say: hi\n    at: 1\n    then: 2", SAY, "caller.1: give one of at, then, into_reply"),
        ("say: hi\n    loudness: 90", SAY, "caller.1.loudness: this should be less than"),
        ("say: $words", SAY, "needs variants.words"),
        ("answer: 1", ANSWERS, "expect.answer: there is no such key; write one of answers, latency_ms"),
        ("answers: many", ANSWERS, "expect.answers: this should be a valid integer"),
        ("may_fail: 1/40", ANSWERS, 'expect: write may_fail as "1 of 40", not \'1/40\''),
        ("may_fail: 3 of 2", ANSWERS, "expect: write may_fail as"),
        ("answers: 1\nvariants: {voices: [bob]}", ANSWERS, "variants.voices.1: this should be 'hiba"),
        ("answers: 1\nvariants: {words: [hi]}", ANSWERS, "variants.words are said by nobody"),
        ("play: gone.wav", SAY, "caller.1.play: "),
        ("[", SAY, ", line 6: not YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, instead: str, of: str, words: str) -> None:
    path = written(tmp_path, GOOD.replace(of, instead))
    said = refused(path)
    assert said.startswith(str(path))
    assert words in said


@pytest.mark.parametrize("text", ["", "- a list", "just words", "!!python/object:os.system {}"])
def test_what_is_no_scenario_is_refused(tmp_path: Path, text: str) -> None:
    assert "not" in refused(written(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "not YAML" in refused(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone.yaml"
    assert refused(path) == f"{path} cannot be read: No such file or directory"


def test_a_recording_lies_beside_its_scenario(tmp_path: Path) -> None:
    write_wav(tmp_path / "tone.wav", tone(0.5))
    scenario = read(written(tmp_path, GOOD.replace("say: Hello there.", "play: tone.wav")))
    assert scenario.caller[0].play == str(tmp_path / "tone.wav")


def test_a_recording_that_is_not_16_bit_gets_the_way_to_make_it_so(tmp_path: Path) -> None:
    write_wav(tmp_path / "wide.wav", silence(0.6), width=3)
    said = refused(written(tmp_path, GOOD.replace("say: Hello there.", "play: wide.wav")))
    assert "caller.1.play: " in said
    assert "24 bit; make it 16-bit mono: sox" in said


def test_a_folder_has_the_scenarios_of_its_files_and_no_name_twice(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="has no scenario in it"):
        read_all(tmp_path)
    written(tmp_path, GOOD, "b.yaml")
    written(tmp_path, GOOD.replace("hello", "bye"), "a.yml")
    written(tmp_path, "not one", "notes.txt")
    assert [scenario.name for scenario in read_all(tmp_path)] == ["bye", "hello"]
    written(tmp_path, GOOD, "c.yaml")
    with pytest.raises(BadScenario, match=r"c\.yaml: name: hello is that of .*b\.yaml too"):
        read_all(tmp_path)


def test_who_may_fail_once_in_forty_may_so_in_any_of_them() -> None:
    expected = Expected(may_fail="1 of 40")
    assert [expected.may_fail_of(runs) for runs in (1, 8, 40, 79, 80)] == [1, 1, 1, 1, 2]
    assert Expected().may_fail_of(1000) == 0


def test_the_scenarios_that_ship_can_be_read_and_have_their_runs() -> None:
    scenarios = read_all(SHIPPED)
    assert {path.stem for path in SHIPPED.iterdir()} == {scenario.name for scenario in scenarios}
    assert {scenario.name: len(takes(scenario)) for scenario in scenarios if scenario.runs != 40} == {
        "ten_interruptions": 2
    }


def test_the_runs_are_spread_over_voices_loudness_and_words() -> None:
    (scenario,) = read_all(SHIPPED / "backchannels.yaml")
    first = takes(scenario, 4)
    assert {take.voice for take in first} == {"hibari", "espeak"}
    assert {take.loudness for take in first} == {-9, 0, 6}
    assert len({take.words for take in first}) == 4
    whole = takes(scenario)
    assert len({(take.voice, take.loudness, take.words) for take in whole}) == 2 * 3 * 4
    assert first == whole[:4]

"""`parley talk` from a person's shell: speech in a file goes in, an answer comes out, or a reason why not."""

import json
import subprocess
import sys
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli.cluster_files import free_ports
from tests.support.cluster import Cluster
from tests.support.spoken import EASY, RECORDINGS, silence, utterance, write_wav
from tests.support.spoken import speech as spoken
from tests.support.words import plain, wrong_words

pytestmark = pytest.mark.timeout(180)
KEYS = {"transcript", "reply_text", "reply_audio_s", "end_of_speech_to_first_audio_ms", "turns"}
NEEDS_RECORDINGS = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"there are no recordings of people in {RECORDINGS}"
)


def talk(url: str, file: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cli.main", "talk", str(file), "--url", url, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


def reason(done: "subprocess.CompletedProcess[str]") -> str:
    """Why it did not work: said in one line, with exit status 1 and nothing else."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("parley talk: ")
    return lines[0]


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "speech.wav", utterance())


def url_of(cluster: Cluster) -> str:
    return f"{cluster.ws}/v1/conversation"


def test_speech_in_a_file_gets_a_spoken_reply(embedded: Cluster, speech: Path, tmp_path: Path) -> None:
    out = tmp_path / "reply.wav"
    done = talk(url_of(embedded), speech, "--json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer.keys() >= KEYS
    assert plain(answer["transcript"]) == plain(EASY), answer
    assert len(answer["reply_text"].split()) > 3
    assert answer["reply_audio_s"] > 1
    assert answer["turns"] >= 1
    assert 0 < answer["end_of_speech_to_first_audio_ms"] < 10_000
    assert answer["errors"] == []
    with wave.open(str(out)) as reply:
        assert (reply.getnchannels(), reply.getsampwidth(), reply.getframerate()) == (1, 2, 24_000)
        assert reply.getnframes() / 24_000 == pytest.approx(answer["reply_audio_s"], abs=0.01)
        samples = memoryview(reply.readframes(reply.getnframes())).cast("h")
    assert max(samples) > 1000, "the reply is silent"


def test_without_json_a_person_reads_what_was_understood_and_answered(
    embedded: Cluster, speech: Path
) -> None:
    done = talk(url_of(embedded), speech, "--record")
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:5]] == [
        "understood",
        "answered",
        "audio",
        "end of speech to first audio",
        "session",
    ]
    assert done.stderr == "parley talk: not recorded: this cluster was started without EVENT_LOG_DIR\n"


def test_a_number_read_out_with_pauses_is_one_question(embedded: Cluster, tmp_path: Path) -> None:
    """A pause of a second ends a turn, but not in the middle of a number."""
    groups = ("My number is five five five.", "One two three.", "Four five six seven.")
    pcm = silence(0.3) + silence(1.0).join(spoken(group) for group in groups)
    done = talk(url_of(embedded), write_wav(tmp_path / "number.wav", pcm), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["turns"] == 1, answer
    assert answer["errors"] == []


@NEEDS_RECORDINGS
def test_recordings_of_people_get_a_reply(embedded: Cluster) -> None:
    """Two at once."""
    recordings = sorted(RECORDINGS.glob("*.wav"))
    with ThreadPoolExecutor(2) as two:
        talks = list(two.map(lambda path: talk(url_of(embedded), path, "--json"), recordings))
    for path, done in zip(recordings, talks, strict=True):
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["transcript"]
        assert answer["reply_text"]
        assert answer["reply_audio_s"] > 1
        text = path.with_suffix(".txt").read_text()
        assert wrong_words(text, answer["transcript"]) <= 1, answer["transcript"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.wav"
    assert str(missing) in reason(talk("ws://127.0.0.1:9/v1/conversation", missing))


def test_a_folder_is_not_a_recording(tmp_path: Path) -> None:
    assert str(tmp_path) in reason(talk("ws://127.0.0.1:9/v1/conversation", tmp_path))


def test_what_is_no_wav_gets_the_way_to_make_one(tmp_path: Path) -> None:
    text = tmp_path / "letter.wav"
    text.write_text("Dear Parley, this is not a recording at all. " * 20)
    said = reason(talk("ws://127.0.0.1:9/v1/conversation", text))
    assert "not a PCM WAV file" in said
    assert "sox" in said


@pytest.mark.parametrize(
    ("channels", "width", "words"), [(2, 2, "2 channel(s) of 16 bit"), (1, 1, "1 channel(s) of 8 bit")]
)
def test_a_wav_of_the_wrong_shape_gets_the_way_to_change_it(
    tmp_path: Path, channels: int, width: int, words: str
) -> None:
    wrong = write_wav(tmp_path / "wrong.wav", silence(1), channels=channels, width=width)
    said = reason(talk("ws://127.0.0.1:9/v1/conversation", wrong))
    assert words in said
    assert "16-bit mono" in said


def test_a_wav_at_a_rate_that_is_not_taken_is_refused_before_calling(tmp_path: Path) -> None:
    wrong = write_wav(tmp_path / "wrong.wav", silence(1), rate=12_345)
    assert "12345 Hz" in reason(talk("ws://127.0.0.1:9/v1/conversation", wrong))


def test_an_empty_wav_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    empty = write_wav(tmp_path / "empty.wav", b"")
    assert "no sound in it" in reason(talk("ws://127.0.0.1:9/v1/conversation", empty))


def test_silence_gets_no_answer_and_a_reason(embedded: Cluster, tmp_path: Path) -> None:
    quiet = write_wav(tmp_path / "quiet.wav", silence(1))
    said = reason(talk(url_of(embedded), quiet, "--timeout", "3"))
    assert "no speech was understood" in said
    assert "3 s" in said


def test_where_nobody_listens_it_asks_whether_the_cluster_runs(speech: Path) -> None:
    (port,) = free_ports(1)
    said = reason(talk(f"ws://127.0.0.1:{port}/v1/conversation", speech))
    assert f"127.0.0.1:{port}" in said
    assert "make run" in said


@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}", "http://localhost:{}/#key=any"])
def test_any_address_of_the_cluster_will_do(fake: Cluster, speech: Path, form: str) -> None:
    done = talk(form.format(fake.port), speech)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1:9", "http://", "http://host:port", "http://a:b@host:9", "/"]
)
def test_an_address_that_is_none_is_told_how_to_write_one(speech: Path, url: str) -> None:
    said = reason(talk(url, speech))
    assert "http://127.0.0.1:8000" in said
    assert "a:b" not in said


@pytest.mark.parametrize("out", ["nowhere/answer.wav", "."])
def test_a_place_that_cannot_be_written_to_is_told_before_the_talk(
    speech: Path, tmp_path: Path, out: str
) -> None:
    said = reason(talk("http://127.0.0.1:9", speech, "--out", str(tmp_path / out)))
    assert "--out" in said
    assert "127.0.0.1" not in said, "it was called"


def test_a_path_that_does_not_exist_is_refused_with_its_status(embedded: Cluster, speech: Path) -> None:
    said = reason(talk(f"{embedded.ws}/v1/nowhere", speech))
    assert "refused with HTTP 40" in said


def test_a_level_that_does_not_exist_is_answered_with_those_that_do(embedded: Cluster, speech: Path) -> None:
    said = reason(talk(url_of(embedded), speech, "--level", "genius"))
    assert "beginner" in said
    assert "advanced" in said

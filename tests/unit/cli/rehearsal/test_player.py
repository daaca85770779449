"""The caller's loudspeaker plays what our page's would: with a little in hand, held, resumed, emptied."""

import numpy as np

from cli.rehearsal.player import FRAME_BYTES, START_FRAMES, Player

SILENT = bytes(FRAME_BYTES)


def sound(frames: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).integers(1, 9000, frames * FRAME_BYTES // 2, np.int16).tobytes()


def played(player: Player, frames: int) -> bytes:
    return b"".join(player.fill().pcm for _ in range(frames))


def started(pcm: bytes) -> Player:
    player = Player()
    player.begin(7)
    player.push(pcm)
    return player


def test_a_reply_sounds_once_a_little_of_it_is_in_hand() -> None:
    pcm = sound(3)
    player = started(pcm[: 2 * FRAME_BYTES])
    assert player.fill().pcm == SILENT
    player.push(pcm[2 * FRAME_BYTES :])
    assert played(player, 3) == pcm


def test_it_sounds_with_less_when_it_has_waited_or_no_more_comes() -> None:
    pcm = sound(1)
    player = started(pcm)
    assert played(player, START_FRAMES) == SILENT * START_FRAMES
    assert player.fill().pcm == pcm
    player = started(pcm)
    player.end()
    assert player.fill().pcm == pcm


def test_a_reply_that_is_held_goes_on_with_the_very_next_sample() -> None:
    pcm = sound(10)
    player = started(pcm[: 8 * FRAME_BYTES])
    before = played(player, 4)
    player.hold()
    player.push(pcm[8 * FRAME_BYTES :])
    player.end(200.0)
    assert played(player, 5) == SILENT * 5
    assert not player.fill().is_idle
    player.resume()
    assert before + played(player, 6) == pcm
    assert player.fill().is_idle
    assert (player.finished[1].played, player.finished[1].duration_ms) == (len(pcm), 200.0)


def test_a_reply_that_is_dead_is_silent_at_once_and_never_finished() -> None:
    player = started(sound(10))
    played(player, 2)
    player.flush()
    player.push(sound(2))
    assert player.fill().pcm == SILENT
    assert player.fill().is_idle
    assert player.finished == {}


def test_what_was_held_and_then_died_holds_nothing_back() -> None:
    player = started(sound(10))
    played(player, 2)
    player.hold()
    player.flush()
    pcm = sound(5, seed=2)
    player.begin(8)
    player.push(pcm)
    frame = player.fill()
    assert (frame.pcm, frame.reply, player.turn) == (pcm[:FRAME_BYTES], 2, 8)


def test_a_reply_that_ran_dry_waits_for_more_and_is_counted() -> None:
    pcm = sound(8)
    player = started(pcm[: 3 * FRAME_BYTES])
    before = played(player, 3)
    assert player.fill().pcm == SILENT
    player.push(pcm[3 * FRAME_BYTES :])
    player.end()
    assert before + played(player, 5) == pcm
    assert player.underruns == 1


def test_a_last_frame_that_is_short_is_played() -> None:
    pcm = sound(4)[:-100]
    player = started(pcm)
    player.end()
    assert played(player, 4) == pcm + bytes(100)
    player.fill()
    assert player.finished[1].played == len(pcm)


def test_replies_sound_one_after_the_other() -> None:
    first, second = sound(4), sound(4, seed=2)
    player = started(first)
    player.begin(8)
    player.push(second)
    player.end()
    frames = [player.fill() for _ in range(8)]
    assert b"".join(frame.pcm for frame in frames) == first + second
    assert [frame.reply for frame in frames] == [1] * 4 + [2] * 4

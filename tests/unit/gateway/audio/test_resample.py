"""A resampled stream is as long as it should be and smooth where its pieces meet."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gateway.audio.resample import Resampler
from gateway.dialects.parley import RATES
from tests.unit.gateway.audio.recordings import TONE_HZ, loudest_hz, tone

HEARD, SPOKEN = 16_000, 24_000
WAYS = sorted({(rate, HEARD) for rate in RATES} | {(SPOKEN, rate) for rate in RATES})
every_way = pytest.mark.parametrize(("in_rate", "out_rate"), WAYS)


def resample(pcm: bytes, in_rate: int, out_rate: int, sizes: list[int]) -> NDArray[np.int16]:
    """Fed in pieces of these sizes, in samples, again and again until all is fed."""
    resampler, out, start, turn = Resampler(in_rate, out_rate), bytearray(), 0, 0
    while start < len(pcm):
        size = sizes[turn % len(sizes)] * 2
        out += resampler.feed(pcm[start : start + size])
        start, turn = start + size, turn + 1
    out += resampler.feed(b"", last=True)
    return np.frombuffer(bytes(out), np.int16)


@every_way
def test_a_second_stays_a_second(in_rate: int, out_rate: int) -> None:
    out = resample(tone(in_rate, 1.0).tobytes(), in_rate, out_rate, [in_rate // 50])
    assert abs(out.size - out_rate) <= 2


@every_way
def test_a_tone_keeps_its_pitch_and_loudness(in_rate: int, out_rate: int) -> None:
    out = resample(tone(in_rate, 1.0).tobytes(), in_rate, out_rate, [in_rate // 50])
    assert loudest_hz(out.tobytes(), out_rate) == pytest.approx(TONE_HZ, abs=2)
    middle = out[out.size // 4 : -out.size // 4].astype(float)
    assert np.abs(middle).max() == pytest.approx(10_000, rel=0.03)


@every_way
def test_no_click_where_the_pieces_meet(in_rate: int, out_rate: int) -> None:
    """A sine bends evenly; a click is a bend far sharper than the sine's own."""
    out = resample(tone(in_rate, 1.0).tobytes(), in_rate, out_rate, [in_rate // 50, in_rate // 100, 7])
    middle = out[out.size // 10 : -out.size // 10].astype(float)
    bend = np.abs(np.diff(middle, 2)).max()
    own = 10_000 * (2 * np.pi * TONE_HZ / out_rate) ** 2
    assert bend <= own * 1.5 + 8


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(WAYS), st.lists(st.integers(1, 2000), min_size=1, max_size=8))
def test_the_pieces_make_no_difference(way: tuple[int, int], sizes: list[int]) -> None:
    in_rate, out_rate = way
    pcm = tone(in_rate, 0.3).tobytes()
    whole = resample(pcm, in_rate, out_rate, [len(pcm) // 2]).astype(int)
    pieces = resample(pcm, in_rate, out_rate, sizes).astype(int)
    assert pieces.size == whole.size
    assert np.abs(pieces - whole).max() <= 3, "but for the dither"


def test_equal_rates_pass_through_untouched() -> None:
    pcm = tone(HEARD, 0.1).tobytes()
    assert Resampler(HEARD, HEARD).feed(pcm) == pcm


def test_after_its_last_piece_a_resampler_begins_anew() -> None:
    pcm = tone(SPOKEN, 0.2).tobytes()
    resampler = Resampler(SPOKEN, 48_000)
    first = resampler.feed(pcm, last=True)
    assert resampler.feed(pcm, last=True) == first


def test_an_empty_stream_ends_empty() -> None:
    assert Resampler(SPOKEN, 48_000).feed(b"", last=True) == b""


@every_way
def test_full_scale_does_not_wrap_around(in_rate: int, out_rate: int) -> None:
    loud = np.repeat(np.array([32_767, -32_768] * 20, np.int16), in_rate // 400)
    out = resample(loud.tobytes(), in_rate, out_rate, [333]).astype(int)
    sign_changes = np.count_nonzero(np.diff(np.sign(out[out != 0])))
    assert sign_changes <= 80, "overshoot is cut off, not wrapped"


@pytest.mark.parametrize("in_rate", [24_000, 32_000, 44_100, 48_000, 96_000])
def test_what_the_lower_rate_cannot_hold_is_taken_out(in_rate: int) -> None:
    """10 kHz has no place at 16 kHz; folded back to 6 kHz it would sound like an s that was not said."""
    out = resample(tone(in_rate, 1.0, 10_000).tobytes(), in_rate, HEARD, [in_rate // 50])
    assert np.sqrt((out.astype(float) ** 2).mean()) < 0.05 * 10_000 / np.sqrt(2)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([8_000, 11_025, 22_050, 44_100, 47_999, 48_000, 96_000]),
    st.lists(st.tuples(st.integers(1, 9000), st.booleans()), min_size=1, max_size=12),
)
def test_a_stream_that_is_drained_now_and_then_is_not_a_sample_longer_or_shorter(
    in_rate: int, pieces: list[tuple[int, bool]]
) -> None:
    pcm = tone(in_rate, sum(size for size, _ in pieces) / in_rate + 0.01)
    resampler, out, start, drained = Resampler(in_rate, HEARD), bytearray(), 0, list[int]()
    for size, drains in pieces:
        out += resampler.feed(pcm[start : start + size].tobytes())
        start += size
        if drains:
            out += resampler.drain()
            assert abs(len(out) / 2 - start * HEARD / in_rate) <= 1, "nothing is left inside"
            assert resampler.drain() == b""
            drained.append(len(out) // 2)
    out += resampler.feed(b"", last=True)
    whole = resample(pcm[:start].tobytes(), in_rate, HEARD, [start])
    heard = np.frombuffer(bytes(out), np.int16)
    assert heard.size == whole.size
    near = np.zeros(whole.size, bool)
    for end in drained:
        near[max(end - 300, 0) : end + 2] = True
    difference = np.abs(heard.astype(int) - whole.astype(int))[~near]
    assert difference.size == 0 or difference.max() <= 3, (
        "but for the tail that had to do without what followed"
    )

"""Compressed audio in: WebM, Ogg, WAV, MP3, FLAC by their first bytes; declared types are ignored.

A browser's MediaRecorder sends one header and then bare chunks, for as long as the recording lasts, so
the decoder lives as long as the recording: it runs in a thread that blocks on the next chunk.
"""

import queue
import threading
from collections.abc import Callable
from typing import Literal

import av
from av.audio.resampler import AudioResampler

from chassis.faults import ClientFault, Overflow

Container = Literal["webm", "ogg", "wav", "flac", "mp3"]
MAX_WAITING_CHUNKS = 512
_MAGIC: tuple[tuple[bytes, Container], ...] = (
    (b"\x1a\x45\xdf\xa3", "webm"),
    (b"OggS", "ogg"),
    (b"RIFF", "wav"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
)
_FORMATS: dict[Container, str] = {
    "webm": "matroska",
    "ogg": "ogg",
    "wav": "wav",
    "flac": "flac",
    "mp3": "mp3",
}


def is_ogg_continued(page: bytes) -> bool:
    """An Ogg page that does not begin a stream: bit 2 of its header type is not set."""
    return page.startswith(b"OggS") and len(page) > 5 and not page[5] & 2


def sniff(head: bytes) -> Container | None:
    """The container that these first bytes open, or None: raw PCM."""
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    return None


class _Chunks:
    """A file that ends when it is told to; reading waits for the next chunk."""

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(MAX_WAITING_CHUNKS)
        self._rest = b""
        self._ended = False

    def put(self, chunk: bytes) -> None:
        try:
            self._queue.put_nowait(chunk)
        except queue.Full:
            raise Overflow("compressed audio came faster than it can be decoded") from None

    def end(self) -> None:
        """May drop what waits: the listener has gone."""
        while True:
            try:
                self._queue.put_nowait(None)
                return
            except queue.Full:
                self._queue.get_nowait()

    def read(self, size: int) -> bytes:
        if not self._rest and not self._ended:
            chunk = self._queue.get()
            self._ended = chunk is None
            self._rest = chunk or b""
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class ContainerDecoder:
    """One recording. `emit(pcm)` is called from the decoder's thread with 16-bit mono at `rate`.

    `fail(fault)` is called once if the bytes are not what their head promised.
    """

    def __init__(
        self,
        container: Container,
        rate: int,
        emit: Callable[[bytes], None],
        fail: Callable[[ClientFault], None],
    ) -> None:
        self.container = container
        self._rate, self._emit, self._fail = rate, emit, fail
        self._chunks = _Chunks()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"decode {container}", daemon=True)
        self._thread.start()

    def feed(self, chunk: bytes) -> None:
        """More of the recording. Raises Overflow when the decoder cannot keep up."""
        self._chunks.put(chunk)

    def close(self) -> None:
        """Nothing more is wanted; the thread ends by itself."""
        self._stopped = True
        self._chunks.end()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._decode()
        except (av.FFmpegError, ValueError, OverflowError) as error:
            if not self._stopped:
                self._fail(ClientFault(f"this is not the {self.container} audio that it begins as: {error}"))

    def _decode(self) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=self._rate)
        options = {"probesize": "32768", "analyzeduration": "0", "fflags": "nobuffer"}
        container_format = _FORMATS[self.container]
        with av.open(self._chunks, "r", container_format, options, buffer_size=1024) as source:
            assert isinstance(source, av.container.InputContainer)
            if not source.streams.audio:
                raise ValueError("there is no sound in it")
            for frame in source.decode(audio=0):
                if self._stopped:
                    return
                for resampled in resampler.resample(frame):
                    self._emit(resampled.to_ndarray().tobytes())

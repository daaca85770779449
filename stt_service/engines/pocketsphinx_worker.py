"""One pocketsphinx decoder in a process of its own, driven over its standard input and output.

The decoder holds Python's global lock while it works and takes 95 MB; a process gives it a core and gives the
memory back. Run by path, so nothing but the standard library and the wheel is imported. It must never outlive
its parent (end of input ends it) and never write anything but messages to its standard output.

A message is one letter, an utterance's number and a length (`MESSAGE_HEAD`), then so many bytes.
"""

import os
import signal
import struct
import sys
import time
from typing import Any, BinaryIO

MESSAGE_HEAD = struct.Struct("<cII")
AUDIO, END, RESET = b"A", b"E", b"R"
READY, PARTIAL, FINAL = b"Y", b"P", b"F"
PARTIAL_EVERY_S = 0.2
PIECE_BYTES = 6400
"""Audio is decoded in pieces of 200 ms, so that partials come during a long message too."""


def build_decoder() -> Any:
    """The wheel's own US English model, searched once.

    The second pass (fwdflat) and the lattice search (bestpath) are off: on read English with this model they
    cost 100 ms of final for 3 s of speech and made words worse. Words wrong of 48, and milliseconds of
    final: both on 19 and 84-137, bestpath off 16 and 74-123, fwdflat off 16 and 8-26, both off 13 and 2-20.
    """
    from pocketsphinx import Decoder

    return Decoder(loglevel="FATAL", fwdflat=False, bestpath=False)


class Worker:
    """Decodes one utterance at a time; a message of another utterance begins that one."""

    def __init__(self, decoder: Any, source: BinaryIO, sink: BinaryIO) -> None:
        self._decoder, self._source, self._sink = decoder, source, sink
        self._first_means: str = decoder.get_cmn(False)
        self._listening = False
        self._last_partial, self._last_partial_at = "", 0.0

    def run(self) -> None:
        """Until the parent closes the pipe."""
        self._send(READY, 0, "")
        while head := self._source.read(MESSAGE_HEAD.size):
            kind, utterance, length = MESSAGE_HEAD.unpack(head)
            body = self._source.read(length)
            if kind == AUDIO:
                self._listen(utterance, body)
            elif kind == END:
                self._send(FINAL, utterance, self._end())
            elif kind == RESET:
                self._end()

    def _listen(self, utterance: int, pcm: bytes) -> None:
        if not self._listening:
            self._begin()
        for start in range(0, len(pcm), PIECE_BYTES):
            self._decoder.process_raw(pcm[start : start + PIECE_BYTES])
            self._tell_partial(utterance)

    def _begin(self) -> None:
        # What the decoder learned of the last speaker's microphone must not colour the next utterance.
        self._decoder.set_cmn(self._first_means)
        self._decoder.start_utt()
        self._listening = True
        self._last_partial, self._last_partial_at = "", time.monotonic()

    def _tell_partial(self, utterance: int) -> None:
        now = time.monotonic()
        if now - self._last_partial_at < PARTIAL_EVERY_S:
            return
        self._last_partial_at = now
        text = self._text()
        if text and text != self._last_partial:
            self._last_partial = text
            self._send(PARTIAL, utterance, text)

    def _end(self) -> str:
        if not self._listening:
            return ""
        self._listening = False
        self._decoder.end_utt()
        return self._text()

    def _text(self) -> str:
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis is not None else ""

    def _send(self, kind: bytes, utterance: int, text: str) -> None:
        body = text.encode()
        self._sink.write(MESSAGE_HEAD.pack(kind, utterance, len(body)) + body)
        self._sink.flush()


def main() -> None:
    # A signal to the whole group is the parent's matter: it may have utterances to finish before it goes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Decoding can wait a little, the loops that carry audio cannot: with two streams on two cores their worst
    # lag was 4-60 ms, and 3-8 ms with this.
    os.nice(5)
    # Whatever the library prints goes to the error output; only messages go to the parent.
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        Worker(build_decoder(), sys.stdin.buffer, messages).run()
    except BrokenPipeError:
        os._exit(0)  # the parent is gone, and with it whoever could read an error


if __name__ == "__main__":
    main()

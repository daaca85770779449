"""espeak-ng's C library, called by way of ctypes: text in, samples and word positions out.

The library is one global synthesiser with global settings and global callbacks. Every call blocks, so none
may be made on the event loop; a lock keeps two engines in one process apart.
"""

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from chassis.faults import InternalFault

WORDS_PER_MINUTE = 175
"""What the library speaks at speed 1.0."""

_AUDIO_OUTPUT_SYNCHRONOUS = 2
"""Retrieval on the caller's own thread; the library's other retrieval polls a thread of its own for 20 ms."""
_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_RATE = 1
_EVENT_LIST_TERMINATED, _EVENT_WORD = 0, 1
_GO_ON, _ABORT = 0, 1


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _VoiceEntry(ctypes.Structure):
    """espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(slots=True)
class Utterance:
    """What one call made: 16-bit samples, and the words as (index of the first character, sample).

    `is_aborted` is asked again and again on the way, and ends it early.
    """

    is_aborted: Callable[[], bool] = lambda: False
    samples: bytearray = field(default_factory=bytearray)
    words: list[tuple[int, int]] = field(default_factory=list)


class EspeakLibrary:
    """One user of the library; the last one to close ends it and frees its memory."""

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _users: ClassVar[int] = 0

    def __init__(self) -> None:
        import espeakng_loader  # the wheel that carries the library and its data

        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = Path(espeakng_loader.get_data_path())
        self._utterance: Utterance | None = None
        # The library keeps only the address: were this object collected, its next call would crash.
        self._callback = _SynthCallback(self._take)
        with self._lock:
            self.sample_rate = self._initialise()
            EspeakLibrary._users += 1
            self.voices = self._list_voices()

    def _initialise(self) -> int:
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, str(self._data).encode(), _DONT_EXIT
        )
        if rate <= 0:
            raise InternalFault(f"espeak-ng did not start ({rate}); its data should be in {self._data}")
        return int(rate)

    def close(self) -> None:
        with self._lock:
            EspeakLibrary._users -= 1
            if not EspeakLibrary._users:
                self._library.espeak_Terminate()

    def _list_voices(self) -> dict[str, str]:
        """What a language's voice is called here: "en-gb" is "gmw/en", and not found as "en-gb"."""
        list_voices = self._library.espeak_ListVoices
        list_voices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceEntry))
        voices: dict[str, str] = {}
        for entry in list_voices(None):
            if not entry:
                break
            # One byte of priority comes before the first code.
            voices.setdefault(entry.contents.languages[1:].decode(), entry.contents.identifier.decode())
        return voices

    def variants(self) -> tuple[str, ...]:
        """Names that may follow a language and a plus sign, such as "f3" in "en-us+f3"."""
        return tuple(sorted(path.name for path in (self._data / "voices" / "!v").iterdir()))

    def speak(self, text: str, voice: str, speed: float, utterance: Utterance) -> None:
        """Fill `utterance` in the voice of one identifier, with or without "+variant". Blocks for some ms."""
        encoded = text.encode("utf-8", "replace") + b"\0"
        with self._lock:
            self._library.espeak_SetSynthCallback(self._callback)
            if self._library.espeak_SetVoiceByName(voice.encode()):
                raise InternalFault(f"espeak-ng lost its voice {voice!r}")
            self._library.espeak_SetParameter(_RATE, round(WORDS_PER_MINUTE * speed), 0)
            self._utterance = utterance
            try:
                self._library.espeak_Synth(
                    encoded, ctypes.c_size_t(len(encoded)), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
                )
            finally:
                self._utterance = None

    def _take(self, samples: Any, count: int, events: Any) -> int:
        """What the library calls with each stretch of audio. An exception would be lost: none here."""
        utterance = self._utterance
        if utterance is None or utterance.is_aborted():
            return _ABORT
        if samples and count > 0:
            utterance.samples += ctypes.string_at(samples, count * 2)
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            if events[index].type == _EVENT_WORD:
                utterance.words.append((events[index].text_position - 1, events[index].sample))
            index += 1
        return _GO_ON

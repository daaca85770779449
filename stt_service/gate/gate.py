"""Where speech begins and ends in a lane's audio, the same in front of every engine.

The gate is told samples and answers what they mean; time is counted in samples, so a recording replays to
the same decisions. It must never wait, look at a clock or know an engine, and never sends a sample twice.
"""

from collections import deque
from dataclasses import dataclass
from math import ceil

from chassis.faults import InvalidArgument
from protos.sound import HEARD_RATE
from stt_service.gate.outputs import Dismissed, GateOutput, Lull, Noticed, Started, Stopped, StopReason, Voice
from stt_service.gate.stretch import Stretch
from stt_service.gate.vad import Judged, Vad

SAMPLE_BYTES = 2
HYSTERESIS = 0.15
"""Silero's own rule: a window is silence only below `threshold - 0.15`; one in between changes nothing."""
LULL_MS = 200
"""Longer than a stop consonant or a breath within a clause, mostly."""
LULL_SAMPLES = LULL_MS * HEARD_RATE // 1000
NOTICED_MS = 64
"""Two windows of Silero's: one alone may be a click."""
FORGIVING_FROM_WINDOWS = 3
"""A run of so many voiced windows outlives one unvoiced window: a stop consonant, not the end of the run."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """`threshold` is a probability, 0 to 1; `rms_threshold` and `peak_threshold` of full scale, 0 to 1.

    What is below both is nobody's who speaks here. The latest `start_trigger_ms` are judged together: single
    windows of clear speech are as quiet as a room.
    """

    start_trigger_ms: int = 200
    end_trigger_ms: int = 600
    threshold: float = 0.5
    pre_roll_ms: int = 400
    rms_threshold: float = 0.006
    peak_threshold: float = 0.08
    max_utterance_ms: int = 60_000

    def __post_init__(self) -> None:
        for name in ("start_trigger_ms", "end_trigger_ms", "max_utterance_ms"):
            if getattr(self, name) <= 0:
                raise InvalidArgument(f"{name} must be above 0, not {getattr(self, name)}")
        if self.pre_roll_ms < 0:
            raise InvalidArgument(f"pre_roll_ms must not be below 0: {self.pre_roll_ms}")


class SpeechGate:
    """One lane's gate. Outputs do not depend on how the audio was cut into calls of `feed`."""

    def __init__(self, vad: Vad, settings: GateSettings) -> None:
        self.vad = vad
        self._settings = settings
        window_ms = vad.window_samples * 1000 / HEARD_RATE
        self._window_bytes = vad.window_samples * SAMPLE_BYTES
        self._start_windows = max(1, round(settings.start_trigger_ms / window_ms))
        self._noticed_windows = max(1, round(NOTICED_MS / window_ms))
        self._end_samples = _samples(settings.end_trigger_ms)
        self._max_samples = _samples(settings.max_utterance_ms)
        self._pre_roll_samples = _samples(settings.pre_roll_ms)
        self._quiet_energy_per_sample = settings.rms_threshold**2
        self._quiet_energy_per_window = self._quiet_energy_per_sample * vad.window_samples
        self._lengths: deque[int] = deque(maxlen=self._start_windows)
        self._judged: deque[Judged] = deque(maxlen=self._start_windows)
        """The latest windows, as the VAD finds them."""
        # The run so far, its forgiven window, and the pre-roll before it.
        kept_windows = self._start_windows + 1 + ceil(self._pre_roll_samples / vad.window_samples)
        self._recent: deque[bytes] = deque(maxlen=kept_windows)
        self._partial = b""
        self._sample = 0
        self._utterances = 0
        self._run: Stretch | None = None
        self._speech: Stretch | None = None

    @property
    def utterance(self) -> int:
        """The utterance under way; 0: none."""
        return self._utterances if self._speech is not None else 0

    def feed(self, pcm: bytes) -> list[GateOutput]:
        """Take 16-bit mono samples at 16 kHz, any number. Raises InvalidArgument for half a sample."""
        if len(pcm) % SAMPLE_BYTES:
            raise InvalidArgument(
                f"audio must be whole 16-bit samples; {len(pcm)} bytes are half a sample too many"
            )
        audio = self._partial + pcm
        whole = len(audio) - len(audio) % self._window_bytes
        self._partial = audio[whole:]
        outputs: list[GateOutput] = []
        for start in range(0, whole, self._window_bytes):
            outputs += self._hear(audio[start : start + self._window_bytes])
        return outputs

    def bear(self, silence_ms: int) -> None:
        """Until somebody speaks again, less silence than this ends nothing."""
        if self._speech is not None:
            self._speech.borne_samples = _samples(silence_ms)

    def flush(self, reason: StopReason = "flush") -> list[GateOutput]:
        """End the utterance under way now, with the last samples that fill no window; forget a mere run."""
        outputs: list[GateOutput] = []
        if self._partial:
            rest, self._partial = self._partial, b""
            outputs += self._hear(rest)
        if self._speech is not None:
            outputs.append(self._stop(self._speech, reason))
        outputs += _dismissed(self._run)
        self._forget()
        return outputs

    def reset(self) -> list[GateOutput]:
        """Forget the utterance under way and all audio heard; samples and utterances go on being counted."""
        self._sample += len(self._partial) // SAMPLE_BYTES
        self._partial = b""
        outputs = _dismissed(self._run)
        self._forget()
        return outputs

    def _hear(self, window: bytes) -> list[GateOutput]:
        # The VAD hears every window, loud or not: a recurrent network must not miss any.
        judged = self.vad.judge(window.ljust(self._window_bytes, b"\0"))
        self._lengths.append(len(window) // SAMPLE_BYTES)
        self._judged.append(judged)
        self._sample += len(window) // SAMPLE_BYTES
        if self._speech is not None:
            return self._go_on(self._speech, window, judged)
        self._recent.append(window)
        return self._look_for_start(judged, len(window) // SAMPLE_BYTES)

    @property
    def _is_loud(self) -> bool:
        """The latest windows are, taken together."""
        heard = sum(judged.energy for judged in self._judged)
        return heard >= self._quiet_energy_per_sample * sum(self._lengths) or self._has_peak

    @property
    def _goes_on_loud(self) -> bool:
        """One of the latest windows is loud, at least: words trail off."""
        most = self._quiet_energy_per_window
        return any(judged.energy >= most for judged in self._judged) or self._has_peak

    @property
    def _has_peak(self) -> bool:
        return any(judged.peak >= self._settings.peak_threshold for judged in self._judged)

    def _look_for_start(self, judged: Judged, samples: int) -> list[GateOutput]:
        if judged.speech < self._settings.threshold:
            return self._forgive_or_forget_run(judged.energy)
        if self._run is None:
            self._run = Stretch(first_sample=self._sample - samples)
        self._run.add_voiced(self._sample, judged.energy)
        if self._run.voiced_windows < self._start_windows:
            return self._notice(self._run)
        if not self._is_loud:
            too_quiet, self._run = self._run, self._latest_run()
            return _dismissed(too_quiet)
        return self._start(self._run)

    def _notice(self, run: Stretch) -> list[GateOutput]:
        """Once for each run, as soon as it may be somebody who speaks here."""
        samples = self._sample - run.first_sample
        loud = run.energy >= self._quiet_energy_per_sample * samples or self._has_peak
        if run.noticed or not loud or run.voiced_windows < self._noticed_windows:
            return []
        run.noticed = True
        return [Noticed(run.first_sample)]

    def _latest_run(self) -> Stretch:
        """Somebody speaks, but not here: what comes next may begin within the latest windows, not before."""
        run = Stretch(self._sample - sum(self._lengths))
        for judged in self._judged:
            run.add_voiced(self._sample, judged.energy)
        return run

    def _forgive_or_forget_run(self, loudness: float) -> list[GateOutput]:
        run = self._run
        if run is None:
            return []
        if run.forgiven or run.voiced_windows < FORGIVING_FROM_WINDOWS:
            self._run = None
            return _dismissed(run)
        run.forgiven = True
        run.energy += loudness
        return []

    def _start(self, run: Stretch) -> list[GateOutput]:
        self._run, self._speech = None, run
        self._utterances += 1
        audio = b"".join(self._recent)
        self._recent.clear()
        wanted_bytes = (self._sample - run.first_sample + self._pre_roll_samples) * SAMPLE_BYTES
        fed = audio[-wanted_bytes:]
        begin = self._sample - len(fed) // SAMPLE_BYTES
        return [Started(self._utterances, run.first_sample, begin), Voice(fed)]

    def _go_on(self, speech: Stretch, window: bytes, judged: Judged) -> list[GateOutput]:
        silent = judged.speech < self._settings.threshold - HYSTERESIS or not self._goes_on_loud
        undecided = not silent and judged.speech < self._settings.threshold
        if silent or (undecided and speech.silence_samples):
            speech.energy += judged.energy
            speech.silence_samples += len(window) // SAMPLE_BYTES
        else:
            speech.add_voiced(self._sample, judged.energy)
        outputs: list[GateOutput] = [Voice(window)]
        if speech.lull != (speech.silence_samples >= LULL_SAMPLES):
            speech.lull = not speech.lull
            outputs.append(Lull(begins=speech.lull))
        if speech.silence_samples >= max(self._end_samples, speech.borne_samples):
            outputs.append(self._stop(speech, "silence"))
        elif self._sample - speech.first_sample >= self._max_samples:
            outputs.append(self._stop(speech, "max_duration"))
        return outputs

    def _stop(self, speech: Stretch, reason: StopReason) -> Stopped:
        self._speech = None
        return speech.stopped(self._utterances, reason)

    def _forget(self) -> None:
        self._run = self._speech = None
        self._recent.clear()
        self._lengths.clear()
        self._judged.clear()
        self.vad.reset()


def _samples(ms: int) -> int:
    return ceil(ms * HEARD_RATE / 1000)


def _dismissed(run: Stretch | None) -> list[GateOutput]:
    return [Dismissed()] if run is not None and run.noticed else []

"""Kyutai's text-to-speech model with every slot in one batch. Only the slot thread may call it.

The package speaks a text that is known whole. Here words come while it speaks: its state machine is driven
slot by slot, and a voice is switched by writing its rows of the cross attention's cache, which the package
keeps to itself (tests/kyutai guards the names).
"""

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from moshi.models import LMGen
from moshi.models.tts import State, TTSModel, script_to_entries
from moshi.utils.compile import no_compile

from engine_room.torch_device import join_device, may_compile, take_device
from protos.sound import SPOKEN_RATE
from tts_service.engines.moshi_checkpoint import find_voices, read_checkpoint
from tts_service.engines.moshi_files import files_of
from tts_service.engines.moshi_reset import Reset
from tts_service.engines.moshi_slots import Manner, Spoken
from tts_service.engines.moshi_voices import Voices

WARM_STEPS = 22
"""Past the first sound, so that all of the model has run."""
RESET_CALLS = 3
"""By then its graph is recorded: a call as it is, one that records, and one of the graph."""
KEPT_VOICES = 32
USUAL_CODEBOOKS = 24
"""As Kyutai's own server has it: of 32, the last eight are a quarter of the small transformer's time."""
STRENGTH = 2.0
"""Of the voice and text over chance (CFG, distilled into the model); 1.0 to 4.0 by halves."""
CALM_BONUS = 2.0
"""How much likelier a pause between words is at half speed."""
FRAME_SAMPLES = SPOKEN_RATE * 80 // 1000
no_grad = torch.no_grad()


@dataclass(slots=True)
class _Speaker:
    """One slot's reply in the model."""

    state: State
    step: int = 0
    frames: int = 0
    most_padding: int = 0
    """Steps that a word may last after its text; fewer for quick speech."""
    is_first: bool = True
    ended: bool = False
    words: deque[tuple[str, int]] = field(default_factory=deque)
    """Taken by the model and not yet heard: the word, and the frame that it begins in."""


class MoshiVoice:
    """B slots of a loaded model; see BatchModel."""

    def __init__(self, tts: TTSModel, voices: Voices, slots: int) -> None:
        self._tts, self._voices, self._slots = tts, voices, slots
        self._lm, self._mimi = tts.lm, tts.mimi
        self._device = tts.lm.device
        self._compiles = may_compile(self._device)
        self.device = str(tts.lm.device)
        self._ahead = tts.machine.second_stream_ahead
        self._speakers: list[_Speaker | None] = [None] * slots
        self._stepping: list[int] = []
        self._known: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._held: list[str] = [""] * slots
        self._begun: dict[int, Manner] = {}
        self._bonus = torch.zeros(slots, 1, 1, device=self._device)
        self._lm.dep_q = tts.n_q
        delays = torch.tensor(self._lm.delays[self._lm.audio_offset :][: tts.n_q], device=self._device)
        self._silent_until = (delays + tts.delay_steps)[None]
        self._quiet = torch.full((slots, tts.n_q, 1), tts.machine.token_ids.zero, device=self._device)
        missing = self._lm.n_q - self._lm.dep_q
        self._nothing = torch.full((slots, missing, 1), tts.machine.token_ids.zero, device=self._device)
        with torch.no_grad():
            self._generator = self._make_generator()
            _drop_encoder(self._mimi)
            self._mimi.streaming_forever(slots)
            self._generator.streaming_forever(slots)
        self._reset = Reset(self._mimi, self._generator)

    def _make_generator(self) -> LMGen:
        first = self._conditions(self._voices.names[0])
        provider = self._lm.condition_provider
        conditions = provider.prepare_and_provide([first] * self._slots)
        self._shape = self._lm.fuser.get_cross(conditions).shape[1:]
        return LMGen(
            self._lm,
            temp=self._tts.temp,
            temp_text=self._tts.temp,
            condition_tensors=conditions,
            on_text_logits_hook=self._calm,
            on_text_hook=self._choose_words,
            on_audio_hook=self._hush,
            support_out_of_sync=True,
        )

    def _conditions(self, name: str) -> Any:
        strength = STRENGTH if self._tts.valid_cfg_conditionings else None
        return self._tts.make_condition_attributes([self._voices.find(name)], cfg_coef=strength)

    def greedy(self) -> None:
        """Always the likeliest sound instead of chance: for whoever wants the same twice."""
        self._generator.temp = self._generator.temp_text = 0.0

    def warm(self) -> None:
        """Kernels are compiled and graphs recorded on first use: seconds, on a GPU up to a minute."""
        join_device(self._device)
        for _ in range(RESET_CALLS):
            self._reset(self._mask([]))
        for slot in range(self._slots):
            self.begin(slot, Manner(""))
            self.end(slot)
        for _ in range(WARM_STEPS):
            self.step(range(self._slots))
        self._held = [self._voices.names[0]] * self._slots
        self._speakers = [None] * self._slots

    def begin(self, slot: int, manner: Manner) -> None:
        with no_grad:
            if manner.voice:
                self._source(manner.voice)  # one that cannot be spoken with is this reply's trouble alone
        self._begun[slot] = manner
        machine = self._tts.machine
        most = max(round(machine.max_padding / manner.speed), 1)
        self._speakers[slot] = _Speaker(machine.new_state([]), most_padding=most)

    def _take_up(self) -> None:
        """Slots that have begun since the last step forget what was, and take their voices, all at once."""
        begun, self._begun = self._begun, {}
        if not begun:
            return
        self._reset(self._mask(list(begun)))
        bonuses = [CALM_BONUS * (1 / manner.speed - 1) for manner in begun.values()]
        self._bonus[list(begun), 0, 0] = torch.tensor(bonuses, device=self._device)
        changed = {
            slot: manner.voice
            for slot, manner in begun.items()
            if manner.voice and self._held[slot] != manner.voice
        }
        if changed:
            self._take_voices(changed)

    def _take_voices(self, names: Mapping[int, str]) -> None:
        source = torch.cat([self._source(name) for name in names.values()])
        slots = torch.tensor(list(names), device=self._device)
        for layer in self._lm.transformer.layers:
            attention = layer.cross_attention
            keys, values = attention._compute_cross_attention(source, source)
            attention._streaming_state.k_cross[slots] = keys
            attention._streaming_state.v_cross[slots] = values
        for slot, name in names.items():
            self._held[slot] = name

    def _source(self, name: str) -> torch.Tensor:
        """A voice as the cross attention reads it; the last used are kept. Raises ValueError for odd ones."""
        if name not in self._known:
            provided = self._lm.condition_provider.prepare_and_provide([self._conditions(name)])
            source = self._lm.fuser.get_cross(provided).to(self._lm.dtype)
            if source.shape[1:] != self._shape:
                raise ValueError(f"a voice of {tuple(source.shape[1:])} instead of {tuple(self._shape)}")
            self._known[name] = source
            if len(self._known) > KEPT_VOICES:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        return self._known[name]

    def add(self, slot: int, word: str) -> None:
        speaker = self._speaking(slot)
        entries = script_to_entries(
            self._tts.tokenizer,
            self._tts.machine.token_ids,
            self._mimi.frame_rate,
            [word],
            multi_speaker=self._tts.multi_speaker and speaker.is_first,
            padding_between=1,
        )
        speaker.state.entries.extend(entries)
        speaker.is_first = speaker.is_first and not entries

    def end(self, slot: int) -> None:
        self._speaking(slot).ended = True

    def can_step(self, slot: int) -> bool:
        speaker = self._speaking(slot)
        return speaker.ended or len(speaker.state.entries) > self._ahead

    def is_early(self, slot: int) -> bool:
        return bool(self._speaking(slot).step < self._tts.delay_steps)

    def _speaking(self, slot: int) -> _Speaker:
        speaker = self._speakers[slot]
        assert speaker is not None
        return speaker

    def step(self, slots: Sequence[int]) -> Mapping[int, Spoken]:
        with no_grad, nullcontext() if self._compiles else no_compile():
            return self._step(list(slots))

    def _step(self, slots: list[int]) -> Mapping[int, Spoken]:
        self._take_up()
        self._stepping = slots
        self._generator.set_exec_mask(self._mask(slots))
        early = all(self.is_early(slot) for slot in slots)
        # Before its delay a slot is silent whatever comes: the small transformer may rest.
        frame = self._generator.step(self._nothing, depformer_replace_tokens=self._quiet if early else None)
        for slot in slots:
            self._speaking(slot).step += 1
        heard = self._audible(frame, slots)
        sound = self._sound(frame, heard) if heard else {}
        return {slot: self._spoken(slot, sound.get(slot, b"")) for slot in slots}

    def _mask(self, slots: Sequence[int]) -> torch.Tensor:
        mask = torch.zeros(self._slots, dtype=torch.bool)
        mask[list(slots)] = True
        return mask.to(self._device)

    def _audible(self, frame: torch.Tensor, slots: Sequence[int]) -> list[int]:
        whole = (frame[:, 1:, 0] >= 0).all(dim=1).tolist()
        return [slot for slot in slots if whole[slot]]

    def _sound(self, frame: torch.Tensor, slots: Sequence[int]) -> dict[int, bytes]:
        self._mimi.set_exec_mask(self._mask(slots))
        pcm = self._mimi.decode(frame[:, 1:].clamp(min=0))[:, 0].clamp(-1, 1)
        samples = (pcm * 32767).round().to(torch.int16).cpu().numpy()
        return {slot: samples[slot].astype("<i2").tobytes() for slot in slots}

    def _spoken(self, slot: int, pcm: bytes) -> Spoken:
        speaker = self._speaking(slot)
        words: list[str] = []
        if pcm:
            while speaker.words and speaker.words[0][1] <= speaker.frames:
                words.append(speaker.words.popleft()[0])
            speaker.frames += 1
        end = speaker.state.end_step
        last = end is not None and speaker.step >= end + self._tts.delay_steps + self._tts.final_padding
        return Spoken(pcm, tuple(words), last)

    def _calm(self, logits: torch.Tensor) -> None:
        """Slower speech pauses more often between words. Called with each step's text logits."""
        logits[..., self._tts.machine.token_ids.pad] += self._bonus.to(logits.dtype)

    def _choose_words(self, tokens: torch.Tensor) -> None:
        """The state machine decides what text each slot reads next. Called before the audio is made."""
        chosen = tokens.tolist()
        for slot in self._stepping:
            speaker = self._speaking(slot)
            known = len(speaker.state.transcript)
            chosen[slot], is_new = self._tts.machine.process(speaker.step, speaker.state, chosen[slot])
            if is_new and speaker.state.remaining_padding:
                speaker.state.remaining_padding = speaker.most_padding
            speaker.words.extend(speaker.state.transcript[known:])
        tokens[:] = torch.tensor(chosen, dtype=torch.long, device=tokens.device)

    def _hush(self, audio: torch.Tensor) -> None:
        """Before its delay a codebook says nothing. Called with each step's audio tokens."""
        steps = torch.tensor(
            [[speaker.step if speaker else 0] for speaker in self._speakers], device=audio.device
        )
        audio.masked_fill_(steps < self._silent_until, self._tts.machine.token_ids.zero)


def _drop_encoder(mimi: Any) -> None:
    """A voice only decodes: the other half of the codec is weights, memory for each slot and launches."""
    mimi.encoder, mimi.encoder_transformer = torch.nn.Identity(), None
    if hasattr(mimi, "downsample"):
        del mimi.downsample


def load(
    name: str,
    slots: int,
    device: str,
    dtype: str,
    codebooks: int,
    share: float | None = None,
    wanted: str = "",
) -> tuple[MoshiVoice, Voices]:
    """Blocks until the weights are in memory; no more than `share` of a GPU is taken. Raises NotReady.

    `codebooks` 0: as many as is usual. `wanted`: the operator's voice, fetched where it is not here.
    """
    chosen = take_device(device, share)
    find, folder = files_of(name)
    info = read_checkpoint(find)
    kind = torch.float32 if chosen.type == "cpu" else torch.bfloat16
    if dtype not in ("", "auto"):
        kind = getattr(torch, dtype)
    count = min(codebooks or USUAL_CODEBOOKS, int(info.lm_config["n_q"]))
    tts = TTSModel.from_checkpoint_info(info, device=chosen, dtype=kind, n_q=count)
    voices = find_voices(folder, tts.voice_suffix, wanted)
    return MoshiVoice(tts, voices, slots), voices

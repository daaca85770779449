"""Kyutai's speech-to-text model with every slot in one batch. Only the slot thread may call it."""

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from moshi.models import LMGen
from moshi.models.loaders import CheckpointInfo
from moshi.utils.compile import no_compile

from chassis.faults import NotReady
from engine_room.torch_device import join_device, take_device
from stt_service.engines.moshi_frames import FRAME_S, FRAME_SAMPLES, Frame, silence
from stt_service.engines.moshi_slots import Heard, Loaded, Manner

WARM_STEPS = 4
PAUSE_HEAD, PAUSE_CLASS = 2, 0
"""The head that predicts a pause of two seconds, and its class that says so."""
PAUSE_HEADS = {"extra_heads_num_heads": 4, "extra_heads_dim": 6}
WITH_PAUSES = {"kyutai/stt-1b-en_fr": "hf://kyutai/stt-1b-en_fr-candle/model.safetensors"}
"""The PyTorch weights of this one lack the heads; those of its sister have them."""


class MoshiModel:
    """B slots. A slot that is not stepped keeps its state, at the cost of being computed along."""

    def __init__(self, mimi: Any, lm: Any, slots: int) -> None:
        self._mimi, self._slots = mimi, slots
        self._device = lm.device
        self.device = str(lm.device)
        self._generator = LMGen(lm, temp=0, temp_text=0, support_out_of_sync=True)
        self._has_pauses = len(lm.extra_heads) > PAUSE_HEAD
        with torch.no_grad():
            self._mimi.streaming_forever(slots)
            self._generator.streaming_forever(slots)
        self._audio = torch.zeros(slots, 1, FRAME_SAMPLES)
        self._mask = torch.zeros(slots, dtype=torch.bool)

    @torch.no_grad()  # type: ignore[untyped-decorator]  # the library is untyped here
    def reset(self, slots: Sequence[int]) -> None:
        mask = torch.zeros(self._slots, dtype=torch.bool)
        mask[list(slots)] = True
        self._mimi.reset_streaming(mask)
        self._generator.reset_streaming(mask)

    @torch.no_grad()  # type: ignore[untyped-decorator]  # the library is untyped here
    def step(self, frames: Mapping[int, Frame]) -> Mapping[int, Heard]:
        with no_compile() if self._device.type == "cpu" else nullcontext():
            return self._step(frames)

    def warm(self) -> None:
        """Kernels are compiled and graphs recorded on first use: seconds, on a GPU up to a minute."""
        join_device(self._device)
        every = {slot: silence() for slot in range(self._slots)}
        for _ in range(WARM_STEPS):
            self.step(every)
        self.reset(list(every))

    def _step(self, frames: Mapping[int, Frame]) -> Mapping[int, Heard]:
        self._mask.zero_()
        for slot, frame in frames.items():
            self._audio[slot, 0] = torch.from_numpy(frame)
            self._mask[slot] = True
        mask = self._mask.to(self._device)
        self._mimi.set_exec_mask(mask)
        self._generator.set_exec_mask(mask)
        codes = self._mimi.encode(self._audio.to(self._device))
        if not self._has_pauses:
            tokens = self._generator.step(codes)[:, 0, 0].tolist()
            return {slot: Heard(tokens[slot]) for slot in frames}
        out, heads = self._generator.step_with_extra_heads(codes)
        pauses = heads[PAUSE_HEAD][:, 0, PAUSE_CLASS].float().tolist()
        tokens = out[:, 0, 0].tolist()
        return {slot: Heard(tokens[slot], pauses[slot]) for slot in frames}


def load(name: str, slots: int, device: str, dtype: str, share: float | None = None) -> Loaded:
    """Blocks until the weights are in memory; no more than `share` of a GPU is taken. Raises NotReady."""
    chosen = take_device(device, share)
    info = _find(name)
    kind = _dtype(dtype, chosen)
    overrides = {"lm_kwargs_overrides": PAUSE_HEADS} if name in WITH_PAUSES else {}
    mimi = info.get_mimi(device=chosen)
    lm = info.get_moshi(device=chosen, dtype=kind, **overrides)
    stt = info.stt_config
    manner = Manner(
        info.get_text_tokenizer(),
        round(float(stt.get("audio_delay_seconds", 0.5)) / FRAME_S),
        round(float(stt.get("audio_silence_prefix_seconds", 0.0)) / FRAME_S),
    )
    return Loaded(MoshiModel(mimi, lm, slots), manner)


def _find(name: str) -> CheckpointInfo:
    """A folder with config.json, or a repository of Hugging Face's hub."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return CheckpointInfo.from_hf_repo(name, moshi_weights=WITH_PAUSES.get(name))
    config = folder / "config.json"
    if not config.is_file():
        raise NotReady(f"{name!r} has no config.json: it is no Kyutai checkpoint")
    names = json.loads(config.read_text(encoding="utf-8"))
    mimi_config = folder / names["mimi_config_name"] if "mimi_config_name" in names else None
    return CheckpointInfo.from_hf_repo(
        "local",
        moshi_weights=folder / names["moshi_name"],
        mimi_weights=folder / names["mimi_name"],
        tokenizer=folder / names["tokenizer_name"],
        config_path=config,
        mimi_config_path=mimi_config,
    )


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name in ("", "auto"):
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    found: torch.dtype = getattr(torch, name)
    return found

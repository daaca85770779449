"""Kyutai's speech-to-text model with every slot in one batch. Only the slot thread may call it."""

import json
from contextlib import nullcontext
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from moshi.models import LMGen
from moshi.models.loaders import CheckpointInfo
from moshi.utils.compile import no_compile
from safetensors import safe_open

from chassis.faults import NotReady
from engine_room.torch_device import join_device, may_compile, take_device
from stt_service.engines.moshi_frames import FRAME_S, FRAME_SAMPLES
from stt_service.engines.moshi_options import MoshiOptions
from stt_service.engines.moshi_rate import Rate
from stt_service.engines.moshi_reset import Reset
from stt_service.engines.moshi_slots import Heard, Loaded, Manner, Mask
from stt_service.kyutai_names import REPOSITORIES

WARM_STEPS = 4
PAUSE_HEAD, PAUSE_CLASS = 2, 0
"""The head that predicts a pause of two seconds, and its class that says so."""
no_grad = torch.no_grad()


class MoshiModel:
    """B slots. A slot that is not stepped keeps its state, at the cost of being computed along."""

    def __init__(self, mimi: Any, lm: Any, slots: int, temperature: float = 0.0) -> None:
        self._mimi, self._slots = mimi, slots
        self._device = lm.device
        self._compiles = may_compile(self._device)
        self.device = str(lm.device)
        self._generator = LMGen(lm, temp=0, temp_text=temperature, support_out_of_sync=True)
        self.has_pauses = len(lm.extra_heads) > PAUSE_HEAD
        drop_decoder(mimi)
        with torch.no_grad():
            self._mimi.streaming_forever(slots)
            self._generator.streaming_forever(slots)
        self._reset = Reset(self._mimi, self._generator)
        self._rate = Rate(slots, self._device)
        # The card reads these by itself, while this thread goes on.
        pinned = {"pin_memory": self._device.type == "cuda"}
        self._heard = torch.zeros(slots, FRAME_SAMPLES, **pinned)
        self._mask = torch.zeros(slots, dtype=torch.bool, **pinned)
        self.audio: npt.NDArray[np.float32] = self._heard.numpy()

    def reset(self, slots: Mask) -> None:
        with no_grad:
            mask = torch.from_numpy(slots.copy()).to(self._device)
            self._reset(mask)
            self._rate.reset(mask)

    def step(self, slots: Mask) -> Heard:
        with no_grad, nullcontext() if self._compiles else no_compile():
            return self._step(slots)

    def warm(self) -> None:
        """Kernels are compiled and graphs recorded on first use: seconds, on a GPU up to a minute."""
        join_device(self._device)
        every = np.ones(self._slots, np.bool_)
        for _ in range(WARM_STEPS):
            self.step(every)
            self.reset(every)

    def _step(self, slots: Mask) -> Heard:
        self._mask.numpy()[:] = slots
        mask = self._mask.to(self._device, non_blocking=True)
        self._mimi.set_exec_mask(mask)
        self._generator.set_exec_mask(mask)
        heard = self._heard.to(self._device, non_blocking=True)
        codes = self._mimi.encode(self._rate(heard, mask))
        if not self.has_pauses:
            return Heard(self._generator.step(codes)[:, 0, 0].cpu().numpy())
        out, heads = self._generator.step_with_extra_heads(codes)
        # In one array, so that the card is waited for once: a token is a small whole number in any format.
        both = torch.stack([out[:, 0, 0].float(), heads[PAUSE_HEAD][:, 0, PAUSE_CLASS].float()]).cpu().numpy()
        return Heard(both[0].astype(np.int64), both[1])


def drop_decoder(mimi: Any) -> None:
    """Nobody speaks here: that half of the codec costs memory in each slot, and its state a reset."""
    mimi.decoder = mimi.decoder_transformer = mimi.upsample = None


def load(options: MoshiOptions, share: float | None = None) -> Loaded:
    """Blocks until the weights are in memory; no more than `share` of a GPU is taken. Raises NotReady."""
    device = take_device(options.device, share)
    info = _find(options.model)
    mimi = info.get_mimi(device=device)
    lm = info.get_moshi(
        device=device,
        dtype=_dtype(options.dtype, device),
        lm_kwargs_overrides=_heads(info.moshi_weights),
    )
    stt = info.stt_config
    manner = Manner(
        info.get_text_tokenizer(),
        round(float(stt.get("audio_delay_seconds", 0.5)) / FRAME_S),
        ceil(float(stt.get("audio_silence_prefix_seconds", 0.0)) / FRAME_S),
    )
    return Loaded(MoshiModel(mimi, lm, options.slots, options.temperature), manner)


def _heads(weights: Path) -> dict[str, int]:
    """As many heads that predict pauses as the weights have: configurations do not all speak of them."""
    with safe_open(weights, framework="pt") as file:
        heads = [name for name in file.keys() if name.startswith("extra_heads.")]  # noqa: SIM118
        wide = file.get_slice(heads[0]).get_shape()[0] if heads else 0
    return {"extra_heads_num_heads": len(heads), "extra_heads_dim": wide}


def _find(name: str) -> CheckpointInfo:
    """A folder with config.json, or a repository of Hugging Face's hub."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return CheckpointInfo.from_hf_repo(REPOSITORIES.get(name, name))
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

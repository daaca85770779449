"""One piece of sound on its way through Moonshine's decoder: what goes in next, what has come out so far.

The decoder writes a token a step on what the steps before left in its cache (8 heads of 36 numbers in each
of 6 layers). A draft goes in whole at the first step, and stands as far as its tokens are clearly the
likeliest. The model rounds what goes through it together to 8 bits, so between tokens that are as good as
equally likely a draft would else decide.
"""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from stt_service.engines.moonshine_graph import LAYERS, attention_name
from stt_service.engines.moonshine_text import BEGIN, END

_DECODER_LAYERS = range(6)
SURE = 1.0
"""How much likelier, in log odds, a token must be than the next likely for a draft's to stand. With 0 six
texts in a hundred become others by their drafts, with this one in a hundred, for the same CPU.
"""


class Reading:
    """`draft`: tokens that the sound may begin with, right or wrong: they change the work, not the text."""

    def __init__(self, encoded: Any, samples: int, draft: tuple[int, ...], with_attention: bool) -> None:
        nothing = _value(np.zeros((1, 8, 0, 36), dtype=np.float32))
        self._fed: tuple[int, ...] = (BEGIN, *draft)
        self.inputs = {
            "encoder_hidden_states": _value(encoded),
            # In samples, not in frames: with fewer it fails from 10 s on.
            "encoder_attention_mask": _value(np.ones((1, samples), dtype=np.int64)),
            "input_ids": _value(np.array([self._fed])),
            "use_cache_branch": _value(np.array([False])),
        }
        for layer in _DECODER_LAYERS:
            for side in ("decoder.key", "decoder.value", "encoder.key", "encoder.value"):
                self.inputs[f"past_key_values.{layer}.{side}"] = nothing
        self.wanted = [attention_name(layer) for layer in LAYERS] if with_attention else []
        self.is_new = True
        self.is_over = False
        self.tokens: list[int] = []
        self.looked_at: list[NDArray[np.float32]] = []
        """For each token, and the end: how much of its attention went to each frame of the encoder."""
        self._written = 0.0

    @property
    def confidence(self) -> float:
        """The mean log probability of what was written, its end included."""
        return self._written / (len(self.tokens) + 1)

    def take(self, outputs: dict[str, Any]) -> None:
        """A step's outputs: what follows each token that went in, up to the first that the draft had not, or
        that another step must decide.
        """
        scores = outputs["logits"].numpy()[0]
        likeliest = scores.argmax(axis=-1)
        best, second = scores.max(axis=-1), np.partition(scores, -2, axis=-1)[:, -2]
        is_sure = best - second >= SURE
        agreed = 0
        while agreed + 1 < len(self._fed) and is_sure[agreed] and likeliest[agreed] == self._fed[agreed + 1]:
            agreed += 1
        if len(self._fed) == 1 or is_sure[agreed]:
            written = (*self._fed[1 : agreed + 1], int(likeliest[agreed]))
        else:
            written = self._fed[1 : agreed + 1]
        rows = len(written)
        self._written -= float(np.log(np.exp(scores[:rows] - best[:rows, None]).sum(axis=-1)).sum())
        if self.wanted:
            looks = [outputs[name].numpy()[0, :, :rows].mean(axis=0) for name in self.wanted]
            self.looked_at.extend(np.mean(looks, axis=0))
        self.is_over = END in written
        self.tokens += [token for token in written if token != END]
        if rows:
            self._remember(outputs, rows)
        self._go_on(written[-1] if rows else BEGIN, from_cache=rows > 0)

    def _remember(self, outputs: dict[str, Any], rows: int) -> None:
        """What the cache holds, less what belongs to a draft that was wrong."""
        too_many = len(self._fed) - rows
        for name, value in outputs.items():
            if name.startswith("present."):
                if too_many and ".decoder." in name:
                    value = _value(np.ascontiguousarray(value.numpy()[:, :, :rows]))
                self.inputs[name.replace("present.", "past_key_values.")] = value

    def _go_on(self, token: int, from_cache: bool) -> None:
        self._fed = (token,)
        self.inputs["input_ids"] = _value(np.array([[token]]))
        self.inputs["use_cache_branch"] = _value(np.array([from_cache]))
        self.is_new = not from_cache


def _value(array: NDArray[Any]) -> Any:
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)

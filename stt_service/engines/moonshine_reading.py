"""One piece of sound on its way through Moonshine's decoder: what goes in next, what has come out so far.

The decoder writes a token a step on what the steps before left in its cache (8 heads of 36 numbers in each
of 6 layers). A draft goes in whole at the first step and stands as far as each of its tokens is the likeliest
there. The model rounds what goes through it together to 8 bits, so where two tokens are as good as equally
likely a draft may decide between them: word error rates are the same with and without.
"""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from stt_service.engines.moonshine_graph import LAYERS, attention_name
from stt_service.engines.moonshine_text import BEGIN, END

_DECODER_LAYERS = range(6)


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
        """A step's outputs: the likeliest token after each that went in, up to the first that was not it."""
        scores = outputs["logits"].numpy()[0]
        likeliest = scores.argmax(axis=-1)
        agreed = 0
        while agreed + 1 < len(self._fed) and likeliest[agreed] == self._fed[agreed + 1]:
            agreed += 1
        rows = agreed + 1
        best = scores[np.arange(rows), likeliest[:rows]]
        self._written -= float(np.log(np.exp(scores[:rows] - best[:, None]).sum(axis=-1)).sum())
        if self.wanted:
            looks = [outputs[name].numpy()[0, :, :rows].mean(axis=0) for name in self.wanted]
            self.looked_at.extend(np.mean(looks, axis=0))
        token = int(likeliest[agreed])
        self.tokens += [*self._fed[1:rows], *([token] if token != END else [])]
        self.is_over = token == END
        self._remember(outputs, rows)
        self._go_on(token)

    def _remember(self, outputs: dict[str, Any], rows: int) -> None:
        """What the cache holds, less what belongs to a draft that was wrong."""
        too_many = len(self._fed) - rows
        for name, value in outputs.items():
            if name.startswith("present."):
                if too_many and ".decoder." in name:
                    value = _value(np.ascontiguousarray(value.numpy()[:, :, :rows]))
                self.inputs[name.replace("present.", "past_key_values.")] = value

    def _go_on(self, token: int) -> None:
        self._fed = (token,)
        self.inputs["input_ids"] = _value(np.array([[token]]))
        self.inputs["use_cache_branch"] = _value(np.array([True]))
        self.is_new = False


def _value(array: NDArray[Any]) -> Any:
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)

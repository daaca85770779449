"""What the engines use of the package that it does not promise: no new version may change it unnoticed."""

import inspect
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from moshi.models import LMGen
from moshi.models.lm import LMModel
from moshi.models.tts import State, StateMachine, TTSModel, script_to_entries
from moshi.modules.transformer import StreamingMultiheadAttention
from moshi.utils.compile import no_compile

from tts_service.engines.moshi_model import load
from tts_service.engines.moshi_slots import Manner

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("moshi") == "0.2.13"


def test_functions_take_what_they_are_given() -> None:
    assert {"support_out_of_sync", "on_text_hook", "on_text_logits_hook", "on_audio_hook"} <= set(
        inspect.signature(LMGen).parameters
    )
    assert "depformer_replace_tokens" in inspect.signature(LMGen.step).parameters
    assert list(inspect.signature(StateMachine.process).parameters) == ["self", "step", "state", "token"]
    assert {"multi_speaker", "padding_between"} <= set(inspect.signature(script_to_entries).parameters)
    assert {"n_q", "device", "dtype"} <= set(inspect.signature(TTSModel.from_checkpoint_info).parameters) | {
        "n_q"
    }
    assert hasattr(LMModel, "forward_depformer")
    assert hasattr(StreamingMultiheadAttention, "_compute_cross_attention")
    with no_compile():
        pass


def test_a_state_has_the_fields_that_are_read_and_written() -> None:
    assert {"entries", "remaining_padding", "end_step", "transcript"} <= set(State.__dataclass_fields__)


def test_a_voice_is_rows_of_the_cross_attentions_cache(tts_checkpoint: Path) -> None:
    model, _ = load(str(tts_checkpoint), 2, "cpu", "auto", 0)
    model.warm()
    for layer in model._lm.transformer.layers:
        state = layer.cross_attention._streaming_state
        assert state.k_cross.shape[0] == state.v_cross.shape[0] == 2
        assert state.k_cross.dtype == torch.float32


def test_what_the_recorded_reset_writes_stays_where_it_is(tts_checkpoint: Path) -> None:
    """A graph goes on writing to the memory that it was recorded with, whatever steps and resets do."""
    model, _ = load(str(tts_checkpoint), 2, "cpu", "auto", 0)
    model.warm()

    def places() -> dict[str, int]:
        return {
            f"{type(part).__name__} {name}.{field}": value.data_ptr()
            for part in (model._lm, model._mimi)
            for name, state in part.get_streaming_state().items()
            for field, value in vars(state).items()
            if isinstance(value, torch.Tensor)
        }

    before = places()
    for slot in range(2):
        model.begin(slot, Manner(""))
        model.end(slot)
    model.step(range(2))
    assert places() == before
    assert len(before) > 20


def test_a_reset_begins_the_counting_anew_after_any_step(tts_checkpoint: Path) -> None:
    """The generator counts in new memory at each step: a graph of that would reset what nobody reads."""
    model, _ = load(str(tts_checkpoint), 2, "cpu", "auto", 0)
    model.warm()
    graph, counted = model._reset.graph, model._generator._streaming_state
    assert counted.offsets.tolist() == [22, 22]
    with patch.object(graph, "func", lambda _: None):
        model._reset(torch.tensor([True, False]))
    assert counted.offsets.tolist() == [0, 22]

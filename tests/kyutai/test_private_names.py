"""What the engines use of the package that it does not promise: no new version may change it unnoticed."""

import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from moshi.models import LMGen
from moshi.models.lm import LMModel
from moshi.models.tts import State, StateMachine, TTSModel, script_to_entries
from moshi.modules.transformer import StreamingMultiheadAttention
from moshi.utils.compile import no_compile

from tts_service.engines.moshi_model import load

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


def test_a_reset_keeps_every_tensor_in_its_place(tts_checkpoint: Path) -> None:
    """Or a graph of it would reset what nobody reads any more."""
    model, _ = load(str(tts_checkpoint), 2, "cpu", "auto", 0)
    model.warm()

    def places() -> dict[str, int]:
        return {
            f"{name}.{field}": value.data_ptr()
            for part in (model._generator, model._generator.lm_model, model._mimi)
            for name, state in part.get_streaming_state().items()
            for field, value in vars(state).items()
            if isinstance(value, torch.Tensor)
        }

    before = places()
    model._forget(torch.ones(2, dtype=torch.bool))
    assert places() == before
    assert len(before) > 20

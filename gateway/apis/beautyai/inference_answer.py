"""BeautyAI's chat answer: always the same keys, and numbers where its page calculates with numbers."""

import time
from typing import Any

from gateway.apis.beautyai.inference_request import Asked, InferenceRequest
from gateway.apis.timestamp import now
from protos.parley.v1 import control_pb2
from protos.parley.v1 import llm_pb2 as pb

DEFAULT_SESSION = "default"


class Reply:
    """What the model says, gathered event by event, and the time from making this to its last event."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._tokens = 0
        self._begun = time.perf_counter()
        self._seconds = 0.0

    def take(self, event: pb.ChatEvent) -> None:
        match event.WhichOneof("body"):
            case "delta":
                self._text.append(event.delta)
            case "thinking":
                self._thinking.append(event.thinking)
            case "finished":
                self._tokens = event.finished.completion_tokens
        self._seconds = time.perf_counter() - self._begun

    @property
    def text(self) -> str:
        return "".join(self._text).strip()

    @property
    def thinking(self) -> str:
        return "".join(self._thinking).strip()

    @property
    def performance(self) -> dict[str, float]:
        """Numbers always; words stand for tokens where a server does not count them."""
        thinking = len(self.thinking.split())
        tokens = self._tokens or len(self.text.split()) + thinking
        return {
            "generation_time_ms": round(self._seconds * 1000, 2),
            "tokens_generated": tokens,
            "tokens_per_second": round(tokens / self._seconds, 2) if self._seconds else 0.0,
            "thinking_tokens": thinking,
        }


class InferenceAnswer:
    """The answer to one request. `asked` is set once it was read, `reply` once the model is asked.

    `request` None: the body could not be read. `status`: the loaded model's; None: no service answers.
    """

    def __init__(self, request: InferenceRequest | None, status: control_pb2.ModelStatus | None) -> None:
        self._request, self.status = request, status
        self._begun = time.perf_counter()
        self.asked: Asked | None = None
        self.reply: Reply | None = None

    def whole(self) -> dict[str, Any]:
        """The body for a reply that came to its end."""
        return self._body(None)

    def failed(self, error: str) -> dict[str, Any]:
        """The body for a request that failed, with the same keys: `success` false, `error` a sentence."""
        return self._body(error)

    def _body(self, error: str | None) -> dict[str, Any]:
        total_ms = round((time.perf_counter() - self._begun) * 1000, 2)
        performance = (self.reply or Reply()).performance
        shown = self.reply if error is None else None
        text = shown.text if shown else ""
        thinks = self.asked is not None and self.asked.thinking
        request, settings = self._request, self._settings()
        return {
            "success": error is None,
            "data": None,
            "timestamp": now(),
            "execution_time_ms": total_ms,
            "error": error,
            "response": text,
            "final_content": text,
            "thinking_content": (shown.thinking or None) if shown and thinks else None,
            "session_id": (request.session_id if request else None) or DEFAULT_SESSION,
            "model_name": request.model_name if request else "",
            "tokens_generated": performance["tokens_generated"],
            "generation_time_ms": performance["generation_time_ms"],
            "tokens_per_second": performance["tokens_per_second"],
            **settings,
            "generation_stats": {
                "model_info": self._model_info(),
                "generation_config_used": settings["effective_config"],
                "content_filter_config": {"strictness_level": settings["content_filter_strictness"]},
                "performance": {"total_time_ms": total_ms, **performance},
            },
        }

    def _settings(self) -> dict[str, Any]:
        """What was in force; null where the request was refused before that was known."""
        asked = self.asked
        if asked is None:
            names = ("effective_config", "preset_used", "thinking_enabled", "content_filter_applied")
            return dict.fromkeys((*names, "content_filter_strictness", "content_filter_bypassed"))
        bypassed = asked.strictness == "disabled"
        return {
            "effective_config": asked.config,
            "preset_used": asked.preset,
            "thinking_enabled": asked.thinking,
            "content_filter_applied": not bypassed,
            "content_filter_strictness": asked.strictness,
            "content_filter_bypassed": bypassed,
        }

    def _model_info(self) -> dict[str, Any]:
        status = self.status
        if status is None:
            return {}
        name = status.name or status.model or status.engine
        return {"name": name, "model_id": status.model, "engine_type": status.engine, "device": status.device}
